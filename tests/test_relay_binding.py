"""Checks as a relay reads and answers them."""

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from presence.relay import binding

PASSWORD = "p" * 24


def check(name="relay:them", password=PASSWORD, **attributes):
    message = stun.Message(
        stun.Method.BINDING,
        stun.Class.REQUEST,
        attributes={"USERNAME": name, "PRIORITY": 7, "ICE-CONTROLLING": 9} | attributes,
    )
    message.add_message_integrity(password.encode())
    return bytes(message)


def test_a_check_names_whom_it_asks_for():
    data = check()
    asks, transaction = binding.transaction_of(data)
    assert asks
    assert transaction == data[8:20]
    assert binding.asked_for(data) == "relay"
    assert binding.proven(data, PASSWORD).attributes["ICE-CONTROLLING"] == 9


def test_without_the_password_nothing_is_proven():
    assert binding.proven(check(password="q" * 24), PASSWORD) is None
    bare = stun.Message(
        stun.Method.BINDING, stun.Class.REQUEST, attributes={"USERNAME": "relay:them"}
    )
    assert binding.proven(bytes(bare), PASSWORD) is None


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_check_of_which_one_byte_was_changed_proves_nothing(at, change):
    data = bytearray(check())
    data[at % len(data)] ^= change
    # Its reader is only asked once it looks like a check at all.
    if binding.transaction_of(bytes(data)) is not None:
        assert binding.proven(bytes(data), PASSWORD) is None


@given(st.binary(max_size=700))
def test_whatever_comes_nothing_is_raised(data):
    header = b"\0\1" + max(0, len(data) - len(data) % 4).to_bytes(2, "big") + b"\x21\x12\xa4\x42"
    for hostile in (data, header + bytes(12) + data[: len(data) - len(data) % 4]):
        if binding.transaction_of(hostile) is not None:
            binding.asked_for(hostile)
        assert binding.proven(hostile, PASSWORD) is None


@pytest.mark.parametrize("cut", [0, 1, 19, 20, 23, 50])
def test_what_is_cut_short_is_no_check(cut):
    assert binding.transaction_of(check()[:cut]) is None


def test_names_are_not_sought_for_ever():
    many = b"\0\7\0\0" * 100
    data = b"\0\1" + len(many).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12) + many
    assert binding.transaction_of(data) is not None
    assert binding.asked_for(data) is None


@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::7"])
def test_an_answer_says_where_the_check_came_from_and_is_shorter_than_it(host):
    data = check()
    response = binding.answer(binding.proven(data, PASSWORD), (host, 4321), PASSWORD)
    assert len(response) < len(data)
    read = binding.proven(response, PASSWORD)
    assert read.message_class == stun.Class.RESPONSE
    assert read.transaction_id == data[8:20]
    assert read.attributes["XOR-MAPPED-ADDRESS"] == (host, 4321)


def test_who_does_not_want_to_decide_is_told_that_the_relay_does_not_either():
    message = stun.Message(
        stun.Method.BINDING,
        stun.Class.REQUEST,
        attributes={"USERNAME": "relay:them", "PRIORITY": 7, "ICE-CONTROLLED": 9},
    )
    message.add_message_integrity(PASSWORD.encode())
    asked = binding.proven(bytes(message), PASSWORD)
    response = stun.parse_message(binding.answer(asked, ("192.0.2.7", 1), PASSWORD))
    assert response.error_code == 487


def test_a_challenge_is_a_check_that_the_other_can_answer():
    number, data = binding.challenge("them", "relay", PASSWORD)
    read = binding.proven(data, PASSWORD)
    assert read.attributes["USERNAME"] == "them:relay"
    assert read.transaction_id == number
