"""What VMC says of a person: bones, shapes and devices, and which way is left."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vmc_messages import NOW, PERSON, bone, shape, unity_turn

from presence.clock import SECOND
from presence.errors import WireError
from presence.pose.derive import with_derived
from presence.pose.face import SHAPE_INDEX, SHAPES
from presence.pose.kinematics import forward_kinematics
from presence.pose.quaternion import IDENTITY, quat_angle, quat_rotate
from presence.pose.rigid import FORWARD, UP
from presence.pose.sample import PoseSample
from presence.pose.skeleton import BONE_COUNT, BONES, INDEX
from presence.tracking.performer import Performer
from presence.tracking.programs.face_names import PERFECT_SYNC, preset_of, shape_of
from presence.tracking.programs.osc import read_packet
from presence.tracking.programs.unity import UNITY_BONES
from presence.tracking.programs.vmc_out import packets
from presence.tracking.programs.vmc_state import VmcState
from presence.tracking.sensed import Point

VECTORS = json.loads((Path(__file__).parent / "vectors" / "vmc.json").read_text())["packets"]


def state(*messages, proportions=PERSON):
    said = VmcState(proportions)
    for address, *arguments in messages:
        said.take((address, arguments), NOW)
    return said


def sensed(*messages, proportions=PERSON):
    return state(*messages, proportions=proportions).sensed(NOW)


APPLY = ("/VMC/Ext/Blend/Apply",)


def test_packets_written_by_hand_after_the_specification():
    said = VmcState(PERSON)
    for vector in VECTORS[:2]:
        for message in read_packet(bytes.fromhex(vector["hex"])):
            said.take(message, NOW)
    known = said.sensed(NOW)
    # No legs came, so their length says nothing of the avatar's size.
    assert np.allclose(known.positions[Point.HIPS], VECTORS[0]["root_position"])
    arm = known.rotations[INDEX["leftUpperArm"]]
    assert np.allclose(arm, VECTORS[0]["left_upper_arm"])
    for name, value in VECTORS[1]["shapes"].items():
        assert known.face[SHAPE_INDEX[name]] == pytest.approx(value)
    alone = sensed(*[(a, *v) for a, v in read_packet(bytes.fromhex(VECTORS[2]["hex"]))])
    assert np.allclose(alone.positions[Point.HEAD], VECTORS[2]["head"])


def test_what_unity_calls_up_left_and_ahead_is_so_here():
    # In Unity people face +Z and turn to their right about +Y by positive angles.
    hips = sensed(bone("Hips", unity_turn((0, 1, 0), 30), (0, 0.9, 0)))
    assert quat_rotate(hips.rotations[0], FORWARD)[0] > 0.4
    # About +X they bow.
    bow = sensed(bone("Hips", unity_turn((1, 0, 0), 30), (0, 0.9, 0)))
    assert quat_rotate(bow.rotations[0], UP)[2] < -0.4
    # A step ahead is along +Z there.
    root = ("/VMC/Ext/Root/Pos", "root", 0.2, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    ahead = sensed(bone("Hips", at=(0, 0.9, 0)), root)
    # The hips came before the root, which is the newest that counts.
    assert np.allclose(ahead.positions[Point.HIPS], (0.2, 0.9, -1.0))


def test_a_left_arm_that_is_lowered_there_is_the_left_arm_and_lowered_here():
    # The left arm points along −X in Unity's T-pose; about +Z by +90° it points down.
    down = sensed(bone("LeftUpperArm", unity_turn((0, 0, 1), 90)))
    arm = down.rotations[INDEX["leftUpperArm"]]
    assert np.allclose(quat_rotate(arm, np.array([-1.0, 0.0, 0.0])), (0.0, -1.0, 0.0), atol=1e-9)
    # About +Y by +90° it goes ahead: left-handed, −X goes to +Z, which is −Z here.
    ahead = sensed(bone("LeftUpperArm", unity_turn((0, 1, 0), 90)))
    arm = ahead.rotations[INDEX["leftUpperArm"]]
    assert np.allclose(quat_rotate(arm, np.array([-1.0, 0.0, 0.0])), FORWARD, atol=1e-9)


@pytest.mark.parametrize("name", BONES)
def test_each_bone_is_its_own_and_left_stays_left(name):
    unity = UNITY_BONES[INDEX[name]]
    assert unity.lower().startswith(name[:4]) or "Thumb" in unity
    turn = unity_turn((0.6, 0.0, 0.8), 25)
    said = sensed(bone(unity, turn))
    expected = (-turn[0], -turn[1], turn[2], turn[3])
    assert quat_angle(said.rotations[INDEX[name]], np.array(expected)) < 1e-6
    others = np.delete(said.rotations, INDEX[name], axis=0)
    assert quat_angle(others, np.tile(IDENTITY, (BONE_COUNT - 1, 1))).max() < 1e-9
    assert said.rotation_confidence.sum() == 1.0


def test_a_thumb_has_unitys_names():
    assert UNITY_BONES[INDEX["leftThumbMetacarpal"]] == "LeftThumbProximal"
    assert UNITY_BONES[INDEX["rightThumbProximal"]] == "RightThumbIntermediate"
    assert UNITY_BONES[INDEX["leftIndexIntermediate"]] == "LeftIndexIntermediate"
    assert len(set(UNITY_BONES)) == 55


@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_is_its_own_in_any_case(name):
    for written in (name, name[0].upper() + name[1:], name.upper(), name.lower()):
        said = sensed(shape(written, 0.8), APPLY)
        assert said.face[SHAPE_INDEX[name]] == pytest.approx(0.8)
        assert said.face_confidence[SHAPE_INDEX[name]] == 1.0
        assert said.face_confidence.sum() == 1.0


def test_sides_may_be_written_shorter():
    assert shape_of("eyeBlink_L") == SHAPE_INDEX["eyeBlinkLeft"]
    assert shape_of("mouthSmile_R") == SHAPE_INDEX["mouthSmileRight"]
    assert shape_of("Mouth Smile Right") == SHAPE_INDEX["mouthSmileRight"]
    assert shape_of("mouthLeft") == SHAPE_INDEX["mouthLeft"]
    assert shape_of("Joy") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Joy", "happy"), ("Angry", "angry"), ("Sorrow", "sad"), ("Fun", "relaxed"),
        ("A", "aa"), ("I", "ih"), ("U", "ou"), ("E", "ee"), ("O", "oh"),
        ("Blink", "blink"), ("Blink_L", "blinkLeft"), ("BLINK_R", "blinkRight"),
        ("LookUp", "lookUp"),
    ],
)  # fmt: skip
def test_presets_of_both_versions_of_vrm_move_the_same(old, new):
    assert preset_of(old) == preset_of(new)
    first, second = sensed(shape(old, 0.7), APPLY), sensed(shape(new, 0.7), APPLY)
    assert first.face.max() > 0.1
    assert np.allclose(first.face, second.face)
    assert 0.0 < first.face_confidence.max() < 1.0


def test_presets_do_what_their_names_say():
    def face(name):
        return dict(zip(SHAPES, sensed(shape(name, 1.0), APPLY).face, strict=True))

    assert face("A")["jawOpen"] > 0.5
    assert face("U")["mouthPucker"] > 0.5
    assert face("Joy")["mouthSmileLeft"] > 0.5
    assert face("Blink_L")["eyeBlinkLeft"] == 1.0 and face("Blink_L")["eyeBlinkRight"] == 0.0
    left = sensed(shape("LookLeft", 1.0), shape("LookUp", 0.0), APPLY).face
    assert left[SHAPE_INDEX["eyeLookOutLeft"]] == 1.0


def test_an_avatar_with_all_shapes_does_not_say_it_twice():
    shapes = [shape(name, 0.0) for name in PERFECT_SYNC]
    said = sensed(*shapes, shape("JawOpen", 0.4), shape("A", 1.0), shape("Blink", 1.0), APPLY)
    assert said.face[SHAPE_INDEX["jawOpen"]] == pytest.approx(0.4)
    assert said.face[SHAPE_INDEX["eyeBlinkLeft"]] == 0.0


def test_shapes_wait_until_they_are_applied():
    said = state(shape("JawOpen", 0.2), APPLY, shape("JawOpen", 0.9))
    assert said.sensed(NOW).face[SHAPE_INDEX["jawOpen"]] == pytest.approx(0.2)
    # Unless a program never applies any.
    assert sensed(shape("JawOpen", 0.9)).face[SHAPE_INDEX["jawOpen"]] == pytest.approx(0.9)


def test_an_avatar_of_another_size_does_not_make_the_person_crouch():
    small = PERSON.scaled(0.6)
    messages = [
        (address, *arguments)
        for packet in packets(PoseSample.at_rest(0, small.hips_height), small, 0)
        for address, arguments in read_packet(packet)
    ]
    hips = sensed(*messages).positions[Point.HIPS]
    assert hips[1] == pytest.approx(PERSON.hips_height, abs=1e-4)


def test_bones_that_are_all_at_the_origin_say_where_nobody_is():
    said = sensed(bone("Hips"), bone("Head", unity_turn((1, 0, 0), 10)))
    assert said.position_confidence.max() == 0.0
    assert said.rotation_confidence[INDEX["head"]] == 1.0


def test_bones_that_an_avatar_lacks_are_straight_and_fingers_are_unknown():
    said = sensed(bone("Hips", at=(0, 0.9, 0)), bone("Spine"), bone("Head"))
    assert said.rotation_confidence[INDEX["upperChest"]] == 1.0
    assert said.rotation_confidence[INDEX["leftIndexDistal"]] == 0.0


def test_the_head_is_where_the_bones_put_it():
    sample = with_derived(Performer(3).sample(2 * SECOND), PERSON)
    messages = [
        (address, *arguments)
        for packet in packets(sample, PERSON, 0)
        for address, arguments in read_packet(packet)
    ]
    said = sensed(*messages)
    places, turns = forward_kinematics(sample.rotations, sample.root_position, PERSON.offsets)
    head = INDEX["head"]
    eyes = places[head] + quat_rotate(turns[head], PERSON.eyes)
    assert np.allclose(said.positions[Point.HEAD], eyes, atol=1e-4)
    assert quat_angle(said.orientations[Point.HEAD], turns[head]) < 1e-3


def test_eyes_that_move_tell_the_gaze_and_eyes_that_never_do_do_not():
    still = sensed(bone("LeftEye"), bone("RightEye"))
    assert still.gaze_confidence == 0.0
    # About +Y by a positive angle, to the right.
    right = unity_turn((0, 1, 0), 20)
    said = sensed(bone("LeftEye", right), bone("RightEye", right))
    assert said.gaze_direction[0] > 0.3 and said.gaze_confidence > 0.5


def test_without_eye_bones_the_look_shapes_tell_the_gaze():
    look = [shape(name, 0.0) for name in SHAPES if name.startswith("eyeLook")]
    left = sensed(*look, shape("eyeLookOutLeft", 0.5), shape("eyeLookInRight", 0.5), APPLY)
    assert left.gaze_direction[0] < -0.2
    up = sensed(*look, shape("eyeLookUpLeft", 0.5), shape("eyeLookUpRight", 0.5), APPLY)
    assert up.gaze_direction[1] > 0.2


def device(kind, serial, at, local=False):
    address = f"/VMC/Ext/{kind}/Pos" + ("/Local" if local else "")
    return (address, serial, *map(float, at), 0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("local", [False, True])
def test_devices_alone_are_head_and_hands(local):
    said = sensed(
        device("Hmd", "LHR-1", (0, 1.6, 0), local),
        device("Con", "LHR-3", (0.3, 1.1, 0.2), local),
        device("Con", "LHR-2", (-0.3, 1.1, 0.2), local),
    )
    assert np.allclose(said.positions[Point.HEAD], (0, 1.6, 0))
    assert np.allclose(said.positions[Point.RIGHT_HAND], (0.3, 1.1, -0.2))
    assert np.allclose(said.positions[Point.LEFT_HAND], (-0.3, 1.1, -0.2))
    assert said.orientation_confidence[Point.RIGHT_HAND] == 0.0


def test_a_controller_stays_in_its_hand_when_arms_cross():
    said = state(
        device("Hmd", "h", (0, 1.6, 0)),
        device("Con", "a", (-0.3, 1.1, 0.2)),
        device("Con", "b", (0.3, 1.1, 0.2)),
        device("Con", "a", (0.2, 1.1, 0.2)),
        device("Con", "b", (-0.2, 1.1, 0.2)),
    ).sensed(NOW)
    assert said.positions[Point.LEFT_HAND][0] == pytest.approx(0.2)
    assert said.positions[Point.RIGHT_HAND][0] == pytest.approx(-0.2)


def test_trackers_are_told_by_their_names():
    said = sensed(device("Tra", "LeftFoot", (-0.1, 0.1, 0)), device("Tra", "LHR-9", (9, 9, 9)))
    assert said.position_confidence[Point.LEFT_FOOT] > 0.0
    assert said.position_confidence.sum() == said.position_confidence[Point.LEFT_FOOT]


def test_the_buttons_of_a_controller_are_no_place():
    assert sensed(("/VMC/Ext/Con", 1, "ClickTrigger", 1, 0, 0, 0.0, 0.0, 0.0)) is None


@pytest.mark.parametrize(
    "message",
    [
        ("/VMC/Ext/Bone/Pos",),
        ("/VMC/Ext/Bone/Pos", "Hips", 0.0, 1.0),
        ("/VMC/Ext/Bone/Pos", 1.0, *[0.0] * 6, 1.0),
        ("/VMC/Ext/Bone/Pos", "Hips", *[0.0] * 7),
        ("/VMC/Ext/Bone/Pos", "Hips", float("nan"), *[0.0] * 5, 1.0),
        ("/VMC/Ext/Bone/Pos", "Hips", float("inf"), *[0.0] * 5, 1.0),
        ("/VMC/Ext/Bone/Pos", "Hips", 1e9, *[0.0] * 5, 1.0),
        ("/VMC/Ext/Bone/Pos", "Hips", "0", *[0.0] * 5, 1.0),
        ("/VMC/Ext/Blend/Val", "JawOpen"),
        ("/VMC/Ext/Blend/Val", "JawOpen", None),
        ("/VMC/Ext/Blend/Val", "JawOpen", float("nan")),
        ("/VMC/Ext/OK",),
    ],
)
def test_a_message_that_lacks_something_is_refused_and_changes_nothing(message):
    said = state(bone("Hips", at=(0, 0.9, 0)))
    before = said.sensed(NOW)
    with pytest.raises(WireError):
        said.take((message[0], list(message[1:])), NOW + 1)
    after = said.sensed(NOW)
    assert np.array_equal(after.positions, before.positions)
    assert np.array_equal(after.face, before.face)


def test_too_many_arguments_and_unknown_addresses_are_passed_over():
    said = sensed(
        (*bone("Hips", at=(0, 0.9, 0)), 1.0, "more"),
        ("/VMC/Ext/Light", "sun", 1.0),
        ("/VMC/Ext/Cam", "c", *[0.0] * 8),
        ("/VMC/Thru/abc", "x"),
        ("/other", 1),
        bone("LastBone"),
    )
    assert said.rotation_confidence.sum() == 1.0


strange = st.one_of(st.text(max_size=8), st.floats(), st.integers(-5, 5), st.booleans(), st.none())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["OK", "T", "Root/Pos", "Bone/Pos", "Blend/Val", "Blend/Apply", "Hmd/Pos",
                 "Con/Pos", "Con", "Tra/Pos", "Tra/Pos/Local", "", "/"]
            ),
            st.sampled_from(["Hips", "LeftEye", "JawOpen", "A", "", None, 3]),
            st.lists(strange, max_size=9),
        ),
        max_size=20,
    )
)  # fmt: skip
def test_whatever_strangers_say_what_is_known_stays_a_person(messages):
    said = VmcState(PERSON)
    for kind, name, arguments in messages:
        try:
            said.take(("/VMC/Ext/" + kind, [name, *arguments]), NOW)
        except WireError:
            continue
    known = said.sensed(NOW)
    if known is not None:
        assert np.isfinite(known.positions).all()
        assert np.allclose(np.linalg.norm(known.rotations, axis=-1), 1.0)
        assert 0.0 <= known.face.min() <= known.face.max() <= 1.0
