"""How much may be on its way over TCP, so that nothing waits in buffers.

TCP takes whatever it is given and keeps it: in this machine's buffers, in those of proxies, of the
other machine. None of them can be asked. So the other end counts what came, and as long as the
oldest that is on its way took no longer than a round trip takes at best, with what its jitter
accounts for, and two frames more, nothing waits anywhere; once it does, no more is given until it
came.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from collections import deque

from presence.clock import MILLISECOND, SECOND
from presence.wire.forwarded import COUNT_PERIOD

COUNT_EVERY_NS = 10 * MILLISECOND
"""How long the receiving end may wait before it says how much came."""
SLACK_NS = 34 * MILLISECOND + COUNT_EVERY_NS
"""By how much a frame may be later than at best: two intervals between frames, since both of two
may get lost before a third overtakes them, and the counting."""
SLACK_MOST_NS = 150 * MILLISECOND
"""The same, whatever the jitter."""
_SPREAD = 4
"""Of delays that vary normally, the best of hundreds lies some three times the jitter below the
middle; with that of the slack, nearly all are less late than so many times the jitter."""
FIRST_GUESS_NS = 200 * MILLISECOND
"""A round trip, before one was measured."""
_BEST_OF_NS = 10 * SECOND
"""The best round trip is that of the last so long, up to twice it: paths change."""
_STEPS = 32
"""The jitter is by how much one round trip is shorter than that before it, in one of four of so
many pairs: for those that vary normally, about their deviation."""
_PAIR_NS = 60 * MILLISECOND
"""What left further apart is no pair: what waited for the one had gone before the other."""


class Trips:
    """What round trips take at best, and by how much they vary. State: the best, the newest."""

    def __init__(self) -> None:
        """None was measured."""
        self._best_ns: int | None = None
        self._best_before_ns: int | None = None
        self._turned_ns = 0
        self._last: tuple[int, int] | None = None
        """When the newest that was counted had been sent, and what it took."""
        self._steps: deque[int] = deque(maxlen=_STEPS)
        self.slack_ns = SLACK_NS
        """By how much a frame may be later than at best without having waited for anything."""

    @property
    def best_ns(self) -> int:
        """The best of late."""
        known = [ns for ns in (self._best_ns, self._best_before_ns) if ns is not None]
        return min(known, default=FIRST_GUESS_NS)

    def add(self, sent_ns: int, now_ns: int) -> None:
        """Something that was sent at a time has just been counted."""
        trip_ns = now_ns - sent_ns
        if now_ns - self._turned_ns > _BEST_OF_NS:
            self._best_before_ns, self._best_ns, self._turned_ns = self._best_ns, None, now_ns
        self._best_ns = trip_ns if self._best_ns is None else min(self._best_ns, trip_ns)
        last, self._last = self._last, (sent_ns, trip_ns)
        if last is None or not 0 < abs(sent_ns - last[0]) < _PAIR_NS:
            return
        # A queue that grows makes the later one later, so only that it is sooner says that delays
        # vary by themselves.
        step_ns = trip_ns - last[1]
        self._steps.append(step_ns if sent_ns > last[0] else -step_ns)
        jitter_ns = max(0, -sorted(self._steps)[len(self._steps) // 4])
        self.slack_ns = min(SLACK_MOST_NS, SLACK_NS + _SPREAD * jitter_ns)


class Window:
    """One direction of a connection. State: what is on its way."""

    def __init__(self) -> None:
        """Nothing is on its way."""
        self._sent = 0
        self._flying: deque[tuple[int, int]] = deque()
        """Up to which byte each frame goes, and when it was sent."""

    def __len__(self) -> int:
        return len(self._flying)

    @property
    def oldest_ns(self) -> int | None:
        """When the oldest was sent of what is on its way; None: nothing is."""
        return self._flying[0][1] if self._flying else None

    def sent(self, size: int, now_ns: int) -> None:
        """A frame of ``size`` bytes was sent."""
        self._sent += size
        self._flying.append((self._sent, now_ns))

    def counted(self, received: int) -> int | None:
        """The other end says that ``received`` bytes came, modulo 2³².

        Returns:
            When the newest of the frames was sent that had not been known to have come; None: there
            are none.
        """
        came = self._sent - (self._sent - received) % COUNT_PERIOD
        newest_ns: int | None = None
        while self._flying and self._flying[0][0] <= came:
            newest_ns = self._flying.popleft()[1]
        return newest_ns
