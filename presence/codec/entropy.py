"""The entropy coder: small integers to few bytes, in integer arithmetic from end to end.

Asymmetric numeral systems (J. Duda, "Asymmetric numeral systems", arXiv:0902.0271) with the whole
section as *one* integer: coding a symbol of probability f / 2^n takes the state x to about
x · 2^n / f, and decoding takes it back exactly. A section holds a few hundred symbols, so Python's
own integers do, and nothing is left to renormalise. What is packed last is unpacked first, so a
:class:`Packer` collects and packs in reverse.

A signed value is coded as a *token* (its magnitude, or the bucket that holds it) under one of 16
Laplace distributions, followed by raw bits for its place in the bucket and its sign. Values come
in groups of similar size, and each group says which distribution it uses.

Any bytes at all unpack to something in bounded time; only those that a packer made end with the
state at 1, so :meth:`Unpacker.finish` finds nearly all that were damaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import isqrt

import numpy as np

from presence.errors import CodecError
from presence.pose.arrays import Floats, Ints

_PRECISION = 12
"""Token frequencies are in units of 2^-12."""
_TOTAL = 1 << _PRECISION
_MASK = _TOTAL - 1

_DIRECT = 16
"""Magnitudes below this have a token each."""
_LONGEST = 19
"""Bits of the largest magnitude."""
LARGEST = (1 << _LONGEST) - 1
"""The largest magnitude that can be coded."""

SCALES = 16
"""How many distributions there are; the scale of each is twice that of the one before."""
_SCALE_OF_SCALES = 4
"""The distribution that codes how a group's scale differs from the scale of the one before it."""


def _buckets() -> tuple[list[int], list[int]]:
    """The least magnitude of each token, and how many raw bits say the place above it.

    Above the direct ones there are two tokens to each power of two.
    """
    lows, extra = list(range(_DIRECT)), [0] * _DIRECT
    for length in range(_DIRECT.bit_length(), _LONGEST + 1):
        half = 1 << (length - 2)
        lows += [2 * half, 3 * half]
        extra += [length - 2, length - 2]
    return lows, extra


_LOWS, _EXTRA = _buckets()
_TOKENS = len(_LOWS)

# e^-4 in units of 2^-32: how probable a magnitude above 0 is at the smallest scale, 1/8.
_FIRST_TAIL = 78665070
_ONE = 1 << 32


def _power(base: int, exponent: int) -> int:
    """``base ** exponent`` in units of 2^-32, the same on every machine."""
    result = _ONE
    while exponent:
        if exponent & 1:
            result = result * base >> 32
        base = base * base >> 32
        exponent >>= 1
    return result


def _frequencies() -> Ints:
    """``(16, tokens)`` how often each token comes at each scale, each row summing to 2^12.

    A Laplace variable of scale b, rounded, has magnitude k or more with probability
    e^(-(2k-1)/2b); doubling b takes the square root of that.
    """
    table = np.ones((SCALES, _TOKENS), dtype=np.int64)
    spare = _TOTAL - _TOKENS
    tail = _FIRST_TAIL
    for row in table:
        reach = [_ONE, *(_power(tail, 2 * low - 1) for low in _LOWS[1:]), 0]
        row += [(a - b) * spare >> 32 for a, b in pairwise(reach)]
        row[np.argmax(row)] += _TOTAL - row.sum()
        tail = isqrt(tail << 32)
    return table


_FREQUENCY = _frequencies()
_START = np.cumsum(_FREQUENCY, axis=1) - _FREQUENCY
_COST: Floats = _PRECISION - np.log2(_FREQUENCY) + np.array(_EXTRA) + (np.arange(_TOKENS) > 0)
"""``(16, tokens)`` bits that a token costs at each scale, with its raw bits."""

_frequency: list[list[int]] = _FREQUENCY.tolist()
_start: list[list[int]] = _START.tolist()
_token_at: list[bytes] = [
    np.repeat(np.arange(_TOKENS, dtype=np.uint8), row).tobytes() for row in _FREQUENCY
]


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Which group each of a section's values belongs to."""

    group: Ints
    """``(values,)`` group numbers from 0."""
    members: Floats
    """``(values, groups)`` 1 where the value is of the group."""

    @staticmethod
    def of(group: list[int]) -> Grouping:
        """From the group number of each value."""
        numbers = np.array(group, dtype=np.int64)
        return Grouping(numbers, np.eye(int(numbers.max()) + 1)[numbers])

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self.group)


