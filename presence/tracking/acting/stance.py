"""Standing: feet planted, weight going from one leg to the other, breath, and never quite still."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.proportions import Proportions
from presence.pose.quaternion import quat_from_axis_angle, quat_from_rotvec, quat_rotate
from presence.pose.rigid import UP
from presence.pose.skeleton import INDEX
from presence.tracking.acting.seeded import Beats, Noise, Track, draws

STRETCH = 0.9965
"""How straight a standing leg is, of its length; the knee is never locked."""

_LEGS = [INDEX["leftUpperLeg"], INDEX["rightUpperLeg"]]
_SOFTNESS_M = 0.004
_WEIGHT_S = 1.9
_SHIFT_M = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Posture:
    """How the lower body stands and the trunk carries itself at a moment."""

    hips: Floats
    """``(3,)`` metres, in ``place``."""
    hips_rotation: Floats
    """``(4,)`` xyzw."""
    trunk: Floats
    """``(3,)`` radians: the rotation vector of the whole trunk against the hips, to be shared."""
    breath: float
    """How full the chest is, −1 to 1."""
    tremor: Floats
    """``(8,)`` noise about −1 to 1 for whoever wants to be never quite still."""


class Stance:
    """One person standing. Holds caches and no other state."""

    def __init__(self, seed: int, body: Proportions) -> None:
        """Everyone has a stance of their own, drawn from the seed and sized by the body."""
        own = draws(seed, "stance", 0)
        self._body = body
        size = body.hips_height
        half_width = (0.105 + 0.03 * own[0]) * size / 0.93
        ahead = (own[1] - 0.5) * 0.07 * size
        toes_out = np.radians(7.0 + 8.0 * own[2])
        ankle = -body.soles[:, 1]
        self.feet: Floats = frozen(
            np.array([[-half_width, ankle[0], ahead], [half_width, ankle[1], -ahead]])
        )
        """``(2, 3)`` metres: the ankles, in ``place``; they never move."""
        self.foot_rotations: Floats = frozen(
            quat_from_axis_angle(UP, np.array([toes_out, -toes_out]))
        )
        """``(2, 4)`` xyzw."""
        self.reach: Floats = frozen(
            np.linalg.norm(body.offsets[[INDEX["leftLowerLeg"], INDEX["rightLowerLeg"]]], axis=-1)
            + np.linalg.norm(body.offsets[[INDEX["leftFoot"], INDEX["rightFoot"]]], axis=-1)
        )
        self._breaths_hz = 0.21 + 0.08 * own[3]
        weights = Beats(seed, "weight", 6.0)
        self._weight = Track(weights, lambda k: _lean(weights.dice(k)))
        self._sway = Noise(seed, "sway", 8, 0.35)
        self._tremor = Noise(seed, "tremor", 8, 1.1)
        self._pace = Noise(seed, "breath", 1, 0.1)

    def at(self, seconds: float, forward: float, turn: float) -> Posture:
        """The posture at a time.

        Args:
            seconds: the time.
            forward: how much the person leans towards the others, −1 to 1.
            turn: radians by which the trunk turns to the left.
        """
        shift, dip = self._weight.at(seconds, _WEIGHT_S)
        sway, tremor = self._sway.at(seconds), self._tremor.at(seconds)
        # Breathing speeds up and slows down without ever going back.
        phase = math.tau * self._breaths_hz * seconds + 1.5 * float(self._pace.at(seconds)[0])
        breath = math.sin(phase) + 0.18 * math.sin(2.0 * phase)
        roll = 0.055 * shift + 0.006 * sway[0]
        rotation = quat_from_rotvec(
            np.array([-0.03 * forward, 0.12 * turn + 0.07 * shift + 0.02 * sway[1], roll])
        )
        x = _SHIFT_M * shift + 0.007 * sway[2] + 0.0012 * tremor[0]
        z = 0.008 * sway[3] - 0.012 * forward + 0.0012 * tremor[1]
        hips = np.array([x, self._height(rotation, x, z) - 0.004 * dip, z])
        trunk = np.array(
            [
                -0.055 * forward + 0.02 * sway[4] + 0.007 * breath,
                0.88 * turn - 0.07 * shift + 0.03 * sway[5],
                -0.85 * roll + 0.018 * sway[6],
            ]
        )
        return Posture(hips, rotation, trunk, breath, tremor)

    def _height(self, rotation: Floats, x: float, z: float) -> float:
        """Metres: as high as the legs allow, the shorter way of either deciding, softly."""
        joints = quat_rotate(rotation, self._body.offsets[_LEGS])
        across = (joints[:, 0] + x - self.feet[:, 0]) ** 2 + (
            joints[:, 2] + z - self.feet[:, 2]
        ) ** 2
        up = np.sqrt((STRETCH * self.reach) ** 2 - across)
        left, right = map(float, self.feet[:, 1] + up - joints[:, 1])
        low, gap = min(left, right), abs(left - right)
        return low - _SOFTNESS_M * math.log1p(math.exp(-gap / _SOFTNESS_M))


def _lean(dice: tuple[float, ...]) -> Floats:
    """``(2,)`` where the weight goes, −1 left to 1 right, and how far the knees give."""
    side = -1.0 if dice[0] < 0.5 else 1.0
    shift = side * (0.45 + 0.55 * dice[1]) if dice[2] < 0.75 else 0.3 * side * dice[1]
    return np.array([shift, dice[3]])
