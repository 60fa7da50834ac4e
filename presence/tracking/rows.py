"""What is sensed as rows of one array, for what treats all of it alike.

First vectors: the points' positions, the gaze's direction, the face's shapes (in their first
column); then unit quaternions: the points' orientations and the bones' rotations.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_COUNT
from presence.pose.quaternion import quat_normalise
from presence.pose.skeleton import BONE_COUNT
from presence.tracking.sensed import Point, Sensed

POSITIONS = slice(0, len(Point))
GAZE = len(Point)
FACE = slice(GAZE + 1, GAZE + 1 + SHAPE_COUNT)
VECTORS = FACE.stop
"""How many rows are vectors; the others are quaternions."""
ORIENTATIONS = slice(VECTORS, VECTORS + len(Point))
ROTATIONS = slice(ORIENTATIONS.stop, ORIENTATIONS.stop + BONE_COUNT)
ROWS = ROTATIONS.stop


def to_rows(sensed: Sensed) -> tuple[Floats, Floats]:
    """The values ``(ROWS, 4)`` and their confidence ``(ROWS,)``."""
    values, confidence = np.zeros((ROWS, 4)), np.empty(ROWS)
    values[POSITIONS, :3] = sensed.positions
    values[GAZE, :3] = sensed.gaze_direction
    values[FACE, 0] = sensed.face
    values[ORIENTATIONS] = sensed.orientations
    values[ROTATIONS] = sensed.rotations
    values[VECTORS:] = quat_normalise(values[VECTORS:])
    confidence[POSITIONS] = sensed.position_confidence
    confidence[GAZE] = sensed.gaze_confidence
    confidence[FACE] = sensed.face_confidence
    confidence[ORIENTATIONS] = sensed.orientation_confidence
    confidence[ROTATIONS] = sensed.rotation_confidence
    return values, confidence


def from_rows(
    values: Floats,
    confidence: Floats,
    *,
    capture_ns: int,
    gaze_distance: float,
    present: bool,
) -> Sensed:
    """What :func:`to_rows` laid out; the arrays are taken over and become read-only."""
    gaze = values[GAZE, :3]
    return Sensed(
        capture_ns=capture_ns,
        positions=frozen(values[POSITIONS, :3]),
        orientations=frozen(values[ORIENTATIONS]),
        position_confidence=frozen(confidence[POSITIONS]),
        orientation_confidence=frozen(confidence[ORIENTATIONS]),
        rotations=frozen(values[ROTATIONS]),
        rotation_confidence=frozen(confidence[ROTATIONS]),
        face=frozen(np.clip(values[FACE, 0], 0.0, 1.0)),
        face_confidence=frozen(confidence[FACE]),
        gaze_direction=frozen(gaze / max(float(np.linalg.norm(gaze)), 1e-9)),
        gaze_distance=gaze_distance,
        gaze_confidence=float(confidence[GAZE]),
        present=present,
    )
