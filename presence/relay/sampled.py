"""Congestion control over many packets, reckoned from a few of them.

What :class:`~presence.transport.congestion.Congestion` does for each packet costs more than sending
it. A relay sends each receiver hundreds a second, and fifty samples tell as much of a path's queue
and loss as a mesh's sixty frames do. So of what leaves within 20 ms one packet stands for all:
its size is theirs together, its fate is theirs.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from presence.clock import MILLISECOND, SECOND
from presence.transport.congestion import HEADROOM, Congestion
from presence.transport.feedback import Report
from presence.transport.rate import RateMeter
from presence.transport.rtp import SEQUENCE_PERIOD
from presence.wire.unwrap import unwrap

START_BPS = 1_000_000.0
"""What is tried at first: some two dozen people. It doubles each second that it is used; to begin
with much more than a path carries would fill a long queue before the first report of it came."""
OVER_BPS = 400_000.0
"""So much may always be tried once the receiver has reported;"""
OVER = 2.0
"""else at most so many times what got through in the last second. A person's stream can fill no
path by much, whatever its budget; a room's could, for as long as the first reports of it take."""
LOSSY = 0.2
"""If such a share gets lost, which a hop would do that drops what is over its rate,"""
OVER_IF_LOSSY = 1.2
"""only so many times as much."""
_DELIVERED_NS = SECOND
SAMPLE_NS = 20 * MILLISECOND
_OPEN_LIMIT = 512


class SampledCongestion:
    """The budget of one path. State: what left since the last sample, and the samples' numbers."""

    def __init__(self, now_ns: int) -> None:
        """Nothing was sent yet."""
        self._congestion = Congestion(now_ns, START_BPS, careful=False)
        self.quiet_until_ns = now_ns
        """Until then a packet that leaves needs no more than to be added to ``unsampled``."""
        self.unsampled = 0
        """Bytes that left since the last sample."""
        self._sampled_ns = now_ns - SAMPLE_NS
        self._samples: dict[int, tuple[int, int]] = {}
        """By the number of the packet that of the sample, and its bytes; in order."""
        self._delivered = RateMeter(_DELIVERED_NS)
        self._most_bps = START_BPS
        self._counted: set[int] = set()
        """Those of the samples that came, by their packets' numbers."""
        self._next = 0
        self._newest = 0

    @property
    def budget_bps(self) -> float:
        """Bits a second that may be sent, with all that is put around them on the path."""
        return min(self._congestion.budget_bps, self._most_bps)

    @property
    def pace_bps(self) -> float:
        """How fast packets may leave."""
        return min(self._congestion.pace_bps, HEADROOM * self._most_bps)

    @property
    def loss(self) -> float | None:
        """The share of packets that get lost of late; None while too few were sent to say."""
        return self._congestion.loss

    def unanswered_ns(self, now_ns: int) -> int:
        """For how long packets have been sent without any report; 0 once one came."""
        return self._congestion.unanswered_ns(now_ns)

    def sent(self, sequence: int, size: int, now_ns: int) -> int:
        """A packet of ``size`` bytes on the path leaves; gives how many bytes to add to it.

        The bytes are to show whether more gets through.
        """
        if now_ns < self.quiet_until_ns:
            self.unsampled += size
            return 0
        # Asked for each packet while there is padding at all, which is seldom.
        padding = self._congestion.padding(size, now_ns)
        self.unsampled += size + padding
        if now_ns - self._sampled_ns < SAMPLE_NS:
            return padding
        self._congestion.left(self._next, self.unsampled, now_ns)
        self._samples[sequence] = self._next, self.unsampled
        if len(self._samples) > _OPEN_LIMIT:
            oldest = next(iter(self._samples))
            del self._samples[oldest]
            self._counted.discard(oldest)
        self._next += 1
        self._newest = sequence
        self.unsampled = 0
        self._sampled_ns = now_ns
        self.quiet_until_ns = 0 if self._congestion.pads else now_ns + SAMPLE_NS
        return padding

    def heard(self, report: Report, now_ns: int) -> None:
        """The receiver reports."""
        begin = unwrap(report.begin, SEQUENCE_PERIOD, self._newest)
        end = begin + len(report.words)
        for sequence in list(self._samples):
            if sequence >= begin and sequence not in self._counted:
                break
            # No report will tell of it any more, or it has been told of.
            del self._samples[sequence]
            self._counted.discard(sequence)
        places = [sequence - begin for sequence in self._samples if sequence < end]
        first, _ = next(iter(self._samples.values()), (self._next, 0))
        feedback = report.feedback(places, first % SEQUENCE_PERIOD)
        for place, offset in zip(places, feedback.offsets, strict=True):
            sequence = begin + place
            if offset is not None and sequence not in self._counted:
                self._counted.add(sequence)
                self._delivered.add(self._samples[sequence][1], now_ns)
        over = OVER if (self.loss or 0.0) < LOSSY else OVER_IF_LOSSY
        self._most_bps = max(OVER_BPS, over * self._delivered.bps(now_ns))
        self._congestion.told(feedback, now_ns)

    def tick(self, now_ns: int) -> None:
        """Time has passed; to be called several times a second."""
        self._congestion.tick(now_ns)
