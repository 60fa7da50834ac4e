"""A host on this process's event loop, spoken to by well-behaved and by hostile clients."""

import asyncio
import contextlib
import json
import socket
from dataclasses import replace

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from presence.host.limits import Limits
from presence.host.server import hosting
from presence.host.settings import HostSettings
from presence.wire.signalling import (
    MESSAGE_LIMIT,
    Description,
    Heartbeat,
    Join,
    Refused,
    Welcome,
    decode_host_message,
    encode_message,
)

HERE = HostSettings(bind="127.0.0.1", port=0)


def on_host(test, **limits):
    """Run ``test(link, reported)`` against a fresh host; gives what it returns."""
    reported = []

    async def run():
        settings = replace(HERE, limits=Limits(**limits))
        async with hosting(settings, reported.append) as link, asyncio.timeout(20.0):
            return await test(link, reported)

    return asyncio.run(run())


@contextlib.asynccontextmanager
async def joined(link, name="Ada"):
    async with connect(link.signalling_url, proxy=None) as websocket:
        await websocket.send(encode_message(Join(name=name)))
        assert isinstance(await heard(websocket), Welcome)
        yield websocket


async def heard(websocket):
    return decode_host_message(await websocket.recv())


async def close_code(websocket):
    with pytest.raises(ConnectionClosed):
        while True:
            await websocket.recv()
    return websocket.close_code


def test_the_room_page_says_how_to_join_and_lets_the_secret_go_nowhere():
    async def visit(link, reported):
        async with httpx.AsyncClient(trust_env=False) as browser:
            return link, await browser.get(f"{link.origin}/r/{link.room}")

    link, answer = on_host(visit)
    assert answer.status_code == 200
    assert "presence join" in answer.text
    assert link.secret not in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "connect-src" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "{" + "nonce}" not in answer.text


def test_the_other_pages_do_not_tell_the_rooms_name():
    async def visit(link, reported):
        async with httpx.AsyncClient(trust_env=False) as browser:
            paths = ("/", "/r/elsewhere", "/r/", "/nothing/here")
            return link, [await browser.get(link.origin + path) for path in paths]

    link, answers = on_host(visit)
    assert [answer.status_code for answer in answers] == [200, 404, 404, 404]
    assert all(link.room not in answer.text for answer in answers)
    assert all("text/html" in answer.headers["content-type"] for answer in answers)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[" * 20_000,
        '{"type":"Heartbeat"}',
        '{"type":"Join","name":"\\u001b[2J"}',
        '{"type":"Welcome","stream":1,"seat":0,"resume":"x","members":[]}',
        b'{"type":"Join","name":"Ada"}',
    ],
    ids=["empty", "cut", "deep", "not a join", "bad name", "a host's", "bytes"],
)
def test_whoever_begins_wrongly_is_refused_in_a_sentence(message):
    async def misbehave(link, reported):
        async with connect(link.signalling_url, proxy=None) as websocket:
            await websocket.send(message)
            return await heard(websocket), await close_code(websocket), reported

    refused, code, reported = on_host(misbehave)
    assert (refused.code, code) == ("malformed", 1008)
    assert refused.sentence.endswith(".")
    assert reported == []


def test_a_member_who_turns_hostile_is_refused_and_gone_for_the_others():
    async def turn(link, reported):
        async with joined(link, "Ada") as ada, joined(link, "Eve") as eve:
            await heard(ada)
            await eve.send('{"type":"Join","name":"Eve"}')
            refused = await heard(eve)
            return refused, await heard(ada)

    refused, left = on_host(turn)
    assert refused.code == "malformed"
    assert (left.stream, left.reason) == (2, "lost")


def test_a_message_too_long_ends_only_the_connection_it_came_by():
    async def shout(link, reported):
        async with joined(link, "Ada") as ada, joined(link, "Eve") as eve:
            await heard(ada)
            await eve.send("x" * (MESSAGE_LIMIT + 1))
            return await close_code(eve), await heard(ada)

    code, left = on_host(shout)
    assert code == 1009
    assert left.stream == 2


def test_invalid_text_ends_only_the_connection_it_came_by_and_prints_nothing(capfd):
    async def garble(link, reported):
        async with joined(link, "Ada") as ada, joined(link, "Eve") as eve:
            await heard(ada)
            await eve.send(b"\xff\xfe", text=True)
            return await close_code(eve), await heard(ada)

    code, left = on_host(garble)
    assert code == 1007
    assert left.stream == 2
    assert capfd.readouterr().err == ""


