"""The door: a token and an offer come by WebSocket, and an answer goes back.

What is behind it may be this process's own rooms or those of others. The WebSocket is of no more
use once a connection is open. Who is in the room is known by who is heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from presence.errors import SealError, SignallingError
from presence.relay.admission import Admission, read_admission
from presence.relay.refusal import RefusalError
from presence.wire.relay_signalling import (
    RelayWelcome,
    decode_relay_join,
    encode_relay_message,
)

JOIN_TIMEOUT_S = 5.0
_REFUSED = 1008

log = logging.getLogger(__name__)

Welcome = Callable[[str], Awaitable[None]]
"""Takes the answer to somebody's offer."""


class Rooms(Protocol):
    """What people are let into."""

    async def connect(self, admission: Admission, sdp: str, welcome: Welcome) -> None:
        """Open a connection to somebody, and let them into their room.

        Args:
            admission: What their token says.
            sdp: Their offer.
            welcome: Takes the answer to it.

        Raises:
            RefusalError: they are not let in.
        """


class Door:
    """Where people come. State: none yet of its own."""

    def __init__(self, rooms: Rooms, keys: Sequence[Ed25519PublicKey]) -> None:
        """Let into ``rooms`` whoever shows a token of a host with one of these keys."""
        self._rooms = rooms
        self._keys = keys

    def answer_page(self, connection: ServerConnection, request: Request) -> Response | None:
        """What is no WebSocket: whether the relay is well."""
        if request.path == "/healthz":
            return connection.respond(http.HTTPStatus.OK, "well\n")
        if request.path != "/relay":
            return connection.respond(http.HTTPStatus.NOT_FOUND, "nothing is here\n")
        return None

    async def serve(self, websocket: ServerConnection) -> None:
        """Serve one WebSocket from its opening to its end."""

        async def welcome(sdp: str) -> None:
            await websocket.send(encode_relay_message(RelayWelcome(sdp=sdp)))

        with contextlib.suppress(ConnectionClosed, TimeoutError):
            try:
                admission, sdp = await self._read(websocket)
                await self._rooms.connect(admission, sdp, welcome)
            except RefusalError as refusal:
                await websocket.send(encode_relay_message(refusal.message))
                await websocket.close(_REFUSED)

    async def _read(self, websocket: ServerConnection) -> tuple[Admission, str]:
        """What somebody's token says, and their offer."""
        try:
            async with asyncio.timeout(JOIN_TIMEOUT_S):
                join = decode_relay_join(await websocket.recv())
            # The one use of the wall clock: a host's tokens say until when they are good.
            return read_admission(join.token, self._keys, int(time.time())), join.sdp
        except SealError as error:
            raise RefusalError("token", str(error)) from None
        except SignallingError as error:
            raise RefusalError("malformed", str(error)) from None
