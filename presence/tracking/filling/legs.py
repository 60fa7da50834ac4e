"""Legs from hips to where the feet stand."""

from __future__ import annotations

import math
from dataclasses import dataclass

from presence.tracking.filling.limb import Limb
from presence.tracking.filling.measures import OUTWARD, Measures
from presence.tracking.filling.steps import Reach, Spot
from presence.tracking.filling.trunk import Trunk
from presence.tracking.single import (
    Quat,
    Vec,
    added,
    conjugate,
    from_rotvec,
    from_yaw,
    length,
    mul,
    rotate,
    scaled,
    taken,
    wrapped,
)

_STRAIGHTEST = 0.998
_ON_TIPTOE = math.radians(50.0)
_TIPTOE_UP, _TIPTOE_AHEAD = 0.08, 0.06
"""How far an ankle goes up and ahead on tiptoe, metres, for hips 0.93 m high."""
_SHORTEST = 0.12
"""Metres of the shortest step, for hips 0.93 m high."""
_TOUCHES = 0.0005
"""Metres off the floor under which a foot still touches it."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg's local turns: thigh, shin, foot, toes."""

    upper: Quat
    lower: Quat
    foot: Quat
    toes: Quat
    knee: Vec
    """In ``place``."""
    hip: Vec
    tip: float
    """Radians by which the heel is higher than the toes."""
    touches: bool
    """Whether the foot reaches the floor that it should stand on."""


class Legs:
    """Both legs of a body. Holds its measures and no other state."""

    def __init__(self, measures: Measures) -> None:
        """Take its measures."""
        self._m = measures
        self._limbs = [
            Limb(measures.thigh[i], measures.shin[i], (-1.0, 0.0, 0.0)) for i in range(2)
        ]

    def over(self, trunk: Trunk) -> float:
        """Metres by which the hips are higher than legs reach that stand on tiptoe."""
        up = rotate(trunk.hips_turn, self._m.hip[0])[1] + rotate(trunk.hips_turn, self._m.hip[1])[1]
        return trunk.hips[1] + 0.5 * up - self._m.leg - self._m.ankle

    def reach(self, trunk: Trunk) -> Reach:
        """How far from below the hip joints feet may be."""
        m = self._m
        joints = [added(trunk.hips, rotate(trunk.hips_turn, m.hip[i])) for i in range(2)]
        high = min(joints[0][1], joints[1][1]) - m.ankle
        flat = math.sqrt(max((_STRAIGHTEST * m.leg) ** 2 - high * high, 0.0))
        lifted = high - _TIPTOE_UP * m.size
        far = math.sqrt(max((_STRAIGHTEST * m.leg) ** 2 - lifted * lifted, 0.0))
        return Reach(
            ((joints[0][0], joints[0][2]), (joints[1][0], joints[1][2])),
            max(flat, _SHORTEST * m.size),
            max(far, _SHORTEST * m.size) + _TIPTOE_AHEAD * m.size,
        )

    def at(self, side: int, trunk: Trunk, spot: Spot, height: float, tip: float) -> Leg:
        """The leg to a foot.

        Args:
            side: which.
            trunk: where the hips are.
            spot: where the foot stands.
            height: metres that its sole is off the floor.
            tip: radians by which the heel is higher than the toes.
        """
        m, limb = self._m, self._limbs[side]
        hip = added(trunk.hips, rotate(trunk.hips_turn, m.hip[side]))
        longest = _STRAIGHTEST * limb.length
        ankle = self._ankle(side, spot, height, tip)
        if length(taken(ankle, hip)) > longest:
            tip = self._tiptoe(side, spot, height, tip, hip, longest)
            ankle = self._ankle(side, spot, height, tip)
        target = taken(ankle, hip)
        far = length(target)
        heading = trunk.hips_heading + 0.5 * wrapped(spot[2] - trunk.hips_heading)
        pole = rotate(from_yaw(heading), (0.12 * OUTWARD[side], 0.35, -1.0))
        above, below = limb.reach(
            scaled(target, min(longest / far, 1.0)) if far > 1e-6 else target, pole
        )
        foot = mul(from_yaw(spot[2]), from_rotvec(-tip, 0.0, 0.0))
        return Leg(
            mul(conjugate(trunk.hips_turn), above),
            mul(conjugate(above), below),
            mul(conjugate(below), foot),
            from_rotvec(tip, 0.0, 0.0),
            added(hip, rotate(above, m.thigh[side])),
            hip,
            tip,
            far - longest < _TOUCHES and height < _TOUCHES,
        )

    def _ankle(self, side: int, spot: Spot, height: float, tip: float) -> Vec:
        """The ankle of a foot that stands on its ball, the heel as high as ``tip`` says."""
        m = self._m
        turn = from_yaw(spot[2])
        ankle = (spot[0], m.ankle + height, spot[1])
        if tip == 0.0:
            return ankle
        ball = m.ball[side]
        lifted = taken(ball, rotate(from_rotvec(-tip, 0.0, 0.0), ball))
        return added(ankle, rotate(turn, lifted))

    def _tiptoe(
        self, side: int, spot: Spot, height: float, tip: float, hip: Vec, longest: float
    ) -> float:
        """How far the heel must rise for the leg to reach, as far as a foot goes."""
        # The ankle goes round the ball, and is nearest to the hip where it points at it.
        ball = self._m.ball[side]
        x, z = hip[0] - spot[0], hip[2] - spot[1]
        c, s = math.cos(spot[2]), math.sin(spot[2])
        up, back = hip[1] - self._m.ankle - height - ball[1], s * x + c * z - ball[2]
        nearest = math.atan2(up, back) - math.atan2(-ball[1], -ball[2])
        low, high = tip, min(max(nearest, tip), max(_ON_TIPTOE, tip))
        if length(taken(self._ankle(side, spot, height, high), hip)) > longest:
            return high
        for _ in range(14):
            tip = 0.5 * (low + high)
            if length(taken(self._ankle(side, spot, height, tip), hip)) > longest:
                low = tip
            else:
                high = tip
        return high
