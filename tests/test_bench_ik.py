"""The bench of filling in: that it measures what it says, and that the solver sees what it may."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from presence.bench.clips import Clip
from presence.bench.ik import (
    GROUPS,
    LIMITS_CM,
    _bars,
    _mean,
    _score,
    calibrated,
    three_points,
)
from presence.bench.ik_standing import standing_pose
from presence.clock import SECOND
from presence.pose.arrays import frozen
from presence.pose.proportions import default_proportions
from presence.pose.skeleton import INDEX
from presence.tracking.performer import Performer

BODY = default_proportions()


@pytest.fixture(scope="module")
def clip():
    performer = Performer(7, proportions=BODY)
    samples = tuple(performer.sample(k * SECOND // 60) for k in range(60))
    return Clip("somebody", 60, BODY, samples)


def truth(clip):
    """A solver that knows the answer."""
    by_time = {sample.capture_ns: sample for sample in clip.samples}
    return lambda sensed, at: by_time[at]


def test_the_truth_itself_has_no_error_and_stands(clip):
    score = _score(clip, BODY, truth(clip))
    assert all(score[f"{group}_cm"] < 1e-6 for group in GROUPS)
    assert score["planted_pct"] == 100.0
    assert score["sliding_cm_s"] < 0.1
    assert score["into_floor_cm"] < 0.1
    assert score["jerk_of_truth"] == pytest.approx(1.0)


def test_a_body_that_is_moved_is_off_by_so_much_and_slides_if_it_does(clip):
    exact = truth(clip)

    def moved(sensed, at):
        sample = exact(sensed, at)
        along = np.array([0.03 + 0.06 * at / SECOND, 0.0, 0.0])
        return replace(sample, root_position=frozen(sample.root_position + along))

    score = _score(clip, BODY, moved)
    assert all(3.0 < score[f"{group}_cm"] < 9.0 for group in GROUPS)
    assert score["sliding_cm_s"] == pytest.approx(6.0, abs=0.1)


def test_a_body_in_the_floor_is_in_the_floor_and_not_planted(clip):
    exact = truth(clip)

    def sunk(sensed, at):
        sample = exact(sensed, at)
        return replace(sample, root_position=frozen(sample.root_position - (0.0, 0.05, 0.0)))

    score = _score(clip, BODY, sunk)
    assert score["into_floor_cm"] == pytest.approx(5.0, abs=0.1)
    assert score["planted_pct"] == 0.0


def test_the_solver_sees_head_and_hands_and_nothing_else(clip):
    for sensed in three_points(clip):
        assert (sensed.position_confidence == [1, 1, 1, 0, 0, 0]).all()
        assert (sensed.orientation_confidence == [1, 1, 1, 0, 0, 0]).all()
        assert (sensed.positions[3:] == 0.0).all()
        assert not sensed.rotation_confidence.any()
        assert not sensed.face_confidence.any()


def test_a_calibration_knows_height_and_reach_and_no_other_bone():
    offsets = np.array(BODY.offsets)
    for bone in ("leftLowerLeg", "rightLowerLeg"):
        offsets[INDEX[bone], 1] -= 0.05
    for bone in ("leftFoot", "rightFoot"):
        offsets[INDEX[bone], 1] += 0.05
    offsets[INDEX["leftUpperArm"], 0] -= 0.03
    offsets[INDEX["leftLowerArm"], 0] += 0.03
    other = replace(BODY, offsets=frozen(offsets))
    assert np.allclose(calibrated(other).offsets, calibrated(BODY).offsets)


def test_a_standing_pose_ends_in_the_head_and_heeds_no_hands(clip):
    sensed = three_points(clip)[0]
    sample = standing_pose(BODY, sensed, 0)
    hidden = replace(sensed, positions=sensed.positions * [[1], [0], [0], [0], [0], [0]])
    assert (standing_pose(BODY, hidden, 0).rotations == sample.rotations).all()


def test_every_group_has_its_bar():
    row = {f"{group}_cm": limit - 0.5 for group, limit in LIMITS_CM.items()}
    row |= {
        "planted_pct": 81.0,
        "sliding_cm_s": 1.0,
        "into_floor_cm": 0.0,
        "jerk_of_truth": 1.0,
        "ms_a_frame": 0.5,
    }
    assert all(bar.ok for bar in _bars(_mean([row, row])))
    worse = {name: value + 8.0 for name, value in row.items()} | {"planted_pct": 70.0}
    assert not any(bar.ok for bar in _bars(_mean([row, worse])) if "planted" not in bar.name)
    assert set(GROUPS) == set(LIMITS_CM)
