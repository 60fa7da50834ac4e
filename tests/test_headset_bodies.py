"""Bodies that OpenXR's extensions tell of come out as bones, each joint as its own."""

import numpy as np
import openxr_body as person
import pytest
from openxr_runtime import sensing_client

from presence.pose.quaternion import quat_angle, quat_from_rotvec, quat_mul
from presence.pose.skeleton import BONES, INDEX
from presence.tracking.openxr import bodies
from presence.tracking.sensed import Point

pytestmark = pytest.mark.openxr

MM, DEGREE = 0.001, np.radians(1.0)
META = bodies.META_TRUNK | bodies.META_FINGERS | bodies.META_LEGS
POINTS = {
    Point.LEFT_HAND: "leftHand",
    Point.RIGHT_HAND: "rightHand",
    Point.HIPS: "hips",
    Point.LEFT_FOOT: "leftFoot",
    Point.RIGHT_FOOT: "rightFoot",
}


@pytest.fixture
def client(simulated_headset):
    return simulated_headset


def meta(rotations, root, skeleton, confidence=1.0):
    """What Meta's extension says of such a body; ``skeleton`` makes another T-pose."""
    joints, rest = person.meta_joints(META, 84, rotations, root, seed=skeleton)
    return {
        "meta_body": {
            "joints": joints,
            "rest": rest,
            "skeleton": skeleton,
            "confidence": confidence,
        }
    }


def bytedance(rotations, root):
    """What ByteDance's extension says: its joints have the axes of our bones."""
    at, turned = person.placed(rotations, root)
    joints = [person.numbers([0.0, 0.0, 0.0, 1.0], [9.0, 9.0, 9.0]) for _ in range(24)]
    for bone, joint in bodies.BYTEDANCE.items():
        joints[joint] = person.numbers(turned[INDEX[bone]], at[INDEX[bone]])
    return {"bytedance_body": {"joints": joints}}


KINDS = {
    "meta": (META, lambda rotations, root: meta(rotations, root, skeleton=1)),
    "bytedance": (bodies.BYTEDANCE, bytedance),
}
EVERY_BONE = [(kind, bone) for kind, (table, _) in KINDS.items() for bone in table]


def test_the_tables_have_the_joints_that_openxr_names():
    xr = pytest.importorskip("xr")
    for table, enum in ((META, xr.FullBodyJointMETA), (bodies.BYTEDANCE, xr.BodyJointBD)):
        for bone, joint in table.items():
            name, side = enum(joint).name, "LEFT" if bone.startswith("left") else "RIGHT"
            assert name.startswith(side) == bone.startswith(("left", "right")), (bone, name)
    # The other way round, a few that only the name can tell apart.
    assert META["leftLittleDistal"] == xr.FullBodyJointMETA.LEFT_HAND_LITTLE_DISTAL.value
    assert META["rightThumbMetacarpal"] == xr.FullBodyJointMETA.RIGHT_HAND_THUMB_METACARPAL.value
    assert META["rightIndexProximal"] == xr.FullBodyJointMETA.RIGHT_HAND_INDEX_PROXIMAL.value
    assert META["leftFoot"] == xr.FullBodyJointMETA.LEFT_FOOT_ANKLE.value
    assert META["rightToes"] == xr.FullBodyJointMETA.RIGHT_FOOT_BALL.value
    assert bodies.BYTEDANCE["upperChest"] == xr.BodyJointBD.SPINE3.value
    assert bodies.BYTEDANCE["leftLowerArm"] == xr.BodyJointBD.LEFT_ELBOW.value


@pytest.mark.parametrize("kind", KINDS)
def test_points_are_where_the_bodys_joints_are(client, kind):
    rotations, root = person.posed(11, angle=0.4)
    sensed = client.sense(**KINDS[kind][1](rotations, root))
    at, turned = person.placed(rotations, root)
    for point, bone in POINTS.items():
        assert np.linalg.norm(sensed.positions[point] - at[INDEX[bone]]) < MM
        assert quat_angle(sensed.orientations[point], turned[INDEX[bone]]) < 0.5 * DEGREE
        assert sensed.position_confidence[point] > 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_body_comes_out_as_it_went_in(client, kind):
    table, told = KINDS[kind]
    rotations, root = person.posed(12, angle=0.4)
    sensed = client.sense(**told(rotations, root))
    known = [INDEX[bone] for bone in table]
    expected = person.relative(rotations, set(known))
    assert quat_angle(sensed.rotations[known], expected[known]).max() < 0.5 * DEGREE
    assert (sensed.rotation_confidence[known] > 0.0).all()
    unknown = sorted(set(range(25)) - set(known))
    assert (sensed.rotation_confidence[unknown] == 0.0).all()


