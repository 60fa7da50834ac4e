"""The servers that a host names, and its credentials."""

import asyncio
import base64
import hashlib
import hmac
from dataclasses import replace

import pytest
from turn_server import make_certificate
from websockets.asyncio.client import connect

from presence.errors import UsageError
from presence.host.ice_servers import LIFETIME_S, IceSettings, TurnServer, ice_settings
from presence.host.server import hosting
from presence.host.settings import HostSettings
from presence.wire.signalling import (
    IceServers,
    IceServersRequest,
    Join,
    Welcome,
    decode_host_message,
    encode_message,
)

ICE = IceSettings(turn=TurnServer("turn.example", "hush"))


def test_a_credential_is_the_hmac_of_a_name_that_says_until_when_it_holds():
    turn, stun = ICE.servers("ada", 1000)
    assert turn.username == f"{1000 + LIFETIME_S}:ada"
    # Written out as coturn does it: HMAC-SHA1 of the name, by the secret.
    key, block = b"hush".ljust(64, b"\0"), 64
    inner = hashlib.sha1(bytes(b ^ 0x36 for b in key) + turn.username.encode()).digest()
    outer = hashlib.sha1(bytes(b ^ 0x5C for b in key) + inner).digest()
    assert len(key) == block
    assert base64.b64decode(turn.credential) == outer
    assert hmac.digest(b"hush", turn.username.encode(), "sha1") == outer
    assert turn.lifetime_s == LIFETIME_S
    assert stun.urls == ("stun:turn.example:3478",)


def test_a_server_is_named_by_every_way_to_it_the_best_first():
    (turn, _) = ICE.servers("ada", 0)
    assert turn.urls == (
        "turn:turn.example:3478?transport=udp",
        "turn:turn.example:3478?transport=tcp",
        "turns:turn.example:5349?transport=tcp",
    )


def test_the_options_say_which_servers(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("  hush\n")
    certificate, _ = make_certificate(tmp_path, "192.0.2.1")
    settings = ice_settings("turn.example:99", secret, "stun.example", 443, certificate)
    turn, stun = settings.servers("ada", 0)
    assert turn.urls[0] == "turn:turn.example:99?transport=udp"
    assert turn.urls[2] == "turns:turn.example:443?transport=tcp"
    assert len(turn.pin) == 43
    assert stun.urls == ("stun:stun.example:3478",)
    assert ice_settings(None, None).servers("ada", 0) == ()


def test_options_that_cannot_be_are_sentences(tmp_path):
    secret, empty = tmp_path / "secret", tmp_path / "empty"
    secret.write_text("hush")
    empty.write_text("\n")
    for options, sentence in [
        (("turn.example", None), "belong together"),
        ((None, secret), "belong together"),
        (("a b", secret), "--turn 'a b' is no server"),
        (("turn.example", tmp_path / "none"), "cannot be read from .*static-auth-secret"),
        (("turn.example", empty), "is empty"),
        (("turn.example", secret, "?"), "--stun '\\?' is no server"),
        (("turn.example", secret, None, 443, secret), "there is no certificate in it"),
        ((None, None, None, 443, secret), "--turn-certificate is of a TURN server"),
    ]:
        with pytest.raises(UsageError, match=sentence):
            ice_settings(*options)


def on_host(test):
    async def run():
        settings = HostSettings(bind="127.0.0.1", port=0)
        async with (
            hosting(replace(settings, ice=ICE)) as link,
            asyncio.timeout(20.0),
            connect(link.signalling_url, proxy=None) as websocket,
        ):
            return await test(websocket)

    return asyncio.run(run())


def test_a_member_is_told_the_servers_and_gets_fresh_credentials_for_the_asking():
    async def join_and_ask(websocket):
        await websocket.send(encode_message(Join(name="Ada")))
        welcome = decode_host_message(await websocket.recv())
        await websocket.send(encode_message(IceServersRequest()))
        return welcome, decode_host_message(await websocket.recv())

    welcome, fresh = on_host(join_and_ask)
    assert isinstance(welcome, Welcome)
    assert isinstance(fresh, IceServers)
    for turn, stun in (welcome.ice_servers, fresh.ice_servers):
        assert turn.username.endswith(":member-1")
        assert stun.urls == ("stun:turn.example:3478",)


def test_who_only_asks_for_the_servers_is_answered_and_does_not_join():
    async def ask(websocket):
        await websocket.send(encode_message(IceServersRequest()))
        answer = decode_host_message(await websocket.recv())
        await websocket.wait_closed()
        return answer, websocket.close_code

    answer, code = on_host(ask)
    assert isinstance(answer, IceServers)
    assert answer.ice_servers[0].username.endswith(":visitor")
    assert code == 1000
