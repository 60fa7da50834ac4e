"""How much of a stream gets lost, counted by its sequence numbers."""

from __future__ import annotations

from collections import deque

from presence.clock import SECOND

WINDOW_NS = 5 * SECOND
"""The share lost is that of so long before now. In a shorter time hardly anything may be lost by
chance (in two seconds at 5 %, one time in twenty), and repeating would stop."""
SETTLE = 6
"""The newest so many numbers are not judged yet: what is missing of them may be on its way. What
comes after them is as good as lost, though over TCP all comes."""
LEAST = 30
"""Of fewer numbers than these no share is stated: one loss would seem many."""
OUTAGE = 60
"""So many numbers missing in a row are an outage, or a sender who began anew, and no loss."""


class LossMeter:
    """Counts one stream. State: the numbers that came of late, and when the newest came.

    It counts what the path delivered: a frame that came twice came, one that came a little late did
    too.
    """

    def __init__(self) -> None:
        self._came: set[int] = set()
        self._marks: deque[tuple[int, int]] = deque()
        """When the newest number grew and to what, oldest first; the first is the window's edge."""
        self._settled = 0
        """All numbers up to this one are out of the window."""

    def heard(self, sequence: int, now_ns: int) -> None:
        """An envelope came, in whatever order; ``sequence`` is its whole number."""
        newest = self._marks[-1][1] if self._marks else None
        if newest is None or sequence > newest + OUTAGE:
            # What came before this one may well have been sent before anybody listened.
            self._came = set()
            self._marks = deque([(now_ns, sequence)])
            self._settled = sequence
            return
        if sequence > max(self._settled, newest - SETTLE):
            self._came.add(sequence)
        if sequence > newest:
            self._marks.append((now_ns, sequence))
            self._forget(now_ns)

    def share(self, now_ns: int) -> float | None:
        """The share lost of late, from 0 to 1; None while too little came to say."""
        if not self._marks:
            return None
        self._forget(now_ns)
        judged = self._marks[-1][1] - SETTLE
        expected = judged - self._settled
        if expected < LEAST:
            return None
        came = sum(sequence <= judged for sequence in self._came)
        return 1.0 - came / expected

    def _forget(self, now_ns: int) -> None:
        """Move the window's edge on to what was the newest number :data:`WINDOW_NS` ago."""
        while len(self._marks) > 1 and self._marks[1][0] <= now_ns - WINDOW_NS:
            self._marks.popleft()
        edge = self._marks[0][1] - SETTLE
        if edge > self._settled:
            self._came.difference_update(range(self._settled + 1, edge + 1))
            self._settled = edge
