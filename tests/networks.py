"""Networks made of the kernel's own parts: machines, home routers that translate addresses.

Each machine is a network namespace. A test's coroutine enters one by a thread of its own, which the
kernel lets be in another namespace than the rest of the process; a command enters it by
``ip netns exec``. Only root may make them.
"""

import asyncio
import contextlib
import ctypes
import itertools
import os
import subprocess
import threading
from concurrent.futures import Future
from pathlib import Path

import uvloop

CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()

# What an ordinary home router does. Without the second chain a packet that comes too early takes
# the port that the answer to it would want, and every NAT of Linux would look symmetric.
_NAT = """
table ip home {{
  chain out {{ type nat hook postrouting priority srcnat; oifname "wan" masquerade {how}; }}
  chain in {{ type filter hook input priority filter; iifname "wan" ct state new drop; }}
}}
"""
NATS = {"cone": "", "symmetric": "fully-random"}
"""Endpoint-independent mapping, and one port for each destination (RFC 4787 section 4.1)."""


def command(*words, text=None):
    ended = subprocess.run(words, input=text, capture_output=True, text=True)
    assert ended.returncode == 0, f"{' '.join(words)}: {ended.stderr}"
    return ended.stdout


class Machine:
    """A network namespace. State: what of it is still to be taken down."""

    def __init__(self, name):
        self.name = name

    def ip(self, *words):
        return command("ip", "-n", self.name, *words)

    def firewall(self, rules):
        """Load rules of nftables, which are in the language of its own."""
        self.run("nft", "-f", "-", text=rules)

    def run(self, *words, text=None):
        return command("ip", "netns", "exec", self.name, *words, text=text)

    def start(self, words, **options):
        """Start a process on the machine."""
        return subprocess.Popen(["ip", "netns", "exec", self.name, *words], **options)

    def enter(self, main):
        """Run a coroutine function on the machine; gives the future of what it returns."""
        future = Future()

        def run():
            try:
                with Path("/run/netns", self.name).open() as namespace:
                    if _libc.setns(namespace.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), "setns")
                # The loop that a participant runs on.
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    future.set_result(runner.run(main()))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return future


class Internet:
    """Machines on one wire, and homes behind routers on it. State: the namespaces."""

    def __init__(self, stack):
        self._stack = stack
        self._prefix = f"presence{os.getpid()}n{next(_numbers)}"
        self._wire = self._space("wire")
        self._wire.ip("link", "add", "wire", "type", "bridge", "forward_delay", "0")
        # The rest of the world: everyone knows a way to it, and nobody answers there.
        self._address(self._wire, "wire", ["203.0.113.1/24", "2001:db8::1/64"])

    def machine(self, name, *addresses):
        """A machine straight on the wire, with addresses such as ``203.0.113.5/24``."""
        machine = self._space(name)
        self._plug(machine, name, "eth", addresses)
        return machine

    def home(self, name, number, nat):
        """A machine behind a home router, with the router: 192.168.``number``.2 on the inside."""
        router = self._space(f"{name}-router")
        self._plug(router, name, "wan", [f"203.0.113.{100 + number}/24"])
        machine = self._space(name)
        inside = ["type", "veth", "peer", "name", "eth", "netns", machine.name]
        router.ip("link", "add", "lan", *inside)
        self._address(router, "lan", [f"192.168.{number}.1/24"])
        self._address(machine, "eth", [f"192.168.{number}.2/24"])
        machine.ip("route", "add", "default", "via", f"192.168.{number}.1")
        router.run("sysctl", "-q", "net.ipv4.ip_forward=1")
        router.firewall(_NAT.format(how=NATS[nat]))
        return machine, router

    def _space(self, name):
        machine = Machine(f"{self._prefix}{name}")
        command("ip", "netns", "add", machine.name)
        self._stack.callback(command, "ip", "netns", "del", machine.name)
        machine.ip("link", "set", "lo", "up")
        return machine

    def _plug(self, machine, name, interface, addresses):
        peer = ["type", "veth", "peer", "name", interface, "netns", machine.name]
        self._wire.ip("link", "add", f"to-{name}", *peer)
        self._wire.ip("link", "set", f"to-{name}", "master", "wire", "up")
        self._address(machine, interface, addresses)

    @staticmethod
    def _address(machine, interface, addresses):
        machine.ip("link", "set", interface, "up")
        for address in addresses:
            # An address of IPv6 could otherwise not be used for a second, while others are asked.
            at_once = ["nodad"] if ":" in address else []
            machine.ip("addr", "add", address, "dev", interface, *at_once)
            if address.startswith(("203.0.113.", "2001:db8:")) and interface != "wire":
                via = "2001:db8::1" if ":" in address else "203.0.113.1"
                machine.ip("route", "add", "default", "via", via)


@contextlib.contextmanager
def internet():
    with contextlib.ExitStack() as stack:
        yield Internet(stack)
