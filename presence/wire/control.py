"""Control messages: what participants ask of one another, in envelopes of kind ``CONTROL``.

A payload is messages one after another: a type byte, a length byte, and a body of that length. A
type that this version knows not is skipped by its length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from presence.errors import ControlError

_HEAD_LENGTH = 2


@dataclass(frozen=True, slots=True)
class GoldenRequest:
    """Please make the next pose of ``stream`` golden: its last one was not received."""

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


Control = GoldenRequest | ProfileRequest | Ping | Pong | Bye

_TYPES: dict[int, tuple[type[Control], struct.Struct]] = {
    1: (GoldenRequest, struct.Struct(">H")),
    2: (ProfileRequest, struct.Struct(">H")),
    3: (Ping, struct.Struct(">Q")),
    4: (Pong, struct.Struct(">Q")),
    5: (Bye, struct.Struct("")),
}
_NUMBERS = {message: number for number, (message, _) in _TYPES.items()}


def encode_control(messages: Iterable[Control]) -> bytes:
    """The payload of an envelope that carries ``messages``.

    Raises:
        ValueError: a stream number or token that does not fit.
    """
    payload = bytearray()
    for message in messages:
        number = _NUMBERS[type(message)]
        body_format = _TYPES[number][1]
        payload += bytes((number, body_format.size))
        try:
            payload += body_format.pack(*astuple(message))
        except struct.error:
            raise ValueError(f"{message} holds a number that does not fit") from None
    return bytes(payload)


def decode_control(payload: bytes) -> list[Control]:
    """The messages of a payload, but for those of unknown types.

    Raises:
        ControlError: the payload is cut short, or a known message has the wrong length.
    """
    messages: list[Control] = []
    start = 0
    while start < len(payload):
        if len(payload) - start < _HEAD_LENGTH:
            raise ControlError("a control message was cut short in its head")
        number, length = payload[start], payload[start + 1]
        start += _HEAD_LENGTH
        body = payload[start : start + length]
        if len(body) < length:
            raise ControlError(
                f"a control message of type {number} should have {length} bytes, "
                f"but only {len(body)} came"
            )
        start += length
        if number not in _TYPES:
            continue
        message, body_format = _TYPES[number]
        if length != body_format.size:
            raise ControlError(
                f"a {message.__name__} has a body of {body_format.size} bytes, "
                f"but this one has {length}"
            )
        messages.append(message(*body_format.unpack(body)))
    return messages
