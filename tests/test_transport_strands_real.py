"""Connections side by side over a kernel's own TCP, on a wire that loses packets."""

import asyncio
import socket
import struct
import time

import numpy as np
import pytest
from rough_wire import inside, rough_wire

from presence.clock import MILLISECOND, SECOND
from presence.transport.lossy import Conditions
from presence.transport.strands import STRANDS, Strands
from presence.transport.window import COUNT_EVERY_NS

pytestmark = pytest.mark.slow
SIZE = 140
FRAME_S = 1 / 60
DELAY_NS = 20 * MILLISECOND
LOSS = 0.03


class Receiving(asyncio.Protocol):
    """Takes frames and counts them. State: when each came, over all connections."""

    def __init__(self, came, transports):
        self._came = came
        self._transports = transports
        self._data = b""
        self._received = self._said = 0

    def connection_made(self, transport):
        self._transport = transport
        self._transports.append(transport)
        self._timer = asyncio.get_running_loop().call_later(COUNT_EVERY_NS / SECOND, self._count)

    def data_received(self, data):
        self._data += data
        while len(self._data) >= SIZE:
            self._came[struct.unpack_from(">I", self._data)[0]] = time.monotonic_ns()
            self._data = self._data[SIZE:]
            self._received += SIZE

    def connection_lost(self, error):
        self._timer.cancel()

    def _count(self):
        if self._said != self._received:
            self._said = self._received
            self._transport.write(struct.pack(">I", self._said))
        self._timer = asyncio.get_running_loop().call_later(COUNT_EVERY_NS / SECOND, self._count)


class Sending(asyncio.Protocol):
    """Hears the counts of one connection."""

    def __init__(self, strands, index):
        self._strands = strands
        self._index = index
        self._data = b""

    def data_received(self, data):
        self._data += data
        while len(self._data) >= 4:
            (received,) = struct.unpack_from(">I", self._data)
            self._data = self._data[4:]
            self._strands.counted(self._index, received, time.monotonic_ns())


def connected(name):
    made = inside(name, socket.socket)
    made.setblocking(False)
    return made


async def frames(names, connections, seconds):
    """Send; how late each came that left, in milliseconds, and the share that did not leave."""
    loop = asyncio.get_running_loop()
    came, sent, strands, full = {}, {}, Strands(), 0
    listening = inside(names[1], lambda: socket.create_server(("10.77.0.2", 0)))
    transports, accepted = [], []
    server = await loop.create_server(lambda: Receiving(came, accepted), sock=listening)
    for index in range(connections):
        made = connected(names[0])
        await loop.sock_connect(made, listening.getsockname())
        transport, _ = await loop.create_connection(lambda i=index: Sending(strands, i), sock=made)
        strands.opened(index)
        transports.append(transport)
    began = loop.time()
    for number in range(round(seconds / FRAME_S)):
        await asyncio.sleep(max(0.0, began + number * FRAME_S - loop.time()))
        now_ns = time.monotonic_ns()
        index = strands.pick(now_ns)
        if index is None:
            full += 1
            continue
        sent[number] = now_ns
        strands.sent(index, SIZE, now_ns)
        transports[index].write(struct.pack(">I", number) + bytes(SIZE - 4))
    async with asyncio.timeout(20.0):
        while len(came) < len(sent):
            await asyncio.sleep(0.05)
    server.close()
    for transport in transports + accepted:
        transport.abort()
    # An aborted one is closed in the loop's next turn.
    await asyncio.sleep(0.05)
    late = [(came[n] - at - DELAY_NS) / MILLISECOND for n, at in sent.items()]
    return np.array(late), full / (full + len(sent))


def test_what_a_kernel_lost_holds_up_nothing_but_itself():
    conditions = Conditions(delay_ns=DELAY_NS, loss=LOSS)
    with rough_wire(conditions) as names:
        many, full = asyncio.run(frames(names, STRANDS, 12.0))
        one, _ = asyncio.run(frames(names, 1, 12.0))
    # A machine that is busy makes all late, so it is the ratio that counts.
    limit = np.median(one) + 15.0
    assert full < 0.05
    assert (many > limit).mean() < 2.0 * LOSS
    assert (one > limit).mean() > 2.0 * (many > limit).mean()
