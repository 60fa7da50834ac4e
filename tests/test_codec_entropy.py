"""The entropy coder: what goes in comes out, and nothing else passes for it."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.codec import entropy
from presence.codec.entropy import LARGEST, Grouping, Packer, Unpacker
from presence.errors import CodecError

GROUPING = Grouping.of([0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
small = st.integers(-40, 40)
any_value = st.one_of(small, st.integers(-LARGEST, LARGEST))


def packed(values: list[int]) -> bytes:
    packer = Packer()
    packer.values(np.array(values), GROUPING)
    return packer.to_bytes()


@given(
    st.lists(any_value, min_size=10, max_size=10),
    st.lists(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, 2**n - 1), st.just(n)))),
)
def test_numbers_come_out_in_the_order_in_which_they_went_in(values, bits):
    packer = Packer()
    for value, count in bits:
        packer.bits(value, count)
    packer.values(np.array(values), GROUPING)
    unpacker = Unpacker(packer.to_bytes())
    assert [unpacker.bits(count) for _, count in bits] == [value for value, _ in bits]
    assert unpacker.values(GROUPING).tolist() == values
    unpacker.finish()


def test_zeros_cost_next_to_nothing():
    assert len(packed([0] * 10)) <= 2


def test_small_values_beside_large_ones_cost_by_their_own_group():
    assert len(packed([0, 0, 0, 9000, -9000, 0, 0, 0, 0, 0])) <= 8


@given(st.binary(max_size=64))
def test_any_bytes_unpack_or_raise_a_codec_error(data):
    try:
        unpacker = Unpacker(data)
        values = unpacker.values(GROUPING)
        unpacker.finish()
    except CodecError:
        return
    # Whatever is accepted can be said again; the packer may choose better scales.
    assert Unpacker(packed(values.tolist())).values(GROUPING).tolist() == values.tolist()


@pytest.mark.parametrize("extra", [b"\x00", b"\x01", b"\xff\x01"])
def test_trailing_bytes_are_refused(extra):
    with pytest.raises(CodecError):
        unpacker = Unpacker(packed([3, -1, 2, 0, 0, 5, 5, 5, 5, -70]) + extra)
        unpacker.values(GROUPING)
        unpacker.finish()


def test_a_section_cut_short_is_refused_wherever_it_is_cut():
    data = packed([3, -1, 2, 0, 0, 5, 5, 5, 5, -7000])
    for length in range(len(data)):
        with pytest.raises(CodecError):
            unpacker = Unpacker(data[:length])
            unpacker.values(GROUPING)
            unpacker.finish()


def test_what_cannot_be_coded_raises_at_once():
    with pytest.raises(ValueError, match="largest codable"):
        packed([LARGEST + 1] + [0] * 9)
    with pytest.raises(ValueError, match="does not fit"):
        Packer().bits(8, 3)


def test_the_tables_are_the_same_on_every_machine():
    table = entropy._FREQUENCY
    assert (table.sum(axis=1) == 4096).all()
    assert (table > 0).all()
    digest = hashlib.sha256(table.astype("<i8").tobytes()).hexdigest()
    assert digest[:16] == "7019174da4b3d8d0"
