"""What one sender's stream weighs, so that what less of it would weigh is known beforehand.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

import math

from presence.clock import SECOND
from presence.wire.bundle import LENGTH_BYTES
from presence.wire.envelope import HEADER_LENGTH, Envelope, Kind
from presence.wire.relaying import Sections, Want

_WINDOW_NS = SECOND


class Meter:
    """Bytes and envelopes a second. State: what came since the last reckoning, and the rates."""

    def __init__(self, now_ns: int) -> None:
        """Nothing came yet."""
        self._since_ns = self._began_ns = now_ns
        self._fresh = [0.0] * 6
        self._rates = [0.0] * 6

    def add(self, size: int, header: Envelope) -> None:
        """An envelope of ``size`` bytes came."""
        fresh = self._fresh
        if header.kind != Kind.POSE:
            fresh[4] += size + LENGTH_BYTES
            return
        core = LENGTH_BYTES + HEADER_LENGTH + len(header.core)
        at = 0 if header.reference else 2
        fresh[at] += core
        fresh[at + 1] += len(header.detail)
        if at:
            fresh[5] += 1

    def fold(self, now_ns: int) -> None:
        """Reckon the rates anew; to be called several times a second."""
        passed_ns = now_ns - self._since_ns
        if passed_ns <= 0:
            return
        # Weighed by what of the window has been seen, so that the first second counts in full.
        seen_ns = min(_WINDOW_NS, now_ns - self._began_ns)
        share = (
            1.0 - math.exp(-passed_ns / _WINDOW_NS)
            if seen_ns == _WINDOW_NS
            else (passed_ns / seen_ns)
        )
        for at, fresh in enumerate(self._fresh):
            rate = fresh * SECOND / passed_ns
            self._rates[at] += share * (rate - self._rates[at])
        self._fresh = [0.0] * 6
        self._since_ns = now_ns

    def bytes_a_second(self, want: Want) -> float:
        """What so much of the stream weighs, without what is put around bundles."""
        reference, reference_detail, core, detail, other, _ = self._rates
        weight = other
        if want.pose:
            weight += reference
            if want.sections >= Sections.REFERENCES:
                weight += reference_detail
            if want.divisor:
                weight += core / want.divisor
                if want.sections == Sections.ALL:
                    weight += detail / want.divisor
        return weight
