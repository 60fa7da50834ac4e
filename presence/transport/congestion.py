"""Congestion control: how much may be sent to one participant, by what their reports say.

What a person sends is little, so the question is rarely how fast a path is, but whether it carries
that little. Hence a start near the top instead of a slow climb. A queue, which shows in that
packets come ever later, is answered within a few tenths of a second by sending less than got
through, until it has drained. What was found to be too much is tried again after a while, with
padding, so that the person's own stream pays for no failure. What loss means, which is rarely that
too much was sent, is found out by :mod:`~presence.transport.loss_share`. SCReAM (RFC 8298) and NADA
(RFC 8698) do the same for video, which needs more of it.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from presence.clock import MILLISECOND, SECOND
from presence.transport.feedback import Feedback, Report
from presence.transport.ledger import Fate, Ledger
from presence.transport.loss_share import LossShare, Verdict
from presence.transport.lowest import Lowest
from presence.transport.queue_delay import QueueDelay
from presence.transport.rate import RateMeter
from presence.transport.rtp import PADDING_LIMIT
from presence.transport.shedding import PACKET_BYTES
from presence.wire.bundle import BUNDLE_LIMIT

FLOOR_BPS = 12_000.0
"""No path is worth a call on which not even this gets through."""
START_BPS = 400_000.0
"""What is tried at first."""
CAREFUL_NS = 250 * MILLISECOND
"""What shows that the path carries that takes a round trip and a report. If it takes longer,"""
CAREFUL_BPS = 24_000.0
"""no more than this leaves until it comes: where both ways are full, the reports wait, too."""
PLENTY_BPS = 160_000.0
"""More than a person takes: up to here it is found out with padding whether more gets through;
beyond, the budget grows as it is used."""
MOST_BPS = 20_000_000.0
LATE_NS = 50 * MILLISECOND
"""Packets that wait longer than this on their way wait in a queue."""
DRAINED_NS = 25 * MILLISECOND
"""When they wait less than this, there is none any more."""
SUSTAINED_NS = 200 * MILLISECOND
"""For so long packets must come late before that is taken for a queue."""
LATE_WHILE_PROBING_NS = 40 * MILLISECOND
"""The padding may cost nobody more than this."""
LATE_WHILE_TRYING_NS = 100 * MILLISECOND
"""Nor this, when it is to show what loss means: packets made longer take longer to pass a hop."""
VERY_LATE_NS = 200 * MILLISECOND
"""So late, there is no need to wait for more of them. Jitter adds to each of these: see
:meth:`Congestion._late`."""
_JITTER_NS = 50 * MILLISECOND
"""With so much jitter, the limits are twice as high."""
_AGAIN_NS = 500 * MILLISECOND
"""After sending less, so long passes before even less is sent."""
_GROWN = 1.1
"""Even less is sent if the queue has grown to so many times what it was."""
_STUBBORN_NS = 3 * SECOND
"""A queue that sending less did not shorten in so long is another's, or no queue but a detour."""
_DELIVERED_NS = 500 * MILLISECOND
_SENT_NS = SECOND
KEPT = 0.9
"""Of what got through at most, so much is sent."""
_DRAIN = ((100 * MILLISECOND, 0.85), (300 * MILLISECOND, 0.7), (600 * MILLISECOND, 0.5))
_DRAIN_MOST = 0.25
"""While there is a queue: of what gets through, by how long the queue is, so much."""
PROBE_NS = 1_000 * MILLISECOND
PROBE_GAIN = 1.5
NARROW_BPS = 40_000.0
NARROW_PROBE_GAIN = 1.25
"""Where no more gets through, reports are rare, and padding waits long until they come."""
_FIRST_PROBE_NS = 2 * SECOND
_LAST_PROBE_NS = 6 * SECOND
"""How long after more was too much it is tried again; after each failure twice as long."""
_PACKET_LIMIT = BUNDLE_LIMIT + PACKET_BYTES
"""No padding makes a packet longer than the longest bundle would."""
_MORE_LOST = 0.15
"""Padding that has so much larger a share lost than usual is too much."""
_MORE_REACHED = 1.1
"""If some of it is lost, so many times what got through before must get through, or it is too."""
_NEXT_PROBE_NS = 100 * MILLISECOND
_GROWTH_A_SECOND = 2.0
HEADROOM = 1.5
"""Packets may leave so many times as fast as the budget: it is spent in bursts of a frame, and
what waits a little is late for no use."""
NEWS_NS = 300 * MILLISECOND
"""Besides a round trip, the news of a packet may take so long: reports are made up to 200 ms
apart, and some get lost."""
SILENT_NS = SECOND // 2
"""When no report at all came for so long, the budget is halved, and again after each half of it."""


