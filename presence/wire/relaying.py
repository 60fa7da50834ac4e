"""What a participant and a relay say to one another, in envelopes of kind ``RELAY``.

They are not sealed, since a relay has no keys, and a relay passes none on. A payload has the form
of a control payload: messages one after another, each a type byte, a length byte and a body. A type
that this version knows not is skipped by its length.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from presence.errors import ControlError
from presence.wire.envelope import SEQUENCE_PERIOD
from presence.wire.short_messages import BODY_LIMIT, pack_message, unpack_messages

_ENTRY_BYTES = 3
WANTS_LIMIT = BODY_LIMIT // _ENTRY_BYTES
"""Streams that one message names, at most."""
DIVISOR_LIMIT = 31
_SECTIONS_SHIFT, _NO_VOICE, _DIVISOR_BITS = 6, 0x20, 0x1F


class Sections(IntEnum):
    """Of which poses the detail section goes along."""

    NONE = 0
    """Of none: core alone."""
    REFERENCES = 1
    """Of those alone that others refer to."""
    ALL = 2


class Want(NamedTuple):
    """How much of one stream somebody wants, or is sent."""

    divisor: int = 1
    """Of the poses that nothing refers to, one in so many; 0: none of them."""
    sections: Sections = Sections.ALL
    pose: bool = True
    """Whether any pose; without, references do not go either."""
    voice: bool = True

    @property
    def whole(self) -> bool:
        """Whether it is everything."""
        return self == WHOLE


WHOLE = Want()


@dataclass(frozen=True, slots=True)
class Wants:
    """How much of each stream the receiver wants; what it does not name stays as it was."""

    streams: tuple[tuple[int, Want], ...]
    """By stream; stream 0 is every stream, and forgets what was said of each before."""


@dataclass(frozen=True, slots=True)
class Again:
    """Please send a reference pose again that did not come, and those that lead to it."""

    stream: int
    missing: int
    known: int
    """The newest reference pose that could be decoded; the same as ``missing`` if none."""


@dataclass(frozen=True, slots=True)
class Newest:
    """Please send what you hold of a stream: its newest golden, what follows, its profile."""

    stream: int


@dataclass(frozen=True, slots=True)
class RelayPing:
    """Please send a :class:`RelayPong` with the same token at once."""

    token: int


@dataclass(frozen=True, slots=True)
class RelayPong:
    """The answer to the :class:`RelayPing` with this token."""

    token: int


@dataclass(frozen=True, slots=True)
class RelayBye:
    """Who says so leaves, be it participant or relay."""


@dataclass(frozen=True, slots=True)
class RelayMove:
    """From a relay that is going: please come once more, and you are told where to."""


Relaying = Wants | Again | Newest | RelayPing | RelayPong | RelayBye | RelayMove

_WANTS, _AGAIN, _NEWEST, _PING, _PONG, _BYE, _MOVE = range(1, 8)
_LENGTHS = {_AGAIN: 8, _NEWEST: 2, _PING: 8, _PONG: 8, _BYE: 0, _MOVE: 0}


def encode_relaying(messages: Iterable[Relaying]) -> bytes:
    """The payload of an envelope that carries ``messages``.

    Raises:
        ValueError: a number that does not fit, or too many streams.
    """
    payload = bytearray()
    for message in messages:
        try:
            number, body = _encoded(message)
        except OverflowError:
            raise ValueError(f"{message} holds a number that does not fit") from None
        if len(body) > BODY_LIMIT:
            raise ValueError(f"wants name at most {WANTS_LIMIT} streams; send several messages")
        payload += pack_message(number, body)
    return bytes(payload)


def decode_relaying(payload: bytes) -> list[Relaying]:
    """The messages of a payload, but for those of unknown types.

    Raises:
        ControlError: the payload is cut short, or a known message is malformed.
    """
    decoded = (_decoded(*one) for one in unpack_messages(payload, "a message for a relay"))
    return [message for message in decoded if message is not None]


def _encoded(message: Relaying) -> tuple[int, bytes]:
    match message:
        case Wants(streams):
            entries = (
                stream.to_bytes(2, "big") + bytes((_byte_of(want),)) for stream, want in streams
            )
            return _WANTS, b"".join(entries)
        case Again(stream, missing, known):
            numbers = (missing % SEQUENCE_PERIOD, known % SEQUENCE_PERIOD)
            return _AGAIN, stream.to_bytes(2, "big") + b"".join(
                number.to_bytes(3, "big") for number in numbers
            )
        case Newest(stream):
            return _NEWEST, stream.to_bytes(2, "big")
        case RelayPing(token):
            return _PING, token.to_bytes(8, "big")
        case RelayPong(token):
            return _PONG, token.to_bytes(8, "big")
        case RelayBye():
            return _BYE, b""
        case RelayMove():
            return _MOVE, b""


def _decoded(number: int, body: bytes) -> Relaying | None:
    """A message by its type; None: an unknown one."""
    if number == _WANTS:
        if not body or len(body) % _ENTRY_BYTES:
            raise ControlError(f"wants have 3 bytes a stream, but these have {len(body)}")
        starts = range(0, len(body), _ENTRY_BYTES)
        return Wants(
            tuple(
                (int.from_bytes(body[at : at + 2], "big"), _want_of(body[at + 2])) for at in starts
            )
        )
    if number not in _LENGTHS:
        return None
    if len(body) != _LENGTHS[number]:
        raise ControlError(
            f"a message for a relay of type {number} has {_LENGTHS[number]} bytes, "
            f"but this one has {len(body)}"
        )
    match number:
        case 2:
            stream, missing, known = body[:2], body[2:5], body[5:]
            return Again(*(int.from_bytes(part, "big") for part in (stream, missing, known)))
        case 3:
            return Newest(int.from_bytes(body, "big"))
        case 4:
            return RelayPing(int.from_bytes(body, "big"))
        case 5:
            return RelayPong(int.from_bytes(body, "big"))
        case 6:
            return RelayBye()
        case _:
            return RelayMove()


def _byte_of(want: Want) -> int:
    if not 0 <= want.divisor <= DIVISOR_LIMIT:
        raise ValueError(f"a divisor is 0 to {DIVISOR_LIMIT}, not {want.divisor}")
    sections = want.sections + 1 if want.pose else 0
    return sections << _SECTIONS_SHIFT | (0 if want.voice else _NO_VOICE) | want.divisor


def _want_of(byte: int) -> Want:
    sections = byte >> _SECTIONS_SHIFT
    return Want(
        divisor=byte & _DIVISOR_BITS,
        sections=Sections(max(0, sections - 1)),
        pose=bool(sections),
        voice=not byte & _NO_VOICE,
    )
