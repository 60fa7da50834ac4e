"""One end of a call that plays by open loudspeakers, in made-up time: the product's own chain.

Far voices, which walk about → the mixer → headphones, by their crystal → the air of a room → a
microphone, by its own crystal → processing, which is told of the mix and of how long sound waits.
Nothing is given to the canceller but what a call gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from presence.bench.echo_room import Convolver, EchoRoom
from presence.clock import MILLISECOND, SECOND
from presence.pose.arrays import Floats
from presence.pose.rigid import Rigid
from presence.voice.block import BLOCK, RATE, Samples
from presence.voice.clocked_device import ClockedInput, ClockedOutput, Crystal
from presence.voice.headphones import Headphones
from presence.voice.line import InputLine, OutputLine
from presence.voice.microphone import BLOCK_NS, Microphone
from presence.voice.processing import Processing
from presence.voice.spatial import open_mixer

BEGIN_NS = 10 * SECOND
_SECONDS_A_TURN = 9.0
_HALF = 24
"""Samples to each side from which sound between samples is read: 80 dB at speech's frequencies."""
_PHASES = 512
_AWAY: Floats = np.arange(_PHASES + 1)[:, None] / _PHASES - np.arange(1 - _HALF, _HALF + 1)
_KERNELS: Floats = np.sinc(_AWAY) * np.cos(0.5 * np.pi * np.clip(_AWAY / _HALF, -1.0, 1.0)) ** 2
"""A sinc under a squared cosine, for each place between samples."""


@dataclass(frozen=True, slots=True)
class Devices:
    """What an end has."""

    delay_ms: float = 40.0
    """What both devices together delay, beyond the pieces in which they take and give."""
    played_ppm: float = 100.0
    """By how much the loudspeakers' crystal is fast."""
    heard_ppm: float = -100.0
    """And the microphone's."""
    untold_ms: float = 0.0
    """Delay that the devices do not tell of."""
    drive: float = 0.0
    """How far the loudspeakers are overdriven: 0 is not at all, 4 is bent beyond recognition."""


class _Air:
    """From loudspeakers to a microphone. State: what was played, and still sounds.

    The microphone's samples are numbered by its crystal, the loudspeakers' by theirs; here the
    latter are read at the times of the former.
    """

    def __init__(self, room: EchoRoom, devices: Devices, level: float, near: Samples) -> None:
        """``near`` is what the microphone hears but for the loudspeakers, from its beginning."""
        half_ns = round(devices.delay_ms / 2 * MILLISECOND)
        self.played = Crystal(ppm=devices.played_ppm, latency_ns=half_ns)
        self.heard = Crystal(ppm=devices.heard_ppm, latency_ns=half_ns)
        self._convolver = Convolver(level * room.loudspeakers, self.heard.piece)
        self._latency_s = half_ns / SECOND + devices.untold_ms / 1e3
        self._drive = devices.drive
        self._near = near
        self._recent = np.zeros((0, 2))
        self._first = 0
        """Which sample of all that were played is the first of ``_recent``."""
        self.echo: list[Samples] = []

    def play(self, piece: Samples) -> None:
        """What the loudspeakers are given ``(n, 2)``."""
        sound = piece.astype(np.float64)
        if self._drive:
            sound = np.tanh(self._drive * sound) / self._drive
        self._recent = np.concatenate([self._recent, sound])

    def hear(self, first: int, count: int) -> Samples:
        """What the microphone hears, by number of its first sample."""
        seconds = (first + np.arange(count)) / (RATE * (1.0 + 1e-6 * self.heard.ppm))
        places = (seconds - self._latency_s) * RATE * (1.0 + 1e-6 * self.played.ppm)
        echo = self._convolver.take(self._at(places).T).astype(np.float32)
        self.echo.append(echo)
        heard = echo.copy()
        near = self._near[first : first + count]
        heard[: len(near)] += near
        return np.clip(heard, -1.0, 1.0)

    def _at(self, places: Floats) -> Floats:
        """What was played at places between samples: ``(n, 2)``."""
        whole = np.floor(places).astype(np.int64)
        taps = np.arange(1 - _HALF, _HALF + 1)
        step = (places - whole) * _PHASES
        phase = step.astype(np.int64)
        rest = (step - phase)[:, None]
        kernel = _KERNELS[phase] * (1.0 - rest) + _KERNELS[phase + 1] * rest
        index = whole[:, None] + taps - self._first
        last = len(self._recent)
        if (index >= last).any():
            raise AssertionError("the microphone hears what was not played yet")
        sound = self._recent[np.maximum(index, 0)] * (index >= 0)[..., None]
        # Once read, what lies before is not read again.
        spare = max(0, int(whole[0]) - _HALF - self._first)
        self._recent, self._first = self._recent[spare:], self._first + spare
        read: Floats = np.einsum("nk,nkc->nc", kernel, sound)
        return read


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """A block that this end sends."""

    samples: Samples
    """``(960,)``."""
    heard: Samples
    """What the microphone heard of it: ``(960,)``."""
    delay_ns: int
    """What the canceller was told."""
    at_ns: int


