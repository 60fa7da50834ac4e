"""Arms and hands from landmarks of bodies whose pose is known; and whose hand is whose."""

import numpy as np
import pytest

from presence.pose.kinematics import fingertips_in_place, forward_kinematics
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_angle,
    quat_between,
    quat_conjugate,
    quat_from_rotvec,
    quat_mul,
    quat_rotate,
)
from presence.pose.rigid import Rigid
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.tracking.camera.body import Breadth, on_the_ray, read_trunk
from presence.tracking.camera.fingers import hand_bone, read_hand
from presence.tracking.camera.found import Found, FoundHand, FoundPose
from presence.tracking.camera.lens import Lens
from presence.tracking.camera.mounting import Mounting, eyes_at_rest
from presence.tracking.camera.sides import same_person, sided
from presence.tracking.hands import finger_rotvecs

BODY = default_proportions(1.75)
LENS = Lens(640, 480, np.radians(80.0))
EYES = BODY.rest_positions()[INDEX["head"]] + BODY.eyes
CAMERA = Rigid.from_yaw(np.pi, EYES - np.array([0.0, 0.2, 1.2]))


def posed(**turns):
    rotations = np.tile(IDENTITY, (BONE_COUNT, 1))
    for bone, turn in turns.items():
        rotations[INDEX[bone]] = quat_from_rotvec(np.array(turn, dtype=float))
    return forward_kinematics(rotations, np.array([0.0, BODY.hips_height, 0.0]), BODY.offsets)


def found_body(positions):
    """The 33 landmarks of a body, as exact as can be."""
    marks = np.zeros((33, 3))
    names = {11: "leftUpperArm", 12: "rightUpperArm", 13: "leftLowerArm", 14: "rightLowerArm"}
    names |= {15: "leftHand", 16: "rightHand", 23: "leftUpperLeg", 24: "rightUpperLeg", 0: "head"}
    for mark, name in names.items():
        marks[mark] = positions[INDEX[name]]
    in_camera = CAMERA.inverse().apply(marks)
    pixels = np.concatenate([LENS.pixels(in_camera), np.zeros((33, 1))], axis=1)
    # Depth counts along the way in which the shoulders are seen.
    middle = in_camera[[11, 12]].mean(axis=0)
    along = quat_between(np.array([0.0, 0.0, -1.0]), middle)
    own = quat_rotate(quat_conjugate(along), in_camera - in_camera[[23, 24]].mean(axis=0))
    return FoundPose(pixels, own * [1.0, -1.0, -1.0], np.ones(33))


POSES = {
    "hanging": {"leftUpperArm": (0, 0, 1.3), "rightUpperArm": (0, 0, -1.3)},
    "left hand raised": {
        "leftUpperArm": (0, 0, 1.0),
        "leftLowerArm": (0, -2.2, 0),
        "rightUpperArm": (0, 0, -1.2),
    },
    "right hand ahead": {
        "rightUpperArm": (0, 1.2, -0.3),
        "rightLowerArm": (0, 0.6, 0),
        "leftUpperArm": (0, 0, 1.2),
    },
}


@pytest.mark.parametrize("pose", POSES)
def test_arms_are_found_as_they_are_each_on_its_side(pose):
    positions, orientations = posed(**POSES[pose])
    head = Rigid(orientations[INDEX["head"]], positions[INDEX["head"]] + BODY.eyes)
    trunk = read_trunk(found_body(positions), LENS, CAMERA, head, BODY, Breadth())
    assert np.degrees(quat_angle(trunk.chest, orientations[INDEX["upperChest"]])) < 1.0
    for side, arm in zip(("left", "right"), trunk.arms, strict=True):
        assert np.linalg.norm(arm.wrist - positions[INDEX[side + "Hand"]]) < 0.09
        x_axis = np.array([1.0, 0.0, 0.0])
        for bone, orientation in (("UpperArm", arm.upper), ("LowerArm", arm.lower)):
            true = quat_rotate(orientations[INDEX[side + bone]], x_axis)
            off = np.degrees(np.arccos(np.clip(quat_rotate(orientation, x_axis) @ true, -1, 1)))
            # Bones are taken for a little shorter than they are, which costs most with exact marks.
            assert off < 18.0, (side, bone)


