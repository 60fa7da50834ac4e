"""A body's measures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.pose import INDEX, MIRROR, default_proportions
from presence.pose.kinematics import fingertips_in_place, joints_in_place
from presence.pose.sample import PoseSample

ADULT = default_proportions()


@given(st.floats(0.6, 2.4))
def test_a_body_is_as_tall_as_asked_and_stands_on_the_floor(height):
    body = default_proportions(height)
    rest = body.rest_positions()
    assert body.height == pytest.approx(height)
    for side, foot in enumerate(("leftFoot", "rightFoot")):
        assert rest[INDEX[foot], 1] + body.soles[side, 1] == pytest.approx(0.0, abs=1e-9)


def test_an_adult_has_an_adults_measures():
    rest = ADULT.rest_positions()
    assert ADULT.height == pytest.approx(1.70)
    # Standing eye height is 93 to 94 % of stature, arm span 97 to 105 %.
    assert ADULT.eye_height == pytest.approx(0.935 * 1.70, abs=0.02)
    tips = fingertips_in_place(
        *joints_in_place(PoseSample.at_rest(0, ADULT.hips_height), ADULT), ADULT
    )
    assert 0.95 < np.ptp(tips[:, 0]) / 1.70 < 1.06
    assert rest[INDEX["hips"], 1] == pytest.approx(ADULT.hips_height)


def test_left_and_right_are_mirror_images():
    reflection = np.array([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(ADULT.offsets[MIRROR], ADULT.offsets * reflection, atol=1e-12)
    np.testing.assert_allclose(ADULT.fingertips[5:], ADULT.fingertips[:5] * reflection)
    np.testing.assert_allclose(ADULT.soles[1], ADULT.soles[0] * reflection)
    np.testing.assert_allclose(ADULT.toes[1], ADULT.toes[0] * reflection)


def test_the_t_pose_faces_ahead_with_the_left_hand_at_the_left():
    rest = ADULT.rest_positions()
    assert rest[INDEX["leftHand"], 0] < -0.5 < 0.5 < rest[INDEX["rightHand"], 0]
    assert rest[INDEX["leftToes"], 2] < rest[INDEX["leftFoot"], 2]
    assert rest[INDEX["leftEye"], 2] < rest[INDEX["head"], 2]
    assert rest[INDEX["leftThumbDistal"], 2] < rest[INDEX["leftLittleDistal"], 2]


def test_rest_positions_are_those_of_a_pose_at_rest():
    positions, _ = joints_in_place(PoseSample.at_rest(0, ADULT.hips_height), ADULT)
    np.testing.assert_allclose(positions, ADULT.rest_positions(), atol=1e-12)


def test_scaling_scales_every_measure():
    half = ADULT.scaled(0.5)
    np.testing.assert_allclose(half.rest_positions(), 0.5 * ADULT.rest_positions())
    for name in ("fingertips", "toes", "soles", "crown", "eyes"):
        np.testing.assert_allclose(getattr(half, name), 0.5 * getattr(ADULT, name))
    assert half.eye_height == pytest.approx(0.5 * ADULT.eye_height)


def test_measures_cannot_be_changed_in_place():
    for name in ("offsets", "fingertips", "toes", "soles", "crown"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(ADULT, name)[:] = 0.0
