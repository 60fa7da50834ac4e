"""The RTP carrier of somebody who sends very many packets: the same on the wire, for less.

What differs from :class:`~presence.transport.rtp_carrier.RtpCarrier` is that congestion control
looks at samples, that pacing is reckoned in place, and that a packet is written where it is
encrypted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from presence.clock import SECOND, Clock
from presence.errors import EnvelopeError
from presence.relay.port_path import PortPath
from presence.relay.sampled import SampledCongestion
from presence.transport.arrivals import REPORT_INTERVAL_NS, Arrivals
from presence.transport.carrier import check_length
from presence.transport.direct_srtp import DirectSrtpPath
from presence.transport.feedback import TIME_PERIOD, TIME_UNITS, decode_report, encode_feedback
from presence.transport.ice import Connection
from presence.transport.pacer import BURST_BYTES, BURST_SECONDS
from presence.transport.rtp import TIMESTAMP_RATE, decode_rtp
from presence.transport.rtp_offer import RtpOffer, first_sequence
from presence.transport.shedding import PACKET_BYTES
from presence.wire.bundle import BUNDLE_LIMIT

_BURST_S = 3 * BURST_SECONDS
"""What the rate allows in so long may leave at once: a room's people all speak within a tick."""
_LONGEST_SIZE = BUNDLE_LIMIT + PACKET_BYTES
_TICK_NS = 2 * REPORT_INTERVAL_NS
"""A relay has many to report to, and each sends it little."""
_HEAR = 90 * TIME_UNITS // 1000
"""Of the reports that come every 50 ms every other is looked at: each packet is told of in
three."""
_EARLY_LIMIT = 64

log = logging.getLogger(__name__)


def fan_carrier(connection: Connection, own: RtpOffer, other: RtpOffer, clock: Clock) -> FanCarrier:
    """What :class:`~presence.transport.peer.Peer` is given to make a relay's RTP carrier by."""
    path = PortPath(connection, own.payload_type)
    return FanCarrier(path, own, other, clock, asyncio.get_running_loop())


def guest_carrier(
    connection: Connection, own: RtpOffer, other: RtpOffer, clock: Clock
) -> FanCarrier:
    """The same for one who hears very many packets, and reports on them as participants do."""
    path = DirectSrtpPath(connection, own.payload_type)
    loop = asyncio.get_running_loop()
    return FanCarrier(path, own, other, clock, loop, tick_ns=REPORT_INTERVAL_NS)


