"""How often a figure lay within which bounds, in whole numbers that somebody reads now and then."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


class Histogram:
    """State: a count for each bound and one for what lies beyond, and the sum of all figures."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        """Nothing was counted yet; a figure counts for the first of the rising bounds that is as
        large.
        """
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def add(self, figure: float, times: int = 1) -> None:
        """Count a figure."""
        self.counts[bisect_left(self.bounds, figure)] += times
        self.total += figure * times
