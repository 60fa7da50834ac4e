"""Links of a mesh that die, move, are lost or in vain, and what takes their place."""

import asyncio
import time

import pytest
from mesh_room import Participant, pose, run, until

from presence.transport import keeper as keeper_module
from presence.transport import link as link_module
from presence.transport import mesh as mesh_module


def go_silent(person, towards):
    """As if the machine had died: what leaves vanishes, and nobody says goodbye."""
    connection = person.mesh._keepers[towards]._peer._connection

    async def vanish(data):
        pass

    connection.sctp.transport.transport._send = vanish


@pytest.mark.parametrize("victims", [(1,), (2,), (1, 2)], ids=str)
def test_a_dead_path_is_replaced_before_it_is_lost_and_nobody_is_doubled(victims):
    async def main(room):
        one, two = room.join(1), room.join(2)
        await room.all_connected()
        await until(lambda: one.mesh.links[2].round_trip_ns and two.mesh.links[1].round_trip_ns)
        died = time.monotonic()
        for victim in victims:
            go_silent(room.people[victim], towards=3 - victim)
        await until(lambda: len(one.events) >= 2 and len(two.events) >= 2, 5)
        assert time.monotonic() - died < 2.5
        assert one.events == [("up", 2), ("up", 2)]
        assert two.events == [("up", 1), ("up", 1)]
        one.mesh.broadcast(pose(1, 7))
        two.mesh.broadcast(pose(2, 8))
        await until(lambda: one.heard and two.heard)
        assert (one.sequences(2), two.sequences(1)) == ([8], [7])
        # It holds: no other attempt follows, and the old connections end.
        await asyncio.sleep(keeper_module.LINGER_S + 0.3)
        assert len(one.events) == len(two.events) == 2
        assert all(not k._retired for p in (one, two) for k in p.mesh._keepers.values())
        assert list(one.mesh.links) == [2]
        assert list(two.mesh.links) == [1]

    run(main)


def test_nothing_is_lost_when_a_path_that_still_works_is_replaced():
    async def main(room):
        one, two = room.join(1), room.join(2)
        await room.all_connected()
        sequence = 0

        async def send(frames):
            nonlocal sequence
            for _ in range(frames):
                one.mesh.broadcast(pose(1, sequence))
                two.mesh.broadcast(pose(2, sequence))
                sequence += 1
                await asyncio.sleep(1 / 60)

        await send(10)
        keeper = two.mesh._keepers[1]
        keeper.moved(frozenset({keeper._peer.route.local_host}))
        async with asyncio.timeout(5):
            while min(len(one.events), len(two.events)) < 2:
                await send(1)
        await send(round(60 * keeper_module.LINGER_S) + 20)
        await until(lambda: set(two.sequences(1)) == set(one.sequences(2)) == set(range(sequence)))

    run(main)


def test_a_path_that_cannot_be_replaced_is_lost_in_time_and_found_again():
    async def main(room):
        one, two = room.join(1), room.join(2)
        await room.all_connected()
        room.reachable = False
        died = time.monotonic()
        go_silent(one, towards=2)
        go_silent(two, towards=1)
        await until(lambda: len(one.events) == len(two.events) == 2, 3)
        assert time.monotonic() - died < 2.0
        assert one.events[1][:2] == ("down", 2)
        assert two.events[1][:2] == ("down", 1)
        await until(lambda: one.mesh.problems and two.mesh.problems)
        room.reachable = True
        await room.all_connected()
        assert [e[0] for e in one.events] == [e[0] for e in two.events] == ["up", "down", "up"]

    run(main)


