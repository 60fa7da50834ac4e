"""Sound devices made of memory, which run by the clock that is passed in.

They take and give sound as a sound card does, in pieces and by a crystal of their own, and tell
when, late if so wished; but at the times that they are asked about, so that whoever passes the time
decides how fast it goes, and a minute of a call can be simulated in a second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from presence.clock import MILLISECOND, SECOND
from presence.voice.block import RATE, Samples
from presence.voice.line import InputLine, OutputLine


@dataclass(frozen=True, slots=True)
class Crystal:
    """How a device that is made of memory runs."""

    rate: int = RATE
    """Samples a second that it claims to have."""
    ppm: float = 0.0
    """By how much it is faster than that, in parts per million of the clock that is passed in."""
    piece: int = 480
    """Samples that it takes or gives at a time."""
    latency_ns: int = 0
    """From sound to its being given, over the length of a piece; or from being asked to sound."""
    late_ns: int = 0
    """It tells of each piece by up to so much too late, evenly spread."""
    seed: int = 0
    """Of that."""

    def ns(self, samples: int) -> int:
        """How long that many samples take."""
        return round(samples * SECOND / (self.rate * (1.0 + self.ppm * 1e-6)))


class _Clocked:
    """What runs piece by piece. State: when it began, which piece is next and how late it is."""

    def __init__(self, name: str, crystal: Crystal, begun_ns: int) -> None:
        self.name = name
        self.crystal = crystal
        self.settle_ns = 100 * MILLISECOND if crystal.late_ns else 0
        self._begun_ns = begun_ns
        self._random = np.random.default_rng(crystal.seed)
        self._samples = 0
        self._late_ns = self._lateness()
        self._closed = False

    @property
    def alive(self) -> bool:
        """Whether it was not closed."""
        return not self._closed

    def close(self) -> None:
        """Stop."""
        self._closed = True

    def _lateness(self) -> int:
        most = self.crystal.late_ns
        return int(self._random.integers(most + 1)) if most else 0

    def _after(self, pieces: int) -> int:
        return self._begun_ns + self.crystal.ns(self._samples + pieces * self.crystal.piece)

    def _next(self) -> None:
        self._samples += self.crystal.piece
        self._late_ns = self._lateness()


class ClockedInput(_Clocked):
    """A microphone made of memory."""

    def __init__(
        self,
        name: str,
        crystal: Crystal,
        line: InputLine,
        hear: Callable[[int, int], Samples],
        begun_ns: int,
    ) -> None:
        """``hear`` gives the device's samples: mono ``(n,)`` by number of the first and count."""
        super().__init__(name, crystal, begun_ns)
        self._line = line
        self._hear = hear

    def run(self, now_ns: int) -> None:
        """Give every piece that is due."""
        while not self._closed:
            due_ns = self._after(1) + self.crystal.latency_ns + self._late_ns
            if due_ns > now_ns:
                return
            sound = self._hear(self._samples, self.crystal.piece)
            self._line.put(sound, due_ns, self._after(0) + self._late_ns)
            self._next()


class ClockedOutput(_Clocked):
    """Headphones made of memory."""

    def __init__(
        self,
        name: str,
        crystal: Crystal,
        line: OutputLine,
        play: Callable[[Samples], None],
        begun_ns: int,
    ) -> None:
        """``play`` is given what is heard: stereo pieces ``(n, 2)``, one after the other."""
        super().__init__(name, crystal, begun_ns)
        self._line = line
        self._play = play

    def run(self, now_ns: int) -> None:
        """Ask for every piece that is due."""
        while not self._closed:
            due_ns = self._after(0) + self._late_ns
            if due_ns > now_ns:
                return
            out = np.empty((self.crystal.piece, 2), dtype=np.float32)
            self._line.fill(out, due_ns, due_ns + self.crystal.latency_ns)
            self._play(out)
            self._next()
