"""The in-memory carrier: two ends in one process, with a lossy network between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from presence.clock import SECOND, Clock
from presence.transport.carrier import check_length
from presence.transport.lossy import PERFECT, Conditions, LossyPath


class MemoryCarrier:
    """One end of a :func:`memory_pair`. State: the path to the other end, and a timer for it."""

    def __init__(
        self, path: LossyPath, clock: Clock, loop: asyncio.AbstractEventLoop | None
    ) -> None:
        """Use :func:`memory_pair`, which makes both ends."""
        self.on_bundle: Callable[[bytes, int], None] | None = None
        self.on_ready: Callable[[], None] | None = None
        self.on_closed: Callable[[], None] | None = None
        self.path = path
        self._clock = clock
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._other: MemoryCarrier | None = None
        self._was_full = False

    @property
    def name(self) -> str:
        """``memory``."""
        return "memory"

    @property
    def ready(self) -> bool:
        """Whether a bundle sent now would leave now."""
        return self._other is not None and self.path.free(self._clock.now_ns())

    @property
    def budget_bps(self) -> float | None:
        """None: the path itself says when it is full."""
        return None

    @property
    def loss(self) -> float | None:
        """None: as on a data channel, nobody says."""
        return None

    def send(self, bundle: bytes) -> bool:
        """Send a bundle; False: closed, or the narrowest hop is busy."""
        check_length(bundle)
        if self._other is None:
            return False
        now_ns = self._clock.now_ns()
        sent = self.path.push(now_ns, bundle)
        self._was_full = not self.path.free(now_ns)
        self._arm()
        return sent

    def deliver(self) -> None:
        """Hand what has arrived by now to the other end, and say if this end is ready again.

        Called by a timer, if the pair was made with an event loop; else by the test, which moves
        the clock.
        """
        now_ns = self._clock.now_ns()
        for bundle in self.path.pop_due(now_ns):
            other = self._other
            if other is not None and other.on_bundle is not None:
                other.on_bundle(bundle, now_ns)
        if self._was_full and self.ready:
            self._was_full = False
            if self.on_ready is not None:
                self.on_ready()
        self._arm()

    async def close(self) -> None:
        """Close both ends."""
        other, self._other = self._other, None
        if other is None:
            return
        self._disarm()
        if self.on_closed is not None:
            self.on_closed()
        await other.close()

    def _arm(self) -> None:
        """Have :meth:`deliver` called when something is next due."""
        self._disarm()
        if self._loop is None or self._other is None:
            return
        due = [] if (next_ns := self.path.next_due_ns()) is None else [next_ns]
        if self._was_full:
            due.append(self.path.free_at_ns)
        if due:
            wait_s = max(0, min(due) - self._clock.now_ns()) / SECOND
            self._timer = self._loop.call_later(wait_s, self.deliver)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def memory_pair(
    clock: Clock,
    there: Conditions = PERFECT,
    back: Conditions = PERFECT,
    *,
    seed: int = 0,
    loop: asyncio.AbstractEventLoop | None = None,
) -> tuple[MemoryCarrier, MemoryCarrier]:
    """Two carriers, each of which hears what the other sends.

    Args:
        clock: Stamps arrivals, and says when a bundle is due.
        there: What happens from the first carrier to the second.
        back: What happens from the second to the first.
        seed: Of the losses, delays and reorderings.
        loop: Delivers by timers; it must run at the clock's rate. None: the caller moves a manual
            clock and calls :meth:`MemoryCarrier.deliver` itself.
    """
    first = MemoryCarrier(LossyPath(there, seed), clock, loop)
    second = MemoryCarrier(LossyPath(back, seed + 1), clock, loop)
    first._other, second._other = second, first
    return first, second
