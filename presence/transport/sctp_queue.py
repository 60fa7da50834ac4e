"""Whether packets of a data channel wait on their way, by SCTP's own acknowledgements.

SCTP says how long the oldest packet that nobody acknowledged is on its way, and how long one takes
there and back; no ping could tell sooner. Neither is public, so the names that aiortc has for them
are here alone. Where they are missing, nothing ever seems to wait.

Sans-IO: the times are passed in.
"""

from __future__ import annotations

from typing import Any

from presence.clock import MILLISECOND, SECOND
from presence.transport.lowest import Lowest

SLACK_NS = 50 * MILLISECOND
"""Longer than the best round trip by so much, and by jitter, is a queue."""
JITTERS = 6
"""So many times the least variation of the round trip of late is jitter,"""
JITTER_LIMIT_NS = 120 * MILLISECOND
"""but no more than this."""
UNKNOWN_TRIP_NS = 200 * MILLISECOND
"""What a round trip is taken for until there was one."""
TRICKLE_NS = 100 * MILLISECOND
"""Once in so long something leaves all the same, so that an outage is over when it is over."""
STUBBORN_NS = SECOND
"""A queue that so little does not empty in so long is none, but a way that takes longer."""


class SctpQueue:
    """The way of one association. State: the best round trip of late, and what left when."""

    def __init__(self, association: Any) -> None:
        """Judge the way of an association of aiortc's."""
        self._association = association
        self._trip = Lowest()
        self._variation = Lowest()
        self._sent_ns: int | None = None
        self._long_since_ns: int | None = None
        """Since when round trips take longer than they should."""

    def sent(self, now_ns: int) -> None:
        """Something leaves."""
        self._sent_ns = now_ns

    def full(self, now_ns: int, wall_s: float) -> bool:
        """Whether what left waits somewhere, so that more had better not leave now.

        Args:
            now_ns: The time.
            wall_s: The same by the clock that the association stamps packets by, in seconds.
        """
        self._learn(now_ns)
        age_ns = oldest_age_ns(self._association, wall_s)
        if age_ns is None or age_ns <= self._limit_ns():
            return False
        return self._sent_ns is not None and now_ns - self._sent_ns < TRICKLE_NS

    def _learn(self, now_ns: int) -> None:
        trip_s = getattr(self._association, "_srtt", None)
        variation_s = getattr(self._association, "_rttvar", None)
        if trip_s is None or variation_s is None:
            return
        trip_ns = round(trip_s * SECOND)
        if self._trip.value is None or trip_ns <= self._limit_ns():
            self._long_since_ns = None
        elif self._long_since_ns is None:
            self._long_since_ns = now_ns
        elif now_ns - self._long_since_ns >= STUBBORN_NS:
            # Between packets that so little leaves of, all is acknowledged, and that says nothing;
            # how long they take there and back does.
            self._trip.forget()
            self._variation.forget()
            self._long_since_ns = None
        self._trip.add(trip_ns, now_ns)
        self._variation.add(round(variation_s * SECOND), now_ns)

    def _limit_ns(self) -> int:
        trip_ns, variation_ns = self._trip.value, self._variation.value
        if trip_ns is None or variation_ns is None:
            return UNKNOWN_TRIP_NS + SLACK_NS
        return trip_ns + SLACK_NS + min(JITTERS * variation_ns, JITTER_LIMIT_NS)


def oldest_age_ns(association: Any, wall_s: float) -> int | None:
    """How long the oldest packet has been on its way that none overtook; None: there is none.

    What was overtaken by another that came is lost, or a detour's, and says nothing about a queue.
    """
    oldest_s: float | None = None
    for chunk in reversed(getattr(association, "_sent_queue", ())):
        if getattr(chunk, "_acked", False):
            break
        sent_s = getattr(chunk, "_sent_time", None)
        if sent_s is not None and not getattr(chunk, "_abandoned", False):
            oldest_s = sent_s
    return None if oldest_s is None else round((wall_s - oldest_s) * SECOND)
