"""Letting people in: a token and an offer come by WebSocket, an answer goes, and ICE does the rest.

The WebSocket is of no more use then. Who is in the room is known by who is heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import logging
import time
from collections.abc import Coroutine, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from presence.clock import Clock
from presence.errors import SealError, SignallingError, TransportError
from presence.relay.admission import Admission, read_admission
from presence.relay.fan_carrier import fan_carrier
from presence.relay.hall import Hall
from presence.relay.member import Expelled
from presence.transport.peer import Peer
from presence.wire.relay_signalling import (
    RelayWelcome,
    decode_relay_join,
    encode_relay_message,
)
from presence.wire.signalling import Refused

JOIN_TIMEOUT_S = 5.0
OPENING_LIMIT = 32
"""Connections that are being opened at the same time; whoever comes then waits a little."""
_REFUSED = 1008

log = logging.getLogger(__name__)


class Reception:
    """State: the connections, open or being opened."""

    def __init__(self, hall: Hall, keys: Sequence[Ed25519PublicKey], clock: Clock) -> None:
        """To be made on the event loop that carries it.

        Args:
            hall: The rooms.
            keys: Of the hosts whose tokens are good here.
            clock: Stamps arrivals.
        """
        self._hall = hall
        self._keys = keys
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Semaphore(OPENING_LIMIT)
        self._peers: set[Peer] = set()

    def answer_page(self, connection: ServerConnection, request: Request) -> Response | None:
        """What is no WebSocket: whether the relay is well."""
        if request.path == "/healthz":
            return connection.respond(http.HTTPStatus.OK, "well\n")
        if request.path != "/relay":
            return connection.respond(http.HTTPStatus.NOT_FOUND, "nothing is here\n")
        return None

    async def serve(self, websocket: ServerConnection) -> None:
        """Serve one WebSocket from its opening to its end."""
        with contextlib.suppress(ConnectionClosed):
            try:
                async with asyncio.timeout(JOIN_TIMEOUT_S):
                    join = decode_relay_join(await websocket.recv())
                # The one use of the wall clock: a host's tokens say until when they are good.
                admission = read_admission(join.token, self._keys, int(time.time()))
            except TimeoutError:
                return
            except SealError as error:
                await self._refuse(websocket, "token", str(error))
                return
            except SignallingError as error:
                await self._refuse(websocket, "malformed", str(error))
                return
            if not self._hall.has_place(admission.room, admission.stream):
                await self._refuse(websocket, "full", "the room is full; try again later")
                return
            await self._connect(websocket, admission, join.sdp)

    async def close(self) -> None:
        """Close every connection."""
        # Not cancelled: aiortc, in whose closing they may be, would miss the end of it.
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(peer.close() for peer in self._peers), return_exceptions=True)

    async def _connect(self, websocket: ServerConnection, admission: Admission, sdp: str) -> None:
        async with self._opening:
            try:
                peer = Peer(self._clock, make_rtp=fan_carrier)
            except OSError as error:
                await self._refuse(websocket, "busy", f"the relay has no room left: {error}")
                return
            self._peers.add(peer)
            try:
                answer = RelayWelcome(sdp=await peer.answer(sdp))
                await websocket.send(encode_relay_message(answer))
                await peer.opened()
            except (TransportError, OSError, ConnectionClosed) as error:
                log.debug("stream %d did not come about: %s", admission.stream, error)
                code = "busy" if isinstance(error, OSError) else "transport"
                with contextlib.suppress(ConnectionClosed):
                    await self._refuse(websocket, code, str(error))
                await self._close(peer)
                return
        if not self._hall.has_place(admission.room, admission.stream):
            await self._close(peer)
            return

        def ended(why: Expelled) -> None:
            log.debug("stream %d of a room: %s", admission.stream, why.sentence)
            self._start(self._close(peer))

        self._hall.join(admission.room, admission.stream, peer.carrier, ended)

    async def _close(self, peer: Peer) -> None:
        self._peers.discard(peer)
        await peer.close()

    def _start(self, closing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(closing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refuse(self, websocket: ServerConnection, code: str, sentence: str) -> None:
        await websocket.send(encode_relay_message(Refused(code=code, sentence=sentence[:500])))
        await websocket.close(_REFUSED)
