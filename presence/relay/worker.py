"""A worker: a process that carries rooms, and does what the process at the door tells it.

It ends when it is told to, and when its standard input does: whoever started it is gone then.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys

import msgspec

from presence.clock import MonotonicClock
from presence.errors import PresenceError
from presence.relay.admission import Admission
from presence.relay.errands import (
    LINE_LIMIT,
    Answer,
    Ask,
    Connect,
    Done,
    Drain,
    Failed,
    FromWorker,
    People,
    Ready,
    Start,
    Told,
    line_of,
    read_to_worker,
)
from presence.relay.house import House
from presence.relay.logs import set_up_logging
from presence.relay.own_process import take_all_descriptors
from presence.relay.port import open_port
from presence.relay.quick_loop import quick_loop
from presence.relay.refusal import RefusalError

log = logging.getLogger(__name__)


class Worker:
    """State: the rooms, and the errands that are being done."""

    def __init__(self, start: Start, out: int) -> None:
        """To be made on the event loop that carries it.

        Args:
            start: What it is to do.
            out: The file descriptor to which it writes.
        """
        self._out = out
        clock = MonotonicClock()
        self._house = House(
            start.limits,
            clock,
            start.log.salt,
            open_port(start.media.of_worker(start.number), start.media.advertise, clock),
            lambda room, count: self._say(People(room, count)),
        )
        self._errands: set[asyncio.Task[None]] = set()

    async def work(self, orders: asyncio.StreamReader) -> None:
        """Do as told, until told no more."""
        self._say(Ready())
        try:
            while line := await orders.readline():
                self._obey(line)
        finally:
            await self._house.close()

    def _obey(self, line: bytes) -> None:
        try:
            message = read_to_worker(line)
        except msgspec.MsgspecError as error:
            log.error("an order was not understood: %s", error)
            return
        match message:
            case Connect():
                errand = asyncio.create_task(self._connect(message))
                self._errands.add(errand)
                errand.add_done_callback(self._errands.discard)
            case Ask():
                self._say(Told(self._house.account()))
            case Drain():
                self._house.drain()
            case _:
                pass

    async def _connect(self, order: Connect) -> None:
        async def welcome(sdp: str) -> None:
            self._say(Answer(order.errand, sdp))

        done = Done(order.errand, "busy", "the relay could not let you in; come again in a moment")
        try:
            await self._house.connect(
                Admission(order.room, order.stream, order.expires_s),
                order.sdp,
                welcome,
                again_only=order.again_only,
            )
            done = Done(order.errand)
        except RefusalError as refusal:
            done = Done(order.errand, refusal.code, str(refusal), refusal.after_s)
        finally:
            self._say(done)

    def _say(self, message: FromWorker) -> None:
        # It is read at once, and there is nobody to tell if it is not.
        with contextlib.suppress(OSError):
            _write(self._out, line_of(message))


def _write(out: int, line: bytes) -> None:
    while line:
        line = line[os.write(out, line) :]


async def _run(start: Start, out: int) -> None:
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader(limit=LINE_LIMIT)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    # Who ends a worker by itself has it say goodbye first.
    loop.add_signal_handler(signal.SIGTERM, orders.feed_eof)
    try:
        worker = Worker(start, out)
        gc.collect()
        gc.freeze()
        await worker.work(orders)
    finally:
        transport.close()


def main() -> None:
    """Work until told no more; ends the process."""
    # What libraries print must not come between what is said.
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    start = read_to_worker(_first_line())
    if not isinstance(start, Start):
        raise SystemExit("a worker of a relay is started by `presence relay --workers` alone")
    set_up_logging(start.log)
    take_all_descriptors()
    try:
        with asyncio.Runner(loop_factory=quick_loop) as runner:
            runner.run(_run(start, out))
    except PresenceError as error:
        with contextlib.suppress(OSError):
            _write(out, line_of(Failed(str(error))))
        sys.exit(1)


def _first_line() -> bytes:
    """By single bytes, so that nothing of what follows is taken from the loop that reads on."""
    line = bytearray()
    while not line.endswith(b"\n") and (byte := os.read(sys.stdin.fileno(), 1)):
        line += byte
    return bytes(line)


if __name__ == "__main__":
    main()
