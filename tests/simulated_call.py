"""A sender, a network and a display in simulated time: what playout tests run against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from smooth_motion import MS, PERSON, SECOND, SmoothMotion

from presence.clock import SkewedClock
from presence.codec import vertex_errors
from presence.playout import Playout, Shown
from presence.pose import PoseSample

HOURS = 3600 * SECOND


def no_extra(seconds: float) -> float:
    return 0.0


@dataclass(frozen=True)
class Network:
    """Delays a frame by ``base``, an exponential ``jitter`` and ``extra(seconds)``, all in ms."""

    base_ms: float = 20.0
    jitter_ms: float = 2.0
    loss: float = 0.0
    copies: int = 1
    extra_ms: Callable[[float], float] = no_extra
    seed: int = 1

    def arrivals(self, captures: list[int]) -> list[tuple[int, int]]:
        """``(arrival, index)`` of what arrives, in the order of arrival, on the machine's clock."""
        random = np.random.default_rng(self.seed)
        out = []
        for k, at in enumerate(captures):
            for _ in range(self.copies):
                delay = self.base_ms + random.exponential(self.jitter_ms)
                delay += self.extra_ms((at - captures[0]) / SECOND)
                if random.random() >= self.loss:
                    out.append((at + round(delay * MS), k))
        return sorted(out)


@dataclass(frozen=True)
class Tick:
    """One display time, by the machine's clock, which is also the receiver's."""

    display_ns: int
    seconds: float
    """Since the sender began."""
    shown: Shown
    latency_ms: float
    """True: from the shown instant to its display."""


@dataclass
class Call:
    """One person sends to one display."""

    network: Network = field(default_factory=Network)
    clock: SkewedClock = field(default_factory=lambda: SkewedClock(5 * HOURS, 100.0))
    rate: float = 60.0
    display_rate: float = 90.0
    lead_ms: float = 30.0
    motion: SmoothMotion = field(default_factory=SmoothMotion)
    playout: Playout = field(default_factory=Playout)
    start_ns: int = 1_000 * SECOND

    def truth(self, sender_ns: int) -> PoseSample:
        return self.motion.at(sender_ns)

    def run(
        self,
        seconds: float,
        *,
        until: float | None = None,
        clock_at: Callable[[float], SkewedClock] | None = None,
    ) -> Iterator[Tick]:
        """The display's ticks while the sender sends for ``seconds`` (the display ``until``)."""
        captures = [
            self.start_ns + round(k * SECOND / self.rate) for k in range(round(seconds * self.rate))
        ]
        waiting = self.network.arrivals(captures)[::-1]
        display_ns = self.start_ns + 3 * MS
        while display_ns < self.start_ns + (until or seconds) * SECOND:
            now_ns = display_ns - round(self.lead_ms * MS)
            while waiting and waiting[-1][0] <= now_ns:
                arrival_ns, k = waiting.pop()
                at = (captures[k] - self.start_ns) / SECOND
                clock = clock_at(at) if clock_at else self.clock
                sample = self.truth(clock.from_machine_ns(captures[k]))
                self.playout.push(sample, k, arrival_ns)
            shown = self.playout.show(display_ns, now_ns)
            at = (display_ns - self.start_ns) / SECOND
            if shown is not None:
                clock = clock_at(at) if clock_at else self.clock
                latency = (display_ns - clock.to_machine_ns(shown.sender_ns)) / MS
                yield Tick(display_ns, at, shown, latency)
            display_ns += round(SECOND / self.display_rate)


def errors_mm(call: Call, ticks: list[Tick]) -> np.ndarray:
    """Every virtual vertex of every tick against the truth at the instant on show."""
    return 1000 * np.concatenate(
        [
            vertex_errors(tick.shown.sample, call.truth(tick.shown.sender_ns), PERSON)
            for tick in ticks
        ]
    )


def freeze_ratio(ticks: list[Tick]) -> float:
    """How often the shown data is over 50 ms older than usual."""
    ages = np.array([tick.latency_ms for tick in ticks])
    return float(np.mean(ages > np.median(ages) + 50.0))
