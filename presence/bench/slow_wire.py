"""A slow and lossy wire for TCP: connections to a port of this machine, passed on late.

TCP loses nothing: a segment that got lost is sent again, and all behind it waits. That is noticed
once three further segments have come (RFC 5681 section 3.2), so it comes a round trip later, and
some.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

from presence.clock import MILLISECOND, SECOND, Clock
from presence.transport.lossy import Conditions

_SEGMENT = 1448
"""Bytes of a segment on an ordinary path."""
_NOTICED_NS = 50 * MILLISECOND
"""Three frames at 60 Hz."""
_READ = 64 * 1024


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
        on_the_way: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due_ns, data = await on_the_way.get()
                await asyncio.sleep(max(0, due_ns - self._clock.now_ns()) / SECOND)
                writer.write(data)
                await writer.drain()

        delivering = asyncio.create_task(deliver())
        due_ns = 0
        try:
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(_READ):
                    # In order, whatever happens.
                    due_ns = max(due_ns, self._clock.now_ns() + self._takes_ns(len(data)))
                    on_the_way.put_nowait((due_ns, data))
        finally:
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)

    def _takes_ns(self, size: int) -> int:
        conditions = self.conditions
        taken_ns = conditions.delay_ns + round(self._random.gauss(0.0, conditions.spread_ns))
        segments = -(-size // _SEGMENT)
        if any(self._random.random() < conditions.loss for _ in range(segments)):
            taken_ns += 2 * conditions.delay_ns + _NOTICED_NS
        return max(0, taken_ns)


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
