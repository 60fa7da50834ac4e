"""What goes into the sensors of a headset comes out as what is known, through the real loader.

The sensors are simulated by an API layer over Monado; what they say is put together from the words
of OpenXR's specification, not by the code under test.
"""

import numpy as np
import openxr_body as person
import pytest
from openxr_runtime import EVERYTHING, sensing_client

from presence.pose.quaternion import quat_angle, quat_from_rotvec, quat_mul
from presence.pose.skeleton import BONES, INDEX
from presence.tracking.sensed import Point

pytestmark = pytest.mark.openxr

SIDES = (0, 1)
HANDS = (Point.LEFT_HAND, Point.RIGHT_HAND)
HAND_NAMES = ("leftHand", "rightHand")
MM, DEGREE = 0.001, np.radians(1.0)
STILL = np.array([0.0, 0.0, 0.0, 1.0])
HEAD = [0.1, 0.2, -0.05, 0.97, 0.05, 1.63, -0.12]
HEAD[:4] = (np.array(HEAD[:4]) / np.linalg.norm(HEAD[:4])).tolist()


@pytest.fixture
def client(simulated_headset):
    return simulated_headset


def near(sensed, point, position, orientation):
    __tracebackhide__ = True
    assert np.linalg.norm(sensed.positions[point] - position) < MM
    assert quat_angle(sensed.orientations[point], orientation) < 0.5 * DEGREE


def fingers(side):
    return person.hand_bones(side)


def test_every_controller_is_known_to_the_runtime(client):
    about = client.ask(["about"])
    assert len(about["suggested"]) == 9
    assert all(able for able in about["abilities"].values())
    assert about["warnings"] == []


def test_trackers_are_asked_for_all_that_they_can_do(client):
    xr = pytest.importorskip("xr")
    both = [
        xr.HandTrackingDataSourceEXT.UNOBSTRUCTED.value,
        xr.HandTrackingDataSourceEXT.CONTROLLER.value,
    ]
    faces = [xr.FaceTrackingDataSource2FB.VISUAL.value, xr.FaceTrackingDataSource2FB.AUDIO.value]
    assert client.ask(["about"])["created"] == [
        ["HandTrackerCreateInfoEXT", xr.HandEXT.LEFT.value, *both],
        ["HandTrackerCreateInfoEXT", xr.HandEXT.RIGHT.value, *both],
        ["BodyTrackerCreateInfoFB", xr.BodyJointSetFB.FULL_BODY_M.value],
        ["BodyTrackerCreateInfoBD", xr.BodyJointSetBD.FULL_BODY_JOINTS.value],
        ["FaceTrackerCreateInfo2FB", xr.FaceExpressionSet2FB.DEFAULT.value, *faces],
        ["FaceTrackerCreateInfoANDROID", 0],
        ["FacialTrackerCreateInfoHTC", xr.FacialTrackingTypeHTC.EYE_DEFAULT.value],
        ["FacialTrackerCreateInfoHTC", xr.FacialTrackingTypeHTC.LIP_DEFAULT.value],
        ["EyeTrackerCreateInfoFB", 0],
    ]


def test_a_tracker_that_fails_is_asked_again_and_complains_once(client):
    rotations, root = person.posed(3)
    hands = [{"joints": person.hand_joints(rotations, root, side)} for side in SIDES]
    assert client.sense(hands=hands).rotation_confidence[INDEX["leftIndexDistal"]] == 1.0
    failing = client.ask(["set", {"hands": hands, "hands_fail": True}], ["cost", 300])
    assert len(failing["warnings"]) == 2
    assert "locate a hand" in failing["warnings"][0]
    assert client.sensed(["sense"]).rotation_confidence[INDEX["leftIndexDistal"]] < 1.0
    back = client.ask(["set", {"hands": hands}], ["cost", 150])
    assert back["warnings"] == []
    assert client.sensed(["sense"]).rotation_confidence[INDEX["leftIndexDistal"]] == 1.0


def test_a_joint_that_is_not_known_takes_what_is_told_by_it_along_and_nothing_else(client):
    rotations, root = person.posed(3)
    joints = person.hand_joints(rotations, root, 0)
    proximal = person.JOINT_OF_BONE[person.hand_bones(0).index(INDEX["leftIndexProximal"])]
    joints[proximal] = [0.0] * 8
    sensed = client.sense(hands=[{"joints": joints}, None], grips=[None, None])
    for bone in fingers(0):
        lost = BONES[bone] in ("leftIndexProximal", "leftIndexIntermediate")
        assert sensed.rotation_confidence[bone] == (0.0 if lost else 1.0)
        expected = STILL if lost else rotations[bone]
        assert quat_angle(sensed.rotations[bone], expected) < 0.5 * DEGREE


