"""Taking the trembling out of what a sensor measures, without making it late."""

from __future__ import annotations

from functools import cache

import numpy as np

from presence.clock import MILLISECOND, SECOND
from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_COUNT
from presence.pose.quaternion import quat_normalise
from presence.pose.sample import FAR_GAZE, NEAR_GAZE
from presence.pose.skeleton import BONE_COUNT
from presence.tracking.following import KNOWN, NOISE, ROW_SIZE, VARIANCE, follow
from presence.tracking.sensed import Point, Sensed

LONGEST_GAP_NS = 250 * MILLISECOND
"""After a longer silence nothing is known any more of how somebody moved."""
_DISTANCE_SHARE = 0.2
_POINTS = len(Point)
_GAZE = _POINTS
_FACE = _GAZE + 1
_VECTORS = _FACE + SHAPE_COUNT
_ROWS = _VECTORS + _POINTS + BONE_COUNT

# Each: directions, noise, least, most, calm acceleration, first speed, jump. White noise of a
# headset's hands is under a millimetre, a camera's over a centimetre.
_POSITION = (3, 1.5e-3, 2e-4, 3e-2, 0.1, 1.0, 6.0)
_TURN = (3, np.radians(0.3), np.radians(0.03), np.radians(6.0), 0.4, 5.0, 30.0)
# Eyes jump, and lids fall within two frames: no speed of theirs is an error.
_LOOK = (2, 0.01, 0.002, 0.1, 0.4, 5.0, np.inf)
_SHAPE = (1, 0.02, 0.003, 0.1, 1.0, 5.0, np.inf)
_KINDS = np.array(
    [_POSITION] * _POINTS
    + [_LOOK]
    + [_SHAPE] * SHAPE_COUNT
    + [_TURN] * (_POINTS + BONE_COUNT)
)  # fmt: skip


class Steadying:
    """Steadies what one sensor says. State: how everything that it measures moves."""

    def __init__(self) -> None:
        """Nothing was sensed yet."""
        self._rows = np.zeros((_ROWS, ROW_SIZE))
        self._rows[:, VARIANCE] = _KINDS[:, NOISE] ** 2
        self._given: Sensed | None = None
        self._said: Sensed | None = None

    @property
    def position_noise(self) -> Floats:
        """``(6,)`` metres: the standard deviation of each point's trembling along an axis."""
        noise: Floats = np.sqrt(self._rows[:_POINTS, VARIANCE])
        return noise

    def steady(self, sensed: Sensed) -> Sensed:
        """The same without its trembling.

        A part that is seen anew is at once where it is seen. What has been steadied already, or is
        older than that, is said as it was.
        """
        last, said = self._given, self._said
        step_ns = MILLISECOND
        if last is not None and said is not None:
            step_ns = sensed.capture_ns - last.capture_ns
            if -LONGEST_GAP_NS < step_ns <= 0:
                return said
            if abs(step_ns) > LONGEST_GAP_NS or not sensed.present:
                # Whatever is measured next is where it starts.
                self._rows[:, KNOWN] = 0.0
        step_s = min(max(step_ns, MILLISECOND), LONGEST_GAP_NS) / SECOND
        self._given, self._said = sensed, self._steadied(sensed, step_s)
        return self._said

    def _steadied(self, sensed: Sensed, step_s: float) -> Sensed:
        measured, steady = np.zeros((_ROWS, 4)), np.empty((_ROWS, 4))
        measured[:_POINTS, :3] = sensed.positions
        measured[_GAZE, :3] = sensed.gaze_direction
        measured[_FACE:_VECTORS, 0] = sensed.face
        measured[_VECTORS : _VECTORS + _POINTS] = sensed.orientations
        measured[_VECTORS + _POINTS :] = sensed.rotations
        measured[_VECTORS:] = quat_normalise(measured[_VECTORS:])
        confidence = np.concatenate(
            [
                sensed.position_confidence,
                [sensed.gaze_confidence],
                sensed.face_confidence,
                sensed.orientation_confidence,
                sensed.rotation_confidence,
            ]
        )
        follow(measured, confidence, _VECTORS, _KINDS, self._rows, step_s, steady)
        gaze = steady[_GAZE, :3]
        return Sensed(
            capture_ns=sensed.capture_ns,
            positions=frozen(steady[:_POINTS, :3]),
            orientations=frozen(steady[_VECTORS : _VECTORS + _POINTS]),
            position_confidence=sensed.position_confidence,
            orientation_confidence=sensed.orientation_confidence,
            rotations=frozen(steady[_VECTORS + _POINTS :]),
            rotation_confidence=sensed.rotation_confidence,
            face=frozen(np.clip(steady[_FACE:_VECTORS, 0], 0.0, 1.0)),
            face_confidence=sensed.face_confidence,
            gaze_direction=frozen(gaze / max(float(np.linalg.norm(gaze)), 1e-9)),
            gaze_distance=self._distance(sensed),
            gaze_confidence=sensed.gaze_confidence,
            present=sensed.present,
        )

    def _distance(self, sensed: Sensed) -> float:
        """Metres, steadied as a nearness: from afar a metre hardly turns an eye."""
        now = float(np.clip(sensed.gaze_distance, NEAR_GAZE, FAR_GAZE))
        said = self._said
        if said is None or said.gaze_confidence <= 0.0 or sensed.gaze_confidence <= 0.0:
            return now
        before = 1.0 / said.gaze_distance
        return 1.0 / (before + _DISTANCE_SHARE * (1.0 / now - before))


@cache
def make_ready() -> None:
    """Do once what the first measurement would otherwise wait for: make or fetch machine code."""
    Steadying().steady(Sensed.nothing(0))
