"""Relays that share rooms by a real NATS server, and people who come to them over real ICE."""

import asyncio
import contextlib
import signal
import time

import pytest
import quiet_loop
from relay_process import relay_process
from relayed_mesh import KEY, Room, send_steadily

from presence.bench.nats_server import nats_server
from presence.errors import HostError, UsageError
from presence.host.certificate import own_certificate
from presence.relay import bus as bus_module
from presence.relay.bus import BusSettings
from presence.relay.limits import RelayLimits
from presence.relay.metrics import Metrics
from presence.relay.server import relaying
from presence.relay.settings import RelaySettings
from presence.transport.relay_link import RELAY


def settings(bus, people=100, **changes):
    return RelaySettings(
        keys=(KEY.public_key(),),
        bind="127.0.0.1",
        limits=RelayLimits(people=people),
        cluster=BusSettings((bus.url,), **changes),
    )


class Cluster(Room):
    """Relays, and people who are told of all of them."""

    def __init__(self, ports):
        super().__init__(ports[0])
        self.ports = ports

    def come(self, stream, port, others=()):
        """Somebody comes by one relay, and knows of others."""
        person = self.join(stream, path="relay")
        urls = [f"ws://127.0.0.1:{other}/relay" for other in others]
        person.way.use(self.place(stream, url=f"ws://127.0.0.1:{port}/relay", others=tuple(urls)))
        person.mesh.relay_changed()
        return person

    async def until_all_hear(self, within_s=20.0):
        for person in self.people.values():
            person.heard.clear()
        await self.until(
            lambda: all(
                len(person.sequences(other)) > 5
                for person in self.people.values()
                for other in self.people
                if other != person.stream
            ),
            within_s,
        )


@contextlib.asynccontextmanager
async def cluster(bus, *people):
    """Relays in this process that take so many people each, and those who will come to them."""
    async with contextlib.AsyncExitStack() as stack:
        relays = [
            await stack.enter_async_context(relaying(settings(bus, count))) for count in people
        ]
        room = Cluster([relay.port for relay in relays])
        sending = asyncio.create_task(send_steadily(room))
        try:
            await room.until(lambda: all(one.staff.others == len(people) - 1 for one in relays))
            yield room, relays
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await asyncio.gather(*(person.mesh.close() for person in room.people.values()))


@pytest.fixture
def bus(tmp_path):
    with nats_server(tmp_path) as server:
        yield server


def here(relay):
    return sum(len(room.members) for room in relay.staff.house.hall.rooms.values())


def test_a_room_is_at_one_relay_until_that_is_full_and_then_spans_several(bus):
    async def main():
        async with cluster(bus, 2, 100) as (room, (first, second)):
            one, two = first.port, second.port
            room.come(1, one)
            await room.until(lambda: here(first) == 1)
            # Whoever comes by the other relay is sent to where the room is.
            room.come(2, two)
            await room.until(lambda: here(first) == 2)
            assert here(second) == 0
            room.come(3, one)
            room.come(4, two)
            await room.until(lambda: here(second) == 2)
            await room.until_all_hear()
            (linked,) = first.staff.house.hall.rooms.values()
            assert len(linked.trunks) == 1
            page, _ = Metrics(first).page("")
            for line in ("connected 1.0", "relays 1.0", "trunks 1.0"):
                assert f"presence_relay_cluster_{line}" in page
            # Nothing comes by a trunk that comes straight as well.
            assert not set(next(iter(linked.trunks.values())).sources) & set(linked.members)

    quiet_loop.run(main)


def test_a_relay_that_drains_has_its_people_go_over_and_no_frame_is_lost(bus):
    async def main():
        async with cluster(bus, 100, 100) as (room, (first, second)):
            for stream in (1, 2, 3):
                room.come(stream, first.port)
            await room.until_all_hear()
            for person in room.people.values():
                person.heard.clear()
            await first.drain(20.0)
            assert here(first) == 0
            assert here(second) == 3
            await asyncio.sleep(0.5)
            for person in room.people.values():
                for other in set(room.people) - {person.stream}:
                    assert person.missed(other) <= 2

    quiet_loop.run(main)


def test_calls_go_on_without_the_bus_and_rooms_are_found_again_once_it_is_back(bus):
    async def main():
        async with cluster(bus, 2, 100) as (room, (first, second)):
            for stream in (1, 2, 3):
                room.come(stream, first.port, [second.port])
                await room.until(lambda s=stream: here(first) + here(second) == s)
            await room.until_all_hear()
            bus.kill()
            await room.until(lambda: not first.staff.connected and not second.staff.connected)
            await asyncio.sleep(3.0)
            await room.until_all_hear(5.0)
            bus.begin()
            await room.until(lambda: first.staff.others == second.staff.others == 1)
            room.come(4, first.port)
            await room.until(lambda: here(second) == 2)
            await room.until_all_hear()

    quiet_loop.run(main)


def test_a_relay_that_is_killed_costs_its_people_five_seconds_at_most(bus, tmp_path):
    async def main():
        async with (
            relay_process(KEY, "--cluster", bus.url) as killed,
            cluster(bus, 100) as (room, (second,)),
        ):
            await room.until(lambda: second.staff.others == 1)
            for stream in (1, 2, 3):
                room.come(stream, killed.port, [second.port])
            await room.until_all_hear()
            killed.process.send_signal(signal.SIGKILL)
            began = time.monotonic()
            await room.until(lambda: here(second) == 3)
            await room.until_all_hear()
            assert time.monotonic() - began < 5.0
            assert all(RELAY in person.mesh.links for person in room.people.values())

    quiet_loop.run(main)


def test_a_bus_with_tls_and_a_password_lets_in_who_knows_it_and_others_read_why_not(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(bus_module, "CONNECT_S", 2.0)
    files = own_certificate(["127.0.0.1"], tmp_path).files
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("relay:a secret\n")
    bad.write_text("relay:a guess\n")

    async def refused(bus, **changes):
        with pytest.raises(HostError, match=r"the cluster's bus at tls://127.*cannot be used") as e:
            async with relaying(settings(bus, **changes)):
                pass
        return str(e.value)

    async def main():
        with nats_server(tmp_path, login=("relay", "a secret"), tls=files) as bus:
            async with relaying(settings(bus, credentials=good, authority=files[0])) as relay:
                assert relay.staff.connected
            said = await refused(bus, credentials=bad, authority=files[0])
            assert "uthorization" in said
            assert "a guess" not in said
            assert "ertificate" in await refused(bus, credentials=good)

    quiet_loop.run(main)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"credentials": "rubbish"}, "holds neither USER:PASSWORD"),
        ({"credentials": "nowhere"}, "nowhere"),
        ({"authority": "rubbish"}, "is no certificate in PEM"),
    ],
)
def test_a_file_that_is_none_is_a_sentence(bus, tmp_path, changes, words):
    (tmp_path / "rubbish").write_text("rubbish")

    async def main():
        with pytest.raises(UsageError, match=words):
            async with relaying(settings(bus, **{k: tmp_path / v for k, v in changes.items()})):
                pass

    asyncio.run(main())


def test_where_there_is_no_bus_a_relay_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(bus_module, "CONNECT_S", 1.0)

    async def main():
        nowhere = BusSettings(("nats://user:hidden@127.0.0.1:9",))
        with pytest.raises(HostError, match="nats-server runs there with JetStream") as error:
            async with relaying(
                RelaySettings(keys=(KEY.public_key(),), bind="127.0.0.1", cluster=nowhere)
            ):
                pass
        assert "hidden" not in str(error.value)

    asyncio.run(main())
