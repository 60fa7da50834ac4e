"""The media process: a participant's senses and connections, on one event loop.

It samples the source at a steady rate, encodes and broadcasts; hears the others and passes their
frames to the view; and follows the room's membership by the host's signalling.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from presence.client.cadence import Cadence
from presence.client.device import device_key
from presence.client.invitations import Inviter, link_by_code
from presence.client.logs import (
    About,
    captured_columns,
    prefixed,
    received_columns,
    save_log,
)
from presence.client.preparing import prepare_codec
from presence.client.receiving import Receiver
from presence.client.records import Record, Seated
from presence.client.roster import Roster
from presence.client.sending import Sender
from presence.client.settings import Settings
from presence.client.sources import make_source
from presence.client.status import PeerStatus, Status
from presence.client.trust import Trust
from presence.client.view_process import ViewProcess, view_process
from presence.client.wardrobe import Wardrobe
from presence.clock import SECOND, MonotonicClock
from presence.errors import HeadsetError, PresenceError, WireError
from presence.pose.proportions import default_proportions
from presence.pose.rigid import Rigid
from presence.tracking.head import HeadSource
from presence.tracking.source import Source
from presence.transport.link import LinkStats
from presence.transport.mesh import MESH_LIMIT, Mesh
from presence.transport.signalling import SignallingClient
from presence.transport.ways import WayFinder
from presence.transport.websocket_carrier import HostLine
from presence.wire.control import (
    Control,
    GoldenRequest,
    LossReport,
    ProfileRequest,
    RepairRequest,
    decode_control,
)
from presence.wire.envelope import Envelope, Kind
from presence.wire.identity import OwnIdentity, RoomSecret
from presence.wire.key_package import read_key_payload
from presence.wire.link import parse_link
from presence.wire.signalling import (
    Description,
    IceServers,
    Join,
    KeyPackage,
    KeyRequest,
    Member,
    MemberJoined,
    MemberLeft,
    Pairing,
    Welcome,
)

log = logging.getLogger(__name__)

STATUS_SECONDS = 0.5
PROFILE_SECONDS = 2.0
"""How often the profile is said again, for whoever missed it and its request; and who is here, for
a view that was too slow to take it."""
_LOOK_FOR_GONE_SECONDS = 0.1
_SERVERS_LOOKED_AT_SECONDS = 10.0
_HEAD_STALE_NS = SECOND // 2
_HEAD_WAIT_SECONDS = 30.0


class Media:
    """One participant in a room. State: the room's members, the links to them, and counters."""

    def __init__(self, settings: Settings, view: ViewProcess | None) -> None:
        """Take part as the settings say; ``view`` is told what the others do."""
        self.settings = settings
        self._clock = settings.clock
        self._machine = MonotonicClock()
        self._view = view
        self._wardrobe = Wardrobe()
        # Only for a report: an hour of rows is hundreds of megabytes.
        self._captured = captured_columns() if settings.log_directory else None
        self._received = received_columns() if settings.log_directory else None
        self._receiver = Receiver(
            self._clock,
            self._tell,
            self._ask,
            self._received,
            round_trip_ns=self._round_trip_ns,
        )
        self._roster = Roster(MESH_LIMIT - 1)
        self._trust: Trust | None = None
        self._keys: asyncio.Queue[KeyPackage | KeyRequest | Pairing] = asyncio.Queue()
        """What is to be said about keys, through the host."""
        self._inviter: Inviter | None = None
        self._mesh: Mesh | None = None
        self._line: HostLine | None = None
        self._ways = WayFinder(settings.path)
        self._sender: Sender | None = None
        self._seat = 0
        self._phase = "joining"
        self._carriers: dict[int, str] = {}
        self._said: dict[int, int] = {}
        self._bytes_said = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._cadence = Cadence(settings.rate, self._machine.now_ns())
        self._epoch_ns = settings.epoch_ns or self._clock.now_ns()

    async def run(self, ended: asyncio.Event, on_status: Callable[[Status], None]) -> None:
        """Be in the room until ``ended``.

        Raises:
            PresenceError: the room cannot be joined, the view ended in an error, or a source
                cannot be used.
        """
        settings = self.settings
        on_status(self._status())
        link = parse_link(settings.link)
        if settings.code is not None:
            link = await link_by_code(link, settings.code, settings.name)
        self._inviter = Inviter(link) if settings.invite else None
        self._line = HostLine(link, self._machine)
        self._ways = WayFinder(settings.path, line=self._line)
        own = OwnIdentity(
            device_key(Path(settings.device) if settings.device else None),
            X25519PrivateKey.generate(),
            RoomSecret.of(link),
        )
        self._trust = Trust(own)
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
        async with SignallingClient.connect(link, join) as signalling:
            source = file or await self._source(signalling.welcome.seat)
            gc.collect()
            gc.freeze()
            try:
                await self._welcome(signalling, signalling.welcome, source)
                await self._work(signalling, source, ended, on_status)
            finally:
                self._phase = "leaving"
                on_status(self._status())
                self._save()
                if self._mesh is not None:
                    await self._mesh.close()
                await self._ways.close()
                await self._line.close()

    async def _work(
        self,
        signalling: SignallingClient,
        source: Source,
        ended: asyncio.Event,
        on_status: Callable[[Status], None],
    ) -> None:
        """Do everything at once until the first part of it ends; its error, if any, rises."""
        work = [
            asyncio.create_task(part)
            for part in (
                self._until_ended(ended),
                self._follow_room(signalling, source),
                self._say_keys(signalling),
                self._keep_servers_fresh(signalling),
                self._invite(),
                self._send_steadily(),
                self._say_profile(),
                self._look_for_gone(),
                self._report(on_status),
                self._watch_view(),
            )
        ]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            rest = [*work, *self._tasks]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

    async def _until_ended(self, ended: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), self.settings.duration_s)

    async def _source(self, seat: int) -> Source:
        if self.settings.source != "headset":
            return make_source(self.settings, seat, self._epoch_ns)
        assert self._view is not None, "Settings.check asks for a headset's view"
        for _ in range(round(_HEAD_WAIT_SECONDS / 0.05)):
            tracked = self._view.head()
            if tracked is not None:
                # Whoever puts a headset on stands: the height of the eyes scales the rest.
                body = default_proportions()
                standing = max(0.5, float(tracked[0].translation[1]))
                return HeadSource(self._head, body.scaled(standing / body.eye_height))
            if self._check_view(self._view):
                break
            await asyncio.sleep(0.05)
        raise HeadsetError(
            f"the headset's position was not known within {_HEAD_WAIT_SECONDS:.0f} s; put it on, "
            "look round once, and join again"
        )

    def _head(self, now_ns: int) -> tuple[Rigid, int] | None:
        """The newest head, by this participant's clock; None when it is not tracked any more."""
        tracked = self._view.head() if self._view is not None else None
        if tracked is None:
            return None
        view, machine_ns = tracked
        tracked_ns = self._clock.from_machine_ns(machine_ns) // 1000 * 1000
        return (view, tracked_ns) if now_ns - tracked_ns < _HEAD_STALE_NS else None

    # -- the room --------------------------------------------------------------------------------

    async def _welcome(
        self, signalling: SignallingClient, welcome: Welcome, source: Source
    ) -> None:
        """Take one's place; and again when the host was lost and found, or begun anew.

        The others are still heard then, so nothing ends that is well: who is listed is linked to
        who was known already, and who is not may be about to come back.
        """
        if self._mesh is not None and self._mesh.own_stream != welcome.stream:
            # The host could not tell who this is: to the others, another person came.
            mesh, self._mesh = self._mesh, None
            await mesh.close()
        trust, now = self._trust, self._machine.now_ns()
        assert trust is not None, "run() makes it before joining"
        for stream in trust.changed(welcome.members):
            self._forget(stream)
        new_key = trust.welcome(welcome.stream, welcome.members, now)
        self._ways.use(welcome.ice_servers)
        if self._line is not None:
            self._line.token = welcome.carrier
        self._seat = welcome.seat
        self._tell(Seated(welcome.seat))
        if self._sender is None:
            self._sender = Sender(
                welcome.stream, source, self._clock, self._captured, seal=trust.seal
            )
        self._sender.stream = welcome.stream
        if new_key:
            self._sender.new_key()
        if self._mesh is None:
            self._mesh = Mesh(
                welcome.stream,
                self._machine,
                send_description=signalling.send_description,
                ways=self._ways,
                on_envelope=self._hear,
                on_link_up=self._link_up,
                on_link_down=lambda stream, reason: log.info("link to %d down: %s", stream, reason),
                seals=trust,
                carriers=self.settings.carriers,
            )
        believed = [member for member in welcome.members if trust.believes(member.stream)]
        before = self._roster.members
        for stream in self._roster.welcomed(believed):
            self._forget(stream)
        for member in believed:
            self._meet(member, before.get(member.stream))
        self._mesh.connect_to([member.stream for member in believed])
        self._phase = "in the call" if len(self._roster) else "waiting"
        self._queue_keys()

    async def _follow_room(self, signalling: SignallingClient, source: Source) -> None:
        async for message in signalling:
            match message:
                case Welcome():
                    await self._welcome(signalling, message, source)
                case MemberJoined(member=member):
                    self._came(member)
                case MemberLeft(stream=stream, reason=reason):
                    self._part(stream, reason)
                case IceServers(ice_servers=servers):
                    self._ways.use(servers)
                case Description(sender=sender, kind=kind, sdp=sdp):
                    if self._mesh is not None:
                        self._mesh.description(sender, kind, sdp)

                case KeyPackage(sender=sender, box=box):
                    self._learn_key(sender, box)
                case KeyRequest(sender=sender):
                    self._learn_key(sender, None)
                case Pairing(sender=sender, box=box) if self._inviter is not None:
                    answer = self._inviter.receive(sender, box, self._machine.now_ns())
                    if answer is not None:
                        self._keys.put_nowait(answer)
            self._queue_keys()

    async def _say_keys(self, signalling: SignallingClient) -> None:
        """Send what there is to say about keys; what the host cannot take goes by links alone."""
        while True:
            await signalling.send(await self._keys.get())

    def _queue_keys(self) -> None:
        """Say what there is to say about keys by both ways, for either may be down."""
        for message in self._trust.collect() if self._trust is not None else ():
            self._keys.put_nowait(message)
            if self._sender is not None and self._mesh is not None:
                said = self._sender.about_keys(message, self._machine.now_ns())
                self._mesh.send_to(message.to, said)

    async def _keep_servers_fresh(self, signalling: SignallingClient) -> None:
        """Ask for new credentials before those run out that links are made with."""
        while True:
            await asyncio.sleep(_SERVERS_LOOKED_AT_SECONDS)
            if self._ways.stale:
                await signalling.ask_ice_servers()

    def _came(self, member: Member) -> None:
        """Somebody came, or came back."""
        trust = self._trust
        if trust is None:
            return
        for stream in trust.changed([member]):
            self._forget(stream)
        if not trust.came(member, self._machine.now_ns()):
            return
        before = self._roster.members.get(member.stream)
        for stream in self._roster.came(member):
            self._forget(stream)
        self._meet(member, before)
        self._phase = "in the call"
        if self._mesh is not None:
            self._mesh.member_joined(member.stream)

    def _meet(self, member: Member, before: Member | None) -> None:
        """Hear and dress somebody, who may have been there ``before``."""
        self._receiver.came(member.stream, member.name, member.seat)
        if self._view is not None and (before is None or before.look != member.look):
            self._spawn(self._dress(member))

    async def _dress(self, member: Member) -> None:
        try:
            path = await self._wardrobe.body(member.look)
        except PresenceError as error:
            log.warning("%s cannot be drawn: %s", member.name, error)
            return
        known = self._roster.members.get(member.stream)
        if known is not None and known.look == member.look:
            self._receiver.dress(member.stream, str(path))

    def _part(self, stream: int, reason: str) -> None:
        """Somebody went: at once who left on purpose; who was lost fades where they stood.

        The host may have lost somebody who is still heard: then they stay.
        """
        if self._inviter is not None:
            self._inviter.went(stream)
        if reason == "lost" and stream in self._roster:
            self._roster.lost(stream)
        else:
            self._forget(stream)

    async def _look_for_gone(self) -> None:
        """Forget who was lost, once they have faded."""
        while True:
            await asyncio.sleep(_LOOK_FOR_GONE_SECONDS)
            links = self._mesh.links if self._mesh is not None else {}
            now = self._machine.now_ns()
            gone = self._roster.gone(now, links.__contains__, self._receiver.last_heard_ns)
            for stream in gone:
                self._forget(stream)

    def _forget(self, stream: int) -> None:
        if self._trust is not None:
            self._trust.went(stream, self._machine.now_ns())
        self._roster.forget(stream)
        if self._mesh is not None:
            self._spawn(self._mesh.member_left(stream))
        self._said.pop(stream, None)
        if self._sender is not None:
            self._sender.forget(stream)
        self._receiver.went(stream)
        if not len(self._roster) and self._phase == "in the call":
            self._phase = "waiting"

    def _link_up(self, stream: int) -> None:
        """A newcomer needs the measures first, then one golden frame."""
        if self._sender is not None and self._mesh is not None:
            now = self._machine.now_ns()
            if self._trust is not None and self._trust.link_up(stream):
                self._use_new_key(now)
            self._mesh.send_to(stream, self._sender.profile(now))
            self._sender.request_golden(now)

    def _use_new_key(self, now_ns: int) -> None:
        """Whoever knows only the newest key needs the measures and a golden sealed by it."""
        if self._sender is not None and self._mesh is not None:
            self._sender.new_key()
            self._mesh.broadcast(self._sender.profile(now_ns))

    def links(self) -> list[LinkStats]:
        """How each link that is up is doing."""
        return self._mesh.stats() if self._mesh is not None else []

    # -- the streams -----------------------------------------------------------------------------

    def _hear(self, envelope: Envelope, arrival_ns: int) -> None:
        if envelope.kind == Kind.KEY:
            self._hear_key(envelope)
            return
        if envelope.kind != Kind.CONTROL:
            self._receiver.hear(envelope, arrival_ns)
            return
        with contextlib.suppress(WireError):
            # Each once, however often it stands there: an envelope has room for hundreds.
            for message in dict.fromkeys(decode_control(envelope.core)):
                self._answer(envelope.stream, message)

    def _hear_key(self, envelope: Envelope) -> None:
        """Somebody says of keys what they also say through the host, which may be away."""
        with contextlib.suppress(WireError):
            to, box = read_key_payload(envelope.core)
            if self._sender is not None and to == self._sender.stream:
                self._learn_key(envelope.stream, box)

    def _learn_key(self, stream: int, box: bytes | None) -> None:
        """A member's key came, or their request for one's own."""
        if self._trust is None:
            return
        if box is None:
            self._trust.asked(stream, self._machine.now_ns())
            self._queue_keys()
        elif self._trust.package(stream, box) and self._mesh is not None:
            self._mesh.keys_came(stream)

    def _answer(self, stream: int, message: Control) -> None:
        sender, mesh = self._sender, self._mesh
        if sender is None or mesh is None:
            return
        now = self._machine.now_ns()
        match message:
            case GoldenRequest(asked) if asked == sender.stream:
                sender.request_golden(now)
            case RepairRequest(asked, missing, known) if asked == sender.stream:
                for envelope in sender.repair(stream, missing, known, now):
                    mesh.send_to(stream, envelope)
            case LossReport(asked) if asked == sender.stream:
                # The receiver cannot tell what got lost from what was never sent to it.
                link = mesh.links.get(stream)
                lost = link.loss if link is not None else None
                sender.loses(stream, message.share if lost is None else lost, now)
            case ProfileRequest(asked) if asked == sender.stream:
                mesh.send_to(stream, sender.profile(now))

    def _ask(self, stream: int, request: Control) -> None:
        if self._mesh is not None:
            urgent = not isinstance(request, LossReport)
            self._mesh.send_control(stream, request, urgent=urgent)

    def _round_trip_ns(self, stream: int) -> int | None:
        link = self._mesh.links.get(stream) if self._mesh is not None else None
        return link.round_trip_ns if link is not None else None

    def _tell(self, record: Record) -> None:
        if self._view is not None:
            self._view.tell(record)

    async def _send_steadily(self) -> None:
        cadence = self._cadence
        while True:
            await asyncio.sleep(max(0, cadence.next_due_ns() - self._machine.now_ns()) / SECOND)
            if not cadence.woke(self._machine.now_ns()):
                continue
            self._send(self._machine.now_ns())

    def _send(self, now_ns: int) -> None:
        """Send everyone what the person does now, and again what some may have lost."""
        sender, mesh = self._sender, self._mesh
        if sender is None or mesh is None:
            return
        if self._trust is not None:
            if self._trust.tick(now_ns):
                self._use_new_key(now_ns)
            self._queue_keys()
        envelope = sender.capture(now_ns)
        if envelope is None:
            return
        for stream, link in mesh.links.items():
            # On a path that is full, more of the same would only add to what gets lost.
            if link.ready:
                for again in sender.repeats(stream, now_ns):
                    link.send(again)
        mesh.broadcast(envelope)

    async def _say_profile(self) -> None:
        while True:
            await asyncio.sleep(PROFILE_SECONDS)
            self._receiver.introduce_all()
            if self._sender is not None and self._mesh is not None:
                self._mesh.broadcast(self._sender.profile(self._machine.now_ns()))

    # -- how it goes -----------------------------------------------------------------------------

    async def _invite(self) -> None:
        """Keep a code good by which others can be let in."""
        while True:
            if self._inviter is not None and self._mesh is not None:
                await self._inviter.renew(self._mesh.own_stream, self._machine.now_ns())
            await asyncio.sleep(STATUS_SECONDS)

    async def _report(self, on_status: Callable[[Status], None]) -> None:
        while True:
            on_status(self._status())
            await asyncio.sleep(STATUS_SECONDS)

    def _status(self) -> Status:
        peers = []
        links = {link.stream: link for link in self.links()}
        problems = self._mesh.problems if self._mesh else {}
        self._carriers |= {stream: link.carrier for stream, link in links.items()}
        for stream, member in sorted(self._roster.members.items()):
            link = links.get(stream)
            frames, received = self._receiver.heard(stream)
            before = self._said.get(stream, received)
            self._said[stream] = received
            trip = link.round_trip_ns if link else None
            peers.append(
                PeerStatus(
                    name=member.name,
                    carrier=link.carrier if link else problems.get(stream, "connecting …"),
                    round_trip_ms=None if trip is None else trip / 1e6,
                    kbps=(received - before) * 8 / STATUS_SECONDS / 1e3,
                    received=frames,
                )
            )
        refused = self._trust.refused.values() if self._trust is not None else ()
        peers += [PeerStatus(one.name, one.sentence, None, 0.0, 0) for one in refused]
        sent = self._sender.bytes_sent if self._sender else 0
        kbps = (sent - self._bytes_said) * 8 / STATUS_SECONDS / 1e3
        self._bytes_said = sent
        return Status(
            name=self.settings.name,
            phase=self._phase,
            kbps=kbps,
            peers=tuple(peers),
            view=self._view.status() if self._view else None,
            note=self._note(),
        )

    def _note(self) -> str:
        notes = []
        if self._trust is not None and self._trust.refused and self._phase == "waiting":
            notes.append("nobody here has your link: compare it with theirs, to the last letter")
        if self._inviter is not None:
            notes.append(self._inviter.note)
        if self._cadence.divisor != 1:
            rate = self.settings.rate // self._cadence.divisor
            notes.append(f"this machine is busy: sampling {rate} times a second")
        return "; ".join(filter(None, notes))

    async def _watch_view(self) -> None:
        """Return when the view was closed by the person; without a view, never."""
        while self._view is None or not self._check_view(self._view):
            await asyncio.sleep(0.2)

    @staticmethod
    def _check_view(view: ViewProcess) -> bool:
        """Whether the view was closed; raises PresenceError if it failed."""
        if view.exit_code:
            words = view.last_words or f"it ended with {view.exit_code}; see presence doctor"
            raise PresenceError(f"the view failed: {words}")
        return view.exit_code == 0

    def _save(self) -> None:
        directory, sender = self.settings.log_directory, self._sender
        captured, received = self._captured, self._received
        if directory is None or sender is None or captured is None or received is None:
            return
        about = About(
            settings=self.settings,
            stream=sender.stream,
            seat=self._seat,
            epoch_ns=self._epoch_ns,
            peers={str(stream): carrier for stream, carrier in self._carriers.items()},
        )
        save_log(
            Path(directory),
            self.settings.name,
            about,
            **prefixed("captured", captured),
            **prefixed("received", received),
        )

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run something beside the rest; what it is must not be collected while it runs."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def take_part(settings: Settings, on_status: Callable[[Status], None]) -> None:
    """Be in a room until Ctrl-C, SIGTERM, the settings' duration, or until the view is closed.

    The settings are such as :meth:`Settings.check` lets pass.

    Raises:
        PresenceError: as :meth:`Media.run` says.
    """
    # Before joining: in the call the others would wait, and the loop stand still.
    prepare_codec(lambda words: on_status(Status(name=settings.name, phase="joining", note=words)))
    with contextlib.ExitStack() as stack:
        view = None if settings.view == "none" else stack.enter_context(view_process(settings))
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_take_part(settings, view, on_status))


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The loop of uvloop where there is one: it reads all waiting datagrams at once, for less."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _take_part(
    settings: Settings, view: ViewProcess | None, on_status: Callable[[Status], None]
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await Media(settings, view).run(ended, on_status)
