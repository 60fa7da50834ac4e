"""Who comes to a relay's door, and what they are told; behind it are rooms that let all in."""

import asyncio
import contextlib
import json
import logging
import shutil

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from quiet_loop import run
from relay_people import KEY, token
from turn_server import make_certificate
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import InvalidMessage, InvalidStatus

from presence.clock import MonotonicClock
from presence.errors import UsageError
from presence.relay import door as doors
from presence.relay.certificate import RelayCertificate
from presence.relay.door import Door
from presence.relay.limits import RelayLimits
from presence.relay.logs import LogSettings, quiet_logger, set_up_logging
from presence.relay.refusal import RefusalError
from presence.transport.tls import client_context
from presence.wire.relay_signalling import (
    RelayJoin,
    RelayWelcome,
    decode_relay_answer,
)
from presence.wire.signalling import Refused, encode_message


class OpenRooms:
    """Let everybody in, as long as the test does not say why not."""

    def __init__(self):
        self.refusal = None
        self.came = []

    async def connect(self, admission, sdp, welcome):
        if self.refusal is not None:
            raise self.refusal
        self.came.append((admission.room, admission.stream, sdp))
        await welcome("v=0 answer")

    def why_not_ready(self):
        return None if self.refusal is None else str(self.refusal)


@contextlib.asynccontextmanager
async def opened(limits=None, tls=None, **options):
    """A door, the rooms behind it, and its port."""
    rooms = OpenRooms()
    door = Door(rooms, [KEY.public_key()], limits or RelayLimits(), MonotonicClock(), **options)
    async with (
        asyncio.timeout(60.0),
        serve(
            door.serve,
            "127.0.0.1",
            0,
            process_request=door.answer_page,
            create_connection=door.connections.counted,
            ssl=tls,
            logger=quiet_logger(),
        ) as server,
    ):
        yield door, rooms, server.sockets[0].getsockname()[1]


async def join(port, stream=1, tls=None, shown=None, **claims):
    shown = shown or token(stream, **claims)
    scheme = "ws" if tls is None else "wss"
    async with connect(f"{scheme}://127.0.0.1:{port}/relay", ssl=tls) as websocket:
        await websocket.send(encode_message(RelayJoin(token=shown, sdp="v=0 offer")))
        return decode_relay_answer(await websocket.recv())


async def get(port, path, scheme="http"):
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        return await client.get(f"{scheme}://127.0.0.1:{port}{path}")


def test_who_has_a_token_is_let_into_its_room():
    async def go():
        async with opened() as (door, rooms, port):
            assert await join(port, 7, room="garden") == RelayWelcome(sdp="v=0 answer")
            assert rooms.came == [("garden", 7, "v=0 offer")]
            assert door.outcomes == {"welcome": 1}

    run(go)


def test_a_host_may_be_trusted_from_now_on_and_another_no_more():
    other = Ed25519PrivateKey.generate()

    async def go():
        async with opened() as (door, _, port):
            assert (await join(port, key=other)).code == "token"
            door.trust([other.public_key()])
            assert isinstance(await join(port, key=other), RelayWelcome)
            assert (await join(port)).code == "token"

    run(go)


def test_of_a_hundred_joins_in_a_second_all_are_served_or_told_when_to_come_again():
    async def go():
        limits = RelayLimits(joins_per_s=10.0, joins_at_once=40.0)
        async with opened(limits) as (door, rooms, port):
            answers = await asyncio.gather(*(join(port, stream) for stream in range(1, 101)))
            welcome = [a for a in answers if isinstance(a, RelayWelcome)]
            told = [a for a in answers if isinstance(a, Refused)]
            assert len(rooms.came) == len(welcome) >= 40
            assert len(welcome) + len(told) == 100
            assert told
            assert all(a.code == "busy" and "come again" in a.sentence for a in told)
            assert len({a.after_s for a in told}) == len(told)
            assert door.outcomes == {"welcome": len(welcome), "busy": len(told)}

    run(go)


def test_one_address_cannot_hold_all_connections():
    async def go():
        async with opened(RelayLimits(address_connections=2)) as (door, _, port):
            async with connect(f"ws://127.0.0.1:{port}/relay") as one:
                async with connect(f"ws://127.0.0.1:{port}/relay"):
                    assert door.connections.total == 2
                    with pytest.raises(InvalidStatus) as refused:
                        await join(port)
                    response = refused.value.response
                    assert response.status_code == 429
                    assert "come again" in response.body.decode()
                    assert int(response.headers["Retry-After"]) > 0
                while door.connections.total == 2:
                    await asyncio.sleep(0.01)
                assert isinstance(await join(port), RelayWelcome)
                await one.close()
            while door.connections.total:
                await asyncio.sleep(0.01)

    run(go)


def test_whoever_opens_connections_and_asks_for_nothing_is_held_to_as_many():
    async def go():
        async with opened(RelayLimits(address_connections=4)) as (door, _, port):
            streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(30)]
            # What is closed unheard is closed; the others wait until they are late.
            while door.connections.total != 8:
                await asyncio.sleep(0.01)
            with pytest.raises((OSError, EOFError, InvalidMessage)):
                await join(port)
            for _, writer in streams:
                writer.close()
            while door.connections.total:
                await asyncio.sleep(0.01)
            assert isinstance(await join(port), RelayWelcome)

    run(go)


def test_who_says_nothing_is_shown_out(monkeypatch):
    monkeypatch.setattr(doors, "JOIN_TIMEOUT_S", 0.1)

    async def go():
        async with opened() as (door, _, port), connect(f"ws://127.0.0.1:{port}/relay") as silent:
            await silent.wait_closed()
            assert door.outcomes == {"silent": 1}

    run(go)