def test_an_arm_that_is_not_seen_is_not_told():
    positions, orientations = posed(**POSES["hanging"])
    head = Rigid(orientations[INDEX["head"]], positions[INDEX["head"]] + BODY.eyes)
    whole = found_body(positions)
    visible = np.ones(33)
    visible[13], visible[16] = 0.1, 0.2
    trunk = read_trunk(
        FoundPose(whole.pixels, whole.metres, visible), LENS, CAMERA, head, BODY, Breadth()
    )
    assert trunk.arms[0] is None
    assert trunk.arms[1] is not None and trunk.arms[1].wrist_sure == 0.0
    outside = whole.pixels.copy()
    outside[14] = [320.0, 700.0, 0.0]
    trunk = read_trunk(
        FoundPose(outside, whole.metres, np.ones(33)), LENS, CAMERA, head, BODY, Breadth()
    )
    assert trunk.arms[1] is None


def test_a_trunk_that_leans_is_found_leaning():
    lean = quat_from_rotvec(np.array([-0.3, 0.0, 0.0]))
    rotations = np.tile(IDENTITY, (BONE_COUNT, 1))
    rotations[INDEX["spine"]] = lean
    rotations[INDEX["neck"]] = quat_conjugate(lean)
    positions, orientations = forward_kinematics(
        rotations, np.array([0.0, BODY.hips_height, 0.0]), BODY.offsets
    )
    head = Rigid(orientations[INDEX["head"]], positions[INDEX["head"]] + BODY.eyes)
    trunk = read_trunk(found_body(positions), LENS, CAMERA, head, BODY, Breadth())
    up = quat_rotate(trunk.chest, np.array([0.0, 1.0, 0.0]))
    # Forward is −Z.
    assert np.degrees(np.arctan2(-up[2], up[1])) == pytest.approx(np.degrees(0.3), abs=6.0)


@pytest.mark.parametrize("deeper", [-0.15, 0.2])
def test_a_bone_of_known_length_ends_on_the_ray_by_which_its_end_is_seen(deeper):
    eye, above = np.zeros(3), np.array([0.1, -0.2, -1.0])
    end = above + np.array([0.18, 0.05, deeper])
    length = np.linalg.norm(end - above)
    rough = end - above + [0.05, -0.03, 0.6 * deeper]
    found = on_the_ray(above, length, rough, eye, end)
    assert np.linalg.norm(found - above) == pytest.approx(length)
    assert np.linalg.norm(found - end) < 0.06
    # The network's depth has only to say which of both ends it is.
    away = on_the_ray(above, length, rough * [1, 1, -1], eye, end)
    assert (away[2] - above[2]) * deeper < 0.0


SHAPES = {
    "open": [0, 0, 0, 0, 0, 0],
    "fist": [0.8, 0.9, 0.9, 0.9, 0.9, 0],
    "pointing": [0.7, 0, 0.9, 0.9, 0.9, 0],
}


def hand_points(side, shape):
    """``(21, 3)`` the landmarks of a hand as it is shaped, turned any way."""
    rotations = np.tile(IDENTITY, (BONE_COUNT, 1))
    vectors = finger_rotvecs(np.array([shape, shape], dtype=float))
    rotations[25:] = quat_from_rotvec(vectors)
    rotations[INDEX[side + "LowerArm"]] = quat_from_rotvec(np.array([0.4, -0.9, 0.3]))
    positions, orientations = forward_kinematics(rotations, np.zeros(3), BODY.offsets)
    tips = fingertips_in_place(positions, orientations, BODY)
    points = [positions[INDEX[side + "Hand"]]]
    for finger in range(5):
        points += [positions[hand_bone(side, finger, segment)] for segment in range(3)]
        points.append(tips[finger + (0 if side == "left" else 5)])
    first = hand_bone(side, 0, 0)
    return np.array(points), orientations[INDEX[side + "Hand"]], rotations[first : first + 15]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("shape", SHAPES)
def test_fingers_are_found_as_they_are(side, shape):
    points, orientation, fingers = hand_points(side, SHAPES[shape])
    hand = read_hand(points, side == "left", BODY)
    assert np.degrees(quat_angle(hand.orientation, orientation)) < 0.1
    off = np.degrees(quat_angle(hand.fingers, fingers))
    # A thumb's own twist is not seen in where its joints are.
    assert off[3:].max() < 6.0
    assert off[:3].max() < 25.0
    assert hand.fit > 0.99


