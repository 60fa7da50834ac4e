"""What one participant hears of the others: from packets to a block for both ears.

Each voice has a buffer of its own up to the mix, speaks from where its person's mouth is shown, and
moves that mouth where nothing tracks it: that is read from packets as they come.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from presence.client.guests import Guest, Guests
from presence.client.loudness import AS_THEY_COME, Loudness
from presence.client.records import Record, Spoke, VoicePacket, Went
from presence.client.talking import shown_level
from presence.errors import CodecError
from presence.pose.arrays import Floats
from presence.pose.kinematics import joint_in_place
from presence.pose.rigid import Rigid
from presence.pose.skeleton import INDEX
from presence.voice.activity import Activity
from presence.voice.block import PIECE, Samples
from presence.voice.jitter_buffer import BLOCK_NS, PIECE_NS, JitterBuffer
from presence.voice.lips import LATENCY_NS, Lips
from presence.voice.opus import VoiceDecoder
from presence.voice.spatial import MOST_VOICES, mouth_of, open_mixer

_HEAD = INDEX["head"]


@dataclass(frozen=True, slots=True)
class Adjusted:
    """How loud somebody is to be from now on."""

    stream: int
    loudness: Loudness


@dataclass(slots=True)
class _Mouth:
    """Somebody's, read from packets as they come, long before they are heard: a display that
    draws a tenth of a second ahead has to know. State: the decoder, the mouth, the loudness.
    """

    decoder: VoiceDecoder = field(default_factory=VoiceDecoder)
    lips: Lips = field(default_factory=Lips)
    activity: Activity = field(default_factory=Activity)
    newest: int = -1

    def read(self, packet: VoicePacket, behind_ns: int) -> Spoke | None:
        """What a packet says of its person; None if it is none, or came after a later one."""
        if packet.sequence <= self.newest:
            return None
        try:
            block = self.decoder.decode(packet.opus)
        except CodecError:
            return None
        self.newest = packet.sequence
        lips = self.lips.feed(block)
        level = shown_level(self.activity.hear(block).level_db)
        at_ns = packet.capture_ns + BLOCK_NS - LATENCY_NS
        return Spoke(packet.stream, at_ns, behind_ns, level, lips)


@dataclass(slots=True)
class _Voice:
    """Somebody's. State: what came and was not played yet, and how far behind that is."""

    buffer: JitterBuffer
    mouth: _Mouth = field(default_factory=_Mouth)
    placed: bool = False
    position: Floats = field(default_factory=lambda: np.zeros(3))
    """Where their mouth was to be, as of the last time that it was looked for."""
    behind_ns: int = 0
    """As of the last block that was heard."""


class Hearing:
    """Everybody's voices, mixed. State: who is here, a buffer for each voice, the mixer.

    One thread uses it.
    """

    def __init__(self) -> None:
        """Nobody is heard yet."""
        self._mixer = open_mixer(block=PIECE)
        self._guests = Guests()
        self._voices: dict[int, _Voice] = {}
        self._loudness: dict[int, Loudness] = {}
        self._halfway = False
        """Whether those who move have gone half of the way for which it was looked."""

    def tell(self, record: Record) -> None:
        """Take in what the media process says of the others."""
        self._guests.tell(record)
        if isinstance(record, Went):
            self._loudness.pop(record.stream, None)
            voice = self._voices.pop(record.stream, None)
            if voice is not None and voice.placed:
                self._mixer.remove(record.stream)

    def hear(self, packet: VoicePacket) -> Spoke | None:
        """Take in 20 ms of somebody's voice, and say how their mouth is.

        Of people who are not here nothing is heard; what comes after a later packet says nothing.
        """
        voice = self._voices.get(packet.stream)
        if voice is None:
            guest = self._guests.get(packet.stream)
            if guest is None or len(self._voices) >= MOST_VOICES:
                return None
            # One mapping for what they do and what they say.
            voice = self._voices[packet.stream] = _Voice(JitterBuffer(clock=guest.playout.clock))
        voice.buffer.push(packet.opus, packet.sequence, packet.capture_ns, packet.arrival_ns)
        return voice.mouth.read(packet, voice.behind_ns)

    def adjust(self, adjusted: Adjusted) -> None:
        """Make somebody louder or softer, or not heard at all."""
        self._loudness[adjusted.stream] = adjusted.loudness
        if adjusted.stream in self._mixer.streams:
            self._set_loudness(adjusted.stream)

    def render(self, play_ns: int, now_ns: int, ears: Rigid, waits: dict[int, int]) -> Samples:
        """The next 10 ms for both ears: ``(480, 2)``.

        Args:
            play_ns: when its first sample will be heard, by this participant's clock.
            now_ns: the time now, by the same clock.
            ears: the head that hears it, in its own place.
            waits: how far behind each person's pose would be shown, were it not for their voice.
        """
        for stream, guest, place in self._guests.placed():
            voice = self._voices.get(stream)
            if voice is None:
                continue
            voice.buffer.follow(waits.get(stream))
            heard = voice.buffer.take(play_ns, now_ns)
            if not voice.placed or (heard.capture_ns is not None and not self._halfway):
                # For two pieces at once: in the first of them they go half of the way.
                self._place(stream, voice, guest, place, play_ns + 2 * PIECE_NS, now_ns)
            elif self._halfway:
                self._mixer.move(stream, voice.position)
            self._mixer.write(stream, heard.block)
            if voice.buffer.behind_ns is not None:
                voice.behind_ns = voice.buffer.behind_ns
        self._halfway = not self._halfway
        self._mixer.listen(ears)
        return self._mixer.render()

    def close(self) -> None:
        """Give back what the mixer holds."""
        self._mixer.close()

    def _place(
        self, stream: int, voice: _Voice, guest: Guest, place: Rigid, at_ns: int, now_ns: int
    ) -> None:
        """Move the voice to where their mouth will be shown."""
        shown = guest.playout.show(at_ns, now_ns)
        if shown is None:
            head = Rigid.from_yaw(0.0, np.array([0.0, guest.proportions.eye_height, 0.0]))
        else:
            head = joint_in_place(shown.sample, guest.proportions, _HEAD)
        position, facing = mouth_of(place @ head)
        if voice.placed:
            self._mixer.move(stream, 0.5 * (voice.position + position), facing)
        else:
            self._mixer.add(stream, position, facing)
            self._set_loudness(stream)
            voice.placed = True
        voice.position = position

    def _set_loudness(self, stream: int) -> None:
        loudness = self._loudness.get(stream, AS_THEY_COME)
        self._mixer.set_loudness(stream, loudness.gain)
        self._mixer.set_muted(stream, loudness.silenced)
