"""NATS, as far as relays need it: who runs, which rooms are where, and offers of trunks.

What stays, the leases of rooms, is in a bucket of JetStream; the rest are messages. The bus may be
away for any time, and comes back with everything forgotten: then all of it is said anew. No media
go over it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from presence.clock import SECOND, Clock
from presence.errors import HostError, TransportError, UsageError
from presence.relay.logs import tell
from presence.relay.registry import BEAT_NS, LEASE_NS, Card, Registry

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js.kv import KeyValue

CONNECT_S = 5.0
REQUEST_S = 2.0
AGAIN_S = 1.0
"""After how long the bucket is sought again, once that failed."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BusSettings:
    """How a cluster's bus is reached."""

    servers: tuple[str, ...]
    """``nats://HOST:PORT``, or ``tls://``; with ``USER:PASSWORD@`` if those are not in a file."""
    cluster: str = "presence"
    """The cluster's name: several may share one bus."""
    credentials: Path | None = None
    """A file with user, colon and password in its first line; or NATS's own, with a JWT."""
    authority: Path | None = None
    """The certificate of whoever signed the servers' own; None: whom this machine trusts."""


class TrunkOffer(msgspec.Struct, frozen=True):
    """One relay would open a trunk of a room to another."""

    room: str
    """By :func:`~presence.relay.registry.room_key`."""
    node: str
    sdp: str


class TrunkAnswer(msgspec.Struct, frozen=True):
    """And the other's answer; without a description, no."""

    sdp: str = ""


