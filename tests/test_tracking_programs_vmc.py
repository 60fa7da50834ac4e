"""VMC in and out: bones, shapes and devices, which way is left, and what strangers may send."""

from __future__ import annotations

import json
import socket
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import build_msg
from pythonosc.osc_packet import OscPacket

from presence.clock import SECOND
from presence.errors import UsageError, WireError
from presence.pose.derive import with_derived
from presence.pose.face import SHAPE_INDEX, SHAPES
from presence.pose.kinematics import forward_kinematics, joints_in_place
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_angle,
    quat_from_axis_angle,
    quat_from_rotvec,
    quat_rotate,
)
from presence.pose.rigid import FORWARD, UP
from presence.pose.sample import PoseSample, checked
from presence.pose.skeleton import BONE_COUNT, BONES, INDEX
from presence.tracking.live import LiveSource
from presence.tracking.performer import Performer
from presence.tracking.programs.face_names import PERFECT_SYNC, preset_of, shape_of
from presence.tracking.programs.inbox import Inbox, split_address
from presence.tracking.programs.osc import read_packet
from presence.tracking.programs.unity import UNITY_BONES
from presence.tracking.programs.vmc import PORT, VmcSensor, open_vmc
from presence.tracking.programs.vmc_out import VmcOut, open_vmc_out, packets
from presence.tracking.programs.vmc_state import STALE_NS, VmcState
from presence.tracking.sensed import Point

VECTORS = json.loads((Path(__file__).parent / "vectors" / "vmc.json").read_text())["packets"]
PERSON = default_proportions()
NOW = 5 * SECOND


def state(*messages, proportions=PERSON):
    said = VmcState(proportions)
    for address, *arguments in messages:
        said.take((address, arguments), NOW)
    return said


def sensed(*messages, proportions=PERSON):
    return state(*messages, proportions=proportions).sensed(NOW)


def bone(name, turn=(0.0, 0.0, 0.0, 1.0), at=(0.0, 0.0, 0.0)):
    return ("/VMC/Ext/Bone/Pos", name, *map(float, at), *map(float, turn))


def shape(name, value):
    return ("/VMC/Ext/Blend/Val", name, float(value))


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


def unity_turn(axis, degrees):
    """A turn as Unity has it: left-handed, clockwise for someone who looks against the axis."""
    half = np.radians(degrees) / 2.0
    return (*(np.sin(half) * np.array(axis, dtype=float)), np.cos(half))


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


@settings(max_examples=60)
@given(
    st.lists(st.floats(-3.0, 3.0), min_size=3 * BONE_COUNT, max_size=3 * BONE_COUNT),
    st.lists(st.floats(0.0, 1.0), min_size=52, max_size=52),
)
def test_every_bone_and_shape_comes_back_as_it_went_out(turns, face):
    rotations = quat_from_rotvec(np.reshape(turns, (BONE_COUNT, 3)))
    sample = checked(
        replace(
            PoseSample.at_rest(0, PERSON.hips_height),
            rotations=rotations,
            face=np.array(face),
            root_position=np.array([0.3, 0.8, -0.2]),
        )
    )
    said = VmcState(PERSON)
    for packet in packets(sample, PERSON, 0):
        assert len(packet) < 1500
        for message in read_packet(packet):
            said.take(message, NOW)
    known = said.sensed(NOW)
    assert quat_angle(known.rotations, sample.rotations).max() < 1e-3
    assert np.abs(known.face - sample.face).max() < 1e-6
    assert np.allclose(known.positions[Point.HIPS], sample.root_position, atol=1e-5)
    assert known.rotation_confidence.min() == known.face_confidence.min() == 1.0


def test_what_is_sent_another_library_reads_and_it_is_all_there():
    sample = Performer(1).sample(SECOND)
    addresses = []
    for packet in packets(sample, PERSON, 2 * SECOND):
        addresses += [timed.message for timed in OscPacket(packet).messages]
    names = [m.params[0] for m in addresses if m.address == "/VMC/Ext/Bone/Pos"]
    assert sorted(names) == sorted(UNITY_BONES)
    assert sum(m.address == "/VMC/Ext/Blend/Val" for m in addresses) == 52
    assert addresses[-1].address == "/VMC/Ext/Blend/Apply"
    [time] = [m.params for m in addresses if m.address == "/VMC/Ext/T"]
    assert time == [2.0]
    [root] = [m.params for m in addresses if m.address == "/VMC/Ext/Root/Pos"]
    assert root == ["root", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]


@pytest.fixture
def sensor():
    listening = VmcSensor(Inbox("127.0.0.1", 0, "VMC"), PERSON)
    yield listening
    listening.close()


@pytest.fixture
def program(sensor):
    """Another program that sends to the sensor."""
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.connect((sensor.inbox.host, sensor.inbox.port))
    yield out
    out.close()


def bundle(*messages):
    builder = OscBundleBuilder(IMMEDIATELY)
    for address, *arguments in messages:
        builder.add_content(build_msg(address, arguments))
    return builder.build().dgram


def test_over_udp_between_two_sockets(sensor):
    out = open_vmc_out(f"127.0.0.1:{sensor.inbox.port}", PERSON)
    sample = with_derived(Performer(2).sample(3 * SECOND), PERSON)
    assert sensor.sense(SECOND) is None
    assert "no VMC has come" in sensor.problem
    out.send(sample)
    said = sensor.sense(2 * SECOND)
    assert said.capture_ns == 2 * SECOND
    assert quat_angle(said.rotations, sample.rotations).max() < 1e-3
    assert sensor.problem == ""
    assert out.sent > 3 and out.unsent == 0
    assert sensor.sense(2 * SECOND + STALE_NS) is None
    sensor.sense(5 * SECOND)
    assert "any more" in sensor.problem
    out.close()


