import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from host_process import host_process
from websockets.asyncio.server import serve

from presence.errors import HostError
from presence.host.server import hosting
from presence.host.settings import HostSettings
from presence.transport import signalling
from presence.transport.signalling import SignallingClient
from presence.wire.link import RoomLink
from presence.wire.signalling import (
    Description,
    Join,
    MemberJoined,
    MemberLeft,
    Welcome,
    encode_message,
)

HERE = HostSettings(bind="127.0.0.1", port=0)

SOMEBODY_ELSE = """
import asyncio, sys
from presence.transport.signalling import SignallingClient
from presence.wire.link import parse_link
from presence.wire.signalling import Join


async def stay():
    async with SignallingClient.connect(parse_link(sys.argv[1]), Join(name="Bo")):
        await asyncio.sleep(60.0)


asyncio.run(stay())
"""


def in_room(test):
    """Run ``test(link)`` with a host on the same event loop."""

    async def run():
        async with hosting(HERE) as link, asyncio.timeout(20.0):
            await test(link)

    asyncio.run(run())


def enter(link, name="Ada", **wishes):
    return SignallingClient.connect(link, Join(name=name, **wishes))


async def closed_port():
    """A port of this machine where nobody listens."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


def test_two_people_meet_and_exchange_descriptions():
    async def meet(link):
        async with enter(link, "Ada", look=7) as ada:
            assert ada.welcome.members == ()
            async with enter(link, "Bo") as bo:
                assert [member.name for member in bo.welcome.members] == ["Ada"]
                joined = await anext(ada)
                assert (joined.member.name, joined.member.stream) == ("Bo", bo.welcome.stream)
                assert await bo.send_description(ada.welcome.stream, "offer", "v=0")
                offer = await anext(ada)
                assert offer == Description(to=1, sender=2, kind="offer", sdp="v=0")
                assert await ada.send_description(offer.sender, "answer", "v=1")
                assert (await anext(bo)).sdp == "v=1"
            assert await anext(ada) == MemberLeft(stream=2, reason="left")

    in_room(meet)


def test_a_quiet_member_stays_by_heartbeats_alone():
    async def stay(link):
        async with enter(link, "Ada") as ada, enter(link, "Bo"):
            await anext(ada)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(ada), 4.0)
            assert ada.connected

    in_room(stay)


def test_the_others_are_told_within_four_seconds_of_somebody_killed():
    async def lose(link):
        async with enter(link, "Ada") as ada:
            for number in (signal.SIGKILL, signal.SIGSTOP):
                somebody = subprocess.Popen([sys.executable, "-c", SOMEBODY_ELSE, str(link)])
                try:
                    joined = await anext(ada)
                    somebody.send_signal(number)
                    # Killed, its connection ends at once; stopped, only its silence tells.
                    left = await asyncio.wait_for(anext(ada), 4.0)
                finally:
                    somebody.kill()
                    somebody.wait()
                assert left == MemberLeft(stream=joined.member.stream, reason="lost")

    in_room(lose)


def test_nobody_at_the_address_is_told_in_a_sentence():
    async def knock():
        async with enter(RoomLink("127.0.0.1", await closed_port(), "garden")):
            pass

    with pytest.raises(HostError, match=r"no room host at .*presence host.* is running"):
        asyncio.run(knock())


def test_a_name_that_is_no_machine_is_told_in_a_sentence():
    async def knock():
        async with enter(RoomLink("nowhere.invalid", 8440, "garden")):
            pass

    with pytest.raises(HostError, match=r"no room host at http://nowhere\.invalid:8440"):
        asyncio.run(knock())


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0-no\r\n\r\n", b""]
)
def test_something_else_at_the_address_is_told_in_a_sentence(answer):
    async def knock():
        async def other(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(other, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with enter(RoomLink("127.0.0.1", port, "garden")):
                pass

    with pytest.raises(HostError, match="is no room host"):
        asyncio.run(knock())


def test_a_room_that_is_not_there_is_told_in_a_sentence():
    async def stray(link):
        with pytest.raises(HostError, match="no such room"):
            async with enter(replace(link, room="elsewhere")):
                pass

    in_room(stray)


def test_a_full_room_is_told_in_a_sentence():
    async def crowd(link):
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(5):
                await stack.enter_async_context(enter(link))
            with pytest.raises(HostError, match="full"):
                await stack.enter_async_context(enter(link))

    in_room(crowd)


def test_who_joins_again_elsewhere_takes_the_seat_and_the_old_connection_ends():
    async def move(link):
        async with enter(link, "Ada") as ada, enter(link, "Bo") as old:
            await anext(ada)
            async with enter(link, "Bo", resume=old.welcome.resume) as new:
                assert new.welcome.stream == old.welcome.stream
                assert new.welcome.seat == old.welcome.seat
                assert new.welcome.resume == old.welcome.resume
                assert new.welcome.members == old.welcome.members
                joined = await anext(ada)
                assert (joined.member.stream, joined.member.seat) == (2, old.welcome.seat)
                for _ in range(2):
                    with pytest.raises(HostError, match="took this one's place"):
                        await anext(old)
                assert not await old.send_description(1, "offer", "v=0")
                # What becomes of the old connection costs the new one nothing.
                await asyncio.sleep(0.3)
                assert await new.send_description(1, "offer", "v=0")
                assert (await asyncio.wait_for(anext(ada), 5.0)).sdp == "v=0"

    in_room(move)


def test_a_host_that_restarts_finds_everyone_in_their_seats_again():
    async def outlive():
        async with hosting(HERE) as link:
            stack = contextlib.AsyncExitStack()
            ada = await stack.enter_async_context(enter(link, "Ada", seat=3))
            bo = await stack.enter_async_context(enter(link, "Bo", seat=1))
            await anext(ada)
        async with stack:
            while ada.connected or bo.connected:
                await asyncio.sleep(0.01)
            assert not await ada.send_description(2, "offer", "v=0")
            async with hosting(HostSettings.reopening(link, bind="127.0.0.1")) as again:
                assert again == link
                welcomes = [await anext(ada), await anext(bo)]
                assert [type(welcome) for welcome in welcomes] == [Welcome, Welcome]
                assert [ada.welcome.seat, bo.welcome.seat] == [3, 1]
                assert [ada.welcome.stream, bo.welcome.stream] == [1, 2]
                # The one that came first is told of the other, who will offer.
                first, second = (bo, ada) if ada.welcome.members else (ada, bo)
                assert first.welcome.members == ()
                assert isinstance(await anext(first), MemberJoined)
                assert [m.stream for m in second.welcome.members] == [first.welcome.stream]
                async with enter(link, "Cy") as cy:
                    assert cy.welcome.stream not in (1, 2)

    async def in_time():
        async with asyncio.timeout(20.0):
            await outlive()

    asyncio.run(in_time())


def test_a_host_that_comes_back_with_another_room_ends_the_call_in_a_sentence():
    async def outlive():
        async with asyncio.timeout(20.0), contextlib.AsyncExitStack() as stack:
            async with hosting(HERE) as link:
                ada = await stack.enter_async_context(enter(link))
            async with hosting(replace(HERE, port=link.port)):
                with pytest.raises(HostError, match="no such room"):
                    await anext(ada)

    asyncio.run(outlive())


def test_a_connection_from_an_address_that_is_gone_is_made_anew_at_once(monkeypatch):
    gone = set()
    monkeypatch.setattr(signalling, "has_address", lambda address: address not in gone)

    async def move(link):
        async with enter(link, "Ada") as ada, enter(link, "Bo") as bo:
            await anext(ada)
            gone.add(ada._websocket.local_address)
            moved = time.monotonic()
            welcome = await anext(ada)
            assert time.monotonic() - moved < 2.0
            assert (welcome.stream, welcome.seat) == (1, 0)
            joined = await anext(bo)
            while isinstance(joined, MemberLeft):
                assert joined.reason == "lost"
                joined = await anext(bo)
            assert joined.member.stream == 1

    in_room(move)


def test_a_host_that_falls_silent_is_left_and_found_again(tmp_path):
    async def outlive(process, link):
        async with asyncio.timeout(20.0), enter(link, "Ada", seat=2) as ada:
            process.send_signal(signal.SIGSTOP)
            while ada.connected:
                await asyncio.sleep(0.05)
            process.send_signal(signal.SIGCONT)
            welcome = await anext(ada)
            assert (welcome.seat, welcome.members) == (2, ())

    with host_process(tmp_path, "--port", "0") as (process, link):
        asyncio.run(outlive(process, link))


def test_a_host_that_speaks_nonsense_does_not_end_the_client():
    async def endure():
        greetings = 0

        async def confused(websocket):
            nonlocal greetings
            greetings += 1
            await websocket.recv()
            await websocket.send(
                encode_message(Welcome(stream=greetings, seat=0, resume="x", members=()))
            )
            await websocket.send("nonsense" if greetings == 1 else "{}")
            await websocket.wait_closed()

        async with serve(confused, "127.0.0.1", 0) as server:
            link = RoomLink("127.0.0.1", server.sockets[0].getsockname()[1], "garden")
            async with asyncio.timeout(10.0), enter(link) as ada:
                assert (await anext(ada)).stream == 2

    asyncio.run(endure())
