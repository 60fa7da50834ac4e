"""Voices in the room by OpenAL Soft's head-related transfer functions, rendered into memory.

Each voice is a source whose queue is fed exactly as much as is rendered. The queue must never run
empty, not even for one sample: a source that found its end would stop and begin anew with every
block, which is heard as a rasp (31 dB under a tone). So each begins with a little silence, which
stays ahead of it for good. A block is rendered 5 ms at a time, between which they move on; OpenAL
fades from one place to the next.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from ctypes import byref, c_int, c_uint
from typing import Any

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.quaternion import quat_normalise, quat_to_matrix
from presence.pose.rigid import Rigid
from presence.voice import openal as al
from presence.voice.block import BLOCK, RATE, Samples
from presence.voice.spatialiser import (
    FARTHEST_M,
    REFERENCE_M,
    Sounds,
)

LEAD = 32
"""Samples of silence ahead of each voice: 0.7 ms of delay, and the queue is never empty."""
_STEP = 240
"""Samples that are rendered at a time."""
_BUFFERS = 4
_HRTF_ENABLED = 1
_HRTF_REQUIRED = 3
_SILENCE: Samples = np.zeros(BLOCK, dtype=np.float32)

_ROOM = {
    # A furnished room: dry enough for speech, and no longer a voice inside one's own head.
    al.AL_REVERB_DENSITY: 0.7,
    al.AL_REVERB_GAIN: 0.12,
    al.AL_REVERB_GAINHF: 0.6,
    al.AL_REVERB_DECAY_TIME: 0.35,
    al.AL_REVERB_REFLECTIONS_GAIN: 0.6,
    al.AL_REVERB_REFLECTIONS_DELAY: 0.012,
    al.AL_REVERB_LATE_GAIN: 0.8,
    al.AL_REVERB_LATE_DELAY: 0.02,
}


class _Source:
    """A source of OpenAL's and its buffers. State: which buffers are free, whether it plays."""

    __slots__ = ("buffers", "free", "name", "playing")

    def __init__(self, name: int, buffers: list[int]) -> None:
        self.name = name
        self.buffers = buffers
        self.free = list(buffers)
        self.playing = False


