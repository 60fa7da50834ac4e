"""Legs from hips to where the feet stand."""

from __future__ import annotations

import math
from dataclasses import dataclass

from presence.tracking.filling.limb import Limb, drawn_in, softly_within
from presence.tracking.filling.measures import OUTWARD, Measures
from presence.tracking.filling.steps import Reach, Spot
from presence.tracking.filling.trunk import Trunk
from presence.tracking.single import (
    Quat,
    Vec,
    added,
    between,
    conjugate,
    direction,
    dot,
    from_rotvec,
    from_yaw,
    length,
    mixed,
    mul,
    rotate,
    scaled,
    taken,
    yaw_of,
)

_STRAIGHTEST = 0.996
_ON_TIPTOE = math.radians(50.0)
_TIPTOE_UP, _TIPTOE_AHEAD = 0.08, 0.06
"""How far an ankle goes up and ahead on tiptoe, metres, for hips 0.93 m high."""
_SHORTEST = 0.12
"""Metres of the shortest step, for hips 0.93 m high."""
_DOWN = 0.008
"""Metres that a foot which comes down is off the floor when it counts as down."""
_HEEDS = 1e-5
_TOUCHES = 0.0005
"""Metres off the floor under which a foot still touches it."""

_KNEE = 0.06
"""Metres over the floor that a knee is when it is on it."""
_RISES = 6.0
"""How much further up a knee points that would be a leg's length under it."""


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
    ankle: Vec
    sole: Quat
    """How the foot is turned, in ``place``."""
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
        target = taken(self._ankle(side, spot, height, tip), hip)
        # The heel begins to rise before the knee is straight, so that neither comes of a sudden.
        eased = softly_within(length(target), longest)
        if length(target) - eased > _HEEDS:
            tip = self._tiptoe(side, spot, height, tip, hip, eased)
            target = taken(self._ankle(side, spot, height, tip), hip)
        far = length(target)
        touches = far - longest < _TOUCHES and height < _DOWN
        if far > longest:
            target = scaled(target, longest / far)
        foot = mul(from_yaw(spot[2]), from_rotvec(-tip, 0.0, 0.0))
        return self._leg(side, trunk, hip, target, spot[2], foot, tip, touches)

    def to(
        self, side: int, trunk: Trunk, ankle: Vec, sole: Quat, made_up: Leg, share: float
    ) -> Leg:
        """The leg to an ankle and a foot as a sensor sees them, by ``share`` 0 to 1."""
        hip = made_up.hip
        if share < 1.0:
            ankle, sole = mixed(made_up.ankle, ankle, share), between(made_up.sole, sole, share)
        target = drawn_in(taken(ankle, hip), _STRAIGHTEST * self._limbs[side].length)
        return self._leg(side, trunk, hip, target, yaw_of(sole), sole, 0.0, made_up.touches)

    def _leg(
        self,
        side: int,
        trunk: Trunk,
        hip: Vec,
        target: Vec,
        toes_to: float,
        foot: Quat,
        tip: float,
        touches: bool,
    ) -> Leg:
        m = self._m
        # Knees point between hips and toes, a little out; up where the leg is stretched ahead, and
        # down where it is behind: ahead is turned as a leg is that hung before.
        heading = trunk.hips_heading + 0.5 * math.sin(toes_to - trunk.hips_heading)
        ahead = rotate(from_yaw(heading), (0.12 * OUTWARD[side], 0.0, -1.0))
        along = direction(target, (0.0, -1.0, 0.0))
        share = dot(ahead, along) / max(1.0 - along[1], 0.1)
        pole = taken(ahead, scaled((along[0], along[1] - 1.0, along[2]), share))
        for _ in range(2):
            under = _KNEE * m.size - hip[1] - self._limbs[side].middle(target, pole)[1]
            if under > 0.0:
                pole = added(direction(pole, ahead), (0.0, _RISES * under / m.leg, 0.0))
        above, below = self._limbs[side].reach(target, pole)
        return Leg(
            mul(conjugate(trunk.hips_turn), above),
            mul(conjugate(above), below),
            mul(conjugate(below), foot),
            from_rotvec(tip, 0.0, 0.0),
            added(hip, rotate(above, m.thigh[side])),
            hip,
            added(hip, target),
            foot,
            tip,
            touches,
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
        self, side: int, spot: Spot, height: float, tip: float, hip: Vec, far: float
    ) -> float:
        """How high the heel must rise for the ankle to be ``far`` from the hip, if a foot can."""
        # The ankle goes round the ball in the plane of the foot: the law of cosines.
        ball = self._m.ball[side]
        x, z = hip[0] - spot[0], hip[2] - spot[1]
        c, s = math.cos(spot[2]), math.sin(spot[2])
        aside, back = c * x - s * z, s * x + c * z - ball[2]
        up = hip[1] - self._m.ankle - height - ball[1]
        foot, whole = math.hypot(ball[1], ball[2]), math.hypot(up, back)
        nearest = math.atan2(up, back) - math.atan2(-ball[1], -ball[2])
        cosine = (aside**2 + whole**2 + foot**2 - far**2) / max(2.0 * foot * whole, 1e-9)
        risen = nearest - math.acos(min(max(cosine, -1.0), 1.0))
        return min(max(risen, tip), max(_ON_TIPTOE, tip))
