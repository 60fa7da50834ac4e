import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.errors import SignallingError
from presence.wire.relay_signalling import decode_relay_join
from presence.wire.signalling import (
    MESSAGE_LIMIT,
    Description,
    Heartbeat,
    IceServer,
    IceServers,
    IceServersRequest,
    Identity,
    Join,
    KeyPackage,
    KeyRequest,
    Leave,
    Member,
    MemberJoined,
    MemberLeft,
    NoRelay,
    Refused,
    RelayPlace,
    RelayRequest,
    Welcome,
    decode_client_message,
    decode_host_message,
    encode_message,
)

SERVERS = (
    IceServer(
        urls=("turn:turn.example:3478?transport=udp",),
        username="1:ada",
        credential="hmac",
        lifetime_s=3600,
        pin="pin",
    ),
    IceServer(urls=("stun:turn.example:3478",)),
)
WHO = Identity(device=bytes(range(32)), agreement=b"a" * 32, signature=b"s" * 64, proof=b"p" * 32)
MEMBER = Member(stream=1, seat=0, name="Grace", look=7, identity=WHO)


@pytest.mark.parametrize(
    "message",
    [
        Join(name="Ada Lovelace", look=3, carriers=("data",), seat=4, resume="token"),
        Join(name="Ἀσπασία 👋"),
        Join(name="Ada", identity=WHO),
        KeyPackage(to=2, box=bytes(136)),
        KeyRequest(to=2),
        Description(to=2, kind="offer", sdp="v=0\r\n"),
        Heartbeat(),
        Leave(),
        IceServersRequest(),
        RelayRequest(),
        RelayRequest(alone=True),
    ],
    ids=repr,
)
def test_what_a_participant_says_comes_back_as_it_went(message):
    assert decode_client_message(encode_message(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        Welcome(stream=2, seat=1, resume="token", members=(MEMBER,)),
        Welcome(stream=2, seat=1, resume="token", members=(), ice_servers=SERVERS),
        IceServers(ice_servers=SERVERS),
        RelayPlace(url="wss://a:1/relay", token="t", lifetime_s=60, wanted=True, pin="pin"),
        RelayPlace(url="ws://a:1/relay", token="t" * 256, lifetime_s=1, wanted=False),
        NoRelay(sentence="there is none"),
        Refused(code="full", sentence="The room is full."),
        Refused(code="busy", sentence="Come back in a moment.", after_s=1.5),
        MemberJoined(member=MEMBER),
        MemberLeft(stream=1, reason="lost"),
        Description(to=2, sender=1, kind="answer", sdp="v=0\r\n"),
        KeyPackage(to=2, sender=1, box=bytes(136)),
        KeyRequest(to=2, sender=1),
        Heartbeat(),
    ],
    ids=repr,
)
def test_what_the_host_says_comes_back_as_it_went(message):
    assert decode_host_message(encode_message(message)) == message


def test_the_json_is_what_the_standard_says():
    assert json.loads(encode_message(Join(name="Ada", seat=2))) == {
        "type": "Join",
        "name": "Ada",
        "seat": 2,
    }


def test_a_field_of_a_later_version_is_ignored():
    assert decode_client_message('{"type":"Join","name":"Ada","mood":"good"}') == Join(name="Ada")


@pytest.mark.parametrize(
    "data",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"type":"Join"}',
        '{"type":"Join","name":""}',
        '{"type":"Join","name":"   "}',
        '{"type":"Join","name":"\\u001b[2J"}',
        '{"type":"Join","name":"a\\nb"}',
        '{"type":"Join","name":"\\ud800"}',
        json.dumps({"type": "Join", "name": "a" * 41}),
        '{"type":"Join","name":"a","look":-1}',
        '{"type":"Join","name":"a","look":1e999}',
        '{"type":"Join","name":"a","seat":10000000000000000000000000}',
        json.dumps({"type": "Join", "name": "a", "carriers": ["data"] * 9}),
        '{"type":"Join","name":"a","x":' + "[" * 20_000,
        '{"type":"Welcome","stream":1,"seat":0,"resume":"a","members":[]}',
        '{"type":"Description","to":0,"kind":"offer","sdp":"v=0"}',
        '{"type":"Description","to":1,"kind":"rollback","sdp":"v=0"}',
        '{"type":"Heartbeat"}{',
        '{"type":"KeyPackage","to":1}',
        '{"type":"KeyPackage","to":1,"box":""}',
        '{"type":"KeyPackage","to":1,"box":"no Base64"}',
        json.dumps({"type": "KeyPackage", "to": 1, "box": "AAAA" * 171}),
        '{"type":"KeyRequest","to":0}',
        '{"type":"Join","name":"a","identity":{}}',
        '{"type":"Join","name":"a","identity":{"device":"","agreement":"","signature":"","proof":""}}',
        b"\xff",
        '{"type":"Join","name":"\ud800"}',
        "\ud800",
        b" " * (MESSAGE_LIMIT + 1),
    ],
    ids=lambda data: repr(data[:60]),
)
def test_what_no_participant_may_say_is_a_documented_error(data):
    with pytest.raises(SignallingError):
        decode_client_message(data)


def test_a_member_with_a_harmful_name_is_refused_from_the_host_too():
    good = json.loads(encode_message(MemberJoined(member=MEMBER)))
    good["member"]["name"] = "\x1b[2J"
    with pytest.raises(SignallingError):
        decode_host_message(json.dumps(good))


@given(st.binary() | st.text())
def test_anything_at_all_reaches_only_documented_errors(data):
    for decode in (decode_client_message, decode_host_message):
        with pytest.raises(SignallingError):
            decode(data)


def test_a_message_that_no_receiver_would_take_is_not_sent():
    with pytest.raises(SignallingError, match="not sent"):
        encode_message(Description(to=1, kind="offer", sdp="x" * MESSAGE_LIMIT))


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"RelayJoin","token":"t","sdp":"v=0","x":' + "[" * 20_000,
        '{"type":"RelayJoin","token":"' + "t" * 257 + '","sdp":"v=0"}',
        '{"type":"RelayJoin","token":"t","sdp":"' + "v" * MESSAGE_LIMIT + '"}',
        '{"type":"RelayWelcome","sdp":"v=0"}',
        b"\xff",
    ],
    ids=["nested", "token", "long", "another", "no text"],
)
def test_a_relay_survives_what_is_no_join(text):
    with pytest.raises(SignallingError):
        decode_relay_join(text)