class Bus:
    """State: the connection, and what is said again and again."""

    def __init__(
        self,
        settings: BusSettings,
        registry: Registry,
        clock: Clock,
        *,
        card: Callable[[], Card],
        rooms: Callable[[], frozenset[str]],
        on_offer: Callable[[TrunkOffer], Awaitable[TrunkAnswer]],
    ) -> None:
        """Not connected yet.

        Args:
            settings: How it is reached.
            registry: Is told what is heard.
            clock: Passes.
            card: What is to be said of this relay.
            rooms: The keys of the rooms that this relay has.
            on_offer: Answers an offer of a trunk.
        """
        self._settings = settings
        self._registry = registry
        self._clock = clock
        self._card = card
        self._rooms = rooms
        self._on_offer = on_offer
        self._node = card().node
        self._nats: Client | None = None
        self._bucket: KeyValue | None = None
        self._said: dict[str, int] = {}
        """When a lease was put last, by room."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    @property
    def connected(self) -> bool:
        """Whether it can be spoken over now."""
        return self._nats is not None and bool(self._nats.is_connected)

    async def begin(self) -> None:
        """Connect, and go on so until :meth:`close`.

        Raises:
            UsageError: a file cannot be used, or nats-py is not installed.
            HostError: the bus is not there, or does not let this relay in.
        """
        try:
            import nats
            from nats.errors import Error
        except ModuleNotFoundError:
            raise UsageError(
                '--cluster needs nats-py, which is not installed: pip install "presence[cluster]"'
            ) from None
        where = ", ".join(_without_password(server) for server in self._settings.servers)
        problems: list[str] = []

        async def on_error(error: Exception) -> None:
            problems.append(str(error) or type(error).__name__)
            log.debug("the bus: %r", error)

        async def on_loss() -> None:
            if not self._closing:
                tell(log, logging.WARNING, "bus_lost", "the bus is lost; calls go on without it")

        async def on_return() -> None:
            self._bucket = None
            self._said.clear()
            tell(log, logging.INFO, "bus_back", "the bus is back")

        try:
            async with asyncio.timeout(CONNECT_S):
                self._nats = await nats.connect(
                    list(self._settings.servers),
                    name=f"presence relay {self._node}",
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=1,
                    connect_timeout=2,
                    ping_interval=5,
                    error_cb=on_error,
                    disconnected_cb=on_loss,
                    reconnected_cb=on_return,
                    **self._secrets(),
                )
                await self._nats.subscribe(self._subject("node"), cb=self._heard)
                await self._nats.subscribe(self._subject("left"), cb=self._heard_leaving)
                await self._nats.subscribe(self._subject("trunk", self._node), cb=self._offered)
        except (TimeoutError, Error, OSError, ssl.SSLError) as error:
            why = "; ".join(dict.fromkeys(problems)) or str(error) or "no answer"
            if self._nats is not None:
                await self._nats.close()
            raise HostError(
                f"the cluster's bus at {where} cannot be used ({why}); check that nats-server runs "
                "there with JetStream, and --cluster-credentials and --cluster-ca"
            ) from None
        for work in (self._beat(), self._watch()):
            self._start(work)

    async def close(self) -> None:
        """Say that this relay is going, and disconnect."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._nats is None:
            return
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1.0):
                for room in list(self._said):
                    await self._forget(room)
                await self._nats.publish(self._subject("left"), self._node.encode())
                await self._nats.flush(1)
        with contextlib.suppress(Exception):
            await self._nats.close()

    async def say(self) -> None:
        """Say at once how this relay is, and which rooms are here, as when somebody just came."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(REQUEST_S):
                await self._say()

    async def offer_trunk(self, node: str, offer: TrunkOffer) -> TrunkAnswer:
        """Offer another relay a trunk.

        Raises:
            TransportError: it does not answer.
        """
        from nats.errors import Error

        if self._nats is None or not self.connected:
            raise TransportError("the cluster's bus is away")
        try:
            message = await self._nats.request(
                self._subject("trunk", node), msgspec.json.encode(offer), timeout=REQUEST_S
            )
            return msgspec.json.decode(message.data, type=TrunkAnswer)
        except (TimeoutError, Error, msgspec.DecodeError) as error:
            raise TransportError(f"relay {node} does not answer an offer: {error!r}") from None

    def _secrets(self) -> dict[str, Any]:
        """What is shown to the bus, and by what it is known.

        Raises:
            UsageError: a file cannot be used.
        """
        options: dict[str, Any] = {}
        authority, credentials = self._settings.authority, self._settings.credentials
        if authority is not None:
            try:
                options["tls"] = ssl.create_default_context(cafile=str(authority))
            except (OSError, ssl.SSLError) as error:
                raise UsageError(
                    f"--cluster-ca {authority} is no certificate in PEM: {error}"
                ) from None
        elif any(server.startswith("tls:") for server in self._settings.servers):
            options["tls"] = ssl.create_default_context()
        if credentials is None:
            return options
        try:
            text = credentials.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--cluster-credentials {credentials}: {error}") from None
        user, colon, password = text.partition("\n")[0].strip().partition(":")
        if "-----BEGIN NATS" in text:
            options["user_credentials"] = str(credentials)
        elif colon and user and password:
            options |= {"user": user, "password": password}
        else:
            raise UsageError(
                f"--cluster-credentials {credentials} holds neither USER:PASSWORD in its first "
                "line nor what nsc writes"
            )
        return options

    def _subject(self, *parts: str) -> str:
        return ".".join(("presence", self._settings.cluster, *parts))

    # -- what is heard ---------------------------------------------------------------------------

    async def _heard(self, message: Msg) -> None:
        with contextlib.suppress(msgspec.DecodeError):
            card = msgspec.json.decode(message.data, type=Card)
            self._registry.heard(card, self._clock.now_ns())

    async def _heard_leaving(self, message: Msg) -> None:
        self._registry.left(message.data.decode(errors="replace"))

    async def _offered(self, message: Msg) -> None:
        async def answer() -> None:
            answered = TrunkAnswer()
            with contextlib.suppress(msgspec.DecodeError):
                answered = await self._on_offer(msgspec.json.decode(message.data, type=TrunkOffer))
            with contextlib.suppress(Exception):
                await message.respond(msgspec.json.encode(answered))

        self._start(answer())

    # -- what goes on ----------------------------------------------------------------------------

    async def _beat(self) -> None:
        """Say that this relay runs, and which rooms it has."""
        while True:
            with contextlib.suppress(Exception):
                await self._say()
            await asyncio.sleep(BEAT_NS / SECOND)

    async def _say(self) -> None:
        if self.connected and self._nats is not None:
            await self._nats.publish(self._subject("node"), msgspec.json.encode(self._card()))
            await self._say_rooms()

    async def _say_rooms(self) -> None:
        bucket, now_ns = self._bucket, self._clock.now_ns()
        if bucket is None or not self.connected:
            return
        rooms = self._rooms()
        for room in rooms:
            if now_ns - self._said.get(room, -LEASE_NS) > LEASE_NS // 3:
                self._said[room] = now_ns
                await bucket.put(f"{room}.{self._node}", b"")
        for room in self._said.keys() - rooms:
            await self._forget(room)

    async def _forget(self, room: str) -> None:
        self._said.pop(room, None)
        if self._bucket is not None:
            await self._bucket.delete(f"{room}.{self._node}")

    async def _watch(self) -> None:
        """Follow which rooms are where, through whatever befalls the bus."""
        while True:
            try:
                await self._watch_bucket()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                # Whatever the library says, it is about a bus that is away or comes back.
                log.debug("which rooms are where is not known now: %r", error)
            self._bucket = None
            await asyncio.sleep(AGAIN_S)

    async def _watch_bucket(self) -> None:
        from nats.js.api import KeyValueConfig, StorageType
        from nats.js.errors import BadRequestError, NotFoundError

        if self._nats is None or not self.connected:
            return
        jetstream = self._nats.jetstream(timeout=REQUEST_S)
        name = f"presence-{self._settings.cluster}-rooms"
        try:
            bucket = await jetstream.key_value(name)
        except NotFoundError:
            config = KeyValueConfig(name, ttl=LEASE_NS / SECOND, storage=StorageType.MEMORY)
            try:
                bucket = await jetstream.create_key_value(config)
            except BadRequestError:
                bucket = await jetstream.key_value(name)  # Another was first.
        watcher = await bucket.watchall()
        try:
            self._bucket = bucket
            self._said.clear()
            await self._say_rooms()
            while self._bucket is bucket and self.connected:
                await self._follow(bucket, watcher)
        finally:
            with contextlib.suppress(Exception):
                await watcher.stop()  # type: ignore[no-untyped-call]

    async def _follow(self, bucket: KeyValue, watcher: KeyValue.KeyWatcher) -> None:
        try:
            entry = await watcher.updates(timeout=LEASE_NS / SECOND)  # type: ignore[no-untyped-call]
        except TimeoutError:
            # With a room of one's own there would have been an entry: look for the bucket.
            await bucket.status()
            return
        if entry is not None:
            self._noted(entry)

    def _noted(self, entry: KeyValue.Entry) -> None:
        room, _, node = entry.key.partition(".")
        if entry.operation in ("DEL", "PURGE"):
            self._registry.has_not(room, node)
        else:
            self._registry.has(room, node, entry.revision or 0, self._clock.now_ns())

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _without_password(server: str) -> str:
    parts = urlsplit(server)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