class OpenALSpatialiser:
    """See the module. State: a device, its context, a source for each slot ever used."""

    kind = "openal"

    def __init__(self, *, room: bool = True) -> None:
        """Open a device that renders into memory.

        Args:
            room: whether there is a little reverberation.

        Raises:
            OpenALMissingError: the library is missing, too old, or does not do HRTF.
        """
        self._al = al.load_openal()
        self._sources: dict[int, _Source] = {}
        self._number = c_int()
        self._names = (c_uint * _BUFFERS)()
        self.restarts = 0
        """How often a source stopped by itself and had to be started again: a rasp, if ever."""
        self._effect = c_uint(0)
        self._reverb = c_uint(0)
        with contextlib.ExitStack() as stack:
            self._device = self._opened_device()
            stack.callback(self._al.alcCloseDevice, self._device)
            self._context = self._made_context(self._device)
            stack.callback(self._al.alcDestroyContext, self._context)
            self._check_hrtf()
            with self._current():
                self._al.alDistanceModel(al.AL_INVERSE_DISTANCE_CLAMPED)
                if room:
                    self._make_room()
                self._check("prepare the room")
            stack.pop_all()

    def start(self, slot: int) -> None:
        """A voice will be heard in this slot: its source begins with silence."""
        with self._current():
            if slot not in self._sources:
                self._sources[slot] = self._made_source()
            source = self._sources[slot]
            if LEAD:
                self._queue(source, _SILENCE.ctypes.data, 4 * LEAD)
            self._check("start a voice")

    def stop(self, slot: int) -> None:
        """The voice is gone: its source stops and keeps its buffers for the next one."""
        source = self._sources[slot]
        with self._current():
            self._al.alSourceStop(source.name)
            # A stopped source gives all its buffers back when it is given none; and takes all that
            # it is given for played, the silence ahead of the next voice with it, until rewound.
            self._al.alSourcei(source.name, al.AL_BUFFER, 0)
            self._al.alSourceRewind(source.name)
            source.free = list(source.buffers)
            source.playing = False

    def render(self, sounds: Sounds, heads: tuple[Rigid, Rigid]) -> Samples:
        """The next block ``(samples, 2)``."""
        sources = [self._sources[slot] for slot in sounds.slots]
        samples = sounds.blocks.shape[1]
        blocks, block_bytes = sounds.blocks.ctypes.data, 4 * samples
        out = np.empty((samples, 2), dtype=np.float32)
        steps = samples // _STEP
        moves = _Moves(sources, _in_head(sounds.positions, heads, steps))
        with self._current():
            for index, source in enumerate(sources):
                self._queue(source, blocks + index * block_bytes, block_bytes)
            for step in range(steps):
                self._al.alDeferUpdatesSOFT()
                moves.make(self._al, step)
                self._al.alProcessUpdatesSOFT()
                if step == 0:
                    self._play(sources)
                part = out[step * _STEP :].ctypes.data
                self._al.alcRenderSamplesSOFT(self._device, part, _STEP)
            self._check("render a block")
        return out

    def close(self) -> None:
        """Give sources, buffers, context and device back; closing twice does nothing."""
        if self._device is None:
            return
        with self._current():
            for source in self._sources.values():
                self._al.alSourceStop(source.name)
                self._al.alDeleteSources(1, byref(c_uint(source.name)))
                names = (c_uint * _BUFFERS)(*source.buffers)
                self._al.alDeleteBuffers(_BUFFERS, names)
            if self._reverb.value:
                self._al.alDeleteAuxiliaryEffectSlots(1, byref(self._reverb))
                self._al.alDeleteEffects(1, byref(self._effect))
        self._sources.clear()
        self._al.alcDestroyContext(self._context)
        self._al.alcCloseDevice(self._device)
        self._device = None

    def _opened_device(self) -> Any:
        device = self._al.alcLoopbackOpenDeviceSOFT(None)
        if not device:
            raise al.OpenALMissingError("OpenAL could not open a device in memory")
        return device

    def _made_context(self, device: Any) -> Any:
        wanted = {
            al.ALC_FORMAT_CHANNELS_SOFT: al.ALC_STEREO_SOFT,
            al.ALC_FORMAT_TYPE_SOFT: al.ALC_FLOAT_SOFT,
            al.ALC_FREQUENCY: RATE,
            al.ALC_HRTF_SOFT: 1,
            # Our own comes after, for both ways of rendering, and waits for nothing.
            al.ALC_OUTPUT_LIMITER_SOFT: 0,
            al.ALC_MAX_AUXILIARY_SENDS: 1,
        }
        flat = [number for pair in wanted.items() for number in pair]
        attributes = (c_int * (len(flat) + 1))(*flat, 0)
        context = self._al.alcCreateContext(device, attributes)
        if not context:
            raise al.OpenALMissingError("OpenAL cannot render 48 kHz stereo floats into memory")
        return context

    def _check_hrtf(self) -> None:
        status = c_int()
        self._al.alcGetIntegerv(self._device, al.ALC_HRTF_SOFT + 1, 1, byref(status))
        if status.value not in (_HRTF_ENABLED, _HRTF_REQUIRED):
            raise al.OpenALMissingError(
                "OpenAL is here without data of heads (Debian's package is libopenal-data), or its "
                "configuration forbids them"
            )

    @contextlib.contextmanager
    def _current(self) -> Any:
        """Our context is this thread's, and no other's, for as long as needed."""
        self._al.alcSetThreadContext(self._context)
        try:
            yield
        finally:
            self._al.alcSetThreadContext(None)

    def _check(self, what: str) -> None:
        error = self._al.alGetError()
        if error:
            raise al.OpenALMissingError(
                f"OpenAL failed to {what} (error {error:#x}): open the mixer without it"
            )

    def _make_room(self) -> None:
        self._al.alGenEffects(1, byref(self._effect))
        self._al.alEffecti(self._effect, al.AL_EFFECT_TYPE, al.AL_EFFECT_REVERB)
        for name, value in _ROOM.items():
            self._al.alEffectf(self._effect, name, value)
        self._al.alGenAuxiliaryEffectSlots(1, byref(self._reverb))
        effect = self._effect.value
        self._al.alAuxiliaryEffectSloti(self._reverb, al.AL_EFFECTSLOT_EFFECT, effect)

    def _made_source(self) -> _Source:
        name = c_uint()
        buffers = (c_uint * _BUFFERS)()
        self._al.alGenSources(1, byref(name))
        self._al.alGenBuffers(_BUFFERS, buffers)
        for what, value in (
            (al.AL_REFERENCE_DISTANCE, REFERENCE_M),
            (al.AL_MAX_DISTANCE, FARTHEST_M),
        ):
            self._al.alSourcef(name, what, value)
        if self._reverb.value:
            self._al.alSource3i(name, al.AL_AUXILIARY_SEND_FILTER, self._reverb.value, 0, 0)
        return _Source(name.value, list(buffers))

    def _queue(self, source: _Source, data: int, size: int) -> None:
        """Put samples at an address behind those that a source has yet to play."""
        number, names = self._number, self._names
        self._al.alGetSourcei(source.name, al.AL_BUFFERS_PROCESSED, byref(number))
        if number.value:
            self._al.alSourceUnqueueBuffers(source.name, number.value, names)
            source.free.extend(names[: number.value])
            if len(source.free) == _BUFFERS:
                self.restarts += 1
                source.playing = False
        names[0] = source.free.pop()
        self._al.alBufferData(names[0], al.AL_FORMAT_MONO_FLOAT32, data, size, RATE)
        self._al.alSourceQueueBuffers(source.name, 1, names)

    def _play(self, sources: Sequence[_Source]) -> None:
        """Start those who are new, now that they are where they belong."""
        for source in sources:
            if not source.playing:
                self._al.alSourcePlay(source.name)
                source.playing = True


