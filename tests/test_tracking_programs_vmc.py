"""VMC that comes by UDP: from whom it is heard, and what is said when nothing is."""

import socket
import struct

import numpy as np
import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import build_msg
from vmc_messages import PERSON, bone, unity_turn

from presence.clock import SECOND
from presence.errors import UsageError
from presence.pose.derive import with_derived
from presence.pose.kinematics import joints_in_place
from presence.pose.quaternion import quat_angle
from presence.pose.skeleton import INDEX
from presence.tracking.live import LiveSource
from presence.tracking.performer import Performer
from presence.tracking.programs.inbox import Inbox, split_address
from presence.tracking.programs.vmc import PORT, VmcSensor, open_vmc
from presence.tracking.programs.vmc_out import open_vmc_out
from presence.tracking.programs.vmc_state import STALE_NS


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
