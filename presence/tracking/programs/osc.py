"""Open Sound Control 1.0: messages and bundles as bytes.

After M. Wright, "The Open Sound Control 1.0 Specification" (2002,
https://opensoundcontrol.stanford.edu/spec-1_0.html). Written for what strangers may send: no
length is believed, nothing nests deeply, and reading always ends.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from presence.errors import WireError

MAX_DEPTH = 8
"""Bundles within bundles."""
MAX_MESSAGES = 2048
"""Of one datagram."""
MAX_ARGUMENTS = 64
BUNDLE = b"#bundle\0"
_AT_ONCE = b"\0\0\0\0\0\0\0\1"
"""The time tag that means: now."""

Argument = int | float | str | bool | None
Message = tuple[str, list[Argument]]
"""An address and what comes with it."""

_NUMBERS = {"i": struct.Struct(">i"), "f": struct.Struct(">f"), "h": struct.Struct(">q")}
_NUMBERS |= {"d": struct.Struct(">d")}
_CONSTANTS: dict[str, Argument] = {"T": True, "F": False, "N": None, "I": None}
_SKIPPED = {"t": 8, "r": 4, "m": 4, "c": 4}
"""Types that nobody here wants, and their bytes."""
_LENGTH = struct.Struct(">i")


def read_packet(data: bytes) -> list[Message]:
    """The messages of a datagram, those of bundles in their order; time tags are not waited for.

    Raises:
        WireError: it is not OSC; the message says why in few words, to be counted.
    """
    messages: list[Message] = []
    _read(data, 0, len(data), 0, messages)
    return messages


def _read(data: bytes, start: int, end: int, depth: int, messages: list[Message]) -> None:
    if not data.startswith(BUNDLE, start, end):
        if len(messages) >= MAX_MESSAGES:
            raise WireError("too many messages in one packet")
        messages.append(_message(data, start, end))
        return
    if depth >= MAX_DEPTH:
        raise WireError("bundles are nested too deeply")
    at = start + len(BUNDLE) + len(_AT_ONCE)
    if at > end:
        raise WireError("a bundle was cut off")
    while at < end:
        if at + 4 > end:
            raise WireError("a bundle was cut off")
        (length,) = _LENGTH.unpack_from(data, at)
        at += 4
        # An element takes at least four bytes, so every one of them comes nearer to the end.
        if length < 4 or length % 4 or at + length > end:
            raise WireError("a bundle's element has a wrong length")
        _read(data, at, at + length, depth + 1, messages)
        at += length


def _message(data: bytes, start: int, end: int) -> Message:
    if not data.startswith(b"/", start, end):
        raise WireError("neither a message nor a bundle")
    address, at = _string(data, start, end)
    if at == end:
        # Old senders leave the types out where there are no arguments.
        return address, []
    types, at = _string(data, at, end)
    if not types.startswith(","):
        raise WireError("a message has no types")
    if len(types) > MAX_ARGUMENTS + 1:
        raise WireError("a message has too many arguments")
    arguments: list[Argument] = []
    for kind in types[1:]:
        if kind in _NUMBERS:
            number = _NUMBERS[kind]
            if at + number.size > end:
                raise WireError("a message was cut off")
            arguments.append(number.unpack_from(data, at)[0])
            at += number.size
        elif kind in ("s", "S"):
            text, at = _string(data, at, end)
            arguments.append(text)
        elif kind in _CONSTANTS:
            arguments.append(_CONSTANTS[kind])
        elif kind in _SKIPPED:
            arguments.append(None)
            at += _SKIPPED[kind]
        else:
            raise WireError("a message has arguments of an unknown type")
        if at > end:
            raise WireError("a message was cut off")
    return address, arguments


def _string(data: bytes, start: int, end: int) -> tuple[str, int]:
    """A string and where what follows it begins: it ends with a zero and fills up to four."""
    zero = data.find(b"\0", start, end)
    if zero < 0:
        raise WireError("a string does not end")
    following = zero + 4 - (zero - start) % 4
    if following > end:
        raise WireError("a string was cut off")
    try:
        return data[start:zero].decode(), following
    except UnicodeDecodeError:
        raise WireError("a string is not UTF-8") from None


def write_message(address: str, arguments: Sequence[int | float | str] = ()) -> bytes:
    """The bytes of a message; whole numbers as int32, others as float32."""
    types, values = ",", b""
    for argument in arguments:
        if isinstance(argument, str):
            types += "s"
            values += _padded(argument)
        elif isinstance(argument, int):
            types += "i"
            values += _NUMBERS["i"].pack(argument)
        else:
            types += "f"
            values += _NUMBERS["f"].pack(argument)
    return _padded(address) + _padded(types) + values


def write_bundles(messages: Iterable[bytes], limit: int) -> list[bytes]:
    """Bundles of no more than ``limit`` bytes each that hold the messages in their order."""
    bundles: list[bytes] = []
    parts, size = [BUNDLE, _AT_ONCE], 16
    for message in messages:
        if size + 4 + len(message) > limit and len(parts) > 2:
            bundles.append(b"".join(parts))
            parts, size = [BUNDLE, _AT_ONCE], 16
        parts += [_LENGTH.pack(len(message)), message]
        size += 4 + len(message)
    return [*bundles, b"".join(parts)] if len(parts) > 2 else bundles


def _padded(text: str) -> bytes:
    data = text.encode()
    return data + b"\0" * (4 - len(data) % 4)
