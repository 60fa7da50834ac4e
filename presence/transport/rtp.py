"""RTP packets that carry bundles: a fixed header, one bundle, and sometimes padding.

The header is that of RFC 3550 section 5.1 without its optional parts. ``docs/wire.md`` gives it
byte by byte.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from presence.errors import EnvelopeError

HEADER_LENGTH = 12
SEQUENCE_PERIOD = 1 << 16
TIMESTAMP_RATE = 90_000
"""Ticks of the timestamp a second."""
PADDING_LIMIT = 255
"""Bytes of padding in one packet, at most: their number is the last of them."""
FIRST_DYNAMIC_TYPE, LAST_DYNAMIC_TYPE = 96, 127
"""Payload types that descriptions give a meaning (RFC 3551 section 6). Those from 64 to 95 could be
taken for RTCP where both share a port (RFC 5761 section 4)."""

_HEADER = struct.Struct(">BBHII")
_VERSION = 0x80
_PADDED = 0x20
_EXTENDED = 0x10
_SOURCES = 0x0F
_TYPE = 0x7F


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """A packet as received."""

    payload_type: int
    sequence: int
    """Modulo :data:`SEQUENCE_PERIOD`."""
    ssrc: int
    payload: bytes
    """A bundle; empty if the packet was nothing but padding."""


def encode_rtp(
    payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, padding: int = 0
) -> bytes:
    """A packet's bytes, with ``padding`` bytes, at most :data:`PADDING_LIMIT`, after its payload.

    Args:
        payload_type: From :data:`FIRST_DYNAMIC_TYPE` to :data:`LAST_DYNAMIC_TYPE`.
        sequence: Any whole number; it is cut to what the header holds.
        timestamp: Likewise.
        ssrc: The sender's number of this stream.
        payload: A bundle.
        padding: How many bytes to add.
    """
    header = _HEADER.pack(
        _VERSION | _PADDED if padding else _VERSION,
        payload_type,
        sequence & 0xFFFF,
        timestamp & 0xFFFF_FFFF,
        ssrc,
    )
    if not padding:
        return header + payload
    return header + payload + bytes(padding - 1) + bytes((padding,))


def decode_rtp(data: bytes) -> RtpPacket:
    """The packet that ``data`` holds.

    What RFC 3550 allows in a header besides, contributing sources and an extension, is skipped.

    Raises:
        EnvelopeError: it holds none.
    """
    if len(data) < HEADER_LENGTH or data[0] >> 6 != 2:
        raise EnvelopeError("what came as an RTP packet has no RTP header")
    first, payload_type, sequence, _, ssrc = _HEADER.unpack_from(data)
    start, end = HEADER_LENGTH, len(data)
    if first != _VERSION:
        start += 4 * (first & _SOURCES)
        if first & _EXTENDED:
            if start + 4 > end:
                raise EnvelopeError("an RTP packet ends within its header's extension")
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
        if first & _PADDED:
            end -= data[-1] or PADDING_LIMIT + 1
        if start > end:
            raise EnvelopeError("an RTP packet's header and padding are longer than the packet")
    return RtpPacket(payload_type & _TYPE, sequence, ssrc, data[start:end])
