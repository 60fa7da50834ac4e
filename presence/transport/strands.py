"""Connections side by side, so that a segment which TCP lost holds up nothing but itself.

What was sent after a lost segment on the same connection waits until that was sent again, a round
trip later and more, though it came long ago. Between the same two machines other connections lose
other segments. So each frame leaves on one that has nothing on its way, or of all the youngest: the
frames after a lost one go past it, as datagrams do.

A connection that is held up by a loss is told from a queue, which makes all of them late alike, by
its having been overtaken: of frames that left later, on others, it is known that they came.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from presence.clock import MILLISECOND, SECOND
from presence.transport.window import Trips, Window

STRANDS = 6
"""Connections to a host, at most; a browser makes as many to one."""
FLYING_LIMIT = 256
"""Frames on their way on one of them, at most, whatever the time."""
PROBE_NS = 100 * MILLISECOND
"""When nothing is known to have come for so long, besides a round trip, a frame may leave all the
same, one in so long: TCP finds out late by itself that a path carries again."""
_SOONER = 4
"""Of the slack, so manieth part is what jitter may have one overtake another by: that something got
lost is better known well before all would count as late."""
STUCK_NS = SECOND
"""After so long TCP has sent a segment some three times, and waits ever longer to do it again."""


class Strands:
    """One direction of some connections. State: what is on its way on each."""

    def __init__(self) -> None:
        """There is no connection."""
        self._windows: dict[int, Window] = {}
        """In the order in which they were used last, the latest at the end."""
        self._trips = Trips()
        self._overtaker_ns = 0
        """When the newest frame was sent that is known to have come."""
        self._news_ns = 0
        """When it became known that anything came."""
        self._sent_ns = 0

    @property
    def round_trip_ns(self) -> int:
        """The best of late."""
        return self._trips.best_ns

    def opened(self, index: int) -> None:
        """There is a connection of that number, a new one if there was one before."""
        self._windows[index] = Window()

    def closed(self, index: int) -> None:
        """There is none any more."""
        self._windows.pop(index, None)

    def pick(self, now_ns: int) -> int | None:
        """The connection that a frame should leave on; None: it would wait, wherever."""
        best: tuple[int, int] | None = None
        late_ns = now_ns - self._trips.best_ns - self._trips.slack_ns
        overtaken_ns = self._overtaken_ns
        for index, window in self._windows.items():
            oldest_ns = window.oldest_ns
            if oldest_ns is None:
                oldest_ns = now_ns + 1
            elif len(window) >= FLYING_LIMIT:
                continue
            elif oldest_ns <= overtaken_ns:
                # Held up by a loss, or gone; the others say whether there is a queue besides.
                continue
            elif oldest_ns <= late_ns:
                return self._probe(now_ns)
            if best is None or oldest_ns > best[0]:
                best = oldest_ns, index
        return best[1] if best is not None else self._probe(now_ns)

    def stuck(self, now_ns: int) -> list[int]:
        """Those that were overtaken so long ago that a new connection would be there sooner."""
        overtaken_ns = min(self._overtaker_ns, now_ns - STUCK_NS)
        return [
            index
            for index, window in self._windows.items()
            if window.oldest_ns is not None and window.oldest_ns < overtaken_ns
        ]

    def sent(self, index: int, size: int, now_ns: int) -> None:
        """A frame of ``size`` bytes left on a connection that was picked."""
        window = self._windows.pop(index)
        self._windows[index] = window
        if not any(len(other) for other in self._windows.values()):
            # Nothing could have come while nothing was on its way.
            self._news_ns = now_ns
        self._sent_ns = now_ns
        window.sent(size, now_ns)

    def counted(self, index: int, received: int, now_ns: int) -> None:
        """The other end says that ``received`` bytes came on a connection, modulo 2³²."""
        window = self._windows.get(index)
        sent_ns = window.counted(received) if window is not None else None
        if sent_ns is None:
            return
        self._trips.add(sent_ns, now_ns)
        self._overtaker_ns = max(self._overtaker_ns, sent_ns)
        self._news_ns = now_ns

    @property
    def _overtaken_ns(self) -> int:
        """What was sent until then, and is not known to have come, was overtaken."""
        return self._overtaker_ns - self._trips.slack_ns // _SOONER

    def _probe(self, now_ns: int) -> int | None:
        """The connection for a frame that leaves though nothing is known to come."""
        silent_ns = now_ns - self._news_ns - self._trips.best_ns
        if not self._windows or min(silent_ns, now_ns - self._sent_ns) < PROBE_NS:
            return None
        # Those that are held up longest have waited longest to try again.
        youngest = max(self._windows.items(), key=lambda item: item[1].oldest_ns or now_ns)
        return youngest[0] if len(youngest[1]) < FLYING_LIMIT else None
