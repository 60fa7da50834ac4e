"""What sensors know of a person at one instant, and what they do not.

Every sensor, a headset, a camera or another program, makes :class:`Sensed`; several of them are
fused, and what none of them knows is filled in.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_COUNT
from presence.pose.quaternion import IDENTITY
from presence.pose.rigid import Rigid
from presence.pose.skeleton import BONE_COUNT


class Point(enum.IntEnum):
    """The places on a body that sensors follow."""

    HEAD = 0
    """Midway between the eyes, with the axes of ``head``."""
    LEFT_HAND = 1
    """The wrist, with the axes of the ``leftHand`` bone: in the T-pose those of the place."""
    RIGHT_HAND = 2
    HIPS = 3
    """The joint of ``hips``, with its axes."""
    LEFT_FOOT = 4
    """The ankle, with the axes of the ``leftFoot`` bone."""
    RIGHT_FOOT = 5


@dataclass(frozen=True, slots=True, eq=False)
class Sensed:
    """A person at one instant, as far as sensors know. Arrays are whole and read-only.

    A confidence is 0 where nothing is known, and what it goes with is then at rest and means
    nothing; 1 where it is measured as well as can be.
    """

    capture_ns: int
    """When the person was like this, by the clock of whoever asked."""
    positions: Floats
    """``(6, 3)`` metres, of each ``Point``, in ``place``."""
    orientations: Floats
    """``(6, 4)`` xyzw, of each ``Point``, in ``place``."""
    position_confidence: Floats
    """``(6,)``."""
    orientation_confidence: Floats
    """``(6,)``."""
    rotations: Floats
    """``(55, 4)`` xyzw, parent-relative, as in a ``PoseSample``: fingers, and the whole body where
    it is tracked. ``rotations[0]`` turns the hips in ``place``."""
    rotation_confidence: Floats
    """``(55,)``."""
    face: Floats
    """``(52,)`` ARKit coefficients, in the order of ``SHAPES``."""
    face_confidence: Floats
    """``(52,)``."""
    gaze_direction: Floats
    """``(3,)`` unit vector from between the eyes, in ``head``."""
    gaze_distance: float
    """Metres to what is looked at."""
    gaze_confidence: float
    present: bool = True
    """False: nobody is there, the headset was taken off, or another program has the sensors."""

    @staticmethod
    def nothing(capture_ns: int, *, present: bool = True) -> Sensed:
        """Nothing is known."""
        return _unpacked(_NOTHING, capture_ns, present)

    def point(self, point: Point) -> Rigid | None:
        """Where a point is in ``place``; None unless both position and orientation are known."""
        if self.position_confidence[point] <= 0.0 or self.orientation_confidence[point] <= 0.0:
            return None
        return Rigid(self.orientations[point], self.positions[point])


class Sensor(Protocol):
    """Something that follows a person, wherever it runs."""

    name: str
    """What it is, for people: ``headset``, ``camera``, ``vmc``, ``live link``."""

    @property
    def problem(self) -> str:
        """A sentence that says what is wrong and what to do; empty while nothing is."""
        ...

    def sense(self, time_ns: int) -> Sensed | None:
        """The newest that is known at ``time_ns``, stamped with when it was so; by one clock.

        None when it has nothing, or nothing fresh enough to be of use.
        """
        ...

    def close(self) -> None:
        """Give everything back; harmless when done twice."""
        ...


_FIELDS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("positions", (len(Point), 3)),
    ("orientations", (len(Point), 4)),
    ("position_confidence", (len(Point),)),
    ("orientation_confidence", (len(Point),)),
    ("rotations", (BONE_COUNT, 4)),
    ("rotation_confidence", (BONE_COUNT,)),
    ("face", (SHAPE_COUNT,)),
    ("face_confidence", (SHAPE_COUNT,)),
    ("gaze_direction", (3,)),
    ("gaze_distance", ()),
    ("gaze_confidence", ()),
)
_SIZES = [int(np.prod(shape)) for _, shape in _FIELDS]
_ENDS = np.cumsum(_SIZES)
_WORDS = int(_ENDS[-1])
SENSED_BYTES = 8 * (_WORDS + 2)
"""What :func:`pack_sensed` makes."""


def _rest() -> Floats:
    values = {name: np.zeros(shape) for name, shape in _FIELDS}
    values["orientations"][:] = IDENTITY
    values["rotations"][:] = IDENTITY
    values["gaze_direction"][2] = -1.0
    values["gaze_distance"] = np.full((), 2.0)
    return frozen(np.concatenate([values[name].reshape(-1) for name, _ in _FIELDS]))


_NOTHING = _rest()


def pack_sensed(sensed: Sensed) -> bytes:
    """The bytes of what is known, for shared memory: all numbers, the time, whether present."""
    words = np.concatenate([np.reshape(getattr(sensed, name), -1) for name, _ in _FIELDS])
    whole = np.array([sensed.capture_ns, int(sensed.present)], dtype=np.int64)
    return bytes(words.astype(np.float64).data) + bytes(whole.data)


def unpack_sensed(record: bytes) -> Sensed:
    """What :func:`pack_sensed` packed."""
    words = np.frombuffer(record, dtype=np.float64, count=_WORDS)
    capture_ns, present = np.frombuffer(record, dtype=np.int64, offset=8 * _WORDS).tolist()
    return _unpacked(words, capture_ns, bool(present))


def _unpacked(words: Floats, capture_ns: int, present: bool) -> Sensed:
    parts = zip(_FIELDS, np.split(words, _ENDS[:-1]), strict=True)
    arrays = {name: part.reshape(shape) for (name, shape), part in parts}
    distance, confidence = arrays.pop("gaze_distance"), arrays.pop("gaze_confidence")
    return Sensed(
        capture_ns=capture_ns,
        gaze_distance=float(distance),
        gaze_confidence=float(confidence),
        present=present,
        **arrays,
    )
