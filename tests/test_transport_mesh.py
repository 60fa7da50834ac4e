"""Meshes over real connections: who is linked to whom, and what they hear."""

import asyncio

import pytest
from aiortc import RTCSctpTransport
from mesh_room import Participant, pose, run, until

from presence.bench.impaired import impaired_arrivals
from presence.clock import MonotonicClock
from presence.transport import keeper as keeper_module
from presence.transport.lossy import Conditions
from presence.transport.mesh import MESH_LIMIT
from presence.wire.control import GoldenRequest, decode_control
from presence.wire.envelope import Envelope, Kind


def test_three_hear_each_other():
    async def main(room):
        for stream in (1, 2, 3):
            room.join(stream)
        await room.all_connected()
        for sequence in range(30):
            for stream, person in room.people.items():
                person.mesh.broadcast(pose(stream, sequence))
            await asyncio.sleep(1 / 120)
        await asyncio.sleep(0.1)
        for own, person in room.people.items():
            for other in {1, 2, 3} - {own}:
                assert person.sequences(other) == list(range(30))
            assert person.sequences(own) == []
            assert person.events == [("up", other) for _, other in person.events]
            assert len(person.events) == 2
        # The newcomer offers, once to each.
        offers = [(sender, to) for sender, to, kind in room.carried if kind == "offer"]
        assert sorted(offers) == [(2, 1), (3, 1), (3, 2)]

    run(main)


def test_links_say_how_they_are_doing():
    async def main(room):
        one, two = room.join(1), room.join(2)
        await room.all_connected()
        two.mesh.broadcast(pose(2, 0))
        two.mesh.send_control(1, GoldenRequest(1))
        await until(lambda: one.mesh.stats()[0].round_trip_ns is not None)
        (stats,) = one.mesh.stats()
        assert stats.stream == 2
        assert stats.carrier == "rtp (direct, udp)"
        assert 0 < stats.round_trip_ns < 500_000_000
        assert stats.silent_ns < 1_500_000_000
        assert stats.counters.received_envelopes >= 2
        assert stats.counters.malformed == stats.counters.foreign == 0
        controls = [decode_control(e.core) for e in one.heard if e.kind == Kind.CONTROL]
        assert controls == [[GoldenRequest(1)]]

    run(main)


def test_what_is_sent_in_one_turn_of_the_loop_shares_a_datagram():
    async def main(room):
        one, two = room.join(1), room.join(2)
        await room.all_connected()
        await asyncio.sleep(0.15)
        before = two.mesh.stats()[0].counters
        for sequence in range(3):
            two.mesh.send_to(
                1,
                Envelope.single(Kind.VOICE, 2, sequence=sequence, capture_ns=0, payload=bytes(60)),
            )
        two.mesh.broadcast(pose(2, 0))
        await until(lambda: len(one.heard) == 4)
        after = two.mesh.stats()[0].counters
        assert after.sent_envelopes - before.sent_envelopes == 4
        assert after.sent_bundles - before.sent_bundles == 1

    run(main)


def test_someone_who_leaves_is_known_to_have_left_at_once_and_not_sought():
    async def main(room):
        one, two = room.join(1), room.join(2)
        await room.all_connected()
        await one.mesh.close()
        await until(lambda: len(two.events) == 2, 1.0)
        assert two.events == [("up", 1), ("down", 1, "the other participant left")]
        carried = len(room.carried)
        await asyncio.sleep(0.5)
        assert len(room.carried) == carried
        await two.mesh.member_left(1)
        assert two.mesh.stats() == []
        del room.people[1]

    run(main)


def test_whoever_waits_in_vain_for_an_offer_makes_one(monkeypatch):
    monkeypatch.setattr(keeper_module, "OFFER_UNASKED_S", 0.1)

    async def main(room):
        one, two = Participant(room, 1), Participant(room, 2)
        room.people = {1: one, 2: two}
        one.mesh.member_joined(2)
        two.mesh.member_joined(1)
        await room.all_connected()
        assert one.events == [("up", 2)]
        assert two.events == [("up", 1)]

    run(main)


def test_an_offer_that_cannot_be_used_does_no_harm():
    async def main(room):
        one, two = room.join(1), Participant(room, 2)
        one.mesh.member_joined(2)
        one.mesh.description(2, "offer", "v=0\r\nm=video 9 RTP/AVP 0\r\n")
        one.mesh.description(77, "offer", "from nobody in the room")
        await until(lambda: one.mesh.problems)
        assert "describes video" in one.mesh.problems[2]
        room.people[2] = two
        two.mesh.connect_to([1])
        await room.all_connected()
        assert one.mesh.problems == {}

    run(main)


