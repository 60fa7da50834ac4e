"""Quaternion maths, against SciPy's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from presence.pose.quaternion import (
    IDENTITY,
    quat_angle,
    quat_between,
    quat_conjugate,
    quat_from_axis_angle,
    quat_from_matrix,
    quat_from_rotvec,
    quat_mul,
    quat_normalise,
    quat_rotate,
    quat_slerp,
    quat_to_matrix,
    quat_to_rotvec,
    quat_twist,
)

COUNT = 6
parts = st.floats(-1.0, 1.0, allow_subnormal=False)


def _unit(a):
    return a / np.linalg.norm(a, axis=-1, keepdims=True)


def _long_enough(a):
    return bool((np.linalg.norm(a, axis=-1) > 1e-2).all())


quats = arrays(float, (COUNT, 4), elements=parts).filter(_long_enough).map(_unit)
directions = arrays(float, (COUNT, 3), elements=parts).filter(_long_enough).map(_unit)
vectors = arrays(float, (COUNT, 3), elements=st.floats(-100.0, 100.0))
rotvecs = arrays(float, (COUNT, 3), elements=st.floats(-1.7, 1.7))


def assert_same_turn(a, b, atol=1e-7):
    """The same rotations, whatever the signs of the quaternions."""
    dots = np.abs(np.sum(np.asarray(a) * np.asarray(b), axis=-1))
    chords = np.minimum(
        np.linalg.norm(a - np.asarray(b), axis=-1), np.linalg.norm(a + np.asarray(b), axis=-1)
    )
    assert chords.max() < atol, dots


@given(quats, quats)
def test_a_product_turns_by_the_second_first(a, b):
    theirs = Rotation.from_quat(a) * Rotation.from_quat(b)
    assert_same_turn(quat_mul(a, b), theirs.as_quat())


@given(quats, vectors)
def test_vectors_turn_as_scipy_turns_them(q, v):
    np.testing.assert_allclose(quat_rotate(q, v), Rotation.from_quat(q).apply(v), atol=1e-10)


@given(quats)
def test_the_conjugate_undoes(q):
    assert_same_turn(quat_mul(q, quat_conjugate(q)), np.broadcast_to(IDENTITY, q.shape))


@given(quats)
def test_matrices_are_scipys_and_come_back(q):
    np.testing.assert_allclose(quat_to_matrix(q), Rotation.from_quat(q).as_matrix(), atol=1e-12)
    assert_same_turn(quat_from_matrix(quat_to_matrix(q)), q)


def test_half_turns_come_back_from_their_matrices():
    half_turns = np.concatenate([np.eye(4), _unit(np.array([[1.0, 1.0, 0.0, 0.0]]))])
    assert_same_turn(quat_from_matrix(quat_to_matrix(half_turns)), half_turns)


@given(rotvecs)
def test_rotation_vectors_are_scipys_and_come_back(r):
    q = quat_from_rotvec(r)
    assert_same_turn(q, Rotation.from_rotvec(r).as_quat())
    np.testing.assert_allclose(quat_to_rotvec(q), r, atol=1e-9)


@given(quats)
def test_rotation_vectors_go_the_short_way(q):
    assert (np.linalg.norm(quat_to_rotvec(q), axis=-1) <= np.pi + 1e-12).all()
    assert_same_turn(quat_from_rotvec(quat_to_rotvec(q)), q)


@given(st.floats(1e-300, 1e-5))
def test_the_smallest_turns_are_kept(angle):
    r = np.array([angle, 0.0, 0.0])
    np.testing.assert_allclose(quat_to_rotvec(quat_from_rotvec(r)), r, rtol=1e-9)


@given(directions, st.floats(-3.0, 3.0))
def test_axis_and_angle_are_a_rotation_vector(axis, angle):
    theirs = Rotation.from_rotvec(axis * angle).as_quat()
    assert_same_turn(quat_from_axis_angle(axis, np.full(COUNT, angle)), theirs)
    assert_same_turn(quat_from_axis_angle(axis[0], angle), theirs[0])


@given(quats, st.floats(0.1, 10.0))
def test_normalising_gives_unit_length(q, scale):
    np.testing.assert_allclose(quat_normalise(q * scale), q, atol=1e-12)


def test_a_quaternion_without_a_direction_becomes_the_identity():
    np.testing.assert_array_equal(quat_normalise(np.zeros((2, 4))), [IDENTITY, IDENTITY])


@given(directions, directions)
def test_the_turn_between_directions_takes_one_to_the_other_the_short_way(a, b):
    q = quat_between(a, b)
    np.testing.assert_allclose(np.linalg.norm(q, axis=-1), 1.0)
    # Within 5e-5 rad of opposite, any half-turn square to them is taken.
    np.testing.assert_allclose(quat_rotate(q, a), b, atol=1e-4)
    angles = np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), np.sum(a * b, axis=-1))
    turned = np.linalg.norm(quat_to_rotvec(q), axis=-1)
    np.testing.assert_allclose(turned, angles, atol=1e-4)


@given(directions)
def test_opposite_directions_are_a_half_turn_apart(a):
    q = quat_between(a, -a)
    np.testing.assert_allclose(quat_rotate(q, a), -a, atol=1e-9)


@given(quats, quats, st.floats(0.0, 1.0))
def test_slerp_goes_the_short_way_at_a_constant_rate(a, b, t):
    assert_same_turn(quat_slerp(a, b, 0.0), a)
    # Exactly opposite orientations have two short ways; both end at b.
    assert_same_turn(quat_slerp(a, b, 1.0), b)
    whole, part = quat_angle(a, b), quat_angle(a, quat_slerp(a, b, t))
    np.testing.assert_allclose(part, whole * t, atol=1e-6)


@given(quats, quats)
def test_the_angle_is_scipys_and_ignores_sign(a, b):
    theirs = (Rotation.from_quat(a).inv() * Rotation.from_quat(b)).magnitude()
    np.testing.assert_allclose(quat_angle(a, b), theirs, atol=1e-7)
    np.testing.assert_allclose(quat_angle(a, -b), theirs, atol=1e-7)


@given(quats, directions)
def test_a_twist_is_about_its_axis_and_what_is_left_is_not(q, axis):
    twist = quat_twist(q, axis)
    np.testing.assert_allclose(np.cross(twist[:, :3], axis), 0.0, atol=1e-9)
    swing = quat_mul(q, quat_conjugate(twist))
    turns_there = np.linalg.norm(np.concatenate([q[:, 3:], _along(q, axis)], axis=-1), axis=-1)
    # A half-turn square to the axis has no twist to speak of.
    clear = turns_there > 1e-6
    np.testing.assert_allclose(_along(swing, axis)[clear], 0.0, atol=1e-7)


def _along(q, axis):
    return np.sum(q[:, :3] * axis, axis=-1, keepdims=True)


def test_leading_shapes_broadcast():
    q = quat_from_rotvec(np.zeros((3, 1, 3)))
    assert quat_mul(q, np.zeros((5, 4))).shape == (3, 5, 4)
    assert quat_rotate(q, np.zeros((2, 1, 5, 3))).shape == (2, 3, 5, 3)
    assert quat_slerp(q, IDENTITY, np.full((3, 1), 0.5)).shape == (3, 1, 4)
