import random

import pytest

from presence.clock import MILLISECOND, SECOND
from presence.relay.sampled import SampledCongestion
from presence.transport.arrivals import REPORT_INTERVAL_NS, Arrivals
from presence.transport.feedback import decode_report, encode_feedback
from presence.transport.lossy import Conditions, LossyPath

EACH_NS = 2_300_000
SIZE = 700
RATE_BPS = 8 * SIZE * SECOND // EACH_NS


class Path:
    """A relay that sends to one receiver. State: the time, and what is on its way."""

    def __init__(self, conditions, seed=1):
        self.now_ns = 100 * SECOND
        self.congestion = SampledCongestion(self.now_ns)
        self.arrivals = Arrivals()
        self.conditions = conditions
        self.there = LossyPath(conditions, seed)
        self.sequence = random.Random(seed).randrange(1 << 15)
        self.reported_ns = self.ticked_ns = self.heard_ns = self.now_ns
        self.spent_bits = 0.0
        self.sent = self.came = 0

    def run(self, seconds):
        end_ns = self.now_ns + round(seconds * SECOND)
        while self.now_ns < end_ns:
            self.now_ns += EACH_NS
            # No more is offered than the budget allows, as thinning and pacing see to.
            self.spent_bits = max(
                0.0, self.spent_bits - self.congestion.budget_bps * EACH_NS / SECOND
            )
            if self.spent_bits < 8 * SIZE * 4:
                self.sequence += 1
                padding = self.congestion.sent(self.sequence, SIZE, self.now_ns)
                self.there.push(self.now_ns, self.sequence.to_bytes(4, "big"), SIZE + padding)
                self.spent_bits += 8 * (SIZE + padding)
                self.sent += 1
            for packet in self.there.pop_due(self.now_ns):
                self.arrivals.came(int.from_bytes(packet, "big") % (1 << 16), self.now_ns)
                self.came += 1
            if self.now_ns - self.reported_ns >= REPORT_INTERVAL_NS:
                self.reported_ns = self.now_ns
                feedback = self.arrivals.report(2, 1, self.now_ns)
                if feedback is not None and self.now_ns - self.heard_ns >= 90 * MILLISECOND:
                    self.heard_ns = self.now_ns
                    self.congestion.heard(decode_report(encode_feedback(feedback)), self.now_ns)
                self.congestion.tick(self.now_ns)


def test_a_wide_path_soon_carries_all():
    path = Path(Conditions(delay_ns=20 * MILLISECOND))
    path.run(6)
    assert path.congestion.budget_bps > RATE_BPS
    assert path.congestion.loss == 0.0
    assert path.congestion.unanswered_ns(path.now_ns) == 0


def test_loss_that_is_the_radios_costs_no_budget():
    path = Path(Conditions(loss=0.05, delay_ns=20 * MILLISECOND, jitter_ns=2 * MILLISECOND))
    path.run(10)
    assert path.congestion.budget_bps > RATE_BPS
    assert path.congestion.loss == pytest.approx(0.05, abs=0.04)


@pytest.mark.parametrize("narrow_bps", [150_000, 300_000, 500_000, 1_000_000])
def test_a_narrow_path_is_found_and_its_long_queue_drained(narrow_bps):
    conditions = Conditions(
        delay_ns=20 * MILLISECOND, bytes_per_second=narrow_bps // 8, queue_ns=3 * SECOND
    )
    path = Path(conditions)
    path.run(8)
    sent, came = path.sent, path.came
    path.run(10)
    through_bps = 8 * SIZE * (path.came - came) / 10
    assert 0.5 * narrow_bps < through_bps <= 1.02 * narrow_bps
    # What is on its way is some tenths of a second of the path at most, not seconds.
    assert path.sent - path.came < narrow_bps / 8 / SIZE
    assert (path.sent - sent) - (path.came - came) < narrow_bps / 8 / SIZE / 2


def test_reports_on_nothing_that_was_sampled_do_no_harm():
    path = Path(Conditions())
    path.run(1)
    budget = path.congestion.budget_bps
    feedback = Arrivals()
    feedback.came((path.sequence + 5000) % (1 << 16), path.now_ns)
    report = feedback.report(2, 1, path.now_ns)
    for _ in range(20):
        path.congestion.heard(decode_report(encode_feedback(report)), path.now_ns)
    path.run(2)
    assert path.congestion.budget_bps >= budget


def test_who_never_reports_is_sent_little():
    congestion = SampledCongestion(0)
    for n in range(3000):
        congestion.sent(n, SIZE, n * EACH_NS)
        if n % 20 == 0:
            congestion.tick(n * EACH_NS)
    assert congestion.budget_bps < 20_000
    assert congestion.unanswered_ns(7 * SECOND) > 6 * SECOND


def test_a_hop_that_drops_what_is_over_its_rate_loses_no_more_than_a_fourth():
    conditions = Conditions(
        delay_ns=20 * MILLISECOND, bytes_per_second=125_000, queue_ns=5 * MILLISECOND
    )
    path = Path(conditions)
    path.run(5)
    sent, came = path.sent, path.came
    path.run(15)
    sent, came = path.sent - sent, path.came - came
    assert came / sent > 0.72
    assert 8 * SIZE * came / 15 > 900_000