class Packer:
    """Collects numbers and makes bytes of them. State: what was collected."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        # Each piece is (start, frequency, bits): probability frequency / 2^bits.
        self._pieces: list[tuple[int, int, int]] = []

    def bits(self, value: int, count: int) -> None:
        """A number of ``count`` bits, all values being as likely."""
        if not 0 <= value < 1 << count:
            raise ValueError(f"{value} does not fit in {count} bits")
        self._pieces.append((value, 1, count))

    def values(self, values: Ints, grouping: Grouping) -> None:
        """Signed values ``(grouping.size,)``, each group at the scale that suits it best."""
        magnitudes = np.abs(values)
        if magnitudes.max(initial=0) > LARGEST:
            raise ValueError(f"{magnitudes.max()} is beyond the largest codable value, {LARGEST}")
        tokens = np.searchsorted(_LOWS, magnitudes, side="right") - 1
        scales = (_COST[:, tokens] @ grouping.members).argmin(axis=0)
        before = 0
        for scale in scales.tolist():
            self._signed(scale - before, _SCALE_OF_SCALES)
            before = scale
        for value, scale in zip(values.tolist(), scales[grouping.group].tolist(), strict=True):
            self._signed(value, scale)

    def _signed(self, value: int, scale: int) -> None:
        magnitude = -value if value < 0 else value
        if magnitude < _DIRECT:
            token = magnitude
        else:
            length = magnitude.bit_length()
            token = _DIRECT + 2 * (length - 5) + (magnitude >> (length - 2) & 1)
        self._pieces.append((_start[scale][token], _frequency[scale][token], _PRECISION))
        if magnitude:
            place = (magnitude - _LOWS[token]) << 1 | (value < 0)
            self._pieces.append((place, 1, _EXTRA[token] + 1))

    def to_bytes(self) -> bytes:
        """Everything that was collected."""
        state = 1
        for start, frequency, bits in reversed(self._pieces):
            if frequency == 1:
                state = state << bits | start
            else:
                quotient, rest = divmod(state, frequency)
                state = (quotient << bits) + rest + start
        return state.to_bytes((state.bit_length() + 7) // 8, "little")


class Unpacker:
    """Takes a packer's bytes apart, in the order in which they were collected.

    State: what is left of the section's integer.
    """

    __slots__ = ("_state",)

    def __init__(self, data: bytes) -> None:
        if not data or data[-1] == 0:
            raise CodecError("a section is empty or padded; drop the frame")
        self._state = int.from_bytes(data, "little")

    def bits(self, count: int) -> int:
        """A number of ``count`` bits."""
        value = self._state & ((1 << count) - 1)
        self._state >>= count
        return value

    def values(self, grouping: Grouping) -> Ints:
        """``(grouping.size,)`` signed values.

        Raises:
            CodecError: a group claims a scale that does not exist.
        """
        scales: list[int] = []
        before = 0
        for _ in range(grouping.members.shape[1]):
            before += self._signed(_SCALE_OF_SCALES)
            if not 0 <= before < SCALES:
                raise CodecError(f"a section claims scale {before}; drop the frame")
            scales.append(before)
        signed = self._signed
        return np.array([signed(scales[group]) for group in grouping.group.tolist()])

    def _signed(self, scale: int) -> int:
        state = self._state
        slot = state & _MASK
        token = _token_at[scale][slot]
        state = _frequency[scale][token] * (state >> _PRECISION) + slot - _start[scale][token]
        magnitude = token
        if token:
            negative = state & 1
            state >>= 1
            if token >= _DIRECT:
                extra = _EXTRA[token]
                magnitude = _LOWS[token] + (state & ((1 << extra) - 1))
                state >>= extra
            if negative:
                magnitude = -magnitude
        self._state = state
        return magnitude

    def finish(self) -> None:
        """Check that nothing is left and nothing was missing.

        Raises:
            CodecError: the section is not one that a packer made.
        """
        if self._state != 1:
            raise CodecError("a section is damaged: it does not end where it should")
