"""VMC that is sent: everything, as others read it, to whoever listens."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.osc_packet import OscPacket
from vmc_messages import NOW, PERSON

from presence.clock import SECOND
from presence.pose.quaternion import quat_angle, quat_from_axis_angle, quat_from_rotvec
from presence.pose.rigid import UP
from presence.pose.sample import PoseSample, checked
from presence.pose.skeleton import BONE_COUNT
from presence.tracking.performer import Performer
from presence.tracking.programs.osc import read_packet
from presence.tracking.programs.unity import UNITY_BONES
from presence.tracking.programs.vmc_out import VmcOut, open_vmc_out, packets
from presence.tracking.programs.vmc_state import VmcState
from presence.tracking.sensed import Point


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


def test_sending_to_nobody_harms_nobody():
    # Port 9 is that of a service which throws everything away, where there is any.
    out = open_vmc_out("127.0.0.1:9", PERSON)
    for k in range(5):
        out.send(Performer(2).sample(k * SECOND))
    out.close()
    assert out.sent + out.unsent >= 5


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
