"""How many bits a second there were of late.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from collections import deque

from presence.clock import SECOND


class RateMeter:
    """Counts over a sliding window. State: what fell into it, and when the first did."""

    def __init__(self, window_ns: int) -> None:
        """Count over so long."""
        self._window_ns = window_ns
        self._counted: deque[tuple[int, int]] = deque()
        self._bytes = 0
        self._first_ns: int | None = None

    def add(self, size: int, at_ns: int) -> None:
        """So many bytes, at a time that is not much earlier than the last one."""
        if self._first_ns is None:
            self._first_ns = at_ns
        self._counted.append((at_ns, size))
        self._bytes += size
        self._forget(at_ns)

    def bps(self, now_ns: int) -> float:
        """Bits a second over the window that ends now; over less, if it began later."""
        self._forget(now_ns)
        if self._first_ns is None:
            return 0.0
        # A window with hardly anything in it would make any one packet a torrent.
        span_ns = min(self._window_ns, max(now_ns - self._first_ns, self._window_ns // 4))
        return self._bytes * 8 * SECOND / span_ns

    def _forget(self, now_ns: int) -> None:
        counted = self._counted
        while counted and counted[0][0] <= now_ns - self._window_ns:
            self._bytes -= counted.popleft()[1]
