"""A person's measures: the rest offsets of the 55 bones and where the body ends.

Sent at joining and when changed. Frames are those of the T-pose, so every offset is in axes that
are parallel to the place's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.skeleton import BONE_COUNT, BONES, INDEX, MIRROR, PARENTS


@dataclass(frozen=True, slots=True, eq=False)
class Proportions:
    """The measures of one body in its T-pose, metres."""

    offsets: Floats
    """``(55, 3)`` each bone's joint from its parent's; the hips' from the floor under them."""
    fingertips: Floats
    """``(10, 3)`` each fingertip from its distal joint, in the order of ``FINGERTIP_BONES``."""
    toes: Floats
    """``(2, 3)`` the tip of the left and right toes from the ``Toes`` joint."""
    soles: Floats
    """``(2, 3)`` the floor under the left and right ankle from the ``Foot`` joint."""
    crown: Floats
    """``(3,)`` the top of the head from the ``head`` joint."""

    def rest_positions(self) -> Floats:
        """``(55, 3)`` the joints of the T-pose above the floor."""
        positions = np.zeros((BONE_COUNT, 3))
        for i, parent in enumerate(PARENTS):
            positions[i] = self.offsets[i] + (positions[parent] if parent >= 0 else 0.0)
        return positions

    @property
    def hips_height(self) -> float:
        """Metres from the floor to the hips."""
        return float(self.offsets[0, 1])

    @property
    def eyes(self) -> Floats:
        """``(3,)`` the point between the eyes from the ``head`` joint."""
        middle: Floats = 0.5 * (self.offsets[INDEX["leftEye"]] + self.offsets[INDEX["rightEye"]])
        return middle

    @property
    def eye_height(self) -> float:
        """Metres from the floor to the eyes, standing."""
        return float(self.rest_positions()[INDEX["head"], 1] + self.eyes[1])

    @property
    def height(self) -> float:
        """Metres from the floor to the crown, standing."""
        return float(self.rest_positions()[INDEX["head"], 1] + self.crown[1])

    def scaled(self, factor: float) -> Proportions:
        """The same body, ``factor`` times as large."""
        return Proportions(
            *(
                frozen(array * factor)
                for array in (self.offsets, self.fingertips, self.toes, self.soles, self.crown)
            )
        )


# A 1.70 m adult, left side. Segment lengths as fractions of height after D. A. Winter,
# "Biomechanics and Motor Control of Human Movement" (4th ed., 2009), figure 4.1; hand segments
# after J. L. Vergara et al. and common anthropometric tables.
_HEIGHT = 1.70
_LEFT: dict[str, tuple[float, float, float]] = {
    "hips": (0.0, 0.935, 0.0),
    "spine": (0.0, 0.085, 0.005),
    "chest": (0.0, 0.115, 0.010),
    "upperChest": (0.0, 0.120, 0.005),
    "neck": (0.0, 0.140, 0.005),
    "head": (0.0, 0.090, -0.015),
    "leftEye": (-0.032, 0.090, -0.082),
    "jaw": (0.0, 0.022, -0.020),
    "leftUpperLeg": (-0.092, -0.035, 0.0),
    "leftLowerLeg": (0.0, -0.415, -0.003),
    "leftFoot": (0.0, -0.405, 0.018),
    "leftToes": (-0.010, -0.055, -0.135),
    "leftShoulder": (-0.025, 0.100, -0.005),
    "leftUpperArm": (-0.135, 0.000, 0.010),
    "leftLowerArm": (-0.280, 0.0, 0.004),
    "leftHand": (-0.250, 0.0, -0.004),
    "leftThumbMetacarpal": (-0.020, -0.010, -0.025),
    "leftThumbProximal": (-0.033, -0.010, -0.028),
    "leftThumbDistal": (-0.026, -0.004, -0.020),
    "leftIndexProximal": (-0.088, 0.002, -0.027),
    "leftIndexIntermediate": (-0.042, 0.0, -0.002),
    "leftIndexDistal": (-0.025, 0.0, 0.0),
    "leftMiddleProximal": (-0.090, 0.004, -0.006),
    "leftMiddleIntermediate": (-0.046, 0.0, 0.0),
    "leftMiddleDistal": (-0.028, 0.0, 0.0),
    "leftRingProximal": (-0.085, 0.002, 0.014),
    "leftRingIntermediate": (-0.042, 0.0, 0.001),
    "leftRingDistal": (-0.027, 0.0, 0.0),
    "leftLittleProximal": (-0.078, -0.002, 0.032),
    "leftLittleIntermediate": (-0.033, 0.0, 0.002),
    "leftLittleDistal": (-0.020, 0.0, 0.001),
}
_LEFT_FINGERTIPS = (
    (-0.022, -0.002, -0.014),
    (-0.022, -0.001, 0.0),
    (-0.024, -0.001, 0.0),
    (-0.023, -0.001, 0.0),
    (-0.019, -0.001, 0.001),
)
_LEFT_SOLE = (0.0, -0.080, 0.0)
_LEFT_TOE = (0.0, -0.010, -0.060)
_CROWN = (0.0, 0.215, 0.0)


def _mirrored(v: tuple[float, float, float]) -> tuple[float, float, float]:
    return (-v[0], v[1], v[2])


def default_proportions(height: float = _HEIGHT) -> Proportions:
    """An average adult's measures, scaled to ``height`` metres from floor to crown."""
    offsets = np.zeros((BONE_COUNT, 3))
    for name, offset in _LEFT.items():
        i = INDEX[name]
        offsets[i] = offset
        if MIRROR[i] != i:
            offsets[MIRROR[i]] = _mirrored(offset)
    tips = [*_LEFT_FINGERTIPS, *(_mirrored(tip) for tip in _LEFT_FINGERTIPS)]
    body = Proportions(
        offsets=frozen(offsets),
        fingertips=frozen(np.array(tips)),
        toes=frozen(np.array([_LEFT_TOE, _mirrored(_LEFT_TOE)])),
        soles=frozen(np.array([_LEFT_SOLE, _mirrored(_LEFT_SOLE)])),
        crown=frozen(np.array(_CROWN)),
    )
    return body.scaled(height / body.height)


assert set(_LEFT) == {name for name in BONES if not name.startswith("right")}