class _Moves:
    """Where sources go during a block: only those that move, or are new, cost calls."""

    def __init__(self, sources: Sequence[_Source], positions: Samples) -> None:
        """``positions (1 + steps, n, 3)``: as the block begins, and after each step."""
        self._positions = positions
        moved = (positions[0] != positions[-1]).any(axis=-1).tolist()
        self._moving = [(s.name, 12 * i) for i, s in enumerate(sources) if moved[i]]
        self._new = [(s.name, 12 * i) for i, s in enumerate(sources) if not (s.playing or moved[i])]

    def make(self, library: Any, step: int) -> None:
        """Tell OpenAL where they are after a step."""
        row = self._positions[1 + step].ctypes.data
        for name, offset in self._moving:
            library.alSourcefv(name, al.AL_POSITION, row + offset)
        if step == 0:
            for name, offset in self._new:
                library.alSourcefv(name, al.AL_POSITION, row + offset)


def _in_head(positions: Floats, heads: tuple[Rigid, Rigid], steps: int) -> Samples:
    """Where mouths are, seen from the head, as the block goes on: ``(1 + steps, n, 3)``.

    OpenAL's own listener never moves: what it would do to all voices, they do.

    Args:
        positions: where they are in the room as the block begins and as it ends, ``(2, n, 3)``.
        heads: the head, likewise.
        steps: of the block.
    """
    before, after = heads
    fractions = np.arange(steps + 1)[:, None] / steps
    in_room = positions[0] + fractions[:, None] * (positions[1] - positions[0])
    # Rows times a matrix are its inverse times columns.
    if before is after:
        still = (in_room - after.translation) @ quat_to_matrix(after.rotation)
        return np.ascontiguousarray(still, dtype=np.float32)
    nearer = after.rotation if before.rotation @ after.rotation >= 0.0 else -after.rotation
    # In a block a head turns too little for a straight line between to differ from an arc.
    turned = quat_normalise(before.rotation + fractions * (nearer - before.rotation))
    at = before.translation + fractions * (after.translation - before.translation)
    in_head = (in_room - at[:, None]) @ quat_to_matrix(turned)
    return np.ascontiguousarray(in_head, dtype=np.float32)
