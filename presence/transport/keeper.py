"""Keeping a link to one other participant alive: make it, hold it, make it anew when it is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from presence.clock import Clock
from presence.errors import PresenceError, TransportError
from presence.transport.link import Link, LinkEnd
from presence.transport.peer import OPEN_TIMEOUT_S, Peer
from presence.wire.control import Bye

FIRST_RETRY_S = 0.25
LAST_RETRY_S = 4.0
"""Between attempts the pause doubles from the first to the last of these."""
_CLOSE_TIMEOUT_S = 1.0
_GOODBYE_S = 0.02
"""Seconds for the last bundle to leave."""

log = logging.getLogger(__name__)

DescriptionKind = Literal["offer", "answer"]
SendDescription = Callable[[int, DescriptionKind, str], Awaitable[bool]]
"""Sends a participant, through the host, a session description; False: the host is out of reach."""


@dataclass(frozen=True, slots=True)
class _Described:
    """The other participant sent a session description."""

    kind: DescriptionKind
    text: str


@dataclass(frozen=True, slots=True)
class _Opened:
    peer: Peer


@dataclass(frozen=True, slots=True)
class _Failed:
    peer: Peer
    error: TransportError


@dataclass(frozen=True, slots=True)
class _Ended:
    peer: Peer
    end: LinkEnd


@dataclass(frozen=True, slots=True)
class _Closing:
    """The link is wanted no more."""


_Event = _Described | _Opened | _Failed | _Ended | _Closing


class Keeper:
    """Keeps one link. State: the present attempt or link, and what happened that is not dealt with.

    One task deals with events one after another, so that no two ever meet half-way. The newcomer
    of the two offers, again after each loss; the other answers, and lets a new offer take the
    place of whatever there was.
    """

    def __init__(
        self,
        own_stream: int,
        stream: int,
        *,
        offers: bool,
        clock: Clock,
        make_link: Callable[[int, Peer, Callable[[LinkEnd], None]], Link],
        send_description: SendDescription,
        on_up: Callable[[int], None],
        on_down: Callable[[int, str], None],
    ) -> None:
        """Start keeping a link to ``stream``; ``offers`` if this participant is the newcomer."""
        self.stream = stream
        self.link: Link | None = None
        """The link, while there is one."""
        self.problem: PresenceError | None = None
        """Why the last attempt failed; None once there is a link."""
        self.attempts = 0
        self._own_stream = own_stream
        self._offers = offers
        self._clock = clock
        self._make_link = make_link
        self._send_description = send_description
        self._on_up = on_up
        self._on_down = on_down
        self._peer: Peer | None = None
        self._retry_s = FIRST_RETRY_S
        self._deadline_s: float | None = None
        self._events: asyncio.Queue[_Event] = asyncio.Queue()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def describe(self, kind: DescriptionKind, text: str) -> None:
        """The other participant sent an ``offer`` or ``answer``."""
        self._events.put_nowait(_Described(kind, text))

    async def close(self) -> None:
        """Say goodbye and free everything."""
        self._events.put_nowait(_Closing())
        # Left to finish rather than cancelled at once: aioice would leave open what it is about
        # to open. What may take longer is the way through the host.
        await asyncio.wait([self._task], timeout=_CLOSE_TIMEOUT_S)
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
            await self._drop_peer()
        if not self._task.cancelled():
            self._task.result()

    async def _run(self) -> None:
        if self._offers:
            self._deadline_s = self._now_s()
        while True:
            event = await self._next_event()
            try:
                match event:
                    case None:
                        await self._deadline_passed()
                    case _Described("offer", text):
                        await self._answer(text)
                    case _Described("answer", text) if self._peer and not self.link:
                        await self._peer.accept(text)
                    case _Opened(peer) if peer is self._peer:
                        self._up(peer)
                    case _Failed(peer, error) if peer is self._peer:
                        await self._attempt_failed(error)
                    case _Ended(peer, end) if peer is self._peer:
                        await self._down(end)
                    case _Closing():
                        await self._leave()
                        return
                    case _:
                        log.debug("%s from participant %d comes too late", event, self.stream)
            except PresenceError as error:
                await self._attempt_failed(error)

    async def _next_event(self) -> _Event | None:
        """What happened next; None: the deadline passed before anything did."""
        try:
            async with asyncio.timeout_at(self._deadline_s):
                return await self._events.get()
        except TimeoutError:
            return None

    async def _deadline_passed(self) -> None:
        if self._peer is not None:
            raise self._peer.too_late(OPEN_TIMEOUT_S)
        peer = self._new_peer()
        await self._send("offer", await peer.offer())

    async def _answer(self, offer: str) -> None:
        both_offered = self._peer is not None and self.link is None and self._peer.offered
        if both_offered and self._own_stream > self.stream:
            return  # Only a confused host brings this about; the newcomer's offer stands.
        if self.link is not None:
            await self._down(LinkEnd("the other participant connects anew"))
        await self._drop_peer()
        peer = self._new_peer()
        await self._send("answer", await peer.answer(offer))

    async def _send(self, kind: DescriptionKind, text: str) -> None:
        if not await self._send_description(self.stream, kind, text):
            raise TransportError(
                f"the {kind} to participant {self.stream} could not be sent, "
                "because the room host is out of reach"
            )

    def _new_peer(self) -> Peer:
        self.attempts += 1
        self._deadline_s = self._now_s() + OPEN_TIMEOUT_S
        self._peer = peer = Peer(self._clock)
        peer.on_open = lambda: self._events.put_nowait(_Opened(peer))
        peer.on_failed = lambda error: self._events.put_nowait(_Failed(peer, error))
        return peer

    def _up(self, peer: Peer) -> None:
        self._deadline_s = None
        self._retry_s = FIRST_RETRY_S
        self.problem = None
        self.link = self._make_link(
            self.stream, peer, lambda end: self._events.put_nowait(_Ended(peer, end))
        )
        log.info("connected to participant %d: %s", self.stream, peer.route)
        self._on_up(self.stream)

    async def _down(self, end: LinkEnd) -> None:
        self.link = None
        log.info("lost participant %d: %s", self.stream, end.reason)
        await self._drop_peer()
        self._deadline_s = None
        if self._offers and not end.left:
            self._deadline_s = self._now_s() + FIRST_RETRY_S
        self._on_down(self.stream, end.reason)

    async def _attempt_failed(self, error: PresenceError) -> None:
        self.problem = error
        log.info("attempt %d at participant %d failed: %s", self.attempts, self.stream, error)
        await self._drop_peer()
        self._deadline_s = None
        if self._offers:
            self._deadline_s = self._now_s() + self._retry_s
            self._retry_s = min(2 * self._retry_s, LAST_RETRY_S)

    async def _leave(self) -> None:
        if self.link is not None:
            self.link.send_control(Bye())
            self.link.flush()
            self.link = None
            await asyncio.sleep(_GOODBYE_S)
        await self._drop_peer()

    async def _drop_peer(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            await peer.close()

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()
