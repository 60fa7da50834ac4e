"""The links to all others: straight to each in rooms of up to five, above that by a relay.

When a room grows, everybody goes over to the relay beside the straight links there are, and a
straight link ends once both its ends hear one another by the relay: so nobody is not heard
meanwhile. When a room shrinks, or the relay is lost, straight links come back the same way.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass

from presence.clock import MILLISECOND, SECOND, Clock
from presence.transport.ice import local_addresses
from presence.transport.keeper import (
    Attempt,
    DescriptionKind,
    Keeper,
    MakeLink,
    SendDescription,
)
from presence.transport.link import TICK_NS, Link, LinkEnd, LinkStats, Seals
from presence.transport.peer import CARRIERS, RtpMaker, relayed_rtp, straight_rtp
from presence.transport.relay_link import RELAY, RelayLink
from presence.transport.relay_way import RelayWay
from presence.transport.ways import WayFinder, Ways
from presence.wire.control import Control, HeardByRelay
from presence.wire.envelope import Envelope, encode_envelope

MESH_LIMIT = 5
"""Participants, at most, who are linked straight: each sends everything once to every other."""
ADDRESSES_S = 1.0
"""How often this machine's addresses are looked at."""
HEARD_NS = 500 * MILLISECOND
"""Who was heard by the relay within this time is heard by it."""
RELAY_PATIENCE_S = 3.0
"""Seconds that whoever comes into a room which goes by its relay tries that before straight links;
and for which somebody in it may not be heard."""
DEFER_S = 0.3
"""By how much later the one with the lower number looks for a straight link instead."""
STRAIGHT_S = 1.0
"""Seconds for which everybody must have been linked straight before the relay is left."""


@dataclass(slots=True)
class _Member:
    """Somebody in the room. State: whether and when they were heard by the relay."""

    offers: bool
    """Whether it is for this side to offer a straight link."""
    heard_s: float = float("-inf")
    moved: bool = False


