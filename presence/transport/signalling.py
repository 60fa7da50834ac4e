"""A participant's end of signalling: a WebSocket to the room host that mends itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
from collections.abc import AsyncIterator
from typing import Literal

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, WebSocketException

from presence.clock import SECOND
from presence.errors import HostError, SignallingError
from presence.transport.own_address import has_address
from presence.transport.tls import context_for, why_not_trusted
from presence.wire.link import RoomLink
from presence.wire.signalling import (
    HEARTBEAT_NS,
    MESSAGE_LIMIT,
    SILENCE_NS,
    ClientMessage,
    Description,
    Forwarded,
    Heartbeat,
    HostMessage,
    IceServer,
    IceServers,
    IceServersRequest,
    Join,
    Leave,
    MemberLeft,
    Refused,
    RelayRequest,
    Welcome,
    decode_host_message,
    encode_message,
)

_OPEN_TIMEOUT_S = 5.0
_CLOSE_TIMEOUT_S = 1.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_SILENCE_S = SILENCE_NS / SECOND
_ADDRESS_S = 0.3
"""How often it is looked whether this machine still has the address that it speaks from."""
_HEARTBEAT_S = HEARTBEAT_NS / SECOND

_log = logging.getLogger(__name__)


class _RefusedError(HostError):
    """The host said no. It leaves this module as a :class:`HostError`."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.sentence)
        self.passing = refused.code == "busy"


async def ask_ice_servers(link: RoomLink) -> tuple[IceServer, ...]:
    """The STUN and TURN servers that a room's host names, asked without joining.

    Raises:
        HostError: the host is not there, or has no such room.
    """
    websocket = await _open(link)
    try:
        async with asyncio.timeout(_OPEN_TIMEOUT_S):
            with contextlib.suppress(ConnectionClosed):
                await websocket.send(encode_message(IceServersRequest()))
            answer = decode_host_message(await websocket.recv())
    except (TimeoutError, ConnectionClosed, SignallingError):
        answer = None
    finally:
        await websocket.close()
    match answer:
        case IceServers(ice_servers=servers):
            return servers
        case Refused():
            raise _RefusedError(answer)
        case _:
            raise HostError(
                f"the room host at {link.origin} does not say which servers there are; "
                "check that it is the same version of presence"
            )


