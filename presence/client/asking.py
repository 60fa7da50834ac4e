"""What to ask a sender for when something of theirs is missing, and how often."""

from __future__ import annotations

from presence.clock import MILLISECOND
from presence.wire.control import GoldenRequest, RepairRequest
from presence.wire.envelope import SEQUENCE_PERIOD

ASK_AGAIN_NS = 100 * MILLISECOND
"""How long to wait for an answer to a request before asking again."""
REPAIRS = 2
"""How often one reference frame is asked for before a golden is, which replaces it."""


class Asker:
    """Asks one sender for frames. State: what was asked for last, when, and how often."""

    def __init__(self, stream: int) -> None:
        """Nothing was asked for yet; ``stream`` is the sender's."""
        self._stream = stream
        self._missing = -1
        self._asked = 0
        self._asked_ns: int | None = None
        self._golden_ns: int | None = None

    def ask(
        self, missing: int, now_ns: int, *, in_touch: bool
    ) -> RepairRequest | GoldenRequest | None:
        """The request to send now, if any.

        Args:
            missing: the reference frame without which nothing newer can be decoded.
            now_ns: by any clock.
            in_touch: whether that frame may be all that is missing; else only a golden helps.
        """
        if missing != self._missing:
            self._missing, self._asked, self._asked_ns = missing, 0, None
        if self._asked_ns is not None and now_ns - self._asked_ns < ASK_AGAIN_NS:
            return None
        if in_touch and self._asked < REPAIRS:
            self._asked += 1
            self._asked_ns = now_ns
            return RepairRequest(self._stream, missing % SEQUENCE_PERIOD)
        if self._golden_ns is not None and now_ns - self._golden_ns < ASK_AGAIN_NS:
            return None
        self._golden_ns = now_ns
        return GoldenRequest(self._stream)