def test_the_head_is_where_the_view_is(client):
    sensed = client.sense(head=HEAD)
    near(sensed, Point.HEAD, HEAD[4:], np.array(HEAD[:4]))
    assert sensed.position_confidence[Point.HEAD] == 1.0
    assert sensed.present


@pytest.mark.parametrize("side", SIDES)
def test_a_hand_is_where_its_wrist_is_and_the_other_one_is_not_there(client, side):
    rotations, root = person.posed(3)
    at, turned = person.placed(rotations, root)
    hands = [None, None]
    hands[side] = {"joints": person.hand_joints(rotations, root, side)}
    sensed = client.sense(head=HEAD, hands=hands)
    hand = INDEX[HAND_NAMES[side]]
    near(sensed, HANDS[side], at[hand], turned[hand])
    assert sensed.position_confidence[HANDS[side]] == 1.0
    assert (sensed.rotation_confidence[fingers(side)] == 1.0).all()
    # No joints of the other; a simulated controller is all that holds it.
    assert sensed.position_confidence[HANDS[1 - side]] < 1.0
    assert (sensed.rotation_confidence[fingers(1 - side)] < 1.0).all()


def test_a_relaxed_pair_of_hands_is_a_pair_of_hands(client):
    rotations, root = person.posed(3, angle=0.0)
    hands = [{"joints": person.hand_joints(rotations, root, side)} for side in SIDES]
    sensed = client.sense(hands=hands)
    for side in SIDES:
        at, _ = person.placed(rotations, root)
        near(sensed, HANDS[side], at[INDEX[HAND_NAMES[side]]], STILL)
        for bone in fingers(side):
            assert quat_angle(sensed.rotations[bone], STILL) < 0.5 * DEGREE


@pytest.mark.parametrize("bone", [*fingers(0), *fingers(1)], ids=lambda bone: BONES[bone])
def test_each_joint_of_a_hand_turns_its_own_bone_alone(client, bone):
    side = SIDES[bone >= fingers(1)[0]]
    before, root = person.posed(5, angle=0.2)
    after = before.copy()
    turn = person.turned(np.random.default_rng(bone), 0.7)
    after[bone] = quat_mul(before[bone], turn)
    still, moved = (
        client.sense(
            hands=[{"joints": person.hand_joints(rotations, root, side)} for side in SIDES]
        )
        for rotations in (before, after)
    )
    changed = quat_angle(still.rotations, moved.rotations)
    assert changed[bone] == pytest.approx(0.7, abs=0.5 * DEGREE)
    changed[bone] = 0.0
    assert changed.max() < 0.1 * DEGREE
    assert quat_angle(moved.rotations[bone], after[bone]) < 0.5 * DEGREE
    assert side == int(BONES[bone].startswith("right"))


def test_a_metacarpal_of_a_finger_is_part_of_the_bone_that_follows(client):
    rotations, root = person.posed(5, angle=0.0)
    joints = person.hand_joints(rotations, root, 0)
    lean = quat_from_rotvec(np.array([0.0, 0.3, 0.0]))
    # The whole index finger, from the metacarpal on, leans aside.
    for joint in range(6, 11):
        joints[joint][:4] = quat_mul(lean, np.array(joints[joint][:4])).tolist()
    sensed = client.sense(hands=[{"joints": joints}, None])
    assert quat_angle(sensed.rotations[INDEX["leftIndexProximal"]], lean) < 0.5 * DEGREE
    assert quat_angle(sensed.rotations[INDEX["leftIndexDistal"]], STILL) < 0.5 * DEGREE


