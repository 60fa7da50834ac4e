"""An attempt at a connection through the room's host: agreed on like any other, and soon open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from presence.errors import TransportError
from presence.transport.carrier import Carrier
from presence.transport.ice import Route
from presence.transport.websocket_carrier import HostLine

WEBSOCKET = "websocket"
"""What stands in the place of a session description: let us speak through the host."""


class WebSocketAttempt:
    """The same as a :class:`~presence.transport.peer.Peer`, over a :class:`HostLine`.

    State: the carrier, and how far it came.
    """

    def __init__(self, line: HostLine, stream: int) -> None:
        """Seek a connection to participant ``stream`` over ``line``."""
        self.on_open: Callable[[], None] | None = None
        self.on_failed: Callable[[TransportError], None] | None = None
        self.offered = False
        """Whether an offer was made and not answered yet."""
        self._line = line
        self._carrier = line.carrier(stream)

    @property
    def carrier(self) -> Carrier:
        """What carries bundles."""
        return self._carrier

    @property
    def route(self) -> Route | None:
        """None: the way is the host's."""
        return None

    async def offer(self) -> str:
        """What to send to the other participant.

        Raises:
            TransportError: the host does not carry.
        """
        await self._line.open()
        self.offered = True
        return WEBSOCKET

    async def answer(self, offer: str) -> str:
        """What to send back to the participant who sent ``offer``.

        Raises:
            TransportError: the host does not carry.
        """
        await self._line.open()
        asyncio.get_running_loop().call_soon(self._opened)
        return WEBSOCKET

    async def accept(self, answer: str) -> None:
        """Take the answer to the offer made.

        Raises:
            TransportError: it is none to this offer.
        """
        if answer != WEBSOCKET:
            raise TransportError("the other participant answered what was not offered")
        self.offered = False
        self._opened()

    def too_late(self, after_s: float) -> TransportError:
        """The error that says that nothing came of it in ``after_s`` seconds."""
        return TransportError(
            f"the other participant did not answer through the host within {after_s:g} s; "
            "they may have left, or insist on another way"
        )

    async def close(self) -> None:
        """Leave the line; closing twice is no error."""
        self.on_open = self.on_failed = None
        await self._carrier.close()

    def _opened(self) -> None:
        if self.on_open is not None:
            self.on_open()
