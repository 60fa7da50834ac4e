"""What a voice says of its person's mouth, as the media process tells the view."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

import numpy as np

from presence.client.records import Spoke
from presence.clock import MILLISECOND, SECOND
from presence.pose.arrays import Floats
from presence.pose.face import SHAPE_COUNT

_KEPT = 64
"""Blocks of 20 ms."""
_HOLD_NS = 60 * MILLISECOND
"""For so long past the newest word of it a mouth stays as it was."""
_CLOSE_NS = 120 * MILLISECOND
"""In so long it closes then."""
_VOICED_NS = 2 * SECOND
"""Who was heard this long ago still moves the mouth by voice …"""
_FADE_NS = SECOND // 2
"""… and turns back within so long into whatever else is known of it."""
_REST: Floats = np.zeros(SHAPE_COUNT)


class Mouth:
    """One person's. State: what was said of it lately."""

    def __init__(self) -> None:
        """Nothing was said of it."""
        self._times: deque[int] = deque(maxlen=_KEPT)
        self._spoke: deque[Spoke] = deque(maxlen=_KEPT)

    def tell(self, spoke: Spoke) -> None:
        """Take in another 20 ms; of former ones the newest count."""
        while self._times and self._times[-1] >= spoke.at_ns:
            self._times.pop()
            self._spoke.pop()
        self._times.append(spoke.at_ns)
        self._spoke.append(spoke)

    def shapes_at(self, sender_ns: int) -> tuple[Floats, float]:
        """How the mouth is at an instant of the sender's time, and how much that counts.

        Returns:
            ``(52,)`` ARKit coefficients, and from 0 (no voice is heard) to 1.
        """
        if not self._times:
            return _REST, 0.0
        after = bisect_right(self._times, sender_ns)
        if after == 0:
            return _REST, 0.0
        before_ns, spoke = self._times[after - 1], self._spoke[after - 1]
        passed_ns = sender_ns - before_ns
        if after < len(self._times) and self._times[after] - before_ns <= _HOLD_NS:
            share = passed_ns / (self._times[after] - before_ns)
            return spoke.lips + share * (self._spoke[after].lips - spoke.lips), 1.0
        closing = min(max((passed_ns - _HOLD_NS) / _CLOSE_NS, 0.0), 1.0)
        counts = min(max((_VOICED_NS + _FADE_NS - passed_ns) / _FADE_NS, 0.0), 1.0)
        return (1.0 - closing) * spoke.lips, counts

    def level_at(self, sender_ns: int) -> float:
        """How loud the person speaks at an instant of their time, 0 (silent) to 1."""
        after = bisect_right(self._times, sender_ns)
        if after == 0 or sender_ns - self._times[after - 1] > _HOLD_NS:
            return 0.0
        return self._spoke[after - 1].level
