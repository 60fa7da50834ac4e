"""A person of whom only the head is tracked."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from presence.pose import INDEX, Rigid, default_proportions, joints_in_place
from presence.pose.quaternion import quat_angle, quat_from_rotvec, quat_rotate
from presence.pose.sample import Part
from presence.tracking.head import HeadSource, pose_from_head

BODY = default_proportions()
angles = st.floats(-1.2, 1.2)


@given(st.tuples(angles, angles, angles), st.floats(-2, 2), st.floats(1.0, 1.9))
def test_the_eyes_are_where_the_headset_says(turn, x, y):
    view = Rigid(quat_from_rotvec(np.array(turn)), np.array([x, y, 0.3]))
    sample = pose_from_head(view, BODY, 7)
    positions, orientations = joints_in_place(sample, BODY)
    head = INDEX["head"]
    eyes = positions[head] + quat_rotate(orientations[head], BODY.eyes)
    np.testing.assert_allclose(eyes, view.translation, atol=1e-9)
    assert quat_angle(orientations[head], view.rotation) < 1e-7


def test_standing_straight_the_feet_are_on_the_floor_and_the_hands_hang():
    view = Rigid.from_yaw(0.8, np.array([0.0, BODY.eye_height, 0.0]))
    positions, _ = joints_in_place(pose_from_head(view, BODY, 0), BODY)
    soles = positions[INDEX["leftFoot"], 1] + BODY.soles[0, 1]
    assert abs(soles) < 1e-6
    for hand in ("leftHand", "rightHand"):
        assert positions[INDEX[hand], 1] < positions[0, 1] + 0.05


def test_only_the_head_is_said_to_be_tracked_and_stamped_with_when_it_was():
    here = Rigid.from_yaw(0.0, np.array([0.0, 1.6, 0.0]))
    sample = HeadSource(lambda now: (here, now - 3), BODY).sample(5)
    assert sample is not None
    assert sample.capture_ns == 2
    assert sample.tracked[Part.HEAD] == 1.0
    assert sample.tracked.sum() == 1.0


def test_a_lost_head_and_one_that_was_not_tracked_anew_give_nothing():
    here = Rigid.from_yaw(0.0, np.array([0.0, 1.6, 0.0]))
    assert HeadSource(lambda _: None, BODY).sample(5) is None
    source = HeadSource(lambda _: (here, 2), BODY)
    assert source.sample(5) is not None
    assert source.sample(6) is None
