"""A wire between two machines that loses and delays packets, under the kernel's own TCP.

The kernels that tests run on seldom have ``tc netem``; nearly all have TUN devices, whose packets a
program passes on. So each machine, a network namespace, has one, and a thread plays the wire.
"""

import contextlib
import ctypes
import fcntl
import os
import select
import struct
import threading
import time
from pathlib import Path

from networks import CLONE_NEWNET, command

from presence.clock import MILLISECOND, SECOND
from presence.transport.lossy import LossyPath

_TUN = Path("/dev/net/tun")
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x0001 | 0x1000
_libc = ctypes.CDLL(None, use_errno=True)


def inside(namespace, make):
    """What ``make`` makes in a network namespace, as a socket, which stays there."""
    made = []

    def run():
        with Path("/run/netns", namespace).open() as file:
            if _libc.setns(file.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        made.append(make())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return made[0]


def _tun():
    device = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", b"wire", _IFF_TUN_NO_PI))
    return device


@contextlib.contextmanager
def rough_wire(conditions, seed=1):
    """Two network namespaces by name, 10.77.0.1 and 10.77.0.2, with such a path each way."""
    with contextlib.ExitStack() as stack:
        names, devices = [], []
        for number in (1, 2):
            name = f"presence{os.getpid()}rough{number}"
            command("ip", "netns", "add", name)
            stack.callback(command, "ip", "netns", "del", name)
            devices.append(inside(name, _tun))
            stack.callback(os.close, devices[-1])
            command("ip", "-n", name, "link", "set", "lo", "up")
            command("ip", "-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", "wire")
            command("ip", "-n", name, "link", "set", "wire", "up", "mtu", "1400")
            names.append(name)
        ended = threading.Event()
        wire = threading.Thread(target=_pass_on, args=(devices, conditions, seed, ended))
        wire.start()
        stack.callback(wire.join)
        stack.callback(ended.set)
        yield names


def _pass_on(devices, conditions, seed, ended):
    paths = [LossyPath(conditions, seed), LossyPath(conditions, seed + 1)]
    while not ended.is_set():
        now_ns = time.monotonic_ns()
        due = [path.next_due_ns() for path in paths]
        waits = [at - now_ns for at in due if at is not None]
        wait_ns = max(0, min(waits, default=50 * MILLISECOND))
        readable, _, _ = select.select(devices, [], [], min(wait_ns, 50 * MILLISECOND) / SECOND)
        for device, other, path in zip(devices, reversed(devices), paths, strict=True):
            with contextlib.suppress(BlockingIOError):
                while device in readable:
                    path.push(time.monotonic_ns(), os.read(device, 2000))
            for packet in path.pop_due(time.monotonic_ns()):
                with contextlib.suppress(BlockingIOError):
                    os.write(other, packet)
