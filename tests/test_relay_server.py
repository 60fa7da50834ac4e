"""A relay and people who come to it, over real ICE and DTLS on this machine."""

import asyncio
import contextlib
import itertools
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from quiet_loop import run
from relay_people import KEY, Person, token, until, until_comes
from relay_process import relay_process
from relay_room import voice
from websockets.asyncio.client import connect

from presence.errors import TransportError
from presence.relay.admission import public_text
from presence.relay.door import SPARE_DESCRIPTORS
from presence.relay.limits import RelayLimits
from presence.relay.server import relaying
from presence.relay.settings import RelaySettings
from presence.wire.relay_signalling import RelayJoin
from presence.wire.relaying import RelayBye, RelayPing, RelayPong
from presence.wire.signalling import encode_message

GUESTS = Path(__file__).with_name("relay_guest_process.py")


@contextlib.asynccontextmanager
async def room(*people, limits=None):
    """A relay and those who have come to it."""
    settings = RelaySettings((KEY.public_key(),), "127.0.0.1", 0, limits=limits or RelayLimits())
    async with relaying(settings) as relay:
        for person in people:
            await person.come(relay.port)
        try:
            yield relay.port, relay.staff.hall
        finally:
            for person in people:
                await person.guest.leave()


def test_people_hear_one_another_by_rtp_and_by_data_channel():
    async def go():
        people = [Person(1), Person(2), Person(3, "data")]

        def speak():
            for person in people:
                person.speak()

        async with room(*people):
            assert [p.carrier.name for p in people] == ["rtp", "rtp", "data"]
            await until(
                lambda: all(
                    len(p.heard_of(q.stream)) >= 20 for p in people for q in people if p is not q
                ),
                speak,
            )
            assert not any(p.heard_of(p.stream) for p in people)

    run(go)


def test_a_voice_goes_through_unchanged():
    async def go():
        one, two = Person(1), Person(2)
        sent = voice(1, 5)
        async with room(one, two):
            await until(lambda: sent in two.heard, lambda: one.say(sent))

    run(go)


def test_the_relay_answers_pings():
    async def go():
        one = Person(1)
        async with room(one):
            await until(lambda: RelayPong(7) in one.told(), lambda: one.ask(RelayPing(7)))

    run(go)


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"key": Ed25519PrivateKey.generate()}, "signed"),
        ({"lasts_s": -10}, "run out"),
    ],
)
def test_who_has_no_good_token_is_refused_with_a_sentence(claims, sentence):
    async def go():
        async with room() as (port, hall):
            with pytest.raises(TransportError, match=sentence):
                await Person(1).come(port, **claims)
            assert hall.rooms == {}

    run(go)


def test_a_full_room_refuses_and_those_inside_do_not_notice():
    async def go():
        one, two, late = Person(1), Person(2), Person(3)
        async with room(one, two, limits=RelayLimits(capacity=2)) as (port, _):
            with pytest.raises(TransportError, match="full"):
                await late.come(port)
            await until(lambda: len(two.heard_of(1)) >= 5, one.speak)
            # Another room has place, and so has whoever comes once more.
            other = await Person(1).come(port, room="another")
            await other.guest.leave()
            again = await Person(2).come(port)
            await until(lambda: len(again.heard_of(1)) >= 5, one.speak)
            await again.guest.leave()

    run(go)


def test_what_is_no_join_is_refused():
    async def go():
        async with room() as (port, hall):
            for nonsense in ("", "{}", '{"type":"RelayJoin","token":"x"}', b"\0\xff"):
                async with connect(f"ws://127.0.0.1:{port}/relay") as websocket:
                    await websocket.send(nonsense)
                    assert "Refused" in await websocket.recv()
            join = encode_message(RelayJoin(token=token(1), sdp="v=0"))
            async with connect(f"ws://127.0.0.1:{port}/relay") as websocket:
                await websocket.send(join)
                assert "Refused" in await websocket.recv()
            assert hall.rooms == {}
            async with httpx.AsyncClient() as client:
                assert (await client.get(f"http://127.0.0.1:{port}/healthz")).text == "well\n"
                assert (await client.get(f"http://127.0.0.1:{port}/")).status_code == 404

    run(go)


