"""A pose as numbers in one row, for loops that are compiled."""

from __future__ import annotations

from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_COUNT
from presence.pose.sample import Attention, Contact, Part, PoseSample
from presence.pose.skeleton import BONE_COUNT

SAMPLE_ROOT = 0
"""``(3,)`` metres."""
SAMPLE_TURNS = SAMPLE_ROOT + 3
"""``(55, 4)`` xyzw."""
SAMPLE_FACE = SAMPLE_TURNS + 4 * BONE_COUNT
"""``(52,)`` 0 to 1."""
SAMPLE_GAZE = SAMPLE_FACE + SHAPE_COUNT
"""``(4,)`` direction in ``head``, and distance in metres."""
SAMPLE_STATE = SAMPLE_GAZE + 4
"""Contacts; how surely each part is tracked, 0 to 1; attention's target; its confidence, 0 to 1."""
STATE_COUNT = 1 + len(Part) + 2
SAMPLE_SIZE = SAMPLE_STATE + STATE_COUNT

_CONTACTS = tuple(Contact(bits) for bits in range(64))
_ALL_CONTACTS = len(_CONTACTS) - 1


def pack(sample: PoseSample, out: Floats) -> None:
    """Fill ``out (SAMPLE_SIZE,)`` with a sample. Contacts that nobody knows of are left out."""
    out[SAMPLE_ROOT:SAMPLE_TURNS] = sample.root_position
    out[SAMPLE_TURNS:SAMPLE_FACE].reshape(BONE_COUNT, 4)[:] = sample.rotations
    out[SAMPLE_FACE:SAMPLE_GAZE] = sample.face
    out[SAMPLE_GAZE : SAMPLE_STATE - 1] = sample.gaze_direction
    out[SAMPLE_STATE - 1] = sample.gaze_distance
    # As a plain number: to combine flags takes ten times as long.
    out[SAMPLE_STATE] = int(sample.contacts) & _ALL_CONTACTS
    out[SAMPLE_STATE + 1 : SAMPLE_SIZE - 2] = sample.tracked
    out[SAMPLE_SIZE - 2] = sample.attention.target
    out[SAMPLE_SIZE - 1] = sample.attention.confidence


def unpack(row: Floats, capture_ns: int) -> PoseSample:
    """The sample that ``row (SAMPLE_SIZE,)`` holds; the row is read-only from now on."""
    frozen(row)
    contacts, *_, target, confidence = row[SAMPLE_STATE:].tolist()
    return PoseSample(
        capture_ns=capture_ns,
        root_position=row[SAMPLE_ROOT:SAMPLE_TURNS],
        rotations=row[SAMPLE_TURNS:SAMPLE_FACE].reshape(BONE_COUNT, 4),
        face=row[SAMPLE_FACE:SAMPLE_GAZE],
        gaze_direction=row[SAMPLE_GAZE : SAMPLE_GAZE + 3],
        gaze_distance=float(row[SAMPLE_GAZE + 3]),
        attention=Attention(int(target), confidence),
        tracked=row[SAMPLE_STATE + 1 : SAMPLE_SIZE - 2],
        contacts=_CONTACTS[int(contacts)],
    )
