"""The RTP carrier: bundles as RTP packets on a connection's own way, paced by what it carries."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from presence.clock import SECOND, Clock
from presence.errors import EnvelopeError
from presence.transport.arrivals import REPORT_INTERVAL_NS, Arrivals
from presence.transport.carrier import check_length
from presence.transport.congestion import Congestion
from presence.transport.feedback import Report, decode_report, encode_feedback
from presence.transport.pacer import Pacer
from presence.transport.rtp import TIMESTAMP_RATE, decode_rtp, encode_rtp
from presence.transport.rtp_offer import RtpOffer, first_sequence
from presence.transport.shedding import PACKET_BYTES

_ANSWER_NS = 3 * SECOND
"""Who has been heard and sent to for so long must have reported something by then."""
_RARER = ((30_000.0, 4), (60_000.0, 2))
"""With a budget below this, only every so manieth report is made."""

log = logging.getLogger(__name__)


class Path(Protocol):
    """What carries the packets: :class:`~presence.transport.srtp.SrtpPath`, or a test's own."""

    open: bool
    """Whether packets can be sent."""
    on_open: Callable[[], None] | None
    on_closed: Callable[[], None] | None
    on_rtp: Callable[[bytes], None] | None
    on_rtcp: Callable[[bytes], None] | None

    def send_rtp(self, packet: bytes) -> None:
        """Send an RTP packet."""
        ...

    def send_rtcp(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        ...


class Budget(Protocol):
    """What sets the budget, by every packet or by samples of them."""

    @property
    def budget_bps(self) -> float:
        """Bits a second that may be sent, with all that is put around them on the path."""
        ...

    @property
    def pace_bps(self) -> float:
        """How fast packets may leave."""
        ...

    @property
    def loss(self) -> float | None:
        """The share of packets that got lost of late; None while too few were sent to say."""
        ...

    def unanswered_ns(self, now_ns: int) -> int:
        """For how long packets have been sent without any report; 0 once one came."""
        ...

    def sent(self, sequence: int, size: int, now_ns: int) -> int:
        """A packet of ``size`` bytes on the path leaves; gives how many bytes to add to it."""
        ...

    def heard(self, report: Report, now_ns: int) -> None:
        """The receiver reports."""
        ...

    def tick(self, now_ns: int) -> None:
        """Time has passed; to be called several times a second."""
        ...


class RtpCarrier:
    """Bundles over RTP, one a packet, one stream each way.

    The receiver reports every 50 ms what came and when; what that says about the path sets the
    budget, by which packets are paced and the link sheds. State: the sequence, the budget, what
    came, and timers.
    """

    early_limit = 16
    """Bundles that are kept until somebody listens."""

    def __init__(
        self,
        path: Path,
        own: RtpOffer,
        other: RtpOffer,
        clock: Clock,
        loop: asyncio.AbstractEventLoop | None,
        *,
        congestion: Budget | None = None,
        tick_ns: int = REPORT_INTERVAL_NS,
        ticks_a_report: int = 1,
    ) -> None:
        """Carry bundles over a path that may not be open yet.

        Args:
            path: Its callbacks become this carrier's.
            own: What this side said of its stream.
            other: What the other side said of theirs.
            clock: Stamps arrivals, and says how time passes.
            loop: Runs the timers; None: the caller calls :meth:`tick` itself.
            congestion: What sets the budget; None: every packet is looked at.
            tick_ns: How often :meth:`tick` is to be called.
            ticks_a_report: At every so manieth of them what came is reported, at most.
        """
        self.on_ready: Callable[[], None] | None = None
        self.on_closed: Callable[[], None] | None = None
        self.on_open: Callable[[], None] | None = None
        """Bundles can be sent from now on."""
        self.malformed = 0
        """Packets that were no bundle of the other side's, and reports that were none."""
        self._path = path
        self._own = own
        self._other = other
        self._now = clock.now_ns
        self._loop = loop
        self._tick_s = tick_ns / SECOND
        self._least_ticks = ticks_a_report
        now_ns = clock.now_ns()
        self._congestion: Budget = congestion or Congestion(now_ns)
        self._pacer = Pacer(now_ns)
        self._allow(now_ns)
        self._arrivals = Arrivals()
        self._sequence = first_sequence()
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._ticks = 0
        self._closed = False
        self._on_bundle: Callable[[bytes, int], None] | None = None
        self._early: list[tuple[bytes, int]] = []
        """Bundles that came before anybody listened."""
        self._warned = False
        self._heard_ns: int | None = None
        """When the first packet came."""
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
            # Not at once: who sets this is not done setting.
            self._loop.call_soon(self._hand_over)

    @property
    def name(self) -> str:
        """``rtp``."""
        return "rtp"

    @property
    def ready(self) -> bool:
        """Whether a bundle sent now would leave now; if not, ``on_ready`` will be called."""
        if self._closed or not self._path.open:
            return False
        if self._may_leave(self._now()):
            return True
        if self._waiting is None and self._loop is not None:
            wait_s = self._leaves_in_ns() / SECOND
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
        check_length(bundle)
        if not self.ready:
            return False
        now_ns = self._now()
        size = len(bundle) + PACKET_BYTES
        self._sequence += 1
        padding = self._congestion.sent(self._sequence, size, now_ns)
        self._pacer.sent(size + padding)
        self._path.send_rtp(
            encode_rtp(
                self._own.payload_type,
                self._sequence,
                now_ns * TIMESTAMP_RATE // SECOND,
                self._own.ssrc,
                bundle,
                padding,
            )
        )
        return True

    async def close(self) -> None:
        """Stop; the connection under it is its :class:`Peer`'s to close."""
        self._path_closed()

    def tick(self) -> None:
        """Report what came since the last report, and reckon with what was reported.

        Called by a timer, if the carrier was made with an event loop.
        """
        now_ns = self._now()
        self._ticks += 1
        if self._ticks % self._ticks_a_report() == 0:
            self._report(now_ns)
        self._reckon(now_ns)

    def _reckon(self, now_ns: int) -> None:
        """Time has passed for what sets the budget."""
        self._congestion.tick(now_ns)
        self._allow(now_ns)
        if self._warned or self._heard_ns is None:
            return
        if min(now_ns - self._heard_ns, self._congestion.unanswered_ns(now_ns)) > _ANSWER_NS:
            self._warned = True
            log.warning(
                "the other participant does not report what arrives, so next to nothing is sent "
                "to them; check that they run a version of presence that fits this one"
            )

    def _ticks_a_report(self) -> int:
        """Reports go the same way as what is sent; where that is narrow, they are fewer."""
        budget_bps = min(self._congestion.budget_bps, self._congestion.pace_bps)
        rarer = next((ticks for limit, ticks in _RARER if budget_bps < limit), 1)
        return max(rarer, self._least_ticks)

    def _report(self, now_ns: int) -> None:
        feedback = self._arrivals.report(self._own.ssrc, self._other.ssrc, now_ns)
        if feedback is not None:
            self._path.send_rtcp(encode_feedback(feedback))

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
        if self._heard_ns is None:
            self._heard_ns = now_ns
        self._arrivals.came(packet.sequence, now_ns)
        if not packet.payload:
            return
        if self._on_bundle is None or self._early:
            if not self._closed and len(self._early) < self.early_limit:
                self._early.append((packet.payload, now_ns))
            return
        self._on_bundle(packet.payload, now_ns)

    def _hand_over(self) -> None:
        early, self._early = self._early, []
        for bundle, arrival_ns in early:
            if self._on_bundle is not None:
                self._on_bundle(bundle, arrival_ns)

    def _reported(self, data: bytes) -> None:
        try:
            report = decode_report(data)
        except EnvelopeError:
            self.malformed += 1
            return
        if (report.sender, report.stream) != (self._other.ssrc, self._own.ssrc):
            self.malformed += 1
            return
        now_ns = self._now()
        self._congestion.heard(report, now_ns)
        self._allow(now_ns)

    def _allow(self, now_ns: int) -> None:
        """What may leave is what the budget says now."""
        self._pacer.allow(self._congestion.pace_bps, now_ns)

    def _may_leave(self, now_ns: int) -> bool:
        return self._pacer.ready(now_ns)

    def _leaves_in_ns(self) -> int:
        return self._pacer.ready_in_ns()

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