def test_a_hand_that_closes_closes_as_our_own_hands_do(client):
    """About −X of each joint, by the specification; about the axes that fists are made by here."""
    from presence.tracking.hands import finger_rotvecs

    rotations, root = person.posed(5, angle=0.0)
    for side in SIDES:
        joints = person.hand_joints(rotations, root, side)
        shapes = np.zeros((2, 6))
        shapes[:, :5] = 0.5
        vectors = finger_rotvecs(shapes).reshape(2, 15, 3)[side]
        for i in range(15):
            joint = person.JOINT_OF_BONE[i]
            about = np.array([-sum(np.linalg.norm(vectors[i - i % 3 : i + 1], axis=1)), 0.0, 0.0])
            joints[joint][:4] = quat_mul(
                np.array(joints[joint][:4]), quat_from_rotvec(about)
            ).tolist()
        hands = [None, None]
        hands[side] = {"joints": joints}
        sensed = client.sense(hands=hands)
        expected = quat_from_rotvec(vectors)
        assert quat_angle(sensed.rotations[fingers(side)], expected).max() < 0.5 * DEGREE


def test_fingers_that_a_controller_made_up_are_less_sure(client):
    rotations, root = person.posed(3)
    hand = {"joints": person.hand_joints(rotations, root, 0), "source": 2}
    sensed = client.sense(hands=[hand, None])
    assert 0.0 < sensed.rotation_confidence[fingers(0)].max() < 1.0
    assert sensed.position_confidence[Point.LEFT_HAND] == 1.0


def test_a_hand_that_is_lost_and_found_is_never_anywhere_else(client):
    rotations, root = person.posed(3)
    at, _ = person.placed(rotations, root)
    joints = person.hand_joints(rotations, root, 0)
    inferred = [[*joint[:7], 3] for joint in joints]
    invalid = [[0, 0, 0, 0, 0, 0, 0, 0] for _ in joints]
    sure = []
    for hand in (joints, inferred, invalid, joints):
        sensed = client.sense(hands=[{"joints": hand}, None], head=HEAD)
        where = sensed.positions[Point.LEFT_HAND]
        # A controller that is still tracked knows better than a hand that is only guessed.
        if sensed.position_confidence[Point.LEFT_HAND] == 1.0:
            np.testing.assert_allclose(where, at[INDEX["leftHand"]], atol=MM)
        sure.append(sensed.rotation_confidence[INDEX["leftIndexDistal"]])
        np.testing.assert_allclose(np.linalg.norm(sensed.rotations, axis=1), 1.0, atol=1e-6)
    assert sure[0] == sure[3] == 1.0
    assert sure[1] < 1.0


def test_a_controller_that_the_runtime_refuses_does_not_spoil_the_others(started_monado):
    refused = "/interaction_profiles/valve/index_controller"
    with sensing_client(started_monado, offers=[], refused_profile=refused) as client:
        about = client.ask(["about"])
        assert "valve/index_controller" not in about["suggested"]
        assert len(about["suggested"]) == 8
        assert "index_controller" in about["warnings"][0]
        sensed = client.sense()
        assert sensed.position_confidence[Point.LEFT_HAND] > 0.0
        # Nothing else is offered, so nothing else is known.
        assert sensed.gaze_confidence == 0.0
        assert not sensed.face_confidence.any()


def test_extensions_that_the_headset_cannot_do_are_left_alone(started_monado):
    with sensing_client(started_monado, offers=EVERYTHING, abilities=[]) as client:
        about = client.ask(["about"])
        assert not any(about["abilities"].values())
        assert client.sense(head=HEAD).position_confidence[Point.HEAD] == 1.0


def test_for_ears_alone_no_camera_that_looks_at_the_person_is_asked_for(started_monado):
    rotations, root = person.posed(3)
    hands = [{"joints": person.hand_joints(rotations, root, side)} for side in SIDES]
    with sensing_client(started_monado, offers=EVERYTHING, whole=False) as client:
        about = client.ask(["about"])
        sensed = client.sense(head=HEAD, hands=hands)
    assert about["created"] == about["suggested"] == []
    assert [name for name, able in about["abilities"].items() if able] == ["presence"]
    near(sensed, Point.HEAD, HEAD[4:], np.array(HEAD[:4]))
    assert np.flatnonzero(sensed.position_confidence).tolist() == [Point.HEAD]
    assert not sensed.rotation_confidence.any()


def test_reading_all_sensors_costs_what_the_documentation_says(client, capsys):
    rotations, root = person.posed(3)
    hands = [{"joints": person.hand_joints(rotations, root, side)} for side in SIDES]
    client.sense(hands=hands, head=HEAD)
    cost = client.ask(["cost", 200])
    with capsys.disabled():
        print(f"\n[reading {cost['read_ms']:.2f} ms, understanding {cost['made_ms']:.2f} ms]")
    # A hundred and twenty times a second this must leave nearly all of a core to drawing.
    assert cost["made_ms"] < 4.0
