"""Spreads packets out, so that a burst does not queue on the way where the path is narrow.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from presence.clock import SECOND

BURST_BYTES = 3 * 1250
"""What may leave at once: three packets of the greatest size."""
NARROW_SECONDS = 0.1
"""Where the rate is small, no more than it allows in so long,"""
NARROW_BYTES = 300
"""or this: what leaves at once waits before a narrow hop. One packet may always, however long."""
BURST_SECONDS = 0.005
"""Where the rate is large, what it allows in so long may."""


class Pacer:
    """A bucket that fills with time and empties with bytes. State: what is in it."""

    def __init__(self, now_ns: int) -> None:
        """Nothing left yet."""
        self._bytes = float(BURST_BYTES)
        self._since_ns = now_ns
        self._bytes_a_second = 0.0

    def allow(self, bps: float, now_ns: int) -> None:
        """From now on so many bits may leave a second."""
        self._fill(now_ns)
        self._bytes_a_second = bps / 8.0

    def ready(self, now_ns: int) -> bool:
        """Whether a packet may leave now."""
        self._fill(now_ns)
        return self._bytes > 0.0

    def ready_in_ns(self) -> int:
        """How long after it was last asked a packet may leave."""
        if self._bytes > 0.0 or not self._bytes_a_second:
            return 0
        return 1 + int((1.0 - self._bytes) / self._bytes_a_second * SECOND)

    def sent(self, size: int) -> None:
        """A packet of so many bytes left."""
        self._bytes -= size

    def _fill(self, now_ns: int) -> None:
        rate = self._bytes_a_second
        narrow = max(NARROW_BYTES, NARROW_SECONDS * rate) if rate else BURST_BYTES
        most = max(min(narrow, BURST_BYTES), BURST_SECONDS * rate)
        filled = rate * (now_ns - self._since_ns) / SECOND
        self._bytes = min(most, self._bytes + filled)
        self._since_ns = now_ns
