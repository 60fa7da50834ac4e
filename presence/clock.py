"""Clocks: integer nanoseconds, passed in.

Nothing below ``transport`` reads a clock; whoever runs a stage passes ``now_ns`` to it. The
machine's monotonic clock is the truth that every process on one machine shares.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

MILLISECOND = 1_000_000
SECOND = 1_000_000_000


class Clock(Protocol):
    """Something that tells the time in nanoseconds since an arbitrary epoch, never backwards."""

    def now_ns(self) -> int:
        """The time now."""
        ...


class MonotonicClock:
    """The machine's monotonic clock, the same for every process on the machine."""

    def now_ns(self) -> int:
        """The time now."""
        return time.monotonic_ns()


@dataclass(frozen=True, slots=True)
class SkewedClock:
    """A clock that is offset from, and drifts against, the machine's own.

    Two machines never agree on the time; tests and the demo give each participant one of these,
    so that nothing works only because two processes share a machine.
    """

    offset_ns: int = 0
    drift_ppm: float = 0.0
    """Parts per million by which this clock runs fast."""

    def now_ns(self) -> int:
        """The time now, by this clock."""
        return self.from_machine_ns(time.monotonic_ns())

    def from_machine_ns(self, machine_ns: int) -> int:
        """What this clock shows when the machine's clock shows ``machine_ns``."""
        return machine_ns + self.offset_ns + round(machine_ns * self.drift_ppm / 1e6)

    def to_machine_ns(self, own_ns: int) -> int:
        """What the machine's clock shows when this clock shows ``own_ns``."""
        return round((own_ns - self.offset_ns) / (1.0 + self.drift_ppm / 1e6))


@dataclass(slots=True)
class ManualClock:
    """A clock that a test moves by hand. State: the time it shows."""

    time_ns: int = 0

    def now_ns(self) -> int:
        """The time that was last set."""
        return self.time_ns

    def advance(self, by_ns: int) -> None:
        """Move the clock forward; raises ValueError on a negative step."""
        if by_ns < 0:
            raise ValueError(f"a clock never goes backwards, but was asked to by {by_ns} ns")
        self.time_ns += by_ns
