"""Congestion control as a call feels it: two carriers, a link on each, and no clock but ours."""

import itertools
import logging
import random

import pytest
from transport_rtp_pair import RtpPair

from presence.bench.wifi import wifi_trace
from presence.clock import MILLISECOND, SECOND
from presence.transport.lossy import PERFECT, Conditions
from presence.transport.shedding import STEPS
from presence.wire.envelope import Envelope, Kind

MS = MILLISECOND
STEP_NS = 4 * MS
FRAME_NS = SECOND // 60
WAY_NS = 40 * MS


def narrow(kbps, **others):
    """A path whose narrowest hop keeps everything in a queue."""
    return Conditions(delay_ns=WAY_NS, bytes_per_second=kbps * 125, queue_ns=10 * SECOND, **others)


class Call(RtpPair):
    """Both send poses at 60 Hz. State: what arrived at the second, and the ages of what waited."""

    def __init__(self, there=PERFECT, back=None, seed=1):
        super().__init__(there, there if back is None else back, seed)
        self.random = random.Random(seed)
        self.heard = []
        self.ages = []
        self.link(lambda *_: None, self._hear, itertools.count())
        self.sequence = 0
        self.due = self.clock.now_ns()

    def _hear(self, envelope, arrival_ns):
        if envelope.kind == Kind.POSE:
            sent_ns = int.from_bytes(envelope.core[:8], "big")
            self.heard.append((sent_ns, arrival_ns - sent_ns))

    def frame(self, stream):
        golden, anchor = self.sequence % 120 == 0, self.sequence % 6 == 0
        core, detail = (250, 200) if golden else (self.random.randrange(30, 46), 20)
        return Envelope(
            kind=Kind.POSE,
            stream=stream,
            sequence=self.sequence,
            capture_us=0,
            reference_distance=0 if golden else self.sequence % 6 or 6,
            core=self.clock.now_ns().to_bytes(8, "big") + bytes(core - 8),
            detail=bytes(detail),
            detail_made=True,
            droppable=not (golden or anchor),
            priority=2 if golden or anchor else 1,
        )

    def run(self, seconds):
        """What arrived meanwhile: how long each was on its way, in milliseconds."""
        self.heard.clear()
        end = self.clock.now_ns() + round(seconds * SECOND)
        while self.clock.now_ns() < end:
            if self.clock.now_ns() >= self.due:
                self.due += FRAME_NS
                for stream, link in enumerate(self.links, 1):
                    link.send(self.frame(stream))
                    link.flush()
                self.sequence += 1
            self.step(STEP_NS)
            self.ages.append(self.links[0].stats().queued_age_ns)
        return sorted(delay_ns / MS for _, delay_ns in self.heard)

    def change(self, there, back=None):
        self.paths[0].network.conditions = there
        self.paths[1].network.conditions = there if back is None else back

    @property
    def stats(self):
        return self.links[0].stats()

    @property
    def whole(self):
        return self.stats.divisor == 1 and self.stats.detail


def profile(stream):
    """Something that fills a packet."""
    return Envelope.single(Kind.PROFILE, stream, sequence=1, capture_ns=0, payload=bytes(1000))


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(delay_ns=WAY_NS),
        Conditions(delay_ns=WAY_NS, loss=0.05, spread_ns=15 * MS),
        Conditions(delay_ns=2 * WAY_NS, spread_ns=30 * MS),
        Conditions(delay_ns=WAY_NS, jitter_ns=30 * MS),
        Conditions(delay_ns=WAY_NS, loss=0.05, duplicate=0.05, reorder=0.05),
        Conditions(delay_ns=WAY_NS, trace=wifi_trace(60, 3)),
        Conditions(delay_ns=400 * MS),
    ],
    ids=["clean", "5 % loss", "jitter", "queueing", "duplicates", "wireless", "satellite"],
)
def test_loss_and_jitter_are_no_congestion(conditions):
    call = Call(conditions)
    for _ in range(15):
        call.run(1)
        assert call.whole


def test_at_5_percent_loss_94_in_100_frames_come_and_none_waits():
    call = Call(Conditions(delay_ns=WAY_NS, loss=0.05, spread_ns=15 * MS))
    delays = call.run(60)
    assert len(delays) >= 0.94 * 60 * 60
    assert percentile(delays, 0.99) < 80 + WAY_NS / MS
    assert percentile(sorted(call.ages), 0.999) <= FRAME_NS


@pytest.mark.parametrize("burst", [None, 3])
def test_20_percent_loss_costs_no_more_than_that(burst):
    call = Call(Conditions(delay_ns=WAY_NS, loss=0.2, burst=burst, spread_ns=15 * MS))
    padded = came = 0
    for _ in range(60):
        came += len(call.run(1))
        assert call.whole
        padded += call.carriers[0]._congestion._losses.trying
    # It was tried whether more gets through, and nobody's stream paid for that.
    assert padded >= 2
    assert came > 0.77 * 60 * 60


@pytest.mark.parametrize("lossy", [{}, {"loss": 0.05, "spread_ns": 15 * MS}], ids=["", "lossy"])
def test_a_narrow_hop_is_met_with_less_and_left_without_a_queue(lossy):
    call = Call(narrow(64, **lossy))
    assert call.run(4)[-1] < 600
    assert not call.whole
    delays = call.run(30)
    # Padding that shows whether more gets through is felt for a moment; a queue never grows.
    assert percentile(delays, 0.5) < 40 + 40
    assert delays[-1] < 500
    assert percentile(sorted(call.ages), 0.999) <= FRAME_NS
    # Someone can be followed: 20 frames a second that come, or more.
    assert len(delays) > 20 * 30 * (1 - lossy.get("loss", 0))


