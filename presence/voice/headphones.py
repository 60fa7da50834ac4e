"""What is played to two ears: stereo blocks, and when each of them is heard.

Blocks are 48 kHz of the clock that is passed in, whatever rate the device has and however far from
it its crystal is: each sample of the device is read from the blocks at the place that is due when
that sample will be heard. So what is played stays where it is against what a microphone hears.

Blocks are asked for as late as can be (``wanted_ns``), since whatever waits is delay; a little
sooner each time that the device ran dry.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from presence.clock import MILLISECOND, SECOND
from presence.errors import UsageError
from presence.voice.block import BLOCK, RATE, Samples
from presence.voice.line import Driver, OutputLine
from presence.voice.resampler import Resampler
from presence.voice.seams import risen
from presence.voice.sound_device import SoundDevice

_LEAST_MARGIN_NS = 5 * MILLISECOND
"""How much sooner than needed a block is wanted: our thread may be late."""
_GREATEST_MARGIN_NS = 40 * MILLISECOND
_MORE_MARGIN_NS = 5 * MILLISECOND
"""With each time that the device ran dry."""
_REMEMBERED = 200
"""Of what the device told, to know how far ahead of hearing it asks."""
_JUMP_NS = 2 * MILLISECOND
"""Farther from when it should be heard than this, a block is heard when it is; less is drift."""
_MOST_BENT = 0.01
_TRY_NS = 5 * MILLISECOND


class Headphones(SoundDevice):
    """See the module. State, beside the device's: what waits, when the next block is heard."""

    def __init__(self, driver: Driver, line: OutputLine) -> None:
        super().__init__(driver, line.rate)
        self._line = line
        self._resampler = Resampler(RATE, line.rate, 2)
        self._nominal = RATE / line.rate
        self._end: int | None = None
        """The number of the device's sample that is written next."""
        self._zero_ns = 0
        """When the first sample of all blocks was, or would have been, heard."""
        self._leads: deque[int] = deque(maxlen=_REMEMBERED)
        self._lead_ns = 0
        self._margin_ns = _LEAST_MARGIN_NS
        self._dry_seen = 0
        self.jumps = 0
        """How often a block was not heard right after the last, as after running dry."""
        self.counted_ns = 0
        """Where the last block begins by the device's own count of samples, at the rate that it
        claims: no clock's guess is in it."""

    @property
    def dry(self) -> int:
        """How often the device ran dry, which is heard as a gap."""
        return self._line.dry

    @property
    def delay_ns(self) -> int:
        """How long before it is heard a block is wanted."""
        return self._lead_ns + self._margin_ns

    def wanted_ns(self, now_ns: int) -> int:
        """When to write the next block: no sooner, for it would wait, nor much later."""
        self._driver.run(now_ns)
        self._take_in()
        if not self._clock.settled:
            return now_ns + _TRY_NS
        if self._end is None or self._end < self._line.asked:
            return now_ns
        return self._clock.time_of(self._end + self._missing) - self.delay_ns

    def plays_ns(self, now_ns: int) -> int:
        """When a block that is written now will be heard."""
        if self._end is None or self._end < self._line.asked:
            return now_ns + self._lead_ns
        return self._clock.time_of(self._end + self._missing)

    def waiting(self, now_ns: int) -> int:
        """How many samples, at 48 kHz, were written and have not been heard yet."""
        if self._end is None:
            return 0
        left_ns = self._clock.time_of(self._end + self._missing) - now_ns
        return max(0, left_ns * RATE // SECOND)

    def write(self, block: Samples, now_ns: int) -> int:
        """Play the next block, stereo: ``(n, 2)``, at most 20 ms.

        Returns:
            When its first sample is heard.

        Raises:
            UsageError: it is no such block, or it was not wanted yet.
        """
        if block.ndim != 2 or not 0 < len(block) <= BLOCK or block.shape[1] != 2:
            raise UsageError(
                f"headphones play up to {BLOCK} samples for two ears, and this has the shape "
                f"{block.shape}: give what a mixer renders"
            )
        length = len(block)
        self._driver.run(now_ns)
        self._take_in()
        if not self._clock.settled:
            raise UsageError("the headphones have only just begun: ask them when they want a block")
        resampler = self._resampler
        at, place = self._place()
        resampler.push(np.asarray(block, dtype=np.float32))
        samples = self._clock.sample_at(self._due_ns(place + length)) - (at + self._missing)
        least, most = self._nominal * (1.0 - _MOST_BENT), self._nominal * (1.0 + _MOST_BENT)
        step = min(max(length / max(samples, 1.0), least), most)
        first = resampler.end - length
        count = at + self._missing + (first - place) / step
        heard_ns = self._clock.time_of(count)
        self.counted_ns = round(count * SECOND / self._line.rate)
        sound = resampler.pull(resampler.available(step), step)
        if at != self._end:
            sound = risen(sound)
            rest = self._line.rest(at)[: len(sound)]
            sound[: len(rest)] += rest
        room = self._line.ring.capacity - (at - self._line.asked)
        self._line.ring.write(at, sound[:room])
        self._end = at + len(sound[:room])
        return heard_ns

    def _due_ns(self, place: float) -> int:
        """When a place in the blocks should be heard."""
        return self._zero_ns + round(place * SECOND / RATE)

    def _place(self) -> tuple[int, float]:
        """Which sample of the device comes next, and which place in the blocks it is read from."""
        place = self._resampler.position
        dry = self._end is None or self._end < self._line.asked
        at = self._line.asked if dry or self._end is None else self._end
        will_ns = self._clock.time_of(at + self._missing)
        late_ns = will_ns - self._due_ns(place)
        if dry or abs(late_ns) > _JUMP_NS:
            self.jumps += self._end is not None
            self._zero_ns += late_ns
        return at, place

    def _take_in(self) -> None:
        line = self._line
        while line.told:
            told = line.told.popleft()
            first = told.first + self._missing
            self._missing += self._clock.observe(first, told.first_ns, lost=told.lost)
            self._leads.append(told.first_ns - told.now_ns + told.samples * SECOND // line.rate)
            self._lead_ns = max(self._leads)
        if line.dry > self._dry_seen:
            self._dry_seen = line.dry
            self._margin_ns = min(self._margin_ns + _MORE_MARGIN_NS, _GREATEST_MARGIN_NS)
