"""What the media process tells the view: who came and went, and every frame that was decoded.

Each record is one byte of kind and a body: JSON for what is rare, packed arrays for frames.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import msgspec
import numpy as np

from presence.codec.profile import decode_profile
from presence.pose.arrays import frozen
from presence.pose.face import SHAPE_COUNT
from presence.pose.proportions import Proportions
from presence.pose.sample import Attention, Contact, Part, PoseSample
from presence.pose.skeleton import BONE_COUNT


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


Record = Came | Went | Seated | Heard

_JSON: dict[int, type[Came] | type[Went] | type[Seated]] = {1: Came, 2: Went, 3: Seated}
_HEARD = 0
# A target of attention has 32 bits in the codec.
_HEADER = struct.Struct("<BxHIqqqdHxxf")
_SHAPES = (3, BONE_COUNT * 4, SHAPE_COUNT, 3, len(Part))
_BOUNDS = np.cumsum(_SHAPES)
_FLOATS = int(_BOUNDS[-1])


def pack_record(record: Record) -> bytes:
    """The bytes of a record."""
    if isinstance(record, Heard):
        s = record.sample
        header = _HEADER.pack(
            _HEARD,
            record.stream,
            s.attention.target,
            record.sequence,
            record.arrival_ns,
            s.capture_ns,
            s.gaze_distance,
            int(s.contacts),
            s.attention.confidence,
        )
        arrays = (s.root_position, s.rotations.ravel(), s.face, s.gaze_direction, s.tracked)
        return header + bytes(np.concatenate(arrays).data)
    kind = next(k for k, of in _JSON.items() if isinstance(record, of))
    return bytes([kind]) + msgspec.json.encode(record)


def unpack_record(data: bytes) -> Record:
    """A record from bytes that ``pack_record`` made in the other process."""
    if data[0] != _HEARD:
        return msgspec.json.decode(data[1:], type=_JSON[data[0]])
    _, stream, target, sequence, arrival, capture, distance, contacts, confidence = (
        _HEADER.unpack_from(data)
    )
    floats = frozen(np.frombuffer(data, dtype=np.float64, count=_FLOATS, offset=_HEADER.size))
    root, rotations, face, gaze, tracked = np.split(floats, _BOUNDS[:-1])
    sample = PoseSample(
        capture_ns=capture,
        root_position=root,
        rotations=rotations.reshape(BONE_COUNT, 4),
        face=face,
        gaze_direction=gaze,
        gaze_distance=distance,
        attention=Attention(target, confidence),
        tracked=tracked,
        contacts=Contact(contacts),
    )
    return Heard(stream, sequence, arrival, sample)
