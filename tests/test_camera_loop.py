"""The closed loop: somebody made by code is drawn, followed by the real networks, and compared."""

from types import SimpleNamespace

import numpy as np
import pytest

from presence.bench.camera_loop import (
    ARM_POSES,
    ARMS_AWAY,
    FACE_AWAY,
    Sitting,
    arms,
    faces,
    glances,
)
from presence.bench.camera_set import acted, head_of
from presence.client.studio import Studio
from presence.clock import SECOND
from presence.errors import CameraError
from presence.pose.face import SHAPE_INDEX
from presence.pose.quaternion import quat_from_rotvec, quat_to_rotvec
from presence.scene.gltf import load_glb
from presence.scene.shipped import shipped_person
from presence.tracking.camera.networks import Networks, mesh_points, shapes_of
from presence.tracking.camera.plan import Plan
from presence.tracking.sensed import Point

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def sittings():
    pytest.importorskip("mediapipe")
    avatar = load_glb(shipped_person("ben"))
    with Studio() as studio:
        both = [Sitting(avatar, studio, away) for away in (FACE_AWAY, ARMS_AWAY)]
        yield both
        for sitting in both:
            sitting.close()


def test_a_file_that_is_no_face_model_is_a_sentence_with_the_cure(tmp_path):
    pytest.importorskip("mediapipe")
    wrong = tmp_path / "face_landmarker.task"
    wrong.write_bytes(b"no model")
    for path in (wrong, tmp_path / "none"):
        with pytest.raises(CameraError, match="presence models fetch face"):
            Networks(str(path))


@pytest.mark.parametrize("more", [False, True])
def test_landmarks_are_read_from_their_bytes_as_from_themselves(more):
    pytest.importorskip("mediapipe")
    from mediapipe.framework.formats.landmark_pb2 import NormalizedLandmarkList

    marks = NormalizedLandmarkList()
    shares = np.random.default_rng(1).normal(size=(478, 3)).astype(np.float32)
    shares[3, 0] = 0.0
    for x, y, z in shares.tolist():
        marks.landmark.add(x=x, y=y, z=z)
    if more:
        marks.landmark[7].visibility = 0.5
    read = mesh_points(marks, 640, 480)
    np.testing.assert_array_equal(read, shares.astype(np.float64) * [640, 480, 640])


def test_shapes_that_a_network_tells_by_name_are_put_in_their_places():
    told = [
        SimpleNamespace(category_name=name, score=score)
        for name, score in (("_neutral", 0.9), ("jawOpen", 0.25), ("eyeBlinkRight", 0.75))
    ]
    shapes = shapes_of(told)
    assert shapes[SHAPE_INDEX["jawOpen"]] == 0.25
    assert shapes[SHAPE_INDEX["eyeBlinkRight"]] == 0.75
    assert np.isfinite(shapes).sum() == 2


def test_a_head_is_found_where_it_is_and_turns_as_it_turns(sittings):
    near, _ = sittings
    for yaw in (18.0, -18.0):
        near.show(acted(near.avatar), 2)
        sample = acted(near.avatar, head=(yaw, 0.0, 0.0))
        told = near.show(sample).point(Point.HEAD)
        true = head_of(sample, near.avatar)
        assert np.degrees(quat_to_rotvec(told.rotation)[1]) == pytest.approx(yaw, abs=6.0)
        assert np.linalg.norm(told.translation - true.translation) < 0.05


def test_each_eye_blinks_on_its_own_side_and_a_jaw_opens(sittings):
    near, _ = sittings
    told = {
        name: face
        for name, _, face in faces(near, ["eyeBlinkLeft", "eyeBlinkRight", "jawOpen"], (1.0,))
    }
    for name, other in (("eyeBlinkLeft", "eyeBlinkRight"), ("eyeBlinkRight", "eyeBlinkLeft")):
        assert told[name][SHAPE_INDEX[name]] > 0.6
        assert told[name][SHAPE_INDEX[other]] < 0.3
    assert told["jawOpen"][SHAPE_INDEX["jawOpen"]] > 0.5


def test_eyes_look_to_the_side_to_which_they_look(sittings):
    near, _ = sittings
    sides = [(true[0], told[0]) for true, told in glances(near, [(25.0, 0.0), (-25.0, 0.0)])]
    assert all(told * np.sign(true) > 10.0 for true, told in sides)


def test_arms_and_hands_are_told_of_the_side_on_which_they_are(sittings):
    _, far = sittings
    opened = {"open": (0.0, 0.0, 0.0, 0.0, 0.0, 0.6)}
    seen = list(arms(far, opened, ["hand up beside"]))
    assert len(seen) == 2
    assert not any(arm.swapped for arm in seen)
    assert all(arm.found and arm.wrist_off < 0.4 for arm in seen)
    assert sum(arm.hand_off is not None for arm in seen) >= 1


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_hand_looks_like_a_hand_of_its_own_side_in_a_picture_that_is_no_mirror(sittings, side):
    _, far = sittings
    turns = {"left": 1.0, "right": -1.0}
    raised = {
        f"{side}{bone}": quat_from_rotvec(np.array([x, y * turns[side], z * turns[side]]))
        for bone, (x, y, z) in ARM_POSES["hand up beside"].items()
    }
    far.show(acted(far.avatar, rotations=raised), 6)
    assert [hand.left for hand in far.found.hands] == [side == "left"]


def test_of_two_people_the_larger_is_followed_and_both_are_counted(sittings):
    near, far = sittings
    pictures = [
        sitting.setting.picture(sitting.studio, acted(sitting.avatar)) for sitting in (near, far)
    ]
    large, small = (picture[:, 160:480] for picture in pictures)
    networks = Networks(plan=Plan(least_rate=1.0))
    try:
        for order, middle in (((large, small), 160.0), ((small, large), 480.0)):
            found = networks.look(np.concatenate(order, axis=1), SECOND)
            assert found.faces == 2
            assert found.face[1, 0] == pytest.approx(middle, abs=40.0)
            # Nobody is there in between, or whoever was first would be kept.
            networks.look(np.full((480, 640, 3), 90, dtype=np.uint8), SECOND)
    finally:
        networks.close()
