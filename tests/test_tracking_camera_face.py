"""Heads, faces and glances from landmarks that are known: those of the model, moved by hand."""

import numpy as np
import pytest

from presence.pose.face import SHAPE_INDEX
from presence.pose.quaternion import quat_angle, quat_from_rotvec, quat_mul
from presence.pose.rigid import Rigid
from presence.tracking.camera.expression import (
    LEFT_IRIS,
    RIGHT_IRIS,
    Neutral,
    known_shapes,
    laid_flat,
    read_expression,
)
from presence.tracking.camera.face_model import trained_model
from presence.tracking.camera.face_pose import IRIS_M, FacePose, FaceSize, find_face
from presence.tracking.camera.lens import Lens

LENS = Lens(640, 480)
MODEL = trained_model()
TOWARDS_CAMERA = np.array([0.0, 1.0, 0.0, 0.0])


def head(yaw=0.0, pitch=0.0, roll=0.0, at=(0.0, 0.0, -0.7)):
    """A head that faces the camera, turned by degrees to its left, up, and about its nose."""
    turns = quat_from_rotvec(np.radians([[0, yaw, 0], [pitch, 0, 0], [0, 0, roll]]))
    turn = quat_mul(quat_mul(turns[0], turns[1]), turns[2])
    return Rigid(quat_mul(TOWARDS_CAMERA, turn), np.array(at))


def landmarks(camera_from_head, points=MODEL.points):
    seen = camera_from_head.apply(points)
    away = -(seen[:, 2:] - camera_from_head.translation[2])
    return np.concatenate([LENS.pixels(seen), away * LENS.focal / 0.7], axis=1)


def test_a_pixel_and_its_ray_belong_together():
    pixels = np.array([[0.0, 0.0], [320.0, 240.0], [500.0, 100.0]])
    assert np.allclose(LENS.pixels(3.0 * LENS.rays(pixels)), pixels)
    corner = LENS.rays(np.array([0.0, 0.0]))
    to_corner = np.degrees(np.arccos(1.0 / np.linalg.norm(corner)))
    assert to_corner == pytest.approx(63.0 / 2.0)
    assert corner[0] < 0.0 < corner[1]


@pytest.mark.parametrize("yaw", [-40, 0, 25])
@pytest.mark.parametrize("pitch", [-20, 0, 20])
@pytest.mark.parametrize("at", [(0.0, 0.0, -0.5), (0.25, -0.1, -0.9)])
def test_a_head_is_found_where_it_is(yaw, pitch, at):
    true = head(yaw, pitch, 7.0, at)
    found = find_face(landmarks(true), LENS, MODEL)
    assert np.degrees(quat_angle(found.camera_from_head.rotation, true.rotation)) < 0.05
    assert np.linalg.norm(found.camera_from_head.translation - true.translation) < 0.0005
    assert found.error < 1e-3


@pytest.mark.parametrize(
    "before",
    [
        head(12.0, -3.0, 4.0),
        # Elsewhere, another way up, and where nobody can be: then it is sought anew.
        head(-45.0, 20.0, -30.0, (0.3, -0.2, -1.6)),
        head(10.0, 0.0, 170.0),
        Rigid(np.array([0.0, 0.0, 0.0, 1.0]), np.array([0.0, 0.0, 0.4])),
    ],
)
def test_a_head_is_found_from_where_it_was_wherever_that_is(before):
    true = head(14.0, -5.0, 3.0)
    found = find_face(landmarks(true), LENS, MODEL, FacePose(before, 0.01))
    assert np.degrees(quat_angle(found.camera_from_head.rotation, true.rotation)) < 0.05
    assert np.linalg.norm(found.camera_from_head.translation - true.translation) < 0.0005


def test_a_few_landmarks_that_are_far_off_hardly_matter():
    true = head(10.0, -5.0)
    face = landmarks(true)
    face[MODEL.rigid[::8], :2] += [25.0, -18.0]
    found = find_face(face, LENS, MODEL)
    assert np.degrees(quat_angle(found.camera_from_head.rotation, true.rotation)) < 4.0


def test_what_is_no_face_is_not_taken_for_one():
    rng = np.random.default_rng(3)
    noise = rng.uniform(0.0, 480.0, (478, 3))
    found = find_face(noise, LENS, MODEL)
    assert found is None or found.error > 0.2
    assert find_face(np.full((478, 3), 100.0), LENS, MODEL) is None


@pytest.mark.parametrize("size", [0.9, 1.1])
def test_irises_tell_a_large_face_from_a_near_one(size):
    face = landmarks(Rigid(head().rotation, np.array([0.0, 0.0, -0.7])), MODEL.points * size)
    for middle in (LEFT_IRIS, RIGHT_IRIS):
        # Everybody's irises are of one size, whatever their face's.
        rim = 0.5 * IRIS_M * LENS.focal / 0.7
        for mark, way in zip(range(1, 5), [(1, 0), (0, -1), (-1, 0), (0, 1)], strict=True):
            face[middle + mark, :2] = face[middle, :2] + rim * np.array(way)
    believed = FaceSize()
    for _ in range(30):
        believed.learn(face, find_face(face, LENS, MODEL), LENS)
    assert believed.size == pytest.approx(1.0 + 0.5 * (size - 1.0), rel=0.02)


def moved(groups, by):
    """Landmarks of the face at rest, some groups of which moved by millimetres right and up."""
    points = MODEL.points.copy()
    for group in groups:
        points[list(group), :2] += np.array(by) / 1000.0
    return points


