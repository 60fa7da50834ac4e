"""Carrying oneself: weight going from one leg to the other, breath, never quite still, sitting."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.proportions import Proportions
from presence.pose.quaternion import quat_from_axis_angle, quat_from_rotvec, quat_mul, quat_rotate
from presence.pose.rigid import UP
from presence.pose.skeleton import INDEX
from presence.tracking.acting.footing import Feet, Spot
from presence.tracking.acting.seeded import Beats, Noise, Track, draws
from presence.tracking.acting.sitting import STANDING, Seated

STRETCH = 0.9965
"""How straight a standing leg is, of its length; the knee is never locked."""
FLESH = 0.095
"""Metres from the middle of a hip joint down to what one sits on, for hips 0.93 m high."""

_LEGS = [INDEX["leftUpperLeg"], INDEX["rightUpperLeg"]]
_SOFTNESS_M = 0.004
_WEIGHT_S = 1.9
_SHIFT_M = 0.05
_STEP_SHIFT_M = 0.066
_TREMOR_M = 0.0012
_BOW = math.radians(40.0)
"""How far the trunk leans on the way to a seat and up from it."""
_SLOPE = 0.25
"""How far below the hips the knees of somebody on a high seat may be, of the thigh's length."""


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
    """One person's hips and trunk over their feet. Holds caches and no other state."""

    def __init__(
        self,
        seed: int,
        body: Proportions,
        seat_height: float | None = None,
        seat_spot: Spot = (0.0, 0.0, 0.0),
    ) -> None:
        """Everyone carries themselves in a way of their own, drawn from the seed.

        ``seat_height`` metres is that of what they sit on, ``seat_spot`` where their feet are then.
        """
        own = draws(seed, "stance", 0)
        self._body = body
        self._size = body.hips_height / 0.93
        bones = body.offsets[[INDEX["leftLowerLeg"], INDEX["leftFoot"]]]
        self._thigh, self._shin = map(float, np.linalg.norm(bones, axis=-1))
        self.reach: Floats = frozen(
            np.linalg.norm(body.offsets[[INDEX["leftLowerLeg"], INDEX["rightLowerLeg"]]], axis=-1)
            + np.linalg.norm(body.offsets[[INDEX["leftFoot"], INDEX["rightFoot"]]], axis=-1)
        )
        self._on_seat = None if seat_height is None else self._seated(seat_height, seat_spot)
        self._breaths_hz = 0.21 + 0.08 * own[3]
        weights = Beats(seed, "weight", 6.0)
        self._weight = Track(weights, lambda k: _lean(weights.dice(k)))
        slumps = Beats(seed, "slumps", 11.0)
        self._slump = Track(slumps, lambda k: np.array([slumps.dice(k)[0], slumps.dice(k)[1]]))
        self._sway = Noise(seed, "sway", 8, 0.35)
        self._tremor = Noise(seed, "tremor", 8, 1.1)
        self._pace = Noise(seed, "breath", 1, 0.1)

    def at(
        self,
        seconds: float,
        feet: Feet,
        forward: float,
        turn: float,
        seated: Seated = STANDING,
        laugh: tuple[float, float] = (0.0, 0.0),
    ) -> Posture:
        """The posture at a time.

        Args:
            seconds: the time.
            feet: where they are.
            forward: how much the person leans towards the others, −1 to 1.
            turn: radians by which the trunk turns to the left of where the feet point.
            seated: how far they sit.
            laugh: the burst of breath of a laugh, 0 to 1, and how it bends the trunk: −1 forward
                to 1 back.
        """
        shift, dip = self._weight.at(seconds, _WEIGHT_S).tolist()
        sway, shaking = self._sway.at(seconds).tolist(), self._tremor.at(seconds)
        tremor = shaking.tolist()
        # Breathing speeds up and slows down without ever going back.
        phase = math.tau * self._breaths_hz * seconds + 1.5 * float(self._pace.at(seconds)[0])
        breath = math.sin(phase) + 0.18 * math.sin(2.0 * phase)
        stands = 1.0 - seated.down
        shift *= (1.0 - feet.stepping) * (0.25 + 0.75 * stands)
        roll = stands * (0.055 * shift + 0.03 * feet.load) + 0.006 * sway[0]
        burst, bend = laugh
        bow = _BOW * seated.lean
        slump = 0.0
        if seated.down > 0.0:
            slump = seated.down * (0.1 - 0.3 * float(self._slump.at(seconds, 2.4)[0]))
        pitch = -0.03 * forward - 0.62 * bow + 0.19 * seated.down + 0.35 * slump
        x, z, heading = feet.middle
        rotation = quat_from_rotvec(
            np.array([pitch, stands * (0.12 * turn + 0.07 * shift) + 0.02 * sway[1], roll])
        )
        if heading:
            rotation = quat_mul(quat_from_axis_angle(UP, np.array(heading)), rotation)
        right = (
            _SHIFT_M * shift + _STEP_SHIFT_M * feet.load + 0.007 * sway[2] + _TREMOR_M * tremor[0]
        )
        back = 0.008 * sway[3] - 0.012 * forward + _TREMOR_M * tremor[1]
        c, s = math.cos(heading), math.sin(heading)
        x, z = x + c * right + s * back, z - s * right + c * back
        high = -0.004 * dip
        if self._on_seat is not None and (seated.back > 0.0 or seated.down > 0.0):
            seat_x, seat_y, seat_z = self._on_seat
            x += seated.back * (seat_x + 0.1 * right - x)
            z += seated.back * (seat_z - z)
            stood = self._height(rotation, x, z, feet)
            high = (high + stood) * stands + seat_y * seated.down
        else:
            high += self._height(rotation, x, z, feet)
        trunk = np.array(
            [
                -0.055 * forward
                + 0.02 * sway[4]
                + 0.007 * breath
                - 0.38 * bow
                - 0.2 * seated.down
                + 0.65 * slump
                + 0.1 * bend
                - 0.034 * burst,
                (0.88 + 0.12 * seated.down) * turn - stands * 0.07 * shift + 0.03 * sway[5],
                -0.85 * roll + 0.018 * sway[6],
            ]
        )
        return Posture(np.array([x, high, z]), rotation, trunk, breath, shaking)

    def _seated(self, height: float, spot: Spot) -> tuple[float, float, float]:
        """Where the hips are on the seat, metres."""
        knee = float(-self._body.soles[:, 1].mean()) + 0.995 * self._shin
        # Whoever's legs are short sits lower: the feet stay on the floor.
        joint = min(height + FLESH * self._size, knee + _SLOPE * self._thigh)
        behind = math.sqrt(self._thigh**2 - (joint - knee) ** 2) - 0.06 * self._shin
        return (spot[0], joint - float(self._body.offsets[_LEGS[0], 1]), spot[1] + 0.97 * behind)

    def _height(self, rotation: Floats, x: float, z: float, feet: Feet) -> float:
        """Metres: as high as the legs allow, the shorter way of either deciding, softly."""
        joints = quat_rotate(rotation, self._body.offsets[_LEGS])
        ground = feet.ground
        across = (joints[:, 0] + x - ground[:, 0]) ** 2 + (joints[:, 2] + z - ground[:, 2]) ** 2
        up = np.sqrt(np.maximum((STRETCH * self.reach) ** 2 - across, 1e-3))
        left, right = map(float, ground[:, 1] + up - joints[:, 1])
        low, gap = min(left, right), abs(left - right)
        return low - _SOFTNESS_M * math.log1p(math.exp(-gap / _SOFTNESS_M))


def _lean(dice: tuple[float, ...]) -> Floats:
    """``(2,)`` where the weight goes, −1 left to 1 right, and how far the knees give."""
    side = -1.0 if dice[0] < 0.5 else 1.0
    shift = side * (0.45 + 0.55 * dice[1]) if dice[2] < 0.75 else 0.3 * side * dice[1]
    return np.array([shift, dice[3]])
