"""Opening connections to those who were let in: ICE, DTLS, and into the room."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine

from websockets.exceptions import ConnectionClosed

from presence.clock import MILLISECOND, SECOND, Clock
from presence.errors import TransportError
from presence.relay.admission import Admission
from presence.relay.door import Welcome
from presence.relay.fan_carrier import fan_carrier
from presence.relay.hall import Hall
from presence.relay.logs import tell
from presence.relay.member import Expelled
from presence.relay.port import Port
from presence.relay.refusal import COME_SOON, RefusalError
from presence.relay.room import TICK_NS
from presence.relay.turnstile import Turns
from presence.transport.peer import Peer

OPENING_LIMIT = 32
"""Connections that are being opened at the same time."""
OPENINGS_PER_S = 30
"""Connections that begin to be opened in a second, evenly: each takes some ten milliseconds of the
processor, in pieces, and between them those who are in calls have their turn."""
LATE_NS = 10 * MILLISECOND
"""While those in calls wait for so long, newcomers wait as well,"""
PATIENCE = 5
"""for so many ticks each: who is late all the time still lets some in."""
WAITING_LIMIT = 60
"""So many may wait; whoever else comes is told when to come again,"""
WAIT_S = 2.0
"""and so is who waited for so long."""
AFTER_S = 2.0

log = logging.getLogger(__name__)


class Reception:
    """State: the connections, open or being opened, and when the next one begins to be."""

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
        self._turns = Turns(OPENINGS_PER_S, WAITING_LIMIT, clock.now_ns())
        self._next = asyncio.Lock()
        self._begins_ns = clock.now_ns()
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
        """Wait until it is one's turn, and no more connections are being opened than may be."""
        now_ns = self._clock.now_ns()
        after_s = self._turns.take(now_ns)
        if after_s is not None:
            raise RefusalError("busy", COME_SOON, after_s)
        try:
            async with asyncio.timeout(WAIT_S):
                async with self._next:
                    await self._calm()
                await self._opening.acquire()
        except TimeoutError:
            raise RefusalError("busy", COME_SOON, AFTER_S) from None
        try:
            yield
        finally:
            self._opening.release()

    async def _calm(self) -> None:
        """Wait until another connection may begin to be opened."""
        wait_ns = self._begins_ns - self._clock.now_ns()
        if wait_ns > 0:
            await asyncio.sleep(wait_ns / SECOND)
        for _ in range(PATIENCE):
            if self._hall.late_ns < LATE_NS:
                break
            await asyncio.sleep(TICK_NS / SECOND)
        self._begins_ns = self._clock.now_ns() + SECOND // OPENINGS_PER_S

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
