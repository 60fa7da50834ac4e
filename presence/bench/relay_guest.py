"""One participant who comes to a relay, as the load of a benchmark and the tests do."""

from __future__ import annotations

import ssl

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from presence.clock import Clock
from presence.errors import TransportError
from presence.relay.fan_carrier import guest_carrier
from presence.transport.carrier import Carrier
from presence.transport.peer import CARRIERS, Peer
from presence.wire.relay_signalling import (
    RelayJoin,
    RelayWelcome,
    decode_relay_answer,
)
from presence.wire.signalling import encode_message


class RelayGuest:
    """A participant's connection to a relay. State: the connection."""

    def __init__(self, clock: Clock, carrier: str = "rtp") -> None:
        """To be made on the event loop that carries it."""
        carriers = CARRIERS if carrier == "rtp" else (carrier,)
        self._peer = Peer(clock, carriers, make_rtp=guest_carrier)

    async def come(self, port: int, token: str, tls: ssl.SSLContext | None = None) -> Carrier:
        """Come to the relay on this machine that listens on ``port``, by TLS or without.

        Raises:
            TransportError: the relay refused, or no connection opened.
        """
        try:
            return await self._come(port, token, tls)
        except BaseException:
            await self._peer.close()
            raise

    async def _come(self, port: int, token: str, tls: ssl.SSLContext | None) -> Carrier:
        scheme = "ws" if tls is None else "wss"
        offer = RelayJoin(token=token, sdp=await self._peer.offer())
        try:
            async with connect(
                f"{scheme}://127.0.0.1:{port}/relay", compression=None, ssl=tls
            ) as websocket:
                await websocket.send(encode_message(offer))
                answer = decode_relay_answer(await websocket.recv())
                if not isinstance(answer, RelayWelcome):
                    raise TransportError(f"the relay refused ({answer.code}): {answer.sentence}")
                await self._peer.accept(answer.sdp)
                return await self._peer.opened()
        except (OSError, WebSocketException) as error:
            raise TransportError(f"the relay cannot be reached: {error}") from error

    async def leave(self) -> None:
        """Close the connection."""
        await self._peer.close()
