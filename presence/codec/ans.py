"""Values to bytes and back, by asymmetric numeral systems (J. Duda, arXiv:0902.0271).

A section is one state of 64 bits and the words of 32 bits that it shed while it grew. What is
packed last is unpacked first, so an encoder collects pieces (where a share of 2^15 starts, and how
large it is) and writes them in reverse.
"""

from __future__ import annotations

import numpy as np

from presence.codec.layout import (
    SCALE_COUNT,
    SIGMOID_COUNT,
    SIGMOIDS,
    STEEPNESSES,
)
from presence.compiled import inlined, inner

BITS = 15
TOTAL = 1 << BITS
SPAN = 32
"""Values this far from what is expected, or further, are coded by their length."""
_LARGEST = 1 << 30
_LONGEST_BITS = 5


@inlined
def below(r, odd, steepness, model):
    """How many of 2^15 lie below ``r`` steps from the whole number that is expected.

    ``odd`` 16ths of a step past that one is what is really expected.
    """
    if r <= -SPAN:
        return 0
    if r > SPAN:
        return TOTAL
    t = ((16 * r - 8 - odd) * steepness) >> 12
    if t >= 0:
        share = model[SIGMOIDS + min(t, SIGMOID_COUNT - 1)]
    else:
        share = 65536 - model[SIGMOIDS + min(-t, SIGMOID_COUNT - 1)]
    return ((share * (TOTAL - 2 * SPAN - 2)) >> 16) + r + SPAN


@inlined
def put(pieces, count, start, share):
    """One more piece; how many there are."""
    pieces[count, 0] = start
    pieces[count, 1] = share
    return count + 1


@inner
def put_bits(pieces, count, value, bits):
    """Raw bits, the highest fifteen last."""
    while bits > BITS:
        count = put(pieces, count, value & (TOTAL - 1), 1)
        value >>= BITS
        bits -= BITS
    return put(pieces, count, value << (BITS - bits), 1 << (BITS - bits))


@inner
def bit_length(n):
    """As ``int.bit_length``."""
    bits = 0
    while n >> bits:
        bits += 1
    return bits


@inlined
def put_value(pieces, count, value, mean, scale, model):
    """A value of which ``mean`` 16ths of a step are expected, with the scale of that index."""
    whole = (mean + 8) >> 4
    r, odd = value - whole, mean - 16 * whole
    raw = 0
    if scale >= SCALE_COUNT:
        raw = (scale - SCALE_COUNT + 4) >> 2
        scale -= 4 * raw
        odd = -8
    high = r >> raw
    symbol = min(max(high, -SPAN), SPAN)
    steepness = model[STEEPNESSES + scale]
    start = below(symbol, odd, steepness, model)
    count = put(pieces, count, start, below(symbol + 1, odd, steepness, model) - start)
    if abs(symbol) == SPAN:
        more = abs(high) - SPAN + 1
        bits = bit_length(more) - 1
        count = put_bits(pieces, count, bits, _LONGEST_BITS)
        if bits:
            count = put_bits(pieces, count, more - (1 << bits), bits)
    if raw:
        count = put_bits(pieces, count, r - (high << raw), raw)
    return count


@inner
def write(pieces, count, out):
    """The pieces as bytes; how many."""
    state = np.uint64(1)
    size = 0
    mask = np.uint64(0xFFFFFFFF)
    for k in range(count - 1, -1, -1):
        start, share = np.uint64(pieces[k, 0]), np.uint64(pieces[k, 1])
        if state >> np.uint64(64 - BITS) >= share:
            word = state & mask
            for _ in range(4):
                out[size] = np.uint8(word & np.uint64(255))
                word >>= np.uint64(8)
                size += 1
            state >>= np.uint64(32)
        state = ((state // share) << np.uint64(BITS)) + start + state % share
    while state:
        out[size] = np.uint8(state & np.uint64(255))
        state >>= np.uint64(8)
        size += 1
    return size


@inner
def open_section(data, reader):
    """Set ``reader`` (state, words left) at the beginning of ``data``; False: no section."""
    size = len(data)
    if size == 0 or data[size - 1] == 0:
        return False
    words = 0 if size <= 8 else (size - 5) >> 2
    state = np.uint64(0)
    for k in range(size - 1, 4 * words - 1, -1):
        state = (state << np.uint64(8)) | np.uint64(data[k])
    reader[0] = state
    reader[1] = np.uint64(words)
    return True


@inner
def closed(reader):
    """Whether all was taken and nothing is left over: a damaged section hardly ever ends so."""
    return reader[0] == np.uint64(1) and reader[1] == np.uint64(0)


@inlined
def advance(data, reader, start, share):
    """Take a piece from the state."""
    state = reader[0]
    slot = state & np.uint64(TOTAL - 1)
    state = np.uint64(share) * (state >> np.uint64(BITS)) + slot - np.uint64(start)
    if state >> np.uint64(32) == np.uint64(0) and reader[1] > np.uint64(0):
        reader[1] -= np.uint64(1)
        at = np.int64(reader[1]) * 4
        for k in range(3, -1, -1):
            state = (state << np.uint64(8)) | np.uint64(data[at + k])
    reader[0] = state


@inner
def get_bits(data, reader, bits):
    """Raw bits."""
    value = np.int64(0)
    shift = 0
    while bits > BITS:
        slot = np.int64(reader[0] & np.uint64(TOTAL - 1))
        advance(data, reader, slot, 1)
        value |= slot << shift
        shift += BITS
        bits -= BITS
    piece = np.int64(reader[0] & np.uint64(TOTAL - 1)) >> (BITS - bits)
    advance(data, reader, piece << (BITS - bits), 1 << (BITS - bits))
    return value | (piece << shift)


@inlined
def get_value(data, reader, mean, scale, model):
    """A value of which ``mean`` 16ths of a step are expected, with the scale of that index."""
    whole = (mean + 8) >> 4
    odd = mean - 16 * whole
    raw = 0
    if scale >= SCALE_COUNT:
        raw = (scale - SCALE_COUNT + 4) >> 2
        scale -= 4 * raw
        odd = -8
    steepness = model[STEEPNESSES + scale]
    slot = np.int64(reader[0] & np.uint64(TOTAL - 1))
    symbol = 0
    start = below(0, odd, steepness, model)
    if slot >= start:
        end = below(1, odd, steepness, model)
        while slot >= end:
            symbol += 1
            start = end
            end = below(symbol + 1, odd, steepness, model)
    else:
        end = start
        while slot < start:
            symbol -= 1
            end = start
            start = below(symbol, odd, steepness, model)
    advance(data, reader, start, end - start)
    high = symbol
    if abs(symbol) == SPAN:
        bits = get_bits(data, reader, _LONGEST_BITS)
        more = 1 << bits
        if bits:
            more += get_bits(data, reader, bits)
        high += (more - 1) if symbol > 0 else (1 - more)
    value = high << raw
    if raw:
        value += get_bits(data, reader, raw)
    return min(max(value + whole, -_LARGEST), _LARGEST)