def test_a_late_answer_leaves_a_link_that_is_up_alone():
    async def main(room):
        one, two = room.join(1), room.join(2)
        await room.all_connected()
        two.mesh.description(1, "answer", "whatever")
        await asyncio.sleep(0.1)
        assert one.events == [("up", 2)]
        assert two.events == [("up", 1)]

    run(main)


def test_when_both_offer_at_once_one_link_comes_of_it():
    async def main(room):
        one, two = Participant(room, 1), Participant(room, 2)
        room.people = {1: one, 2: two}
        one.mesh.connect_to([2])
        two.mesh.connect_to([1])
        await room.all_connected()
        await asyncio.sleep(0.3)
        assert one.events == [("up", 2)]
        assert two.events == [("up", 1)]

    run(main)


def test_telling_twice_that_someone_is_here_changes_nothing():
    async def main(room):
        one, two = room.join(1), room.join(2)
        one.mesh.member_joined(2)
        two.mesh.connect_to([1, 2])
        await room.all_connected()
        one.mesh.member_joined(2)
        two.mesh.connect_to([1, 2])
        await asyncio.sleep(0.3)
        assert one.events == [("up", 2)]
        assert two.events == [("up", 1)]

    run(main)


def test_of_one_participant_more_than_a_mesh_holds_it_says_why_there_is_no_link():
    async def main(room):
        one = room.join(1)
        for stream in range(2, MESH_LIMIT + 1):
            one.mesh.member_joined(stream)
        assert not one.mesh.problems
        one.mesh.member_joined(MESH_LIMIT + 1)
        assert one.mesh.problems == {
            6: "the room is larger than the 5 people who can be linked straight"
        }

    run(main)


def test_whoever_replaces_somebody_in_a_full_mesh_has_their_place_at_once():
    async def main(room):
        one = room.join(1)
        for stream in range(2, MESH_LIMIT + 1):
            one.mesh.member_joined(stream)
        closing = one.mesh.member_left(2)
        one.mesh.member_joined(MESH_LIMIT + 1)
        await closing

    run(main)


@pytest.mark.parametrize("after_ms", [0, 2, 5, 10, 15, 20, 25, 30, 40, 50])
def test_closing_while_connecting_leaves_nothing_behind(after_ms):
    async def main(room):
        for stream in (1, 2, 3):
            room.join(stream)
        await asyncio.sleep(after_ms / 1000)

    run(main)


def test_a_way_closed_at_the_end_of_the_handshake_is_no_error_of_the_loop(monkeypatch):
    start = RTCSctpTransport.start
    closed = asyncio.Event()

    async def close_the_way_and_start(self, *args):
        await self.transport.transport.stop()
        closed.set()
        await start(self, *args)

    async def main(room):
        monkeypatch.setattr(RTCSctpTransport, "start", close_the_way_and_start)
        room.join(1)
        room.join(2)
        await closed.wait()

    run(main)


def test_a_host_that_hangs_does_not_keep_a_mesh_from_closing(monkeypatch):
    monkeypatch.setattr(keeper_module, "_CLOSE_TIMEOUT_S", 0.05)

    async def main(room):
        async def hang(*_):
            await asyncio.sleep(60)

        room.carry = hang
        room.join(1)
        room.join(2)
        await asyncio.sleep(0.05)

    run(main)


def test_a_bad_network_delays_and_thins_the_streams_but_ends_no_link():
    async def main(room):
        bad = Conditions(loss=0.05, burst=2.0, delay_ns=30_000_000, jitter_ns=5_000_000)
        with impaired_arrivals(bad, MonotonicClock(), seed=4):
            for stream in (1, 2, 3):
                room.join(stream)
            await room.all_connected(within_s=30)
            for sequence in range(90):
                for stream, person in room.people.items():
                    person.mesh.broadcast(pose(stream, sequence))
                await asyncio.sleep(1 / 60)
            await asyncio.sleep(0.2)
            for own, person in room.people.items():
                assert [event[0] for event in person.events] == ["up", "up"]
                for other in {1, 2, 3} - {own}:
                    assert len(person.sequences(other)) > 0.8 * 90
            await room.close()

    run(main)
