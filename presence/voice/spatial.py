"""Who speaks is heard from where they stand: up to 32 voices mixed for the two ears of one head.

The mixer knows streams, loudness and places; how sound reaches an ear is a :class:`Spatialiser`'s
business. One thread uses a mixer; nothing in it reads a clock.
"""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Sequence

import numpy as np

from presence.errors import UsageError
from presence.pose.arrays import Floats
from presence.pose.quaternion import quat_rotate
from presence.pose.rigid import FORWARD, Rigid
from presence.voice.block import BLOCK, RATE, Samples, checked_block, ramp
from presence.voice.cone import cone_gains
from presence.voice.feed import Feed
from presence.voice.limiter import Limiter
from presence.voice.openal import OpenALMissingError
from presence.voice.openal_spatialiser import OpenALSpatialiser
from presence.voice.plain_spatialiser import PlainSpatialiser
from presence.voice.spatialiser import Sounds, Spatialiser

MOST_VOICES = 32
LOUDEST = 4.0
"""How much louder than it is somebody may be made: 12 dB."""
_MOUTH_IN_HEAD: Floats = np.array([0.0, 0.025, -0.1])
"""From the head's joint: below and before the eyes of a grown person."""
_LEAVING = 1_920
"""For so many samples somebody who left keeps a source: their last sound fades, and passes through
it."""
_ROOM = RATE
"""For so many the mix goes on when nobody is heard: a second."""

_log = logging.getLogger(__name__)


class _Voice:
    """One person heard. State: their sound, where they are, and whether they have left."""

    __slots__ = (
        *("cone", "facing", "feed", "gain", "left", "muted"),
        *("position", "position_before", "slot"),
    )

    def __init__(self, slot: int, position: Floats, facing: Floats, block: int) -> None:
        self.slot = slot
        self.feed = Feed(block)
        self.position = self.position_before = position
        self.facing = facing
        self.cone: float | None = None
        self.gain = 1.0
        self.muted = False
        self.left = _LEAVING


class Mixer:
    """See the module. State: who is heard and where, and the head that hears them."""

    def __init__(self, spatialiser: Spatialiser, block: int = BLOCK) -> None:
        """``block``: how many samples it mixes at a time: 5, 10, 15 or 20 ms."""
        self._block = block
        self._spatialiser = spatialiser
        self._voices: dict[int, _Voice] = {}
        self._leaving: list[_Voice] = []
        self._free = list(range(2 * MOST_VOICES - 1, -1, -1))
        self._limiter = Limiter()
        self._head = Rigid.identity()
        self._head_before: Rigid | None = None
        self._silent = 0

    @property
    def kind(self) -> str:
        """How sound is given its place: ``"openal"`` (head-related) or ``"numpy"`` (simpler)."""
        return self._spatialiser.kind

    @property
    def streams(self) -> frozenset[int]:
        """Whose voices are mixed."""
        return frozenset(self._voices)

    @property
    def breaks(self) -> int:
        """How often the voice of somebody who is here broke off since nothing more had come."""
        return sum(voice.feed.dry for voice in self._voices.values())

    def add(self, stream: int, position: Floats, facing: Floats = FORWARD) -> None:
        """Somebody can be heard from now on.

        Args:
            stream: their number.
            position: where their mouth is: ``(3,)`` metres, in the room.
            facing: which way they speak: ``(3,)``, in the room.

        Raises:
            UsageError: they are heard already, or as many are as can be.
        """
        if stream in self._voices:
            raise UsageError(f"stream {stream} is mixed already: move it, or remove it first")
        if len(self._voices) >= MOST_VOICES:
            raise UsageError(
                f"{MOST_VOICES} voices are mixed already: remove one before adding {stream}"
            )
        if not self._free:
            self._release(self._leaving.pop(0))
        voice = _Voice(self._free.pop(), _vector(position), _vector(facing), self._block)
        self._spatialiser.start(voice.slot)
        self._voices[stream] = voice

    def move(self, stream: int, position: Floats, facing: Floats | None = None) -> None:
        """Where somebody's mouth is when the next block ends; they go there during it.

        Raises:
            UsageError: nobody has that number, or the place is none.
        """
        voice = self._voice(stream)
        voice.position = _vector(position)
        if facing is not None:
            voice.facing = _vector(facing)

    def remove(self, stream: int) -> None:
        """Somebody left: their voice fades within 5 ms.

        Raises:
            UsageError: nobody has that number.
        """
        voice = self._voice(stream)
        del self._voices[stream]
        voice.feed.clear()
        self._leaving.append(voice)

    def set_loudness(self, stream: int, gain: float) -> None:
        """How loud somebody is for this listener: 1 is as they come.

        Raises:
            UsageError: nobody has that number, or the loudness is out of bounds.
        """
        if not 0.0 <= gain <= LOUDEST:
            raise UsageError(f"a loudness of {gain} cannot be: give one between 0 and {LOUDEST:g}")
        self._voice(stream).gain = gain

    def set_muted(self, stream: int, muted: bool) -> None:
        """Whether somebody is not heard by this listener, whatever their loudness.

        Raises:
            UsageError: nobody has that number.
        """
        self._voice(stream).muted = muted

    def listen(self, room_from_head: Rigid) -> None:
        """The head that hears, of the frame that is displayed while the next block ends.

        Raises:
            UsageError: its pose is none.
        """
        _vector(room_from_head.translation)
        if not np.isfinite(room_from_head.rotation).all():
            raise UsageError(
                "a head is turned in no way at all: give a quaternion of finite numbers"
            )
        self._head = room_from_head

    def write(self, stream: int, block: Samples) -> bool:
        """Give the next block of somebody's voice, mono.

        Returns:
            False when too much of it waits already, so that this was left out.

        Raises:
            UsageError: nobody has that number, or the block is none.
        """
        # What waits is the mixer's own: the caller may use its memory again.
        return self._voice(stream).feed.push(checked_block(block, self._block).copy())

    def render(self) -> Samples:
        """The next block for both ears: ``(samples, 2)``, left then right, within −1 and 1."""
        voices = [*self._voices.values(), *self._leaving]
        heads = (self._head_before or self._head, self._head)
        self._head_before = self._head
        sounds = _sounds(voices, self._head.translation, self._block)
        self._silent = 0 if sounds.blocks.any() else self._silent + self._block
        # For most of the time nobody speaks. What the room gives back has died away by then.
        if self._silent > _ROOM:
            mix = np.zeros((self._block, 2), dtype=np.float32)
        else:
            mix = self._spatialiser.render(sounds, heads)
        for voice in list(self._leaving):
            voice.left -= self._block
            if voice.left <= 0:
                self._leaving.remove(voice)
                self._release(voice)
        return self._limiter.limit(mix)

    def close(self) -> None:
        """Give back what the spatialiser holds."""
        self._spatialiser.close()

    def _voice(self, stream: int) -> _Voice:
        try:
            return self._voices[stream]
        except KeyError:
            raise UsageError(f"no voice of stream {stream} is mixed: add it first") from None

    def _release(self, voice: _Voice) -> None:
        self._spatialiser.stop(voice.slot)
        self._free.append(voice.slot)


