"""RTP packets."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence import errors
from presence.errors import EnvelopeError
from presence.transport.feedback import Feedback, decode_feedback, encode_feedback
from presence.transport.rtp import (
    FIRST_DYNAMIC_TYPE,
    HEADER_LENGTH,
    LAST_DYNAMIC_TYPE,
    PADDING_LIMIT,
    RtpPacket,
    decode_rtp,
    encode_rtp,
)

WORDS = st.integers(0, 0xFFFF_FFFF)


@given(
    st.integers(FIRST_DYNAMIC_TYPE, LAST_DYNAMIC_TYPE),
    st.integers(0, 1 << 40),
    st.integers(0, 1 << 60),
    WORDS,
    st.binary(max_size=1150),
    st.integers(0, PADDING_LIMIT),
)
def test_a_packet_decodes_to_what_was_encoded_whatever_its_padding(
    payload_type, sequence, timestamp, ssrc, payload, padding
):
    data = encode_rtp(payload_type, sequence, timestamp, ssrc, payload, padding)
    assert len(data) == HEADER_LENGTH + len(payload) + padding
    assert decode_rtp(data) == RtpPacket(payload_type, sequence & 0xFFFF, ssrc, payload)


def test_the_header_is_that_of_rfc_3550():
    data = encode_rtp(97, 0x1_0203, 0x04050607, 0x08090A0B, b"\xee", 2)
    assert data.hex(" ") == "a0 61 02 03 04 05 06 07 08 09 0a 0b ee 00 02"


def test_sources_extension_and_marker_are_skipped():
    header = bytes.fromhex("92e10007 00000001 0000000b 11111111 22222222 bede0001 aabbccdd")
    assert decode_rtp(header + b"payload") == RtpPacket(0x61, 7, 11, b"payload")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "80610001000000020000",  # Shorter than a header.
        "40610001 00000002 0000000b",  # Version 1.
        "a0610001 00000002 0000000b 00",  # Padding of no bytes.
        "a0610001 00000002 0000000b ee03",  # More padding than there is.
        "8f610001 00000002 0000000b 00000000",  # Fifteen sources that are not there.
        "90610001 00000002 0000000b bede",  # An extension that ends too soon.
        "90610001 00000002 0000000b bedeffff 00000000",  # One that is longer than the packet.
    ],
)
def test_what_is_no_packet_is_refused(wrong):
    with pytest.raises(EnvelopeError):
        decode_rtp(bytes.fromhex(wrong))


@given(st.binary(max_size=64))
def test_whatever_comes_is_a_packet_or_refused(data):
    try:
        packet = decode_rtp(data)
    except EnvelopeError:
        return
    assert len(packet.payload) <= len(data) - HEADER_LENGTH


VECTORS = json.loads((Path(__file__).parent / "vectors" / "rtp.json").read_text())["vectors"]


def vectors(kind):
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS if kind in vector]


@pytest.mark.parametrize("vector", vectors("packet"))
def test_packet_vector_decodes_to_its_fields_and_encodes_to_its_bytes(vector):
    fields = vector["packet"] | {"payload": bytes.fromhex(vector["packet"]["payload"])}
    data = bytes.fromhex(vector["hex"])
    assert encode_rtp(**fields) == data
    packet = decode_rtp(data)
    assert fields | {n: getattr(packet, n) for n in ("sequence", "ssrc", "payload")} == fields


@pytest.mark.parametrize("vector", vectors("feedback"))
def test_report_vector_decodes_to_its_fields_and_encodes_to_its_bytes(vector):
    fields = vector["feedback"] | {"offsets": tuple(vector["feedback"]["offsets"])}
    data = bytes.fromhex(vector["hex"])
    assert decode_feedback(data) == Feedback(**fields)
    assert encode_feedback(Feedback(**fields)) == data


@pytest.mark.parametrize("vector", vectors("error"))
def test_invalid_vector_raises_its_documented_error(vector):
    decode = {"packet": decode_rtp, "report": decode_feedback}[vector["kind"]]
    with pytest.raises(getattr(errors, vector["error"])):
        decode(bytes.fromhex(vector["hex"]))
