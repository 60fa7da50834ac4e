"""A network that loses, delays and reorders, as arithmetic: seeded, sans-IO, the same every time.

Losses come in bursts by Gilbert's two-state model (E. N. Gilbert, "Capacity of a burst-noise
channel", 1960): the path is either good, and delivers, or bad, and loses; from each state it moves
to the other with a fixed probability a bundle.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

from presence.clock import MILLISECOND, SECOND


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a path does to the bundles on it. The default is a perfect one."""

    loss: float = 0.0
    """Share of the bundles lost, 0 to below 1."""
    burst: float | None = None
    """Mean number of bundles lost in a row, at least 1; None: each is lost independently."""
    delay_ns: int = 0
    """What every bundle takes at least."""
    jitter_ns: int = 0
    """Mean of the further delay, exponentially distributed as that of a queue is."""
    spread_ns: int = 0
    """Standard deviation of a normal variation of the delay, which is never below 0 in all; bundles
    that are so much sooner overtake others."""
    trace: Callable[[int], int] | None = None
    """The further delay, in nanoseconds, of what is sent at a time; None: none."""
    reorder: float = 0.0
    """Share of the bundles that take a longer way round, so that later ones overtake them."""
    reorder_delay_ns: int = 20 * MILLISECOND
    """How much longer that way is."""
    duplicate: float = 0.0
    """Share of the bundles that arrive twice."""
    bytes_per_second: int | None = None
    """What the narrowest hop lets through; None: anything."""
    queue_ns: int | None = None
    """What the narrowest hop lets wait before it, as the time to pass it on, before it drops what
    comes; None: nothing waits there, and whoever sends is told that it is busy."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.loss < 1.0:
            raise ValueError(f"loss is a share from 0 to below 1, not {self.loss}")
        least = max(1.0, self.loss / (1.0 - self.loss))
        if self.burst is not None and self.burst < least:
            raise ValueError(
                f"a path that loses {self.loss:.0%} loses at least {least:.2f} bundles in a row "
                f"on average, not {self.burst}"
            )
        if self.bytes_per_second is not None and self.bytes_per_second <= 0:
            raise ValueError(f"a path lets some bytes through, not {self.bytes_per_second}")


PERFECT = Conditions()


class LossyPath:
    """One direction of a network. State: what is on its way, and whether the path is in a burst.

    Without ``reorder`` and ``spread_ns`` bundles arrive in the order in which they were sent,
    however much jitter there is, as they do on one route through one queue.
    """

    def __init__(self, conditions: Conditions = PERFECT, seed: int = 0) -> None:
        """Two paths of the same seed treat the same bundles alike."""
        self.conditions = conditions
        self._random = random.Random(seed)
        self._normal = random.Random(~seed)
        self._order = itertools.count()
        self._on_the_way: list[tuple[int, int, bytes]] = []
        self._last_due_ns = 0
        self._lost_now = False
        self.free_at_ns = 0
        """When the narrowest hop has passed on what it was given."""
        self.pushed = 0
        self.lost = 0
        self.duplicated = 0
        self.reordered = 0

    def free(self, now_ns: int) -> bool:
        """Whether a bundle pushed now would be taken."""
        return now_ns >= self.free_at_ns or self.conditions.queue_ns is not None

    def push(self, now_ns: int, bundle: bytes, size: int | None = None) -> bool:
        """Send a bundle on its way; False: the narrowest hop is busy, and nothing was queued.

        Args:
            now_ns: The time.
            bundle: What arrives in the end.
            size: Bytes that it takes on the way; None: as many as it has.
        """
        if not self.free(now_ns):
            return False
        # Every bundle draws the same number of random numbers, so that a change of one condition
        # leaves the fate of every bundle under the others as it was.
        draw = self._random.random
        fate, queueing, detour, again = draw(), self._random.expovariate(1.0), draw(), draw()
        conditions = self.conditions
        self.pushed += 1
        left_ns = now_ns
        if conditions.bytes_per_second is not None:
            waits_ns = max(0, self.free_at_ns - now_ns)
            if conditions.queue_ns is not None and waits_ns > conditions.queue_ns:
                self.lost += 1
                return True
            passed_on = len(bundle) if size is None else size
            left_ns += waits_ns + passed_on * SECOND // conditions.bytes_per_second
            self.free_at_ns = left_ns
        if self._loses(fate):
            self.lost += 1
            return True
        taken_ns = conditions.delay_ns + round(conditions.jitter_ns * queueing)
        if conditions.trace is not None:
            taken_ns += conditions.trace(now_ns)
        if conditions.spread_ns:
            taken_ns = max(0, taken_ns + round(self._normal.gauss(0.0, conditions.spread_ns)))
            due_ns = left_ns + taken_ns
        else:
            due_ns = max(left_ns + taken_ns, self._last_due_ns)
        if detour < conditions.reorder:
            self.reordered += 1
            due_ns += conditions.reorder_delay_ns
        else:
            self._last_due_ns = max(due_ns, self._last_due_ns)
        self._add(due_ns, bundle)
        if again < conditions.duplicate:
            self.duplicated += 1
            self._add(due_ns, bundle)
        return True

    def pop_due(self, now_ns: int) -> list[bytes]:
        """What has arrived by now, in the order of arrival."""
        arrived = []
        while self._on_the_way and self._on_the_way[0][0] <= now_ns:
            arrived.append(heapq.heappop(self._on_the_way)[2])
        return arrived

    def next_due_ns(self) -> int | None:
        """When the next bundle arrives; None: nothing is on its way."""
        return self._on_the_way[0][0] if self._on_the_way else None

    def _add(self, due_ns: int, bundle: bytes) -> None:
        heapq.heappush(self._on_the_way, (due_ns, next(self._order), bundle))

    def _loses(self, fate: float) -> bool:
        """Move Gilbert's chain one bundle on; whether that bundle is lost."""
        loss, burst = self.conditions.loss, self.conditions.burst
        if burst is None:
            return fate < loss
        probability = 1.0 - 1.0 / burst if self._lost_now else loss / (burst * (1.0 - loss))
        self._lost_now = fate < probability
        return self._lost_now