def test_who_goes_before_it_is_decided_is_counted():
    async def go():
        async with opened() as (door, _, port):
            async with connect(f"ws://127.0.0.1:{port}/relay"):
                pass
            while not door.outcomes:
                await asyncio.sleep(0.01)
            assert door.outcomes == {"gone": 1}

    run(go)


def test_a_door_says_whether_people_can_come():
    async def go():
        async with opened() as (_, rooms, port):
            assert (await get(port, "/readyz")).text == "ready\n"
            rooms.refusal = RefusalError("full", "the relay has as many rooms as it takes")
            busy = await get(port, "/readyz")
            assert (busy.status_code, busy.text) == (
                503,
                "the relay has as many rooms as it takes\n",
            )
            # It lives all the same.
            assert (await get(port, "/healthz")).text == "well\n"
            answer = await join(port)
            assert (answer.code, answer.after_s) == ("full", None)

    run(go)


def test_without_file_descriptors_newcomers_get_a_sentence(monkeypatch):
    left = 10_000
    monkeypatch.setattr(doors, "descriptors_left", lambda: left)

    async def go():
        nonlocal left
        async with opened() as (_, _, port):
            left = doors.SPARE_DESCRIPTORS - 1
            answer = await join(port)
            assert answer.code == "busy"
            assert "file descriptors" in answer.sentence
            assert answer.after_s == doors.DESCRIPTORS_S
            assert (await get(port, "/readyz")).status_code == 503
            left += 1
            assert isinstance(await join(port), RelayWelcome)

    run(go)


@pytest.fixture
def written(capfd):
    """What is written to standard error, after :func:`set_up_logging`."""
    ours = logging.getLogger("presence")
    before = ours.handlers, ours.propagate, ours.level
    yield lambda: capfd.readouterr().err
    ours.handlers, ours.propagate = before[0], before[1]
    ours.setLevel(before[2])


def test_neither_tokens_nor_addresses_nor_names_of_rooms_are_written(written):
    set_up_logging(LogSettings(form="json", level="debug", salt=b"salt"))
    good, old = token(1, room="a secret garden"), token(1, room="a secret garden", lasts_s=-10)

    async def go():
        async with opened() as (_, _, port):
            await join(port, shown=good)
            await join(port, shown=old)

    run(go)
    text = written()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["event"] for line in lines] == ["refused"]
    assert "run out" in lines[0]["why"]
    for secret in (good, old, good[-40:], old[-40:], "garden", "127.0.0.1"):
        assert secret not in text


def test_addresses_are_written_if_that_is_asked_for(written):
    set_up_logging(LogSettings(form="json", addresses=True))

    async def go():
        async with opened(log_addresses=True) as (_, _, port):
            await join(port, lasts_s=-10)

    run(go)
    assert json.loads(written())["address"] == "127.0.0.1"


def test_whoever_is_refused_again_and_again_does_not_fill_the_log(written):
    set_up_logging(LogSettings())

    async def go():
        async with opened() as (_, _, port):
            async with connect(f"ws://127.0.0.1:{port}/relay") as websocket:
                await websocket.send("nonsense")
                await websocket.wait_closed()
            for _ in range(4):
                await asyncio.gather(*(join(port, lasts_s=-10) for _ in range(20)))

    run(go)
    lines = written().splitlines()
    assert 1 <= len(lines) < 60
    assert all("somebody was not let in" in line for line in lines)
    # Of what they said themselves nothing is written.
    assert next(line for line in lines if "malformed" in line).endswith("(code=malformed)")
    assert "why=" in lines[-1]


def certificate(folder):
    folder.mkdir(exist_ok=True)
    return make_certificate(folder, "127.0.0.1")


async def shown_by(port):
    """The certificate that a server shows now."""
    context = client_context(None)
    context.check_hostname = False
    context.verify_mode = 0
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return shown


def test_people_come_by_tls_and_a_renewed_certificate_is_shown_to_whoever_comes_next(tmp_path):
    used, other = tmp_path / "used", tmp_path / "other"
    files, others = certificate(used), certificate(other)
    shows = RelayCertificate(*files)

    async def go():
        async with opened(tls=shows.context) as (_, _, port):
            trusting = client_context(None)
            trusting.load_verify_locations(files[0])
            assert isinstance(await join(port, tls=trusting), RelayWelcome)
            assert (await get(port, "/readyz", "https")).text == "ready\n"
            before = await shown_by(port)
            shows.renew_if_changed()
            assert await shown_by(port) == before
            async with connect(f"wss://127.0.0.1:{port}/relay", ssl=trusting) as inside:
                # The certificate is renewed first, and its key a moment later.
                shutil.copy(others[0], files[0])
                shows.renew_if_changed()
                assert await shown_by(port) == before
                shutil.copy(others[1], files[1])
                shows.renew_if_changed()
                after = await shown_by(port)
                assert after != before
                await inside.send("nonsense")
                assert "Refused" in await inside.recv()
            files[1].write_text("rubbish")
            shows.renew_if_changed()
            assert await shown_by(port) == after
            files[0].unlink()
            shows.renew()
            assert await shown_by(port) == after

    run(go)


def test_a_key_of_another_certificate_is_a_sentence(tmp_path):
    one, other = certificate(tmp_path / "one"), certificate(tmp_path / "other")
    with pytest.raises(UsageError, match="key of another certificate"):
        RelayCertificate(one[0], other[1])
    with pytest.raises(UsageError, match=r"No such file.*give both in PEM"):
        RelayCertificate(one[0], tmp_path / "nothing")