class SignallingClient:
    """One participant in a room, as its host sees them.

    State: the connection, the newest welcome, and messages not yet taken. When the connection is
    lost, as when the host restarts, it joins again by itself, with pauses that grow to five
    seconds and with the token that gives it back its number and seat.
    """

    def __init__(self, link: RoomLink, join: Join) -> None:
        """Use :meth:`connect` instead."""
        self._link = link
        self._join = join
        self._websocket: ClientConnection | None = None
        self._welcome: Welcome | None = None
        self._taken: asyncio.Queue[HostMessage | HostError] = asyncio.Queue()

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(cls, link: RoomLink, join: Join) -> AsyncIterator[SignallingClient]:
        """Join a room within the block, and leave it at its end.

        Raises:
            HostError: the host is not there, or does not let this participant in.
        """
        client = cls(link, join)
        keeping = asyncio.create_task(client._keep(await client._enter()))
        try:
            yield client
        finally:
            await client._send(Leave())
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            # Still open if the block was so short that listening had not begun.
            if client._websocket is not None:
                await client._websocket.close()

    @property
    def welcome(self) -> Welcome:
        """What the host said when it last let this participant in."""
        assert self._welcome is not None, "connect() gives a client that was welcomed"
        return self._welcome

    @property
    def connected(self) -> bool:
        """Whether the host can be told something now."""
        return self._websocket is not None

    def __aiter__(self) -> SignallingClient:
        return self

    async def __anext__(self) -> HostMessage:
        """The next message: of members who come and go, a description, or another welcome.

        Another :class:`Welcome` means that the connection was lost and made anew. This
        participant's stream is the same, unless the host has lost its key. Descriptions that were
        sent before may never have come, and it is for this participant to offer a connection to
        those listed to whom there is none. Who is not listed may be about to come back.

        Raises:
            HostError: the host will not have this participant any more.
        """
        taken = await self._taken.get()
        if isinstance(taken, HostError):
            # Whoever asks again is told again.
            self._taken.put_nowait(taken)
            raise taken
        return taken

    async def send_description(self, to: int, kind: Literal["offer", "answer"], sdp: str) -> bool:
        """Send a WebRTC session description to the member with stream ``to``.

        Returns:
            False if the host cannot be told now; the next welcome will make it void anyway.

        Raises:
            SignallingError: the description is too long for any receiver.
        """
        return await self.send(Description(to=to, kind=kind, sdp=sdp))

    async def send(self, message: Forwarded) -> bool:
        """Send something to another member, through the host.

        Returns:
            False if the host cannot be told now.

        Raises:
            SignallingError: it is too long for any receiver.
        """
        return await self._send(message)

    async def ask_ice_servers(self) -> bool:
        """Ask the host for its servers, with fresh credentials; they come as a message.

        Returns:
            False if the host cannot be asked now; its next welcome will name them.
        """
        return await self._send(IceServersRequest())

    async def ask_relay(self, *, alone: bool = False) -> bool:
        """Ask the host to let this participant come to the room's relay; it answers by a message.

        Args:
            alone: Whether this participant takes no other way.

        Returns:
            False if the host cannot be asked now.
        """
        return await self._send(RelayRequest(alone=alone))

    async def _send(self, message: ClientMessage) -> bool:
        text = encode_message(message)
        if self._websocket is None:
            return False
        try:
            await self._websocket.send(text)
        except ConnectionClosed:
            return False
        return True

    async def _enter(self) -> ClientConnection:
        """Open a connection and be welcomed."""
        websocket = await _open(self._link)
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                # A host that refuses at once has closed already; why, is still to be read.
                with contextlib.suppress(ConnectionClosed):
                    await websocket.send(encode_message(self._join))
                answer = decode_host_message(await websocket.recv())
        except (TimeoutError, ConnectionClosed, SignallingError) as error:
            await websocket.close()
            raise HostError(
                f"the room host at {self._link.origin} did not let anybody in: "
                f"{error or 'it did not answer in time'}; try again"
            ) from None
        except BaseException:
            await websocket.close()
            raise
        if not isinstance(answer, Welcome):
            await websocket.close()
            if isinstance(answer, Refused):
                raise _RefusedError(answer)
            raise HostError(
                f"what answers at {self._link.origin} speaks, but not as a room host does; "
                "check that it is the same version of presence"
            )
        # With its token this connection is replaced by the next, in its seat; and should the host
        # have lost the key of its tokens, the seat is at least wished for.
        self._join = msgspec.structs.replace(self._join, seat=answer.seat, resume=answer.resume)
        self._welcome = answer
        self._websocket = websocket
        return websocket

    async def _keep(self, websocket: ClientConnection) -> None:
        """Listen, and join again whenever the connection is lost, until there is no use."""
        try:
            while True:
                await self._listen(websocket)
                _log.info("the connection to the room host was lost; joining again")
                websocket = await self._enter_again()
                self._taken.put_nowait(self.welcome)
        except HostError as error:
            self._taken.put_nowait(error)

    async def _listen(self, websocket: ClientConnection) -> None:
        """Take in messages until the connection is lost."""
        beside = [
            asyncio.create_task(self._beat(websocket)),
            asyncio.create_task(_end_with_address(websocket)),
        ]
        try:
            while True:
                async with asyncio.timeout(_SILENCE_S):
                    text = await websocket.recv()
                self._take(decode_host_message(text))
        except (ConnectionClosed, TimeoutError):
            pass
        except SignallingError as error:
            _log.warning("the room host said something that is not understood: %s", error)
        finally:
            self._websocket = None
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await websocket.close()

    def _take(self, message: HostMessage) -> None:
        match message:
            case Heartbeat():
                pass
            case Refused(code="busy"):
                _log.warning("the room host asks to come again: %s", message.sentence)
            case Refused():
                raise _RefusedError(message)
            case MemberLeft(stream=stream, reason=reason) if stream == self.welcome.stream:
                # Lost, from the host's side: it closes the connection, and the next one is better.
                if reason == "replaced":
                    raise HostError(
                        "you joined this room again from elsewhere, and that connection took "
                        "this one's place; leave there first if you want to be here"
                    )
            case _:
                self._taken.put_nowait(message)

    async def _beat(self, websocket: ClientConnection) -> None:
        """Say that this participant is there; the host answers, so its silence is noticed too."""
        beat = encode_message(Heartbeat())
        with contextlib.suppress(ConnectionClosed):
            while True:
                await websocket.send(beat)
                await asyncio.sleep(_HEARTBEAT_S)

    async def _enter_again(self) -> ClientConnection:
        """Be welcomed again, however long that takes.

        Raises:
            HostError: the host is there, and does not let this participant in.
        """
        pause_s = _FIRST_PAUSE_S
        while True:
            # Not all at the same moment, when a host was restarted.
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2.0 * pause_s, _LONGEST_PAUSE_S)
            try:
                return await self._enter()
            except _RefusedError as refused:
                if not refused.passing:
                    raise
            except HostError as error:
                _log.debug("not yet back in the room: %s", error)


async def _end_with_address(websocket: ClientConnection) -> None:
    """End a connection once this machine has lost the address of its end of it.

    Nothing can come by it any more, but its silence would be noticed only after seconds.
    """
    own = websocket.local_address
    while own is None or has_address(own):
        await asyncio.sleep(_ADDRESS_S)
    _log.info("this machine has the address %s no more", own[0])
    websocket.transport.abort()


async def _open(link: RoomLink) -> ClientConnection:
    """Open a WebSocket to a room's host."""
    try:
        return await open_websocket(
            link.signalling_url,
            open_timeout=_OPEN_TIMEOUT_S,
            close_timeout=_CLOSE_TIMEOUT_S,
            ping_interval=None,  # Signalling has its own heartbeat.
            max_size=MESSAGE_LIMIT,
            compression=None,
            proxy=None,
            ssl=context_for(link),
        )
    except ssl.SSLError as error:
        raise HostError(why_not_trusted(link, error)) from None
    except TimeoutError:
        raise HostError(
            f"the room host at {link.origin} did not answer within {_OPEN_TIMEOUT_S:.0f} "
            "seconds; check that this machine is on its network and no firewall is between"
        ) from None
    except OSError as error:
        raise HostError(
            f"there is no room host at {link.origin} ({error.strerror or error}); check the "
            "link, and that `presence host` is running there"
        ) from None
    except WebSocketException as error:
        raise HostError(
            f"what answers at {link.origin} is no room host ({error}); check the link"
        ) from None
