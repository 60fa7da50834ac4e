"""Two-bone reach for one limb in plain floats: as ``presence.tracking.limbs.reach``."""

from __future__ import annotations

import math

from presence.tracking.limbs import TWIST_SHARE
from presence.tracking.single import (
    Quat,
    Vec,
    added,
    cross,
    direction,
    dot,
    frame_to_frame,
    from_rotvec,
    length,
    mul,
    rotate,
    scaled,
    taken,
)


class Limb:
    """An arm or a leg. Holds its measures and no other state."""

    def __init__(self, upper: Vec, lower: Vec, hinge: Vec) -> None:
        """Take its measures at rest.

        Args:
            upper: metres, the lower joint from the upper.
            lower: metres, the end from the lower joint.
            hinge: unit; the lower bone bends about it, positively.
        """
        self._upper, self._lower, self._hinge = upper, lower, hinge
        self._a, self._b = length(upper), length(lower)
        self.length = self._a + self._b
        self._rest = math.atan2(dot(cross(upper, lower), hinge), dot(upper, lower))

    def reach(self, target: Vec, pole: Vec) -> tuple[Quat, Quat]:
        """The orientations of both bones that bring the end to ``target`` from the upper joint.

        A target out of reach is approached as far as the bones go. ``pole`` is where the lower
        joint should point.
        """
        cosine = (dot(target, target) - self._a**2 - self._b**2) / (2.0 * self._a * self._b)
        bend = math.acos(min(max(cosine, -1.0), 1.0)) - self._rest
        fold = from_rotvec(*scaled(self._hinge, bend))
        chord = added(self._upper, rotate(fold, self._lower))
        along = direction(chord, direction(self._upper, (0.0, -1.0, 0.0)))
        # The hinge is square to both bones but for what a bone's rest offset lies aside.
        square = taken(self._hinge, scaled(along, dot(self._hinge, along)))
        above = frame_to_frame(along, direction(square, self._hinge), target, cross(pole, target))
        return above, mul(above, fold)

    def middle(self, target: Vec, pole: Vec) -> Vec:
        """Where the lower joint is, from the upper one, once the end is at ``target``."""
        far = max(length(target), 1e-9)
        along = scaled(target, 1.0 / far)
        on = min(max((self._a**2 - self._b**2 + far**2) / (2.0 * far), -self._a), self._a)
        aside = direction(taken(pole, scaled(along, dot(pole, along))), (0.0, 0.0, 0.0))
        return added(scaled(along, on), scaled(aside, math.sqrt(self._a**2 - on**2)))


def twist_about(q: Quat, axis: Vec) -> float:
    """Radians, −π to π, of the part of a turn that is about a unit axis."""
    angle = 2.0 * math.atan2(q[0] * axis[0] + q[1] * axis[1] + q[2] * axis[2], q[3])
    return math.remainder(angle, math.tau)


def carried(twist: float) -> float:
    """Radians of a hand's turn about the forearm that the forearm carries.

    A hand turned further than hands go carries it less far again, so that it does not flip where
    the one way round becomes the shorter.
    """
    far = max(abs(twist) - _TWISTS, 0.0)
    kept = min(abs(twist), _TWISTS) - far * _TWISTS / (math.pi - _TWISTS)
    return TWIST_SHARE * math.copysign(kept, twist)


def softly_within(far: float, most: float) -> float:
    """A length, less than ``most``; it begins to give way a hundredth below."""
    over, softness = far - most, _SOFTNESS * most
    return 0.5 * (far + most - math.sqrt(over * over + softness * softness))


def drawn_in(target: Vec, reach: float) -> Vec:
    """A target, drawn in softly so that a limb need not go straighter than ``reach`` metres."""
    far = length(target)
    return scaled(target, softly_within(far, reach) / far) if far > 1e-9 else target


_SOFTNESS = 0.01
_TWISTS = math.radians(110.0)
