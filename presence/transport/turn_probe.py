"""Asking a TURN server whether it would relay for us, and if not, why not.

What gathers candidates goes on in silence without a relay that does not answer or does not believe
us. So it is asked before: an allocation is made (RFC 8656 section 7) and given back at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from aioice import stun, turn

from presence.transport.tls import PinError, client_context
from presence.wire.ice_url import IceUrl

PROBE_TIMEOUT_S = 3.0
"""Seconds for an answer; a request by UDP goes three times in it."""
_LIFETIME_S = 600
_CHANNEL_REFRESH_S = 500
_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}


log = logging.getLogger(__name__)


class Problem(Enum):
    """Why a TURN server is of no use."""

    CREDENTIALS = auto()
    """It answers, and does not believe us."""
    SHUT = auto()
    """The machine is there, and says that nothing listens at that port."""
    SILENT = auto()
    """Nothing comes back."""
    NO_ROUTE = auto()
    """This machine or its network does not know the way there."""
    NAME = auto()
    """Its name leads to no address."""
    CERTIFICATE = auto()
    """What answers by TLS is not known to be that server."""
    REFUSED = auto()
    """It answers, and says no for another reason."""


@dataclass(frozen=True, slots=True)
class TurnServer:
    """One way to a TURN server, and what to show it."""

    url: IceUrl
    username: str
    credential: str
    pin: str | None = None
    """Of a certificate that the server made itself."""

    @property
    def ssl(self) -> ssl.SSLContext | None:
        """What to open the connection with; None without TLS."""
        return client_context(self.pin) if self.url.kind == "turns" else None


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of asking."""

    server: TurnServer
    problem: Problem | None = None
    """None: it relays for us."""
    detail: str = ""
    """What the server said, or the system."""


class _Datagrams(turn.TurnClientUdpProtocol):  # type: ignore[misc]
    """aioice's client, which learns what the network reports of its datagrams."""

    failed: asyncio.Future[None]

    def error_received(self, error: Exception) -> None:
        """The network says that they do not arrive."""
        if not self.failed.done():
            self.failed.set_exception(error)


async def probe(server: TurnServer, timeout_s: float = PROBE_TIMEOUT_S) -> Probed:
    """Ask a TURN server for an allocation, and give it back."""
    looked_up = False
    try:
        async with asyncio.timeout(timeout_s):
            where = await _look_up(server.url)
            looked_up = True
            await _allocate(server, where)
    except TimeoutError:
        if not looked_up:
            return Probed(server, Problem.NAME, "no name server answers")
        return Probed(server, Problem.SILENT)
    except stun.TransactionFailed as failed:
        code, reason = failed.response.attributes.get("ERROR-CODE", (0, "no reason given"))
        # 401: the user or the password is not right (RFC 8489 section 9.2.4). coturn says so of
        # a user whose time is over, as well.
        problem = Problem.CREDENTIALS if code == 401 else Problem.REFUSED
        return Probed(server, problem, f"{code} {reason}")
    except stun.TransactionError:
        return Probed(server, Problem.SILENT)
    except (socket.gaierror, UnicodeError) as error:
        return Probed(server, Problem.NAME, str(error))
    except PinError:
        return Probed(server, Problem.CERTIFICATE, "it shows another certificate")
    except ssl.SSLCertVerificationError as error:
        return Probed(server, Problem.CERTIFICATE, error.verify_message)
    except ssl.SSLError as error:
        return Probed(server, Problem.REFUSED, f"no TLS: {error.reason}")
    except ConnectionError as error:
        refused = isinstance(error, ConnectionRefusedError)
        return Probed(server, Problem.SHUT if refused else Problem.REFUSED, str(error))
    except OSError as error:
        problem = Problem.NO_ROUTE if error.errno in _NO_ROUTE else Problem.SILENT
        return Probed(server, problem, error.strerror or str(error))
    except Exception as error:
        # A stranger's bytes are read by a parser that is not ours.
        log.debug("a TURN server's answer was too much for its parser", exc_info=True)
        return Probed(server, Problem.REFUSED, f"its answer is not understood: {error!r}")
    return Probed(server)


async def _look_up(url: IceUrl) -> tuple[str, int]:
    """The server's address and port."""
    loop = asyncio.get_running_loop()
    (_, _, _, _, where), *_ = await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_DGRAM)
    return str(where[0]), int(where[1])


def _check_route(where: tuple[str, int]) -> None:
    """Raises OSError if this machine knows no way there; nothing is sent."""
    with socket.socket(_family(where), socket.SOCK_DGRAM) as probing:
        probing.connect(where)


def _family(where: tuple[str, int]) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in where[0] else socket.AF_INET


async def _reach(where: tuple[str, int]) -> socket.socket:
    """A connection by TCP."""
    reached = socket.socket(_family(where))
    reached.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(reached, where)
    except BaseException:
        reached.close()
        raise
    return reached


async def _whole(opening: Coroutine[Any, Any, tuple[Any, Any]]) -> tuple[Any, Any]:
    """Open a transport, which takes a moment; given up within it, asyncio would leave it open."""
    task = asyncio.ensure_future(opening)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        (await task)[0].abort()
        raise


async def _connect(
    server: TurnServer,
    transport: asyncio.Transport,
    client: turn.TurnClientMixin,
) -> None:
    """Have an allocation made over a transport that is open, with TLS if that is the way."""
    if server.ssl is not None:
        # Not while connecting: given up half-way, that would leave the socket open.
        secured = await asyncio.get_running_loop().start_tls(
            transport, client, server.ssl, server_hostname=server.url.host
        )
        client.connection_made(secured)
    await client.connect()


async def _allocate(server: TurnServer, where: tuple[str, int]) -> None:
    loop = asyncio.get_running_loop()
    shown = (where, server.username, server.credential, _LIFETIME_S, _CHANNEL_REFRESH_S)
    failed: asyncio.Future[None] = loop.create_future()
    if server.url.transport == "udp":
        _check_route(where)
        transport, client = await _whole(
            loop.create_datagram_endpoint(lambda: _Datagrams(*shown), remote_addr=where)
        )
        client.failed = failed
    else:
        reached = await _reach(where)
        transport, client = await _whole(
            loop.create_connection(lambda: turn.TurnClientTcpProtocol(*shown), sock=reached)
        )
    allocating: asyncio.Future[object] = asyncio.ensure_future(_connect(server, transport, client))
    try:
        await asyncio.wait((allocating, failed), return_when=asyncio.FIRST_COMPLETED)
        if failed.done():
            failed.result()
        await allocating
        # Whether it is given back or runs out is the server's concern; nobody waits for that.
        with contextlib.suppress(stun.TransactionError, TimeoutError):
            async with asyncio.timeout(0.5):
                await client.delete()
    finally:
        # First of all, because waiting for the rest may be cut short.
        transport.abort()
        allocating.cancel()
        failed.cancel()
        if client.refresh_task is not None:
            client.refresh_task.cancel()
        await asyncio.gather(allocating, failed, return_exceptions=True)
