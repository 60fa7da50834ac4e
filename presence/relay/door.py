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
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from presence.allowance import Allowance
from presence.clock import Clock
from presence.errors import SealError, SignallingError
from presence.relay.admission import Admission, read_admission
from presence.relay.connections import Connections, address_of
from presence.relay.limits import RelayLimits
from presence.relay.logs import tell
from presence.relay.own_process import descriptors_left
from presence.relay.refusal import COME_SOON, NO_DESCRIPTORS, RefusalError
from presence.relay.turnstile import Turnstile
from presence.wire.relay_signalling import (
    RelayWelcome,
    decode_relay_join,
)
from presence.wire.signalling import encode_message

JOIN_TIMEOUT_S = 5.0
SPARE_DESCRIPTORS = 16
"""File descriptors that are kept for telling newcomers why they cannot come."""
DESCRIPTORS_S = 5.0
"""After so many seconds there may be some again."""
_LINES_PER_S, _LINES_AT_ONCE = 1.0, 20.0
"""Lines about those who were refused, so that nobody fills a disk from outside."""
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

    def why_not_ready(self) -> str | None:
        """Why nobody can be let into a new room now; None: they can."""


class Door:
    """Where people come. State: who is at it, and what became of those who were."""

    def __init__(
        self,
        rooms: Rooms,
        keys: Sequence[Ed25519PublicKey],
        limits: RelayLimits,
        clock: Clock,
        *,
        log_addresses: bool = False,
    ) -> None:
        """Nobody came yet.

        Args:
            rooms: What is behind it.
            keys: Of the hosts whose tokens are good here.
            limits: How many may come.
            clock: Passes.
            log_addresses: Whether the addresses of who is refused are written.
        """
        self.outcomes: Counter[str] = Counter()
        """Of those who came: ``welcome``, the code by which they were refused, ``silent`` if
        they said nothing, or ``gone`` if they went before it was decided."""
        self._rooms = rooms
        self._keys = keys
        self._limits = limits
        self._now = clock.now_ns
        self._turnstile = Turnstile(limits, clock.now_ns())
        self._lines = Allowance(_LINES_PER_S, _LINES_AT_ONCE, clock.now_ns())
        self._log_addresses = log_addresses
        self.connections = Connections(limits)
        """That are open; whoever serves this door makes them by it."""

    def trust(self, keys: Sequence[Ed25519PublicKey]) -> None:
        """From now on the tokens of these hosts are good; whoever is in is in."""
        self._keys = keys

    def why_not_ready(self) -> str | None:
        """Why nobody can come now; None: they can."""
        if _short_of_descriptors():
            return NO_DESCRIPTORS
        if self.connections.total >= self._limits.connections:
            return COME_SOON
        return self._rooms.why_not_ready()

    def answer_page(self, connection: ServerConnection, request: Request) -> Response | None:
        """What is no WebSocket: whether the relay is well, and whether people can come."""
        page = health_page(request.path, self.why_not_ready)
        if page is not None:
            return connection.respond(*page)
        if request.path != "/relay":
            return connection.respond(http.HTTPStatus.NOT_FOUND, "nothing is here\n")
        if self.connections.too_many(address_of(connection.transport)):
            self._refused("busy", COME_SOON, connection)
            response = connection.respond(http.HTTPStatus.TOO_MANY_REQUESTS, COME_SOON + "\n")
            response.headers["Retry-After"] = "5"
            return response
        return None

    async def serve(self, websocket: ServerConnection) -> None:
        """Serve one WebSocket from its opening to its end."""
        try:
            await self._let_in(websocket, address_of(websocket.transport))
        except ConnectionClosed:
            self.outcomes["gone"] += 1

    async def _let_in(self, websocket: ServerConnection, address: str) -> None:
        async def welcome(sdp: str) -> None:
            await websocket.send(encode_message(RelayWelcome(sdp=sdp)))

        try:
            try:
                async with asyncio.timeout(JOIN_TIMEOUT_S):
                    said = await websocket.recv()
            except TimeoutError:
                self.outcomes["silent"] += 1
                return
            admission, sdp = self._read(said, address)
            await self._rooms.connect(admission, sdp, welcome)
            self.outcomes["welcome"] += 1
        except RefusalError as refusal:
            self._refused(refusal.code, str(refusal), websocket)
            with contextlib.suppress(ConnectionClosed):
                await websocket.send(encode_message(refusal.message))
                await websocket.close(_REFUSED)

    def _read(self, said: str | bytes, address: str) -> tuple[Admission, str]:
        """What somebody's token says, and their offer."""
        after_s = self._turnstile.come(address, self._now())
        if after_s is not None:
            raise RefusalError("busy", COME_SOON, after_s)
        if _short_of_descriptors():
            raise RefusalError("busy", NO_DESCRIPTORS, DESCRIPTORS_S)
        try:
            join = decode_relay_join(said)
            # The one use of the wall clock: a host's tokens say until when they are good.
            return read_admission(join.token, self._keys, int(time.time())), join.sdp
        except SealError as error:
            raise RefusalError("token", str(error)) from None
        except SignallingError as error:
            raise RefusalError("malformed", str(error)) from None

    def _refused(self, code: str, sentence: str, websocket: ServerConnection) -> None:
        self.outcomes[code] += 1
        if not self._lines.take(self._now()):
            return
        fields = {"code": code}
        if code not in ("malformed", "transport"):
            # Of what they said themselves nothing is written.
            fields["why"] = sentence
        if self._log_addresses:
            fields["address"] = str(websocket.remote_address[0])
        tell(log, logging.INFO, "refused", "somebody was not let in", **fields)


def health_page(
    path: str, why_not_ready: Callable[[], str | None]
) -> tuple[http.HTTPStatus, str] | None:
    """What a page says of the relay's health; None: it is another page."""
    if path == "/healthz":
        return http.HTTPStatus.OK, "well\n"
    if path == "/readyz":
        why = why_not_ready()
        if why is not None:
            return http.HTTPStatus.SERVICE_UNAVAILABLE, f"{why}\n"
        return http.HTTPStatus.OK, "ready\n"
    return None


def _short_of_descriptors() -> bool:
    left = descriptors_left()
    return left is not None and left < SPARE_DESCRIPTORS
