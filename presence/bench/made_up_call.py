"""A voice from one participant's microphone to another's headphones, in made-up time.

The product's own chain: what a participant's thread does in a call is done here by a clock that is
moved by hand, so that no figure depends on the machine or its load. Both have clocks of their own,
devices that run by neither, and threads that wake late.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from presence.bench.clicks import heard_delays
from presence.bench.taking_part import DISPLAY_RATE, PolledView
from presence.client.conversation import Conversation
from presence.client.devices import FixedDevices
from presence.client.hearing import Hearing
from presence.client.logs import shown_columns
from presence.client.records import Came, Heard, Record, Seated, Spoke, VoicePacket
from presence.client.talking import Said, Talking
from presence.clock import MILLISECOND, SECOND, ManualClock, SkewedClock
from presence.codec import encode_profile
from presence.pose import PoseSample, default_proportions
from presence.pose.arrays import Floats, Ints
from presence.pose.rigid import Rigid
from presence.transport.lossy import Conditions, LossyPath
from presence.voice.block import RATE, Samples
from presence.voice.clocked_device import Crystal
from presence.voice.file_device import (
    file_headphones,
    null_headphones,
    null_microphone,
    sound_microphone,
)
from presence.voice.gate import Gate
from presence.voice.processing import open_processing

BEGIN_NS = 10 * SECOND
_SPEAKER = SkewedClock(-3600 * SECOND, -20.0)
_LISTENER = SkewedClock(3600 * SECOND, 40.0)
_STREAM = 7
_WAKE_NS = 2 * MILLISECOND
"""Threads wake up to so much later than they wanted to, evenly spread …"""
_SEND_NS = MILLISECOND // 2
"""… and to seal a packet and give it to the network takes so long."""
_POSE_RATE = 60
_BODY = default_proportions()
_EXACT = Crystal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The devices of both, and the display of who hears."""

    microphone: Crystal = _EXACT
    headphones: Crystal = _EXACT
    ahead_ns: int = 0
    """How long before a picture is seen the display draws it."""


