"""Opening connections to those who were let in: ICE, DTLS, and into the room."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine

from websockets.exceptions import ConnectionClosed

from presence.clock import Clock
from presence.errors import TransportError
from presence.relay.admission import Admission
from presence.relay.door import Welcome
from presence.relay.fan_carrier import fan_carrier
from presence.relay.hall import Hall
from presence.relay.member import Expelled
from presence.relay.refusal import RefusalError
from presence.transport.peer import Peer

OPENING_LIMIT = 32
"""Connections that are being opened at the same time; whoever comes then waits a little."""

log = logging.getLogger(__name__)


class Reception:
    """State: the connections, open or being opened."""

    def __init__(self, hall: Hall, clock: Clock) -> None:
        """To be made on the event loop that carries it.

        Args:
            hall: The rooms.
            clock: Stamps arrivals.
        """
        self._hall = hall
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Semaphore(OPENING_LIMIT)
        self._peers: set[Peer] = set()

    async def connect(self, admission: Admission, sdp: str, welcome: Welcome) -> None:
        """See :class:`presence.relay.door.Rooms`."""
        self._check_place(admission)
        async with self._opening:
            try:
                peer = Peer(self._clock, make_rtp=fan_carrier)
            except OSError as error:
                raise RefusalError("busy", f"the relay has no room left: {error}") from None
            self._peers.add(peer)
            try:
                await welcome(await peer.answer(sdp))
                await peer.opened()
            except (TransportError, OSError, ConnectionClosed) as error:
                log.debug("stream %d did not come about: %s", admission.stream, error)
                await self._close(peer)
                code = "busy" if isinstance(error, OSError) else "transport"
                raise RefusalError(code, str(error)) from None
        try:
            self._check_place(admission)
        except RefusalError:
            await self._close(peer)
            raise

        def ended(why: Expelled) -> None:
            log.debug("stream %d of a room: %s", admission.stream, why.sentence)
            self._start(self._close(peer))

        self._hall.join(admission.room, admission.stream, peer.carrier, ended)

    async def close(self) -> None:
        """Close every connection."""
        # Not cancelled: aiortc, in whose closing they may be, would miss the end of it.
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(peer.close() for peer in self._peers), return_exceptions=True)

    def _check_place(self, admission: Admission) -> None:
        if not self._hall.has_place(admission.room, admission.stream):
            raise RefusalError("full", "the room is full; try again later")

    async def _close(self, peer: Peer) -> None:
        self._peers.discard(peer)
        await peer.close()

    def _start(self, closing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(closing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
