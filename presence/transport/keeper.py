"""Keeping a link to one other participant alive: make it, hold it, replace it before it is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from presence.clock import MILLISECOND, Clock
from presence.errors import PresenceError, TransportError
from presence.transport.link import Link, LinkEnd
from presence.transport.peer import CARRIERS, OPEN_TIMEOUT_S, Peer, RtpMaker, straight_rtp
from presence.transport.ways import Ways
from presence.transport.websocket_attempt import WEBSOCKET, WebSocketAttempt

FIRST_RETRY_S = 0.25
LAST_RETRY_S = 4.0
"""Between attempts the pause doubles from the first to the last of these."""
REPLACE_TIMEOUT_S = 3.5
"""Seconds in which the first attempt to replace a link must open, each later one half as long
again: what began while a network was down is slow to see that it is up."""
DEFER_S = 1.0
"""By how much later the participant with the lower number tries anew, so that seldom both do."""
DEFER_SUSPECT_NS = 300 * MILLISECOND
"""The same while there still is a link, about which both begin to doubt at once."""
OFFER_UNASKED_S = 5.0
"""After how many seconds without an offer whoever waits for one makes one."""
LINGER_S = 1.0
"""Seconds for which a link that was replaced is still heard, for what is on its way."""
SHUN_S = 30.0
"""For how long whoever did harm is not connected to."""
HOST_AFTER_S = 5.0
"""Seconds that a way past the host gets to open, if the host would carry as well."""
FIRST_UPGRADE_S, LAST_UPGRADE_S = 20.0, 320.0
"""How long bundles go through the host before another way is tried again, beside that one; twice as
long each time, up to the second."""
_CLOSE_TIMEOUT_S = 1.0
_GOODBYE_S = 0.02
"""Seconds for the last bundle to leave."""

log = logging.getLogger(__name__)


class _UnsentError(TransportError):
    """The host could not be told, which says nothing about the way that was to be tried."""


Attempt = Peer | WebSocketAttempt
"""At a connection: past the host, or through it."""
DescriptionKind = Literal["offer", "answer"]
MakeLink = Callable[[int, Attempt, Callable[[LinkEnd], None]], Link]
"""Makes the link to a participant over a connection that opened; the last is told of its end."""
SendDescription = Callable[[int, DescriptionKind, str], Awaitable[bool]]
"""Sends a participant, through the host, a session description; False: the host is out of reach."""


@dataclass(frozen=True, slots=True)
class _Described:
    """The other participant sent a session description."""

    kind: DescriptionKind
    text: str


@dataclass(frozen=True, slots=True)
class _Opened:
    peer: Attempt


@dataclass(frozen=True, slots=True)
class _Failed:
    peer: Attempt
    error: TransportError


@dataclass(frozen=True, slots=True)
class _Ended:
    peer: Attempt
    end: LinkEnd


@dataclass(frozen=True, slots=True)
class _Doubted:
    """The link may be dead: another is to be made beside it, unless one is being made."""

    peer: Attempt
    why: str


@dataclass(frozen=True, slots=True)
class _Upgrade:
    """The link goes through the host, and another way may have opened."""


@dataclass(frozen=True, slots=True)
class _Introduced:
    """The host said anew that the other participant is there; what it carried before is void."""

    offers: bool


@dataclass(frozen=True, slots=True)
class _Moved:
    """This machine's addresses changed: an attempt that is being made knows the old ones."""


@dataclass(frozen=True, slots=True)
class _Lingered:
    peer: Attempt


@dataclass(frozen=True, slots=True)
class _Closing:
    """The link is wanted no more."""


_Event = (
    _Described
    | _Opened
    | _Failed
    | _Ended
    | _Doubted
    | _Upgrade
    | _Introduced
    | _Moved
    | _Lingered
    | _Closing
)


