"""The envelope: one clear header for every medium, then sections that can be sealed apart.

``docs/wire.md`` gives it byte by byte. The header holds what a relay needs to forward, thin out
and cache a stream, and nothing more; what a section says is between the sender and the receivers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Protocol

from presence.errors import EnvelopeError

VERSION = 1
HEADER_LENGTH = 14
"""Bytes, whatever the kind."""
LONGEST_CORE = 0xFF
"""Bytes of a core section, its tag included, of an envelope that is not golden."""
SEQUENCE_PERIOD = 1 << 24
CAPTURE_PERIOD = 1 << 32
"""Microseconds: 71.6 minutes."""
MICROSECOND = 1_000
"""Nanoseconds."""

_GOLDEN, _DROPPABLE, _DETAIL_MADE, _RESERVED = 0x80, 0x40, 0x20, 0x07
_PRIORITY_SHIFT, _PRIORITY_BITS = 3, 0x03
_KIND_BITS, _VERSION_SHIFT = 0x3F, 6
# Version and kind, flags, stream, key epoch, sequence (high byte, low two), capture time, and two
# bytes whose meaning depends on the golden flag.
_HEADER = struct.Struct(">BBHBBHIH")


class Kind(IntEnum):
    """What an envelope carries. Other values, up to 63, are forwarded by the header alone."""

    POSE = 1
    VOICE = 2
    CONTROL = 3
    PROFILE = 4
    KEY = 5
    """Travels unsealed: what it holds is sealed to one member, and signed."""
    RELAY = 6
    """Between a participant and a relay, which has no keys: travels unsealed, and no further."""


_PRIORITY = {
    Kind.POSE: 1,
    Kind.VOICE: 3,
    Kind.CONTROL: 3,
    Kind.PROFILE: 2,
    Kind.KEY: 3,
    Kind.RELAY: 3,
}
_REFERENCE_PRIORITY = 2
_POSE = int(Kind.POSE)
_TAGS = {int(Kind.VOICE): 4, int(Kind.CONTROL): 16, int(Kind.PROFILE): 16}


def seal_length(kind: int, golden: bool) -> int:
    """Bytes of the tag that ends each sealed section; 0 for a kind without one, or unknown."""
    if kind == _POSE:
        return 16 if golden else 8
    return _TAGS.get(kind, 0)


class PoseFrame(Protocol):
    """What the wire needs of an encoded pose; the codec's ``Frame`` is one."""

    @property
    def sequence(self) -> int:
        """Counts the sender's frames from 0."""

    @property
    def refers_to(self) -> int:
        """The reference frame that this one needs; its own ``sequence`` if it is golden."""

    @property
    def reference(self) -> bool:
        """Whether others refer to it: always of a golden."""

    @property
    def capture_ns(self) -> int:
        """By the sender's clock, a whole number of microseconds."""

    @property
    def core(self) -> bytes:
        """Decodable without ``detail``."""

    @property
    def detail(self) -> bytes:
        """May refer to ``core``; empty if there is none."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One envelope, its sequence number and times cut to what the wire carries.

    Raises ValueError, when made, for values that no header can hold.
    """

    kind: int
    """A :class:`Kind`, or a kind that this version knows not, from 1 to 63."""
    stream: int
    """Whose it is: the sender's number in the room, from 1 to 65535."""
    sequence: int
    """Counts the envelopes of this stream and kind, modulo ``SEQUENCE_PERIOD``."""
    capture_us: int
    """Microseconds by the sender's clock, modulo ``CAPTURE_PERIOD``."""
    reference_distance: int = 0
    """How many envelopes ago the one was that this one refers to; 0: it is golden."""
    core: bytes = b""
    """The core section as sent: when sealed, it ends in its tag."""
    detail: bytes = b""
    """The detail section as sent; empty if none was made, or if it was dropped on the way."""
    detail_made: bool = False
    """Whether the sender made a detail section."""
    droppable: bool = False
    """Whether it may be dropped without harm to any other."""
    priority: int = 0
    """0 to 3; what matters least goes first when not all can."""
    epoch: int = 0
    """Which of the sender's keys seals the sections, from 1 to 255; 0: they are not sealed."""

    def __post_init__(self) -> None:
        # What is usual is seen at once: a relay makes thousands of these a second.
        if (
            0 < self.kind <= _KIND_BITS
            and 0 < self.stream <= 0xFFFF
            and 0 <= self.sequence < SEQUENCE_PERIOD
            and 0 <= self.capture_us < CAPTURE_PERIOD
            and 0 <= self.reference_distance <= 0xFF
            and 0 <= self.priority <= _PRIORITY_BITS
            and 0 <= self.epoch <= 0xFF
            and len(self.core) <= (LONGEST_CORE if self.reference_distance else 0xFFFF)
            and (self.detail_made or not self.detail)
            and not self._cut_short
        ):
            return
        raise ValueError(self._fault())

    @property
    def _cut_short(self) -> bool:
        """Whether it is sealed, yet a section has no room for its tag."""
        if not self.epoch:
            return False
        tag = seal_length(self.kind, self.golden)
        return len(self.core) < tag or (len(self.detail) < tag and bool(self.detail))

    def _fault(self) -> str:
        """What is wrong with the values, as a sentence without its full stop."""
        for name, value, least, greatest in (
            ("kind", self.kind, 1, _KIND_BITS),
            ("stream", self.stream, 1, 0xFFFF),
            ("sequence", self.sequence, 0, SEQUENCE_PERIOD - 1),
            ("capture_us", self.capture_us, 0, CAPTURE_PERIOD - 1),
            ("reference_distance", self.reference_distance, 0, 0xFF),
            ("priority", self.priority, 0, _PRIORITY_BITS),
            ("epoch", self.epoch, 0, 0xFF),
            ("the length of core", len(self.core), 0, 0xFFFF if self.golden else LONGEST_CORE),
        ):
            if not least <= value <= greatest:
                return f"{name} is {value}; it must be from {least} to {greatest}"
        if self.detail and not self.detail_made:
            return "there is a detail section, but the header says that none was made"
        tag = seal_length(self.kind, self.golden)
        return f"a sealed section is shorter than its tag of {tag} bytes"

    @property
    def golden(self) -> bool:
        """Whether it is self-contained."""
        return self.reference_distance == 0

    @property
    def reference(self) -> bool:
        """Whether others may refer to it."""
        return self.golden or not self.droppable

    @property
    def size(self) -> int:
        """Bytes of the envelope when encoded."""
        return HEADER_LENGTH + len(self.core) + len(self.detail)

    @property
    def sealed_size(self) -> int:
        """Bytes of the envelope when encoded and sealed, whether or not it is sealed now."""
        if self.epoch:
            return self.size
        tag = seal_length(self.kind, self.golden)
        return self.size + (2 * tag if self.detail else tag)

    def without_detail(self) -> Envelope:
        """The same envelope with its detail section dropped; the header stays as it is."""
        return replace(self, detail=b"")

    def with_sections(self, core: bytes, detail: bytes, epoch: int) -> Envelope:
        """The same envelope, sealed or opened.

        Raises:
            ValueError: the core is too long for its header.
        """
        return Envelope(
            self.kind,
            self.stream,
            self.sequence,
            self.capture_us,
            self.reference_distance,
            core,
            detail,
            self.detail_made,
            self.droppable,
            self.priority,
            epoch,
        )

    @classmethod
    def pose(cls, stream: int, frame: PoseFrame) -> Envelope:
        """The unsealed envelope of one encoded pose.

        Raises:
            ValueError: the frame refers to one more than 255 frames ago, its capture time is no
                whole number of microseconds, or it is too long.
        """
        if frame.capture_ns % MICROSECOND:
            raise ValueError(
                f"capture_ns is {frame.capture_ns}; it must be a whole number of microseconds"
            )
        return cls(
            kind=Kind.POSE,
            stream=stream,
            sequence=frame.sequence % SEQUENCE_PERIOD,
            capture_us=frame.capture_ns // MICROSECOND % CAPTURE_PERIOD,
            reference_distance=frame.sequence - frame.refers_to,
            core=frame.core,
            detail=frame.detail,
            detail_made=bool(frame.detail),
            droppable=not frame.reference,
            priority=_REFERENCE_PRIORITY if frame.reference else _PRIORITY[Kind.POSE],
        )

    @classmethod
    def single(
        cls, kind: Kind, stream: int, *, sequence: int, capture_ns: int, payload: bytes
    ) -> Envelope:
        """The unsealed envelope of a payload that stands alone: voice, control or a profile.

        Raises:
            ValueError: a value that no header can hold.
        """
        return cls(
            kind=kind,
            stream=stream,
            sequence=sequence % SEQUENCE_PERIOD,
            capture_us=capture_ns // MICROSECOND % CAPTURE_PERIOD,
            core=payload,
            droppable=kind is Kind.VOICE,
            priority=_PRIORITY[kind],
        )


