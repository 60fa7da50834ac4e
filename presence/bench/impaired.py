"""A bad network for real connections: what arrives at this process passes through a lossy path."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aioice.ice

from presence.clock import SECOND, Clock
from presence.transport.lossy import Conditions, LossyPath

AROUND_DATAGRAM = 28
"""Bytes of IPv4 and UDP around what a socket gives."""

_Receive = Callable[[Any, bytes, Any], None]


class BadNetwork:
    """What lies before this process's ICE sockets. State: what is on its way, and cut sockets."""

    def __init__(self, conditions: Conditions, clock: Clock, seed: int, receive: _Receive) -> None:
        """Use :func:`impaired_arrivals`; ``receive`` takes what arrives in the end."""
        self._path = LossyPath(conditions, seed)
        self._clock = clock
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        # The path carries bytes; what they stand for is kept here until all copies have arrived.
        self._datagrams: dict[bytes, tuple[int, Any, bytes, Any]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._used: set[Any] = set()
        self._cut: set[Any] = set()

    @property
    def conditions(self) -> Conditions:
        """What happens to datagrams from now on."""
        return self._path.conditions

    @conditions.setter
    def conditions(self, conditions: Conditions) -> None:
        self._path.conditions = conditions

    def cut(self) -> None:
        """Let nothing arrive any more at the sockets that were used so far; new ones work."""
        self._cut |= self._used

    def arrived(self, protocol: Any, data: bytes, address: Any) -> None:
        """A datagram has reached this machine."""
        self._used.add(protocol)
        if protocol in self._cut:
            return
        path = self._path
        key = path.pushed.to_bytes(8, "big")
        lost, duplicated = path.lost, path.duplicated
        path.push(self._clock.now_ns(), key, len(data) + AROUND_DATAGRAM)
        if path.lost == lost:
            copies = 1 + path.duplicated - duplicated
            self._datagrams[key] = (copies, protocol, data, address)
            self._arm()

    def close(self) -> None:
        """What is still on its way is lost."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due_ns = self._path.next_due_ns()
        if due_ns is not None:
            wait_s = max(0, due_ns - self._clock.now_ns()) / SECOND
            self._timer = self._loop.call_later(wait_s, self._deliver)

    def _deliver(self) -> None:
        for key in self._path.pop_due(self._clock.now_ns()):
            copies, protocol, data, address = self._datagrams.pop(key)
            if copies > 1:
                self._datagrams[key] = (copies - 1, protocol, data, address)
            if protocol not in self._cut:
                self._receive(protocol, data, address)
        self._arm()


@contextmanager
def impaired_arrivals(conditions: Conditions, clock: Clock, seed: int = 0) -> Iterator[BadNetwork]:
    """Within it, every datagram that reaches this process's ICE sockets may be late or lost.

    The kernel can do so too (``tc netem``), but only where it has the module and one may use it;
    so the method by which aioice takes a datagram from its socket is replaced.
    """
    receive = aioice.ice.StunProtocol.datagram_received
    network = BadNetwork(conditions, clock, seed, receive)

    def impaired(protocol: Any, data: bytes, address: Any) -> None:
        network.arrived(protocol, data, address)

    aioice.ice.StunProtocol.datagram_received = impaired
    try:
        yield network
    finally:
        aioice.ice.StunProtocol.datagram_received = receive
        network.close()