class MadeUpCall:
    """One who speaks and one who hears. State: both, the way between, and what was seen."""

    def __init__(
        self, folder: Path, sound: Samples, conditions: Conditions, ends: Ends, seed: int
    ) -> None:
        """``sound`` is said from the beginning on, at ``RATE``."""
        self._random = np.random.default_rng(seed)
        self._path, self._poses = LossyPath(conditions, seed), LossyPath(conditions, seed + 1000)
        self._now_ns = BEGIN_NS
        self._ahead_ns = ends.ahead_ns
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._sent = self._frames = 0
        self.view = PolledView()
        self._shown = shown_columns()
        self.captured_late_ns: list[int] = []
        """Of each packet: how long after its first sample was said it was packed …"""
        self.arrived_late_ns: list[int] = []
        """… and came."""
        self._file = folder / "heard.wav"
        # Where in the beat of one device that of the other falls is a matter of chance.
        phase_ns = round((1.7 + 6.1 * seed) % 20.0 * MILLISECOND)
        spoken_ns = _SPEAKER.from_machine_ns(BEGIN_NS)
        self._heard_from_ns = BEGIN_NS + phase_ns
        heard_ns = _LISTENER.from_machine_ns(self._heard_from_ns)
        self._talking = Talking(open_processing(), Gate())
        self._speaker = self._conversation(
            FixedDevices(
                sound_microphone("clicks", sound, RATE, spoken_ns, crystal=ends.microphone),
                null_headphones(spoken_ns),
            ),
            spoken_ns,
            hearing=None,
            talking=self._talking,
        )
        self.headphones = file_headphones(self._file, heard_ns, crystal=ends.headphones)
        self._hearing = Hearing()
        self._listener = self._conversation(
            FixedDevices(null_microphone(heard_ns), self.headphones),
            heard_ns,
            hearing=self._hearing,
            talking=None,
        )
        for record in (Seated(0), Came(_STREAM, 1, "Ada", "", encode_profile(_BODY))):
            self._tell(record)

    def run(self, seconds: float) -> None:
        """Have the call for so long."""
        ends_ns = BEGIN_NS + round(seconds * SECOND)
        self._at(BEGIN_NS, self._speak)
        self._at(self._heard_from_ns, self._listen)
        self._at(BEGIN_NS, self._pose)
        self._at(BEGIN_NS, self._look)
        while self._events and self._events[0][0] <= ends_ns:
            self._now_ns, _, do = heapq.heappop(self._events)
            do()
        self.headphones.close()
        self._hearing.close()

    def delays(self, said_ns: Ints, ends: Ends) -> Floats:
        """How long after it was said each click was heard, nanoseconds; NaN: it was not.

        ``said_ns``: by the microphone's own crystal, since it began.
        """
        begun_ns = _SPEAKER.from_machine_ns(BEGIN_NS)
        said = [
            _SPEAKER.to_machine_ns(begun_ns + round(at / (1.0 + 1e-6 * ends.microphone.ppm)))
            for at in said_ns.tolist()
        ]
        delays: Floats = heard_delays(self._file, self._heard_from_ns, np.array(said))
        # What the file counts is the crystal's time, and a sound card plays it somewhat later.
        counted = np.array(said) + delays - self._heard_from_ns
        runs_fast = 1e-6 * (ends.headphones.ppm + _LISTENER.drift_ppm)
        delays += ends.headphones.latency_ns - runs_fast * counted
        return delays

    def _at(self, machine_ns: int, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(machine_ns, self._now_ns), next(self._order), do))

    def _late_ns(self) -> int:
        return int(self._random.integers(_WAKE_NS))

    def _conversation(
        self,
        devices: FixedDevices,
        now_ns: int,
        *,
        hearing: Hearing | None,
        talking: Talking | None,
    ) -> Conversation:
        ears = Rigid.from_yaw(0.0, np.array([0.0, _BODY.eye_height, 0.0]))
        return Conversation(
            clock=ManualClock(now_ns),
            devices=devices,
            hearing=hearing,
            talking=talking,
            ears=lambda: ears,
            waits=self.view.waits,
            soon=lambda take, what: take(what),
            say=self._say,
            tell=self._spoken,
        )

    def _speak(self) -> None:
        due_ns = self._speaker.go_on(_SPEAKER.from_machine_ns(self._now_ns))
        self._at(_SPEAKER.to_machine_ns(due_ns) + self._late_ns(), self._speak)

    def _listen(self) -> None:
        due_ns = self._listener.go_on(_LISTENER.from_machine_ns(self._now_ns))
        self._at(_LISTENER.to_machine_ns(due_ns) + self._late_ns(), self._listen)

    def _say(self, said: Said) -> None:
        self.captured_late_ns.append(self._now_ns - _SPEAKER.to_machine_ns(said.capture_ns))
        packet = msgspec.msgpack.encode((self._sent, said.capture_ns, said.opus))
        self._sent += 1
        self._at(self._now_ns + self._late_ns() + _SEND_NS, partial(self._send, packet))

    def _send(self, packet: bytes) -> None:
        self._path.push(self._now_ns, packet)
        self._expect(self._path, self._arrive)

    def _expect(self, path: LossyPath, arrive: Callable[[], None]) -> None:
        due_ns = path.next_due_ns()
        if due_ns is not None:
            self._at(due_ns, arrive)

    def _arrive(self) -> None:
        for data in self._path.pop_due(self._now_ns):
            sequence, capture_ns, opus = msgspec.msgpack.decode(data, type=tuple[int, int, bytes])
            self.arrived_late_ns.append(self._now_ns - _SPEAKER.to_machine_ns(capture_ns))
            arrival_ns = _LISTENER.from_machine_ns(self._now_ns)
            packet = VoicePacket(_STREAM, sequence, capture_ns, arrival_ns, opus)
            self._at(self._now_ns + self._late_ns(), partial(self._hear, packet))
        self._expect(self._path, self._arrive)

    def _hear(self, packet: VoicePacket) -> None:
        self._listener.hear(packet)
        self._listener.go_on(_LISTENER.from_machine_ns(self._now_ns))

    def _pose(self) -> None:
        sequence, self._frames = self._frames, self._frames + 1
        stamp_ns = _SPEAKER.from_machine_ns(self._now_ns)
        self._poses.push(self._now_ns, msgspec.msgpack.encode((sequence, stamp_ns)))
        self._expect(self._poses, self._posed)
        self._at(BEGIN_NS + self._frames * SECOND // _POSE_RATE, self._pose)

    def _posed(self) -> None:
        for data in self._poses.pop_due(self._now_ns):
            sequence, stamp_ns = msgspec.msgpack.decode(data, type=tuple[int, int])
            sample = PoseSample.at_rest(stamp_ns, _BODY.hips_height)
            self._tell(Heard(_STREAM, sequence, _LISTENER.from_machine_ns(self._now_ns), sample))
        self._expect(self._poses, self._posed)

    def _tell(self, record: Record) -> None:
        self.view.tell(record)
        self._listener.hear(record)

    def _spoken(self, spoken: Sequence[Spoke]) -> None:
        for spoke in spoken:
            self.view.tell(spoke)

    def _look(self) -> None:
        own_ns = _LISTENER.from_machine_ns(self._now_ns)
        self.view.look(self._now_ns, own_ns, self._shown, ahead_ns=self._ahead_ns)
        self._at(self._now_ns + SECOND // DISPLAY_RATE, self._look)