class Keeper:
    """Keeps one link. State: the link, the attempt at another, and events not yet dealt with.

    One task deals with events one after another, so that no two ever meet half-way. At first the
    newcomer of the two offers. Once there was a link, whoever doubts it makes a new one beside it,
    and the old one ends when the new one is open: the newest that opened is the link, on both
    sides. When both offer at once, the offer of the higher number stands.
    """

    def __init__(
        self,
        own_stream: int,
        stream: int,
        *,
        offers: bool,
        clock: Clock,
        make_link: MakeLink,
        send_description: SendDescription,
        find_ways: Callable[[], Awaitable[Ways]],
        on_up: Callable[[int], None],
        on_down: Callable[[int, str], None],
        carriers: Sequence[str] = CARRIERS,
        make_rtp: RtpMaker = straight_rtp,
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
        self._carriers = carriers
        self._make_rtp = make_rtp
        self._clock = clock
        self._make_link = make_link
        self._send_description = send_description
        self._find_ways = find_ways
        self._on_up = on_up
        self._on_down = on_down
        self._peer: Attempt | None = None
        """What the link goes over."""
        self._attempt: Attempt | None = None
        self._patience_s = OPEN_TIMEOUT_S
        self._retired: dict[Attempt, asyncio.TimerHandle] = {}
        self._retry_s = FIRST_RETRY_S
        self._shunned_until_s = 0.0
        self._host_next = False
        """Whether the next attempt is one through the host, if there is a choice."""
        self._upgrade_s = FIRST_UPGRADE_S
        self._upgrade_due_s = 0.0
        self._deadline_s: float | None = None
        """When the attempt must have opened or, if there is none, the next one is due."""
        self.began_s = self._now_s()
        """When keeping began, by the loop's time."""
        self._events: asyncio.Queue[_Event] = asyncio.Queue()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def describe(self, kind: DescriptionKind, text: str) -> None:
        """The other participant sent an ``offer`` or ``answer``."""
        self._events.put_nowait(_Described(kind, text))

    def introduced(self, *, offers: bool) -> None:
        """The host said anew that they are there; ``offers`` if it is for this side to offer."""
        self._events.put_nowait(_Introduced(offers))

    def doubt(self, why: str) -> None:
        """The link will not last: make another beside it, unless one is being made."""
        if self._peer is not None:
            self._events.put_nowait(_Doubted(self._peer, why))

    def tick(self) -> None:
        """Time has passed: look whether the link is well."""
        link, peer = self.link, self._peer
        if link is None or peer is None:
            return
        link.tick()
        by_host = isinstance(peer, WebSocketAttempt)
        if by_host and self._leads and self._now_s() >= self._upgrade_due_s:
            self._upgrade_due_s = self._now_s() + self._upgrade_s
            self._upgrade_s = min(2 * self._upgrade_s, LAST_UPGRADE_S)
            self._events.put_nowait(_Upgrade())
        patience_ns = 0 if self._leads else DEFER_SUSPECT_NS
        if self.link is link and link.silent_ns >= link.suspect_after_ns + patience_ns:
            self._events.put_nowait(
                _Doubted(peer, f"nothing was heard for {link.silent_ns / 1e9:.1f} s")
            )

    def moved(self, gone: frozenset[str]) -> None:
        """This machine's addresses changed; it has those in ``gone`` no more."""
        peer = self._peer
        if peer is None or self._attempt is not None:
            self._events.put_nowait(_Moved())
        elif gone and (peer.route is None or peer.route.relayed or peer.route.local_host in gone):
            self._events.put_nowait(_Doubted(peer, "this machine's address changed"))

    async def close(self) -> None:
        """Say goodbye and free everything."""
        self._events.put_nowait(_Closing())
        # Left to finish rather than cancelled at once: aioice would leave open what it is about
        # to open. What may take longer is the way through the host.
        await asyncio.wait([self._task], timeout=_CLOSE_TIMEOUT_S)
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
            await self._drop_all()
        if not self._task.cancelled():
            self._task.result()

    @property
    def _leads(self) -> bool:
        """Whether this participant's offer stands when both offer at once."""
        return self._own_stream > self.stream

    async def _run(self) -> None:
        self._deadline_s = self._now_s() + (0.0 if self._offers else OFFER_UNASKED_S)
        while True:
            event = await self._next_event()
            try:
                match event:
                    case None:
                        await self._deadline_passed()
                    case _Described("offer", text):
                        await self._answer(text)
                    case _Described("answer", text) if self._attempt and self._attempt.offered:
                        await self._accept(self._attempt, text)
                    case _Opened(peer) if peer is self._attempt:
                        self._up(peer)
                    case _Failed(peer, error) if peer is self._attempt:
                        await self._attempt_failed(error)
                    case _Ended(peer, end) if peer is self._peer or end.left:
                        await self._down(end)
                    case _Doubted(peer, why) if peer is self._peer:
                        await self._doubt(why)
                    case _Upgrade():
                        await self._upgrade()
                    case _Introduced(offers):
                        await self._begin_anew(offers)
                    case _Moved():
                        await self._follow_move()
                    case _Lingered(peer):
                        await self._close_retired(peer)
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
        if self._attempt is not None:
            raise self._attempt.too_late(self._patience_s)
        if self.link is None:
            await self._offer()
        else:
            # It was doubted, and the attempt at another failed; if it still is, the next tick
            # says so.
            self._deadline_s = None

    async def _offer(self, *, past_host: bool = False) -> None:
        ways = await self._find_ways()
        by_host = self._host_next and not past_host and ways.line is not None
        peer = self._new_attempt(ways, by_host=by_host or ways.path == "websocket")
        await self._send("offer", await peer.offer())

    async def _answer(self, offer: str) -> None:
        if self._attempt is not None and self._attempt.offered and self._leads:
            return  # Theirs crossed this one, which stands; they answer it.
        if self._now_s() < self._shunned_until_s:
            return
        await self._drop_attempt()
        ways = await self._find_ways()
        by_host = offer == WEBSOCKET
        if by_host and ways.line is None:
            raise TransportError(
                f"the other participant is reached through the host alone, and --path {ways.path} "
                "shuts that way; leave it out"
            )
        if not by_host and ways.path == "websocket":
            # Then they offer that.
            self._deadline_s = self._now_s() + OFFER_UNASKED_S if self.link is None else None
            await self._send("answer", WEBSOCKET)
            return
        peer = self._new_attempt(ways, by_host=by_host)
        await self._send("answer", await peer.answer(offer))

    async def _accept(self, attempt: Attempt, answer: str) -> None:
        if not isinstance(attempt, Peer) or answer != WEBSOCKET:
            await attempt.accept(answer)
            return
        # They take nothing but the host's way.
        await self._drop_attempt()
        self._deadline_s = None
        if self.link is None:
            self._host_next = True
            await self._offer()

    async def _upgrade(self) -> None:
        """Try another way than the host's, beside that."""
        ways = await self._find_ways()
        if ways.path == "auto" and self._attempt is None and self._deadline_s is None:
            log.info("looking for a way to participant %d past the host", self.stream)
            await self._offer(past_host=True)

    async def _send(self, kind: DescriptionKind, text: str) -> None:
        if not await self._send_description(self.stream, kind, text):
            raise _UnsentError(
                f"the {kind} to participant {self.stream} could not be sent, "
                "because the room host is out of reach"
            )

    async def _doubt(self, why: str) -> None:
        """Make another link beside the one there is, unless that was tried a moment ago."""
        if self._attempt is None and self._deadline_s is None:
            log.info("looking for another way to participant %d: %s", self.stream, why)
            await self._offer()

    async def _begin_anew(self, offers: bool) -> None:
        """Whatever was said through the host got lost; a link that is well needs nothing."""
        await self._drop_attempt()
        self._retry_s = FIRST_RETRY_S
        self._deadline_s = None
        if self.link is None:
            due_s = self._now_s() + (0.0 if offers else OFFER_UNASKED_S)
            self._deadline_s = max(due_s, self._shunned_until_s)

    async def _follow_move(self) -> None:
        """What is being made, or was about to be, is made at once and with the new addresses."""
        pending = self.link is None and self._deadline_s is not None
        if self._attempt is not None or (pending and self._now_s() >= self._shunned_until_s):
            await self._drop_attempt()
            await self._offer()

    def _new_attempt(self, ways: Ways, *, by_host: bool) -> Attempt:
        self.attempts += 1
        limit_s = HOST_AFTER_S if ways.path == "auto" and ways.line else OPEN_TIMEOUT_S
        patience_s = min(limit_s, self._patience_s)
        self._patience_s = patience_s
        self._deadline_s = self._now_s() + patience_s
        peer: Attempt
        if by_host and ways.line is not None:
            peer = WebSocketAttempt(ways.line, self.stream)
        else:
            peer = Peer(self._clock, self._carriers, ways=ways, make_rtp=self._make_rtp)
        self._attempt = peer
        peer.on_open = lambda: self._events.put_nowait(_Opened(peer))
        peer.on_failed = lambda error: self._events.put_nowait(_Failed(peer, error))
        return peer

    def _up(self, peer: Attempt) -> None:
        self._retire()
        self._attempt, self._peer = None, peer
        self._deadline_s = None
        self._retry_s = FIRST_RETRY_S
        self._patience_s = REPLACE_TIMEOUT_S
        self._host_next = isinstance(peer, WebSocketAttempt)
        if self._host_next:
            self._upgrade_due_s = self._now_s() + self._upgrade_s
        else:
            self._upgrade_s = FIRST_UPGRADE_S
        self.problem = None
        self.link = self._make_link(
            self.stream, peer, lambda end: self._events.put_nowait(_Ended(peer, end))
        )
        log.info("connected to participant %d: %s", self.stream, peer.route)
        self._on_up(self.stream)

    def _retire(self) -> None:
        """Hear the link that is replaced for a little longer."""
        peer, self._peer, self.link = self._peer, None, None
        if peer is not None:
            loop = asyncio.get_running_loop()
            self._retired[peer] = loop.call_later(
                LINGER_S, self._events.put_nowait, _Lingered(peer)
            )

    async def _close_retired(self, peer: Attempt) -> None:
        if timer := self._retired.pop(peer, None):
            timer.cancel()
            await peer.close()

    async def _down(self, end: LinkEnd) -> None:
        was_up = self.link is not None
        self.link = None
        log.info("lost participant %d: %s", self.stream, end.reason)
        peer, self._peer = self._peer, None
        if peer is not None:
            await peer.close()
        if end.left:
            await self._drop_attempt()
            self._deadline_s = None
        elif end.hostile:
            await self._drop_attempt()
            self.problem = TransportError(f"{end.reason}; not connecting for {SHUN_S:.0f} s")
            self._deadline_s = self._shunned_until_s = self._now_s() + SHUN_S
        elif self._attempt is None:
            self._deadline_s = self._now_s() + self._pause_s(FIRST_RETRY_S)
        if was_up:
            self._on_down(self.stream, end.reason)

    async def _attempt_failed(self, error: PresenceError) -> None:
        log.info("attempt %d at participant %d failed: %s", self.attempts, self.stream, error)
        if self._attempt is not None and not isinstance(error, _UnsentError):
            self._host_next = isinstance(self._attempt, Peer)
        await self._drop_attempt()
        if self.link is None:
            self.problem = error
        self._deadline_s = self._now_s() + self._pause_s(self._retry_s)
        self._retry_s = min(2 * self._retry_s, LAST_RETRY_S)
        self._patience_s = min(1.5 * self._patience_s, OPEN_TIMEOUT_S)

    def _pause_s(self, pause_s: float) -> float:
        return pause_s if self._leads else pause_s + DEFER_S

    async def _leave(self) -> None:
        if self.link is not None:
            self.link.leave()
            self.link = None
            await asyncio.sleep(_GOODBYE_S)
        await self._drop_all()

    async def _drop_attempt(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            await attempt.close()

    async def _drop_all(self) -> None:
        await self._drop_attempt()
        peer, self._peer = self._peer, None
        if peer is not None:
            await peer.close()
        for retired in list(self._retired):
            await self._close_retired(retired)

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()
