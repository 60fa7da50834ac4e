"""The encoder's choice of how fine the steps are."""

from __future__ import annotations

import numpy as np
import pytest

from presence.codec.layout import PITCH_COUNT, PITCHES_NM
from presence.codec.precision import PrecisionControl

FAST, SLOW = 1.0, 0.02
"""Metres a second."""


def fast_control(bound_m: float) -> PrecisionControl:
    """One that has seen somebody begin to move fast, and nothing yet of their errors."""
    control = PrecisionControl(bound_m)
    control.observe(0.0, FAST, moved=False)
    return control


def pitch_m(control: PrecisionControl) -> float:
    return float(PITCHES_NM[control.first(golden=False)]) / 1e9


@pytest.mark.parametrize("bound_m", [0.0005, 0.001, 0.002, 0.005])
def test_the_first_pitch_of_whoever_moves_fast_is_a_part_of_the_bound(bound_m):
    assert 0.66 * bound_m < pitch_m(fast_control(bound_m)) < 0.74 * bound_m


def test_steps_are_finer_the_slower_somebody_moves_and_at_once():
    control = PrecisionControl(0.001)
    pitches = [pitch_m(control)]
    for speed in (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 3.0):
        control.observe(0.005, speed, moved=False)
        pitches.append(pitch_m(control))
    assert pitches[0] == pitches[1] == pitches[2]
    assert pitches[2:7] == sorted(pitches[2:7])
    assert pitches[6] == pitches[7]
    assert pitches[7] / pitches[0] == pytest.approx(2 ** (7 / 8), rel=0.01)


@pytest.mark.parametrize(("bound_m", "precision"), [(1.0, 0), (1e-9, PITCH_COUNT - 1)])
@pytest.mark.parametrize("speed", [SLOW, FAST])
def test_no_bound_leads_beyond_what_there_is(bound_m, precision, speed):
    assert fast_control(bound_m).first(golden=False) == precision
    control = PrecisionControl(bound_m)
    for share_over in (0.0, 1.0):
        for _ in range(200):
            control.observe(share_over, speed, moved=True)
            assert 0 <= control.first(golden=False) < PITCH_COUNT


def test_a_golden_is_finer_than_other_frames_and_never_finer_than_there_is():
    control = fast_control(0.001)
    other, golden = control.first(golden=False), control.first(golden=True)
    assert PITCHES_NM[golden] < 0.6 * PITCHES_NM[other]
    assert fast_control(1e-9).first(golden=True) == PITCH_COUNT - 1


def test_finer_is_finer_until_there_is_nothing_finer():
    assert PrecisionControl.finer(20) > 20
    assert PITCHES_NM[PrecisionControl.finer(20)] < 0.9 * PITCHES_NM[20]
    assert PrecisionControl.finer(PITCH_COUNT - 1) == PITCH_COUNT - 1


@pytest.mark.parametrize("reach", [0.5, 1.0, 2.0])
def test_whoever_moves_fast_comes_to_just_under_a_hundredth_beyond_the_bound(reach):
    """Errors are normal here, about as wide as the pitch, more for people of a longer reach."""
    random = np.random.default_rng(4)
    control, shares = fast_control(0.001), []
    for _ in range(3000):
        sizes = random.normal(0.0, 0.4 * reach * pitch_m(control), (195, 3))
        shares.append(np.mean(np.linalg.norm(sizes, axis=-1) > 0.001))
        control.observe(shares[-1], FAST, moved=True)
    assert 0.008 < np.mean(shares[500:]) < 0.009


@pytest.mark.parametrize(("speed", "moved"), [(0.0, False), (SLOW, True)])
def test_who_is_still_or_slow_makes_nothing_coarser_and_only_too_many_errors_finer(speed, moved):
    control = PrecisionControl(0.001)
    before = control.first(golden=False)
    for _ in range(1000):
        control.observe(0.0, speed, moved=moved)
        control.observe(0.01, speed, moved=moved)
    assert control.first(golden=False) == before
    for _ in range(50):
        control.observe(0.05, speed, moved=moved)
    assert control.first(golden=False) > before
