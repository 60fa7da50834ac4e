"""What the media process tells the view: who came, went and spoke, and every decoded frame.

Each record is one byte of kind and a body: JSON for what is rare, a packed sample for a frame.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import msgspec
import numpy as np

from presence.codec.profile import decode_profile
from presence.pose.arrays import Floats
from presence.pose.face import SHAPE_COUNT
from presence.pose.packed import SAMPLE_SIZE, pack, unpack
from presence.pose.proportions import Proportions
from presence.pose.sample import PoseSample


class Came(msgspec.Struct, frozen=True):
    """Someone is here; said again when their seat, look or measures change."""

    stream: int
    seat: int
    name: str
    body: str
    """The file of the body that is drawn for them; empty while it is being made."""
    profile: bytes
    """Their proportions, as the codec's profile."""

    @property
    def proportions(self) -> Proportions:
        """Their measures."""
        return decode_profile(self.profile)


class Went(msgspec.Struct, frozen=True):
    """Someone left on purpose, or was replaced: nothing of them stays."""

    stream: int


class Seated(msgspec.Struct, frozen=True):
    """Which seat is one's own."""

    seat: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame of someone, decoded."""

    stream: int
    sequence: int
    arrival_ns: int
    """When it could be decoded, by this participant's clock: as it arrived or, if it came before
    the frame that it refers to, when that did."""
    sample: PoseSample


@dataclass(frozen=True, slots=True)
class VoicePacket:
    """20 ms of someone's voice, as it came; it is for the ears, not for the view."""

    stream: int
    sequence: int
    capture_ns: int
    """When the first of its samples was spoken, by the sender's clock."""
    arrival_ns: int
    """By this participant's clock."""
    opus: bytes
    """One frame of Opus."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoke:
    """What someone's voice says of them at one instant; said as each packet comes."""

    stream: int
    at_ns: int
    """The instant, by the sender's clock."""
    behind_ns: int
    """How far behind the fastest that could be the voice is heard: see ``Playout.follow``."""
    level: float
    """How loud they speak, 0 (silent) to 1."""
    lips: Floats
    """``(52,)`` ARKit coefficients, all but the mouth's 0."""


Record = Came | Went | Seated | Heard | Spoke

_JSON: dict[int, type[Came] | type[Went] | type[Seated]] = {1: Came, 2: Went, 3: Seated}
_HEARD, _SPOKE = 0, 4
_HEADER = struct.Struct("<BxHxxxxqqq")
_SPOKE_HEADER = struct.Struct("<BxHxxxxqqd")


def pack_record(record: Record) -> bytes:
    """The bytes of a record."""
    if isinstance(record, Heard):
        header = _HEADER.pack(
            _HEARD, record.stream, record.sequence, record.arrival_ns, record.sample.capture_ns
        )
        row = np.empty(SAMPLE_SIZE)
        pack(record.sample, row)
        return header + bytes(row.data)
    if isinstance(record, Spoke):
        spoke = _SPOKE_HEADER.pack(
            _SPOKE, record.stream, record.at_ns, record.behind_ns, record.level
        )
        return spoke + np.ascontiguousarray(record.lips, dtype=np.float64).tobytes()
    kind = next(k for k, of in _JSON.items() if isinstance(record, of))
    return bytes([kind]) + msgspec.json.encode(record)


def unpack_record(data: bytes) -> Record:
    """A record from bytes that ``pack_record`` made in the other process."""
    if data[0] == _SPOKE:
        _, stream, at_ns, behind_ns, level = _SPOKE_HEADER.unpack_from(data)
        lips = np.frombuffer(data, count=SHAPE_COUNT, offset=_SPOKE_HEADER.size)
        return Spoke(stream, at_ns, behind_ns, level, lips)
    if data[0] != _HEARD:
        return msgspec.json.decode(data[1:], type=_JSON[data[0]])
    _, stream, sequence, arrival_ns, capture_ns = _HEADER.unpack_from(data)
    row = np.frombuffer(data, count=SAMPLE_SIZE, offset=_HEADER.size)
    return Heard(stream, sequence, arrival_ns, unpack(row, capture_ns))
