"""A UDP socket that takes and gives many datagrams at a time, in memory that is kept.

What leaves is put together where it lies, and leaves with the next flush. On Linux a flush is one
call to the kernel for all receivers (:mod:`presence.relay.many_datagrams`); elsewhere it is one
each.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Hashable
from typing import Any

STRIDE = 1600
"""Bytes that are kept for each datagram: not a power of two, which all would lie in one part of the
processor's cache."""
LONGEST = 1500
"""Bytes of the longest datagram that anybody has a use for."""
TAKEN_AT_ONCE = 64
LEAVING_AT_ONCE = 64


class Way:
    """Somebody's address at one socket. State: what the kernel is told of it, and when it spoke."""

    __slots__ = (
        "address",
        "control",
        "datagrams",
        "heard_ns",
        "kept",
        "key",
        "name",
        "owner",
        "to",
    )

    def __init__(self, datagrams: Datagrams, key: Hashable, address: tuple[str, int]) -> None:
        """An address of which nothing is known yet."""
        self.datagrams = datagrams
        self.key = key
        self.address = address
        self.to: tuple[Any, ...] = address
        """The same, with all that a socket says of it."""
        self.name = 0
        """Where the kernel finds the address."""
        self.control = 0
        """Where it finds which of this machine's addresses to send from; 0: any."""
        self.kept: Any = None
        """What lies at those two places."""
        self.owner: Any = None
        """Who has shown that they are at this address."""
        self.heard_ns = 0
        """When something last came from there."""


class Datagrams:
    """One socket. State: what came with the last call, and what is to leave with the next."""

    def __init__(self, sock: socket.socket) -> None:
        """Use a bound socket that does not block."""
        self.socket = sock
        self.family = sock.family
        self.port: int = sock.getsockname()[1]
        self.came = memoryview(self._memory(TAKEN_AT_ONCE)).cast("B")
        """What came, :data:`STRIDE` bytes apart."""
        self.lengths = [0] * TAKEN_AT_ONCE
        self.leaving = memoryview(self._memory(LEAVING_AT_ONCE)).cast("B")
        """What is to leave, likewise."""
        self.slot = 0
        """How many are to leave: where the next is to be put."""
        self.on_first: Callable[[], None] = _nothing
        """Something is to leave, where nothing was."""
        self.taken = 0
        """Datagrams that came."""
        self.left = 0
        """Datagrams that left."""
        self.unsent = 0
        """Datagrams that the kernel did not take."""
        self.lent: Any = None
        """Whatever who encrypts in place wants to keep of this memory."""
        self._sources: list[tuple[Any, ...]] = [()] * TAKEN_AT_ONCE
        self._to: list[tuple[int, Way]] = []

    def receive(self) -> int:
        """Take what waits, at most :data:`TAKEN_AT_ONCE`; gives how many came."""
        count = 0
        while count < TAKEN_AT_ONCE:
            begin = count * STRIDE
            try:
                length, source = self.socket.recvfrom_into(self.came[begin : begin + STRIDE])
            except BlockingIOError:
                break
            except OSError:
                # Somebody to whom something was sent is not there.
                continue
            self.lengths[count] = length
            self._sources[count] = source
            count += 1
        self.taken += count
        return count

    def key(self, number: int) -> Hashable:
        """From where one of those came that came with the last call."""
        return self._sources[number]

    def way(self, number: int) -> Way:
        """The same, to send there."""
        source = self._sources[number]
        way = Way(self, source, (source[0], source[1]))
        way.to = source
        return way

    def send(self, data: bytes, way: Way) -> None:
        """Have a datagram leave with the next flush."""
        begin = self.slot * STRIDE
        self.leaving[begin : begin + len(data)] = data
        self.add(len(data), way)

    def add(self, length: int, way: Way) -> None:
        """What was put into the next slot is to leave."""
        self._to.append((length, way))
        self.slot += 1
        if self.slot == 1:
            self.on_first()
        elif self.slot == LEAVING_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Send what is to leave; what the kernel does not take is lost, as on the way."""
        leaving, self._to = self._to, []
        self.slot = 0
        for number, (length, way) in enumerate(leaving):
            begin = number * STRIDE
            try:
                self.socket.sendto(self.leaving[begin : begin + length], way.to)
                self.left += 1
            except OSError:
                self.unsent += 1

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def _memory(self, count: int) -> Any:
        return bytearray(count * STRIDE)


def _nothing() -> None:
    """Nobody listens yet."""


def open_datagrams(family: socket.AddressFamily, port: int) -> Datagrams:
    """All of this machine's addresses of a family at one port; 0 takes any that is free.

    Raises:
        OSError: it cannot be had.
    """
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            # The kernel gives as much of it as it is allowed to.
            sock.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
        if sys.platform == "linux":
            from presence.relay.many_datagrams import ManyDatagrams, why_not

            if why_not() is None:
                return ManyDatagrams(sock)
        return Datagrams(sock)
    except BaseException:
        sock.close()
        raise
