"""Opening trunks: connections by ICE, DTLS and RTP to the other relays that a room is at.

Whoever opens one is, to the other, much as a participant is: it comes with full ICE to the other's
port, and is let in by the bus instead of by a token.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable

from presence.clock import Clock
from presence.errors import TransportError
from presence.relay.bus import TrunkAnswer, TrunkOffer
from presence.relay.fan_carrier import fan_carrier, guest_carrier
from presence.relay.hall import Hall
from presence.relay.logs import tell
from presence.relay.member import Expelled
from presence.relay.port import Port
from presence.relay.registry import room_key
from presence.transport.peer import Peer

log = logging.getLogger(__name__)


class Trunks:
    """State: the connections, and which of them are being opened."""

    def __init__(
        self,
        own: str,
        hall: Hall,
        port: Port,
        offer: Callable[[str, TrunkOffer], Awaitable[TrunkAnswer]],
        clock: Clock,
    ) -> None:
        """To be made on the event loop that carries it.

        Args:
            own: This relay's name.
            hall: Its rooms.
            port: By which others reach it.
            offer: Takes another relay's name and an offer to it.
            clock: Stamps arrivals.
        """
        self._own = own
        self._hall = hall
        self._port = port
        self._offer = offer
        self._clock = clock
        self._opening: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._peers: set[Peer] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def reach(self, room: str, nodes: Iterable[str], within_s: float) -> None:
        """Have trunks of a room to all of these, or try for so long; what failed is logged."""
        opening = [self._open_soon(room, node) for node in nodes if not self._open(room, node)]
        if opening:
            await asyncio.wait(opening, timeout=within_s)

    async def answer(self, room: str, offer: TrunkOffer) -> TrunkAnswer:
        """Another relay would open one, of a room that is here."""
        crossing = (room, offer.node) in self._opening
        # When both offer at once, the offer of the higher name stands.
        if room not in self._hall.rooms or (crossing and self._own > offer.node):
            return TrunkAnswer()
        try:
            peer = Peer(self._clock, make_rtp=fan_carrier, agent=self._port.agent())
        except OSError as error:
            log.warning("no trunk to %s: %s", offer.node, error)
            return TrunkAnswer()
        self._peers.add(peer)
        try:
            answer = await peer.answer(offer.sdp)
        except TransportError as error:
            log.warning("no trunk to %s: %s", offer.node, error)
            await self._close(peer)
            return TrunkAnswer()
        self._start(self._opened(room, offer.node, peer))
        return TrunkAnswer(answer)

    async def close(self) -> None:
        """Close every one."""
        await asyncio.gather(*self._opening.values(), *self._tasks, return_exceptions=True)
        await asyncio.gather(*(peer.close() for peer in self._peers), return_exceptions=True)

    def _open(self, room: str, node: str) -> bool:
        here = self._hall.rooms.get(room)
        return here is not None and node in here.trunks

    def _open_soon(self, room: str, node: str) -> asyncio.Task[None]:
        key = room, node
        task = self._opening.get(key)
        if task is None:
            task = self._opening[key] = asyncio.create_task(self._come(room, node))
            task.add_done_callback(lambda _: self._opening.pop(key, None))
        return task

    async def _come(self, room: str, node: str) -> None:
        """Open one to another relay."""
        try:
            peer = Peer(self._clock, make_rtp=guest_carrier)
        except OSError as error:
            log.warning("no trunk to %s: %s", node, error)
            return
        self._peers.add(peer)
        try:
            offer = TrunkOffer(room_key(room), self._own, await peer.offer())
            answer = await self._offer(node, offer)
            if not answer.sdp:
                await self._close(peer)
                return
            await peer.accept(answer.sdp)
        except TransportError as error:
            log.info("no trunk to %s: %s", node, error)
            await self._close(peer)
            return
        await self._opened(room, node, peer)

    async def _opened(self, room: str, node: str, peer: Peer) -> None:
        """Wait for a connection to open, and link the room by it."""
        called = self._hall.called(room)

        def ended(why: Expelled) -> None:
            tell(log, logging.INFO, "trunk_ended", "a trunk ended", room=called, code=why.code)
            self._start(self._close(peer))

        try:
            await peer.opened()
            self._hall.open_trunk(room, node, peer.carrier, ended)
        except (TransportError, KeyError, OSError) as error:
            log.info("no trunk to %s: %s", node, error)
            await self._close(peer)
            return
        tell(log, logging.INFO, "trunk_opened", "a room is linked to another relay", room=called)

    async def _close(self, peer: Peer) -> None:
        self._peers.discard(peer)
        with contextlib.suppress(Exception):
            await peer.close()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
