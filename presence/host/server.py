"""Running a host: from a free port to a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import uvicorn

from presence.clock import MonotonicClock
from presence.errors import HostError
from presence.host.address import reachable_address
from presence.host.app import make_app
from presence.host.doorman import Doorman
from presence.host.kept_key import RESUME_KEY, kept_key
from presence.host.kept_places import KeptPlaces
from presence.host.link_file import link_written
from presence.host.reception import Reception
from presence.host.relay_desk import RelayDesk
from presence.host.room_relay import OwnRelay, make_relay, relay_key, why_no_relay
from presence.host.settings import HostSettings
from presence.transport.listening import listen
from presence.wire.link import RoomLink
from presence.wire.signalling import MESSAGE_LIMIT

_SHUTDOWN_S = 1
"""Seconds that connections get to end."""
_HTTP_CONNECTIONS = 256

_log = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """A server that leaves signals, and the door if there is TLS, to whoever runs it."""

    def make_protocol(self) -> asyncio.Protocol:
        """What serves one connection, as uvicorn itself makes it."""
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def hosting(
    settings: HostSettings, report: Callable[[str], None] = _log.info
) -> AsyncIterator[RoomLink]:
    """Host a room within the block, on this event loop; gives the room's link.

    Args:
        settings: Where, and which room.
        report: Takes a line about each person who comes or goes.

    Raises:
        UsageError: an address that is none.
        HostError: the port cannot be had.
    """
    certificate = settings.certificate
    listening = listen(settings.bind, settings.port, "presence host")
    with contextlib.closing(listening):
        link = RoomLink(
            host=settings.address or reachable_address(settings.bind),
            port=listening.getsockname()[1],
            room=settings.room or secrets.token_urlsafe(9),
            secret=settings.secret or secrets.token_urlsafe(16),
            tls=certificate is not None and not certificate.own,
            pin=(certificate.pin or "") if certificate is not None else "",
        )
        relay = make_relay(settings, link)
        desk = RelayDesk(
            link.room,
            relay_key(),
            relay,
            settings.relay_above,
            now_s=_wall_clock_s,
            report=report,
            why_none=why_no_relay(settings),
        )
        reception = Reception(
            link.room,
            settings.limits,
            MonotonicClock(),
            report,
            resume_key=kept_key(RESUME_KEY),
            places=KeptPlaces(link.room),
            reopened=settings.room is not None,
            ice_servers=lambda user: settings.ice.servers(user, _wall_clock_s()),
            relay=desk,
        )
        server = _Server(
            uvicorn.Config(
                make_app(reception),
                lifespan="off",
                ws="websockets-sansio",
                ws_max_size=MESSAGE_LIMIT,
                ws_ping_interval=None,  # Signalling has its own heartbeat.
                ws_per_message_deflate=False,  # A small message must not unfold into a large one.
                limit_concurrency=_HTTP_CONNECTIONS,
                timeout_graceful_shutdown=_SHUTDOWN_S,
                server_header=False,
                log_config=None,
                access_log=False,
                # At lower levels it prints tracebacks of what hostile peers sent.
                log_level="critical",
            )
        )
        # With TLS the door is kept by somebody who tells apart what people speak.
        sockets = [] if certificate is not None else [listening]
        serving = asyncio.create_task(server.serve(sockets))
        door: asyncio.Task[None] | None = None
        keeping = asyncio.gather(reception.keep_time(), desk.keep())
        try:
            while not server.started:
                if serving.done():
                    await serving
                    raise HostError("the host ended before it began; try again")
                await asyncio.sleep(0.01)
            if certificate is not None:
                doorman = Doorman(
                    listening, certificate.context, server.make_protocol, plain=certificate.own
                )
                door = asyncio.create_task(doorman.work())
            yield link
        finally:
            keeping.cancel()
            if door is not None:
                door.cancel()
                await asyncio.gather(door, return_exceptions=True)
            empty = not reception.people
            server.should_exit = True
            await asyncio.gather(serving, keeping, return_exceptions=True)
            if isinstance(relay, OwnRelay):
                relay.close(at_once=empty)


def _wall_clock_s() -> int:
    """Seconds since 1970, which TURN servers and relays compare with their own."""
    return int(time.time())


def run_host(
    settings: HostSettings,
    *,
    announce: Callable[[RoomLink], None],
    report: Callable[[str], None] = _log.info,
    link_file: Path | None = None,
) -> None:
    """Host a room until Ctrl-C or SIGTERM.

    Args:
        settings: Where, and which room.
        announce: Takes the room's link, once people can come.
        report: Takes a line about each person who comes or goes.
        link_file: Where to write the link for other programs; removed at the end.

    Raises:
        UsageError: an address or a file that cannot be.
        HostError: the port cannot be had.
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_host(settings, announce, report, link_file))


async def _host(
    settings: HostSettings,
    announce: Callable[[RoomLink], None],
    report: Callable[[str], None],
    link_file: Path | None,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl-C cancels this task.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with hosting(settings, report) as link:
        with contextlib.ExitStack() as stack:
            if link_file is not None:
                stack.enter_context(link_written(link, link_file))
            announce(link)
            await stop.wait()