class Mesh:
    """This participant's links. State: who is in the room, and keepers of links to them.

    Signalling drives it: who is in the room is told by :meth:`connect_to` (to a newcomer),
    :meth:`member_joined` and :meth:`member_left`; session descriptions come in by
    :meth:`description` and go out by ``send_description``. The newcomer of two always offers.

    Used within a running event loop; what it is given to call is called on that loop, and must not
    raise; ``send_description`` may raise a :class:`~presence.errors.PresenceError`.
    """

    def __init__(
        self,
        own_stream: int,
        clock: Clock,
        *,
        send_description: SendDescription,
        on_envelope: Callable[[Envelope, int], None],
        ways: WayFinder | None = None,
        on_link_up: Callable[[int], None] = lambda stream: None,
        on_link_down: Callable[[int, str], None] = lambda stream, reason: None,
        seals: Seals | None = None,
        carriers: Sequence[str] = CARRIERS,
        relay: RelayWay | None = None,
    ) -> None:
        """Nobody is in the room yet.

        Args:
            own_stream: This participant's number in the room.
            clock: Stamps arrivals.
            send_description: Awaited with a stream number, ``offer`` or ``answer``, and the
                session description to send to that participant through the host; False if the
                host cannot be told now, and the link is tried again later.
            on_envelope: Takes each envelope and when it arrived. Among them are
                control envelopes with requests, but not the pings of the links themselves.
            ways: Finds the ways by which links are sought; None: straight ones, without a server.
            on_link_up: Takes the number of whoever can be heard and spoken to from now on;
                :data:`~presence.transport.relay_link.RELAY` is everybody who comes to the relay.
            on_link_down: Takes the number of whoever cannot any more, and why. The link is being
                rebuilt, until :meth:`member_left`. Not called for links that the caller ends, nor
                for one that is replaced before it is lost: then ``on_link_up`` is called again.
            seals: What every :class:`Link` opens by, and seals its control messages.
            carriers: What may carry envelopes, of :data:`~presence.transport.peer.CARRIERS`.
            relay: Knows the way to the room's relay; None: there never is one.
        """
        self.own_stream = own_stream
        self._clock = clock
        self._send_description = send_description
        self._on_envelope = on_envelope
        self._carriers = carriers
        self._ways = ways or WayFinder()
        self._on_link_up = on_link_up
        self._on_link_down = on_link_down
        self._relay = relay
        self._members: dict[int, _Member] = {}
        self._keepers: dict[int, Keeper] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._began_s = self._straight_since_s = asyncio.get_running_loop().time()
        self._seals = seals
        self._control_numbers = itertools.count() if seals is None else seals.control_numbers
        self._loop = asyncio.get_running_loop()
        self._flush_due = False
        self._watching = [
            self._loop.create_task(self._tick()),
            self._loop.create_task(self._watch_addresses()),
        ]

    @property
    def links(self) -> dict[int, Link]:
        """The links that are up, by stream; that to the relay is everybody's who is there."""
        return {s: keeper.link for s, keeper in self._keepers.items() if keeper.link is not None}

    @property
    def relay(self) -> RelayLink | None:
        """The link to the relay, while there is one."""
        keeper = self._keepers.get(RELAY)
        return keeper.link if keeper is not None and isinstance(keeper.link, RelayLink) else None

    def link_to(self, stream: int) -> Link | None:
        """The link by which somebody is spoken to, if they can be: straight, or the relay's."""
        keeper = self._keepers.get(stream)
        return (keeper.link if keeper is not None else None) or self.relay

    def hears(self, stream: int) -> bool:
        """Whether there is a way to somebody: a straight link, or the relay, where they are."""
        keeper, relay = self._keepers.get(stream), self.relay
        straight = keeper is not None and keeper.link is not None
        return straight or (relay is not None and relay.hears(stream))

    @property
    def problems(self) -> dict[int, str]:
        """Of those whom the last attempt did not reach, why not."""
        problems = {s: str(keeper.problem) for s, keeper in self._keepers.items() if keeper.problem}
        by_relay = problems.pop(RELAY, self._relay.problem if self._relay is not None else "")
        for stream in self._members:
            if stream not in self._keepers and not self.hears(stream):
                problems[stream] = by_relay or (
                    f"the room is larger than the {MESH_LIMIT} people who can be linked straight"
                )
        return problems

    def connect_to(self, streams: Iterable[int]) -> None:
        """Offer a link to everyone who was in the room before this participant.

        Said again, as after the host was lost, it has those offered one to whom there is none.
        """
        for stream in streams:
            self._meet(stream, offers=True)

    def member_joined(self, stream: int) -> None:
        """Someone came after this participant, or came back, and will offer a link if need be."""
        self._meet(stream, offers=False)

    def member_left(self, stream: int) -> Coroutine[None, None, None]:
        """Someone is in the room no more, from now on: whoever comes next has their place.

        Returns:
            The closing of their link, if there is one, to be awaited or made a task.
        """
        self._members.pop(stream, None)
        relay = self.relay
        if relay is not None:
            relay.forget(stream)
        return self._close(self._keepers.pop(stream, None))

    def description(self, stream: int, kind: DescriptionKind, text: str) -> None:
        """The host passed on a session description; one from nobody in the room is ignored."""
        if stream in self._members and stream not in self._keepers and kind == "offer":
            # They may be unable to come to the relay.
            self._keep(stream, offers=False)
        keeper = self._keepers.get(stream)
        if keeper is not None:
            keeper.describe(kind, text)

    def relay_changed(self) -> None:
        """The host said something of the relay: begin to follow it at once."""
        self._move()

    def broadcast(self, envelope: Envelope) -> None:
        """Send to everyone who can be reached, encoded once; leaves before the loop sleeps again.

        Raises:
            ValueError: the envelope does not fit a bundle.
        """
        data = encode_envelope(envelope)
        for link in self.links.values():
            link.send_encoded(data, envelope)
        self._flush_soon()

    def send_to(self, stream: int, envelope: Envelope) -> None:
        """Send to one participant, if they can be reached.

        Raises:
            ValueError: the envelope does not fit a bundle.
        """
        link = self.link_to(stream)
        if link is not None:
            link.send(envelope)
            self._flush_soon()

    def send_control(self, stream: int, *messages: Control, urgent: bool = True) -> None:
        """Ask one participant for something, if they can be reached.

        What is not ``urgent`` leaves with whatever is sent to them next, and costs no datagram.
        """
        link = self.link_to(stream)
        if isinstance(link, RelayLink):
            for message in messages:
                link.ask(message)
        elif link is not None:
            link.send_control(*messages)
            if urgent:
                self._flush_soon()

    def keys_came(self, stream: int) -> None:
        """A participant's keys are more than before: open what waited for them."""
        links = self.links
        for one in (stream, RELAY):
            if one in links:
                links[one].keys_came()

    def stats(self) -> list[LinkStats]:
        """How each link that is up is doing."""
        return [link.stats() for link in self.links.values()]

    def queued_ages_ns(self) -> list[int]:
        """How long what has waited longest for each link that is up has waited."""
        return [link.queued_age_ns for link in self.links.values()]

    async def close(self) -> None:
        """Say goodbye to everyone and free everything."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        keepers = list(self._keepers.values())
        # Who describes a connection now is answered no more.
        self._members.clear()
        self._keepers.clear()
        await asyncio.gather(*(keeper.close() for keeper in keepers), *self._closing)

    @staticmethod
    async def _close(keeper: Keeper | None) -> None:
        if keeper is not None:
            await keeper.close()

    def _meet(self, stream: int, *, offers: bool) -> None:
        if stream == self.own_stream:
            return
        self._members[stream] = _Member(offers)
        if stream in self._keepers:
            self._keepers[stream].introduced(offers=offers)
        elif not self._by_relay:
            self._keep(stream, offers=offers)

    def _keep(self, stream: int, *, offers: bool) -> None:
        """Keep a straight link to somebody, if that is not one too many."""
        if not self._straight or len(self._keepers.keys() - {RELAY}) + 1 >= MESH_LIMIT:
            return
        self._begin_to_keep(
            stream,
            offers=offers,
            make_link=self._make_link,
            send_description=self._send_description,
            find_ways=self._ways.find,
        )

    def _begin_to_keep(
        self,
        stream: int,
        *,
        offers: bool,
        make_link: MakeLink,
        send_description: SendDescription,
        find_ways: Callable[[], Awaitable[Ways]],
        make_rtp: RtpMaker = straight_rtp,
    ) -> Keeper:
        keeper = self._keepers[stream] = Keeper(
            self.own_stream,
            stream,
            offers=offers,
            clock=self._clock,
            make_link=make_link,
            send_description=send_description,
            find_ways=find_ways,
            on_up=self._on_link_up,
            on_down=self._on_link_down,
            carriers=self._carriers,
            make_rtp=make_rtp,
        )
        return keeper

    def _make_link(self, stream: int, peer: Attempt, on_end: Callable[[LinkEnd], None]) -> Link:
        return Link(
            self.own_stream,
            stream,
            peer.carrier,
            self._clock,
            self._on_envelope,
            on_end,
            control_numbers=self._control_numbers,
            route=peer.route.kind if peer.route else "",
            seals=self._seals,
        )

    # -- the relay -------------------------------------------------------------------------------

    @property
    def _straight(self) -> bool:
        """Whether this participant may be linked to straight."""
        return self._ways.path != "relay"

    @property
    def _by_relay(self) -> bool:
        """Whether the others are to be reached by the relay."""
        return self._relay is not None and self._relay.wanted

    def _come_to(self, way: RelayWay) -> None:
        async def send(stream: int, kind: DescriptionKind, text: str) -> bool:
            keeper.describe("answer", await way.come(text))
            return True

        keeper = self._begin_to_keep(
            RELAY,
            offers=True,
            make_link=self._make_relay_link,
            send_description=send,
            find_ways=way.find,
            make_rtp=relayed_rtp,
        )

    def _make_relay_link(
        self, stream: int, peer: Attempt, on_end: Callable[[LinkEnd], None]
    ) -> Link:
        return RelayLink(
            self.own_stream,
            peer.carrier,
            self._clock,
            self._on_envelope,
            on_end,
            is_member=self._members.__contains__,
            on_move=self._relay_goes,
            control_numbers=self._control_numbers,
            route=peer.route.kind if peer.route else "",
            seals=self._seals,
        )

    def _relay_goes(self) -> None:
        # It may say so when it has just been left.
        keeper = self._keepers.get(RELAY)
        if keeper is not None:
            keeper.doubt("the relay is going")

    def _move(self) -> None:
        """Go over to the relay, or from it, as far as the others have come along."""
        way, now_s = self._relay, self._loop.time()
        if way is None:
            return
        if not self._by_relay:
            for stream, member in self._members.items():
                if stream not in self._keepers:
                    self._keep(stream, offers=member.offers)
            self._leave_relay(now_s)
            return
        if RELAY not in self._keepers:
            self._began_s = now_s
            self._come_to(way)
        self._straight_since_s = now_s
        for stream, member in self._members.items():
            self._move_one(stream, member, now_s)

    def _move_one(self, stream: int, member: _Member, now_s: float) -> None:
        relay, keeper = self.relay, self._keepers.get(stream)
        if relay is None or relay.suspect or not relay.hears(stream, HEARD_NS):
            # At first the relay gets its time; once it is lost, nobody waits.
            lost = member.moved and (relay is None or relay.suspect)
            patience_s = 0.0 if lost else RELAY_PATIENCE_S
            if self.own_stream < stream:
                patience_s += DEFER_S
            if keeper is None and now_s - max(self._began_s, member.heard_s) >= patience_s:
                self._keep(stream, offers=True)
            return
        member.heard_s, member.moved = now_s, True
        link = keeper.link if keeper is not None else None
        if link is not None:
            link.send_control(HeardByRelay())
            link.flush()
            told_ns = link.heard_by_relay_ns
            if told_ns is not None and self._clock.now_ns() - told_ns <= HEARD_NS:
                self._end(stream)
        elif keeper is not None and now_s - keeper.began_s >= RELAY_PATIENCE_S:
            self._end(stream)

    def _leave_relay(self, now_s: float) -> None:
        """Once everybody who is there is linked straight, the relay is of no more use."""
        if RELAY not in self._keepers:
            return
        links = self.links
        if any(stream not in links and self.hears(stream) for stream in self._members):
            self._straight_since_s = now_s
        elif now_s - self._straight_since_s >= STRAIGHT_S:
            self._end(RELAY)

    def _end(self, stream: int) -> None:
        task = self._loop.create_task(self._close(self._keepers.pop(stream)))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _flush_soon(self) -> None:
        # Not at once: what else is sent in this turn of the loop shares the datagram.
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_due = False
        for link in self.links.values():
            link.flush()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_NS / SECOND)
            for keeper in list(self._keepers.values()):
                keeper.tick()
            self._move()

    async def _watch_addresses(self) -> None:
        """A link over an address that this machine has lost is replaced at once."""
        known = local_addresses()
        while True:
            await asyncio.sleep(ADDRESSES_S)
            now = local_addresses()
            if now != known:
                gone, known = known - now, now
                for keeper in list(self._keepers.values()):
                    keeper.moved(gone)
