"""Opening connections to those who were let in: ICE, DTLS, and into the room."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine

from websockets.exceptions import ConnectionClosed

from presence.clock import Clock
from presence.errors import TransportError
from presence.relay.admission import Admission
from presence.relay.door import Welcome
from presence.relay.fan_carrier import fan_carrier
from presence.relay.hall import Hall
from presence.relay.logs import tell
from presence.relay.member import Expelled
from presence.relay.port import Port
from presence.relay.refusal import COME_SOON, RefusalError
from presence.transport.peer import Peer

OPENING_LIMIT = 32
"""Connections that are being opened at the same time; whoever comes then waits a little."""
WAITING_LIMIT = 128
"""So many may wait; whoever else comes is told to come again,"""
WAIT_S = 2.0
"""and so is who waited for so long."""
AFTER_S = 2.0

log = logging.getLogger(__name__)


class Reception:
    """State: the connections, open or being opened, and how many wait for that."""

    def __init__(self, hall: Hall, port: Port, clock: Clock) -> None:
        """To be made on the event loop that carries it.

        Args:
            hall: The rooms.
            port: By which people are reached once they are here.
            clock: Stamps arrivals.
        """
        self._hall = hall
        self._port = port
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Semaphore(OPENING_LIMIT)
        self._waiting = 0
        self._peers: set[Peer] = set()

    async def connect(
        self, admission: Admission, sdp: str, welcome: Welcome, *, again_only: bool = False
    ) -> None:
        """See :class:`presence.relay.door.Rooms`; ``again_only`` lets in only who is in already."""
        room, stream = admission.room, admission.stream
        self._hall.check_place(room, stream, again_only=again_only)
        async with self._turn():
            try:
                peer = Peer(self._clock, make_rtp=fan_carrier, agent=self._port.agent())
            except OSError as error:
                sentence = f"the relay has no room left: {error}; come again in a moment"
                raise RefusalError("busy", sentence, AFTER_S) from None
            self._peers.add(peer)
            try:
                await welcome(await peer.answer(sdp))
                await peer.opened()
            except (TransportError, OSError, ConnectionClosed) as error:
                log.debug("stream %d did not come about: %s", stream, error)
                await self._close(peer)
                code = "busy" if isinstance(error, OSError) else "transport"
                raise RefusalError(code, str(error)) from None
        try:
            self._hall.check_place(room, stream, again_only=again_only)
        except RefusalError:
            await self._close(peer)
            raise

        called = self._hall.called(room)

        def ended(why: Expelled) -> None:
            fields = {"room": called, "stream": stream, "code": why.code}
            tell(log, logging.INFO, "left", "somebody is gone", **fields)
            self._start(self._close(peer))

        self._hall.join(room, stream, peer.carrier, ended)
        tell(log, logging.INFO, "came", "somebody came", room=called, stream=stream)

    def why_not_ready(self) -> str | None:
        """See :class:`presence.relay.door.Rooms`."""
        return self._hall.why_not_ready()

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait until no more connections are being opened than may be."""
        if self._waiting >= WAITING_LIMIT:
            raise RefusalError("busy", COME_SOON, AFTER_S)
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_S):
                await self._opening.acquire()
        except TimeoutError:
            raise RefusalError("busy", COME_SOON, AFTER_S) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._opening.release()

    async def close(self) -> None:
        """Close every connection."""
        # Not cancelled: aiortc, in whose closing they may be, would miss the end of it.
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(peer.close() for peer in self._peers), return_exceptions=True)

    async def _close(self, peer: Peer) -> None:
        self._peers.discard(peer)
        await peer.close()

    def _start(self, closing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(closing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
