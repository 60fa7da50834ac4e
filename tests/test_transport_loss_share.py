"""Whether loss comes of sending too much."""

import pytest

from presence.clock import MILLISECOND, SECOND
from presence.transport.ledger import Fate
from presence.transport.loss_share import (
    SUSPICIOUS_NS,
    TRIAL_GAIN,
    TRIAL_NS,
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

    def send(self, seconds, lost_of_ten, lost_in_trial=None, gain=TRIAL_GAIN):
        """Lose so many of every ten; in a trial, in which more is sent, perhaps so many."""
        for _ in range(round(seconds * 60)):
            trying = self.losses.trial_bps is not None
            lost = lost_in_trial if trying and lost_in_trial is not None else lost_of_ten
            self.now_ns += FRAME
            self.count += 1
            came = self.count % 10 >= lost
            self.losses.add([Fate(100, self.now_ns, came, None)])
            sent_bps = gain * RATE_BPS if self.losses.trying else RATE_BPS
            verdict = self.losses.judge(sent_bps, self.now_ns)
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
    assert not path.losses.trying


def test_an_outage_is_no_reason_for_a_trial():
    path = Path()
    path.send(6, 0)
    path.send(1.5, 10)
    path.send(6, 0)
    assert path.verdicts == []


def test_much_loss_is_once_it_lasted():
    path = Path()
    path.send(SUSPICIOUS_NS / SECOND - 0.2, 3)
    assert path.losses.trial_bps is None
    path.send(0.5, 3)
    assert path.losses.trial_bps == TRIAL_GAIN * RATE_BPS
    assert path.losses.share_before == pytest.approx(0.3, abs=0.02)
    assert path.losses.bps_before == RATE_BPS


def test_if_nothing_more_comes_of_more_it_is_congestion():
    path = Path()
    # Seven in ten of what was sent came; of half as much again that is under five in ten.
    path.send(8, 3, lost_in_trial=5)
    assert path.verdicts == [Verdict.CONGESTION]


def test_if_as_large_a_share_of_more_comes_it_is_not_and_there_is_peace_for_half_a_minute():
    path = Path()
    path.send(8, 3)
    assert path.verdicts == [Verdict.INNOCENT]
    path.send(25, 3)
    assert path.verdicts == [Verdict.INNOCENT]
    path.send(12, 3)
    assert path.verdicts == [Verdict.INNOCENT] * 2


def test_a_little_more_loss_is_not_what_a_full_hop_does():
    path = Path()
    path.send(8, 3, lost_in_trial=3.5)
    assert path.verdicts == [Verdict.INNOCENT]


def test_it_is_bytes_that_a_hop_carries_and_not_packets():
    path = Path()
    path.send(4.5, 3)
    assert path.losses.trying
    # One long packet in ten is lost: of packets fewer than before, of bytes more than half.
    for number in range(200):
        path.now_ns += FRAME
        size = 1200 if number % 10 == 0 else 100
        path.losses.add([Fate(size, path.now_ns, size == 100, None)])
        verdict = path.losses.judge(1.5 * RATE_BPS, path.now_ns)
        if verdict is not None:
            break
    assert verdict is Verdict.CONGESTION


def test_with_few_packets_luck_is_no_proof():
    path = Path()
    path.send(4.5, 2)
    assert path.losses.trying
    # Eight packets, of which at least three were to be lost if it is congestion, and were.
    verdicts = []
    for number in range(8):
        path.now_ns += (TRIAL_NS + SECOND // 2) // 8
        path.losses.add([Fate(100, path.now_ns, number not in (2, 4, 5), None)])
        verdicts.append(path.losses.judge(1.5 * RATE_BPS, path.now_ns))
    assert Verdict.CONGESTION not in verdicts
    assert Verdict.INNOCENT in verdicts


def test_a_trial_of_which_no_news_comes_ends_all_the_same():
    path = Path()
    path.send(4.5, 3)
    assert path.losses.trial_bps is not None
    path.now_ns += TRIAL_NS
    assert path.losses.judge(1.5 * RATE_BPS, path.now_ns) is None
    assert path.losses.trial_bps is None
    path.now_ns += 1_500 * MILLISECOND
    assert path.losses.judge(1.5 * RATE_BPS, path.now_ns) is Verdict.INNOCENT


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


def test_a_trial_in_which_no_more_was_sent_found_nothing():
    path = Path()
    path.send(8, 3, lost_in_trial=5, gain=1.1)
    assert path.verdicts == [Verdict.INNOCENT]


def test_what_was_lost_before_it_was_explained_is_no_reason():
    path = Path()
    path.send(4.5, 3)
    assert path.losses.trying
    path.losses.abandon(path.now_ns)
    assert not path.losses.trying
    path.send(SUSPICIOUS_NS / SECOND - 200 * MILLISECOND / SECOND, 3)
    assert not path.losses.trying
    path.send(0.5, 3)
    assert path.losses.trying
