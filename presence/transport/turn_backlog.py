"""Bounds what waits on the way to a TURN server by TCP, which aioice lets grow without end.

TCP takes whatever it is given; where it does not get through, seconds of frames would wait in this
machine. So what is relayed is lost beyond a little, as it would be by UDP, and whoever sends it
sees that in what comes back. What the server itself is told, so as to keep relaying, always leaves.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from typing import Any

import aioice
import aioice.turn

BACKLOG_BYTES = 4096
"""So much may wait in this process, and as much in the kernel, besides what is on its way."""

log = logging.getLogger(__name__)


def bound_turn_backlog() -> None:
    """Have every connection to a TURN server by TCP or TLS, from now on, keep no more waiting."""
    protocol = getattr(aioice.turn, "TurnClientTcpProtocol", None)
    if getattr(protocol, "bounded", False):
        return
    is_relayed = getattr(aioice.turn, "is_channel_data", None)
    if protocol is None or is_relayed is None or not hasattr(protocol, "_send"):
        log.warning(
            "aioice %s speaks to TURN servers by TCP in another way than expected: "
            "where TCP does not get through, frames will come late instead of never",
            aioice.__version__,
        )
        return
    send, connected = protocol._send, protocol.connection_made

    def send_bounded(self: Any, data: bytes) -> None:
        if is_relayed(data) and self.transport.get_write_buffer_size() > BACKLOG_BYTES:
            return
        send(self, data)

    def connection_made(self: Any, transport: Any) -> None:
        own = transport.get_extra_info("socket")
        lowest = getattr(socket, "TCP_NOTSENT_LOWAT", None)
        if own is not None and lowest is not None:
            with contextlib.suppress(OSError):
                own.setsockopt(socket.IPPROTO_TCP, lowest, BACKLOG_BYTES)
        connected(self, transport)

    protocol._send = send_bounded
    protocol.connection_made = connection_made
    protocol.bounded = True
