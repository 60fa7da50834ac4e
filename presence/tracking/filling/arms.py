"""An arm between chest and wrist: the collar bone follows, the elbow lies as elbows do."""

from __future__ import annotations

import math
from dataclasses import dataclass

from presence.tracking.acting.seeded import smooth
from presence.tracking.filling.limb import Limb, carried, drawn_in, twist_about
from presence.tracking.filling.measures import OUTWARD, Measures
from presence.tracking.filling.trunk import Trunk
from presence.tracking.single import (
    Quat,
    Vec,
    added,
    between,
    conjugate,
    direction,
    dot,
    frame_to_frame,
    from_rotvec,
    from_yaw,
    length,
    mixed,
    mul,
    rotate,
    scaled,
    taken,
)

_RAISED = math.radians(25.0)
"""How far a collar bone rises with a hand overhead."""
_FORWARD = math.radians(15.0)
"""How far it comes forward with a hand that reaches ahead or across."""
_STRAIGHTEST = 0.995
_WRIST, _BENDS = 2.0, 0.4
"""How much an elbow heeds the hand, which would lie straight on from the forearm; and how far off
that it is, of an arm's length, when it heeds it twice as much: wrists bend only so far."""
_UNMOVED = 0.5
"""How much of where an elbow usually is the hand can take away."""

_WIDE, _DEEP = 0.18, 0.14
"""Metres from the middle of the trunk, beside and before it, where an elbow has room."""
_CLEARS = 2.0
"""How much further out an elbow points for all of that."""


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm's local turns: collar bone, upper arm, forearm, hand."""

    collar: Quat
    upper: Quat
    lower: Quat
    hand: Quat


class Arms:
    """Both arms of a body. Holds its measures and no other state."""

    def __init__(self, measures: Measures) -> None:
        """Take its measures."""
        self._m = measures
        self._limbs = [
            Limb(measures.upper_arm[i], measures.forearm[i], (0.0, OUTWARD[i], 0.0))
            for i in range(2)
        ]

    def at(self, side: int, trunk: Trunk, wrist: Vec, hand: Quat, shrug: float = 0.0) -> Arm:
        """The arm whose wrist is at ``wrist`` with the hand turned so, in ``place``.

        ``shrug`` radians is by how much more the shoulder is raised.
        """
        m, out = self._m, OUTWARD[side]
        back = conjugate(trunk.chest_turn)
        local = rotate(back, taken(wrist, trunk.chest))
        collar = self._collar(side, local, shrug)
        shoulder = added(m.collar[side], rotate(collar, m.shoulder[side]))
        target = drawn_in(taken(local, shoulder), _STRAIGHTEST * self._limbs[side].length)
        turned = mul(back, hand)
        pole = self._clear(side, shoulder, target, self._pole(side, target, turned))
        above, below = self._limbs[side].reach(target, pole)
        bend = mul(conjugate(below), turned)
        # About the bone itself, which need not lie along an axis: else the wrist would move.
        axis = direction(m.forearm[side], (out, 0.0, 0.0))
        twist = from_rotvec(*scaled(axis, carried(twist_about(bend, axis))))
        return Arm(
            collar,
            mul(conjugate(collar), above),
            mul(mul(conjugate(above), below), twist),
            mul(conjugate(twist), bend),
        )

    def _collar(self, side: int, wrist: Vec, shrug: float) -> Quat:
        m, out = self._m, OUTWARD[side]
        off = scaled(taken(wrist, m.chest_to_shoulder(side)), 1.0 / m.arm)
        raised = _RAISED * smooth((off[1] + 0.3) / 1.3) + shrug
        ahead = _FORWARD * min(max(-off[2] - 0.3 * out * off[0], -0.5), 1.2)
        return from_rotvec(0.0, out * ahead, out * raised)

    def _pole(self, side: int, target: Vec, hand: Quat) -> Vec:
        """Where the elbow points, in the chest's axes."""
        m, out = self._m, OUTWARD[side]
        high = smooth(0.5 + 0.5 * target[1] / m.arm)
        # The elbow of an arm that hangs points back, and down says nothing of it.
        hangs = smooth((-target[1] / max(length(target), 1e-9) - 0.3) / 0.6)
        held = (out * (0.35 + 0.5 * high), -1.0, 0.5 - 0.7 * high)
        pole = mixed(held, (0.5 * out, 0.3, 1.0), hangs)
        # Of all elbows the wrist is straightest with that from which the hand points on.
        straight = rotate(hand, (-out, 0.0, 0.0))
        elbow = added(target, scaled(straight, length(m.forearm[side])))
        along = direction(target, (0.0, -1.0, 0.0))
        aside = taken(elbow, scaled(along, dot(elbow, along)))
        pole = taken(pole, scaled(along, dot(pole, along)))
        bent = length(aside) / m.arm
        heed = _WRIST * (1.0 + (bent / _BENDS) ** 2) / m.arm
        pole, cue = direction(pole, (0.0, -1.0, 0.0)), scaled(aside, heed)
        # However much the hand says the contrary, the elbow does not flip to the other side.
        against = max(-_UNMOVED - dot(cue, pole), 0.0)
        return added(scaled(pole, 1.0 + against), cue)

    def _clear(self, side: int, shoulder: Vec, target: Vec, pole: Vec) -> Vec:
        """Where an elbow points that would else be in the trunk: further out."""
        m, out = self._m, OUTWARD[side]
        for _ in range(2):
            elbow = self._limbs[side].middle(target, pole)
            x, z = (shoulder[0] + elbow[0]) / _WIDE, (shoulder[2] + elbow[2]) / _DEEP
            # Below the arm pits, above which there is only the other arm in the way.
            into = max(1.0 - math.hypot(x, z) / m.size, 0.0) * smooth(-4.0 * elbow[1] / m.arm)
            pole = added(direction(pole, (0.0, -1.0, 0.0)), (_CLEARS * out * into, 0.0, 0.0))
        return pole


