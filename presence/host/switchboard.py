"""Passing bundles on between members who have no other way to one another.

The host sees of an envelope what any relay sees, its header, and that only when somebody is so
slow that something has to give way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import deque

from starlette.websockets import WebSocket, WebSocketDisconnect

from presence.clock import SECOND, Clock
from presence.errors import WireError
from presence.host.limits import Allowance, Limits
from presence.transport.gate import Gate
from presence.transport.window import COUNT_EVERY_NS, Window
from presence.wire.bundle import pack_bundles, unpack_bundle
from presence.wire.envelope import decode_envelope
from presence.wire.forwarded import Count, decode_frame, encode_count, encode_forwarded

MALFORMED_LIMIT = 20
"""Frames that are none, after which whoever sends them is not listened to any more."""
_POLICY = 1008

_log = logging.getLogger(__name__)


class _Line:
    """One member's connection. State: what is on its way to them, and what waits."""

    def __init__(self, stream: int, clock: Clock) -> None:
        self.stream = stream
        self.received = 0
        self.counted = 0
        self.ended = asyncio.Event()
        self._clock = clock
        self._window = Window()
        self._gates: dict[int, Gate] = {}
        self._leaving: deque[bytes] = deque()
        self._wake = asyncio.Event()

    def pass_on(self, sender: int, bundle: bytes) -> None:
        """Send a bundle on, or let it wait in the place of what it makes useless.

        Raises:
            WireError: it is none, as far as that had to be looked at.
        """
        now_ns = self._clock.now_ns()
        if self._window.ready(now_ns) and not self._gates:
            self._leave(sender, bundle, now_ns)
            return
        gate = self._gates.setdefault(sender, Gate())
        for data in unpack_bundle(bundle):
            header = decode_envelope(data)
            if header.stream == sender:
                gate.offer(data, header, now_ns)

    def count(self, received: int) -> None:
        """The member says how much came; what waited may leave."""
        now_ns = self._clock.now_ns()
        self._window.counted(received, now_ns)
        # Each sender in turn, beginning with whoever waited longest since the last time.
        for sender, gate in list(self._gates.items()):
            while len(gate) and self._window.ready(now_ns):
                (bundle,) = pack_bundles(gate.take())
                self._leave(sender, bundle, now_ns)
            if not len(gate):
                del self._gates[sender]

    def forget(self, sender: int) -> None:
        """What waits from somebody who went is of no use."""
        self._gates.pop(sender, None)

    def say_count(self) -> None:
        """Tell the member how much of theirs came."""
        if self.counted != self.received:
            self.counted = self.received
            self._leaving.append(encode_count(self.received))
            self._wake.set()

    async def send(self, websocket: WebSocket) -> None:
        """Send what is to leave, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._leaving:
                await websocket.send_bytes(self._leaving.popleft())

    def _leave(self, sender: int, bundle: bytes, now_ns: int) -> None:
        frame = encode_forwarded(sender, bundle)
        self._window.sent(len(frame), now_ns)
        self._leaving.append(frame)
        self._wake.set()


class Switchboard:
    """Carries bundles between the members of a room. State: who may, and their connections."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        """Nobody is expected yet."""
        self._limits = limits
        self._clock = clock
        self._tokens: dict[str, int] = {}
        self._lines: dict[int, _Line] = {}
        self._waiting = 0

    def expect(self, stream: int) -> str:
        """Somebody joined; gives what they are to show."""
        self.dismiss(stream)
        token = secrets.token_urlsafe(16)
        self._tokens[token] = stream
        return token

    def dismiss(self, stream: int) -> None:
        """Somebody went."""
        self._tokens = {token: s for token, s in self._tokens.items() if s != stream}
        line = self._lines.pop(stream, None)
        if line is not None:
            line.ended.set()
        for other in self._lines.values():
            other.forget(stream)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection from its opening to its end."""
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            stream = await self._who(websocket)
            if stream is None:
                await websocket.close(_POLICY, "join first, and show the token of your welcome")
                return
            before = self._lines.get(stream)
            if before is not None:
                before.ended.set()
            line = self._lines[stream] = _Line(stream, self._clock)
            try:
                await self._carry(websocket, line)
            finally:
                if self._lines.get(stream) is line:
                    del self._lines[stream]

    async def _who(self, websocket: WebSocket) -> int | None:
        if self._waiting >= self._limits.waiting:
            return None
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.join_timeout_s):
                event = await websocket.receive()
        except TimeoutError:
            return None
        finally:
            self._waiting -= 1
        return self._tokens.get(event.get("text") or "")

    async def _carry(self, websocket: WebSocket, line: _Line) -> None:
        tasks = [
            asyncio.create_task(self._hear(websocket, line)),
            asyncio.create_task(line.send(websocket)),
            asyncio.create_task(_count_steadily(line)),
            asyncio.create_task(line.ended.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await websocket.close()

    async def _hear(self, websocket: WebSocket, line: _Line) -> None:
        """Take in what a member sends until they go, or send what nobody understands."""
        now_ns = self._clock.now_ns()
        frames = Allowance(self._limits.frames_per_s, now_ns)
        kib = Allowance(self._limits.carried_kib_per_s, now_ns)
        malformed = 0
        while malformed < MALFORMED_LIMIT:
            event = await websocket.receive()
            if event["type"] == "websocket.disconnect":
                return
            data = event.get("bytes") or b""
            now_ns = self._clock.now_ns()
            # Whatever is more than allowed is lost, as on any path that is too narrow.
            allowed = frames.take(now_ns) and kib.take(now_ns, len(data) / 1024)
            try:
                match decode_frame(data):
                    case Count(received):
                        line.count(received)
                    case forwarded:
                        line.received += len(data)
                        other = self._lines.get(forwarded.stream)
                        if allowed and other is not None and other is not line:
                            other.pass_on(line.stream, forwarded.bundle)
            except WireError as error:
                malformed += 1
                _log.debug("member %d: %s", line.stream, error)


async def _count_steadily(line: _Line) -> None:
    while True:
        await asyncio.sleep(COUNT_EVERY_NS / SECOND)
        line.say_count()
