"""Rigid transforms."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from presence.pose.quaternion import quat_from_rotvec
from presence.pose.rigid import FORWARD, RIGHT, UP, Rigid, matrix_from_parts

numbers = st.floats(-3.0, 3.0)
triples = st.tuples(numbers, numbers, numbers).map(np.array)
rigids = st.builds(lambda r, t: Rigid(quat_from_rotvec(r), t), triples, triples)


@given(rigids, rigids, triples)
def test_a_product_applies_the_second_first(a, b, point):
    np.testing.assert_allclose((a @ b).apply(point), a.apply(b.apply(point)), atol=1e-12)


@given(rigids, triples)
def test_the_inverse_undoes(a, point):
    np.testing.assert_allclose(a.inverse().apply(a.apply(point)), point, atol=1e-12)
    np.testing.assert_allclose((a @ a.inverse()).matrix(), np.eye(4), atol=1e-12)


@given(rigids, rigids)
def test_matrices_multiply_as_transforms_do(a, b):
    np.testing.assert_allclose((a @ b).matrix(), a.matrix() @ b.matrix(), atol=1e-12)


@given(rigids, triples)
def test_a_matrix_moves_column_vectors(a, point):
    moved = a.matrix() @ np.append(point, 1.0)
    np.testing.assert_allclose(moved, np.append(a.apply(point), 1.0), atol=1e-12)


def test_the_identity_changes_nothing():
    np.testing.assert_array_equal(Rigid.identity().matrix(), np.eye(4))


def test_positive_yaw_turns_a_person_to_their_left():
    turned = Rigid.from_yaw(np.pi / 2, np.zeros(3))
    np.testing.assert_allclose(turned.apply(FORWARD), -RIGHT, atol=1e-12)
    np.testing.assert_allclose(turned.apply(UP), UP, atol=1e-12)


def test_the_axes_are_right_handed():
    np.testing.assert_array_equal(np.cross(RIGHT, UP), -FORWARD)


def test_matrices_are_made_for_any_leading_shape():
    rotations = quat_from_rotvec(np.zeros((2, 7, 3)))
    translations = np.arange(42.0).reshape(2, 7, 3)
    matrices = matrix_from_parts(rotations, translations)
    assert matrices.shape == (2, 7, 4, 4)
    np.testing.assert_array_equal(matrices[..., :3, 3], translations)
    np.testing.assert_array_equal(matrices[1, 3, :3, :3], np.eye(3))