class FanCarrier:
    """Bundles over RTP, one a packet. State: the sequence, the budget, what came, and timers."""

    name = "rtp"

    def __init__(
        self,
        path: DirectSrtpPath | PortPath,
        own: RtpOffer,
        other: RtpOffer,
        clock: Clock,
        loop: asyncio.AbstractEventLoop | None,
        *,
        tick_ns: int = _TICK_NS,
    ) -> None:
        """Carry bundles over a path that may not be open yet.

        Args:
            path: Its callbacks become this carrier's.
            own: What this side said of its stream.
            other: What the other side said of theirs.
            clock: Stamps arrivals, and says how time passes.
            loop: Runs the timers; None: the caller calls :meth:`tick` itself.
            tick_ns: How often what came is reported.
        """
        self.on_ready: Callable[[], None] | None = None
        self.on_closed: Callable[[], None] | None = None
        self.on_open: Callable[[], None] | None = None
        self.malformed = 0
        """Packets that were no bundle of the other side's, and reports that were none."""
        self._path = path
        self._own = own
        self._other = other
        self._now = clock.now_ns
        self._loop = loop
        self._tick_s = tick_ns / SECOND
        now_ns = clock.now_ns()
        self._congestion = SampledCongestion(now_ns)
        self._arrivals = Arrivals()
        self._sequence = first_sequence()
        self._bucket = float(BURST_BYTES)
        self._filled_ns = now_ns
        self._bytes_a_ns = 0.0
        self._most = float(BURST_BYTES)
        self._allow()
        self._heard = -1
        """When the newest report that was looked at was made."""
        self._ticked_ns = now_ns
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._closed = False
        self._on_bundle: Callable[[bytes, int], None] | None = None
        self._early: list[tuple[bytes, int]] = []
        """Bundles that came before anybody listened."""
        path.on_open = self._opened
        path.on_closed = self._path_closed
        path.on_rtp = self._received
        path.on_rtcp = self._reported

    @property
    def on_bundle(self) -> Callable[[bytes, int], None] | None:
        """Takes each bundle, and when it arrived; what came before it was set comes first."""
        return self._on_bundle

    @on_bundle.setter
    def on_bundle(self, on_bundle: Callable[[bytes, int], None] | None) -> None:
        self._on_bundle = on_bundle
        if self._early and self._loop is not None:
            self._loop.call_soon(self._hand_over)

    @property
    def ready(self) -> bool:
        """Whether a bundle sent now would leave now; if not, ``on_ready`` will be called."""
        if self._closed or not self._path.open:
            return False
        self._fill(self._now())
        if self._bucket > 0.0:
            return True
        if self._waiting is None and self._loop is not None and self._bytes_a_ns:
            wait_s = (1.0 - self._bucket) / self._bytes_a_ns / SECOND
            self._waiting = self._loop.call_later(wait_s, self._paced)
        return False

    @property
    def budget_bps(self) -> float | None:
        """Bits a second that the path carries, all counted that is put around a bundle."""
        return self._congestion.budget_bps

    @property
    def loss(self) -> float | None:
        """The share of packets that get lost on the way; None while too few were sent to say."""
        return self._congestion.loss

    def send(self, bundle: bytes) -> bool:
        """Send a bundle; False: closed, or it is not time yet."""
        size = len(bundle) + PACKET_BYTES
        if size > _LONGEST_SIZE:
            check_length(bundle)
        now_ns = self._now()
        bucket = self._bucket + (now_ns - self._filled_ns) * self._bytes_a_ns
        self._filled_ns = now_ns
        if bucket > self._most:
            bucket = self._most
        if bucket <= 0.0 or self._closed or not self._path.open:
            self._bucket = bucket
            # Asking is what has on_ready called.
            return self.ready and self.send(bundle)
        self._sequence = sequence = self._sequence + 1
        padding = self._congestion.sent(sequence, size, now_ns)
        self._bucket = bucket - size - padding
        self._path.send_bundle(
            sequence, now_ns * TIMESTAMP_RATE // SECOND, self._own.ssrc, bundle, padding
        )
        return True

    async def close(self) -> None:
        """Stop; the connection under it is its :class:`Peer`'s to close."""
        self._path_closed()

    def tick(self) -> None:
        """Report what came since the last report, and reckon with what was reported."""
        now_ns = self._now()
        feedback = self._arrivals.report(self._own.ssrc, self._other.ssrc, now_ns)
        if feedback is not None:
            self._path.send_rtcp(encode_feedback(feedback))
        held_up = now_ns - self._ticked_ns > 2 * _TICK_NS
        self._ticked_ns = now_ns
        if not held_up:
            # After a while in which this process itself did not run, the reports that came
            # meanwhile are yet to be read; that they are late says nothing about the path.
            self._congestion.tick(now_ns)
        self._fill(now_ns)
        self._allow()

    def _allow(self) -> None:
        self._bytes_a_ns = self._congestion.pace_bps / 8.0 / SECOND
        self._most = max(BURST_BYTES, _BURST_S * SECOND * self._bytes_a_ns)

    def _fill(self, now_ns: int) -> None:
        filled = self._bucket + (now_ns - self._filled_ns) * self._bytes_a_ns
        self._bucket = min(filled, self._most)
        self._filled_ns = now_ns

    def _opened(self) -> None:
        if self._closed:
            return
        self._tick_regularly()
        if self.on_open is not None:
            self.on_open()

    def _tick_regularly(self) -> None:
        if self._loop is not None and not self._closed:
            self._timer = self._loop.call_later(self._tick_s, self._tick_regularly)
            self.tick()

    def _paced(self) -> None:
        self._waiting = None
        if self.ready and self.on_ready is not None:
            self.on_ready()

    def _received(self, data: bytes) -> None:
        now_ns = self._now()
        try:
            packet = decode_rtp(data)
        except EnvelopeError:
            self.malformed += 1
            return
        if packet.ssrc != self._other.ssrc or packet.payload_type != self._other.payload_type:
            self.malformed += 1
            return
        self._arrivals.came(packet.sequence, now_ns)
        if not packet.payload:
            return
        if self._on_bundle is None or self._early:
            if not self._closed and len(self._early) < _EARLY_LIMIT:
                self._early.append((packet.payload, now_ns))
            return
        self._on_bundle(packet.payload, now_ns)

    def _hand_over(self) -> None:
        early, self._early = self._early, []
        for bundle, arrival_ns in early:
            if self._on_bundle is not None:
                self._on_bundle(bundle, arrival_ns)

    def _reported(self, data: bytes) -> None:
        # By the time that the report bears: when this process was held up, many come at once, and
        # the newest of them says most.
        made = int.from_bytes(data[-4:], "big")
        if (made - self._heard) % TIME_PERIOD < _HEAR and self._heard >= 0:
            return
        try:
            report = decode_report(data)
        except EnvelopeError:
            self.malformed += 1
            return
        if (report.sender, report.stream) != (self._other.ssrc, self._own.ssrc):
            self.malformed += 1
            return
        self._heard = made
        now_ns = self._now()
        self._congestion.heard(report, now_ns)
        self._fill(now_ns)
        self._allow()

    def _path_closed(self) -> None:
        self._closed = True
        self._early.clear()
        for timer in (self._timer, self._waiting):
            if timer is not None:
                timer.cancel()
        self._timer = self._waiting = None
        on_closed, self.on_closed = self.on_closed, None
        if on_closed is not None:
            on_closed()