def _sounds(voices: Sequence[_Voice], ears: Floats, samples: int) -> Sounds:
    """The next block of each, from where they were to where they are, as loud as they face us."""
    blocks = np.empty((len(voices), samples), dtype=np.float32)
    positions = np.empty((2, len(voices), 3))
    facings = np.empty((len(voices), 3))
    for index, voice in enumerate(voices):
        voice.feed.target_gain = 0.0 if voice.muted else voice.gain
        blocks[index] = voice.feed.take()
        positions[0, index], positions[1, index] = voice.position_before, voice.position
        facings[index] = voice.facing
        voice.position_before = voice.position
    gains = cone_gains(positions[1], facings, ears).tolist()
    for block, voice, gain in zip(blocks, voices, gains, strict=True):
        before = gain if voice.cone is None else voice.cone
        if before != 1.0 or gain != 1.0:
            block *= before + (gain - before) * ramp(samples)
        voice.cone = gain
    return Sounds([voice.slot for voice in voices], blocks, positions)


def _vector(values: Floats) -> Floats:
    vector = np.array(values, dtype=np.float64)
    if vector.shape != (3,) or not all(map(math.isfinite, vector.tolist())):
        raise UsageError(f"{values} is no place or direction in a room: give three finite numbers")
    return vector


def open_mixer(*, block: int = BLOCK, room: bool = True, openal: bool = True) -> Mixer:
    """The best mixer that this machine has; which one is its ``kind``, and the log says a poor one.

    Args:
        block: how many samples it mixes at a time: 5, 10, 15 or 20 ms.
        room: whether there is a little reverberation.
        openal: whether OpenAL Soft is used where it is there.
    """
    if openal:
        try:
            return Mixer(OpenALSpatialiser(room=room), block)
        except OpenALMissingError as error:
            _say_once(str(error))
    return Mixer(PlainSpatialiser(), block)


@functools.cache
def _say_once(why: str) -> None:
    _log.warning(
        "voices are placed less well, by numpy: %s; front and back are hard to tell apart", why
    )


def mouth_of(room_from_head: Rigid) -> tuple[Floats, Floats]:
    """Where the mouth of a head is and which way it speaks: two vectors ``(3,)``, in the room."""
    return room_from_head.apply(_MOUTH_IN_HEAD), quat_rotate(room_from_head.rotation, FORWARD)
