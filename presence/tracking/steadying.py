"""Taking the trembling out of what a sensor measures, without making it late."""

from __future__ import annotations

from functools import cache

import numpy as np

from presence.clock import MILLISECOND, SECOND
from presence.pose.arrays import Floats
from presence.pose.face import SHAPE_COUNT
from presence.pose.sample import FAR_GAZE, NEAR_GAZE
from presence.pose.skeleton import BONE_COUNT
from presence.tracking.following import KNOWN, NOISE, ROW_SIZE, VARIANCE, follow
from presence.tracking.rows import ROWS, VECTORS, from_rows, to_rows
from presence.tracking.sensed import Point, Sensed

LONGEST_GAP_NS = 250 * MILLISECOND
"""After a longer silence nothing is known any more of how somebody moved."""
_DISTANCE_SHARE = 0.2
_POINTS = len(Point)

# Each: directions, noise, least, most, calm acceleration, first speed, jump. White noise of a
# headset's hands is under a millimetre, a camera's over a centimetre.
_POSITION = (3, 1.5e-3, 2e-4, 3e-2, 0.01, 1.0, 6.0)
_TURN = (3, np.radians(0.3), np.radians(0.03), np.radians(6.0), 0.04, 5.0, 30.0)
# Eyes jump, and lids fall within two frames: no speed of theirs is an error.
_LOOK = (2, 0.01, 0.002, 0.1, 0.04, 5.0, np.inf)
_SHAPE = (1, 0.02, 0.003, 0.1, 0.1, 5.0, np.inf)
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
        self._rows = np.zeros((ROWS, ROW_SIZE))
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
        measured, confidence = to_rows(sensed)
        steady = np.empty_like(measured)
        follow(measured, confidence, VECTORS, _KINDS, self._rows, step_s, steady)
        return from_rows(
            steady,
            confidence,
            capture_ns=sensed.capture_ns,
            gaze_distance=self._distance(sensed),
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
