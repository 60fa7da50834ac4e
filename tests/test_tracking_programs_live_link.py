"""Live Link Face: its packets, which way is left, and what cannot be one."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.clock import MILLISECOND, SECOND
from presence.errors import UsageError, WireError
from presence.pose.face import SHAPE_INDEX
from presence.pose.quaternion import quat_rotate
from presence.pose.rigid import FORWARD, UP
from presence.tracking.programs.inbox import Inbox
from presence.tracking.programs.live_link import (
    STALE_NS,
    FacePacket,
    LiveLinkSensor,
    open_live_link,
    read_face_packet,
    sensed_face,
)
from presence.tracking.sensed import Point

VECTORS = json.loads((Path(__file__).parent / "vectors" / "live_link.json").read_text())
ORDER = [*SHAPE_INDEX, "headYaw", "headPitch", "headRoll", "leftEyeYaw", "leftEyePitch"]
ORDER += ["leftEyeRoll", "rightEyeYaw", "rightEyePitch", "rightEyeRoll"]


def packet(frame=1, device="6F3A-TEST", subject="iPhone", version=6, **values):
    """As the app writes it: lengths and numbers big-endian."""
    numbers = [values.pop(name, 0.0) for name in ORDER]
    assert not values
    return (
        bytes([version])
        + struct.pack(">i", len(device)) + device.encode()
        + struct.pack(">i", len(subject)) + subject.encode()
        + struct.pack(">ifii", frame, 0.5, 60, 1)
        + struct.pack(">B61f", 61, *numbers)
    )  # fmt: skip


def test_the_vectors_are_read_as_they_say():
    for vector in VECTORS["packets"]:
        read = read_face_packet(bytes.fromhex(vector["hex"]))
        assert (read.device, read.subject, read.frame) == (
            vector["device"],
            vector["subject"],
            vector["frame"],
        )
        if vector["values"] is None:
            assert read.values is None
        else:
            assert np.allclose(read.values, vector["values"], atol=1e-6)
    for vector in VECTORS["refused"]:
        with pytest.raises(WireError, match=vector["why"]):
            read_face_packet(bytes.fromhex(vector["hex"]))


def sensed(**values):
    return sensed_face(read_face_packet(packet(**values)), 5)


@pytest.mark.parametrize("name", SHAPE_INDEX)
def test_each_shape_is_its_own(name):
    said = sensed(**{name: 0.7})
    assert said.face[SHAPE_INDEX[name]] == pytest.approx(0.7)
    assert said.face.sum() == pytest.approx(0.7)
    assert said.face_confidence.min() == 1.0


def test_the_head_turns_as_it_turned():
    left = sensed(headYaw=0.4).orientations[Point.HEAD]
    assert quat_rotate(left, FORWARD)[0] < -0.3
    up = sensed(headPitch=0.3).orientations[Point.HEAD]
    assert quat_rotate(up, FORWARD)[1] > 0.2
    tilted = sensed(headRoll=0.3).orientations[Point.HEAD]
    assert quat_rotate(tilted, UP)[0] < -0.2


def test_the_gaze_goes_where_the_eyes_went():
    right = sensed(leftEyeYaw=0.3, rightEyeYaw=0.3)
    assert right.gaze_direction[0] > 0.2 and right.gaze_confidence == 1.0
    down = sensed(leftEyePitch=0.3, rightEyePitch=0.3)
    assert down.gaze_direction[1] < -0.2
    # Eyes that converge look straight ahead.
    assert np.allclose(sensed(leftEyeYaw=0.2, rightEyeYaw=-0.2).gaze_direction, FORWARD)


def test_without_a_face_nobody_is_there():
    no_face = FacePacket("a", "b", 1, None)
    said = sensed_face(no_face, 9)
    assert not said.present
    assert said.face_confidence.max() == 0.0


@given(st.binary(max_size=400) | st.binary(max_size=400).map(lambda tail: b"\x06" + tail))
def test_strangers_bytes_are_a_packet_or_refused(data):
    try:
        read = read_face_packet(data)
    except WireError:
        return
    assert read.values is None or np.isfinite(read.values).all()


@given(st.integers(0, len(packet()) - 1), st.integers(0, 255))
def test_a_packet_with_a_wrong_byte_is_a_packet_or_refused(at, byte):
    data = bytearray(packet(jawOpen=0.5))
    data[at] = byte
    try:
        read = read_face_packet(bytes(data))
    except WireError:
        return
    assert 0.0 <= sensed_face(read, 1).face.min() <= sensed_face(read, 1).face.max() <= 1.0


@pytest.fixture
def telephone():
    """A sensor, and something that sends to it."""
    sensor = any_port()
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    yield sensor, lambda data: sender.sendto(data, (sensor.inbox.host, sensor.inbox.port))
    sender.close()
    sensor.close()


def any_port():
    return LiveLinkSensor(Inbox("127.0.0.1", 0, "Live Link Face"))


def test_over_udp_it_comes_goes_stale_and_says_so(telephone):
    sensor, send = telephone
    assert sensor.sense(SECOND) is None
    assert "0.0.0.0" in sensor.problem
    send(packet(jawOpen=0.6))
    said = sensor.sense(2 * SECOND)
    assert said.face[SHAPE_INDEX["jawOpen"]] == pytest.approx(0.6)
    assert said.capture_ns == 2 * SECOND
    assert sensor.problem == ""
    assert sensor.sense(2 * SECOND + STALE_NS - 1) is said
    assert sensor.sense(2 * SECOND + STALE_NS) is None
    sensor.sense(5 * SECOND)
    assert "any more" in sensor.problem


def test_the_newest_of_many_counts_and_an_overtaken_one_does_not(telephone):
    sensor, send = telephone
    for frame, value in ((10, 0.1), (12, 0.3), (11, 0.2)):
        send(packet(frame, jawOpen=value))
    assert sensor.sense(SECOND).face[SHAPE_INDEX["jawOpen"]] == pytest.approx(0.3)
    assert sensor.dropped == {"overtaken by a newer one": 1}
    # Timecode begins anew at midnight, and when the app is started again.
    send(packet(0, jawOpen=0.9, device="6F3A-TEST"))
    send(packet(1, jawOpen=0.9, device="another"))
    assert sensor.sense(SECOND + 16 * MILLISECOND).face[SHAPE_INDEX["jawOpen"]] == pytest.approx(
        0.9
    )


def test_hostile_packets_are_counted_and_keep_nobody_out(telephone):
    sensor, send = telephone
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.sendto(b"\x06\xff\xff\xff\xff", (sensor.inbox.host, sensor.inbox.port))
    assert sensor.sense(SECOND) is None
    assert "a name has a wrong length" in sensor.problem
    send(packet(jawOpen=0.5))
    assert sensor.sense(SECOND + 1) is not None
    stranger.sendto(packet(jawOpen=1.0), (sensor.inbox.host, sensor.inbox.port))
    assert sensor.sense(SECOND + 2).face[SHAPE_INDEX["jawOpen"]] == pytest.approx(0.5)
    assert sensor.dropped["from a second sender"] == 1
    assert "two devices" in sensor.problem
    stranger.sendto(packet(2, jawOpen=1.0), (sensor.inbox.host, sensor.inbox.port))
    late = sensor.sense(4 * SECOND)
    assert late.face[SHAPE_INDEX["jawOpen"]] == pytest.approx(1.0)
    stranger.close()


def test_a_port_in_use_is_a_sentence_with_its_cure():
    first = any_port()
    with pytest.raises(UsageError, match=r"in use.*another port"):
        open_live_link(f"127.0.0.1:{first.inbox.port}")
    first.close()
    with pytest.raises(UsageError, match=r"0\.0\.0\.0"):
        open_live_link("203.0.113.1")


@pytest.mark.parametrize("address", ["host:port", "127.0.0.1:99999", "1:2:x", "host:0"])
def test_what_is_no_address_is_said(address):
    with pytest.raises(UsageError):
        open_live_link(address)
