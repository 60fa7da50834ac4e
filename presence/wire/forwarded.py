"""What goes over a participant's carrier WebSockets: bundles for others, and how much has come.

They begin with a token, and which of a member's connections it is. A frame is a member's number and
a bundle; towards the host the number is of whom it is for, from
the host of whom it is from. Number 0 is nobody's, and marks a count of the bytes that came.
"""

from __future__ import annotations

from dataclasses import dataclass

from presence.errors import EnvelopeError
from presence.wire.bundle import BUNDLE_LIMIT

HEADER_BYTES = 2
FRAME_LIMIT = HEADER_BYTES + BUNDLE_LIMIT
COUNT_PERIOD = 1 << 32
_COUNT_BYTES = 4
CONNECTIONS = 8
"""Connections that one member may have."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A bundle, and whom it is for or from."""

    stream: int
    bundle: bytes


@dataclass(frozen=True, slots=True)
class Count:
    """How many bytes of frames came so far, counts not among them."""

    received: int
    """Modulo :data:`COUNT_PERIOD`."""


def encode_token(token: str, connection: int) -> str:
    """What a connection begins with; the first, number 0, with the token alone."""
    return f"{token} {connection}" if connection else token


def decode_token(text: str) -> tuple[str, int]:
    """The token that a connection began with, and its number.

    Raises:
        EnvelopeError: there is no such number.
    """
    token, _, number = text.partition(" ")
    if number and (len(number) > 1 or number not in "01234567"):
        raise EnvelopeError(
            f"a connection began with a number of {len(number)} characters; one is 0 to 7"
        )
    return token, int(number or 0)


def encode_forwarded(stream: int, bundle: bytes) -> bytes:
    """The frame of a bundle."""
    return stream.to_bytes(HEADER_BYTES, "big") + bundle


def encode_count(received: int) -> bytes:
    """The frame that says how many bytes came."""
    return bytes(HEADER_BYTES) + (received % COUNT_PERIOD).to_bytes(_COUNT_BYTES, "big")


def decode_frame(data: bytes) -> Forwarded | Count:
    """What a frame is.

    Raises:
        EnvelopeError: it is none.
    """
    if not HEADER_BYTES < len(data) <= FRAME_LIMIT:
        raise EnvelopeError(
            f"a frame of {len(data)} bytes came; one has {HEADER_BYTES + 1} to {FRAME_LIMIT}"
        )
    stream = int.from_bytes(data[:HEADER_BYTES], "big")
    if stream:
        return Forwarded(stream, data[HEADER_BYTES:])
    if len(data) != HEADER_BYTES + _COUNT_BYTES:
        raise EnvelopeError(f"a count of {len(data)} bytes came; one has 6")
    return Count(int.from_bytes(data[HEADER_BYTES:], "big"))
