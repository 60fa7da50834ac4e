"""The WebSocket carrier: bundles through the room's host, for whom UDP does not pass."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections import deque
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, WebSocketException

from presence.clock import SECOND, Clock
from presence.errors import TransportError, WireError
from presence.transport.carrier import check_length
from presence.transport.tls import context_for, why_not_trusted
from presence.transport.window import COUNT_EVERY_NS, Window
from presence.wire.forwarded import (
    FRAME_LIMIT,
    Count,
    decode_frame,
    encode_count,
    encode_forwarded,
)
from presence.wire.link import RoomLink

_OPEN_TIMEOUT_S = 5.0
_CLOSE_TIMEOUT_S = 0.5

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
        if not self.ready:
            return False
        self._line.send(self.stream, bundle)
        return True

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
    """A WebSocket to the room's host. State: the connection, and the carriers that share it."""

    def __init__(self, link: RoomLink, clock: Clock) -> None:
        """Nothing is connected before somebody needs it."""
        self.token: str | None = None
        """What the host's last welcome gave; None: it carries nothing."""
        self._link = link
        self._clock = clock
        self._websocket: ClientConnection | None = None
        self._carriers: dict[int, WebSocketCarrier] = {}
        self._window = Window()
        self._received = 0
        self._leaving: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._opening = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether what is sent now would wait for nothing."""
        return self._websocket is not None and self._window.ready(self._clock.now_ns())

    async def open(self) -> None:
        """Connect, unless that is done already.

        Raises:
            TransportError: the host is out of reach, or does not carry.
        """
        async with self._opening:
            if self._websocket is not None:
                return
            if self.token is None:
                raise TransportError(
                    "the room's host carries no bundles; run a newer `presence host`"
                )
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
                await websocket.send(self.token)
            except ssl.SSLError as error:
                raise TransportError(why_not_trusted(self._link, error)) from None
            except (OSError, TimeoutError, WebSocketException) as error:
                raise TransportError(
                    f"the room's host at {self._link.origin} cannot be reached to carry bundles "
                    f"({error or 'no answer'}); it may be restarting"
                ) from None
            self._websocket = websocket
            self._window, self._received = Window(), 0
            self._leaving.clear()
            self._running = asyncio.create_task(self._run(websocket))

    def carrier(self, stream: int) -> WebSocketCarrier:
        """A carrier to the participant with that number; the newest hears what comes."""
        carrier = self._carriers[stream] = WebSocketCarrier(self, stream)
        return carrier

    def detach(self, carrier: WebSocketCarrier) -> None:
        """A carrier is used no more."""
        if self._carriers.get(carrier.stream) is carrier:
            del self._carriers[carrier.stream]

    def send(self, stream: int, bundle: bytes) -> None:
        """Send a bundle to the host, to be passed on."""
        frame = encode_forwarded(stream, bundle)
        self._window.sent(len(frame), self._clock.now_ns())
        self._put(frame)

    async def close(self) -> None:
        """Disconnect."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def _put(self, frame: bytes) -> None:
        self._leaving.append(frame)
        self._wake.set()

    async def _run(self, websocket: ClientConnection) -> None:
        tasks = [
            asyncio.create_task(work)
            for work in (self._hear(websocket), self._say(websocket), self._count())
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._websocket = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await websocket.close()
            carriers, self._carriers = list(self._carriers.values()), {}
            for carrier in carriers:
                carrier.end()

    async def _hear(self, websocket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for data in websocket:
                now_ns = self._clock.now_ns()
                try:
                    frame = decode_frame(data if isinstance(data, bytes) else data.encode())
                except WireError as error:
                    log.debug("the room's host: %s", error)
                    continue
                if isinstance(frame, Count):
                    self._window.counted(frame.received, now_ns)
                    self._say_ready()
                    continue
                self._received += len(data)
                carrier = self._carriers.get(frame.stream)
                if carrier is not None and carrier.on_bundle is not None:
                    carrier.on_bundle(frame.bundle, now_ns)

    async def _say(self, websocket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._leaving:
                    await websocket.send(self._leaving.popleft())

    async def _count(self) -> None:
        """Say how much came, so that the host knows whether anything waits on the way."""
        said = 0
        while True:
            await asyncio.sleep(COUNT_EVERY_NS / SECOND)
            if said != self._received:
                said = self._received
                self._put(encode_count(said))

    def _say_ready(self) -> None:
        """Those who waited may send; who sends first this time is last the next."""
        for stream, carrier in list(self._carriers.items()):
            if carrier.was_full and self.ready:
                carrier.was_full = False
                if self._carriers.get(stream) is carrier:
                    self._carriers[stream] = self._carriers.pop(stream)
                if carrier.on_ready is not None:
                    carrier.on_ready()
