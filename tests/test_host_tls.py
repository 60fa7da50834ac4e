"""TLS on the host's port: certificates, pins, and who speaks what at the door."""

import asyncio
import contextlib
import socket
import subprocess
import sys
import urllib.request
from dataclasses import replace

import httpx
import pytest
from host_process import host_process
from turn_server import make_certificate
from websockets.asyncio.client import connect

from presence.clock import MonotonicClock
from presence.errors import HostError, TransportError, UsageError
from presence.host import doorman
from presence.host.certificate import given_certificate, own_certificate, pin_of_file
from presence.host.server import hosting
from presence.host.settings import HostSettings
from presence.transport.signalling import SignallingClient, ask_ice_servers
from presence.transport.tls import context_for
from presence.transport.websocket_carrier import HostLine
from presence.wire.link import RoomLink, parse_link
from presence.wire.signalling import Join

HERE = HostSettings(bind="127.0.0.1", port=0)


def with_tls(test, certificate):
    async def run():
        async with hosting(replace(HERE, certificate=certificate)) as link, asyncio.timeout(20.0):
            return await test(link)

    return asyncio.run(run())


@pytest.fixture
def own(tmp_path):
    return own_certificate(["127.0.0.1", "home.example"], tmp_path)


async def page(link, scheme="http"):
    async with httpx.AsyncClient(trust_env=False, verify=False) as browser:
        return (await browser.get(f"{scheme}://127.0.0.1:{link.port}/r/{link.room}")).status_code


def test_the_key_is_kept_so_that_the_pin_outlives_a_restart_and_a_move(tmp_path):
    before = own_certificate(["192.0.2.1"], tmp_path)
    after = own_certificate(["192.0.2.2", "2001:db8::1", "home.example"], tmp_path)
    assert before.pin == after.pin
    assert len(before.pin) == 43
    assert set(after.files) == set(tmp_path.iterdir())
    assert after.files[1].stat().st_mode & 0o077 == 0
    assert pin_of_file(after.files[0]) == after.pin
    elsewhere = tmp_path / "elsewhere"
    assert own_certificate(["192.0.2.1"], elsewhere).pin != before.pin


def test_a_key_that_is_none_is_a_sentence_with_its_cure(tmp_path):
    (tmp_path / "host-tls.pem").write_text("rubbish")
    with pytest.raises(UsageError, match=r"TLS key in .* cannot be used.*remove it.*--no-tls"):
        own_certificate(["192.0.2.1"], tmp_path)


def test_a_participant_comes_by_tls_and_a_browser_by_plain_http_on_one_port(own):
    async def visit(link):
        assert link.signalling_url.startswith("wss://")
        async with SignallingClient.connect(link, Join(name="Ada")) as client:
            stream = client.welcome.stream
        return str(link), stream, await page(link), await page(link, "https")

    link, stream, plain, tls = with_tls(visit, own)
    assert link.startswith("http://127.0.0.1:")
    assert link.endswith(f".{own.pin}")
    assert (stream, plain, tls) == (1, 200, 200)


def test_another_certificate_than_the_pinned_one_is_told(own):
    async def visit(link):
        wrong = replace(link, pin="A" * 43)
        with pytest.raises(HostError, match=r"not the host that the link was made for.*again"):
            await ask_ice_servers(wrong)
        line = HostLine(wrong, MonotonicClock())
        line.token = "token"
        with pytest.raises(TransportError, match="not the host that the link was made for"):
            await line.open()
        with pytest.raises(HostError, match="is not trusted here"):
            await ask_ice_servers(replace(link, pin="", tls=True))

    with_tls(visit, own)


@pytest.mark.parametrize("right", [True, False])
def test_not_a_word_is_said_to_another_than_the_pinned_host(own, right):
    async def main():
        heard = asyncio.get_running_loop().create_future()

        async def hear(reader, writer):
            with contextlib.suppress(ConnectionError, OSError):
                heard.set_result(await reader.read(1))
            writer.close()

        server = await asyncio.start_server(hear, "127.0.0.1", 0, ssl=own.context)
        async with server:
            port = server.sockets[0].getsockname()[1]
            link = RoomLink("127.0.0.1", port, "garden", pin=own.pin if right else "A" * 43)
            with pytest.raises(HostError):
                await ask_ice_servers(link)
            async with asyncio.timeout(5.0):
                # Whoever breaks the handshake off may not have been let in at all.
                return await heard if right else heard.done() and heard.result()

    assert bool(asyncio.run(main())) == right


