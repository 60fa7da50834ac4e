"""The lowest of some measure of late, without keeping every value.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from collections import deque

from presence.clock import SECOND

_BUCKET_NS = 2 * SECOND
_BUCKETS = 10


class Lowest:
    """The lowest value of the last 20 s or so. State: the lowest of each two seconds."""

    def __init__(self) -> None:
        """There was none yet."""
        self._lows: deque[tuple[int, int]] = deque(maxlen=_BUCKETS)
        """By stretch of time: its number, and the lowest value in it."""

    @property
    def value(self) -> int | None:
        """The lowest value; None: there was none."""
        return min(low for _, low in self._lows) if self._lows else None

    def add(self, value: int, now_ns: int) -> None:
        """Another value."""
        bucket = now_ns // _BUCKET_NS
        if self._lows and self._lows[-1][0] >= bucket:
            number, low = self._lows[-1]
            self._lows[-1] = number, min(low, value)
        else:
            self._lows.append((bucket, value))

    def forget(self) -> None:
        """What was before counts no more."""
        self._lows.clear()
