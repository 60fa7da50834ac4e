"""How long to wait for frames: the smallest delay that recent arrivals would have been covered by.

At any moment the newest received frame is some way behind the fastest frame possible: by its own
lateness just after it came, growing until the next comes. A delay covers the moment if it is
longer than that. Counting time, rather than frames, takes lateness, the frame interval and loss
into account alike.
"""

from __future__ import annotations

import numpy as np

from presence.compiled import compiled
from presence.playout.clock_map import ClockMap

_MOST = 1024
_FEWEST = 20
_HALVINGS = 10
"""Of the search for the delay: they bring it within a thousandth of the longest wait."""


class Cover:
    """Chooses the delay. State: the arrivals that brought something newer, in the last seconds."""

    def __init__(self, window_ns: int, outage_ns: int) -> None:
        self._window_ns = window_ns
        self._outage_ns = outage_ns
        # A ring of (arrival, stamp of the newest frame before it, time since the arrival before).
        self._ring = np.zeros((_MOST, 3), dtype=np.int64)
        self._count = 0
        self._newest: tuple[int, int] | None = None

    def observe(self, sender_ns: int, arrival_ns: int) -> None:
        """Take in a frame that was stamped ``sender_ns`` and came at ``arrival_ns``."""
        if self._newest is not None:
            newest_ns, at_ns = self._newest
            if sender_ns <= newest_ns:
                return
            waited_ns = arrival_ns - at_ns
            if 0 <= waited_ns <= self._outage_ns:
                self._ring[self._count % _MOST] = arrival_ns, newest_ns, waited_ns
                self._count += 1
        self._newest = (sender_ns, arrival_ns)

    def clear(self) -> None:
        """Forget everything: the sender restarted."""
        self._count = 0
        self._newest = None

    def delay_ns(self, clock: ClockMap, uncovered: float) -> int | None:
        """The least delay behind the fastest frames for which ``uncovered`` of the time is not.

        None while there are too few arrivals to choose by.
        """
        if self._newest is None or self._count < _FEWEST:
            return None
        known = self._ring[: self._count]
        known = known[known[:, 0] >= self._newest[1] - self._window_ns]
        if not len(known):
            return None
        arrivals, newest, waited = known.T
        # How far behind the newest frame had fallen when the next one came.
        behind = (arrivals - clock.offsets_at(arrivals) - newest).astype(np.float64)
        return round(float(shortest_delay(behind, waited.astype(np.float64), uncovered)))


@compiled
def shortest_delay(behind, waited, uncovered):
    """The least delay that would not have sufficed for at most ``uncovered`` of the time waited.

    Args:
        behind: ``(n,)`` how far behind the newest frame was when the next one came.
        waited: ``(n,)`` for how long it had been the newest by then.
        uncovered: a part, 0 to 1.
    """
    allowed = uncovered * waited.sum()
    low, high = 0.0, behind.max()
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        missed = 0.0
        for k in range(len(behind)):
            missed += min(max(behind[k] - middle, 0.0), waited[k])
        if missed > allowed:
            low = middle
        else:
            high = middle
    return high
