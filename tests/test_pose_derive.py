"""Eyes and jaw that follow from gaze and face."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.pose import INDEX, SHAPE_INDEX, PoseSample, default_proportions, with_derived
from presence.pose.derive import (
    EYE_PITCH_RANGE,
    EYE_YAW_RANGE,
    JAW_RANGE,
    eye_angles,
)
from presence.pose.face import DERIVED_SHAPES, SENT_SHAPES
from presence.pose.quaternion import quat_angle, quat_rotate
from presence.pose.rigid import FORWARD
from presence.pose.skeleton import DERIVED_BONES

ADULT = default_proportions()
REST = PoseSample.at_rest(0, ADULT.hips_height)
EYES = [INDEX["leftEye"], INDEX["rightEye"]]

yaws = st.floats(-0.6, 0.6)
pitches = st.floats(-0.45, 0.45)
distances = st.floats(0.3, 100.0)


def direction(yaw, pitch):
    return np.array([-np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])


def looking(yaw=0.0, pitch=0.0, distance=100.0):
    gaze = replace(REST, gaze_direction=direction(yaw, pitch), gaze_distance=distance)
    return with_derived(gaze, ADULT)


def shape(sample, name):
    return sample.face[SHAPE_INDEX[name]]


@given(yaws, pitches, distances)
def test_both_eyes_point_at_the_one_thing_looked_at(yaw, pitch, distance):
    turned = looking(yaw, pitch, distance)
    target = ADULT.eyes + distance * direction(yaw, pitch)
    angles = eye_angles(turned.gaze_direction, distance, ADULT)
    if max(np.abs(angles[0])) < EYE_YAW_RANGE and max(np.abs(angles[1])) < EYE_PITCH_RANGE:
        for eye in EYES:
            ray = target - ADULT.offsets[eye]
            seen = quat_rotate(turned.rotations[eye], FORWARD)
            np.testing.assert_allclose(seen, ray / np.linalg.norm(ray), atol=1e-9)


def test_looking_left_turns_both_eyes_left():
    turned = looking(yaw=0.4)
    for eye in EYES:
        assert quat_rotate(turned.rotations[eye], FORWARD)[0] < -0.3
    assert shape(turned, "eyeLookOutLeft") > 0.5
    assert shape(turned, "eyeLookInRight") > 0.5
    assert shape(turned, "eyeLookInLeft") == shape(turned, "eyeLookOutRight") == 0.0


def test_looking_right_turns_both_eyes_right():
    turned = looking(yaw=-0.4)
    for eye in EYES:
        assert quat_rotate(turned.rotations[eye], FORWARD)[0] > 0.3
    assert shape(turned, "eyeLookInLeft") > 0.5
    assert shape(turned, "eyeLookOutRight") > 0.5


@pytest.mark.parametrize(("pitch", "way"), [(0.3, "Up"), (-0.3, "Down")])
def test_looking_up_and_down_turns_both_eyes_alike(pitch, way):
    turned = looking(pitch=pitch)
    other = {"Up": "Down", "Down": "Up"}[way]
    for side, eye in zip(("Left", "Right"), EYES, strict=True):
        assert np.sign(quat_rotate(turned.rotations[eye], FORWARD)[1]) == np.sign(pitch)
        assert shape(turned, f"eyeLook{way}{side}") == pytest.approx(
            0.3 / EYE_PITCH_RANGE, abs=0.01
        )
        assert shape(turned, f"eyeLook{other}{side}") == 0.0


def test_the_eyes_converge_on_something_near():
    near = looking(distance=0.2)
    left, right = (quat_rotate(near.rotations[eye], FORWARD)[0] for eye in EYES)
    assert left > 0.1 > -0.1 > right
    assert shape(near, "eyeLookInLeft") > 0.1 < shape(near, "eyeLookInRight")
    far = looking(distance=100.0)
    for eye in EYES:
        assert abs(quat_rotate(far.rotations[eye], FORWARD)[0]) < 1e-3


@given(st.tuples(*[st.floats(-1.0, 1.0)] * 3), st.floats(0.1, 100.0))
def test_eyes_stay_within_their_range_wherever_gaze_points(gaze, distance):
    length = np.linalg.norm(gaze)
    unit = np.array(gaze) / length if length > 1e-3 else FORWARD
    turned = with_derived(replace(REST, gaze_direction=unit, gaze_distance=distance), ADULT)
    yaw, pitch = eye_angles(unit, distance, ADULT)
    assert np.abs(yaw).max() <= EYE_YAW_RANGE
    assert np.abs(pitch).max() <= EYE_PITCH_RANGE
    np.testing.assert_allclose(np.linalg.norm(turned.rotations, axis=-1), 1.0)
    derived = turned.face[DERIVED_SHAPES]
    assert (derived >= 0.0).all()
    assert (derived <= 1.0).all()


@given(st.floats(0.0, 1.0))
def test_the_jaw_turns_the_chin_down_and_back(jaw_open):
    face = REST.face.copy()
    face[SHAPE_INDEX["jawOpen"]] = jaw_open
    turned = with_derived(replace(REST, face=face), ADULT)
    jaw = turned.rotations[INDEX["jaw"]]
    assert quat_angle(jaw, REST.rotations[0]) == pytest.approx(JAW_RANGE * jaw_open, abs=1e-9)
    chin = np.array([0.0, -0.05, -0.08])
    moved = quat_rotate(jaw, chin) - chin
    assert moved[1] <= 0.0 <= moved[2]
    assert moved[1] == pytest.approx(-0.025 * jaw_open, abs=0.005)


def test_nothing_else_is_touched_and_deriving_twice_is_deriving_once():
    rng = np.random.default_rng(3)
    face = rng.uniform(0.0, 1.0, 52)
    sample = replace(REST, face=face, gaze_direction=direction(0.2, -0.1))
    once = with_derived(sample, ADULT)
    np.testing.assert_array_equal(once.face[SENT_SHAPES], face[SENT_SHAPES])
    others = np.delete(np.arange(55), DERIVED_BONES)
    np.testing.assert_array_equal(once.rotations[others], sample.rotations[others])
    twice = with_derived(once, ADULT)
    np.testing.assert_array_equal(twice.face, once.face)
    np.testing.assert_array_equal(twice.rotations, once.rotations)
    assert not once.face.flags.writeable
