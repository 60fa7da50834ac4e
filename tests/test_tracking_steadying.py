"""Steadying: trembling goes, what moves is not late, and what is seen anew is where it is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from presence.clock import MILLISECOND, SECOND
from presence.pose.quaternion import (
    quat_angle,
    quat_from_axis_angle,
    quat_from_rotvec,
    quat_to_rotvec,
)
from presence.pose.rigid import UP
from presence.tracking.sensed import Point, Sensed
from presence.tracking.steadying import Steadying

RATE = 72
HAND = Point.RIGHT_HAND


def sensed(k, *, position=(0.3, 1.2, -0.4), turn=None, sure=1.0, rate=RATE, **changes):
    """The right hand alone, at the k-th frame."""
    nothing = Sensed.nothing((k + 1) * SECOND // rate)
    positions, orientations = nothing.positions.copy(), nothing.orientations.copy()
    confidence = np.zeros(len(Point))
    positions[HAND], confidence[HAND] = position, sure
    if turn is not None:
        orientations[HAND] = turn
    return replace(
        nothing,
        positions=positions,
        orientations=orientations,
        position_confidence=confidence,
        orientation_confidence=confidence,
        **changes,
    )


def followed(positions, *, rate=RATE, steadying=None):
    steadying = steadying or Steadying()
    said = [steadying.steady(sensed(k, position=p, rate=rate)) for k, p in enumerate(positions)]
    return np.array([one.positions[HAND] for one in said])


def test_a_hand_at_rest_trembles_by_less_than_half():
    rng = np.random.default_rng(1)
    steadying = Steadying()
    places, turns = [], []
    for k in range(20 * RATE):
        turn = quat_from_rotvec(np.radians(rng.normal(0.0, 0.5, 3)))
        said = steadying.steady(sensed(k, position=rng.normal(0.0, 2e-3, 3), turn=turn))
        places.append(said.positions[HAND])
        turns.append(quat_to_rotvec(said.orientations[HAND]))
    places, turns = np.array(places)[RATE:], np.array(turns)[RATE:]
    assert np.sqrt(np.mean(places**2)) < 1e-3
    assert np.degrees(np.sqrt(np.mean(turns**2))) < 0.2


@pytest.mark.parametrize("hertz", [0.5, 1.0, 2.0])
def test_a_hand_that_moves_is_less_than_twenty_milliseconds_late(hertz):
    rng = np.random.default_rng(2)
    times = np.arange(10 * RATE) / RATE
    way = 1.4 / (2.0 * np.pi * hertz) * np.sin(2.0 * np.pi * hertz * times)
    truth = np.stack([way, 0.0 * way, 0.0 * way], axis=-1)
    result = followed(truth + rng.normal(0.0, 2e-3, truth.shape))[RATE:, 0]
    shifts = np.arange(-20, 60) * 1e-3
    fits = [np.corrcoef(result, np.interp(times - s, times, way)[RATE:])[0, 1] for s in shifts]
    assert abs(shifts[int(np.argmax(fits))]) < 0.020
    # Nor is it bought by passing the noise on.
    assert np.sqrt(np.mean((result - way[RATE:]) ** 2)) < 1.2 * 2e-3


def test_a_part_that_is_seen_anew_does_not_glide_there():
    steadying = Steadying()
    for k in range(50):
        steadying.steady(sensed(k))
    for k in range(50, 60):
        said = steadying.steady(sensed(k, position=(0.0, 0.0, 0.0), sure=0.0))
        assert said.position_confidence[HAND] == 0.0
    there = np.array([-0.5, 0.7, 0.1])
    assert np.allclose(steadying.steady(sensed(60, position=there)).positions[HAND], there)
    assert np.allclose(steadying.steady(sensed(61, position=there)).positions[HAND], there)


def test_one_wild_measurement_is_not_believed_and_two_are():
    away = np.array([0.3, 1.2, 1.4])
    home = np.array([0.3, 1.2, -0.4])
    once = followed([home] * 40 + [away] + [home] * 5)
    assert np.abs(once - home).max() < 1e-6
    twice = followed([home] * 40 + [away] * 3)
    assert np.allclose(twice[40], home) and np.allclose(twice[41:], away)


def test_a_wild_turn_is_not_believed():
    steadying = Steadying()
    still = quat_from_axis_angle(UP, 0.2)
    for k in range(40):
        steadying.steady(sensed(k, turn=still))
    said = steadying.steady(sensed(40, turn=quat_from_axis_angle(UP, 2.6)))
    assert quat_angle(said.orientations[HAND], still) < 1e-6


def test_after_a_silence_it_starts_anew():
    steadying = Steadying()
    for k in range(40):
        steadying.steady(sensed(k, position=(0.01 * k, 1.0, 0.0)))
    there = np.array([0.5, 1.0, 0.0])
    assert np.allclose(steadying.steady(sensed(40 + RATE, position=there)).positions[HAND], there)
    # And with none of the speed from before it.
    assert np.allclose(steadying.steady(sensed(41 + RATE, position=there)).positions[HAND], there)


def test_a_turn_told_by_the_other_sign_is_the_same():
    plain, flipped = Steadying(), Steadying()
    rng = np.random.default_rng(3)
    for k in range(30):
        turn = quat_from_rotvec(np.array([0.5, 2.0, -0.3]) + rng.normal(0.0, 0.01, 3))
        a = plain.steady(sensed(k, turn=turn))
        b = flipped.steady(sensed(k, turn=turn if k % 2 else -turn))
        assert quat_angle(a.orientations[HAND], b.orientations[HAND]) < 1e-6


def test_the_same_moment_is_said_the_same_and_an_older_one_is_ignored():
    steadying = Steadying()
    for k in range(10):
        said = steadying.steady(sensed(k))
    assert steadying.steady(sensed(9, position=(0.31, 1.2, -0.4))) is said
    assert steadying.steady(sensed(7, position=(0.31, 1.2, -0.4))) is said


def test_a_clock_that_went_back_does_not_stop_it():
    steadying = Steadying()
    steadying.steady(sensed(100 * RATE))
    there = np.array([0.0, 1.0, 0.0])
    assert np.allclose(steadying.steady(sensed(1, position=there)).positions[HAND], there)


@pytest.mark.parametrize(("noise", "rate"), [(2e-3, 72), (1e-2, 30), (3e-4, 90)])
def test_it_finds_out_how_noisy_a_sensor_is_also_while_somebody_moves(noise, rate):
    rng = np.random.default_rng(4)
    times = np.arange(8 * rate) / rate
    way = np.stack([0.2 * np.sin(3.0 * times), 1.0 + 0.0 * times, 0.1 * np.cos(2.0 * times)], -1)
    steadying = Steadying()
    followed(way + rng.normal(0.0, noise, way.shape), rate=rate, steadying=steadying)
    assert 0.75 * noise < steadying.position_noise[HAND] < 1.3 * noise


def test_uneven_frames_do_not_shake_it():
    rng = np.random.default_rng(5)
    steadying, at_ns, worst = Steadying(), 0, 0.0
    for k in range(400):
        at_ns += int(rng.uniform(6, 24)) * MILLISECOND
        way = 0.5 * np.sin(2.0 * at_ns / SECOND)
        said = steadying.steady(replace(sensed(k, position=(way, 1.0, 0.0)), capture_ns=at_ns))
        worst = max(worst, abs(said.positions[HAND][0] - way)) if k > 50 else 0.0
    assert worst < 3e-3


def test_lids_fall_as_fast_as_they_do_and_no_shape_leaves_its_range():
    steadying = Steadying()
    rng = np.random.default_rng(6)
    for k in range(60):
        face = np.full(52, 0.02) + rng.normal(0.0, 0.01, 52).clip(-0.02)
        steadying.steady(sensed(k, face=face, face_confidence=np.ones(52)))
    shut = [
        steadying.steady(sensed(k, face=np.full(52, 0.98), face_confidence=np.ones(52))).face
        for k in range(60, 66)
    ]
    assert shut[2].min() > 0.85
    assert np.max(shut) <= 1.0


def test_gaze_stays_a_direction_and_its_distance_comes_at_once_when_first_known():
    steadying = Steadying()
    rng = np.random.default_rng(7)
    for k in range(40):
        aside = np.array([0.3, 0.1, -1.0]) + rng.normal(0.0, 0.01, 3)
        said = steadying.steady(
            sensed(k, gaze_direction=aside / np.linalg.norm(aside), gaze_distance=1.5,
                   gaze_confidence=1.0)
        )  # fmt: skip
        assert abs(np.linalg.norm(said.gaze_direction) - 1.0) < 1e-9
        assert abs(said.gaze_distance - 1.5) < 1e-9


def test_what_is_not_known_is_handed_on_as_it_came():
    given = sensed(0)
    said = Steadying().steady(given)
    assert np.array_equal(said.rotations, given.rotations)
    assert np.array_equal(said.face, given.face)
    assert not said.positions.flags.writeable


def test_somebody_who_went_and_came_back_is_where_they_came_back():
    steadying = Steadying()
    for k in range(20):
        steadying.steady(sensed(k))
    assert not steadying.steady(sensed(20, sure=0.0, present=False)).present
    there = np.array([0.32, 1.2, -0.4])
    assert np.allclose(steadying.steady(sensed(21, position=there)).positions[HAND], there)