def test_who_floods_is_shown_out_and_the_others_hear_one_another():
    async def go():
        one, two, hostile = Person(1), Person(2), Person(3)
        async with room(one, two, hostile) as (_, hall):

            def flood():
                one.speak()
                for _ in range(40):
                    hostile.carrier._path.send_bundle(
                        hostile.carrier._sequence + 1, 0, hostile.carrier._own.ssrc, b"\0\1x", 0
                    )
                    hostile.carrier._sequence += 1

            await until(lambda: set(hall.rooms["a room"].members) == {1, 2}, flood)
            before = len(two.heard_of(1))
            await until(lambda: len(two.heard_of(1)) >= before + 20, one.speak)

    run(go)


@pytest.mark.parametrize("fate", [signal.SIGKILL, signal.SIGSTOP])
def test_nobody_notices_that_others_were_killed_or_stopped(fate):
    async def go():
        one, two = Person(1), Person(2)
        async with room(one, two, limits=RelayLimits(lost_after_s=2.0)) as (port, hall):
            process = subprocess.Popen(
                [sys.executable, GUESTS, str(port), "3", token(3), "4", token(4)],
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )

            def speak():
                one.speak()
                two.speak()

            try:
                await until(lambda: len(one.heard_of(3)) > 5 and len(two.heard_of(4)) > 5, speak)
                process.send_signal(fate)
                sent = two.sequence
                await until(lambda: set(hall.rooms["a room"].members) == {1, 2}, speak)
                await until(lambda: two.sequence >= sent + 100, speak)
                until_then = range(sent, two.sequence - 5)
                # On a busy machine a receiver's buffer may run over; nothing else is lost.
                await until(lambda: len(set(until_then) - one.heard_of(2)) <= 3, speak)
            finally:
                process.kill()
                process.wait()
                process.stdout.close()

    run(go)


def test_a_relay_that_is_told_to_end_says_goodbye_and_ends_well():
    async def go():
        async with relay_process(KEY) as relay:
            port = relay.port
            one = await Person(1).come(port)
            two = await Person(2).come(port)
            await until(lambda: len(two.heard_of(1)) >= 5, one.speak)
            relay.process.terminate()
            await until(lambda: one.closed and two.closed)
            assert RelayBye() in one.told()
            assert await relay.wait() == 0
            for person in (one, two):
                await person.guest.leave()

    run(go)


def test_a_relay_that_drains_opens_no_room_keeps_those_it_has_and_ends_when_they_are_empty():
    async def go():
        async with relay_process(KEY, "--drain", 600) as relay:
            one, two = await Person(1).come(relay.port), await Person(2).come(relay.port)
            relay.process.terminate()
            async with httpx.AsyncClient(trust_env=False) as client:
                page = f"http://127.0.0.1:{relay.port}/readyz"
                while (answer := await client.get(page)).status_code == 200:
                    await asyncio.sleep(0.02)
            assert "going" in answer.text
            with pytest.raises(TransportError, match="opens no more rooms"):
                await Person(1).come(relay.port, room="another")
            late = await Person(3).come(relay.port)
            await until(lambda: late.heard_of(1) and two.heard_of(1), one.speak)
            for person in (one, two, late):
                await person.guest.leave()
            assert await relay.wait() == 0

    run(go)


