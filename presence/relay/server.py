"""Running a relay: from a free port to a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from websockets.asyncio.server import serve

from presence.clock import MonotonicClock
from presence.errors import HostError
from presence.relay.door import Door
from presence.relay.hall import Hall
from presence.relay.limits import RelayLimits
from presence.relay.member import Expelled
from presence.relay.reception import Reception
from presence.wire.signalling import MESSAGE_LIMIT

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def relaying(
    bind: str, port: int, keys: Sequence[Ed25519PublicKey], limits: RelayLimits
) -> AsyncIterator[tuple[int, Hall]]:
    """Relay within the block, on this event loop; gives the port, and the rooms.

    Args:
        bind: The address to listen on.
        port: Where participants come; 0 takes any that is free.
        keys: Of the hosts whose tokens are good.
        limits: What each participant is allowed.

    Raises:
        HostError: the port cannot be had.
    """
    clock = MonotonicClock()
    hall = Hall(limits, clock)
    reception = Reception(hall, clock)
    door = Door(reception, keys)
    try:
        server = await serve(
            door.serve,
            bind,
            port,
            process_request=door.answer_page,
            max_size=MESSAGE_LIMIT,
            compression=None,
            open_timeout=5.0,
        )
    except OSError as error:
        raise HostError(f"the relay cannot listen on {bind}, port {port}: {error}") from error
    keeping = asyncio.create_task(hall.keep_time())
    try:
        yield server.sockets[0].getsockname()[1], hall
    finally:
        keeping.cancel()
        server.close()
        hall.close(Expelled("left", "the relay is shut down; it is made up for"))
        await reception.close()
        await asyncio.gather(keeping, return_exceptions=True)
        await server.wait_closed()


def run_relay(
    bind: str,
    port: int,
    keys: Sequence[Ed25519PublicKey],
    announce: Callable[[int], None],
    limits: RelayLimits,
) -> None:
    """Relay until Ctrl-C or SIGTERM.

    Raises:
        HostError: the port cannot be had.
    """
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=quick_loop) as runner:
        runner.run(_relay(bind, port, keys, announce, limits))


def quick_loop() -> asyncio.AbstractEventLoop:
    """The loop of uvloop where there is one: it reads all waiting datagrams at once, for less."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _relay(
    bind: str,
    port: int,
    keys: Sequence[Ed25519PublicKey],
    announce: Callable[[int], None],
    limits: RelayLimits,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl-C cancels this task.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with relaying(bind, port, keys, limits) as (listening, _):
        # What was loaded stays: collecting is for what calls make.
        gc.collect()
        gc.freeze()
        announce(listening)
        await stop.wait()
