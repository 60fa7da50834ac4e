"""Passing bundles on between members who have no other way to one another.

The host sees of an envelope what any relay sees, its header, and that only when somebody is so
slow that something has to give way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets

from starlette.websockets import WebSocket, WebSocketDisconnect

from presence.allowance import Allowance
from presence.clock import SECOND, Clock
from presence.errors import WireError
from presence.host.limits import Limits
from presence.transport.gate import Gate
from presence.transport.strand_end import StrandEnd
from presence.transport.strands import Strands
from presence.transport.window import COUNT_EVERY_NS
from presence.wire.bundle import pack_bundles, unpack_bundle
from presence.wire.envelope import decode_envelope
from presence.wire.forwarded import Count, decode_frame, decode_token, encode_forwarded

MALFORMED_LIMIT = 20
"""Frames that are none, after which whoever sends them is not listened to any more."""
_POLICY = 1008

_log = logging.getLogger(__name__)


class _Line:
    """One member's connections. State: what is on its way to them, and what waits."""

    def __init__(self, stream: int, limits: Limits, clock: Clock) -> None:
        self.stream = stream
        self.ends: dict[int, StrandEnd] = {}
        """By number of the connection."""
        self.keeping_time: asyncio.Task[None] | None = None
        self._clock = clock
        self._strands = Strands()
        self._gates: dict[int, Gate] = {}
        now_ns = clock.now_ns()
        frames, kib = limits.frames_per_s, limits.carried_kib_per_s
        self._frames = Allowance(frames, 2 * frames, now_ns)
        self._kib = Allowance(kib, 2 * kib, now_ns)

    def open(self, index: int) -> StrandEnd:
        """The member has a connection of that number, in the place of one that they had."""
        before = self.ends.get(index)
        if before is not None:
            before.ended.set()
        end = self.ends[index] = StrandEnd()
        self._strands.opened(index)
        return end

    def close(self, index: int, end: StrandEnd) -> None:
        """A connection ended, unless another took its place before."""
        if self.ends.get(index) is end:
            del self.ends[index]
            self._strands.closed(index)

    def allows(self, size: int) -> bool:
        """Whether the member may have so many bytes more carried."""
        now_ns = self._clock.now_ns()
        return self._frames.take(now_ns) and self._kib.take(now_ns, size / 1024)

    def pass_on(self, sender: int, bundle: bytes) -> None:
        """Send a bundle on, or let it wait in the place of what it makes useless.

        Raises:
            WireError: it is none, as far as that had to be looked at.
        """
        now_ns = self._clock.now_ns()
        if not self._gates and self._leave(sender, bundle, now_ns):
            return
        gate = self._gates.setdefault(sender, Gate())
        for data in unpack_bundle(bundle):
            header = decode_envelope(data)
            if header.stream == sender:
                gate.offer(data, header, now_ns)

    def count(self, index: int, received: int) -> None:
        """The member says how much came on a connection; what waited may leave."""
        self._strands.counted(index, received, self._clock.now_ns())
        self._release()

    def forget(self, sender: int) -> None:
        """What waits from somebody who went is of no use."""
        self._gates.pop(sender, None)

    async def keep_time(self) -> None:
        """Tell the member how much of theirs came, and let go what may, until cancelled."""
        while True:
            await asyncio.sleep(COUNT_EVERY_NS / SECOND)
            for end in self.ends.values():
                end.say_count()
            self._release()

    def _release(self) -> None:
        """Let go what waits, as far as it need not: each sender in turn."""
        now_ns = self._clock.now_ns()
        for sender, gate in list(self._gates.items()):
            while len(gate) and self._strands.pick(now_ns) is not None:
                (bundle,) = pack_bundles(gate.take())
                self._leave(sender, bundle, now_ns)
            if not len(gate):
                del self._gates[sender]

    def _leave(self, sender: int, bundle: bytes, now_ns: int) -> bool:
        index = self._strands.pick(now_ns)
        if index is None:
            return False
        frame = encode_forwarded(sender, bundle)
        self._strands.sent(index, len(frame), now_ns)
        self.ends[index].leave(frame)
        return True


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
        for end in line.ends.values() if line is not None else ():
            end.ended.set()
        for other in self._lines.values():
            other.forget(stream)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection from its opening to its end."""
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            stream, index = await self._who(websocket)
            if stream is None:
                await websocket.close(_POLICY, "join first, and show the token of your welcome")
                return
            line = self._lines.get(stream)
            if line is None:
                line = self._lines[stream] = _Line(stream, self._limits, self._clock)
                line.keeping_time = asyncio.create_task(line.keep_time())
            end = line.open(index)
            try:
                await self._carry(websocket, line, index, end)
            finally:
                line.close(index, end)
                if not line.ends:
                    if line.keeping_time is not None:
                        line.keeping_time.cancel()
                    if self._lines.get(stream) is line:
                        del self._lines[stream]

    async def _who(self, websocket: WebSocket) -> tuple[int | None, int]:
        """Whose connection it is, None: nobody's; and which of theirs."""
        if self._waiting >= self._limits.waiting:
            return None, 0
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.join_timeout_s):
                event = await websocket.receive()
            token, index = decode_token(event.get("text") or "")
        except (TimeoutError, WireError):
            return None, 0
        finally:
            self._waiting -= 1
        return self._tokens.get(token), index

    async def _carry(self, websocket: WebSocket, line: _Line, index: int, end: StrandEnd) -> None:
        tasks = [
            asyncio.create_task(self._hear(websocket, line, index, end)),
            asyncio.create_task(end.send(websocket.send_bytes)),
            asyncio.create_task(end.ended.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await websocket.close()

    async def _hear(self, websocket: WebSocket, line: _Line, index: int, end: StrandEnd) -> None:
        """Take in what a member sends until they go, or send what nobody understands."""
        malformed = 0
        while malformed < MALFORMED_LIMIT:
            event = await websocket.receive()
            if event["type"] == "websocket.disconnect":
                return
            data = event.get("bytes") or b""
            # Whatever is more than allowed is lost, as on any path that is too narrow.
            allowed = line.allows(len(data))
            try:
                match decode_frame(data):
                    case Count(received):
                        if line.ends.get(index) is end:
                            line.count(index, received)
                    case forwarded:
                        end.came(len(data))
                        other = self._lines.get(forwarded.stream)
                        if allowed and other is not None and other is not line:
                            other.pass_on(line.stream, forwarded.bundle)
            except WireError as error:
                malformed += 1
                _log.debug("member %d: %s", line.stream, error)
