"""A relay that is one of several: it sends people to where their room is, and links rooms.

Rooms stay at one relay as long as that takes people, and span several then. A relay that drains has
its people go over to the others, one after another, each before it leaves; whoever comes to a room
that is elsewhere as well is let in only once the room is linked, so that nobody is unheard.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections.abc import Mapping

from presence.clock import SECOND, Clock
from presence.relay.account import Account
from presence.relay.admission import Admission
from presence.relay.bus import Bus, BusSettings, TrunkAnswer, TrunkOffer
from presence.relay.door import Welcome
from presence.relay.house import House
from presence.relay.limits import RelayLimits
from presence.relay.logs import tell
from presence.relay.refusal import ELSEWHERE, RefusalError
from presence.relay.registry import Card, Registry, room_key
from presence.relay.trunks import Trunks

LINK_S = 1.5
"""For so long somebody waits at the door for their room to be linked."""
LOOK_S = 1.0
"""How often it is looked whether all rooms are linked."""
MOVE_S = 0.1
"""How often somebody is asked to go over, while this relay drains,"""
MOVE_SHARE = 50
"""and what share of all who are here: so it takes five seconds, however many they are."""
ASK_AGAIN_NS = 4 * SECOND

log = logging.getLogger(__name__)


class Node:
    """One relay of a cluster. State: what it knows of the others, and the trunks to them."""

    def __init__(
        self,
        house: House,
        settings: BusSettings,
        limits: RelayLimits,
        clock: Clock,
        url: str,
    ) -> None:
        """To be made on the event loop that carries it.

        Args:
            house: This relay's own rooms.
            settings: How the bus is reached.
            limits: How many people it takes.
            clock: Passes.
            url: Where people who are sent here come.
        """
        self.name = f"{socket.gethostname().partition('.')[0]}-{secrets.token_hex(4)}"
        self.house = house
        self._limits = limits
        self._clock = clock
        self._url = url
        self._registry = Registry(self.name)
        self._bus = Bus(
            settings,
            self._registry,
            clock,
            card=self._card,
            rooms=self._room_keys,
            on_offer=self._answer,
        )
        self._trunks = Trunks(self.name, house.hall, house.port, self._bus.offer_trunk, clock)
        self._asked: dict[tuple[str, int], int] = {}
        """Who was asked to go over, and when."""
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connected(self) -> bool:
        """Whether the bus is there."""
        return self._bus.connected

    @property
    def others(self) -> int:
        """How many other relays run."""
        return len(self._registry.nodes(self._clock.now_ns()))

    @property
    def trunks(self) -> int:
        """How many links of rooms to other relays there are."""
        return sum(len(room.trunks) for room in self.house.hall.rooms.values())

    async def begin(self) -> None:
        """Join the cluster.

        Raises:
            UsageError: a file cannot be used, or nats-py is not installed.
            HostError: the bus is not there, or does not let this relay in.
        """
        await self._bus.begin()
        self._tasks = [asyncio.create_task(self._link()), asyncio.create_task(self._move())]

    async def connect(self, admission: Admission, sdp: str, welcome: Welcome) -> None:
        """See :class:`presence.relay.door.Rooms`."""
        hall, room, now_ns = self.house.hall, admission.room, self._clock.now_ns()
        here = room in hall.rooms
        if not (here and admission.stream in hall.rooms[room].members) or hall.draining:
            takes = self._card().open and not (here and hall.rooms[room].full)
            card = self._registry.elsewhere(
                room_key(room), here=here, open_here=takes, now_ns=now_ns
            )
            if card is not None:
                raise RefusalError("elsewhere", ELSEWHERE, url=card.url)
        if not here:
            hall.check_place(room, admission.stream)
        with hall.held(room):
            if not here:
                await self._bus.say()
            await self._link_room(room, LINK_S)
            await self.house.connect(admission, sdp, welcome)
        await self._bus.say()

    def why_not_ready(self) -> str | None:
        """See :class:`presence.relay.door.Rooms`."""
        return self.house.why_not_ready()

    @property
    def accounts(self) -> Mapping[int, Account | None]:
        """How this process is."""
        return self.house.accounts

    @property
    def restarts(self) -> Mapping[int, int]:
        """None: this process carries its rooms itself."""
        return self.house.restarts

    @property
    def people(self) -> int:
        """In all rooms here."""
        return self.house.people

    def drain(self) -> None:
        """Open no more rooms, and have everybody go over to the others."""
        self.house.drain()

    async def close(self) -> None:
        """Say goodbye to everybody, leave the cluster, and end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._bus.close()
        await self.house.close()
        await self._trunks.close()

    def _card(self) -> Card:
        hall = self.house.hall
        return Card(self.name, self._url, hall.people, self._limits.people, hall.draining)

    def _room_keys(self) -> frozenset[str]:
        return frozenset(room_key(name) for name in self.house.hall.rooms)

    async def _answer(self, offer: TrunkOffer) -> TrunkAnswer:
        # On the bus a room has its key; here it has its name.
        name = next((n for n in self.house.hall.rooms if room_key(n) == offer.room), None)
        return TrunkAnswer() if name is None else await self._trunks.answer(name, offer)

    async def _link_room(self, room: str, within_s: float) -> None:
        partners = self._registry.partners(room_key(room), self._clock.now_ns())
        await self._trunks.reach(room, [card.node for card in partners], within_s)

    async def _link(self) -> None:
        """Have trunks to wherever else the rooms are, and again when one was lost."""
        while True:
            await asyncio.sleep(LOOK_S)
            rooms = list(self.house.hall.rooms)
            await asyncio.gather(*(self._link_room(room, 0.0) for room in rooms))

    async def _move(self) -> None:
        """Ask those who are here to go over, while this relay drains and another takes them."""
        hall = self.house.hall
        while True:
            await asyncio.sleep(MOVE_S)
            now_ns = self._clock.now_ns()
            if not hall.draining or not any(c.open for c in self._registry.nodes(now_ns).values()):
                continue
            here = [(name, stream) for name, room in hall.rooms.items() for stream in room.members]
            due = [
                one for one in here if now_ns - self._asked.get(one, -ASK_AGAIN_NS) >= ASK_AGAIN_NS
            ]
            for name, stream in due[: 1 + len(here) // MOVE_SHARE]:
                self._asked[name, stream] = now_ns
                hall.rooms[name].ask_to_move(stream, now_ns)
            if here:
                tell(log, logging.DEBUG, "moving", "people are going over", people=len(here))
