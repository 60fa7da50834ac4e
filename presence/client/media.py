"""The media process: a participant's senses and connections, on one event loop.

It joins a room, samples the source at a steady rate, sends, and hears the others, until it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from presence.client.account import STATUS_SECONDS, Account
from presence.client.cadence import Cadence
from presence.client.company import Company
from presence.client.controls import Controls
from presence.client.conversation import Conversation, open_conversation
from presence.client.device import default_device_file, device_key
from presence.client.exchange import Exchange
from presence.client.invitations import Inviter, link_by_code
from presence.client.keys import reading_keys
from presence.client.logs import (
    About,
    captured_columns,
    prefixed,
    received_columns,
    save_log,
)
from presence.client.loudness import LoudnessBook
from presence.client.own_tracking import live_source
from presence.client.preparing import prepare_loops
from presence.client.records import Record, Seated, Spoke, VoicePacket
from presence.client.roster import Roster
from presence.client.sending import Sender
from presence.client.settings import Settings
from presence.client.sources import make_source, retold
from presence.client.status import Status
from presence.client.trust import Trust
from presence.client.view_process import ViewProcess, view_process
from presence.clock import SECOND, MonotonicClock
from presence.errors import HeadsetError, PresenceError
from presence.tracking.live import LiveSource
from presence.tracking.source import Source
from presence.transport.link import LinkStats
from presence.transport.signalling import SignallingClient
from presence.transport.ways import WayFinder
from presence.transport.websocket_carrier import HostLine
from presence.wire.identity import OwnIdentity, RoomSecret
from presence.wire.link import RoomLink, parse_link
from presence.wire.signalling import Join

PROFILE_SECONDS = 2.0
"""How often the profile is said again, for whoever missed it and its request; and who is here, for
a view that was too slow to take it."""
_LOOK_AT_VIEW_SECONDS = 0.2
_FIRST_VIEW_WAIT_S, _LAST_VIEW_WAIT_S = 1.0, 15.0
"""Before a view that was lost is begun again; twice as long each time that it is lost at once."""


class Media:
    """One participant in a room. State: the others, once joined; and logs, for a report."""

    def __init__(self, settings: Settings, view: ViewProcess | None) -> None:
        """Take part as the settings say; ``view`` is told what the others do."""
        self.settings = settings
        self.exchange: Exchange | None = None
        """What goes between the others and this one, once joined."""
        self.company: Company | None = None
        """The others, once joined."""
        self._view = view
        self._conversation: Conversation | None = None
        self._controls: Controls | None = None
        self._live: LiveSource | None = None
        self._clock = settings.clock
        self._machine = MonotonicClock()
        # Only for a report: an hour of rows is hundreds of megabytes.
        self._captured = captured_columns() if settings.log_directory else None
        self._received = received_columns() if settings.log_directory else None
        self._cadence = Cadence(settings.rate, self._machine.now_ns())
        self._epoch_ns = settings.epoch_ns or self._clock.now_ns()

    @property
    def links(self) -> list[LinkStats]:
        """How each link that is up is doing."""
        return self.exchange.mesh.stats() if self.exchange is not None else []

    @property
    def queued_ages_ns(self) -> list[int]:
        """How long what has waited longest for each link that is up has waited."""
        return self.exchange.mesh.queued_ages_ns() if self.exchange is not None else []

    async def run(self, ended: asyncio.Event, on_status: Callable[[Status], None]) -> None:
        """Be in the room until ``ended``.

        Raises:
            PresenceError: the room cannot be joined, the view ended in an error, or a source
                cannot be used.
        """
        settings = self.settings
        on_status(Status(name=settings.name, phase="joining"))
        link = parse_link(settings.link)
        if settings.code is not None:
            link = await link_by_code(link, settings.code, settings.name)
        own = OwnIdentity(
            device_key(Path(settings.device) if settings.device else None),
            X25519PrivateKey.generate(),
            RoomSecret.of(link),
        )
        join = Join(
            name=settings.name,
            look=settings.seed,
            seat=settings.seat,
            identity=own.introduce(settings.name, settings.seed),
            carriers=(*settings.carriers, "websocket"),
        )
        # A file is read before joining: a faulty one is nobody else's business, and a long one
        # takes seconds in which the host would hear nothing.
        file = make_source(settings, 0, self._epoch_ns) if settings.source == "file" else None
        try:
            async with SignallingClient.connect(link, join) as signalling:
                source = file or await self._source(signalling.welcome.seat, on_status)
                gc.collect()
                gc.freeze()
                with retold(source, settings.vmc_out) as source:
                    await self._take_part(link, signalling, source, own, ended, on_status)
        finally:
            if self._live is not None:
                self._live.close()

    async def _take_part(
        self,
        link: RoomLink,
        signalling: SignallingClient,
        source: Source,
        own: OwnIdentity,
        ended: asyncio.Event,
        on_status: Callable[[Status], None],
    ) -> None:
        """Be among the others until ``ended``, and leave nothing behind."""
        settings, machine = self.settings, self._machine
        trust, line = Trust(own), HostLine(link, machine)
        ways = WayFinder(settings.path, line=line)
        inviter = Inviter(link) if settings.invite else None
        stream = signalling.welcome.stream
        sender = Sender(stream, source, self._clock, self._captured, seal=trust.seal)
        exchange = Exchange(
            sender,
            trust,
            machine,
            self._clock,
            self._tell,
            self._received,
            listen=self._listen,
        )
        company = Company(
            settings,
            exchange,
            signalling,
            machine,
            ways=ways,
            line=line,
            inviter=inviter,
            looks=self._view is not None,
            tell=self._tell,
        )
        account = Account(
            settings, exchange, company.roster, self._cadence, inviter=inviter, view=self._view
        )
        account.tracking = self._live
        try:
            self._conversation = await self._converse(
                exchange, account, company.roster, signalling.welcome.seat
            )
            await company.welcome(signalling.welcome)
            self.exchange, self.company = exchange, company
            await self._work(exchange, company, account, ended, on_status)
        finally:
            if self._conversation is not None:
                self._conversation.close()
            self._save(stream=sender.stream, seat=company.seat, carriers=account.carriers)
            await company.close()
            await ways.close()
            await line.close()

    async def _work(
        self,
        exchange: Exchange,
        company: Company,
        account: Account,
        ended: asyncio.Event,
        on_status: Callable[[Status], None],
    ) -> None:
        """Do everything at once until the first part of it ends; its error, if any, rises."""
        work = [
            asyncio.create_task(part)
            for part in (
                self._until_ended(ended),
                *company.work(),
                self._send_steadily(exchange),
                self._say_profile(exchange),
                self._report(account, on_status),
                self._watch_view(exchange, company, account),
            )
        ]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            on_status(msgspec.structs.replace(account.status(), phase="leaving"))
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    def press(self, key: str) -> None:
        """A key of the terminal was pressed."""
        if self._controls is not None:
            self._controls.press(key)

    async def _source(self, seat: int, on_status: Callable[[Status], None]) -> Source:
        settings = self.settings
        if not settings.sensors:
            return make_source(settings, seat, self._epoch_ns)

        def say(sentence: str) -> None:
            on_status(Status(name=settings.name, phase="joining", note=sentence))

        self._live = await live_source(settings, self._view, self._clock, say)
        return self._live

    def _tell(self, record: Record) -> None:
        if self._view is not None:
            self._view.tell(record)
        if self._conversation is not None:
            self._conversation.hear(record)

    def _listen(self, packet: VoicePacket) -> None:
        if self._conversation is not None:
            self._conversation.hear(packet)

    async def _converse(
        self, exchange: Exchange, account: Account, roster: Roster, seat: int
    ) -> Conversation | None:
        """Begin to speak and hear, as far as the settings want it; None: neither.

        Raises:
            SoundError: a device that was named is not there.
            SourceError: a file cannot be used.
            UsageError: a performer cannot speak here.
        """
        settings = self.settings
        if not settings.speaks and not settings.listens:
            return None

        def tell(spoken: Sequence[Spoke]) -> None:
            account.spoke(spoken)
            if self._view is not None:
                for spoke in spoken:
                    self._view.tell(spoke)

        conversation = await asyncio.to_thread(
            open_conversation,
            settings,
            self._view,
            seat=seat,
            epoch_ns=self._epoch_ns,
            loop=asyncio.get_running_loop(),
            say=lambda said: exchange.speak(said.opus, said.capture_ns),
            tell=tell,
            note=account.note,
        )
        if conversation is not None:
            account.conversation = conversation
            conversation.start()
            device = Path(settings.device) if settings.device else default_device_file()
            book = LoudnessBook(device.with_name("loudness.json"))
            account.controls = self._controls = Controls(conversation, roster, book)
        return conversation

    # -- what goes on at the same time -------------------------------------------------------------

    async def _until_ended(self, ended: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), self.settings.duration_s)

    async def _send_steadily(self, exchange: Exchange) -> None:
        cadence = self._cadence
        while True:
            await asyncio.sleep(max(0, cadence.next_due_ns() - self._machine.now_ns()) / SECOND)
            if cadence.woke(self._machine.now_ns()):
                exchange.send(self._machine.now_ns())

    async def _say_profile(self, exchange: Exchange) -> None:
        while True:
            await asyncio.sleep(PROFILE_SECONDS)
            exchange.say_profile(self._machine.now_ns())

    async def _report(self, account: Account, on_status: Callable[[Status], None]) -> None:
        while True:
            if account.controls is not None:
                account.controls.remember()
            on_status(account.status())
            await asyncio.sleep(STATUS_SECONDS)

    async def _watch_view(self, exchange: Exchange, company: Company, account: Account) -> None:
        """Return when the person closed the view; without a view, never.

        A view that was there and is lost, with its headset or by itself, is begun again, and the
        call goes on meanwhile.

        Raises:
            PresenceError: the view failed before it showed anything.
        """
        view, wait_s = self._view, _FIRST_VIEW_WAIT_S
        while view is None:
            await asyncio.sleep(_LOOK_AT_VIEW_SECONDS)
        while True:
            await asyncio.sleep(_LOOK_AT_VIEW_SECONDS)
            if account.view_problem and view.exit_code is None and view.status() is not None:
                account.view_problem, wait_s = "", _FIRST_VIEW_WAIT_S
            try:
                if view.closed():
                    return
                continue
            except PresenceError as error:
                if not account.view_problem and view.status() is None:
                    raise
                account.view_problem = f"{error}; it is begun again"
            await asyncio.sleep(wait_s)
            wait_s = min(2.0 * wait_s, _LAST_VIEW_WAIT_S)
            try:
                await asyncio.to_thread(view.restart)
            except HeadsetError as error:
                account.view_problem = str(error)
                continue
            self._tell(Seated(company.seat))
            exchange.receiver.introduce_all()

    def _save(self, *, stream: int, seat: int, carriers: dict[int, str]) -> None:
        directory, captured, received = (
            self.settings.log_directory,
            self._captured,
            self._received,
        )
        if directory is None or captured is None or received is None:
            return
        about = About(
            settings=self.settings,
            stream=stream,
            seat=seat,
            epoch_ns=self._epoch_ns,
            peers={str(other): carrier for other, carrier in carriers.items()},
            sound_from_ns=self._conversation.sound_from_ns if self._conversation else None,
        )
        save_log(
            Path(directory),
            self.settings.name,
            about,
            **prefixed("captured", captured),
            **prefixed("received", received),
        )


def take_part(
    settings: Settings, on_status: Callable[[Status], None], *, keys: bool = False
) -> None:
    """Be in a room until Ctrl-C, SIGTERM, the settings' duration, or until the view is closed.

    The settings are such as :meth:`Settings.check` lets pass. With ``keys`` those of the terminal
    are heeded: see :mod:`presence.client.controls`.

    Raises:
        PresenceError: as :meth:`Media.run` says.
    """
    # Before joining: in the call the others would wait, and the loop stand still.
    prepare_loops(lambda words: on_status(Status(name=settings.name, phase="joining", note=words)))
    with contextlib.ExitStack() as stack:
        view = None if settings.view == "none" else stack.enter_context(view_process(settings))
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_take_part(settings, view, on_status, keys=keys))


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The loop of uvloop where there is one: it reads all waiting datagrams at once, for less."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _take_part(
    settings: Settings,
    view: ViewProcess | None,
    on_status: Callable[[Status], None],
    *,
    keys: bool,
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    media = Media(settings, view)
    with reading_keys(media.press) if keys else contextlib.nullcontext():
        await media.run(ended, on_status)