@pytest.mark.parametrize("mover", [1, 2])
def test_a_link_over_an_address_that_is_gone_is_replaced_at_once(monkeypatch, mover):
    monkeypatch.setattr(mesh_module, "ADDRESSES_S", 0.05)
    own = mesh_module.local_addresses()
    addresses = {own}

    async def main(room):
        one, two = room.join(1), room.join(2)
        await room.all_connected()
        moved = room.people[mover]
        used = moved.mesh._keepers[3 - mover]._peer.route.local_host
        # Another that comes and goes changes nothing.
        for now in (own | {"192.0.2.9"}, own):
            addresses.clear()
            addresses.add(now)
            await asyncio.sleep(0.15)
        assert one.events == [("up", 2)]
        # The other participant, in the same process here, is not to notice.
        for keeper in room.people[3 - mover].mesh._keepers.values():
            monkeypatch.setattr(keeper, "moved", lambda gone: None)
        changed = time.monotonic()
        addresses.clear()
        addresses.add(own - {used})
        await until(lambda: len(one.events) >= 2 and len(two.events) >= 2, 5)
        assert time.monotonic() - changed < 2.0
        assert one.events == [("up", 2), ("up", 2)]
        assert two.events == [("up", 1), ("up", 1)]

    monkeypatch.setattr(mesh_module, "local_addresses", lambda: next(iter(addresses)))
    run(main)


def test_whoever_does_harm_is_not_connected_to_again_for_a_while(monkeypatch):
    monkeypatch.setattr(keeper_module, "SHUN_S", 1.0)

    async def main(room):
        one, two = room.join(1), room.join(2)
        await room.all_connected()
        carrier = two.mesh._keepers[1]._peer.carrier
        while not any(event[0] == "down" for event in one.events):
            carrier.send(b"\0")
            await asyncio.sleep(0.002)
        harmed = time.monotonic()
        assert "nothing that can be understood" in one.events[-1][2]
        # Who did it comes again at once, and in vain.
        await until(lambda: len(one.events) == 3)
        assert time.monotonic() - harmed > 0.9
        assert room.carried.count((1, 2, "answer")) == 2

    run(main)


def test_after_a_host_was_lost_an_offer_that_got_lost_with_it_is_made_again():
    async def main(room):
        two = Participant(room, 2)
        two.mesh.connect_to([1])
        await until(lambda: room.carried)
        one = Participant(room, 1)
        room.people = {1: one, 2: two}
        one.mesh.member_joined(2)
        began = time.monotonic()
        two.mesh.connect_to([1])
        await room.all_connected()
        # Not only when the first attempt was given up.
        assert time.monotonic() - began < keeper_module.OPEN_TIMEOUT_S / 2

    run(main)


def test_while_the_host_is_out_of_reach_the_link_is_tried_again():
    async def main(room):
        room.reachable = False
        room.join(1)
        two = room.join(2)
        await until(lambda: two.mesh.problems)
        assert "room host is out of reach" in two.mesh.problems[1]
        room.reachable = True
        await room.all_connected()
        assert two.mesh.problems == {}

    run(main)


def test_a_new_offer_takes_the_old_connections_place():
    async def main(room):
        one, two = room.join(1), room.join(2)
        await room.all_connected()
        # Participant 2 starts anew, under the same number and without a word.
        again = room.people[2] = Participant(room, 2)
        again.mesh.connect_to([1])
        await until(lambda: one.events.count(("up", 2)) == 2)
        await until(lambda: again.mesh.links)
        assert list(one.mesh.links) == [2]
        assert one.events == [("up", 2), ("up", 2)]
        again.mesh.broadcast(pose(2, 5))
        await until(lambda: one.sequences(2) == [5])
        await two.mesh.close()

    run(main)


def test_an_attempt_that_goes_unanswered_is_given_up_and_made_again(monkeypatch):
    monkeypatch.setattr(keeper_module, "OPEN_TIMEOUT_S", 0.2)

    async def main(room):
        two = Participant(room, 2)
        two.mesh.connect_to([1])
        await until(lambda: two.mesh.problems)
        assert "did not answer within 0.2 s" in two.mesh.problems[1]
        await until(lambda: [k for _, _, k in room.carried].count("offer") == 2)
        await two.mesh.close()

    run(main)


def test_times_that_are_promised_elsewhere():
    # A participant who was killed is to be noticed in less than two seconds.
    assert link_module.LOST_AFTER_NS + link_module.TICK_NS < 2_000_000_000
