from collections import Counter
from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from presence.errors import ControlError, EnvelopeError
from presence.wire.bundle import pack_bundles, unpack_bundle
from presence.wire.control import GoldenRequest, Ping, decode_control, encode_control
from presence.wire.envelope import (
    CAPTURE_PERIOD,
    HEADER_LENGTH,
    SEQUENCE_PERIOD,
    Envelope,
    Kind,
    decode_envelope,
    encode_envelope,
    seal_length,
)


@dataclass
class SomeFrame:
    sequence: int = 13
    refers_to: int = 12
    reference: bool = False
    capture_ns: int = 217_000
    core: bytes = b"core"
    detail: bytes = b"detail"


@st.composite
def envelopes(draw):
    kind = draw(st.integers(1, 63))
    distance = draw(st.integers(0, 255))
    epoch = draw(st.integers(0, 255))
    tag = seal_length(kind, distance == 0) if epoch else 0
    detail_made = draw(st.booleans())
    detail = draw(st.just(b"") | st.binary(min_size=tag, max_size=300)) if detail_made else b""
    return Envelope(
        kind=kind,
        stream=draw(st.integers(1, 0xFFFF)),
        sequence=draw(st.integers(0, SEQUENCE_PERIOD - 1)),
        capture_us=draw(st.integers(0, CAPTURE_PERIOD - 1)),
        reference_distance=distance,
        core=draw(st.binary(min_size=tag, max_size=600 if distance == 0 else 255)),
        detail=detail,
        detail_made=detail_made,
        droppable=draw(st.booleans()),
        priority=draw(st.integers(0, 3)),
        epoch=epoch,
    )


GOOD = (
    b"",
    b"\x41\xb0\x00\x01\x00" + bytes(8) + b"\x04",  # The header of a golden pose.
    b"\x41\x68\x00\x01\x00" + bytes(7) + b"\x01\x04",  # That of a dependent one.
    b"\x00\x0e\x43\x98\x00\x01\x00" + bytes(9),  # A bundle of one control envelope.
    encode_control([GoldenRequest(1), Ping(2)]),
)


def tampered(good, rest, changes, cut):
    data = bytearray(good + rest)
    for place, value in changes:
        if data:
            data[place % len(data)] = value
    return bytes(data[: len(data) - cut])


CUTS = (0, 0, 0, 1, 2, 7)
byte = st.integers(0, 255)
# Bytes at random, and good envelopes, bundles and control payloads that were tampered with.
hostile_bytes = st.builds(
    tampered,
    st.sampled_from(GOOD),
    st.binary(max_size=48),
    st.lists(st.tuples(byte, byte), max_size=3),
    st.sampled_from(CUTS),
)


@given(envelopes())
def test_an_envelope_comes_back_as_it_went(envelope):
    data = encode_envelope(envelope)
    assert decode_envelope(data) == envelope
    assert envelope.size == len(data)


@given(envelopes(), st.data())
def test_an_envelope_cut_short_is_an_error_or_lost_some_of_its_last_section(envelope, data):
    whole = encode_envelope(envelope)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        decoded = decode_envelope(cut)
    except EnvelopeError:
        return
    assert envelope.detail
    assert decoded == replace(envelope, detail=decoded.detail)
    assert envelope.detail.startswith(decoded.detail)


def accepted(data):
    """By which decoders; each refuses all else with its documented error."""
    found = []
    for decode, error in (
        (decode_envelope, EnvelopeError),
        (unpack_bundle, EnvelopeError),
        (decode_control, ControlError),
    ):
        try:
            decoded = decode(data)
        except error:
            continue
        # Whatever is accepted is no longer than what came, and says the same when sent on.
        if decode is decode_envelope:
            assert encode_envelope(decoded) == data, data
        elif decode is unpack_bundle:
            assert pack_bundles(decoded) == [data], data
        else:
            assert decode_control(encode_control(decoded)) == decoded, data
        found.append(decode)
    return found


@settings(max_examples=1_000)
@given(hostile_bytes)
@example(b"")
@example(b"\x41\xb0" + b"\xff" * 12)
def test_hostile_byte_strings_reach_only_documented_errors(data):
    accepted(data)


