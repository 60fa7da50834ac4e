import numpy as np
import pytest

from presence.headset.frames import FieldOfView
from presence.pose.rigid import Rigid
from presence.render.eye import (
    FAR,
    INTERPUPILLARY_DISTANCE,
    NEAR,
    Eye,
    clip_from_eye,
    clip_from_own_place,
    in_view,
    stereo_eyes,
    view_block,
)

# As headsets have them: wider outwards and downwards.
LOPSIDED = FieldOfView(left=-0.9, right=0.7, up=0.75, down=-0.95)


def projected(matrix, point):
    x, y, z, w = matrix @ [*point, 1.0]
    return np.array([x, y, z]) / w


def test_the_edges_of_the_field_of_view_are_those_of_the_image():
    m = clip_from_eye(LOPSIDED)
    for angle, axis, edge in (
        (LOPSIDED.left, 0, -1.0),
        (LOPSIDED.right, 0, 1.0),
        (LOPSIDED.down, 1, -1.0),
        (LOPSIDED.up, 1, 1.0),
    ):
        point = np.array([0.0, 0.0, -3.0])
        point[axis] = 3.0 * np.tan(angle)
        assert projected(m, point)[axis] == pytest.approx(edge)


def test_depth_runs_from_the_near_to_the_far_plane():
    m = clip_from_eye(LOPSIDED)
    assert projected(m, [0.0, 0.0, -NEAR])[2] == pytest.approx(-1.0)
    assert projected(m, [0.0, 0.0, -FAR])[2] == pytest.approx(1.0)


def test_an_eye_sees_from_where_it_is():
    eye = Eye(Rigid.from_yaw(np.pi / 2, np.array([1.0, 1.6, 2.0])), FieldOfView.symmetric(0.7))
    # Turned a quarter to its left, it looks along -X.
    assert projected(clip_from_own_place(eye), [-1.0, 1.6, 2.0])[:2] == pytest.approx([0.0, 0.0])


def test_the_view_block_is_the_matrix_by_columns_and_the_eye_s_place():
    eye = Eye(Rigid.from_yaw(0.3, np.array([1.0, 1.6, 2.0])), LOPSIDED)
    block = view_block(eye)
    np.testing.assert_allclose(block[:16].reshape(4, 4).T, clip_from_own_place(eye), rtol=1e-6)
    np.testing.assert_allclose(block[16:19], [1.0, 1.6, 2.0], rtol=1e-6)


def test_two_eyes_are_as_far_apart_as_a_head_s():
    head = Rigid.from_yaw(np.pi, np.array([0.0, 1.6, 0.0]))
    left, right = stereo_eyes(head, LOPSIDED)
    apart = right.own_place_from_eye.translation - left.own_place_from_eye.translation
    # Turned round, the right is at -X.
    np.testing.assert_allclose(apart, [-INTERPUPILLARY_DISTANCE, 0.0, 0.0], atol=1e-12)


def test_what_may_be_seen_is_kept_and_what_cannot_is_not():
    eye = Eye(Rigid.from_yaw(0.4, np.array([0.3, 1.5, -0.2])), LOPSIDED)
    rng = np.random.default_rng(1)
    middles = rng.uniform(-5.0, 5.0, size=(400, 3))
    radii = rng.uniform(0.05, 1.5, size=400)
    seen = in_view(eye, middles, radii)
    # Points of the balls' surfaces and middles, projected, are never seen of one left out.
    directions = rng.normal(size=(60, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points = middles[:, None] + radii[:, None, None] * np.vstack([directions, np.zeros(3)])
    clip = np.concatenate([points, np.ones((*points.shape[:2], 1))], 2) @ clip_from_own_place(eye).T
    inside = (np.abs(clip[..., :2]) < clip[..., 3:]).all(axis=-1).any(axis=1)
    assert not (inside & ~seen).any()
    assert 0.3 < (~seen).mean() < 0.95, "half of the balls are behind the eye"
