"""A relay's one port: who is answered, and who is not, over real sockets."""

import asyncio
import contextlib
import random
import socket

import pytest
from aioice import Candidate, stun
from aioice.ice import Connection
from quiet_loop import run
from test_relay_binding import check

from presence.clock import MonotonicClock
from presence.errors import HostError, UsageError
from presence.relay.port import open_port

WAIT_S = 20.0


@contextlib.contextmanager
def port_at(*advertise, number=0):
    port = open_port(number, advertise or ("127.0.0.1",), MonotonicClock())
    try:
        yield port
    finally:
        port.close()


@contextlib.contextmanager
def somebody():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        yield sock


async def until(condition):
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.01)


async def find(agent, own=("127.0.0.1",)):
    """A full agent of ICE that found the way to one of the port's."""
    full = Connection(ice_controlling=True)
    full._local_candidates = await full.get_component_candidates(1, list(own))
    full._local_candidates_end = True
    full.remote_is_lite = True
    full.remote_username, full.remote_password = agent.local_username, agent.local_password
    agent.remote_username, agent.remote_password = full.local_username, full.local_password
    for candidate in agent.local_candidates:
        await full.add_remote_candidate(candidate)
    await full.add_remote_candidate(None)
    async with asyncio.timeout(WAIT_S):
        await asyncio.gather(full.connect(), agent.connect())
    return full


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_full_agent_finds_the_port_and_both_hear_each_other(host):
    async def go():
        with port_at(host) as port:
            agents = [port.agent() for _ in range(3)]
            fulls = [await find(agent, (host,)) for agent in agents]
            for number, (agent, full) in enumerate(zip(agents, fulls, strict=True)):
                await full.send(b"\x16to the relay %d" % number)
                assert await agent.recv() == b"\x16to the relay %d" % number
                await agent.send(b"\x16back %d" % number)
                assert await full.recv() == b"\x16back %d" % number
            for full in fulls:
                await full.close()
            assert (port.strangers, port.malformed, port.refused) == (0, 0, 0)

    run(go)


def hostile(port, agent):
    """Datagrams of all kinds by which nobody proves anything."""
    seeded = random.Random(7)
    yield b""
    for first in range(256):
        yield bytes((first,)) + seeded.randbytes(seeded.randrange(60))
    for name in ("nobody:them", f"{agent.local_username}:them", agent.local_username, ":", ""):
        yield check(name, "w" * 24)
        yield check(name, "w" * 24, **{"USE-CANDIDATE": None})
    good = check(f"{agent.local_username}:them", agent.local_password)
    for at in range(len(good)):
        yield good[:at]
        yield good[:at] + bytes((good[at] ^ 0x55,)) + good[at + 1 :]
    answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE)
    answer.add_message_integrity(agent.local_password.encode())
    yield bytes(answer)
    yield bytes(2000)
    yield b"\x80" + bytes(1800)


def test_who_proves_nothing_gets_not_one_byte_back_whatever_they_send():
    async def go():
        with port_at() as port, somebody() as stranger:
            agent = port.agent()
            count = 0
            for data in hostile(port, agent):
                stranger.sendto(data, ("127.0.0.1", port.number))
                count += 1
                if count % 50 == 0:
                    await asyncio.sleep(0.01)
            (four, *_) = port._sockets
            await until(lambda: four.taken == count)
            await asyncio.sleep(0.05)
            with pytest.raises(BlockingIOError):
                stranger.recv(2048)
            assert four.left == four.unsent == four.slot == 0
            assert port._ways == {}
            agent.end()
            assert port.strangers + port.malformed + port.refused == count

    run(go)


def test_a_flood_of_strangers_leaves_nothing_behind_and_those_inside_are_heard():
    async def go():
        with port_at() as port:
            agent = port.agent()
            full = await find(agent)
            heard = 0
            for _ in range(20):
                for _ in range(100):
                    with somebody() as stranger:
                        stranger.sendto(b"\x80" + bytes(100), ("127.0.0.1", port.number))
                await full.send(b"\x16still here")
                async with asyncio.timeout(WAIT_S):
                    heard += await agent.recv() == b"\x16still here"
            assert heard == 20
            assert port.strangers == 2000
            assert list(port._ways.values()) == [agent.way]
            await full.close()

    run(go)


def test_nobody_takes_the_place_of_somebody_who_is_heard_there():
    async def go():
        with port_at() as port, somebody() as place:
            one, two = port.agent(), port.agent()
            (four, *_) = port._sockets
            for agent in (one, two):
                name = f"{agent.local_username}:them"
                data = check(name, agent.local_password, **{"USE-CANDIDATE": None})
                before = four.taken
                place.sendto(data, ("127.0.0.1", port.number))
                await until(lambda before=before: four.taken > before)
            await until(lambda: port.refused)
            assert one.way is not None
            assert two.way is None
            one.end()
            place.sendto(data, ("127.0.0.1", port.number))
            await until(lambda: two.way is not None)

    run(go)


def test_a_full_agent_answers_from_where_it_moved_to():
    async def go():
        with port_at() as port:
            agent = port.agent()
            full = await find(agent)
            before = agent.way
            # As after a router gave it another address: the same agent, from another socket.
            (moved,) = await full.get_component_candidates(1, ["127.0.0.1"])
            protocol = full._protocols[-1]
            there = Candidate.from_sdp(agent.local_candidates[0].to_sdp())
            request = full.build_request(full._nominated[1], nominate=True)
            await protocol.request(
                request,
                (there.host, there.port),
                integrity_key=agent.local_password.encode(),
            )
            await until(lambda: agent.way is not before)
            assert agent.way.address == (moved.host, moved.port)
            await full.close()

    run(go)


def test_who_is_gone_is_known_no_more():
    async def go():
        with port_at() as port:
            agent = port.agent()
            full = await find(agent)
            assert port.people == 1
            await agent.close()
            assert (port.people, port._ways, agent.local_candidates) == (0, {}, [])
            await full.close()

    run(go)


def test_candidates_say_what_is_advertised():
    async def go():
        with port_at("198.51.100.7", "2001:db8::7") as port:
            hosts = {(c.host, c.port) for c in port.agent().local_candidates}
            assert hosts == {("198.51.100.7", port.number), ("2001:db8::7", port.number)}

    run(go)


def test_what_is_no_address_cannot_be_advertised():
    async def go():
        with pytest.raises(UsageError, match="--advertise"):
            open_port(0, ["relay.example"], MonotonicClock())

    run(go)


def test_a_port_that_is_taken_is_said_to_be():
    async def go():
        with (
            port_at() as port,
            pytest.raises(HostError, match=f"UDP port {port.number}.*--media-port"),
        ):
            open_port(port.number, [], MonotonicClock())

    run(go)
