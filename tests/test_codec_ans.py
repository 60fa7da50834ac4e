"""The integer coder: what is packed comes out, in about as many bits as it is worth."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.codec import ans
from presence.codec.layout import STEEPNESSES
from presence.codec.model import trained_model

MODEL = trained_model()
SCALES = 121
LARGEST = 1 << 30

# A value (value, mean in 16ths, scale), or raw bits (value, how many).
Item = tuple[int, int, int] | tuple[int, int]


def pieces_of(items: list[Item]) -> np.ndarray:
    pieces = np.zeros((8 * len(items) + 1, 2), np.int64)
    count = 0
    for item in items:
        if len(item) == 3:
            count = ans.put_value(pieces, count, *item, MODEL)
        else:
            count = ans.put_bits(pieces, count, *item)
    return pieces[:count]


def packed(items: list[Item]) -> bytes:
    pieces = pieces_of(items)
    out = np.zeros(4 * len(pieces) + 16, np.uint8)
    return out[: ans.write(pieces, len(pieces), out)].tobytes()


def unpacked(section: bytes, items: list[Item]) -> tuple[list[int], bool]:
    """What is read where ``items`` were packed, and whether the section comes to its end there."""
    data, reader = np.frombuffer(bytearray(section), np.uint8), np.zeros(2, np.uint64)
    if not ans.open_section(data, reader):
        return [], False
    values = [
        ans.get_value(data, reader, *item[1:], MODEL)
        if len(item) == 3
        else ans.get_bits(data, reader, item[1])
        for item in items
    ]
    return values, ans.closed(reader)


def assert_comes_back(items: list[Item]) -> None:
    assert unpacked(packed(items), items) == ([item[0] for item in items], True)


@pytest.mark.parametrize("mean", [0, 7, -8, 8, 1001, -1017, 16 * 10**6])
def test_values_near_and_far_come_back_at_every_scale(mean):
    sizes = [0, 1, 2, 30, 31, 32, 33, 34, 62, 63, 64, 95, 1000, 10**6, LARGEST - 1, LARGEST]
    for scale in range(SCALES):
        assert_comes_back([(sign * size, mean, scale) for size in sizes for sign in (1, -1)])


def test_raw_bits_of_every_length_come_back():
    for bits in range(33):
        assert_comes_back([(0, bits), ((1 << bits) - 1, bits), (0xA5A5A5A5A5 >> 40 - bits, bits)])


values = st.tuples(
    st.integers(-LARGEST, LARGEST) | st.integers(-40, 40),
    st.integers(-(2**34), 2**34) | st.integers(-600, 600),
    st.integers(0, SCALES - 1),
)
raw = st.integers(0, 32).flatmap(
    lambda bits: st.tuples(st.integers(0, (1 << bits) - 1), st.just(bits))
)


@settings(max_examples=100)
@given(st.lists(values | raw, max_size=60))
def test_any_mixture_comes_back(items):
    assert_comes_back(items)


def test_a_long_section_comes_back_in_the_bits_that_it_is_worth():
    random = np.random.default_rng(2)
    scales = random.integers(0, SCALES, 5000)
    spread = np.minimum(random.logistic(size=5000) * 2.0 ** (scales / 4 - 4), LARGEST)
    items = [(int(v), 0, int(scale)) for v, scale in zip(spread, scales, strict=True)]
    section = packed(items)
    worth = sum(15 - log2(share) for _, share in pieces_of(items))
    assert unpacked(section, items)[1]
    assert worth / 8 <= len(section) <= 1.0002 * worth / 8 + 8
    # Whoever knows the distribution needs its entropy, 2 nats about log2 of the scale, each.
    entropy = sum(max(scale / 4 - 4 + 2 / np.log(2), 0.0) for scale in scales)
    assert worth < 1.05 * entropy


def test_every_value_has_a_share_and_together_they_have_all():
    for steepness in MODEL[STEEPNESSES : STEEPNESSES + 25]:
        for odd in range(-8, 8):
            starts = [ans.below(r, odd, steepness, MODEL) for r in range(-ans.SPAN, ans.SPAN + 2)]
            assert starts[0] == 0
            assert starts[-1] == ans.TOTAL
            assert min(np.diff(starts)) >= 1


def test_damage_hardly_ever_comes_to_an_end():
    random = np.random.default_rng(3)
    ended = 0
    for _ in range(40):
        scales = random.integers(0, 25, 200)
        spread = np.rint(random.logistic(size=200) * 2.0 ** (scales / 4 - 4))
        items = [(int(v), 0, int(scale)) for v, scale in zip(spread, scales, strict=True)]
        section = packed(items)
        for _ in range(50):
            damaged = bytearray(section)
            at = random.integers(len(section))
            damaged[at] ^= random.integers(1, 256)
            read, closed = unpacked(bytes(damaged), items)
            ended += closed
            assert all(abs(value) <= LARGEST for value in read)
        assert not unpacked(section[:-1], items)[1]
        assert not unpacked(section + b"\1", items)[1]
    # What changes one value to another that is exactly as likely goes unseen.
    assert ended < 0.01 * 40 * 50


@pytest.mark.parametrize("section", [b"", b"\0", b"\1\0", bytes(40)])
def test_no_section_lacks_a_state(section):
    data = np.frombuffer(bytearray(section), np.uint8)
    assert not ans.open_section(data, np.zeros(2, np.uint64))


def test_nothing_is_one_byte():
    assert packed([]) == b"\1"
    assert unpacked(b"\1", []) == ([], True)


def test_words_and_a_state_of_any_length_are_told_apart():
    lengths = set()
    for count in range(1, 120):
        items = [(k % 251, 8) for k in range(count)]
        section = packed(items)
        lengths.add(len(section))
        assert unpacked(section, items)[1]
    assert lengths > set(range(4, 100))
