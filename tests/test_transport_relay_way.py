"""A mesh that goes over to a real relay and back, over real connections."""

import asyncio
import contextlib

import pytest
import quiet_loop
from relayed_mesh import KEY, Marks, Room, send_steadily
from websockets.asyncio.server import serve

from presence.errors import TransportError
from presence.relay.admission import Admission, sign_admission
from presence.relay.server import relaying
from presence.relay.settings import RelaySettings
from presence.transport import mesh as mesh_module
from presence.transport import relay_way
from presence.transport.mesh import MESH_LIMIT
from presence.transport.relay_link import RELAY
from presence.wire.control import ProfileRequest, decode_control
from presence.wire.envelope import Envelope, Kind
from presence.wire.signalling import Refused, encode_message


def run(test, people=3):
    async def main():
        settings = RelaySettings(keys=(KEY.public_key(),), bind="127.0.0.1")
        async with relaying(settings) as relay:
            hall = relay.staff.hall
            room = Room(relay.port)
            for stream in range(1, people + 1):
                room.join(stream)
            sending = asyncio.create_task(send_steadily(room))
            try:
                await test(room, hall)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
                await asyncio.gather(*(person.mesh.close() for person in room.people.values()))

    quiet_loop.run(main)


def test_a_room_goes_over_to_the_relay_and_back_while_everybody_is_heard():
    async def main(room, hall):
        people = room.people.values()
        await room.until_straight()
        for person in people:
            person.heard.clear()
        room.by_relay(wanted=True)
        await room.until_relayed()
        assert set(hall.rooms["room"].members) == {1, 2, 3}
        await asyncio.sleep(0.5)
        room.by_relay(wanted=False)
        await room.until_straight()
        await asyncio.sleep(0.3)
        assert not hall.rooms or not hall.rooms["room"].members
        for person in people:
            for other in set(room.people) - {person.stream}:
                assert person.missed(other) <= 2

    run(main)


def test_straight_links_come_back_when_the_relay_is_lost():
    async def main(room, hall):
        await room.until_straight()
        room.by_relay(wanted=True)
        await room.until_relayed()
        for person in room.people.values():
            person.heard.clear()
        # As a relay that was killed: nothing comes from it, nobody says goodbye, and whoever would
        # come again finds nothing there; else they could be back before the links are straight.
        room.by_relay(True, url="ws://127.0.0.1:9/relay")
        for timed in list(hall.rooms.values()):
            for member in list(timed.members.values()):
                member.listener.carrier.send = lambda bundle: True
        await room.until(lambda: all(len(p.straight) == 2 for p in room.people.values()))
        await asyncio.sleep(0.2)
        for person in room.people.values():
            for other in set(room.people) - {person.stream}:
                assert person.longest_gap_ms(other) < 4000.0

    run(main)


def test_whoever_cannot_come_to_the_relay_is_linked_to_straight():
    async def main(room, hall):
        await room.until_straight()
        room.by_relay(True, [1, 2])
        room.by_relay(True, [3], url="ws://127.0.0.1:9/relay")
        one, two, three = room.people.values()
        await room.until(lambda: one.straight == {3} and two.straight == {3})
        assert three.straight == {1, 2}
        assert "the relay at ws://127.0.0.1:9/relay cannot be reached" in str(
            three.mesh._keepers[RELAY].problem
        )
        for person in (one, two, three):
            person.heard.clear()
        await asyncio.sleep(0.5)
        for person in (one, two, three):
            for other in set(room.people) - {person.stream}:
                assert len(person.sequences(other)) > 10
        assert three.asked >= 1

    run(main)


def test_whoever_takes_no_other_way_is_met_at_the_relay():
    async def main(room, hall):
        await room.until_straight()
        four = room.join(4, path="relay")
        await asyncio.sleep(0.3)
        assert not four.mesh.links
        assert room.people[1].straight == {2, 3}
        room.by_relay(wanted=True)
        await room.until_relayed()
        await room.until(lambda: all(four.sequences(stream) for stream in (1, 2, 3)))
        assert all(room.people[stream].sequences(4) for stream in (1, 2, 3))

    run(main)


