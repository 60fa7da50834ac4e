import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.wire.control import (
    Bye,
    GoldenRequest,
    HeardByRelay,
    LossReport,
    Ping,
    Pong,
    ProfileRequest,
    RepairRequest,
    decode_control,
    encode_control,
)

streams = st.integers(0, 0xFFFF)
tokens = st.integers(0, (1 << 64) - 1)
sequences = st.integers(0, (1 << 24) - 1)
messages = st.one_of(
    st.builds(GoldenRequest, streams),
    st.builds(ProfileRequest, streams),
    st.builds(Ping, tokens),
    st.builds(Pong, tokens),
    st.just(Bye()),
    st.just(HeardByRelay()),
    st.builds(RepairRequest, streams, sequences, sequences),
    st.builds(LossReport, streams, st.integers(0, 255)),
)
unknown = st.tuples(st.integers(9, 255), st.binary(max_size=255)).map(
    lambda parts: bytes((parts[0], len(parts[1]))) + parts[1]
)


@given(st.lists(messages, max_size=10))
def test_messages_come_back_as_they_went(sent):
    assert decode_control(encode_control(sent)) == sent


@given(st.lists(messages, max_size=5), st.lists(unknown, max_size=5), st.data())
def test_messages_of_a_later_version_are_skipped(known, later, data):
    parts = [encode_control([message]) for message in known]
    for message in later:
        parts.insert(data.draw(st.integers(0, len(parts))), message)
    assert decode_control(b"".join(parts)) == known


@pytest.mark.parametrize(
    "message",
    [
        GoldenRequest(1 << 16),
        Ping(-1),
        RepairRequest(1, 1 << 24, 0),
        RepairRequest(1, 0, 1 << 24),
        LossReport(1, 256),
    ],
)
def test_a_number_that_does_not_fit_is_the_callers_mistake(message):
    with pytest.raises(ValueError, match="does not fit"):
        encode_control([message])


@given(st.floats(0.0, 1.0))
def test_a_share_lost_comes_back_to_within_half_a_step(share):
    (report,) = decode_control(encode_control([LossReport.of(7, share)]))
    assert abs(report.share - share) <= 0.5 / 255 + 1e-12
