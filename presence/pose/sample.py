"""The shared noun: what a person's body, hands and face do at one instant."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_COUNT
from presence.pose.quaternion import IDENTITY, quat_normalise
from presence.pose.skeleton import BONE_COUNT

NEAR_GAZE, FAR_GAZE = 0.1, 100.0
"""Gaze distances are kept within these, metres."""


class Part(enum.IntEnum):
    """The parts of a person that are tracked, or not, apart from one another."""

    HEAD = 0
    TORSO = 1
    LEFT_ARM = 2
    RIGHT_ARM = 3
    LEFT_HAND = 4
    RIGHT_HAND = 5
    LEGS = 6
    FACE = 7
    EYES = 8


class Contact(enum.IntFlag):
    """What touches what; receivers keep these true after fitting the pose to another body."""

    NONE = 0
    LEFT_FOOT = 1
    """The left foot is on the floor."""
    RIGHT_FOOT = 2
    """The right foot is on the floor."""
    SEAT = 4
    """The person sits on something."""
    HANDS_TOGETHER = 8
    LEFT_HAND_TO_FACE = 16
    RIGHT_HAND_TO_FACE = 32


@dataclass(frozen=True, slots=True)
class Attention:
    """Whom the person looks at, so that receivers can keep eye contact in rooms that differ."""

    target: int = 0
    """The stream number of the person looked at; 0 when nobody is."""
    confidence: float = 0.0
    """0 to 1."""


NOBODY = Attention()


def _everything() -> Floats:
    return frozen(np.ones(len(Part)))


def _neutral_face() -> Floats:
    return frozen(np.zeros(SHAPE_COUNT))


def _ahead() -> Floats:
    return frozen(np.array([0.0, 0.0, -1.0]))


@dataclass(frozen=True, slots=True, eq=False)
class PoseSample:
    """A person at one instant. Arrays are whole and read-only.

    Eye and jaw bones and the eyeLook shapes follow from gaze and face:
    :func:`presence.pose.derive.with_derived` fills them in.
    """

    capture_ns: int
    """When the person was like this, by the sender's own clock."""
    root_position: Floats
    """``(3,)`` metres, of the hips, in ``place``."""
    rotations: Floats
    """``(55, 4)`` xyzw, parent-relative, in the order of ``BONES``; identity is the T-pose.

    The parent of the hips is the ``place``, so ``rotations[0]`` is the root's rotation.
    """
    face: Floats = field(default_factory=_neutral_face)
    """``(52,)`` ARKit coefficients, 0 to 1, in the order of ``SHAPES``."""
    gaze_direction: Floats = field(default_factory=_ahead)
    """``(3,)`` unit vector from between the eyes, in ``head``."""
    gaze_distance: float = 2.0
    """Metres to what is looked at."""
    attention: Attention = NOBODY
    tracked: Floats = field(default_factory=_everything)
    """``(9,)`` how surely each ``Part`` is tracked, 0 (made up) to 1 (measured)."""
    contacts: Contact = Contact.NONE

    @staticmethod
    def at_rest(capture_ns: int, hips_height: float) -> PoseSample:
        """The T-pose with the hips ``hips_height`` metres above the place's origin."""
        return PoseSample(
            capture_ns=capture_ns,
            root_position=frozen(np.array([0.0, hips_height, 0.0])),
            rotations=frozen(np.tile(IDENTITY, (BONE_COUNT, 1))),
        )

    def at(self, capture_ns: int) -> PoseSample:
        """The same pose, stamped with another time."""
        return replace(self, capture_ns=capture_ns)


def checked(sample: PoseSample) -> PoseSample:
    """The sample with its arrays in canonical form: doubles, unit length, within range, read-only.

    Sources call this once on what they make.

    Raises:
        ValueError: an array has the wrong shape, or a value is not finite.
    """
    arrays = {
        "root_position": (sample.root_position, (3,)),
        "rotations": (sample.rotations, (BONE_COUNT, 4)),
        "face": (sample.face, (SHAPE_COUNT,)),
        "gaze_direction": (sample.gaze_direction, (3,)),
        "tracked": (sample.tracked, (len(Part),)),
    }
    whole: dict[str, Floats] = {}
    for name, (array, shape) in arrays.items():
        doubles = np.array(array, dtype=np.float64)
        if doubles.shape != shape:
            raise ValueError(f"{name} has shape {doubles.shape}; it should be {shape}")
        if not np.isfinite(doubles).all():
            raise ValueError(f"{name} holds a value that is not finite")
        whole[name] = doubles
    if not np.isfinite(sample.gaze_distance):
        raise ValueError("gaze_distance is not finite")
    gaze = whole["gaze_direction"]
    length = float(np.linalg.norm(gaze))
    whole["gaze_direction"] = gaze / length if length > 1e-9 else _ahead().copy()
    whole["rotations"] = quat_normalise(whole["rotations"])
    whole["face"] = np.clip(whole["face"], 0.0, 1.0)
    whole["tracked"] = np.clip(whole["tracked"], 0.0, 1.0)
    return PoseSample(
        capture_ns=int(sample.capture_ns),
        root_position=frozen(whole["root_position"]),
        rotations=frozen(whole["rotations"]),
        face=frozen(whole["face"]),
        gaze_direction=frozen(whole["gaze_direction"]),
        gaze_distance=float(np.clip(sample.gaze_distance, NEAR_GAZE, FAR_GAZE)),
        attention=sample.attention,
        tracked=frozen(whole["tracked"]),
        contacts=sample.contacts,
    )
