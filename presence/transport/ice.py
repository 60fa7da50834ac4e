"""What this project asks of aiortc and aioice beyond their public interfaces, in one place."""

from __future__ import annotations

import inspect
import logging
from dataclasses import dataclass

import aioice.ice
from aiortc import RTCPeerConnection

LOOPBACK = "127.0.0.1"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """The way that ICE chose between two participants."""

    relayed: bool
    """Whether it goes through a TURN server."""
    protocol: str
    """``udp``, or ``tcp`` to a TURN server."""
    local: str
    """This side's address and port."""
    remote: str
    """The other side's address and port."""

    @property
    def local_host(self) -> str:
        """This side's address alone."""
        return self.local.rpartition(":")[0].strip("[]")

    @property
    def kind(self) -> str:
        """What matters of it to a person: ``direct, udp``."""
        return f"{'relayed' if self.relayed else 'direct'}, {self.protocol}"

    def __str__(self) -> str:
        return f"{self.kind} {self.local} – {self.remote}"


class Connection(RTCPeerConnection):  # type: ignore[misc]
    """aiortc's connection, of which no task complains when it is closed while it connects.

    aiortc connects in a task that nobody awaits. Closed between the end of the DTLS handshake and
    the first SCTP packet, that task ends in a ConnectionError, which asyncio reports as an error
    never retrieved. The lost connection is told by its state in any case.
    """

    async def _RTCPeerConnection__connect(self) -> None:  # noqa: N802
        # What RTCPeerConnection's own code calls by the name self.__connect.
        try:
            await super()._RTCPeerConnection__connect()
        except ConnectionError as error:
            log.debug("closed while connecting: %s", error)


def offer_loopback_when_alone() -> None:
    """Let ICE use the loopback address on a machine that has no other.

    RFC 8445 section 5.1.1.1 keeps loopback addresses out, and aioice obeys; but then two processes
    on a machine without a network find no way to each other. Where there is any other address, two
    processes on one machine meet at that one, and nothing changes.
    """
    theirs = getattr(aioice.ice, "get_host_addresses", None)
    if getattr(theirs, "falls_back_to_loopback", False):
        return
    if theirs is None or set(inspect.signature(theirs).parameters) != {"use_ipv4", "use_ipv6"}:
        log.warning(
            "aioice %s gathers addresses in another way than expected: "
            "calls on a machine without any network will not connect",
            aioice.__version__,
        )
        return

    def host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        addresses: list[str] = theirs(use_ipv4, use_ipv6)
        return addresses or ([LOOPBACK] if use_ipv4 else [])

    host_addresses.falls_back_to_loopback = True  # type: ignore[attr-defined]
    aioice.ice.get_host_addresses = host_addresses


def local_addresses() -> frozenset[str]:
    """This machine's addresses at which ICE would have it be reached, as of now."""
    return frozenset(aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=True))


def chosen_route(connection: RTCPeerConnection) -> Route | None:
    """The pair of addresses that ICE nominated for the data channel; None before it did."""
    if connection.sctp is None:
        return None
    agent = connection.sctp.transport.transport._connection
    pair = agent._nominated.get(1)
    if pair is None:
        return None
    local, remote = pair.local_candidate, pair.remote_candidate
    return Route(
        relayed="relay" in (local.type, remote.type),
        protocol=str(local.transport).lower(),
        local=_address(local.host, local.port),
        remote=_address(remote.host, remote.port),
    )


async def stop_asking_for_consent(connection: RTCPeerConnection) -> None:
    """Stop what aioice starts although it was closed.

    If a way is found at the very moment of closing, the task that looked for it sees the way first,
    and starts to ask for consent on it, for ever. Closing once more stops that.
    """
    if connection.sctp is not None:
        await connection.sctp.transport.transport._connection.close()


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
