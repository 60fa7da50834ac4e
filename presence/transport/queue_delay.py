"""How long packets wait in queues on the way, from when they left and when they came.

The two clocks have nothing to do with each other, so only how much longer a packet took than the
quickest of late means anything. Jitter makes single packets late, a queue makes all of them late:
so what counts is the median of the newest packets. Even without a queue that lies above the
quickest, by the more, the more one packet differs from the next.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from presence.clock import MILLISECOND
from presence.transport.lowest import Lowest

NEWEST_NS = 200 * MILLISECOND
NEWEST_COUNT = 8
"""The median is of the packets of so long, and of at least so many."""
_JITTER_SMOOTHING = 40
"""The jitter moves by one part in so many towards that of the newest packets, twenty times a
second."""
_SPREAD = 3
"""The quickest of thousands of packets is so many times the jitter below their median, if delays
vary normally."""


class QueueDelay:
    """The queue on one way. State: the newest packets, the quickest of late, and the jitter."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._newest: deque[tuple[int, int]] = deque()
        """When each packet left, and how much later it came, by different clocks."""
        self._quickest = Lowest()
        self._median = 0
        self._jitter: float | None = None

    @property
    def known(self) -> bool:
        """Whether enough packets came to say anything."""
        return self._jitter is not None

    @property
    def jitter_ns(self) -> int:
        """By how much the delay of a packet differs from that of the next, as the median is."""
        return round(self._jitter or 0.0)

    @property
    def now_ns(self) -> int:
        """How long packets wait now; 0 while nothing is known."""
        quickest = self._quickest.value
        if quickest is None or self._jitter is None:
            return 0
        return max(0, self._median - quickest - _SPREAD * self.jitter_ns)

    def add(self, taken: list[tuple[int, int]]) -> None:
        """Packets came: when each left, and when it came, in the order of leaving."""
        newest = self._newest
        for sent_ns, arrived_ns in taken:
            newest.append((sent_ns, arrived_ns - sent_ns))
            self._quickest.add(arrived_ns - sent_ns, sent_ns)
        if len(newest) < NEWEST_COUNT:
            return
        last_ns = newest[-1][0]
        while len(newest) > NEWEST_COUNT and newest[0][0] < last_ns - NEWEST_NS:
            newest.popleft()
        delays = sorted(delay for _, delay in newest)
        self._median = delays[len(delays) // 2]
        steps = sorted(abs(later - earlier) for (_, earlier), (_, later) in pairwise(newest))
        step = steps[len(steps) // 2]
        if self._jitter is None:
            self._jitter = float(step)
        self._jitter += (step - self._jitter) / _JITTER_SMOOTHING

    def accept(self) -> None:
        """What packets take now is what the way takes, and no queue."""
        self._quickest.forget()
        for sent_ns, delay in self._newest:
            self._quickest.add(delay, sent_ns)