def test_on_a_narrow_hop_the_step_does_not_flutter():
    call = Call(narrow(64))
    call.run(10)
    steps = []
    for _ in range(300):
        call.run(0.1)
        steps.append((call.stats.divisor, call.stats.detail))
    assert sum(a != b for a, b in itertools.pairwise(steps)) <= 4


def test_when_the_hop_opens_everything_comes_back_within_seconds():
    call = Call(Conditions(delay_ns=WAY_NS))
    call.run(3)
    call.change(narrow(64))
    call.run(12)
    assert not call.whole
    call.change(Conditions(delay_ns=WAY_NS))
    call.run(9)
    assert call.whole
    assert len(call.run(2)) >= 118


@pytest.mark.parametrize(
    ("kbps", "at_first", "later"), [(48, 550, 450), (32, 750, 400), (24, 1250, 500)]
)
def test_a_hop_that_carries_next_to_nothing_keeps_no_queue_of_seconds(kbps, at_first, later):
    call = Call(narrow(kbps))
    assert call.run(10)[-1] < at_first
    assert call.run(10)[-1] < later


@pytest.mark.parametrize("way_ns", [20 * MS, WAY_NS, 150 * MS, 400 * MS])
def test_where_news_takes_long_no_frame_waits_long_for_it(way_ns):
    call = Call(Conditions(delay_ns=way_ns))
    call.run(2)
    assert max(call.ages) <= 6 * FRAME_NS
    assert call.whole
    call.ages.clear()
    call.run(3)
    assert max(call.ages) == 0


def test_only_the_way_that_is_narrow_is_spared():
    call = Call(narrow(64), back=Conditions(delay_ns=WAY_NS))
    call.run(10)
    there, back = (link.stats() for link in call.links)
    assert there.divisor > 1
    assert (back.divisor, back.detail) == (1, True)


def test_a_hop_without_a_queue_is_told_from_bad_luck_by_sending_more():
    call = Call(Conditions(delay_ns=WAY_NS, bytes_per_second=5_000, queue_ns=20 * MS))
    call.run(3)
    before = call.carriers[0].loss
    assert before > 0.3
    call.run(17)
    assert not call.whole
    assert call.carriers[0].loss < before / 2


def test_a_detour_that_takes_longer_is_no_queue_for_long():
    call = Call(Conditions(delay_ns=20 * MS))
    call.run(5)
    call.change(Conditions(delay_ns=220 * MS))
    call.run(15)
    assert call.whole


def test_after_a_short_outage_it_goes_on_as_before():
    call = Call(Conditions(delay_ns=WAY_NS))
    call.run(5)
    call.change(Conditions(delay_ns=WAY_NS, loss=0.999))
    call.run(1)
    call.change(Conditions(delay_ns=WAY_NS))
    call.run(3.5)
    assert call.whole


def test_a_path_that_wavers_wildly_costs_no_more_than_every_other_frame():
    call = Call(Conditions(delay_ns=WAY_NS, jitter_ns=60 * MS))
    assert len(call.run(40)) > 0.5 * 40 * 60


def test_who_never_reports_is_sent_next_to_nothing_and_that_is_said_once(caplog):
    call = Call(Conditions(delay_ns=WAY_NS))
    call.paths[1].mute_reports = True
    with caplog.at_level(logging.WARNING):
        call.run(10)
    assert call.stats.budget_bps <= 20_000
    assert (call.stats.divisor, call.stats.detail) == (STEPS[-1].divisor, False)
    assert len([r for r in caplog.records if "does not report" in r.message]) == 1
    call.paths[1].mute_reports = False
    call.run(8)
    assert call.whole


def test_who_sends_nothing_for_a_while_loses_nothing_of_the_budget():
    call = Call(Conditions(delay_ns=WAY_NS))
    call.run(5)
    before = call.stats.budget_bps
    for _ in range(2500):
        call.step(STEP_NS)
    assert call.stats.budget_bps == before
    call.due = call.clock.now_ns()
    call.run(2)
    assert call.whole


def test_no_more_than_a_few_packets_leave_at_once():
    call = Call(Conditions(delay_ns=WAY_NS))
    call.run(2)
    path = call.paths[0]
    path.sent.clear()
    for number in range(30):
        call.links[0].send(profile(100 + number))
    call.links[0].flush()
    assert 1 <= len(path.sent) <= 4
    call.run(2)
    assert len(path.sent) >= 30


def test_while_packets_wait_control_leaves_first():
    call = Call(Conditions(delay_ns=WAY_NS))
    link = call.links[0]
    for number in range(10):
        link.send(profile(100 + number))
    link.flush()
    voice = Envelope.single(Kind.VOICE, 1, sequence=1, capture_ns=0, payload=b"opus")
    link.send(voice)
    sent = len(call.paths[0].sent)
    while len(call.paths[0].sent) == sent:
        call.step(STEP_NS)
    packet = call.paths[0].network._on_the_way[-1][2]
    assert b"opus" in packet


def test_the_share_lost_is_that_of_the_path():
    call = Call(Conditions(delay_ns=WAY_NS, loss=0.1))
    assert call.carriers[0].loss is None
    call.run(10)
    assert 0.05 < call.carriers[0].loss < 0.16