def test_thirty_thousand_more_are_refused_or_say_what_they_say_when_sent_on():
    # Hypothesis would take ten times as long to think of as many.
    random = Random(20)
    counts = Counter()
    for _ in range(30_000):
        rest = random.randbytes(random.choice((0, 1, 4, random.randrange(49))))
        places = range(random.choice((0, 1, 2, 3)))
        changes = [(random.randrange(256), random.randrange(256)) for _ in places]
        data = tampered(random.choice(GOOD), rest, changes, random.choice(CUTS))
        counts.update(accepted(data) or ["none"])
    for each in ("none", decode_envelope, unpack_bundle, decode_control):
        assert counts[each] > 300, (each, counts)


def test_header_and_seal_keep_within_their_budget():
    assert HEADER_LENGTH + 2 * seal_length(Kind.POSE, golden=False) <= 30
    assert HEADER_LENGTH + 2 * seal_length(Kind.POSE, golden=True) <= 50


def test_the_envelope_of_a_pose_names_what_it_refers_to_and_may_be_dropped():
    envelope = Envelope.pose(4, SomeFrame())
    assert envelope == Envelope(
        kind=Kind.POSE,
        stream=4,
        sequence=13,
        capture_us=217,
        reference_distance=1,
        core=b"core",
        detail=b"detail",
        detail_made=True,
        droppable=True,
        priority=1,
    )


def test_the_envelope_of_a_golden_pose_must_not_be_dropped_and_goes_first():
    golden = Envelope.pose(4, SomeFrame(sequence=12, reference=True))
    assert golden.golden
    assert not golden.droppable
    assert golden.reference
    assert golden.priority > Envelope.pose(4, SomeFrame()).priority


def test_the_envelope_of_an_anchor_is_not_golden_yet_must_not_be_dropped_and_goes_first():
    anchor = Envelope.pose(4, SomeFrame(sequence=18, reference=True))
    assert (anchor.golden, anchor.reference_distance) == (False, 6)
    assert (anchor.reference, anchor.droppable) == (True, False)
    assert anchor.priority > Envelope.pose(4, SomeFrame()).priority
    assert not Envelope.pose(4, SomeFrame()).reference


def test_a_pose_counts_on_past_what_its_header_can_hold():
    late = SomeFrame(
        sequence=SEQUENCE_PERIOD + 3,
        refers_to=SEQUENCE_PERIOD - 2,
        capture_ns=-5_000,
    )
    envelope = Envelope.pose(1, late)
    assert (envelope.sequence, envelope.reference_distance) == (3, 5)
    assert envelope.capture_us == CAPTURE_PERIOD - 5


@pytest.mark.parametrize(
    "frame",
    [
        SomeFrame(sequence=300, refers_to=44),
        SomeFrame(sequence=3, refers_to=4),
        SomeFrame(capture_ns=1),
        SomeFrame(core=bytes(256)),
    ],
    ids=[
        "refers too far back",
        "refers ahead",
        "not whole microseconds",
        "core too long",
    ],
)
def test_a_pose_that_no_header_can_describe_is_the_callers_mistake(frame):
    with pytest.raises(ValueError):
        Envelope.pose(1, frame)


def test_a_single_payload_stands_alone_and_only_voice_may_be_dropped():
    for kind in (Kind.VOICE, Kind.CONTROL, Kind.PROFILE):
        envelope = Envelope.single(kind, 2, sequence=7, capture_ns=1_999, payload=b"payload")
        assert decode_envelope(encode_envelope(envelope)) == envelope
        assert (envelope.core, envelope.golden, envelope.detail_made) == (b"payload", True, False)
        assert envelope.droppable == (kind is Kind.VOICE)
        assert envelope.capture_us == 1


@given(envelopes())
def test_dropping_the_detail_only_cuts_the_bytes_off(envelope):
    stripped = encode_envelope(envelope.without_detail())
    whole = encode_envelope(envelope)
    assert stripped == whole[: len(whole) - len(envelope.detail)]
    assert decode_envelope(stripped).detail_made == envelope.detail_made
