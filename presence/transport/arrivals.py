"""A receiver's notes of which packets came and when, and the reports that it makes of them.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from collections import deque

from presence.clock import MILLISECOND
from presence.transport.feedback import REPORT_LIMIT, Feedback, offset_of, report_time
from presence.transport.rtp import SEQUENCE_PERIOD
from presence.wire.unwrap import unwrap

REPORT_INTERVAL_NS = 50 * MILLISECOND
TOLD_TIMES = 3
"""In how many reports each packet is told of: a lost report is made up for, and a packet that was
overtaken has so long to come."""


class Arrivals:
    """Packets of one stream. State: when the newest came, and where the last reports ended."""

    def __init__(self) -> None:
        """Nothing came yet."""
        self._came: dict[int, int] = {}
        """By restored sequence number, within what the next report tells of."""
        self._begins: deque[int] = deque(maxlen=TOLD_TIMES)
        """What each of the last reports told of for the first time began here, oldest first."""
        self._newest: int | None = None
        self._news = False

    def came(self, sequence: int, now_ns: int) -> None:
        """A packet came; ``sequence`` is the number that it bears, modulo 2¹⁶."""
        if self._newest is None:
            self._newest = sequence
            self._begins.append(sequence)
        number = unwrap(sequence, SEQUENCE_PERIOD, self._newest)
        if number < self._begins[0]:
            return  # So late that its sender takes it for lost already.
        self._newest = max(self._newest, number)
        # Of a packet that came twice, the first arrival counts.
        self._came.setdefault(number, now_ns)
        self._news = True

    def report(self, sender: int, stream: int, now_ns: int) -> Feedback | None:
        """What came of late; None: nothing since the last report."""
        if self._newest is None or not self._news:
            return None
        begin = max(self._begins[0], self._newest + 1 - REPORT_LIMIT)
        numbers = range(begin, self._newest + 1)
        times = [self._came.get(number) for number in numbers]
        self._news = False
        self._begins.append(self._newest + 1)
        oldest = self._begins[0]
        self._came = {number: ns for number, ns in self._came.items() if number >= oldest}
        return Feedback(
            sender=sender,
            stream=stream,
            begin=begin % SEQUENCE_PERIOD,
            time=report_time(now_ns),
            offsets=tuple(None if ns is None else offset_of(ns, now_ns) for ns in times),
        )
