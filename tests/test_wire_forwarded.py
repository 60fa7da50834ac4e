import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.errors import EnvelopeError
from presence.wire.bundle import BUNDLE_LIMIT
from presence.wire.forwarded import (
    CONNECTIONS,
    COUNT_PERIOD,
    Count,
    Forwarded,
    decode_frame,
    decode_token,
    encode_count,
    encode_forwarded,
    encode_token,
)


@given(st.integers(1, 0xFFFF), st.binary(min_size=1, max_size=BUNDLE_LIMIT))
def test_a_bundle_comes_back_with_whom_it_is_for(stream, bundle):
    assert decode_frame(encode_forwarded(stream, bundle)) == Forwarded(stream, bundle)


@pytest.mark.parametrize("connection", range(CONNECTIONS))
def test_a_token_comes_back_with_the_number_of_its_connection(connection):
    assert decode_token(encode_token("to-ken_", connection)) == ("to-ken_", connection)


def test_a_first_connection_begins_with_the_token_alone():
    assert encode_token("token", 0) == "token"
    assert encode_token("token", 3) == "token 3"


@pytest.mark.parametrize("text", ["token 8", "token -", "token 01", "token 1 1", "token \u0661"])
def test_a_connection_of_no_possible_number_is_refused(text):
    with pytest.raises(EnvelopeError, match="one is 0 to 7"):
        decode_token(text)


def test_the_bytes_are_what_the_standard_says():
    assert encode_forwarded(0x0102, b"bundle") == b"\x01\x02bundle"
    assert encode_count(0x01020304) == b"\x00\x00\x01\x02\x03\x04"
    assert decode_frame(encode_count(COUNT_PERIOD + 7)) == Count(7)


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"\0\1", bytes(5), bytes(7), b"\0\1" + bytes(BUNDLE_LIMIT + 1)],
    ids=["empty", "cut", "no bundle", "short count", "long count", "too long"],
)
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(EnvelopeError, match="bytes came"):
        decode_frame(data)
