"""A slow and lossy wire for TCP: connections to a port of this machine, passed on late.

TCP loses nothing: a segment that got lost is sent again, and all behind it on the same connection
waits. It is noticed by what comes behind it, a round trip later and a quarter of one more, in case
it was only overtaken (RACK, RFC 8985); or, if nothing does, by a timer. How well that fits what a
kernel does over such a path is in ``docs/benchmarks.md``.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from presence.clock import MILLISECOND, SECOND, Clock
from presence.transport.lossy import Conditions

_SEGMENT = 1448
"""Bytes of a segment on an ordinary path."""
_TIMER_NS = 200 * MILLISECOND
"""Besides a round trip, the least that Linux waits for an acknowledgement; each time twice that."""
_TRIES = 6
"""So often it is sent again at most, which takes a quarter of a minute."""
_READ = 64 * 1024


@dataclass(slots=True)
class _Segment:
    """What is on its way. State: when it comes."""

    data: bytes
    due_ns: int
    lost: bool
    """Whether it is not known yet to its sender that it got lost."""


class TcpWay:
    """One direction of a connection. State: what is on its way, in order."""

    def __init__(self, conditions: Callable[[], Conditions], seed: random.Random) -> None:
        """Nothing is on its way; ``conditions`` says what the path is like now."""
        self._conditions = conditions
        self._random = seed
        self._on_the_way: deque[_Segment] = deque()

    def push(self, data: bytes, now_ns: int) -> None:
        """Something is sent."""
        for segment in self._on_the_way:
            if segment.lost:
                segment.lost = False
                trip_ns = 2 * self._conditions().delay_ns
                segment.due_ns = min(
                    segment.due_ns, now_ns + trip_ns + trip_ns // 4 + self._again_ns()
                )
        segments = -(-len(data) // _SEGMENT)
        lost = any(self._loses() for _ in range(segments))
        if lost:
            taken_ns = 2 * self._conditions().delay_ns + _TIMER_NS + self._again_ns()
        else:
            taken_ns = self._takes_ns()
        self._on_the_way.append(_Segment(data, now_ns + taken_ns, lost))

    def pop_due(self, now_ns: int) -> list[bytes]:
        """What has come by now: in order, whatever happens."""
        came = []
        while self._on_the_way and self._on_the_way[0].due_ns <= now_ns:
            came.append(self._on_the_way.popleft().data)
        return came

    def next_due_ns(self) -> int | None:
        """When more comes; None: nothing is on its way."""
        return self._on_the_way[0].due_ns if self._on_the_way else None

    def _loses(self) -> bool:
        return self._random.random() < self._conditions().loss

    def _takes_ns(self) -> int:
        conditions = self._conditions()
        varied_ns = round(self._random.gauss(0.0, conditions.spread_ns))
        return max(0, conditions.delay_ns + varied_ns)

    def _again_ns(self) -> int:
        """What a segment takes that is sent again, which may get lost again."""
        timer_ns = 2 * self._conditions().delay_ns + _TIMER_NS
        taken_ns = 0
        for tried in range(_TRIES):
            if not self._loses():
                break
            taken_ns += timer_ns << tried
        return taken_ns + self._takes_ns()


class SlowWire:
    """Passes connections on to a port. State: what the wire is like now, and the connections."""

    def __init__(self, to_port: int, clock: Clock, seed: int) -> None:
        """Use :func:`slow_wire`."""
        self.conditions = Conditions()
        """Of each direction; only loss, delay and spread count."""
        self.port = 0
        self._to_port = to_port
        self._clock = clock
        self._random = random.Random(seed)
        self._connections: set[asyncio.Task[None]] = set()

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection came in."""
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def close(self) -> None:
        """End every connection."""
        connections = list(self._connections)
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass a connection on until either side ends it."""
        there, back = await asyncio.open_connection("127.0.0.1", self._to_port)
        ways = [
            asyncio.create_task(self._pass_on(reader, back)),
            asyncio.create_task(self._pass_on(there, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (back, writer):
                end.close()
                with contextlib.suppress(ConnectionError):
                    await end.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way = TcpWay(lambda: self.conditions, self._random)
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle | None = None

        def deliver() -> None:
            nonlocal timer
            if timer is not None:
                timer.cancel()
            timer = None
            now_ns = self._clock.now_ns()
            for data in way.pop_due(now_ns):
                writer.write(data)
            due_ns = way.next_due_ns()
            if due_ns is not None:
                timer = loop.call_later(max(0, due_ns - now_ns) / SECOND, deliver)

        try:
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(_READ):
                    way.push(data, self._clock.now_ns())
                    deliver()
        finally:
            if timer is not None:
                timer.cancel()


@contextlib.asynccontextmanager
async def slow_wire(to_port: int, clock: Clock, seed: int = 0) -> AsyncIterator[SlowWire]:
    """Within it, connections to the wire's port are passed on to ``to_port`` of this machine."""
    wire = SlowWire(to_port, clock, seed)
    server = await asyncio.start_server(wire.connected, "127.0.0.1", 0)
    async with server:
        wire.port = server.sockets[0].getsockname()[1]
        try:
            yield wire
        finally:
            await wire.close()
