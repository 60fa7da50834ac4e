"""What a microphone hears: blocks of 20 ms at 48 kHz of this machine's clock, with their times.

Whatever rate the device has, and however far from it its crystal is, blocks follow one another by
exactly 20 ms of the clock that is passed in: the device's samples are read at the places where that
clock says that 1/48000 s has gone by.
"""

from __future__ import annotations

from dataclasses import dataclass

from presence.clock import MILLISECOND, SECOND
from presence.voice.block import BLOCK, RATE, Samples
from presence.voice.line import Driver, InputLine
from presence.voice.resampler import Resampler
from presence.voice.sound_device import SoundDevice

BLOCK_NS = BLOCK * SECOND // RATE
"""20 ms."""
_JUMP_NS = 5 * MILLISECOND
"""Farther from where it should be than this, reading goes on from there; less is drift."""
_STALE_NS = 200 * MILLISECOND
"""Blocks that are older when they could be read are of no use to anybody."""
_SOON_NS = 1 * MILLISECOND
_SLACK_HZ = 1000
"""A block ends 1 ms before a piece of the device does, so that it need not wait for the next."""
_MOST_BENT = 0.01
"""By how much the pitch may change while a place is made up for: a sixth of a semitone."""


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """A block of a microphone."""

    samples: Samples
    """``(960,)``."""
    capture_ns: int
    """When its first sample reached the microphone."""
    counted_ns: int = 0
    """The same by the device's own count of samples, at the rate that it claims: no clock's guess
    is in it."""


class Microphone(SoundDevice):
    """See the module. State, beside the device's: what was heard and not read, the next block."""

    def __init__(self, driver: Driver, line: InputLine) -> None:
        super().__init__(driver, line.rate)
        self._line = line
        self._resampler = Resampler(line.rate, RATE)
        self._nominal = line.rate / RATE
        self._next_ns: int | None = None
        self._taken = 0
        self._last_told_ns = 0
        self._last_count = 0
        self.lost = 0
        """Samples, at 48 kHz, that the device lost or that were read too late."""
        self.jumps = 0
        """How often reading went on elsewhere since drift could not explain where it was."""

    def read(self, now_ns: int) -> Captured | None:
        """The next block, or None while it is not whole."""
        self._driver.run(now_ns)
        self._take_in()
        if not self._clock.settled:
            return None
        if self._next_ns is None:
            self._begin()
        assert self._next_ns is not None
        self._skip_stale(now_ns)
        begin = self._clock.sample_at(self._next_ns)
        end = self._clock.sample_at(self._next_ns + BLOCK_NS)
        resampler = self._resampler
        jump = abs(begin - resampler.position) > _JUMP_NS * self._line.rate / SECOND
        step = (end - (begin if jump else resampler.position)) / BLOCK
        least, most = self._nominal * (1.0 - _MOST_BENT), self._nominal * (1.0 + _MOST_BENT)
        step = min(max(step, least), most)
        if resampler.end < max(begin, resampler.position) + BLOCK * step + resampler.half:
            return None
        if jump:
            self.jumps += 1
            samples = resampler.pull_from(begin, BLOCK, step)
        else:
            samples = resampler.pull(BLOCK, step)
        first = resampler.position - BLOCK * step
        captured = Captured(samples, self._next_ns, round(first * SECOND / self._line.rate))
        self._next_ns += BLOCK_NS
        return captured

    def ready_ns(self, now_ns: int) -> int:
        """When to try to read next: as the device is expected to give the end of a block."""
        soon = now_ns + _SOON_NS
        if self._next_ns is None or not self._last_count:
            return soon + 4 * _SOON_NS
        needed = self._clock.sample_at(self._next_ns + BLOCK_NS) + self._resampler.half
        pieces = -(-(needed - self._resampler.end) // self._last_count)
        piece_ns = self._last_count * SECOND // self._line.rate
        return max(soon, self._last_told_ns + int(pieces) * piece_ns)

    def _take_in(self) -> None:
        line = self._line
        while line.told:
            told = line.told.popleft()
            missing = self._clock.observe(told.first + self._missing, told.first_ns, lost=told.lost)
            self._missing += missing
            if missing:
                self.lost += missing * RATE // line.rate
                self._resampler.bridge(missing)
            end = told.first + told.samples
            # What was written over before we came is missing, too, but has its numbers; it is
            # stale, and counted as that.
            begin = max(told.first, line.ring.span[0])
            if begin < end:
                if begin > self._taken:
                    self._resampler.bridge(begin - self._taken)
                self._resampler.push(line.ring.read(begin, end - begin))
                self._taken = end
            self._last_told_ns, self._last_count = told.now_ns, told.samples

    def _begin(self) -> None:
        """The first block is whole as soon as can be, and so as the device gives a piece."""
        start = -self._resampler.half
        if self._driver.settle_ns:
            start += self._resampler.end - self._last_count - self._line.rate // _SLACK_HZ
        self._next_ns = self._clock.time_of(start)
        self._resampler.position = self._clock.sample_at(self._next_ns)

    def _skip_stale(self, now_ns: int) -> None:
        assert self._next_ns is not None
        newest_ns = self._clock.time_of(self._resampler.end)
        behind_ns = newest_ns - self._next_ns - BLOCK_NS
        if behind_ns <= _STALE_NS:
            return
        # Not to where it is just not too old: a voice that begins late would stay so for seconds,
        # as whoever hears it waits for what comes as late again.
        blocks = behind_ns // BLOCK_NS
        self._next_ns += blocks * BLOCK_NS
        self.lost += blocks * BLOCK
