"""Faces and eyes that OpenXR's extensions tell of come out as shapes and gaze."""

import numpy as np
import pytest

from presence.pose.face import SHAPE_INDEX, SHAPES
from presence.pose.quaternion import quat_from_rotvec, quat_mul, quat_rotate
from presence.tracking.openxr import face_tables
from presence.tracking.sensed import Point

pytestmark = pytest.mark.openxr

HEAD = np.array([*quat_from_rotvec(np.array([0.2, 0.6, -0.1])), 0.1, 1.6, -0.2])
AHEAD = np.array([0.0, 0.0, -1.0])
HTC = (*face_tables.HTC_EYE_EXPRESSIONS, *face_tables.HTC_LIP_EXPRESSIONS)


@pytest.fixture
def client(simulated_headset):
    return simulated_headset


def meta(weights, confidences=(1.0, 1.0), **more):
    return {"meta_face": {"weights": list(weights), "confidences": list(confidences), **more}}


def android(weights, confidences=(1.0, 1.0, 1.0)):
    return {"android_face": {"weights": list(weights), "confidences": list(confidences)}}


def htc(weights):
    weights = list(weights)
    return {"htc_eyes": weights[:14], "htc_lips": weights[14:]}


KINDS = {
    "meta": (meta, face_tables.META_EXPRESSIONS, face_tables.COMMON_SHARES),
    "android": (android, face_tables.ANDROID_EXPRESSIONS, face_tables.COMMON_SHARES),
    "htc": (htc, HTC, face_tables.HTC_SHARES),
}
EVERY = [(kind, i) for kind, (_, names, _) in KINDS.items() for i in range(len(names))]


def test_the_tables_have_the_expressions_that_openxr_names():
    xr = pytest.importorskip("xr")
    for names, enum in (
        (face_tables.META_EXPRESSIONS, xr.FaceExpression2FB),
        (face_tables.ANDROID_EXPRESSIONS, xr.FaceParameterIndicesANDROID),
        (face_tables.HTC_EYE_EXPRESSIONS, xr.EyeExpressionHTC),
        (face_tables.HTC_LIP_EXPRESSIONS, xr.LipExpressionHTC),
    ):
        for i, name in enumerate(names):
            assert enum[name].value == i


