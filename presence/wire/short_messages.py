"""Messages one after another: a type byte, a length byte, and a body of that length.

What participants say to one another, and to a relay, is written so. A type that a version knows not
is skipped by its length.
"""

from __future__ import annotations

from collections.abc import Iterator

from presence.errors import ControlError

_HEAD_LENGTH = 2
BODY_LIMIT = 0xFF
"""Bytes of the longest body."""


def pack_message(number: int, body: bytes) -> bytes:
    """A message of the type with that number, whose body has :data:`BODY_LIMIT` bytes at most."""
    return bytes((number, len(body))) + body


def unpack_messages(payload: bytes, what: str) -> Iterator[tuple[int, bytes]]:
    """The type and body of each message, until one is cut short.

    Args:
        payload: The messages.
        what: What they are called in an error, as ``a control message``.

    Raises:
        ControlError: the payload ends within a message.
    """
    start = 0
    while start < len(payload):
        if len(payload) - start < _HEAD_LENGTH:
            raise ControlError(f"{what} was cut short in its head")
        number, length = payload[start], payload[start + 1]
        start += _HEAD_LENGTH
        body = payload[start : start + length]
        if len(body) < length:
            raise ControlError(
                f"{what} of type {number} should have {length} bytes, but only {len(body)} came"
            )
        start += length
        yield number, body
