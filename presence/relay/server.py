"""Running a relay: from a free port to a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from importlib.metadata import version
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from websockets.asyncio.server import serve

from presence.clock import MonotonicClock
from presence.errors import UsageError
from presence.relay.certificate import RelayCertificate
from presence.relay.door import Door
from presence.relay.foreman import Foreman
from presence.relay.house import House, Staff
from presence.relay.logs import quiet_logger, tell
from presence.relay.media import Media
from presence.relay.node import Node
from presence.relay.own_process import take_all_descriptors
from presence.relay.port import open_port
from presence.relay.quick_loop import quick_loop
from presence.relay.settings import RelaySettings
from presence.relay.watchers import watched
from presence.transport.ice import LOOPBACK, local_addresses
from presence.transport.listening import listen
from presence.wire.signalling import MESSAGE_LIMIT

OPEN_S = 5.0
"""So long a connection may take to become a WebSocket."""
LOOK_S = 5.0
"""How often the certificate's files are looked at."""
EMPTY_S = 0.2
"""How often it is looked whether everybody has left."""
_SALT_BYTES = 16

log = logging.getLogger(__name__)


class Relay:
    """One that runs. State: its door, who carries its rooms, and what it shows by TLS."""

    def __init__(
        self, port: int, door: Door, staff: Staff, certificate: RelayCertificate | None
    ) -> None:
        """It listens on ``port``."""
        self.port = port
        self.door = door
        self.staff = staff
        self.certificate = certificate
        self.cluster = staff if isinstance(staff, Node) else None
        """What it has of others that it shares rooms with, if there are any."""
        self.metrics_port: int | None = None
        """Where Prometheus asks; None: nowhere."""
        self.read_keys: Callable[[], Sequence[Ed25519PublicKey]] | None = None
        """Reads the hosts' keys anew; None: they stay."""

    def read_again(self) -> None:
        """Read the hosts' keys and the certificate again; what cannot be read stays as it was."""
        if self.certificate is not None:
            self.certificate.renew()
        if self.read_keys is not None:
            try:
                keys = self.read_keys()
            except UsageError as error:
                log.error("the hosts' keys stay as they were: %s", error)
            else:
                self.door.trust(keys)
                tell(log, logging.INFO, "keys_read", "the hosts' keys were read", hosts=len(keys))

    async def drain(self, seconds: float) -> None:
        """Open no more rooms, and wait for so long, or until everybody has left."""
        self.staff.drain()
        people = self.staff.people
        tell(
            log, logging.INFO, "draining", "no more rooms are opened", people=people, most_s=seconds
        )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.staff.people:
                    await asyncio.sleep(EMPTY_S)


@contextlib.asynccontextmanager
async def relaying(settings: RelaySettings) -> AsyncIterator[Relay]:
    """Relay within the block, on this event loop.

    Raises:
        HostError: a port cannot be had, or a worker cannot begin.
        UsageError: an address or a certificate that is none.
    """
    clock = MonotonicClock()
    limits = settings.limits
    certificate = None
    if settings.certificate is not None and settings.key is not None:
        certificate = RelayCertificate(settings.certificate, settings.key)
    salt = settings.log.salt or secrets.token_bytes(_SALT_BYTES)
    async with contextlib.AsyncExitStack() as stack:
        listening = listen(settings.bind, settings.port, "presence relay")
        stack.callback(listening.close)
        media_port = settings.port if settings.media_port is None else settings.media_port
        media = Media(media_port, settings.advertise)
        staff: House | Foreman | Node
        if settings.workers == 1:
            house = House(
                limits, clock, salt, open_port(media.of_worker(1), media.advertise, clock)
            )
            staff = house
            if settings.cluster is not None:
                url = settings.url or _own_url(settings, listening.getsockname()[1])
                staff = Node(house, settings.cluster, limits, clock, url)
            stack.push_async_callback(staff.close)
        elif settings.cluster is not None:
            raise UsageError(
                "--cluster is for relays of one process: start one for each core, each with its "
                "own --port, and leave --workers out"
            )
        else:
            written = msgspec.structs.replace(settings.log, salt=salt)
            staff = Foreman(settings.workers, limits, written, clock, media)
            stack.push_async_callback(staff.close)
        if not isinstance(staff, House):
            await staff.begin()
        door = Door(staff, settings.keys, limits, clock, log_addresses=settings.log.addresses)
        server = await serve(
            door.serve,
            sock=listening,
            ssl=None if certificate is None else certificate.context,
            create_connection=door.connections.counted,
            process_request=door.answer_page,
            max_size=MESSAGE_LIMIT,
            compression=None,
            open_timeout=OPEN_S,
            ping_interval=None,
            server_header=None,
            logger=quiet_logger(),
        )
        stack.push_async_callback(server.wait_closed)
        # Once more than needed, but before waiting for who is at the door: they may wait for a
        # connection to open.
        stack.push_async_callback(staff.close)
        stack.callback(server.close)
        if certificate is not None:
            looking = asyncio.create_task(_look(certificate))
            stack.callback(looking.cancel)
        relay = Relay(server.sockets[0].getsockname()[1], door, staff, certificate)
        relay.read_keys = settings.read_keys
        if settings.metrics is not None:
            relay.metrics_port = await stack.enter_async_context(watched(relay, *settings.metrics))
        yield relay


