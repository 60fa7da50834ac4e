"""Links through the room's host: when they are made, what they carry, and how they end."""

import asyncio
import contextlib

import aioice.ice
import pytest
from websockets.asyncio.client import connect

from presence.clock import MonotonicClock
from presence.errors import EnvelopeError, TransportError
from presence.host import switchboard
from presence.host.server import hosting
from presence.host.settings import HostSettings
from presence.transport import keeper as keeper_module
from presence.transport.mesh import Mesh
from presence.transport.strands import STRANDS
from presence.transport.ways import WayFinder
from presence.transport.websocket_carrier import HostLine
from presence.wire.envelope import Envelope, Kind
from presence.wire.link import RoomLink
from presence.wire.signalling import Join, decode_host_message, encode_message


def pose(stream, sequence):
    return Envelope(
        kind=Kind.POSE, stream=stream, sequence=sequence, capture_us=0, core=bytes(100), priority=2
    )


class Person:
    """A member with a mesh. State: both, and what the mesh told."""

    def __init__(self, people, stream, link, token, path):
        self.heard = []
        self.events = []
        clock = MonotonicClock()
        self.line = HostLine(link, clock)
        self.line.token = token
        self.mesh = Mesh(
            stream,
            clock,
            send_description=self._describe,
            on_envelope=lambda envelope, _: self.heard.append(envelope.sequence),
            ways=WayFinder(path, line=self.line),
            on_link_up=lambda other: self.events.append("up"),
            on_link_down=lambda other, reason: self.events.append("down"),
        )
        self._people = people
        self._stream = stream

    async def _describe(self, to, kind, text):
        self._people[to].mesh.description(self._stream, kind, text)
        return True

    def over(self):
        return [stats.carrier.partition(" ")[0] for stats in self.mesh.stats()]


@contextlib.asynccontextmanager
async def couple(*paths):
    """Two members of a real room, whose descriptions take a shorter way than through its host."""
    people = {}
    async with contextlib.AsyncExitStack() as stack:
        link = await stack.enter_async_context(hosting(HostSettings(bind="127.0.0.1", port=0)))
        for stream, path in enumerate(paths, 1):
            signalling = await stack.enter_async_context(connect(link.signalling_url, proxy=None))
            await signalling.send(encode_message(Join(name=f"Person {stream}")))
            welcome = decode_host_message(await signalling.recv())
            people[stream] = Person(people, stream, link, welcome.carrier, path)
        people[1].mesh.member_joined(2)
        people[2].mesh.connect_to([1])
        try:
            yield people[1], people[2]
        finally:
            for person in people.values():
                await person.mesh.close()
                await person.line.close()


async def until(condition, seconds=15.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def hear_each_other(one, other):
    one.heard.clear()
    other.heard.clear()
    for sequence in range(60):
        one.mesh.broadcast(pose(1, sequence))
        other.mesh.broadcast(pose(2, sequence))
        await asyncio.sleep(0.01)
    await until(lambda: len(one.heard) > 40 and len(other.heard) > 40)


@pytest.mark.parametrize(
    "paths", [("websocket", "websocket"), ("auto", "websocket"), ("websocket", "auto")]
)
def test_who_insists_on_the_hosts_way_gets_it_whichever_side_they_are(paths):
    async def main():
        async with couple(*paths) as (one, other):
            await until(lambda: one.over() == other.over() == ["websocket"])
            await hear_each_other(one, other)
            assert one.events == other.events == ["up"]

    asyncio.run(main())


def test_where_no_other_way_opens_the_host_carries_until_one_does(monkeypatch):
    monkeypatch.setattr(keeper_module, "FIRST_UPGRADE_S", 0.5)
    addresses = aioice.ice.get_host_addresses

    async def main():
        async with couple("auto", "auto") as (one, other):
            await until(lambda: one.over() == other.over() == ["websocket"])
            await hear_each_other(one, other)
            monkeypatch.setattr(aioice.ice, "get_host_addresses", addresses)
            await until(lambda: one.over() == other.over() == ["rtp"])
            await hear_each_other(one, other)
            assert "down" not in one.events + other.events

    def none(use_ipv4, use_ipv6):
        return []

    none.falls_back_to_loopback = True
    monkeypatch.setattr(aioice.ice, "get_host_addresses", none)
    asyncio.run(main())


def test_a_straight_way_is_taken_although_the_host_would_carry():
    async def main():
        async with couple("auto", "auto") as (one, other):
            await until(lambda: one.over() == other.over() == ["rtp"])
            assert one.line.ready is False

    asyncio.run(main())


def test_the_end_of_the_line_ends_the_links_over_it_and_they_come_back():
    async def main():
        async with couple("websocket", "websocket") as (one, other):
            await until(lambda: one.over() == other.over() == ["websocket"])
            await until(lambda: len(one.line._ends) == STRANDS)
            for end in one.line._ends.values():
                end.ended.set()
            await until(lambda: "down" in one.events)
            await until(lambda: one.over() == other.over() == ["websocket"])
            await hear_each_other(one, other)

    asyncio.run(main())


def test_a_strand_that_ends_is_made_anew_and_nothing_is_noticed_of_it():
    async def main():
        async with couple("websocket", "websocket") as (one, other):
            await until(lambda: len(one.line._ends) == len(other.line._ends) == STRANDS)
            first = one.line._ends[0]
            first.ended.set()
            await until(lambda: 0 not in one.line._ends)
            await hear_each_other(one, other)
            await until(lambda: one.line._ends.get(0) not in (None, first))
            await hear_each_other(one, other)
            assert one.events == other.events == ["up"]

    asyncio.run(main())


def test_a_host_that_knows_of_one_strand_alone_carries_by_that(monkeypatch):
    def first_alone(text):
        if " " in text:
            raise EnvelopeError("a number")
        return text, 0

    monkeypatch.setattr(switchboard, "decode_token", first_alone)

    async def main():
        async with couple("websocket", "websocket") as (one, other):
            await until(lambda: one.over() == other.over() == ["websocket"])
            await hear_each_other(one, other)
            await until(lambda: list(one.line._ends) == [0])
            await hear_each_other(one, other)
            assert one.events == other.events == ["up"]

    asyncio.run(main())


def test_a_host_that_is_away_or_does_not_carry_is_a_sentence():
    async def main(token):
        line = HostLine(RoomLink("127.0.0.1", 9, "garden"), MonotonicClock())
        line.token = token
        await line.open()

    with pytest.raises(TransportError, match="cannot be reached to carry bundles"):
        asyncio.run(main("token"))
    with pytest.raises(TransportError, match="carries no bundles; run a newer"):
        asyncio.run(main(None))


def test_the_hosts_way_is_shut_to_who_wants_another():
    async def find(path):
        line = HostLine(RoomLink("127.0.0.1", 9, "garden"), MonotonicClock())
        line.token = "token"
        return await WayFinder(path, line=line).find()

    assert asyncio.run(find("auto")).line is not None
    assert asyncio.run(find("direct")).line is None
    with pytest.raises(TransportError, match="--path turn"):
        asyncio.run(find("turn"))