class EchoEnd:
    """See the module. State: devices, mixer and processing, and how much was played."""

    def __init__(
        self,
        room: EchoRoom,
        devices: Devices,
        processing: Processing,
        far: Callable[[int], Sequence[Samples]],
        near: Samples,
        *,
        voices: int = 2,
        level: float = 1.0,
    ) -> None:
        """Begin.

        Args:
            room: where its loudspeakers and microphone stand.
            devices: which.
            processing: what the microphone's sound goes through.
            far: a block of each far voice, by number of the block.
            near: what the microphone hears but for the loudspeakers.
            voices: how many are far.
            level: how loud the loudspeakers are.
        """
        self._air = air = _Air(room, devices, level, near)
        self._line = line = OutputLine(RATE)
        self.headphones = Headphones(
            ClockedOutput("loudspeakers", air.played, line, air.play, BEGIN_NS), line
        )
        into = InputLine(RATE)
        self.microphone = Microphone(
            ClockedInput("microphone", air.heard, into, air.hear, BEGIN_NS), into
        )
        self._processing = processing
        self._far = far
        self._mixer = open_mixer()
        self._voices = voices
        for stream in range(voices):
            self._mixer.add(stream, _place(stream, 0.0))
        self._written = 0
        self._ahead_ns = 0
        self._settled = False

    @property
    def echo(self) -> Samples:
        """All that the microphone has heard of the loudspeakers, sample by sample of its own."""
        return np.concatenate(self._air.echo)

    def step(self, now_ns: int) -> list[Sent]:
        """Do what is due, and give what is sent."""
        while self.headphones.wanted_ns(now_ns) <= now_ns:
            mix = self._mix()
            heard_ns = self.headphones.write(mix, now_ns)
            self._processing.reference(mix, self.headphones.counted_ns)
            self._ahead_ns = heard_ns - now_ns
        sent = []
        while (captured := self.microphone.read(now_ns)) is not None:
            delay_ns = self._ahead_ns + now_ns - captured.capture_ns
            samples = self._processing.process(captured.samples, delay_ns, captured.counted_ns)
            sent.append(Sent(samples, captured.samples, delay_ns, now_ns))
        return sent

    def next_ns(self, now_ns: int) -> int:
        """When to step again."""
        soonest = min(self.headphones.wanted_ns(now_ns), self.microphone.ready_ns(now_ns))
        return max(soonest, now_ns + MILLISECOND // 2)

    def close(self) -> None:
        """Give back what the mixer holds."""
        self._mixer.close()

    def _mix(self) -> Samples:
        seconds = self._written * BLOCK / RATE
        self._mixer.listen(Rigid.from_yaw(0.6 * np.sin(0.7 * seconds), np.zeros(3)))
        for stream, block in enumerate(self._far(self._written)):
            place = _place(stream, seconds)
            self._mixer.move(stream, place, -place)
            self._mixer.write(stream, block)
        self._written += 1
        return self._mixer.render()


def run(end: EchoEnd, seconds: float) -> list[Sent]:
    """All that an end sends in so long."""
    now_ns, end_ns = BEGIN_NS, BEGIN_NS + round(seconds * SECOND)
    sent = []
    while now_ns < end_ns:
        sent += end.step(now_ns)
        now_ns = end.next_ns(now_ns)
    return sent


def _place(stream: int, seconds: float) -> Floats:
    """Where a far voice is: each circles the listener's front, one this way and one the other."""
    sense = 1.0 if stream % 2 else -1.0
    angle = 1.2 * np.sin(2.0 * np.pi * seconds / _SECONDS_A_TURN + stream) * sense
    distance = 1.3 + 0.3 * np.sin(0.9 * seconds + stream)
    return np.array([distance * np.sin(angle), 0.0, -distance * np.cos(angle)])


__all__ = ["BEGIN_NS", "BLOCK_NS", "Devices", "EchoEnd", "Sent", "run"]
