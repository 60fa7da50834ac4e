"""How much may be on its way over TCP, so that nothing waits in buffers.

TCP takes whatever it is given and keeps it: in this machine's buffers, in those of proxies, of the
other machine. None of them can be asked. So the other end counts what came, and as long as the
oldest that is on its way took no longer than a round trip takes at best, and a frame more, nothing
waits anywhere; once it does, no more is given until it came.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from collections import deque

from presence.clock import MILLISECOND, SECOND
from presence.wire.forwarded import COUNT_PERIOD

COUNT_EVERY_NS = 10 * MILLISECOND
"""How long the receiving end may wait before it says how much came."""
SLACK_NS = 17 * MILLISECOND + COUNT_EVERY_NS
"""By how much a frame may be later than at best: an interval between frames, and the counting."""
FIRST_GUESS_NS = 200 * MILLISECOND
"""A round trip, before one was measured."""
_BEST_OF_NS = 10 * SECOND
"""The best round trip is that of the last so long, up to twice it: paths change."""
_FRAMES_LIMIT = 256
"""Frames on their way, at most, whatever the time."""


class Window:
    """One direction of a connection. State: what is on its way, and how long that takes at best."""

    def __init__(self) -> None:
        """Nothing is on its way."""
        self._sent = 0
        self._flying: deque[tuple[int, int]] = deque()
        """Up to which byte each frame goes, and when it was sent."""
        self._best_ns: int | None = None
        self._best_before_ns: int | None = None
        self._turned_ns = 0

    @property
    def round_trip_ns(self) -> int:
        """The best of late."""
        known = [ns for ns in (self._best_ns, self._best_before_ns) if ns is not None]
        return min(known, default=FIRST_GUESS_NS)

    def ready(self, now_ns: int) -> bool:
        """Whether what is sent now would wait for nothing."""
        if not self._flying:
            return True
        late_ns = now_ns - self._flying[0][1] - self.round_trip_ns
        return late_ns < SLACK_NS and len(self._flying) < _FRAMES_LIMIT

    def sent(self, size: int, now_ns: int) -> None:
        """A frame of ``size`` bytes was sent."""
        self._sent += size
        self._flying.append((self._sent, now_ns))

    def counted(self, received: int, now_ns: int) -> None:
        """The other end says that ``received`` bytes came, modulo 2³²."""
        came = self._sent - (self._sent - received) % COUNT_PERIOD
        newest_ns: int | None = None
        while self._flying and self._flying[0][0] <= came:
            newest_ns = self._flying.popleft()[1]
        if newest_ns is None:
            return
        if now_ns - self._turned_ns > _BEST_OF_NS:
            self._best_before_ns, self._best_ns, self._turned_ns = self._best_ns, None, now_ns
        trip_ns = now_ns - newest_ns
        self._best_ns = trip_ns if self._best_ns is None else min(self._best_ns, trip_ns)
