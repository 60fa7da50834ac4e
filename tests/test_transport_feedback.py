"""Reports on packets, as RTCP."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.clock import MILLISECOND, SECOND
from presence.errors import EnvelopeError
from presence.transport.feedback import (
    REPORT_LIMIT,
    Feedback,
    decode_feedback,
    encode_feedback,
    offset_of,
    report_time,
)

WORDS = st.integers(0, 0xFFFF_FFFF)
OFFSETS = st.lists(st.none() | st.integers(0, 0x1FFF), min_size=1, max_size=REPORT_LIMIT)


@given(WORDS, WORDS, st.integers(0, 0xFFFF), WORDS, OFFSETS.map(tuple))
def test_a_report_decodes_to_what_was_encoded(sender, stream, begin, time, offsets):
    feedback = Feedback(sender, stream, begin, time, offsets)
    data = encode_feedback(feedback)
    assert len(data) % 4 == 0
    assert decode_feedback(data) == feedback


def test_a_report_is_laid_out_as_in_rfc_8888():
    data = encode_feedback(Feedback(0x01020304, 0x05060708, 0xFFFE, 0xAABBCCDD, (1, None, 0x1FFE)))
    assert data.hex(" ", 4) == "8bcd0006 01020304 05060708 fffe0003 80010000 9ffe0000 aabbccdd"


def test_arrivals_are_told_to_a_millisecond():
    now_ns, arrival_ns = 100 * SECOND, 100 * SECOND - 37 * MILLISECOND
    feedback = Feedback(1, 2, 0, report_time(now_ns), (offset_of(arrival_ns, now_ns), None))
    (told_ns, missing) = feedback.arrivals(feedback.time)
    assert abs(told_ns - arrival_ns) <= MILLISECOND
    assert missing is None


def test_an_arrival_too_long_ago_to_tell_is_told_without_its_time():
    offset = offset_of(0, 9 * SECOND)
    assert Feedback(1, 2, 0, 0, (offset,)).arrivals(0) == [None]
    assert decode_feedback(encode_feedback(Feedback(1, 2, 0, 0, (offset,)))).offsets == (offset,)


@pytest.mark.parametrize("count", [0, REPORT_LIMIT + 1])
def test_a_report_on_nothing_or_too_much_is_not_made(count):
    with pytest.raises(ValueError, match="tells of 1 to"):
        encode_feedback(Feedback(1, 2, 0, 0, (None,) * count))


def header(first=0x8B, packet_type=205, length=5, count=1):
    return struct.pack(">BBHIIHH", first, packet_type, length, 1, 2, 3, count) + bytes(8)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        header()[:19],
        header(first=0x8F),  # Another kind of feedback.
        header(first=0x4B),  # Version 1.
        header(packet_type=201),
        header(length=6),
        header(length=4),
        header(count=0),
        header(count=3),
        header(count=0x4000),  # More than there is; nothing is reserved for it.
        header() + b"\0",
    ],
)
def test_what_is_no_report_is_refused(wrong):
    with pytest.raises(EnvelopeError):
        decode_feedback(wrong)


@given(st.binary(max_size=80))
def test_whatever_comes_is_a_report_or_refused(data):
    try:
        feedback = decode_feedback(b"\x8b\xcd" + data)
    except EnvelopeError:
        return
    assert 2 * len(feedback.offsets) <= len(data)
