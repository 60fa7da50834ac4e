"""What a receiver tells a sender of its packets: which came, and when (RFC 8888).

Every report is one RTCP packet, alone in its datagram (RFC 5506), about the one stream that there
is each way. ``docs/wire.md`` gives it byte by byte.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from presence.clock import SECOND
from presence.errors import EnvelopeError

PACKET_TYPE = 205
"""Transport-layer feedback (RFC 4585 section 6.1)."""
FORMAT = 11
"""Congestion control feedback (RFC 8888 section 3.1)."""
REPORT_LIMIT = 256
"""Packets that one report tells of, at most."""
TIME_PERIOD = 1 << 32
"""Report times count 65536ths of a second, modulo this: 18.2 hours."""
TIME_UNITS = 1 << 16
"""Units of a report's time in a second."""
_OFFSET_UNITS = 1 << 10
"""Units of an arrival's offset in a second."""
_OFFSET_LIMIT = 0x1FFE
"""Offsets from here on say nothing but that the packet came."""
_RECEIVED = 0x8000
_FIRST_BYTE = 0x80 | FORMAT
_HEADER = struct.Struct(">BBHIIHH")
_TIME = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Feedback:
    """One report on a run of packets."""

    sender: int
    """Who reports: the SSRC of the stream that they send themselves."""
    stream: int
    """The SSRC of the stream reported on."""
    begin: int
    """The sequence number of the first packet told of, modulo 2¹⁶."""
    time: int
    """When the report was made, in 65536ths of a second by the reporter's clock, modulo 2³²."""
    offsets: tuple[int | None, ...]
    """Of each packet, how many 1024ths of a second before that it came; None: it did not."""

    def arrivals(self, time: int) -> list[int | None]:
        """Of each packet the nanosecond at which it came; None: it did not, or when is not known.

        Args:
            time: This report's time, restored to a whole number.
        """
        return [
            None
            if offset is None or offset >= _OFFSET_LIMIT
            else time * SECOND // TIME_UNITS - held_ns(offset)
            for offset in self.offsets
        ]


def report_time(now_ns: int) -> int:
    """What a report made at ``now_ns`` bears as its time."""
    return now_ns * TIME_UNITS // SECOND % TIME_PERIOD


def offset_of(arrival_ns: int, now_ns: int) -> int:
    """What a report made at ``now_ns`` says of a packet that came at ``arrival_ns``."""
    return min(max(0, now_ns - arrival_ns) * _OFFSET_UNITS // SECOND, _OFFSET_LIMIT)


def held_ns(offset: int) -> int:
    """For how long the report waited since a packet came of which it says ``offset``."""
    return offset * SECOND // _OFFSET_UNITS


def encode_feedback(feedback: Feedback) -> bytes:
    """The report as an RTCP packet, not encrypted yet.

    Raises:
        ValueError: it tells of no packet, or of more than :data:`REPORT_LIMIT`.
    """
    count = len(feedback.offsets)
    if not 0 < count <= REPORT_LIMIT:
        raise ValueError(f"a report tells of 1 to {REPORT_LIMIT} packets, not of {count}")
    blocks = [0 if offset is None else _RECEIVED | offset for offset in feedback.offsets]
    if count % 2:
        blocks.append(0)
    length = _HEADER.size + 2 * len(blocks) + _TIME.size
    header = _HEADER.pack(
        _FIRST_BYTE,
        PACKET_TYPE,
        length // 4 - 1,
        feedback.sender,
        feedback.stream,
        feedback.begin & 0xFFFF,
        count,
    )
    return header + struct.pack(f">{len(blocks)}H", *blocks) + _TIME.pack(feedback.time)


@dataclass(frozen=True, slots=True)
class Report:
    """A report of which only a few packets matter: what it says of each is looked at on demand."""

    sender: int
    stream: int
    begin: int
    time: int
    words: tuple[int, ...]
    """Of each packet what stands on the wire."""

    def feedback(self, numbers: Iterable[int], begin: int) -> Feedback:
        """The same about some packets alone, as if they had been all.

        Args:
            numbers: Their places in ``words``.
            begin: What the first of them is to be called.
        """
        offsets = tuple(_offset(self.words[number]) for number in numbers)
        return Feedback(self.sender, self.stream, begin, self.time, offsets)


def decode_feedback(data: bytes) -> Feedback:
    """The report that ``data``, an RTCP packet, holds.

    Raises:
        EnvelopeError: it holds none.
    """
    report = decode_report(data)
    return report.feedback(range(len(report.words)), report.begin)


def decode_report(data: bytes) -> Report:
    """The same, but for what it says of each packet.

    Raises:
        EnvelopeError: it holds none.
    """
    if len(data) < _HEADER.size + _TIME.size:
        raise EnvelopeError(f"a report of {len(data)} bytes is too short to be one")
    first, packet_type, length, sender, stream, begin, count = _HEADER.unpack_from(data)
    if (first, packet_type) != (_FIRST_BYTE, PACKET_TYPE):
        raise EnvelopeError("an RTCP packet came that is no congestion control feedback")
    if 4 * (length + 1) != len(data):
        raise EnvelopeError("an RTCP packet's length is not that of what came")
    blocks = count + count % 2
    if not 0 < count <= REPORT_LIMIT or _HEADER.size + 2 * blocks + _TIME.size != len(data):
        raise EnvelopeError(f"a report on {count} packets cannot have {len(data)} bytes")
    words = struct.unpack_from(f">{count}H", data, _HEADER.size)
    (time,) = _TIME.unpack_from(data, len(data) - _TIME.size)
    return Report(sender, stream, begin, time, words)


def _offset(word: int) -> int | None:
    return word & 0x1FFF if word & _RECEIVED else None