class Hanging:
    """Arms that do nothing. Holds measures and no other state."""

    def __init__(self, measures: Measures) -> None:
        """Take a body's measures."""
        self._m = measures
        self._turns = [
            frame_to_frame(
                (OUTWARD[i], 0.0, 0.0),
                (0.0, -1.0, 0.0),
                (0.1 * OUTWARD[i], -1.0, -0.12),
                (-OUTWARD[i], -0.1, 0.15),
            )
            for i in range(2)
        ]
        self._lap_turns = [
            frame_to_frame(
                (OUTWARD[i], 0.0, 0.0),
                (0.0, -1.0, 0.0),
                (-0.25 * OUTWARD[i], -0.12, -1.0),
                (0.0, -1.0, 0.12),
            )
            for i in range(2)
        ]

    def at(
        self, side: int, trunk: Trunk, swing: float, seated: float, thigh: tuple[Vec, Vec]
    ) -> tuple[Vec, Quat]:
        """A wrist and a hand at rest, in ``place``.

        Args:
            side: which.
            trunk: where the trunk is.
            swing: metres by which it has swung ahead.
            seated: how far the person sits: hands lie on the thighs then.
            thigh: where that of this side begins and ends.
        """
        m, out = self._m, OUTWARD[side]
        shoulder = added(trunk.chest, rotate(trunk.chest_turn, m.chest_to_shoulder(side)))
        face = from_yaw(trunk.heading)
        hang = (0.16 * out * m.arm, -0.955 * m.arm, -0.1 * m.arm - swing)
        at, turn = added(shoulder, rotate(face, hang)), mul(face, self._turns[side])
        if seated <= 0.0:
            return at, turn
        lap = mixed(*thigh, 0.6)
        lap = (lap[0], lap[1] + 0.1 * m.size, lap[2])
        return (
            mixed(at, lap, seated),
            between(turn, mul(from_yaw(trunk.hips_heading), self._lap_turns[side]), seated),
        )