LEFT_LIDS, RIGHT_LIDS = (386, 385, 387), (159, 158, 160)


def expression(points, turned=None):
    turned = turned or head()
    face = landmarks(turned, points)
    pose = find_face(face, LENS, MODEL)
    flat = laid_flat(face, pose.camera_from_head, LENS, MODEL)
    return read_expression(flat - MODEL.points[:, :2], MODEL)


@pytest.mark.parametrize(("own", "other"), [("Left", "Right"), ("Right", "Left")])
def test_an_eye_that_shuts_is_the_eye_that_blinks(own, other):
    lids = LEFT_LIDS if own == "Left" else RIGHT_LIDS
    shapes = expression(moved([lids], (0.0, -8.0))).shapes
    assert shapes[SHAPE_INDEX[f"eyeBlink{own}"]] > 0.5
    assert shapes[SHAPE_INDEX[f"eyeBlink{other}"]] < 0.1


def test_a_face_at_rest_does_nothing_however_the_head_is_turned():
    for yaw, pitch in [(0, 0), (25, 0), (-25, 10), (0, -15)]:
        told = expression(MODEL.points, head(yaw, pitch, 5.0))
        assert told.shapes.max() < 0.02
        assert abs(told.yaw) + abs(told.pitch) < np.radians(1.0)


@pytest.mark.parametrize(("own", "side"), [("Left", 0), ("Right", 1)])
def test_a_corner_of_the_mouth_that_rises_smiles_on_its_side(own, side):
    out = -1.0 if own == "Left" else 1.0
    points = MODEL.points.copy()
    # Of corner, lips, their rims and cheek, as they go along.
    for group, by in (
        (5, (7, 6)),
        (6, (3, 2)),
        (7, (3, 2)),
        (10, (3, 2)),
        (11, (3, 2)),
        (8, (1, 3)),
    ):
        points[MODEL.features[2 * group + side], :2] += np.array(by) * [0.001 * out, 0.001]
    shapes = expression(points).shapes
    other = "Right" if own == "Left" else "Left"
    assert shapes[SHAPE_INDEX[f"mouthSmile{own}"]] > shapes[SHAPE_INDEX[f"mouthSmile{other}"]] + 0.3


def test_irises_that_move_to_the_left_look_left():
    irises = (range(468, 473), range(473, 478))
    # The person's left is −X.
    left, right = (expression(moved(irises, (by, 0.0))) for by in (-2.0, 2.0))
    assert left.yaw > np.radians(5.0)
    assert right.yaw == pytest.approx(-left.yaw, abs=np.radians(1.0))
    assert expression(moved(irises, (0.0, 1.5))).pitch > np.radians(2.0)


def test_a_faces_own_rest_is_learned_and_a_blink_in_between_does_no_harm():
    neutral = Neutral(MODEL, pictures=40)
    own = MODEL.points[:, :2].copy()
    own[[61, 291], 1] += 0.004
    for picture in range(40):
        blinking = own.copy()
        if picture % 5 == 0:
            blinking[list(LEFT_LIDS), 1] -= 0.008
        neutral.learn(blinking, np.zeros(52))
    assert neutral.known
    assert np.abs(neutral.moved(own)).max() < 1e-6


def test_a_learned_rest_follows_a_face_at_rest_and_not_one_that_smiles():
    neutral = Neutral(MODEL, pictures=5)
    own = MODEL.points[:, :2].copy()
    for _ in range(5):
        neutral.learn(own, np.zeros(52))
    later = own + 0.001
    smiling = np.zeros(52)
    smiling[SHAPE_INDEX["mouthSmileLeft"]] = 0.8
    for _ in range(500):
        neutral.learn(later, smiling)
    assert np.abs(neutral.moved(own)).max() < 1e-9
    for _ in range(500):
        neutral.learn(later, np.zeros(52))
    assert np.abs(neutral.moved(later)).max() < 1e-4


def test_what_landmarks_cannot_tell_is_not_told():
    for name in ("cheekPuff", "noseSneerLeft", "tongueOut", "jawForward", "jawLeft", "jawRight"):
        assert MODEL.known[SHAPE_INDEX[name]] == 0.0
        assert not MODEL.shapes[:, SHAPE_INDEX[name]].any()
    for name in ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft", "mouthPucker"):
        assert MODEL.known[SHAPE_INDEX[name]] > 0.5


@pytest.mark.parametrize(("own", "side"), [("Left", 0), ("Right", 1)])
def test_a_brow_that_sinks_or_rises_does_so_on_its_side(own, side):
    inner, middle, outer = (
        ((285, 336, 295), (55, 107, 65)),
        ((282, 334, 296), (52, 105, 66)),
        (
            (300, 293, 276),
            (70, 63, 46),
        ),
    )
    other = "Right" if own == "Left" else "Left"
    sunk = expression(moved([inner[side], middle[side]], (0.0, -3.0))).shapes
    assert sunk[SHAPE_INDEX[f"browDown{own}"]] > 0.6
    assert sunk[SHAPE_INDEX[f"browDown{other}"]] < 0.1
    risen = expression(moved([*inner, outer[side]], (0.0, 4.0))).shapes
    assert risen[SHAPE_INDEX["browInnerUp"]] > 0.6
    assert risen[SHAPE_INDEX[f"browOuterUp{own}"]] > 0.6
    assert risen[SHAPE_INDEX[f"browOuterUp{other}"]] < 0.1
    assert known_shapes(MODEL)[SHAPE_INDEX["browInnerUp"]] > 0.0
