"""What this project asks of aiortc and aioice beyond their public interfaces, in one place."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import aioice.ice
from aiortc import RTCConfiguration, RTCIceParameters, RTCPeerConnection
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from presence.transport.turn_backlog import bound_turn_backlog
from presence.transport.ways import Ways

LOOPBACK = "127.0.0.1"
STRAIGHT_HEAD_START_S = 0.6
"""Seconds that straight ways get before relayed ones: a round trip, even to the far side."""

_DELETE_TIMEOUT_S = 0.25

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """The way that ICE chose between two participants."""

    relayed: bool
    """Whether it goes through a TURN server."""
    protocol: str
    """``udp``; to this side's TURN server also ``tcp`` or ``tls``."""
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
    """aiortc's connection over the given ways, and without complaint when it is closed.

    aiortc takes no TURN server by an IPv6 address, and none whose certificate no authority signed,
    so the servers are told to its ICE agents themselves.

    aiortc connects in a task that nobody awaits. Closed between the end of the DTLS handshake and
    the first SCTP packet, that task ends in a ConnectionError, which asyncio reports as an error
    never retrieved. The lost connection is told by its state in any case.
    """

    def __init__(self, ways: Ways) -> None:
        """Seek a connection by ``ways``."""
        relay = ways.path == "turn"
        policy = RTCIceTransportPolicy.RELAY if relay else RTCIceTransportPolicy.ALL
        # An empty list: without one, aiortc asks a public STUN server where it is.
        super().__init__(RTCConfiguration(iceServers=[], iceTransportPolicy=policy))
        bound_turn_backlog()
        self._ways = ways

    async def _RTCPeerConnection__gather(self) -> None:  # noqa: N802
        for transport in self._RTCPeerConnection__iceTransports:
            agent = transport.iceGatherer._connection
            if not isinstance(agent, aioice.ice.Connection):
                continue
            _tell_servers(agent, self._ways)
            if self._ways.path == "auto" and not hasattr(agent, "_straight_first"):
                agent._straight_first = True
                _let_straight_ways_go_first(agent)
        await super()._RTCPeerConnection__gather()

    async def _RTCPeerConnection__connect(self) -> None:  # noqa: N802
        # What RTCPeerConnection's own code calls by the name self.__connect.
        try:
            await super()._RTCPeerConnection__connect()
        except ConnectionError as error:
            log.debug("closed while connecting: %s", error)


class Agent(Protocol):
    """What takes the place of an ICE agent of aioice's; aiortc asks more of it than this."""

    @property
    def local_username(self) -> str:
        """By which the other side asks for it."""
        ...

    @property
    def local_password(self) -> str:
        """Which proves that they may."""
        ...


def use_lite_agent(connection: RTCPeerConnection, agent: Agent) -> None:
    """Have a connection with a data channel, of which nothing is negotiated, use a lite agent."""
    transport = connection.sctp.transport.transport
    gatherer = transport.iceGatherer
    gatherer._connection = transport._connection = agent
    transport._recv, transport._send = agent.recv, agent.send  # type: ignore[attr-defined]
    gatherer.getLocalParameters = lambda: RTCIceParameters(
        usernameFragment=agent.local_username, password=agent.local_password, iceLite=True
    )


def leave_relays_quickly(connection: RTCPeerConnection) -> None:
    """Have closing wait only a moment for a TURN server to take its allocation back.

    aioice asks a server that is gone seven times, which takes a minute. An allocation that nobody
    refreshes ends by itself.
    """
    if connection.sctp is None:
        return
    for protocol in connection.sctp.transport.transport._connection._protocols:
        client = getattr(protocol.transport, "_TurnTransport__inner_protocol", None)
        if client is not None:
            client.delete = functools.partial(_bounded, client.delete)


async def _bounded(delete: Callable[[], Awaitable[None]]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DELETE_TIMEOUT_S):
            await delete()


def _tell_servers(agent: aioice.ice.Connection, ways: Ways) -> None:
    """Have an ICE agent of aioice use the servers of ``ways``."""
    if ways.stun is not None:
        agent.stun_server = (ways.stun.host, ways.stun.port)
    if ways.turn is not None:
        agent.turn_server = (ways.turn.url.host, ways.turn.url.port)
        agent.turn_username = ways.turn.username
        agent.turn_password = ways.turn.credential
        agent.turn_transport = ways.turn.url.transport
        agent.turn_ssl = ways.turn.ssl


def _let_straight_ways_go_first(agent: aioice.ice.Connection) -> None:
    """Have an ICE agent check ways over a TURN server a little later than those without.

    aioice nominates whatever answers first (RFC 5245's aggressive nomination). Between two home
    routers the first packet of the straight way is lost, because the other router is not open yet;
    so the relayed way would win each time, though the straight one is as good as open.
    """
    begun_s: float | None = None

    async def check_later(pair: aioice.ice.CandidatePair, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        await agent.check_start(pair)

    def start_check(pair: aioice.ice.CandidatePair) -> None:
        nonlocal begun_s
        if pair.task is not None:
            return
        now_s = asyncio.get_running_loop().time()
        begun_s = now_s if begun_s is None else begun_s
        wait_s = begun_s + STRAIGHT_HEAD_START_S - now_s
        if wait_s > 0 and "relay" in (pair.local_candidate.type, pair.remote_candidate.type):
            # It counts as begun, so that others are begun after it.
            agent.check_state(pair, aioice.ice.CandidatePair.State.IN_PROGRESS)
            pair.task = asyncio.create_task(check_later(pair, wait_s))
        else:
            pair.task = asyncio.create_task(agent.check_start(pair))

    agent.check_start_task = start_check


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
    relayed = "relay" in (local.type, remote.type)
    return Route(
        relayed=relayed,
        protocol=_to_server(agent) if local.type == "relay" else "udp",
        local=_address(local.host, local.port),
        remote=_address(remote.host, remote.port),
    )


def _to_server(agent: aioice.ice.Connection) -> str:
    """What an agent speaks to its TURN server by: ``udp``, ``tcp`` or ``tls``."""
    return "tls" if agent.turn_ssl else str(agent.turn_transport)


async def stop_asking_for_consent(connection: RTCPeerConnection) -> None:
    """Stop what aioice starts although it was closed.

    If a way is found at the very moment of closing, the task that looked for it sees the way first,
    and starts to ask for consent on it, for ever. Closing once more stops that.
    """
    if connection.sctp is not None:
        await connection.sctp.transport.transport._connection.close()


def let_go(connection: RTCPeerConnection) -> None:
    """Free at once what OpenSSL keeps of a connection that was open and is closed.

    aiortc's objects name one another in circles, so it would else stay until the next full
    collection, and a relay would need the memory of all who went in between.
    """
    if connection.sctp is not None:
        connection.sctp.transport._ssl = None


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