@pytest.mark.parametrize(("kind", "bone"), EVERY_BONE)
def test_each_joint_of_a_body_turns_its_own_bone_alone(client, kind, bone):
    told = KINDS[kind][1]
    before, root = person.posed(13, angle=0.2)
    after = before.copy()
    i = INDEX[bone]
    after[i] = quat_mul(before[i], person.turned(np.random.default_rng(i), 0.6))
    changed = quat_angle(
        client.sense(**told(before, root)).rotations, client.sense(**told(after, root)).rotations
    )
    assert changed[i] == pytest.approx(0.6, abs=0.5 * DEGREE)
    changed[i] = 0.0
    # The fingers of a body without any are those that controllers press.
    assert changed.max() < 0.1 * DEGREE, BONES[int(changed.argmax())]


def test_a_skeleton_that_grows_in_mid_session_is_asked_for_again(client):
    rotations, root = person.posed(14, angle=0.4)
    known = [INDEX[bone] for bone in META]
    for skeleton in (3, 4):
        sensed = client.sense(**meta(rotations, root, skeleton))
        expected = person.relative(rotations, set(known))
        assert quat_angle(sensed.rotations[known], expected[known]).max() < 0.5 * DEGREE


def test_arms_that_hang_in_the_runtimes_rest_pose_do_not_hang_twice(client):
    """A T-pose whose left arm is 20° down; then one that holds both arms level, as ours does."""
    level, root = person.posed(15, angle=0.0)
    hanging = level.copy()
    hanging[INDEX["leftUpperArm"]] = quat_from_rotvec(np.array([0.0, 0.0, np.radians(20.0)]))
    # The same axes at the joints, whatever the pose.
    joints, _ = person.meta_joints(META, 84, level, root, seed=5)
    rest, _ = person.meta_joints(META, 84, hanging, root, seed=5)
    body = {"joints": joints, "rest": rest, "skeleton": 5, "confidence": 1.0}
    sensed = client.sense(meta_body=body)
    known = [INDEX[bone] for bone in META]
    assert quat_angle(sensed.rotations[known], level[known]).max() < 0.5 * DEGREE


def test_legs_that_a_runtime_makes_up_are_less_sure_than_what_it_tracks(client):
    rotations, root = person.posed(16)
    sensed = client.sense(**meta(rotations, root, skeleton=1))
    assert sensed.rotation_confidence[INDEX["spine"]] == 1.0
    assert 0.0 < sensed.rotation_confidence[INDEX["leftLowerLeg"]] < 1.0
    assert 0.0 < sensed.position_confidence[Point.LEFT_FOOT] < 1.0
    real = client.sense(**bytedance(rotations, root))
    assert real.position_confidence[Point.LEFT_FOOT] == 1.0


def test_a_body_is_as_sure_as_the_runtime_says_and_gone_when_it_is(client):
    rotations, root = person.posed(17)
    half = client.sense(**meta(rotations, root, skeleton=1, confidence=0.5))
    assert half.rotation_confidence[INDEX["spine"]] == pytest.approx(0.5)
    gone = client.sense()
    assert gone.rotation_confidence[INDEX["spine"]] == 0.0
    assert gone.position_confidence[Point.HIPS] == 0.0
    back = client.sense(**meta(rotations, root, skeleton=1))
    assert back.rotation_confidence[INDEX["spine"]] == 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_a_joint_that_is_not_known_takes_those_that_are_told_by_it_along(client, kind):
    table, told = KINDS[kind]
    rotations, root = person.posed(19, angle=0.3)
    values = told(rotations, root)
    next(iter(values.values()))["joints"][table["leftLowerArm"]] = [0.0] * 8
    sensed = client.sense(**values)
    for bone in ("leftLowerArm", "leftHand"):
        assert sensed.rotation_confidence[INDEX[bone]] == 0.0
        assert quat_angle(sensed.rotations[INDEX[bone]], np.array([0.0, 0, 0, 1])) == 0.0
    assert sensed.rotation_confidence[INDEX["leftUpperArm"]] == 1.0
    # Where the wrist is, is known all the same.
    at, _ = person.placed(rotations, root)
    assert np.linalg.norm(sensed.positions[Point.LEFT_HAND] - at[INDEX["leftHand"]]) < MM


def test_a_body_without_legs_has_none(started_monado):
    rotations, root = person.posed(18, angle=0.3)
    table = bodies.META_TRUNK | bodies.META_FINGERS
    joints, rest = person.meta_joints(table, 70, rotations, root, seed=6)
    body = {"joints": joints, "rest": rest, "skeleton": 0, "confidence": 1.0}
    with sensing_client(started_monado, offers=["XR_FB_body_tracking"]) as client:
        sensed = client.sense(meta_body=body)
    known = [INDEX[bone] for bone in table]
    expected = person.relative(rotations, set(known))
    assert quat_angle(sensed.rotations[known], expected[known]).max() < 0.5 * DEGREE
    assert sensed.rotation_confidence[INDEX["leftLowerLeg"]] == 0.0
    assert sensed.position_confidence[Point.LEFT_FOOT] == 0.0
    assert sensed.position_confidence[Point.HIPS] == 1.0
