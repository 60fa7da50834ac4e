import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.errors import ControlError
from presence.wire.relaying import (
    WANTS_LIMIT,
    WHOLE,
    Again,
    Newest,
    RelayBye,
    RelayPing,
    RelayPong,
    Sections,
    Want,
    Wants,
    decode_relaying,
    encode_relaying,
)

streams = st.integers(0, 0xFFFF)
sequences = st.integers(0, (1 << 24) - 1)
wants = st.builds(Want, st.integers(0, 31), st.sampled_from(Sections), st.just(True), st.booleans())
messages = st.one_of(
    st.lists(st.tuples(streams, wants), min_size=1, max_size=WANTS_LIMIT).map(
        lambda entries: Wants(tuple(entries))
    ),
    st.builds(Again, streams, sequences, sequences),
    st.builds(Newest, streams),
    st.builds(RelayPing, st.integers(0, (1 << 64) - 1)),
    st.builds(RelayPong, st.integers(0, (1 << 64) - 1)),
    st.just(RelayBye()),
)


@given(st.lists(messages, max_size=4))
def test_what_is_encoded_is_decoded(said):
    assert decode_relaying(encode_relaying(said)) == said


@given(st.binary(max_size=80))
def test_hostile_bytes_are_messages_or_a_documented_error(data):
    try:
        decode_relaying(data)
    except ControlError:
        return


def test_the_bytes_are_those_of_the_docs():
    said = [
        Wants(((0, Want(pose=False)), (0x0102, Want(3, Sections.NONE, voice=False)), (7, WHOLE))),
        Again(0x0102, 0x030405, 0x060708),
        Newest(9),
        RelayPing(1),
        RelayPong(2),
        RelayBye(),
    ]
    assert encode_relaying(said).hex(" ") == (
        "01 09 00 00 01 01 02 63 00 07 c1"
        " 02 08 01 02 03 04 05 06 07 08"
        " 03 02 00 09"
        " 04 08 00 00 00 00 00 00 00 01"
        " 05 08 00 00 00 00 00 00 00 02"
        " 06 00"
    )


def test_an_unknown_type_is_skipped_by_its_length():
    assert decode_relaying(b"\xf0\x03abc" + encode_relaying([Newest(1)])) == [Newest(1)]


@pytest.mark.parametrize("payload", [b"\1", b"\1\3\0\0", b"\1\0", b"\1\4\0\1\2\3", b"\3\1\0"])
def test_what_is_cut_short_or_has_a_wrong_length_is_refused(payload):
    with pytest.raises(ControlError):
        decode_relaying(payload)


def test_too_many_streams_need_several_messages():
    with pytest.raises(ValueError, match="several"):
        encode_relaying([Wants(tuple((n, WHOLE) for n in range(WANTS_LIMIT + 1)))])
