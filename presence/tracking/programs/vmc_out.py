"""What a person does, told to other programs by the VMC protocol over UDP."""

from __future__ import annotations

import socket
import struct

from presence.clock import SECOND
from presence.errors import UsageError
from presence.pose.proportions import Proportions
from presence.pose.sample import PoseSample
from presence.tracking.programs.face_names import PERFECT_SYNC
from presence.tracking.programs.inbox import split_address
from presence.tracking.programs.osc import write_bundles, write_message
from presence.tracking.programs.unity import UNITY_BONES, mirrored_point, mirrored_turn
from presence.tracking.programs.vmc import PORT

MAX_BYTES = 1400
"""Of a datagram: with its headers it passes any Ethernet in one piece."""
_TRANSFORM = struct.Struct(">7f")
_VALUE = struct.Struct(">f")
_CALIBRATED = 3


def open_vmc_out(address: str, proportions: Proportions) -> VmcOut:
    """Send to ``HOST:PORT``; ``127.0.0.1:39539`` where one of them is left out.

    Raises:
        UsageError: there is no such host.
    """
    host, port = split_address(address, "127.0.0.1", PORT)
    try:
        family, _, _, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except OSError as error:
        raise UsageError(
            f"VMC cannot be sent to {address} ({error.strerror}); give HOST:PORT of the program "
            "that is to receive it"
        ) from error
    return VmcOut(socket.socket(family, socket.SOCK_DGRAM), target, proportions)


class VmcOut:
    """Sends samples. State: a socket, and how much could not be sent."""

    def __init__(
        self, out: socket.socket, target: tuple[object, ...], proportions: Proportions
    ) -> None:
        """Send from ``out``, which is taken over, to ``target``."""
        out.setblocking(False)
        self._socket, self._target = out, target
        self.proportions = proportions
        """Where each bone is from its parent; may be changed."""
        self._began_ns: int | None = None
        self.sent = self.unsent = 0
        """Datagrams."""

    def send(self, sample: PoseSample) -> None:
        """Tell what a person does; what cannot be sent at once is not sent."""
        if self._began_ns is None:
            self._began_ns = sample.capture_ns
        for packet in packets(sample, self.proportions, sample.capture_ns - self._began_ns):
            try:
                self._socket.sendto(packet, self._target)
                self.sent += 1
            except OSError:
                # Nobody listens there, or the line is full: the next sample is newer.
                self.unsent += 1

    def close(self) -> None:
        """Send no more; harmless when done twice."""
        self._socket.close()


def packets(sample: PoseSample, proportions: Proportions, time_ns: int) -> list[bytes]:
    """The datagrams of a sample, each a bundle.

    The root is the person's place, on the floor; the hips are in it, and each other bone in its
    parent. ``time_ns`` is counted from the first sample.
    """
    positions = proportions.offsets.copy()
    positions[0] = sample.root_position
    positions = mirrored_point(positions)
    turns = mirrored_turn(sample.rotations)
    messages = [
        write_message("/VMC/Ext/OK", [1, _CALIBRATED, 0, 1]),
        write_message("/VMC/Ext/T", [time_ns / SECOND]),
        write_message("/VMC/Ext/Root/Pos", ["root", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
    ]
    messages += [
        head + _TRANSFORM.pack(*position, *turn)
        for head, position, turn in zip(
            _BONE_HEADS, positions.tolist(), turns.tolist(), strict=True
        )
    ]
    bones = write_bundles(messages, MAX_BYTES)
    shapes = [
        head + _VALUE.pack(value)
        for head, value in zip(_SHAPE_HEADS, sample.face.tolist(), strict=True)
    ]
    return bones + write_bundles([*shapes, write_message("/VMC/Ext/Blend/Apply")], MAX_BYTES)


_BONE_HEADS = [
    write_message("/VMC/Ext/Bone/Pos", [name, *[0.0] * 7])[: -_TRANSFORM.size]
    for name in UNITY_BONES
]
_SHAPE_HEADS = [
    write_message("/VMC/Ext/Blend/Val", [name, 0.0])[: -_VALUE.size] for name in PERFECT_SYNC
]
