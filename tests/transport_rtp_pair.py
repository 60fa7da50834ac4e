"""Two RTP carriers in one process, under a clock moved by hand, with a lossy network between."""

from presence.clock import MILLISECOND, SECOND, ManualClock
from presence.transport.arrivals import REPORT_INTERVAL_NS
from presence.transport.link import TICK_NS, Link
from presence.transport.lossy import PERFECT, LossyPath
from presence.transport.rtp_carrier import RtpCarrier
from presence.transport.rtp_offer import RtpOffer

AROUND_RTP, AROUND_RTCP = 44, 48
"""What IPv4, UDP and SRTP put around a packet; SRTCP has an index besides."""


class MemoryPath:
    """One end: packets as they are, by a LossyPath."""

    def __init__(self, clock, network):
        self.on_open = self.on_closed = self.on_rtp = self.on_rtcp = None
        self.open = True
        self.clock = clock
        self.network = network
        self.other = None
        self.sent = []
        self.mute_reports = False

    def send_rtp(self, packet):
        self.sent.append((self.clock.now_ns(), len(packet) + AROUND_RTP))
        self.network.push(self.clock.now_ns(), packet, len(packet) + AROUND_RTP)

    def send_rtcp(self, packet):
        if not self.mute_reports:
            self.network.push(self.clock.now_ns(), packet, len(packet) + AROUND_RTCP)

    def deliver(self):
        for packet in self.network.pop_due(self.clock.now_ns()):
            self.other.take(packet)

    def take(self, packet):
        taker = self.on_rtcp if packet[1] >= 192 else self.on_rtp
        taker(packet)


class RtpPair:
    """Both ends, and a link on each if wanted. State: the clock, and what is due."""

    def __init__(self, there=PERFECT, back=PERFECT, seed=0):
        self.clock = ManualClock(100 * SECOND)
        self.paths = [
            MemoryPath(self.clock, LossyPath(there, seed)),
            MemoryPath(self.clock, LossyPath(back, seed + 1)),
        ]
        self.paths[0].other, self.paths[1].other = reversed(self.paths)
        ours, theirs = RtpOffer(97, 11), RtpOffer(97, 22)
        self.carriers = [
            RtpCarrier(self.paths[0], ours, theirs, self.clock, None),
            RtpCarrier(self.paths[1], theirs, ours, self.clock, None),
        ]
        self._report_ns = self._tick_ns = self.clock.now_ns()
        self.links = []

    def link(self, heard, other_heard, numbers):
        first, second = self.carriers
        ignore = lambda end: None  # noqa: E731
        self.links = [
            Link(1, 2, first, self.clock, heard, ignore, control_numbers=numbers),
            Link(2, 1, second, self.clock, other_heard, ignore, control_numbers=numbers),
        ]
        return self.links

    def step(self, step_ns=MILLISECOND):
        """Let a moment pass."""
        self.clock.advance(step_ns)
        now = self.clock.now_ns()
        for path in self.paths:
            path.deliver()
        if now >= self._report_ns:
            self._report_ns += REPORT_INTERVAL_NS
            for carrier in self.carriers:
                carrier.tick()
        if now >= self._tick_ns:
            self._tick_ns += TICK_NS
            for link in self.links:
                link.tick()
        for link in self.links:
            link.flush()
