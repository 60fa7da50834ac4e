"""A mesh: every participant linked straight to every other, for rooms of up to five."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterable, Sequence

from presence.clock import SECOND, Clock
from presence.errors import TransportError
from presence.transport.ice import local_addresses
from presence.transport.keeper import Attempt, DescriptionKind, Keeper, SendDescription
from presence.transport.link import TICK_NS, Link, LinkEnd, LinkStats, Seals
from presence.transport.peer import CARRIERS
from presence.transport.ways import WayFinder
from presence.wire.control import Control
from presence.wire.envelope import Envelope, encode_envelope

MESH_LIMIT = 5
"""Participants, at most: each sends everything once to every other."""
ADDRESSES_S = 1.0
"""How often this machine's addresses are looked at."""


class Mesh:
    """This participant's links to all others. State: who is in the room, and a keeper for each.

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
            on_link_up: Takes the number of whoever can be heard and spoken to from now on.
            on_link_down: Takes the number of whoever cannot any more, and why. The link is being
                rebuilt, until :meth:`member_left`. Not called for links that the caller ends, nor
                for one that is replaced before it is lost: then ``on_link_up`` is called again.
            seals: What every :class:`Link` opens by, and seals its control messages.
            carriers: What may carry envelopes, of :data:`~presence.transport.peer.CARRIERS`.
        """
        self.own_stream = own_stream
        self._clock = clock
        self._send_description = send_description
        self._on_envelope = on_envelope
        self._carriers = carriers
        self._ways = ways or WayFinder()
        self._on_link_up = on_link_up
        self._on_link_down = on_link_down
        self._keepers: dict[int, Keeper] = {}
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
        """The links that are up, by stream."""
        return {s: keeper.link for s, keeper in self._keepers.items() if keeper.link is not None}

    @property
    def problems(self) -> dict[int, str]:
        """Of those whom the last attempt did not reach, why not."""
        return {s: str(keeper.problem) for s, keeper in self._keepers.items() if keeper.problem}

    def connect_to(self, streams: Iterable[int]) -> None:
        """Offer a link to everyone who was in the room before this participant.

        Said again, as after the host was lost, it has those offered one to whom there is none.

        Raises:
            TransportError: these are more than a mesh holds.
        """
        for stream in streams:
            self._keep(stream, offers=True)

    def member_joined(self, stream: int) -> None:
        """Someone came after this participant, or came back, and will offer a link if need be.

        Raises:
            TransportError: they are one more than a mesh holds.
        """
        self._keep(stream, offers=False)

    def member_left(self, stream: int) -> Coroutine[None, None, None]:
        """Someone is in the room no more, from now on: whoever comes next has their place.

        Returns:
            The closing of their link, if there is one, to be awaited or made a task.
        """
        return self._close(self._keepers.pop(stream, None))

    def description(self, stream: int, kind: DescriptionKind, text: str) -> None:
        """The host passed on a session description; one from nobody in the room is ignored."""
        keeper = self._keepers.get(stream)
        if keeper is not None:
            keeper.describe(kind, text)

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
        link = self.links.get(stream)
        if link is not None:
            link.send(envelope)
            self._flush_soon()

    def send_control(self, stream: int, *messages: Control, urgent: bool = True) -> None:
        """Send control messages to one participant, if they can be reached.

        What is not ``urgent`` leaves with whatever is sent to them next, and costs no datagram.
        """
        link = self.links.get(stream)
        if link is not None:
            link.send_control(*messages)
            if urgent:
                self._flush_soon()

    def keys_came(self, stream: int) -> None:
        """A participant's keys are more than before: open what waited for them."""
        link = self.links.get(stream)
        if link is not None:
            link.keys_came()

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
        self._keepers.clear()
        await asyncio.gather(*(keeper.close() for keeper in keepers))

    @staticmethod
    async def _close(keeper: Keeper | None) -> None:
        if keeper is not None:
            await keeper.close()

    def _keep(self, stream: int, *, offers: bool) -> None:
        if stream == self.own_stream:
            return
        if stream in self._keepers:
            self._keepers[stream].introduced(offers=offers)
            return
        if len(self._keepers) + 1 >= MESH_LIMIT:
            raise TransportError(
                f"participant {stream} is one too many: a mesh links {MESH_LIMIT} people at most; "
                "let them meet in another room"
            )
        self._keepers[stream] = Keeper(
            self.own_stream,
            stream,
            offers=offers,
            clock=self._clock,
            make_link=self._make_link,
            send_description=self._send_description,
            find_ways=self._ways.find,
            on_up=self._on_link_up,
            on_down=self._on_link_down,
            carriers=self._carriers,
        )

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
