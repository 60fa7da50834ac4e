"""Measuring height and reach."""

import numpy as np
import pytest
from measured_person import Person

from presence.clock import SECOND
from presence.pose.proportions import default_proportions
from presence.pose.skeleton import INDEX
from presence.tracking.measuring import Measured, Measuring, proportions_from

RATE = 60


def measured(acts, eye_height=1.62, reach=1.42, seconds=None):
    """The measuring, and after how many seconds it was done."""
    person, measuring, done = Person(eye_height, reach, acts), Measuring(), None
    for k in range(round((seconds or sum(s for s, _ in acts)) * RATE)):
        measuring.take(person.sense(k * SECOND // RATE))
        if done is None and measuring.done:
            done = k / RATE
    return measuring, done


@pytest.mark.parametrize(("eyes", "reach"), [(1.35, 1.15), (1.5, 1.3), (1.62, 1.42), (1.85, 1.7)])
@pytest.mark.parametrize("stretch", ["stretches", "points"])
def test_whoever_stands_and_stretches_once_is_measured_well_within_ten_seconds(
    eyes, reach, stretch
):
    measuring, done = measured([(1.5, "stands"), (1.5, stretch), (1.0, "stands")], eyes, reach)
    assert done is not None and done < 3.0
    result = measuring.measured()
    assert abs(result.eye_height - eyes) < 0.01
    assert abs(result.reach - reach) < 0.03
    assert not result.seated


def test_whoever_sits_first_is_measured_standing():
    measuring, _ = measured([(3, "sits"), (1.5, "stands"), (1.5, "stretches")])
    assert abs(measuring.measured().eye_height - 1.62) < 0.01


def test_a_jump_is_not_taken_for_height():
    measuring, _ = measured([(1.5, "stands"), (3, "jumps"), (1.5, "stretches")])
    assert abs(measuring.measured().eye_height - 1.62) < 0.01


def test_whoever_only_sits_is_measured_by_the_reach():
    measuring, _ = measured([(2, "sits"), (2, "sits and stretches")])
    result = measuring.measured()
    assert result.seated
    assert abs(result.eye_height - 1.62) < 0.08
    assert "sit" in measuring.says


def test_arms_that_are_bent_are_no_reach():
    measuring, done = measured([(1.5, "stands"), (3, "bent arms")])
    assert done is None
    assert measuring.measured().reach is None
    usual = measuring.measured().proportions()
    average = default_proportions().scaled(1.62 / default_proportions().eye_height)
    assert np.allclose(usual.offsets, average.offsets, atol=0.01)


def test_each_thing_to_do_is_said():
    person = Person(1.6, None, [(1, "away"), (0.2, "stands"), (2, "no hands"), (2, "stands")])
    measuring, said = Measuring(), []
    assert "headset on" in measuring.says
    for k in range(5 * RATE):
        measuring.take(person.sense(k * SECOND // RATE))
        if not said or said[-1] != measuring.says:
            said.append(measuring.says)
    heads = [sentence.split()[0] for sentence in said]
    assert heads == ["Put", "Stand", "Take", "Stretch"]
    assert all(sentence.endswith(".") for sentence in said)


def test_a_body_of_measures_has_just_these():
    body = proportions_from(1.7, 1.5)
    rest = body.rest_positions()
    assert abs(body.eye_height - 1.7) < 1e-9
    assert abs(rest[INDEX["rightHand"], 0] - rest[INDEX["leftHand"], 0] - 1.5) < 1e-9
    assert Measured(1.7, None).proportions().eye_height == pytest.approx(1.7)


def test_no_arms_come_of_nonsense():
    for reach in (0.2, 5.0):
        arm = np.linalg.norm(proportions_from(1.6, reach).offsets[INDEX["leftLowerArm"]])
        usual = np.linalg.norm(proportions_from(1.6).offsets[INDEX["leftLowerArm"]])
        assert 0.84 < arm / usual < 1.16