def test_more_people_than_a_mesh_holds_hear_one_another_by_the_relay():
    async def main(room, hall):
        # Of six, the sixth is one too many, and everybody else says so.
        five = [person for person in room.people.values() if person.stream <= MESH_LIMIT]
        await room.until(lambda: all(len(person.straight) == MESH_LIMIT - 1 for person in five))
        assert all("larger than the 5 people" in one.mesh.problems[MESH_LIMIT + 1] for one in five)
        room.by_relay(wanted=True)
        await room.until_relayed()
        for person in room.people.values():
            person.heard.clear()
        await asyncio.sleep(0.5)
        for person in room.people.values():
            for other in set(room.people) - {person.stream}:
                assert person.sequences(other)
            assert not person.mesh.problems

    run(main, people=MESH_LIMIT + 1)


def test_requests_go_to_the_relay_or_to_whom_they_are_for(monkeypatch):
    async def main(room, hall):
        await room.until_straight()
        room.by_relay(wanted=True)
        await room.until_relayed()
        one, two, _ = room.people.values()
        profile = Envelope.single(Kind.PROFILE, 2, sequence=1, capture_ns=0, payload=b"measures")
        two.mesh.broadcast(Marks().seal(profile))
        await room.until(lambda: any(e.kind == Kind.PROFILE for e, _ in one.heard))
        one.heard.clear()
        one.mesh.send_control(2, ProfileRequest(2))
        # What the relay holds it sends; and the request goes to all, for it may hold nothing.
        await room.until(lambda: any(e.kind == Kind.PROFILE for e, _ in one.heard))

        def asked(person):
            return [
                message
                for e, _ in person.heard
                if e.kind == Kind.CONTROL and e.stream == 1
                for message in decode_control(e.core)
            ]

        await room.until(lambda: ProfileRequest(2) in asked(two))

    run(main)


def test_a_token_that_ran_out_is_asked_for_anew():
    async def main(room, hall):
        one = room.people[1]
        one.way.use(room.place(1, token=sign_admission(KEY, Admission("room", 1, 1))))
        with pytest.raises(TransportError, match="token has run out"):
            await one.way.come("an offer")
        assert one.asked == 1

    run(main, people=1)


def test_a_relay_that_is_busy_is_asked_again_when_it_said(monkeypatch):
    later_s = 0.0
    now_s = relay_way._now_s
    monkeypatch.setattr(relay_way, "_now_s", lambda: now_s() + later_s)

    async def main(room, hall):
        nonlocal later_s
        came = []

        async def refuse(websocket):
            came.append(await websocket.recv())
            refused = Refused(code="busy", sentence="come again in a moment", after_s=20.0)
            await websocket.send(encode_message(refused))

        async with serve(refuse, "127.0.0.1", 0) as busy:
            url = f"ws://127.0.0.1:{busy.sockets[0].getsockname()[1]}/relay"
            way = room.people[1].way
            way.use(room.place(1, url=url))
            with pytest.raises(TransportError, match="refused: come again"):
                await way.come("an offer")
            with pytest.raises(TransportError, match="is busy"):
                await way.come("an offer")
            assert len(came) == 1
            later_s = 20.1
            with pytest.raises(TransportError, match="refused: come again"):
                await way.come("an offer")
            # Another relay need not be waited for.
            way.use(room.place(1))
            with pytest.raises(TransportError, match="refused"):
                await way.come("an offer")

    run(main, people=1)


def test_a_short_loss_of_the_relay_is_made_up_for_and_nobody_stays_linked_twice(monkeypatch):
    monkeypatch.setattr(mesh_module, "RELAY_PATIENCE_S", 1.0)

    async def main(room, hall):
        await room.until_straight()
        room.by_relay(wanted=True)
        await room.until_relayed()
        members = hall.rooms["room"].members
        with contextlib.ExitStack() as stack:
            for member in members.values():
                carrier = member.listener.carrier
                stack.callback(setattr, carrier, "send", carrier.send)
                carrier.send = lambda bundle: True
            await asyncio.sleep(1.0)
        await room.until_relayed()

    run(main)
