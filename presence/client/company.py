"""Who else is in the room: met, linked to, dressed, parted from; by the host's word, and by ear."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

from presence.client.exchange import Exchange
from presence.client.invitations import Inviter
from presence.client.records import Record, Seated
from presence.client.roster import Roster
from presence.client.settings import Settings
from presence.client.wanting import Wanting
from presence.client.wardrobe import Wardrobe
from presence.clock import Clock
from presence.errors import PresenceError
from presence.transport.mesh import Mesh
from presence.transport.relay_way import RelayWay
from presence.transport.signalling import SignallingClient
from presence.transport.ways import WayFinder
from presence.transport.websocket_carrier import HostLine
from presence.wire.signalling import (
    Description,
    IceServers,
    KeyPackage,
    KeyRequest,
    Member,
    MemberJoined,
    MemberLeft,
    NoRelay,
    Pairing,
    RelayPlace,
    Welcome,
)

log = logging.getLogger(__name__)

_INVITE_SECONDS = 0.5
_LOOK_FOR_GONE_SECONDS = 0.1
_ASK_FOR_LESS_SECONDS = 0.5
_SERVERS_LOOKED_AT_SECONDS = 10.0
ROOM_LIMIT = 100
"""How many people of a room a participant takes in at most, which is as many as a relay does."""


class Company:
    """The others, as one participant knows them. State: the roster, one's own seat, the mesh."""

    def __init__(
        self,
        settings: Settings,
        exchange: Exchange,
        signalling: SignallingClient,
        machine: Clock,
        *,
        ways: WayFinder,
        line: HostLine,
        inviter: Inviter | None,
        looks: bool,
        tell: Callable[[Record], None],
    ) -> None:
        """Nobody is known before :meth:`welcome`.

        Args:
            settings: the participant's.
            exchange: what goes between them.
            signalling: the host's word.
            machine: the clock of arrivals and deadlines.
            ways: how links are found.
            line: the way through the host.
            inviter: has a code by which others are let in.
            looks: whether anybody sees the others, so that they need bodies.
            tell: takes records of who is here.
        """
        self.roster = Roster(ROOM_LIMIT - 1)
        self.seat = 0
        self._settings = settings
        self._exchange = exchange
        self._signalling = signalling
        self._machine = machine
        self._ways = ways
        self._line = line
        self._inviter = inviter
        self._looks = looks
        self._tell = tell
        self._relay = RelayWay(ways, self._ask_relay)
        self._wardrobe = Wardrobe()
        self._tasks: set[asyncio.Task[None]] = set()
        self._linked = False

    async def close(self) -> None:
        """Say goodbye to everyone and free everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._linked:
            await self._exchange.mesh.close()

    def work(self) -> list[Coroutine[None, None, None]]:
        """What is to be run beside one another for as long as the call lasts."""
        return [
            self._follow_room(),
            self._say_keys(),
            self._keep_servers_fresh(),
            self._invite(),
            self._look_for_gone(),
            self._ask_for_less(),
        ]

    async def welcome(self, welcome: Welcome) -> None:
        """Take one's place; and again when the host was lost and found, or begun anew.

        The others are still heard then, so nothing ends that is well: who is listed is linked to
        who was known already, and who is not may be about to come back.
        """
        exchange, trust, now = self._exchange, self._exchange.trust, self._machine.now_ns()
        if self._linked and exchange.mesh.own_stream != welcome.stream:
            # The host could not tell who this is: to the others, another person came.
            self._linked = False
            await exchange.mesh.close()
        for stream in trust.changed(welcome.members):
            self._forget(stream)
        new_key = trust.welcome(welcome.stream, welcome.members, now)
        self._ways.use(welcome.ice_servers)
        self._line.token = welcome.carrier
        self.seat = welcome.seat
        self._tell(Seated(welcome.seat))
        exchange.sender.stream = welcome.stream
        if new_key:
            exchange.sender.new_key()
        if not self._linked:
            exchange.mesh = self._new_mesh(welcome.stream)
            self._linked = True
        believed = [member for member in welcome.members if trust.believes(member.stream)]
        before = self.roster.members
        for stream in self.roster.welcomed(believed):
            self._forget(stream)
        for member in believed:
            self._meet(member, before.get(member.stream))
        exchange.mesh.connect_to([member.stream for member in believed])
        exchange.say_about_keys()
        if self._ways.path == "relay":
            await self._relay.ask()

    async def _ask_relay(self) -> None:
        await self._signalling.ask_relay(alone=self._ways.path == "relay")

    def _new_mesh(self, stream: int) -> Mesh:
        return Mesh(
            stream,
            self._machine,
            send_description=self._signalling.send_description,
            ways=self._ways,
            on_envelope=self._exchange.hear,
            on_link_up=self._exchange.link_up,
            on_link_down=lambda stream, reason: log.info("link to %d down: %s", stream, reason),
            seals=self._exchange.trust,
            carriers=self._settings.carriers,
            relay=self._relay,
        )

    # -- what the host says, and is told -----------------------------------------------------------

    async def _follow_room(self) -> None:
        exchange = self._exchange
        async for message in self._signalling:
            match message:
                case Welcome():
                    await self.welcome(message)
                case MemberJoined(member=member):
                    self._came(member)
                case MemberLeft(stream=stream, reason=reason):
                    self._part(stream, reason)
                case IceServers(ice_servers=servers):
                    self._ways.use(servers)
                case RelayPlace():
                    self._relay.use(message)
                    exchange.mesh.relay_changed()
                case NoRelay(sentence=sentence):
                    self._relay.refuse(sentence)
                case Description(sender=sender, kind=kind, sdp=sdp):
                    exchange.mesh.description(sender, kind, sdp)
                case KeyPackage(sender=sender, box=box):
                    exchange.learn_key(sender, box)
                case KeyRequest(sender=sender):
                    exchange.learn_key(sender, None)
                case Pairing(sender=sender, box=box) if self._inviter is not None:
                    answer = self._inviter.receive(sender, box, self._machine.now_ns())
                    if answer is not None:
                        exchange.keys.put_nowait(answer)
            exchange.say_about_keys()

    async def _say_keys(self) -> None:
        """Send what there is to say about keys; what the host cannot take goes by links alone."""
        while True:
            await self._signalling.send(await self._exchange.keys.get())

    async def _keep_servers_fresh(self) -> None:
        """Ask for new credentials before those run out that links are made with."""
        while True:
            await asyncio.sleep(_SERVERS_LOOKED_AT_SECONDS)
            if self._ways.stale:
                await self._signalling.ask_ice_servers()

    async def _invite(self) -> None:
        """Keep a code good by which others can be let in."""
        while True:
            if self._inviter is not None:
                await self._inviter.renew(self._exchange.mesh.own_stream, self._machine.now_ns())
            await asyncio.sleep(_INVITE_SECONDS)

    # -- who comes and goes ------------------------------------------------------------------------

    def _came(self, member: Member) -> None:
        """Somebody came, or came back."""
        trust = self._exchange.trust
        for stream in trust.changed([member]):
            self._forget(stream)
        if not trust.came(member, self._machine.now_ns()):
            return
        before = self.roster.members.get(member.stream)
        for stream in self.roster.came(member):
            self._forget(stream)
        self._meet(member, before)
        self._exchange.mesh.member_joined(member.stream)

    def _meet(self, member: Member, before: Member | None) -> None:
        """Hear and dress somebody, who may have been there ``before``."""
        self._exchange.receiver.came(member.stream, member.name, member.seat)
        if self._looks and (before is None or before.look != member.look):
            self._spawn(self._dress(member))

    async def _dress(self, member: Member) -> None:
        try:
            path = await self._wardrobe.body(member.look)
        except PresenceError as error:
            log.warning("%s cannot be drawn: %s", member.name, error)
            return
        known = self.roster.members.get(member.stream)
        if known is not None and known.look == member.look:
            self._exchange.receiver.dress(member.stream, str(path))

    def _part(self, stream: int, reason: str) -> None:
        """Somebody went: at once who left on purpose; who was lost fades where they stood.

        The host may have lost somebody who is still heard: then they stay.
        """
        if self._inviter is not None:
            self._inviter.went(stream)
        if reason == "lost" and stream in self.roster:
            self.roster.lost(stream)
        else:
            self._forget(stream)

    async def _look_for_gone(self) -> None:
        """Forget who was lost, once they have faded."""
        receiver = self._exchange.receiver
        while True:
            await asyncio.sleep(_LOOK_FOR_GONE_SECONDS)
            linked, now = self._exchange.mesh.hears, self._machine.now_ns()
            for stream in self.roster.gone(now, linked, receiver.last_heard_ns):
                self._forget(stream)

    async def _ask_for_less(self) -> None:
        """Have a relay leave out what is of no use here."""
        wanting, voices = Wanting(), self._settings.listens
        while True:
            await asyncio.sleep(_ASK_FOR_LESS_SECONDS)
            relay = self._exchange.mesh.relay
            if relay is not None:
                seats = {stream: member.seat for stream, member in self.roster.members.items()}
                now_ns = self._machine.now_ns()
                for wants in wanting.due(relay, self.seat, seats, now_ns, voices=voices):
                    relay.say(wants)
                relay.flush()

    def _forget(self, stream: int) -> None:
        exchange = self._exchange
        exchange.trust.went(stream, self._machine.now_ns())
        self.roster.forget(stream)
        if self._linked:
            self._spawn(exchange.mesh.member_left(stream))
        exchange.sender.forget(stream)
        exchange.receiver.went(stream)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run something beside the rest; what it is must not be collected while it runs."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