def encode_envelope(envelope: Envelope) -> bytes:
    """The envelope's bytes."""
    header = encode_header(envelope, envelope.epoch, len(envelope.core))
    return header + envelope.core + envelope.detail


def encode_header(envelope: Envelope, epoch: int, core_length: int) -> bytes:
    """The header of an envelope that is, or will be, sealed in that epoch to that length."""
    flags = envelope.priority << _PRIORITY_SHIFT
    flags |= _GOLDEN if envelope.golden else 0
    flags |= _DROPPABLE if envelope.droppable else 0
    flags |= _DETAIL_MADE if envelope.detail_made else 0
    if not envelope.golden:
        core_length |= envelope.reference_distance << 8
    return _HEADER.pack(
        VERSION << _VERSION_SHIFT | envelope.kind,
        flags,
        envelope.stream,
        epoch,
        envelope.sequence >> 16,
        envelope.sequence & 0xFFFF,
        envelope.capture_us,
        core_length,
    )


def decode_envelope(data: bytes) -> Envelope:
    """The envelope that ``data`` holds, all of it.

    Raises:
        EnvelopeError: it holds none, or one of a version that this is not.
    """
    if len(data) < HEADER_LENGTH:
        raise EnvelopeError(
            f"an envelope is at least {HEADER_LENGTH} bytes, but this one is {len(data)}"
        )
    first, flags, stream, epoch, high, low, capture_us, last = _HEADER.unpack_from(data)
    if first >> _VERSION_SHIFT != VERSION:
        raise EnvelopeError(
            f"an envelope of version {first >> _VERSION_SHIFT} came; this is version {VERSION}"
        )
    if flags & _RESERVED:
        raise EnvelopeError("an envelope came with reserved flags set")
    golden = bool(flags & _GOLDEN)
    distance, core_length = (0, last) if golden else divmod(last, 256)
    if not golden and distance == 0:
        raise EnvelopeError("an envelope came that is not golden, yet refers to no other")
    core_end = HEADER_LENGTH + core_length
    if core_end > len(data):
        raise EnvelopeError(
            f"an envelope's core should end at byte {core_end}, but it has {len(data)} bytes"
        )
    try:
        return Envelope(
            kind=first & _KIND_BITS,
            stream=stream,
            sequence=high << 16 | low,
            capture_us=capture_us,
            reference_distance=distance,
            core=data[HEADER_LENGTH:core_end],
            detail=data[core_end:],
            detail_made=bool(flags & _DETAIL_MADE),
            droppable=bool(flags & _DROPPABLE),
            priority=flags >> _PRIORITY_SHIFT & _PRIORITY_BITS,
            epoch=epoch,
        )
    except ValueError as error:
        raise EnvelopeError(f"an envelope came in which {error}") from None
