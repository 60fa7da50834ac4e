"""A bad network for real connections: what arrives at this process passes through a lossy path."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aioice.ice

from presence.clock import SECOND, Clock
from presence.transport.lossy import Conditions, LossyPath


@contextmanager
def impaired_arrivals(conditions: Conditions, clock: Clock, seed: int = 0) -> Iterator[None]:
    """Within it, every datagram that reaches this process's ICE sockets may be late or lost.

    The kernel can do so too (``tc netem``), but only where it has the module and one may use it;
    so the method by which aioice takes a datagram from its socket is replaced.
    """
    loop = asyncio.get_running_loop()
    receive = aioice.ice.StunProtocol.datagram_received
    path = LossyPath(conditions, seed)
    # The path carries bytes; what they stand for is kept here until they arrive or are lost.
    datagrams: dict[bytes, tuple[Any, bytes, Any]] = {}
    timer: asyncio.TimerHandle | None = None

    def arm() -> None:
        nonlocal timer
        if timer is not None:
            timer.cancel()
        due_ns = path.next_due_ns()
        if due_ns is not None:
            timer = loop.call_later(max(0, due_ns - clock.now_ns()) / SECOND, deliver)

    def deliver() -> None:
        for key in path.pop_due(clock.now_ns()):
            receive(*datagrams.pop(key))
        arm()

    def impaired(protocol: Any, data: bytes, address: Any) -> None:
        key = path.pushed.to_bytes(8, "big")
        lost = path.lost
        path.push(clock.now_ns(), key)
        if path.lost == lost:
            datagrams[key] = (protocol, data, address)
            arm()

    aioice.ice.StunProtocol.datagram_received = impaired
    try:
        yield
    finally:
        aioice.ice.StunProtocol.datagram_received = receive
        if timer is not None:
            timer.cancel()