def test_another_room_is_refused():
    async def stray(link, reported):
        async with connect(replace(link, room="elsewhere").signalling_url, proxy=None) as websocket:
            await websocket.send(encode_message(Join(name="Ada")))
            return await heard(websocket)

    assert on_host(stray).code == "no-such-room"


def test_whoever_says_nothing_is_not_waited_for():
    async def dawdle(link, reported):
        async with connect(link.signalling_url, proxy=None) as websocket:
            return await heard(websocket)

    assert isinstance(on_host(dawdle, join_timeout_s=0.1), Refused)


def test_a_crowd_at_the_door_is_asked_to_come_again():
    async def crowd(link, reported):
        answers = []
        for _ in range(5):
            async with connect(link.signalling_url, proxy=None) as websocket:
                await websocket.send(encode_message(Join(name="Ada")))
                answers.append(await heard(websocket))
        return answers

    answers = on_host(crowd, joins_per_s=1.0)
    assert [type(answer) for answer in answers[:2]] == [Welcome, Welcome]
    assert {answer.code for answer in answers[2:]} == {"busy"}


def test_a_flood_of_messages_is_refused():
    async def flood(link, reported):
        async with joined(link) as websocket:
            with contextlib.suppress(ConnectionClosed):
                for _ in range(50):
                    await websocket.send(encode_message(Heartbeat()))
            while isinstance(message := await heard(websocket), Heartbeat):
                pass
            return message

    assert on_host(flood, messages_per_s=10.0).code == "busy"


def test_a_member_who_does_not_read_is_given_up_without_filling_memory():
    # Sixteen kilobytes each: more than the sockets between them can hold.
    offer = encode_message(Description(to=2, kind="offer", sdp="x" * 16_000))

    async def pour(link, reported):
        async with joined(link, "Ada") as ada:
            bo = await asyncio.to_thread(socket.create_connection, (link.host, link.port))
            request = (
                f"GET /r/{link.room}/signalling HTTP/1.1\r\nHost: {link.host}\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            )
            join = encode_message(Join(name="Bo")).encode()
            # A masked text frame whose mask is zero (RFC 6455, section 5.2).
            with bo:
                bo.sendall(request.encode())
                assert b"101" in await asyncio.to_thread(bo.recv, 12)
                bo.sendall(bytes((0x81, 0x80 | len(join), 0, 0, 0, 0)) + join)
                await heard(ada)
                left = None
                while left is None:
                    for _ in range(20):
                        await ada.send(offer)
                    await ada.send(encode_message(Heartbeat()))
                    answer = await heard(ada)
                    left = None if isinstance(answer, Heartbeat) else answer
                return left

    left = on_host(pour, messages_per_s=10_000.0, unsent=16)
    assert (left.stream, left.reason) == (2, "lost")


def test_a_member_who_falls_silent_is_lost_in_time():
    async def beat_and_watch(link, reported):
        async with joined(link, "Ada") as ada, joined(link, "Bo") as bo:
            await heard(ada)
            begun = asyncio.get_running_loop().time()

            async def beat():
                while True:
                    await ada.send(encode_message(Heartbeat()))
                    await asyncio.sleep(0.8)

            beating = asyncio.create_task(beat())
            while isinstance(message := await heard(ada), Heartbeat):
                pass
            took_s = asyncio.get_running_loop().time() - begun
            beating.cancel()
            own = await heard(bo)
            return message, took_s, own, await close_code(bo), reported

    message, took_s, own, code, reported = on_host(beat_and_watch)
    assert message == own
    assert (message.stream, message.reason) == (2, "lost")
    assert 2.9 < took_s < 4.0
    assert code == 1000
    assert "Bo was lost; 1 person is in the room" in reported


def test_everyone_who_comes_and_goes_is_reported():
    async def come_and_go(link, reported):
        async with joined(link, "Ada"):
            pass
        while len(reported) < 2:
            await asyncio.sleep(0.01)
        return reported

    assert on_host(come_and_go) == [
        "Ada came; 1 person is in the room",
        "Ada was lost; 0 people are in the room",
    ]


def test_json_that_a_browser_would_send_is_understood():
    async def speak(link, reported):
        async with connect(link.signalling_url, proxy=None) as websocket:
            await websocket.send(json.dumps({"type": "Join", "name": "Ada"}))
            return json.loads(await websocket.recv())

    welcome = on_host(speak)
    assert welcome["type"] == "Welcome"
    assert (welcome["stream"], welcome["seat"], welcome["members"]) == (1, 0, [])
