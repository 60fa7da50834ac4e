"""A face that a telephone tracks: the app Live Link Face, over UDP, in its ARKit mode.

A packet: version, device, subject, frame time, and 61 numbers (``docs/programs.md``).
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from presence.clock import MILLISECOND
from presence.errors import WireError
from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_COUNT
from presence.pose.quaternion import quat_from_axis_angle, quat_mul
from presence.pose.rigid import RIGHT, UP
from presence.tracking.programs.inbox import HOLDING_NS, Inbox, split_address
from presence.tracking.sensed import Point, Sensed

PORT = 11111
"""The app's own choice."""
VERSION = 6
VALUES = 61
STALE_NS = 500 * MILLISECOND
_LENGTH = struct.Struct(">i")
_TIME = struct.Struct(">ifii")
_NUMBERS = struct.Struct(f">{VALUES}f")
_MAX_NAME = 512
_HEAD_SURE = 0.5
"""Which way a head faces is told from the telephone, which need not be straight ahead."""
_WIDEST = np.pi


@dataclass(frozen=True, slots=True, eq=False)
class FacePacket:
    """One packet of the app."""

    device: str
    subject: str
    frame: int
    values: Floats | None
    """``(61,)``: ARKit's 52 shapes in Apple's order; then yaw, pitch and roll of the head, of the
    left eye and of the right, radians. None: the app sees no face."""


def read_face_packet(data: bytes) -> FacePacket:
    """Read a packet.

    Raises:
        WireError: it is none; the message says why in few words, to be counted.
    """
    if not data or data[0] != VERSION:
        raise WireError("not Live Link Face's, or not in its ARKit mode")
    device, at = _string(data, 1)
    subject, at = _string(data, at)
    if at + _TIME.size > len(data):
        raise WireError("a packet was cut off")
    frame = int(_TIME.unpack_from(data, at)[0])
    at += _TIME.size
    if at == len(data) or data[at] == 0:
        return FacePacket(device, subject, frame, None)
    if data[at] != VALUES or len(data) != at + 1 + _NUMBERS.size:
        raise WireError("a packet has another number of values than 61")
    values = np.array(_NUMBERS.unpack_from(data, at + 1))
    if not np.isfinite(values).all():
        raise WireError("a packet holds what is no number")
    if np.abs(values[SHAPE_COUNT:]).max() > _WIDEST:
        raise WireError("a packet holds an angle beyond half a turn")
    return FacePacket(device, subject, frame, values)


def _string(data: bytes, at: int) -> tuple[str, int]:
    if at + 4 > len(data):
        raise WireError("a packet was cut off")
    (length,) = _LENGTH.unpack_from(data, at)
    at += 4
    if not 0 <= length <= _MAX_NAME or at + length > len(data):
        raise WireError("a name has a wrong length")
    return data[at : at + length].decode(errors="replace"), at + length


def sensed_face(packet: FacePacket, capture_ns: int) -> Sensed:
    """Face, gaze and which way the head faces, as the telephone sees it."""
    nothing = Sensed.nothing(capture_ns, present=packet.values is not None)
    if packet.values is None:
        return nothing
    angles = packet.values[SHAPE_COUNT:].reshape(3, 3)
    orientations, sure = nothing.orientations.copy(), np.zeros(len(Point))
    # The head's angles are ours: to the left, up, to the left shoulder.
    yaw, pitch, roll = angles[0]
    turn = quat_mul(quat_from_axis_angle(UP, yaw), quat_from_axis_angle(RIGHT, pitch))
    back = np.array([0.0, 0.0, 1.0])
    orientations[Point.HEAD] = quat_mul(turn, quat_from_axis_angle(back, roll))
    sure[Point.HEAD] = _HEAD_SURE
    # The eyes' are not: to the right, and down.
    yaw, pitch, _ = 0.5 * (angles[1] + angles[2])
    gaze = [np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)]
    return replace(
        nothing,
        orientations=frozen(orientations),
        orientation_confidence=frozen(sure),
        face=frozen(np.clip(packet.values[:SHAPE_COUNT], 0.0, 1.0)),
        face_confidence=frozen(np.ones(SHAPE_COUNT)),
        gaze_direction=frozen(np.array(gaze)),
        gaze_confidence=1.0,
    )


def open_live_link(address: str) -> LiveLinkSensor:
    """Listen for the app.

    Args:
        address: ``HOST:PORT`` of this machine, either of which may be left out. A telephone is
            another machine, so give ``0.0.0.0`` for it; unless given, this machine alone is heard.

    Raises:
        UsageError: the port is in use, or the address is none.
    """
    host, port = split_address(address, "127.0.0.1", PORT)
    return LiveLinkSensor(Inbox(host, port, "Live Link Face"))


class LiveLinkSensor:
    """Listens to a telephone. State: the port, and the newest packet."""

    name = "live link"

    def __init__(self, inbox: Inbox) -> None:
        """Nothing came yet."""
        self.inbox = inbox
        self._sensed: Sensed | None = None
        self._looked_ns = 0
        self._frame: tuple[str, int] | None = None

    @property
    def dropped(self) -> Counter[str]:
        """How many packets were dropped, by why."""
        return self.inbox.dropped

    def sense(self, time_ns: int) -> Sensed | None:
        """The newest that came, as of when it was read."""
        self._looked_ns = time_ns
        self.inbox.read(time_ns, lambda data: self._understand(data, time_ns))
        sensed = self._sensed
        fresh = sensed is not None and time_ns - sensed.capture_ns < STALE_NS
        return sensed if fresh else None

    def _understand(self, data: bytes, time_ns: int) -> None:
        packet = read_face_packet(data)
        # A packet that was overtaken is older than what is known.
        if self._frame is not None and self._frame[0] == packet.device:
            behind = self._frame[1] - packet.frame
            if 0 < behind < VALUES:
                self.inbox.dropped["overtaken by a newer one"] += 1
                return
        self._frame = packet.device, packet.frame
        self._sensed = sensed_face(packet, time_ns)

    @property
    def problem(self) -> str:
        """What is wrong, and what to do."""
        inbox, at = self.inbox, f"{self.inbox.host}:{self.inbox.port}"
        local = inbox.host.startswith("127.")
        where = " (only this machine is heard: give 0.0.0.0 for a telephone)" if local else ""
        if inbox.last_ns is None:
            if inbox.dropped:
                why = next(iter(inbox.dropped))
                return f"what comes to {at} cannot be read ({why}); set the app to ARKit mode"
            to = inbox.reached_at
            return f"nothing has come from Live Link Face yet{where}; have the app send to {to}"
        if self._looked_ns - inbox.last_ns > HOLDING_NS:
            return f"nothing comes from Live Link Face to {at} any more; see whether it still sends"
        if self._sensed is not None and not self._sensed.present:
            return "Live Link Face sees no face; look at the telephone"
        if inbox.has_second_sender(self._looked_ns):
            return f"two devices send to {at} and only the first is heard; stop one of them"
        return ""

    def close(self) -> None:
        """Stop listening."""
        self.inbox.close()