def test_at_sighup_a_relay_reads_again_whom_it_trusts_and_nobody_inside_notices(tmp_path):
    other = Ed25519PrivateKey.generate()
    file = tmp_path / "relay.toml"
    file.write_text(
        f'bind = "127.0.0.1"\nport = 0\nhost-key = ["{public_text(KEY)}"]', encoding="utf-8"
    )

    async def go():
        async with relay_process(None, "--config", file) as relay:
            one = await Person(1).come(relay.port)
            file.write_text("rubbish")
            relay.process.send_signal(signal.SIGHUP)
            two = await Person(2).come(relay.port)
            file.write_text(f'host-key = ["{public_text(KEY)}", "{public_text(other)}"]')
            relay.process.send_signal(signal.SIGHUP)
            late = Person(3)
            await until_comes(late, relay.port, key=other)
            await until(lambda: late.heard_of(1) and two.heard_of(1), one.speak)
            for person in (one, two, late):
                await person.guest.leave()
            relay.process.terminate()
            assert await relay.wait() == 0

    run(go)


def test_who_asks_twice_does_not_wait_for_a_relay_to_drain():
    async def go():
        async with relay_process(KEY, "--drain", 600) as relay:
            one = await Person(1).come(relay.port)
            relay.process.terminate()
            async with httpx.AsyncClient(trust_env=False) as client:
                page = f"http://127.0.0.1:{relay.port}/readyz"
                while (await client.get(page)).status_code == 200:
                    await asyncio.sleep(0.02)
            relay.process.terminate()
            assert await relay.wait() == 0
            await until(lambda: RelayBye() in one.told())
            await one.guest.leave()

    run(go)


FEW_DESCRIPTORS = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what is open is read from /proc")
def test_whom_a_relay_has_no_file_descriptors_for_gets_a_sentence_and_nobody_inside_notices():
    async def go():
        async with relay_process(KEY, prelude=FEW_DESCRIPTORS) as relay:
            one, two = await Person(1).come(relay.port), await Person(2).come(relay.port)
            held = []
            # Whoever holds connections open uses descriptors up.
            async with contextlib.AsyncExitStack() as stack:
                url = f"ws://127.0.0.1:{relay.port}/relay"
                while len(descriptors(relay.pid)) < 48 - SPARE_DESCRIPTORS + 2:
                    held.append(await stack.enter_async_context(connect(url)))
                with pytest.raises(TransportError, match="hardly any file descriptors left"):
                    await Person(3).come(relay.port)
                before = len(two.heard_of(1))
                await until(lambda: len(two.heard_of(1)) >= before + 20, one.speak)
            assert held
            late = Person(3)
            await until_comes(late, relay.port)
            await until(lambda: len(late.heard_of(1)) >= 5, one.speak)
            for person in (one, two, late):
                await person.guest.leave()

    run(go)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's")
def test_a_relay_out_of_file_descriptors_serves_those_it_has_and_takes_more_later():
    async def go():
        async with relay_process(KEY) as relay:
            port = relay.port
            one, two = await Person(1).come(port), await Person(2).come(port)
            # The WebSockets by which they came are closed by and by.
            before = None
            while before != (open_files := descriptors(relay.pid)):
                before = open_files
                await asyncio.sleep(0.5)
            free = next(number for number in itertools.count() if number not in open_files)
            _, most = resource.prlimit(relay.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(relay.pid, resource.RLIMIT_NOFILE, (free, most))
            late = Person(3)
            with pytest.raises((TransportError, OSError, TimeoutError)):
                async with asyncio.timeout(5):
                    await late.come(port)
            await late.guest.leave()
            before = len(two.heard_of(1))
            await until(lambda: len(two.heard_of(1)) >= before + 20, one.speak)
            resource.prlimit(relay.pid, resource.RLIMIT_NOFILE, (most, most))
            late = Person(3)
            await until_comes(late, port)
            await until(lambda: len(late.heard_of(1)) >= 5, one.speak)
            for person in (one, two, late):
                await person.guest.leave()
            relay.process.terminate()
            assert await relay.wait() == 0

    run(go)


def descriptors(pid):
    """The file descriptors that a process has open."""
    return {int(fd.name) for fd in Path(f"/proc/{pid}/fd").iterdir()}