@pytest.mark.parametrize(("kind", "i"), EVERY, ids=lambda v: str(v))
def test_each_expression_moves_the_shapes_that_are_made_of_it(client, kind, i):
    told, names, shares = KINDS[kind]
    weights = np.zeros(len(names))
    weights[i] = 0.8
    sensed = client.sense(**told(weights))
    expected = np.zeros(len(SHAPES))
    for shape, parts in shares.items():
        expected[SHAPE_INDEX[shape]] = 0.8 * parts.get(names[i], 0.0)
    np.testing.assert_allclose(sensed.face, expected, atol=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_face_moves_every_shape_that_can_be_known_and_no_other(client, kind):
    told, names, shares = KINDS[kind]
    sensed = client.sense(**told(np.ones(len(names))))
    known = np.array([shape in shares for shape in SHAPES])
    np.testing.assert_allclose(sensed.face, known.astype(float), atol=0.01)
    np.testing.assert_array_equal(sensed.face_confidence, known.astype(float))
    assert known.sum() == (36 if kind == "htc" else 52)


@pytest.mark.parametrize("kind", KINDS)
def test_left_and_right_are_the_persons_own(client, kind):
    """By the names alone: what an extension says of one side moves that side or both alike."""
    told, names, _ = KINDS[kind]
    sided = {i: side for i, name in enumerate(names) if (side := side_of(name)) is not None}
    for i, side in sided.items():
        weights = np.zeros(len(names))
        weights[i] = 1.0
        face = client.sense(**told(weights)).face
        for j in np.flatnonzero(face):
            mine = {"Left": "left", "Right": "right"}.get(shape_side(SHAPES[j]))
            assert mine in (None, side), (names[i], SHAPES[j])


def side_of(name):
    words = name.split("_")
    for side, marks in {
        "left": ("L", "LB", "LT", "LEFT"),
        "right": ("R", "RB", "RT", "RIGHT"),
    }.items():
        # Where eyes look left, it is the last word that says which eye.
        if words[-1] in marks or words[0] == side.upper():
            return side
    return None


def shape_side(shape):
    return next((side for side in ("Left", "Right") if shape.endswith(side)), None)


def test_the_parts_of_a_face_are_as_sure_as_they_are_said_to_be(client):
    sensed = client.sense(**meta(np.ones(70), (0.25, 0.75)))
    sure = dict(zip(SHAPES, sensed.face_confidence, strict=True))
    assert sure["jawOpen"] == pytest.approx(0.25)
    assert sure["browInnerUp"] == sure["eyeBlinkLeft"] == pytest.approx(0.75)
    sensed = client.sense(**android(np.ones(68), (0.2, 0.4, 0.6)))
    sure = dict(zip(SHAPES, sensed.face_confidence, strict=True))
    assert sure["mouthSmileLeft"] == pytest.approx(0.2)
    assert sure["eyeBlinkLeft"] == pytest.approx(0.4)
    assert sure["eyeBlinkRight"] == pytest.approx(0.6)


def test_a_face_that_is_made_from_the_voice_is_less_sure(client):
    heard = client.sense(**meta(np.ones(70), source=1))
    assert 0.0 < heard.face_confidence.max() < 1.0


def test_half_a_face_is_half_known(client):
    mouth = client.sense(htc_lips=[1.0] * 37)
    assert mouth.face_confidence[SHAPE_INDEX["jawOpen"]] == 1.0
    assert mouth.face_confidence[SHAPE_INDEX["eyeBlinkLeft"]] == 0.0
    assert mouth.face[SHAPE_INDEX["eyeBlinkLeft"]] == 0.0


def test_a_face_that_is_lost_is_at_rest_and_comes_back(client):
    seen = client.sense(**meta(np.full(70, 0.5)))
    lost = client.sense()
    paused = client.sense(
        android_face={"weights": [1.0] * 68, "confidences": [1.0] * 3, "state": 0}
    )
    back = client.sense(**meta(np.full(70, 0.5)))
    assert not lost.face_confidence.any()
    assert not lost.face.any()
    assert not paused.face_confidence.any()
    np.testing.assert_array_equal(seen.face, back.face)


def ray_of(pose):
    return quat_rotate(np.array(pose[:4]), AHEAD)


def looking(direction, at):
    """An eye at ``at`` in ``head`` that looks along ``direction`` in ``head``, told in `local`."""
    from presence.pose.quaternion import quat_between

    turn = quat_mul(HEAD[:4], quat_between(AHEAD, direction))
    place = quat_rotate(HEAD[:4], np.asarray(at)) + HEAD[4:]
    return [*turn.tolist(), *place.tolist()]


@pytest.mark.parametrize(
    "direction", [(0, 0, -1), (-0.4, 0.1, -0.9), (0.5, -0.3, -0.8)], ids=["ahead", "left", "right"]
)
def test_a_gaze_of_both_eyes_is_told_in_the_heads_axes(client, direction):
    direction = np.array(direction, dtype=float) / np.linalg.norm(direction)
    gaze = {"pose": looking(direction, (0, 0, 0)), "flags": 15}
    sensed = client.sense(head=HEAD.tolist(), gaze=gaze)
    angle = np.degrees(np.arccos(np.clip(sensed.gaze_direction @ direction, -1, 1)))
    assert angle < 0.5
    assert sensed.gaze_confidence == 1.0


@pytest.mark.parametrize("target", [(0.0, 0.0, -0.4), (-0.3, 0.1, -1.0), (0.8, -0.4, -3.0)])
def test_eyes_that_meet_at_a_point_look_at_it(client, target):
    target = np.array(target)
    eyes = []
    for x in (-0.032, 0.032):
        at = np.array([x, 0.0, 0.0])
        eyes.append({"pose": looking(target - at, at), "confidence": 0.8 + x})
    sensed = client.sense(head=HEAD.tolist(), eyes=eyes)
    seen = sensed.gaze_direction * sensed.gaze_distance
    assert np.linalg.norm(seen - target) < 0.02 * np.linalg.norm(target)
    assert sensed.gaze_confidence == pytest.approx(0.768, abs=1e-3)


def test_eyes_that_do_not_meet_look_far(client):
    eyes = [
        {"pose": looking(np.array([x, 0.0, -1.0]), np.array([x, 0.0, 0.0])), "confidence": 1.0}
        for x in (-0.032, 0.032)
    ]
    sensed = client.sense(head=HEAD.tolist(), eyes=eyes)
    assert sensed.gaze_distance == pytest.approx(100.0)
    np.testing.assert_allclose(sensed.gaze_direction, AHEAD, atol=1e-3)


def test_one_eye_alone_tells_the_direction(client):
    eye = {"pose": looking(np.array([0.3, 0.0, -1.0]), np.zeros(3)), "confidence": 1.0}
    sensed = client.sense(head=HEAD.tolist(), eyes=[None, eye])
    np.testing.assert_allclose(
        sensed.gaze_direction, np.array([0.3, 0, -1]) / np.hypot(0.3, 1), atol=1e-3
    )


def test_a_gaze_that_is_lost_leaves_the_faces_own_and_then_none(client):
    weights = np.zeros(70)
    # Both eyes to the person's left, by three quarters of their way.
    for name in ("EYES_LOOK_LEFT_L", "EYES_LOOK_LEFT_R"):
        weights[face_tables.META_EXPRESSIONS.index(name)] = 0.75
    gaze = {"pose": looking(AHEAD, (0, 0, 0)), "flags": 15}
    both = client.sense(head=HEAD.tolist(), gaze=gaze, **meta(weights))
    face = client.sense(head=HEAD.tolist(), **meta(weights))
    blind = client.sense(head=HEAD.tolist(), **meta(weights, eyes=False))
    np.testing.assert_allclose(both.gaze_direction, AHEAD, atol=1e-3)
    assert face.gaze_direction[0] == pytest.approx(-np.sin(np.radians(30.0)), abs=0.01)
    assert 0.0 < face.gaze_confidence < both.gaze_confidence
    assert blind.gaze_confidence == 0.0
    assert both.position_confidence[Point.HEAD] == 1.0