def test_a_host_without_tls_is_not_taken_for_the_pinned_one():
    async def visit(link):
        with pytest.raises(HostError, match="does not speak TLS"):
            await ask_ice_servers(replace(link, pin="A" * 43))

    with_tls(visit, None)


def test_who_says_nothing_at_the_door_goes_and_keeps_nobody_out(own, monkeypatch):
    monkeypatch.setattr(doorman, "_FIRST_BYTE_S", 0.3)

    async def visit(link):
        silent = [await asyncio.open_connection("127.0.0.1", link.port) for _ in range(20)]
        early = await page(link)
        ends = [await reader.read() for reader, _ in silent]
        for _, writer in silent:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        return early, set(ends), await page(link)

    assert with_tls(visit, own) == (200, {b""}, 200)


@pytest.mark.parametrize("words", [b"\x16", b"\x16\x03\x01\x00\x05hello", b"\x00" * 300, b"\r\n"])
def test_rubbish_at_the_door_costs_nothing_but_itself(own, monkeypatch, words):
    monkeypatch.setattr(doorman, "_HANDSHAKE_S", 0.3)

    async def visit(link):
        reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
        writer.write(words)
        writer.write_eof()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return await page(link)

    assert with_tls(visit, own) == 200


def test_with_a_certificate_that_was_given_there_are_no_plain_pages(tmp_path):
    certificate, key = make_certificate(tmp_path, "127.0.0.1", issuer="an authority")
    given = given_certificate(certificate, key)
    assert given.pin is None

    async def visit(link):
        with pytest.raises(httpx.TransportError):
            await page(link)
        return str(link), await page(link, "https")

    link, tls = with_tls(visit, given)
    assert link.startswith("https://")
    assert "." not in link.partition("#")[2]
    assert tls == 200


def test_a_given_certificate_that_nobody_else_signed_is_pinned(tmp_path):
    certificate, key = make_certificate(tmp_path, "127.0.0.1")
    given = given_certificate(certificate, key)
    assert given.pin == pin_of_file(certificate)

    async def visit(link):
        async with connect(link.signalling_url, proxy=None, ssl=context_for(link)):
            return str(link)

    assert with_tls(visit, given).startswith("https://")


def test_a_room_that_is_opened_again_is_known_by_the_same_pin(tmp_path, monkeypatch):
    monkeypatch.setenv("PRESENCE_STATE", str(tmp_path / "state"))
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with host_process(tmp_path / "first", "--port", "0") as (_, link):
        assert link.pin
        with urllib.request.urlopen(f"{link.origin}/healthz", timeout=5.0) as answer:
            assert answer.read() == b"ok\n"
    with host_process(tmp_path / "second", "--link", str(link)) as (_, again):
        assert again == link
        asyncio.run(ask_ice_servers(again))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--certificate", "x.pem"], "belong together"),
        (["--certificate", "/nowhere/x", "--key", "/nowhere/y"], "/nowhere/x cannot be read"),
        (["--certificate", "x", "--key", "y", "--no-tls"], "leave one out"),
        (["--link", f"http://127.0.0.1:1/r/x#y.{'p' * 43}"], "whose key is not used here"),
        (["--link", f"http://127.0.0.1:1/r/x#y.{'p' * 43}", "--no-tls"], "whose key is not used"),
    ],
    ids=["no key", "no file", "no TLS", "another key", "pin without TLS"],
)
def test_what_cannot_be_is_a_sentence(options, sentence):
    ended = subprocess.run(
        [sys.executable, "-m", "presence", "host", "--bind", "127.0.0.1", *options],
        capture_output=True,
        text=True,
        timeout=20.0,
    )
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_port_is_free_again_when_the_host_has_ended(own):
    async def nothing(link):
        return link.port

    port = with_tls(nothing, own)
    with socket.create_server(("127.0.0.1", port)):
        pass
    assert parse_link(f"http://127.0.0.1:{port}/r/x").port == port
