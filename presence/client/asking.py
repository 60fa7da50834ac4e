"""What to ask a sender for when something of theirs is missing, and how often."""

from __future__ import annotations

from presence.clock import MILLISECOND
from presence.wire.control import GoldenRequest, RepairRequest
from presence.wire.envelope import SEQUENCE_PERIOD

ROUND_TRIP_NS = 80 * MILLISECOND
"""What is taken for the round trip until it is known."""
LEAST_NS = 60 * MILLISECOND
"""How long to wait for an answer at least: the sender takes requests closer together for one."""
TWICE_NS = 10 * MILLISECOND
"""So long after a request it goes once more, if nothing came: it may be lost, and is small."""
REPAIRS = 2
"""How often repairs are asked for in vain before a golden is."""


class Asker:
    """Asks one sender for frames. State: what was asked for last, when, and how often in vain."""

    def __init__(self, stream: int) -> None:
        """Nothing was asked for yet; ``stream`` is the sender's."""
        self._golden = GoldenRequest(stream)
        self._stream = stream
        self._known: int | None = None
        self._vain = 0
        self._missing: int | None = None
        """What was asked for last; None: a golden, or nothing."""
        self._asked_ns: int | None = None
        self._twice = False

    def ask(
        self,
        missing: int,
        known: int | None,
        now_ns: int,
        *,
        in_touch: bool,
        round_trip_ns: int | None = None,
    ) -> RepairRequest | GoldenRequest | None:
        """The request to send now, if any.

        Args:
            missing: the reference frame without which nothing newer can be decoded.
            known: the newest reference frame that was decoded; None if none was.
            now_ns: by any clock.
            in_touch: whether few frames may be all that is missing; else only a golden helps.
            round_trip_ns: to the sender and back, if it is known.
        """
        if known != self._known:
            self._known, self._vain = known, 0
            if self._missing is None:
                # The golden came.
                self._asked_ns = None
        mends = in_touch and self._vain < REPAIRS
        if self._asked_ns is not None and self._missing in (None, missing):
            since_ns = now_ns - self._asked_ns
            if since_ns < answer_ns(round_trip_ns):
                if self._twice or since_ns < TWICE_NS:
                    return None
                self._twice = True
                return self._golden if self._missing is None else self._repair(missing)
        self._asked_ns, self._twice = now_ns, False
        self._vain += 1
        self._missing = missing if mends else None
        return self._repair(missing) if mends else self._golden

    def _repair(self, missing: int) -> RepairRequest:
        known = missing if self._known is None else self._known
        return RepairRequest(self._stream, missing % SEQUENCE_PERIOD, known % SEQUENCE_PERIOD)


def answer_ns(round_trip_ns: int | None) -> int:
    """How long to wait for an answer: a round trip, and a quarter for its variation."""
    trip_ns = ROUND_TRIP_NS if round_trip_ns is None else round_trip_ns
    return max(LEAST_NS, trip_ns * 5 // 4)
