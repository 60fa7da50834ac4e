"""How much of a stream is lost, by its numbers alone."""

import random

import pytest

from presence.client.loss_meter import LEAST, OUTAGE, SETTLE, LossMeter
from presence.clock import MILLISECOND, SECOND

FRAME = SECOND // 60


def heard(meter, sequences, start=0):
    """Each at its own time; the time of the last."""
    now = 0
    for sequence in sequences:
        now = start + sequence * FRAME
        meter.heard(sequence, now)
    return now


def test_nothing_is_said_until_enough_came():
    meter = LossMeter()
    assert meter.share(0) is None
    now = heard(meter, range(500, 500 + LEAST + SETTLE))
    assert meter.share(now) is None
    meter.heard(500 + LEAST + SETTLE, now)
    assert meter.share(now) == 0.0


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.2])
def test_what_is_lost_of_late_is_stated(loss):
    dice = random.Random(1)
    meter, shares, came = LossMeter(), [], 0
    for sequence in range(6000):
        if dice.random() >= loss:
            came += 1
            meter.heard(sequence, sequence * FRAME)
        if sequence % 30 == 29 and (share := meter.share(sequence * FRAME)) is not None:
            shares.append(share)
    assert len(shares) > 190
    assert sum(shares) / len(shares) == pytest.approx(1.0 - came / 6000, rel=0.1)
    assert min(shares) >= 0.0
    assert max(shares) < 2 * loss + 0.05


def test_what_was_lost_is_forgotten_after_five_seconds():
    meter = LossMeter()
    now = heard(meter, [k for k in range(400) if k % 4])
    assert meter.share(now) == pytest.approx(0.25, abs=0.01)
    now = heard(meter, range(400, 550))
    assert 0.10 < meter.share(now) < 0.15
    now = heard(meter, range(550, 710))
    assert meter.share(now) == 0.0


def test_a_steady_loss_hardly_ever_seems_to_have_gone():
    dice = random.Random(7)
    meter, shares = LossMeter(), []
    for sequence in range(60_000):
        if dice.random() >= 0.05:
            meter.heard(sequence, sequence * FRAME)
        if sequence % 30 == 29 and (share := meter.share(sequence * FRAME)) is not None:
            shares.append(share)
    assert sum(share <= 0.01 for share in shares) < 0.002 * len(shares)


def test_what_comes_late_or_twice_is_not_lost_and_counts_once():
    dice = random.Random(2)
    arrivals = sorted((k + dice.random() * 5, k) for k in range(300) for _ in range(2))
    meter = LossMeter()
    for at, sequence in arrivals:
        meter.heard(sequence, round(at * FRAME))
        assert meter.share(round(at * FRAME)) in (None, 0.0)


def test_what_comes_when_it_is_of_no_use_any_more_is_lost():
    # Every tenth comes a quarter of a second late, as over TCP.
    arrivals = sorted((k + (15 if k % 10 == 5 else 0), k) for k in range(600))
    meter = LossMeter()
    for at, sequence in arrivals:
        meter.heard(sequence, at * FRAME)
    assert meter.share(600 * FRAME) == pytest.approx(0.1, abs=0.02)


def test_what_was_sent_before_one_listened_is_not_lost():
    meter = LossMeter()
    for sequence in (100, 97, 99, *range(101, 160)):
        meter.heard(sequence, sequence * FRAME)
    assert meter.share(160 * FRAME) == 0.0


def test_an_outage_is_no_loss():
    meter = LossMeter()
    heard(meter, range(100))
    now = heard(meter, range(101 + OUTAGE, 101 + OUTAGE + 20))
    assert meter.share(now) is None
    now = heard(meter, range(121 + OUTAGE, 201 + OUTAGE))
    assert meter.share(now) == 0.0


def test_after_a_silence_nothing_is_said_of_what_was_before():
    meter = LossMeter()
    now = heard(meter, [k for k in range(200) if k % 3])
    assert meter.share(now) > 0.3
    assert meter.share(now + 6 * SECOND) is None


def test_numbers_without_sense_cost_neither_time_nor_memory():
    dice = random.Random(3)
    meter = LossMeter()
    sequence = 0
    for k in range(3000):
        sequence += dice.choice([-(1 << 22), -3, 1, OUTAGE, 1 << 22])
        meter.heard(sequence, k * MILLISECOND)
        share = meter.share(k * MILLISECOND)
        assert share is None or 0.0 <= share <= 1.0
        assert len(meter._came) <= 3000
