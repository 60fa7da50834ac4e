"""The WebSocket carrier: bundles through the room's host, for whom UDP does not pass."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, WebSocketException

from presence.clock import SECOND, Clock
from presence.errors import TransportError, WireError
from presence.transport.carrier import check_length
from presence.transport.strand_end import StrandEnd
from presence.transport.strands import STRANDS, Strands
from presence.transport.tls import context_for, why_not_trusted
from presence.transport.window import COUNT_EVERY_NS
from presence.wire.forwarded import (
    FRAME_LIMIT,
    Count,
    decode_frame,
    encode_forwarded,
    encode_token,
)
from presence.wire.link import RoomLink

_OPEN_TIMEOUT_S = 5.0
_CLOSE_TIMEOUT_S = 0.5
_AGAIN_S, _AGAIN_MOST_S = 0.25, 30.0
"""Before a strand is made anew that ended while others went on; each time twice as long. A host
that knows of one alone ends the others at once."""
_LASTED_S = 5.0
"""One that lasted so long is made anew soon."""

log = logging.getLogger(__name__)


class WebSocketCarrier:
    """Bundles to and from one other participant, over a line that all of them share."""

    def __init__(self, line: HostLine, stream: int) -> None:
        """Use :meth:`HostLine.carrier`."""
        self.on_bundle: Callable[[bytes, int], None] | None = None
        self.on_ready: Callable[[], None] | None = None
        self.on_closed: Callable[[], None] | None = None
        self.stream = stream
        self.was_full = False
        self._line = line

    @property
    def name(self) -> str:
        """``websocket``."""
        return "websocket"

    @property
    def ready(self) -> bool:
        """Whether nothing waits between here and the host."""
        ready = self._line.ready
        self.was_full = self.was_full or not ready
        return ready

    @property
    def budget_bps(self) -> float | None:
        """None: TCP does not tell."""
        return None

    @property
    def loss(self) -> float | None:
        """Nothing is lost on the way but what gives way to newer frames."""
        return None

    def send(self, bundle: bytes) -> bool:
        """Send a bundle; False: the line is closed, or what was sent before is late."""
        check_length(bundle)
        sent = self._line.send(self.stream, bundle)
        self.was_full = self.was_full or not sent
        return sent

    async def close(self) -> None:
        """Hear and say nothing any more; the line is for the others, too."""
        self._line.detach(self)
        self.end()

    def end(self) -> None:
        """The line is gone, or this is no part of it any more."""
        on_closed, self.on_closed = self.on_closed, None
        self.on_bundle = self.on_ready = None
        if on_closed is not None:
            on_closed()


class HostLine:
    """Some WebSockets to the room's host. State: the connections, and the carriers that share them.

    There is a line as long as one of them is open: see :mod:`~presence.transport.strands`.
    """

    def __init__(self, link: RoomLink, clock: Clock) -> None:
        """Nothing is connected before somebody needs it."""
        self.token: str | None = None
        """What the host's last welcome gave; None: it carries nothing."""
        self._link = link
        self._clock = clock
        self._carriers: dict[int, WebSocketCarrier] = {}
        self._strands = Strands()
        self._ends: dict[int, StrandEnd] = {}
        """By strand: those that are connected."""
        self._opening = asyncio.Lock()
        self._keeping: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> bool:
        """Whether what is sent now would wait for nothing."""
        return self._strands.pick(self._clock.now_ns()) is not None

    async def open(self) -> None:
        """Connect, unless that is done already.

        Raises:
            TransportError: the host is out of reach, or does not carry.
        """
        async with self._opening:
            if self._ends:
                return
            if self.token is None:
                raise TransportError(
                    "the room's host carries no bundles; run a newer `presence host`"
                )
            self._strands = Strands()
            websocket = await self._connect(0)
            # Ready from here on, before any task has run.
            end = self._opened(0)
            self._keeping = [
                asyncio.create_task(work)
                for work in (
                    self._keep(0, websocket, end),
                    *(self._keep(index) for index in range(1, STRANDS)),
                    self._keep_time(),
                )
            ]

    def carrier(self, stream: int) -> WebSocketCarrier:
        """A carrier to the participant with that number; the newest hears what comes."""
        carrier = self._carriers[stream] = WebSocketCarrier(self, stream)
        return carrier

    def detach(self, carrier: WebSocketCarrier) -> None:
        """A carrier is used no more."""
        if self._carriers.get(carrier.stream) is carrier:
            del self._carriers[carrier.stream]

    def send(self, stream: int, bundle: bytes) -> bool:
        """Send a bundle to the host, to be passed on; False: it would wait."""
        now_ns = self._clock.now_ns()
        index = self._strands.pick(now_ns)
        if index is None:
            return False
        frame = encode_forwarded(stream, bundle)
        self._strands.sent(index, len(frame), now_ns)
        self._ends[index].leave(frame)
        return True

    async def close(self) -> None:
        """Disconnect."""
        keeping, self._keeping = self._keeping, []
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)

    async def _connect(self, index: int) -> ClientConnection:
        """Make one of the connections.

        Raises:
            TransportError: the host is out of reach, or is not whom the link names.
        """
        try:
            websocket = await open_websocket(
                self._link.carrier_url,
                open_timeout=_OPEN_TIMEOUT_S,
                close_timeout=_CLOSE_TIMEOUT_S,
                ping_interval=None,  # Links have pings of their own.
                max_size=FRAME_LIMIT,
                compression=None,
                proxy=None,
                ssl=context_for(self._link),
            )
            try:
                await websocket.send(encode_token(self.token or "", index))
            except BaseException:
                websocket.transport.abort()
                raise
        except ssl.SSLError as error:
            raise TransportError(why_not_trusted(self._link, error)) from None
        except (OSError, TimeoutError, WebSocketException) as error:
            raise TransportError(
                f"the room's host at {self._link.origin} cannot be reached to carry bundles "
                f"({error or 'no answer'}); it may be restarting"
            ) from None
        return websocket

    def _opened(self, index: int) -> StrandEnd:
        end = self._ends[index] = StrandEnd()
        self._strands.opened(index)
        return end

    async def _keep(
        self, index: int, websocket: ClientConnection | None = None, end: StrandEnd | None = None
    ) -> None:
        """Keep one of the connections open for as long as there is a line."""
        loop = asyncio.get_running_loop()
        pause_s = _AGAIN_S
        while True:
            try:
                if websocket is None:
                    websocket = await self._connect(index)
            except TransportError as error:
                log.debug("strand %d: %s", index, error)
            else:
                began_s = loop.time()
                await self._run(index, websocket, end or self._opened(index))
                if not self._ends:
                    self._end()
                    return
                if loop.time() - began_s > _LASTED_S:
                    pause_s = _AGAIN_S
            websocket = end = None
            await asyncio.sleep(pause_s)
            pause_s = min(2.0 * pause_s, _AGAIN_MOST_S)

    async def _run(self, index: int, websocket: ClientConnection, end: StrandEnd) -> None:
        tasks: list[asyncio.Task[object]] = [
            asyncio.create_task(self._hear(index, websocket, end)),
            asyncio.create_task(_say(websocket, end)),
            asyncio.create_task(end.ended.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._ends[index]
            self._strands.closed(index)
            try:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await websocket.close()
            finally:
                # Nothing is left open, though this is cancelled once more meanwhile.
                websocket.transport.abort()

    def _end(self) -> None:
        """There is no line any more."""
        keeping, self._keeping = self._keeping, []
        for task in keeping:
            if task is not asyncio.current_task():
                task.cancel()
        carriers, self._carriers = list(self._carriers.values()), {}
        for carrier in carriers:
            carrier.end()

    async def _hear(self, index: int, websocket: ClientConnection, end: StrandEnd) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for data in websocket:
                now_ns = self._clock.now_ns()
                try:
                    frame = decode_frame(data if isinstance(data, bytes) else data.encode())
                except WireError as error:
                    log.debug("the room's host: %s", error)
                    continue
                if isinstance(frame, Count):
                    self._strands.counted(index, frame.received, now_ns)
                    self._say_ready()
                    continue
                end.came(len(data))
                carrier = self._carriers.get(frame.stream)
                if carrier is not None and carrier.on_bundle is not None:
                    carrier.on_bundle(frame.bundle, now_ns)

    async def _keep_time(self) -> None:
        """Say how much came, so that the host knows whether anything waits on the way."""
        while True:
            await asyncio.sleep(COUNT_EVERY_NS / SECOND)
            for index in self._strands.stuck(self._clock.now_ns()):
                self._ends[index].ended.set()
            for end in self._ends.values():
                end.say_count()
            # Some may wait for nothing but that time passes.
            self._say_ready()

    def _say_ready(self) -> None:
        """Those who waited may send; who sends first this time is last the next."""
        for stream, carrier in list(self._carriers.items()):
            if carrier.was_full and self.ready:
                carrier.was_full = False
                if self._carriers.get(stream) is carrier:
                    self._carriers[stream] = self._carriers.pop(stream)
                if carrier.on_ready is not None:
                    carrier.on_ready()


async def _say(websocket: ClientConnection, end: StrandEnd) -> None:
    with contextlib.suppress(ConnectionClosed):
        await end.send(websocket.send)
