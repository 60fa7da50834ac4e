"""Who hears a room: what waits to leave to them, and what gives way when their path is full.

Sans-IO but for the carrier that it is given: the time is passed in.
"""

from __future__ import annotations

from collections.abc import Mapping

from presence.clock import MILLISECOND
from presence.relay.source import Outlet
from presence.relay.thinning import Thinning
from presence.transport.carrier import Carrier
from presence.transport.gate import Gate
from presence.wire.bundle import BUNDLE_LIMIT, LENGTH_BYTES, pack_bundles
from presence.wire.envelope import Envelope, decode_envelope

NARROW_HOLD_NS = 12 * MILLISECOND
"""For so long bundles to those may fill whose path is narrow: a datagram itself costs them as much
as a pose."""


class Listener:
    """One receiver. State: what leaves next, and what waits because it could not leave."""

    def __init__(self, stream: int, carrier: Carrier) -> None:
        """Nothing is to leave yet."""
        self.stream = stream
        self.carrier = carrier
        self.thinning = Thinning()
        self.gate = Gate()
        self.later: list[bytes] = []
        """Framed envelopes that leave with the next bundle."""
        self.at_once: list[bytes] = []
        """Those before which nothing else leaves."""
        self.forwarded = 0
        """Envelopes that left."""
        self.bundles = 0
        self._left_ns = 0
        self._waiting = False
        """Whether something is in the gate: asking that itself costs more than a bundle does."""

    def outlet(self, stream: int) -> Outlet:
        """What a source needs to know of this receiver."""
        return Outlet(self.thinning.sent(stream), self.later.append, self.at_once.append)

    def flush(self, headers: Mapping[bytes, Envelope], now_ns: int) -> None:
        """Send what is to leave; what cannot waits in the gate.

        Args:
            headers: Of the framed envelopes that came since the last flush, the headers.
            now_ns: The time.
        """
        if self.at_once:
            leaving = self.at_once + self.later
            self.at_once.clear()
        elif self.thinning.cut and self._may_fill(now_ns):
            return
        else:
            leaving = self.later.copy()
        self.later.clear()
        self._left_ns = now_ns
        if self._waiting:
            self._wait(leaving, headers, now_ns)
            return
        bundle = b"".join(leaving)
        if len(bundle) > BUNDLE_LIMIT:
            self._send_several(leaving, headers, now_ns)
        elif self.carrier.send(bundle):
            self.forwarded += len(leaving)
            self.bundles += 1
        else:
            self._wait(leaving, headers, now_ns)

    def _may_fill(self, now_ns: int) -> bool:
        if now_ns - self._left_ns >= NARROW_HOLD_NS:
            return False
        return sum(map(len, self.later)) < BUNDLE_LIMIT * 3 // 4

    def _send_several(
        self, leaving: list[bytes], headers: Mapping[bytes, Envelope], now_ns: int
    ) -> None:
        """More is to leave than one bundle holds."""
        begin = size = 0
        for at, one in enumerate([*leaving, None]):
            size += BUNDLE_LIMIT + 1 if one is None else len(one)
            if size <= BUNDLE_LIMIT:
                continue
            if not self.carrier.send(b"".join(leaving[begin:at])):
                self._wait(leaving[begin:], headers, now_ns)
                return
            self.forwarded += at - begin
            self.bundles += 1
            begin, size = at, 0 if one is None else len(one)

    def drain(self) -> None:
        """Send what waits in the gate, as far as the carrier takes it."""
        if not self._waiting:
            return
        while len(self.gate) and self.carrier.ready:
            taken = self.gate.take()
            (bundle,) = pack_bundles(taken)
            if self.carrier.send(bundle):
                self.forwarded += len(taken)
                self.bundles += 1
        self._waiting = len(self.gate) > 0

    def waited_ns(self, now_ns: int) -> int:
        """For how long what has waited longest in the gate has waited; 0 if nothing waits."""
        return self.gate.oldest_age_ns(now_ns) if self._waiting else 0

    def offer(self, data: bytes, header: Envelope, now_ns: int) -> None:
        """Send an envelope, not framed, in its turn with what waits."""
        self.gate.offer(data, header, now_ns)
        self._waiting = True

    def _wait(self, leaving: list[bytes], headers: Mapping[bytes, Envelope], now_ns: int) -> None:
        for framed in leaving:
            data = framed[LENGTH_BYTES:]
            # One that was held back for a bundle to fill is noted no more.
            header = headers.get(framed) or decode_envelope(data)
            self.gate.offer(data, header, now_ns)
        self._waiting = True
        # Asking is what has a carrier say when it is ready.
        if self.carrier.ready:
            self.drain()
