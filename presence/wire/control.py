"""Control messages: what participants ask of one another, in envelopes of kind ``CONTROL``.

A payload is messages one after another: a type byte, a length byte, and a body of that length. A
type that this version knows not is skipped by its length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass

from presence.errors import ControlError
from presence.wire.short_messages import pack_message, unpack_messages


@dataclass(frozen=True, slots=True)
class GoldenRequest:
    """Please make the next pose of ``stream`` golden: nothing of it can be decoded."""

    stream: int


@dataclass(frozen=True, slots=True)
class ProfileRequest:
    """Please send the profile of ``stream``: it was not received."""

    stream: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Please send a :class:`Pong` with the same token at once."""

    token: int
    """Any number of 64 bits."""


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to the :class:`Ping` with this token."""

    token: int


@dataclass(frozen=True, slots=True)
class Bye:
    """The sender leaves; do not wait for more."""


@dataclass(frozen=True, slots=True)
class RepairRequest:
    """Please send a reference pose of ``stream`` again, and those that lead to it."""

    stream: int
    missing: int
    """The number in the stream, modulo 2²⁴, of the one that was not received."""
    known: int
    """That of the newest reference pose that could be decoded; the same as ``missing`` if none."""


@dataclass(frozen=True, slots=True)
class LossReport:
    """How much of ``stream`` gets lost on its way here."""

    stream: int
    lost: int
    """The share of its poses of the last seconds that did not come, in 1/255."""

    @classmethod
    def of(cls, stream: int, share: float) -> LossReport:
        """The report of a share from 0 to 1."""
        return cls(stream, round(share * _WHOLE))

    @property
    def share(self) -> float:
        """The share lost, 0 to 1."""
        return self.lost / _WHOLE


@dataclass(frozen=True, slots=True)
class HeardByRelay:
    """The receiver is heard by a relay as well: once both say so, the straight link may end."""


Control = (
    GoldenRequest | ProfileRequest | Ping | Pong | Bye | RepairRequest | LossReport | HeardByRelay
)

_WHOLE = 255
# Of each type the message, and the bytes of each of its numbers.
_TYPES: dict[int, tuple[type[Control], tuple[int, ...]]] = {
    1: (GoldenRequest, (2,)),
    2: (ProfileRequest, (2,)),
    3: (Ping, (8,)),
    4: (Pong, (8,)),
    5: (Bye, ()),
    6: (RepairRequest, (2, 3, 3)),
    7: (LossReport, (2, 1)),
    8: (HeardByRelay, ()),
}
_NUMBERS = {message: number for number, (message, _) in _TYPES.items()}


def encode_control(messages: Iterable[Control]) -> bytes:
    """The payload of an envelope that carries ``messages``.

    Raises:
        ValueError: a number that does not fit.
    """
    payload = bytearray()
    for message in messages:
        number = _NUMBERS[type(message)]
        values = zip(astuple(message), _TYPES[number][1], strict=True)
        try:
            body = b"".join(value.to_bytes(width, "big") for value, width in values)
        except OverflowError:
            raise ValueError(f"{message} holds a number that does not fit") from None
        payload += pack_message(number, body)
    return bytes(payload)


def decode_control(payload: bytes) -> list[Control]:
    """The messages of a payload, but for those of unknown types.

    Raises:
        ControlError: the payload is cut short, or a known message has the wrong length.
    """
    messages: list[Control] = []
    for number, body in unpack_messages(payload, "a control message"):
        if number not in _TYPES:
            continue
        message, widths = _TYPES[number]
        if len(body) != sum(widths):
            raise ControlError(
                f"a {message.__name__} has a body of {sum(widths)} bytes, "
                f"but this one has {len(body)}"
            )
        messages.append(message(*_numbers(body, widths)))
    return messages


def _numbers(body: bytes, widths: Iterable[int]) -> Iterator[int]:
    start = 0
    for width in widths:
        yield int.from_bytes(body[start : start + width], "big")
        start += width