@pytest.mark.parametrize("side", ["left", "right"])
def test_joints_go_no_further_than_joints_go(side):
    points, _, _ = hand_points(side, SHAPES["open"])
    palm_down = points.copy()
    # A fingertip bent back to the wrist, as landmarks that have slipped say.
    palm_down[8] = palm_down[6] + (palm_down[5] - palm_down[8])
    hand = read_hand(palm_down, side == "left", BODY)
    assert np.degrees(quat_angle(hand.fingers[3:], IDENTITY)).max() <= 116.0


def test_landmarks_in_disorder_are_no_hand():
    rng = np.random.default_rng(1)
    read = [read_hand(rng.normal(size=(21, 3)), True, BODY) for _ in range(50)]
    assert sum(hand is not None for hand in read) < 12


def a_hand(left, score, at):
    pixels = np.tile([*at, 0.0], (21, 1)).astype(float)
    return FoundHand(left, score, pixels, np.zeros((21, 3)))


def with_hands(*hands):
    return Found(640, 480, hands=hands, hands_looked=True)


def test_wrists_say_whose_hand_it_is_whatever_it_looks_like():
    wrists = (np.array([500.0, 300.0]), np.array([140.0, 300.0]))
    looks_wrong = with_hands(a_hand(True, 0.95, (150, 310)), a_hand(False, 0.9, (490, 290)))
    assert {side: hand.pixels[0, 0] for side, hand in sided(looks_wrong, wrists)} == {
        0: 490.0,
        1: 150.0,
    }


def test_without_wrists_a_hand_is_whose_it_looks_like_and_no_side_has_two():
    alone = with_hands(a_hand(True, 0.9, (320, 200)))
    assert [side for side, _ in sided(alone, (None, None))] == [0]
    two = with_hands(a_hand(True, 0.9, (320, 200)), a_hand(True, 0.6, (100, 200)))
    assert sorted(side for side, _ in sided(two, (None, None))) == [0, 1]
    assert next(h.pixels[0, 0] for s, h in sided(two, (None, None)) if s == 0) == 320.0


def test_another_persons_body_is_not_taken_for_ones_own():
    positions, _ = posed()
    pose = found_body(positions)
    face = np.zeros((478, 3))
    face[:, :2] = pose.pixels[0, :2]
    face[33, 0] -= 45.0
    face[263, 0] += 45.0
    assert same_person(pose, face)
    face[:, 0] += 250.0
    assert not same_person(pose, face)


@pytest.mark.parametrize(("turn", "tilt"), [(0.0, 0.0), (20.0, 15.0), (-30.0, -10.0)])
def test_a_camera_finds_out_how_it_is_turned_by_who_looks_ahead(turn, tilt):
    eyes = eyes_at_rest(BODY, seated=True)
    assert eyes[1] == pytest.approx(1.22, abs=0.05)
    yaw, pitch = quat_from_rotvec(
        np.array([[0.0, np.pi + np.radians(turn), 0.0], [np.radians(tilt), 0.0, 0.0]])
    )
    camera = Rigid(quat_mul(yaw, pitch), np.array([0.2, 1.0, -0.6]))
    mounting = Mounting(BODY, pictures=20)
    rng = np.random.default_rng(0)
    for _ in range(20):
        wobble = quat_from_rotvec(rng.normal(0.0, 0.03, 3))
        mounting.learn(camera.inverse() @ Rigid(wobble, eyes + rng.normal(0.0, 0.005, 3)))
    assert mounting.settled
    found = mounting.place_from_camera
    assert np.degrees(quat_angle(found.rotation, camera.rotation)) < 3.0
    assert np.linalg.norm(found.translation - camera.translation) < 0.05
    # Where it was told, it does not guess.
    told = Mounting(BODY, tilt=0.0, turn=0.0, pictures=5)
    for _ in range(5):
        told.learn(camera.inverse() @ Rigid(IDENTITY, eyes))
    assert np.degrees(quat_angle(told.place_from_camera.rotation, np.array([0, 1.0, 0, 0]))) < 0.01