def _own_url(settings: RelaySettings, port: int) -> str:
    """Where others send people who are to come here."""
    bound = settings.bind if settings.bind not in (None, "0.0.0.0", "::") else None
    known = [*settings.advertise, bound, *sorted(local_addresses()), LOOPBACK]
    host = next(address for address in known if address)
    scheme = "ws" if settings.certificate is None else "wss"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/relay"


async def _look(certificate: RelayCertificate) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        certificate.renew_if_changed()


def run_relay(settings: RelaySettings, announce: Callable[[Relay], None]) -> None:
    """Relay until Ctrl-C or SIGTERM.

    Args:
        settings: What it is told to do.
        announce: Is told once people can come.

    Raises:
        HostError: a port cannot be had, or a worker cannot begin.
        UsageError: an address or a certificate that is none.
    """
    take_all_descriptors()
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=quick_loop) as runner:
        runner.run(_relay(settings, announce))


async def _end_when_idle(staff: Staff, idle_s: float | None, end: Callable[[], None]) -> None:
    """End a relay that a host began for its room, once nobody needs it any more."""
    if idle_s is None:
        return
    alone_s = 0.0
    while alone_s < idle_s:
        await asyncio.sleep(EMPTY_S)
        alone_s = 0.0 if staff.people else alone_s + EMPTY_S
    end()


async def _relay(settings: RelaySettings, announce: Callable[[Relay], None]) -> None:
    asked, at_once = asyncio.Event(), asyncio.Event()

    def end() -> None:
        # Who asks twice does not want to wait.
        (at_once if asked.is_set() else asked).set()

    def end_now() -> None:
        asked.set()
        at_once.set()

    async with relaying(settings) as relay:
        loop = asyncio.get_running_loop()
        actions = {"SIGTERM": end, "SIGINT": end_now, "SIGHUP": relay.read_again}
        for name, action in actions.items():
            # Windows has no such handlers; there Ctrl-C cancels this task.
            with contextlib.suppress(NotImplementedError, AttributeError):
                loop.add_signal_handler(getattr(signal, name), action)
        # What was loaded stays: collecting is for what calls make.
        gc.collect()
        gc.freeze()
        fields: dict[str, Any] = {
            "version": version("presence"),
            "port": relay.port,
            "workers": settings.workers,
        }
        if relay.metrics_port is not None:
            fields["metrics_port"] = relay.metrics_port
        tell(log, logging.INFO, "relaying", "people can come", **fields)
        announce(relay)
        idle = asyncio.create_task(_end_when_idle(relay.staff, settings.idle_s, end_now))
        await asked.wait()
        idle.cancel()
        if settings.drain_s and not at_once.is_set():
            draining = asyncio.create_task(relay.drain(settings.drain_s))
            hurried = asyncio.create_task(at_once.wait())
            await asyncio.wait([draining, hurried], return_when=asyncio.FIRST_COMPLETED)
            for task in (draining, hurried):
                task.cancel()
            await asyncio.gather(draining, hurried, return_exceptions=True)
        tell(log, logging.INFO, "ending", "the relay says goodbye and ends")
