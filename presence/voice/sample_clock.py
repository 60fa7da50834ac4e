"""When a sample of a sound device is heard or was said, by this machine's clock.

A device counts samples by a crystal of its own, and tells the time of some of them now and then: as
it takes or gives a piece of sound. What it tells is never early, but late by however long our
thread waited to be run. So the device is to us what a sender is to a receiver, and the same mapping
serves: the line under all that came late (:mod:`presence.playout.clock_map`). A delay-locked loop,
as sound servers have it (F. Adriaensen, "Using a DLL to filter time", 2005), follows the mean
instead, and so is late by the mean lateness, which changes with the load.
"""

from __future__ import annotations

from presence.clock import MILLISECOND, SECOND
from presence.playout.clock_map import ClockMap

_TOLD_LOSS_NS = 1 * MILLISECOND
"""Where the device says that it lost sound, being later than this is the loss."""
_RECHECK_NS = 300 * MILLISECOND
"""How long to see whether the first telling after a loss was itself late."""
_SILENT_LOSS_NS = 5 * MILLISECOND
_SILENT_LOSS_AFTER_NS = 500 * MILLISECOND
"""Where it says nothing, being later than that all the time for so long is."""


class SampleClock:
    """Sample numbers to times and back. State: what was told, and the line under it."""

    def __init__(self, rate: int, *, settle_ns: int = 100 * MILLISECOND) -> None:
        """``settle_ns``: how long to listen before the first answer, which is then not far off."""
        self._rate = rate
        self._settle_ns = settle_ns
        self._map = ClockMap()
        self._first: list[tuple[int, int]] = []
        self._about_ns = 0
        self._least_late: int | None = None
        self._late_since_ns = 0
        self._rechecking = False
        self._correction_ns = 0
        """What numbers that are not to be changed any more are off by."""

    @property
    def settled(self) -> bool:
        """Whether enough was told to answer."""
        return self._map.known

    @property
    def heard_of_ns(self) -> int:
        """The time of which it was told last."""
        return self._about_ns

    def observe(self, sample: int, told_ns: int, *, lost: bool = False) -> int:
        """Take in when a sample is heard or was said.

        Args:
            sample: its number.
            told_ns: its time, which may be late, but not early.
            lost: whether the device says that it lost sound before this.

        Returns:
            How many samples have gone missing: this one and all that follow have numbers that are
            so much higher.
        """
        device_ns = self._device_ns(sample)
        if not self._map.known:
            if self._first and told_ns - self._first[-1][1] > self._settle_ns // 2:
                # A device may be asked for a little and then pause before it really begins.
                self._first.clear()
            self._first.append((device_ns, told_ns))
            if told_ns - self._first[0][1] >= self._settle_ns:
                self._start()
            return 0
        self._about_ns = told_ns
        lateness = told_ns - device_ns - self._map.offset_at(told_ns)
        if self._rechecking and not lost:
            self._recheck(lateness, told_ns)
            return 0
        missing = self._missing(lateness, told_ns, lost)
        if not self._rechecking:
            self._map.observe(self._device_ns(sample + missing), told_ns)
        return missing

    def time_of(self, sample: float) -> int:
        """When a sample is heard or was said.

        Raises:
            ValueError: nothing was told yet; see ``settled``.
        """
        device_ns = self._device_ns(sample)
        time_ns = device_ns + self._map.offset_at(self._about_ns)
        # The offset is that of the answer, which is nearer each time; it changes by percents.
        for _ in range(3):
            time_ns = device_ns + self._map.offset_at(time_ns)
        return time_ns

    def sample_at(self, time_ns: int) -> float:
        """Which sample is heard or was said at a time: its number and the part beyond it.

        Raises:
            ValueError: nothing was told yet; see ``settled``.
        """
        return (self._map.sender_at(time_ns) - self._correction_ns) * (self._rate / SECOND)

    def _device_ns(self, sample: float) -> int:
        """What a clock shows that counts samples at the rate that the device claims."""
        return self._correction_ns + (
            (sample * SECOND + self._rate // 2) // self._rate
            if isinstance(sample, int)
            else round(sample * (SECOND / self._rate))
        )

    def _start(self) -> None:
        # The least late first, since a mapping starts where the first puts it.
        self._first.sort(key=lambda told: told[1] - told[0])
        for device_ns, told_ns in self._first:
            self._map.observe(device_ns, told_ns)
        self._about_ns = max(told_ns for _, told_ns in self._first)
        self._late_since_ns = self._about_ns
        self._first.clear()

    def _recheck(self, lateness: int, now_ns: int) -> None:
        """Learn how late the telling was by which a loss was judged."""
        if self._least_late is None or lateness < self._least_late:
            self._least_late = lateness
        if now_ns - self._late_since_ns >= _RECHECK_NS:
            self._correction_ns += self._least_late
            self._rechecking, self._least_late, self._late_since_ns = False, None, now_ns

    def _missing(self, lateness: int, now_ns: int, lost: bool) -> int:
        if lost and lateness > _TOLD_LOSS_NS:
            self._rechecking, self._least_late, self._late_since_ns = True, None, now_ns
            return round(lateness * self._rate / SECOND)
        if lateness <= _SILENT_LOSS_NS:
            self._least_late, self._late_since_ns = None, now_ns
            return 0
        if self._least_late is None or lateness < self._least_late:
            self._least_late = lateness
        if now_ns - self._late_since_ns < _SILENT_LOSS_AFTER_NS:
            return 0
        missing = round(self._least_late * self._rate / SECOND)
        self._least_late, self._late_since_ns = None, now_ns
        return missing
