"""Monado's *remote* driver: a headset and two controllers that a test moves.

Its port is open to everyone who reaches the machine, so the service runs in a network of its own.
What it takes is ``struct r_remote_data`` of Monado 25, once a message; it answers with the same.
"""

import contextlib
import ctypes
import itertools
import os
import shutil
import socket
import subprocess
import threading
import time
from ctypes import Structure, c_bool, c_char, c_float, c_uint32
from dataclasses import dataclass
from pathlib import Path

import pytest
from networks import CLONE_NEWNET, _libc, command
from openxr_runtime import require_monado

from presence.headset.runtime import Runtime, StartedRuntime
from presence.headset.service import MonadoService
from presence.tracking.sensed import Point

PORT = 4242
_numbers = itertools.count()


class _Pose(Structure):
    _fields_ = [("orientation", c_float * 4), ("position", c_float * 3)]


class _View(Structure):
    _fields_ = [("fov", c_float * 4), ("pose", _Pose), ("padding", c_uint32)]


class _Head(Structure):
    _fields_ = [
        ("views", _View * 2),
        ("center", _Pose),
        ("per_view_data_valid", c_bool),
        ("padding", c_bool * 3),
    ]


class _Controller(Structure):
    _fields_ = [
        ("pose", _Pose),
        ("linear_velocity", c_float * 3),
        ("angular_velocity", c_float * 3),
        ("curl", c_float * 5),
        ("trigger", c_float),
        ("squeeze", c_float),
        ("squeeze_force", c_float),
        ("thumbstick", c_float * 2),
        ("trackpad_force", c_float),
        ("trackpad", c_float * 2),
        *(
            (name, c_bool)
            for name in (
                "hand_tracking_active",
                "active",
                "system_click",
                "system_touch",
                "a_click",
                "a_touch",
                "b_click",
                "b_touch",
                "trigger_click",
                "trigger_touch",
                "thumbstick_click",
                "thumbstick_touch",
                "trackpad_touch",
            )
        ),
        ("padding", c_bool * 3),
    ]


class RemoteData(Structure):
    _fields_ = [
        ("header", c_char * 8),
        ("head", _Head),
        ("left", _Controller),
        ("right", _Controller),
    ]


class Remote:
    """The test's end of the driver. State: the connection, and what was told last."""

    def __init__(self, connection):
        self._connection = connection
        self._told = 0
        self.data = RemoteData.from_buffer_copy(self._read())

    def move(self, what, orientation, position):
        """Put ``what`` (the head's centre, a controller) somewhere, in the stage's space."""
        pose = what.pose if hasattr(what, "pose") else what
        pose.orientation[:] = [float(v) for v in orientation]
        pose.position[:] = [float(v) for v in position]

    def tell(self, client):
        """Send all of it; what ``client`` senses once the driver has taken it.

        The driver does not answer. What it takes it takes whole, so the head serves as a mark: each
        time it is a little aside of where it was put, by less than any test measures.
        """
        self.data.header = b"mndrmt3"
        self._told += 1
        centre = self.data.head.center.position
        put = centre[0]
        centre[0] = put + 1e-4 * (self._told % 4)
        mark = centre[0]
        self._connection.sendall(bytes(self.data))
        centre[0] = put
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            sensed = client.sensed(["sense"])
            if abs(sensed.positions[Point.HEAD][0] - mark) < 2e-5:
                return sensed
            time.sleep(0.005)
        raise AssertionError("Monado's remote driver did not take what it was told")

    def _read(self):
        size, got = ctypes.sizeof(RemoteData), b""
        while len(got) < size:
            got += self._connection.recv(size - len(got))
        return got


@dataclass(frozen=True)
class _InItsNetwork:
    """Monado, whose service runs in a network namespace, with the remote driver."""

    monado: object
    network: str

    def service_command(self):
        return ["ip", "netns", "exec", self.network, *self.monado.service_command()]

    def service_environment(self):
        return {**self.monado.service_environment(), "P_OVERRIDE_ACTIVE_CONFIG": "remote"}

    def __getattr__(self, name):
        return getattr(self.monado, name)


def _connect(network):
    """A connection out of a network namespace, which stays usable outside of it."""
    made = []

    def run():
        with Path("/run/netns", network).open() as namespace:
            assert _libc.setns(namespace.fileno(), CLONE_NEWNET) == 0
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                made.append(socket.create_connection(("127.0.0.1", PORT), timeout=20))
                return
            time.sleep(0.05)

    # The thread alone is in that network, and ends.
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert made, "Monado's remote driver does not listen"
    return made[0]


@contextlib.contextmanager
def remote_monado():
    """``(started runtime, remote)`` for as long as the block runs."""
    monado = require_monado()
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("a network of one's own needs root, and iproute2")
    network = f"presence{os.getpid()}remote{next(_numbers)}"
    try:
        command("ip", "netns", "add", network)
    except AssertionError as error:
        pytest.skip(f"no network of one's own here: {error}")
    try:
        command("ip", "-n", network, "link", "set", "lo", "up")
        enclosed = _InItsNetwork(monado, network)
        with MonadoService(enclosed) as service, _connect(network) as connection:
            runtime = Runtime("Monado", monado.manifest, enclosed)
            yield StartedRuntime(runtime, service), Remote(connection)
    finally:
        subprocess.run(["ip", "netns", "del", network], check=False)
