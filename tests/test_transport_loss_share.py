"""Whether loss comes of sending too much."""

import pytest

from presence.clock import MILLISECOND, SECOND
from presence.transport.ledger import Fate
from presence.transport.loss_share import (
    SUSPICIOUS_NS,
    TRIAL_NS,
    TRIAL_SHARE,
    LossShare,
    Verdict,
)

FRAME = SECOND // 60
RATE_BPS = 60_000.0


class Path:
    """Packets at 60 Hz. State: the share of losses, and what was found so far."""

    def __init__(self):
        self.losses = LossShare()
        self.now_ns = 10 * SECOND
        self.count = 0
        self.verdicts = []

    def send(self, seconds, lost_of_ten, lost_in_trial=None):
        """Lose so many of every ten; in a trial, in which less is sent, perhaps so many."""
        for _ in range(round(seconds * 60)):
            cap = self.losses.cap_bps
            lost = lost_of_ten if cap is None or lost_in_trial is None else lost_in_trial
            self.now_ns += FRAME
            self.count += 1
            came = self.count % 10 >= lost
            self.losses.add([Fate(100, self.now_ns, came, None)])
            verdict = self.losses.judge(RATE_BPS if cap is None else cap, self.now_ns)
            if verdict is not None:
                self.verdicts.append(verdict)


def test_the_share_is_of_the_last_seconds():
    path = Path()
    assert path.losses.share is None
    path.send(5, 1)
    assert path.losses.share == pytest.approx(0.1, abs=0.01)
    path.send(6, 0)
    assert path.losses.share == 0.0


def test_little_loss_is_no_reason_for_a_trial():
    path = Path()
    path.send(60, 1)
    assert path.verdicts == []
    assert path.losses.cap_bps is None


def test_an_outage_is_no_reason_for_a_trial():
    path = Path()
    path.send(6, 0)
    path.send(1.5, 10)
    path.send(6, 0)
    assert path.verdicts == []


def test_much_loss_is_once_it_lasted():
    path = Path()
    path.send(SUSPICIOUS_NS / SECOND - 0.2, 3)
    assert path.losses.cap_bps is None
    path.send(0.5, 3)
    assert path.losses.cap_bps == TRIAL_SHARE * RATE_BPS
    assert path.losses.share_before == pytest.approx(0.3, abs=0.02)
    assert path.losses.bps_before == RATE_BPS


def test_if_less_helps_it_is_congestion():
    path = Path()
    path.send(8, 3, lost_in_trial=0)
    assert path.verdicts == [Verdict.CONGESTION]


def test_if_less_does_not_help_it_is_not_and_there_is_peace_for_half_a_minute():
    path = Path()
    path.send(8, 3)
    assert path.verdicts == [Verdict.INNOCENT]
    path.send(25, 3)
    assert path.verdicts == [Verdict.INNOCENT]
    path.send(12, 3)
    assert path.verdicts == [Verdict.INNOCENT] * 2


def test_with_few_packets_luck_is_no_proof():
    path = Path()
    path.send(4.5, 2)
    assert path.losses.cap_bps is not None
    # Ten packets, of which two should have been lost, and by luck none was.
    for _ in range(10):
        path.now_ns += TRIAL_NS // 10
        path.losses.add([Fate(100, path.now_ns, True, None)])
    assert path.losses.judge(0.6 * RATE_BPS, path.now_ns + 1) is Verdict.INNOCENT


def test_the_peace_is_twice_as_long_each_time():
    path = Path()
    for _ in range(240):
        path.send(1, 3)
    # At 4, 4 + 32, 36 + 62 and 98 + 122 seconds, or thereabouts.
    assert path.verdicts == [Verdict.INNOCENT] * 4


def test_much_more_loss_is_tried_at_once():
    path = Path()
    path.send(8, 2)
    path.send(10, 5)
    assert len(path.verdicts) == 2


def test_a_trial_in_which_as_much_was_sent_found_nothing():
    path = Path()
    path.send(4.5, 3)
    assert path.losses.cap_bps is not None
    path.now_ns += TRIAL_NS
    assert path.losses.judge(RATE_BPS, path.now_ns) is Verdict.INNOCENT


def test_what_was_lost_before_it_was_explained_is_no_reason():
    path = Path()
    path.send(4.5, 3)
    path.losses.abandon(path.now_ns)
    assert path.losses.cap_bps is None
    path.send(SUSPICIOUS_NS / SECOND - 200 * MILLISECOND / SECOND, 3)
    assert path.losses.cap_bps is None
    path.send(0.5, 3)
    assert path.losses.cap_bps is not None
