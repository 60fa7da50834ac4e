"""Blocks for two ears: when they are heard, whatever the device's rate, crystal and thread do."""

import numpy as np
import pytest
from binaural import sharpest
from clocked_devices import BEGUN_NS, against_tones, headphones, play

from presence.clock import MILLISECOND, SECOND
from presence.errors import UsageError
from presence.voice.block import BLOCK, RATE
from presence.voice.clocked_device import Crystal
from presence.voice.microphone import BLOCK_NS

LATENCY_NS = 12 * MILLISECOND


def device(rate=RATE, **but):
    return Crystal(rate=rate, piece=rate // 100, latency_ns=LATENCY_NS, **but)


def heard_errors(crystal, pieces, told, from_s):
    """By how much what is heard is later than was told, in ns, each hundredth of a second."""
    sound = np.concatenate(pieces)[:, 0]
    true = (
        BEGUN_NS
        + LATENCY_NS
        + np.arange(len(sound)) / (crystal.rate * (1.0 + crystal.ppm * 1e-6)) * SECOND
    )
    within = (true > told[0] + from_s * SECOND) & (true < told[-1])
    # Where in the blocks what is heard was to be, by what was told of them.
    sound = sound[within]
    meant = np.interp(true[within], told, np.arange(len(told)) * BLOCK * (SECOND / RATE))
    count = crystal.rate // 100
    errors = []
    for at in range(0, len(sound) - count, count):
        late, level, rest = against_tones(sound[at : at + count], meant[at : at + count])
        assert level == pytest.approx(0.5, abs=5e-3)
        assert rest < 0.01
        errors.append(late)
    return np.array(errors)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
def test_each_block_is_heard_when_it_was_said_to_be(rate):
    phones, pieces = headphones(device(rate))
    told, _ = play(phones, 2.0)
    assert (np.abs(np.diff(told) - BLOCK_NS) < 100).all()
    assert np.abs(heard_errors(device(rate), pieces, told, 0.1)).max() < 500
    assert (phones.dry, phones.jumps) == (0, 0)


@pytest.mark.parametrize("ppm", [-100.0, 100.0])
def test_drift_is_resampled_away_while_the_device_tells_late(ppm):
    crystal = device(ppm=ppm, late_ns=5 * MILLISECOND, seed=3)
    phones, pieces = headphones(crystal)
    told, ahead = play(phones, 20.0)
    errors = heard_errors(crystal, pieces, told, 0.5)
    assert np.abs(errors).max() < 1_000_000
    assert np.sqrt((errors[1000:] ** 2).mean()) < 60_000
    # Twenty seconds have drifted by 2 ms, and nothing has been let wait or run dry for it.
    assert np.abs(np.diff(told) - BLOCK_NS).max() < 50_000
    assert np.ptp(ahead[100:]) < 1 * MILLISECOND
    assert phones.ppm == pytest.approx(ppm, abs=20.0)
    assert (phones.dry, phones.jumps) == (0, 0)


def test_a_block_is_wanted_just_before_the_device_asks_for_it():
    phones, _ = headphones(device())
    told, ahead = play(phones, 1.0)
    # The device's 12 ms, a piece of 10 ms, a margin of 5 ms, half a millisecond of resampling.
    assert ahead[5:].max() < 27.6 * MILLISECOND
    assert phones.delay_ns == 27 * MILLISECOND
    assert phones.waiting(told[-1]) == pytest.approx(BLOCK - 24, abs=2)
    assert phones.waiting(told[-1] + SECOND) == 0


def test_running_dry_is_heard_without_a_click_and_asks_for_blocks_sooner():
    phones, pieces = headphones(device())
    _, ahead = play(phones, 2.0, late_ns=lambda block: 60 * MILLISECOND if block == 40 else 0)
    assert phones.dry == 1
    assert phones.jumps == 1
    assert phones.delay_ns == 32 * MILLISECOND
    assert ahead[50:].min() > 30 * MILLISECOND
    sound = np.concatenate(pieces)[:, 0]
    tone = 0.5 * (2 * np.pi * 1000 / RATE) ** 2
    assert sharpest(sound) < 2.5 * tone
    silent = np.abs(sound.reshape(-1, 48)).max(axis=1) == 0.0
    assert silent[100:].sum() > 20


@pytest.mark.parametrize("late_ms", [8, 12, 18])
def test_what_begins_while_an_ending_fades_goes_on_without_a_click(late_ms):
    phones, pieces = headphones(device())
    late_ns = late_ms * MILLISECOND
    play(phones, 1.5, late_ns=lambda block: late_ns if block == 40 else 0)
    assert phones.dry == 1
    sound = np.concatenate(pieces)[:, 0]
    assert sharpest(sound) < 2.5 * 0.5 * (2 * np.pi * 1000 / RATE) ** 2


def test_after_running_dry_what_is_told_is_true():
    phones, pieces = headphones(device())
    told, _ = play(phones, 2.0, late_ns=lambda block: 60 * MILLISECOND if block == 40 else 0)
    sound = np.concatenate(pieces)[:, 0]
    for block in (30, 38, 41, 60):
        at = round((told[block] - BEGUN_NS - LATENCY_NS) * RATE / SECOND)
        late, level, _ = against_tones(
            sound[at : at + BLOCK], (block * BLOCK + np.arange(BLOCK)) * (SECOND / RATE)
        )
        assert abs(late) < 20_000
        assert level == pytest.approx(0.5, abs=0.01)


def test_both_ears_get_their_own():
    phones, pieces = headphones(device())
    play(phones, 0.5)
    sound = np.concatenate(pieces)
    np.testing.assert_allclose(sound[:, 0], -sound[:, 1], atol=1e-6)
    assert np.abs(sound).max() > 0.4


def test_what_is_no_block_for_two_ears_is_refused():
    phones, _ = headphones(device())
    phones.wanted_ns(BEGUN_NS)
    with pytest.raises(UsageError, match="two ears"):
        phones.write(np.zeros(BLOCK, dtype=np.float32), BEGUN_NS)


def test_who_writes_far_more_than_is_wanted_harms_nothing():
    phones, _ = headphones(device())
    phones.wanted_ns(BEGUN_NS)
    for _ in range(300):
        phones.write(np.zeros((BLOCK, 2), dtype=np.float32), BEGUN_NS)
    assert phones.waiting(BEGUN_NS) <= 2.1 * RATE