def test_sending_to_nobody_harms_nobody():
    # Port 9 is that of a service which throws everything away, where there is any.
    out = open_vmc_out("127.0.0.1:9", PERSON)
    for k in range(5):
        out.send(Performer(2).sample(k * SECOND))
    out.close()
    assert out.sent + out.unsent >= 5


def test_a_second_program_is_not_heard_while_the_first_speaks(sensor, program):
    second = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    second.connect((sensor.inbox.host, sensor.inbox.port))
    program.send(bundle(bone("Head", unity_turn((1, 0, 0), 10))))
    first = sensor.sense(SECOND)
    second.send(bundle(bone("Head", unity_turn((1, 0, 0), 60))))
    assert np.array_equal(sensor.sense(SECOND + 1).rotations, first.rotations)
    assert "two programs" in sensor.problem
    assert sensor.dropped["from a second sender"] == 1
    # Once the first has been silent for two seconds, the second is.
    second.send(bundle(bone("Head", unity_turn((1, 0, 0), 60))))
    later = sensor.sense(4 * SECOND)
    assert quat_angle(later.rotations, first.rotations).max() > 0.5
    second.close()


def test_a_program_without_an_avatar_is_said_to_have_none(sensor, program):
    program.send(bundle(("/VMC/Ext/OK", 0), bone("Hips", at=(0, 0.9, 0))))
    assert sensor.sense(SECOND) is None
    assert "no avatar" in sensor.problem
    program.send(bundle(("/VMC/Ext/OK", 1, 3, 0, 0), bone("Hips", at=(0, 0.9, 0))))
    assert sensor.sense(SECOND + 1) is None
    assert "does not track you" in sensor.problem
    program.send(bundle(("/VMC/Ext/OK", 1), bone("Hips", at=(0, 0.9, 0))))
    assert sensor.sense(SECOND + 2) is not None


def test_hostile_packets_are_counted_and_what_is_good_is_heard(sensor, program):
    lying = b"#bundle\0" + bytes(8) + struct.pack(">i", -4) + b"/abc"
    for packet in (b"", b"GET / HTTP/1.1\r\n", lying, bundle(("/avatar/parameters/x", 1.0))):
        program.send(packet)
    assert sensor.sense(SECOND) is None
    assert "no VMC" in sensor.problem
    assert sum(sensor.dropped.values()) == 4
    program.send(bundle(("/VMC/Ext/Bone/Pos", "Hips"), bone("Head")))
    assert sensor.sense(SECOND + 1).rotation_confidence[INDEX["head"]] == 1.0
    assert sum(sensor.dropped.values()) == 5


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


def test_a_port_in_use_and_a_host_that_is_none_are_sentences(sensor):
    with pytest.raises(UsageError, match="in use"):
        open_vmc(f"{sensor.inbox.port}", PERSON)
    with pytest.raises(UsageError, match="HOST:PORT"):
        open_vmc_out("no.such.host.invalid:39539", PERSON)


def test_only_this_machine_is_heard_unless_asked():
    for address in ("", "39539", ":39539"):
        assert split_address(address, "127.0.0.1", PORT) == ("127.0.0.1", 39539)
    assert split_address("0.0.0.0", "127.0.0.1", PORT) == ("0.0.0.0", 39539)
    assert split_address("[::1]:4000", "127.0.0.1", PORT) == ("::1", 4000)


def test_a_sensor_may_be_looked_at_after_it_was_closed(sensor):
    sensor.close()
    assert sensor.sense(SECOND) is None


def test_out_may_be_closed_twice():
    out = open_vmc_out("127.0.0.1:39539", PERSON)
    assert isinstance(out, VmcOut)
    out.close()
    out.close()


def test_turning_the_shoulders_leaves_no_trace_of_mirroring():
    turn = quat_from_axis_angle(UP, 0.5)
    sample = replace(PoseSample.at_rest(0, 0.9), rotations=np.tile(turn, (BONE_COUNT, 1)))
    [address, arguments] = next(
        message
        for packet in packets(sample, PERSON, 0)
        for message in read_packet(packet)
        if message[0] == "/VMC/Ext/Bone/Pos"
    )
    # To the left is negative about +Y in Unity.
    assert address == "/VMC/Ext/Bone/Pos" and arguments[5] == pytest.approx(-np.sin(0.25))


def test_a_person_comes_through_two_programs_and_all_that_follows_within_a_centimetre(sensor):
    acted = Performer(3, proportions=PERSON)
    out = open_vmc_out(f"127.0.0.1:{sensor.inbox.port}", PERSON)
    source = LiveSource([sensor], PERSON)
    worst = 0.0
    for k in range(150):
        at_ns = SECOND + k * SECOND // 60
        truth = with_derived(acted.sample(at_ns), PERSON)
        out.send(truth)
        shown = source.sample(at_ns)
        # The filters learn how noisy a sensor is, and a body that appears eases in.
        if k > 60:
            apart = joints_in_place(shown, PERSON)[0] - joints_in_place(truth, PERSON)[0]
            worst = max(worst, float(np.linalg.norm(apart, axis=-1).max()))
    assert worst < 0.01
    out.close()