class _Phase(Enum):
    STEADY = "steady"
    DRAINING = "draining"
    PROBING = "probing"


class Congestion:
    """The budget of one path. State: what was sent and what became of it, and what that showed."""

    def __init__(self, now_ns: int, start_bps: float = START_BPS, *, careful: bool = True) -> None:
        """Nothing was sent yet.

        Args:
            now_ns: The time.
            start_bps: What is tried at first.
            careful: Whether next to nothing leaves before a report says that nothing waits. Not
                for a room's streams together, which such care would have found their rate again
                only after minutes.
        """
        self._ledger = Ledger()
        self._queue = QueueDelay()
        self._losses = LossShare()
        self._delivered = RateMeter(_DELIVERED_NS)
        self._sent = RateMeter(_SENT_NS)
        self._arrived_ns = 0
        self._phase = _Phase.STEADY
        self._budget_bps = start_bps
        self._limit_bps: float | None = None
        """What got through when more was sent; None: no limit was met."""
        self._late_since_ns: int | None = None
        self._budget_before_bps = start_bps
        self._limit_before_bps: float | None = None
        self._cut_ns = 0
        self._cut_queue_ns = 0
        self._drain_began_ns = 0
        self._worst_ns = 0
        """How long packets waited at most since then."""
        self._probe_ns = now_ns
        self._probe_pause_ns = _FIRST_PROBE_NS
        self._probe_bps = 0.0
        self._padded_bytes = 0.0
        """What padding has yet to make up for."""
        self._padded_ns = now_ns
        self._judged_ns = now_ns
        self._began_ns: int | None = None
        self._trip = Lowest()
        self._halvings = 0
        self._answered = False
        self._shown = not careful
        """Whether reports have said what the path does with what is sent at first."""
        self._careful = False

    @property
    def budget_bps(self) -> float:
        """Bits a second that may be sent, with all that is put around them on the path."""
        return max(FLOOR_BPS, min(self._reduced_bps, MOST_BPS))

    @property
    def pace_bps(self) -> float:
        """How fast packets may leave, with the padding that shows whether more gets through.

        While a queue drains that is as the budget says, else a little faster.
        """
        if self._careful:
            return min(self.budget_bps, CAREFUL_BPS)
        if self._phase is _Phase.DRAINING:
            return self.budget_bps
        return HEADROOM * max(self.budget_bps, self._padded_bps or 0.0)

    @property
    def _padded_bps(self) -> float | None:
        """What is sent with padding, to see whether it gets through; None: there is none."""
        if self._phase is _Phase.PROBING:
            return self._probe_bps
        return self._losses.trial_bps

    def unanswered_ns(self, now_ns: int) -> int:
        """For how long packets have been sent without any report; 0 once one came."""
        return 0 if self._answered or self._began_ns is None else now_ns - self._began_ns

    @property
    def loss(self) -> float | None:
        """The share of packets that got lost of late; None while too few were sent to say."""
        return self._losses.share

    @property
    def queue_ns(self) -> int:
        """How long packets wait in queues on their way."""
        return self._queue.now_ns

    @property
    def pads(self) -> bool:
        """Whether packets are to be padded now, to see whether more gets through."""
        return self._padded_bps is not None

    def padding(self, size: int, now_ns: int) -> int:
        """How many bytes to add to a packet of ``size`` bytes on the path, which leaves now."""
        passed_ns = now_ns - self._padded_ns
        self._padded_ns = now_ns
        padded_bps = self._padded_bps
        if padded_bps is None:
            self._padded_bytes = 0.0
            return 0
        self._padded_bytes += padded_bps / 8.0 * passed_ns / SECOND - size
        most = min(PADDING_LIMIT, max(0, _PACKET_LIMIT - size))
        padding = min(most, max(0, int(self._padded_bytes)))
        self._padded_bytes -= padding
        return padding

    def sent(self, sequence: int, size: int, now_ns: int) -> int:
        """A packet of ``size`` bytes on the path leaves; gives how many bytes to add to it.

        ``sequence`` counts on without end.
        """
        padding = self.padding(size, now_ns)
        self.left(sequence, size + padding, now_ns)
        return padding

    def left(self, sequence: int, size: int, now_ns: int) -> None:
        """A packet left, of ``size`` bytes on the path with what was added to it."""
        if self._began_ns is None:
            self._began_ns = now_ns
        self._ledger.sent(sequence, size, now_ns)
        self._sent.add(size, now_ns)

    def heard(self, report: Report, now_ns: int) -> None:
        """The receiver reports."""
        self.told(report.feedback(range(len(report.words)), report.begin), now_ns)

    def told(self, feedback: Feedback, now_ns: int) -> None:
        """The same, or so much of it as matters."""
        self._halvings = 0
        self._answered = True
        self._note(self._ledger.settle(feedback, now_ns), now_ns)
        self._decide(now_ns)

    def tick(self, now_ns: int) -> None:
        """Time has passed; to be called several times a second."""
        if not self._shown and self._began_ns is not None:
            self._careful = now_ns - self._began_ns >= CAREFUL_NS
        if self._answered:
            self._decide(now_ns)
        elif self._began_ns is not None and self._reduced_bps > FLOOR_BPS:
            silent_ns = now_ns - self._began_ns
            self._halvings += silent_ns > SILENT_NS + self._halvings * SILENT_NS // 2

    @property
    def _reduced_bps(self) -> float:
        return self._budget_bps / 2.0**self._halvings

    def _note(self, fates: Sequence[Fate], now_ns: int) -> None:
        taken: list[tuple[int, int]] = []
        for fate in fates:
            if fate.arrived_ns is not None:
                taken.append((fate.sent_ns, fate.arrived_ns))
                self._arrived_ns = max(self._arrived_ns, fate.arrived_ns)
                self._delivered.add(fate.size, self._arrived_ns)
            if fate.trip_ns is not None:
                self._trip.add(fate.trip_ns, now_ns)
        if taken:
            self._queue.add(taken)
        self._losses.add(fates)

    def _decide(self, now_ns: int) -> None:
        passed_ns = now_ns - self._judged_ns
        self._judged_ns = now_ns
        queue_ns = max(self._queue.now_ns, self._overdue_ns(now_ns))
        if not self._shown and self._queue.known and queue_ns <= self._late(DRAINED_NS):
            self._shown, self._careful = True, False
        if queue_ns <= self._late(LATE_NS):
            self._late_since_ns = None
        elif self._late_since_ns is None:
            self._late_since_ns = now_ns
        if self._losses.trying and self._queue.now_ns > self._late(LATE_WHILE_TRYING_NS):
            # A hop that lets packets wait so long is none that drops them for want of a queue, and
            # what made them wait was the padding.
            self._losses.acquit(now_ns)
            self._late_since_ns = None
        if self._too_late(queue_ns, now_ns):
            self._cut(queue_ns, now_ns)
        elif self._phase is _Phase.DRAINING:
            self._drain(queue_ns, now_ns)
        elif self._phase is _Phase.PROBING:
            self._probe(now_ns)
        else:
            self._steady(queue_ns, passed_ns, now_ns)

    def _overdue_ns(self, now_ns: int) -> int:
        """By how much the news of packets is late, be it they that wait or the reports."""
        unanswered_ns, trip_ns = self._ledger.unanswered_ns(), self._trip.value
        if unanswered_ns is None or trip_ns is None:
            return 0
        return now_ns - unanswered_ns - trip_ns - NEWS_NS

    def _late(self, limit_ns: int) -> int:
        """A limit on this path: jitter of its own, however large, is no queue."""
        return limit_ns + limit_ns * self._queue.jitter_ns // _JITTER_NS

    def _too_late(self, queue_ns: int, now_ns: int) -> bool:
        if self._phase is _Phase.PROBING:
            return queue_ns > self._late(LATE_WHILE_PROBING_NS)
        if self._losses.trying:
            # Where that much is lost, so are reports, and their silence is no queue.
            return queue_ns > self._late(SECOND)
        if self._late_since_ns is None:
            return False
        if self._phase is _Phase.DRAINING:
            return now_ns - self._cut_ns > _AGAIN_NS and queue_ns > _GROWN * self._cut_queue_ns
        return queue_ns > self._late(VERY_LATE_NS) or now_ns - self._late_since_ns >= SUSTAINED_NS

    def _cut(self, queue_ns: int, now_ns: int) -> None:
        """There is a queue: send less than gets through, until it has drained."""
        delivered_bps = self._delivered.bps(self._arrived_ns)
        if self._careful:
            # With so little, what came first makes too much of what gets through.
            delivered_bps = min(delivered_bps, CAREFUL_BPS)
        self._shown, self._careful = True, False
        if self._phase is _Phase.PROBING:
            self._probe_pause_ns = min(2 * self._probe_pause_ns, _LAST_PROBE_NS)
        if self._phase is not _Phase.DRAINING:
            self._drain_began_ns = now_ns
            self._worst_ns = 0
            self._budget_before_bps = self._budget_bps
            self._limit_before_bps = self._limit_bps
            self._limit_bps = delivered_bps
        else:
            self._limit_bps = min(delivered_bps, self._limit_bps or delivered_bps)
        self._phase = _Phase.DRAINING
        self._losses.abandon(now_ns)
        self._cut_ns, self._cut_queue_ns = now_ns, queue_ns
        share = next((share for limit, share in _DRAIN if queue_ns < limit), _DRAIN_MOST)
        self._budget_bps = min(self._budget_bps, max(FLOOR_BPS, share * self._limit_bps))

    def _drain(self, queue_ns: int, now_ns: int) -> None:
        self._worst_ns = max(self._worst_ns, self._queue.now_ns)
        limit_bps = self._limit_bps or FLOOR_BPS
        if queue_ns > self._late(DRAINED_NS):
            if now_ns - self._drain_began_ns < _STUBBORN_NS:
                return
            if queue_ns < self._cut_queue_ns * 3 // 4:
                # It does get shorter; so it is asked again in a while.
                self._drain_began_ns, self._cut_queue_ns = now_ns, queue_ns
                return
            # Sending less did not help: what packets take now is the way.
            self._queue.accept()
            self._trip.forget()
            self._resume(now_ns)
            return
        if self._worst_ns <= self._late(LATE_NS):
            # Nothing waited: it was an outage, or the reports that were late.
            self._resume(now_ns)
            return
        self._losses.abandon(now_ns)
        self._phase = _Phase.STEADY
        self._budget_bps = max(FLOOR_BPS, KEPT * limit_bps)
        self._probe_ns = now_ns + self._probe_pause_ns

    def _resume(self, now_ns: int) -> None:
        """There was no reason to send less."""
        self._losses.abandon(now_ns)
        self._phase = _Phase.STEADY
        self._budget_bps = self._budget_before_bps
        self._limit_bps = self._limit_before_bps
        self._probe_ns = now_ns + self._probe_pause_ns

    def _steady(self, queue_ns: int, passed_ns: int, now_ns: int) -> None:
        verdict = self._losses.judge(self._sent.bps(now_ns), now_ns)
        if verdict is Verdict.CONGESTION:
            losses = self._losses
            self._limit_bps = losses.bps_before * (1.0 - losses.share_before)
            self._budget_bps = max(FLOOR_BPS, KEPT * self._limit_bps)
            self._probe_pause_ns = _LAST_PROBE_NS
            self._probe_ns = now_ns + self._probe_pause_ns
        if self._losses.trying:
            return
        if self._limit_bps is None:
            if self._sent.bps(now_ns) > 0.5 * self._budget_bps:
                growth = 1.0 + (_GROWTH_A_SECOND - 1.0) * passed_ns / SECOND
                self._budget_bps = min(MOST_BPS, self._budget_bps * growth)
        elif now_ns >= self._probe_ns and queue_ns <= self._late(DRAINED_NS):
            self._phase = _Phase.PROBING
            gain = PROBE_GAIN if self._limit_bps > NARROW_BPS else NARROW_PROBE_GAIN
            self._probe_bps = gain * max(self._limit_bps, FLOOR_BPS)
            self._probe_ns = now_ns

    def _probe(self, now_ns: int) -> None:
        """More is being sent, and nothing has come late: so far, so good."""
        if now_ns - self._probe_ns < PROBE_NS:
            return
        self._phase = _Phase.STEADY
        limit_bps = self._limit_bps or 0.0
        lost = self._losses.between(self._probe_ns, now_ns)
        much_lost = lost is not None and lost > (self._losses.share or 0.0) + _MORE_LOST
        # What the padding lost explains itself.
        self._losses.abandon(now_ns)
        reached_bps = self._delivered.bps(self._arrived_ns)
        if much_lost or (lost and reached_bps < _MORE_REACHED * limit_bps):
            # A hop that keeps no queue: what is too much for it is late for nobody.
            self._probe_pause_ns = min(2 * self._probe_pause_ns, _LAST_PROBE_NS)
            self._probe_ns = now_ns + self._probe_pause_ns
            return
        self._probe_pause_ns = _FIRST_PROBE_NS
        self._probe_ns = now_ns + _NEXT_PROBE_NS
        if reached_bps > limit_bps:
            self._limit_bps = reached_bps
            self._budget_bps = max(self._budget_bps, KEPT * reached_bps)
        if self._budget_bps >= PLENTY_BPS:
            self._limit_bps = None
