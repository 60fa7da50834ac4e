"""Bones that a sensor follows in themselves: fingers, and whole bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.kinematics import forward_kinematics
from presence.pose.proportions import Proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_conjugate,
    quat_mul,
    quat_normalise,
    quat_rotate,
    quat_slerp,
)
from presence.pose.skeleton import BODY_BONES, BONE_COUNT, HAND_BONES, INDEX, PARENTS
from presence.tracking.filling.limb import Limb, carried, drawn_in, twist_about
from presence.tracking.filling.measures import OUTWARD, SIDES, Measures
from presence.tracking.filling.seen import Placed
from presence.tracking.filling.weights import Weights
from presence.tracking.sensed import Sensed
from presence.tracking.single import Vec, conjugate, direction, from_rotvec, mul, scaled

_TORSO = [INDEX[bone] for bone in ("spine", "chest", "upperChest")]
_ARMS = [[INDEX[s + bone] for bone in ("UpperArm", "LowerArm")] for s in SIDES]
_LEGS = [INDEX[s + bone] for s in SIDES for bone in ("UpperLeg", "LowerLeg")]
_HEAD = INDEX["head"]
_FOLLOWED = np.concatenate([BODY_BONES, HAND_BONES])


@dataclass(frozen=True, slots=True)
class HowSurely:
    """How surely bones are known, 0 to 1."""

    torso: float
    arms: tuple[float, float]
    fingers: tuple[float, float]
    legs: float


_UNKNOWN = HowSurely(0.0, (0.0, 0.0), (0.0, 0.0), 0.0)


class KnownBones:
    """Local rotations that are measured, mixed in with what is filled in.

    State: the newest of each, and how much it counts. What bones do in between is theirs; head,
    hands and feet end where their points are seen.
    """

    def __init__(self, body: Proportions, measures: Measures) -> None:
        """Take a body's measures."""
        self._body = body
        self._weights = Weights(np.tile(IDENTITY, (BONE_COUNT, 1)))
        m = measures
        self._arms = [Limb(m.upper_arm[i], m.forearm[i], (0.0, OUTWARD[i], 0.0)) for i in (0, 1)]
        self._forearms = m.forearm
        self._legs = [Limb(m.thigh[i], m.shin[i], (-1.0, 0.0, 0.0)) for i in (0, 1)]

    @staticmethod
    def how_surely(sensed: Sensed) -> HowSurely:
        """How surely a sensor knows the bones of each part."""
        if not sensed.rotation_confidence.any():
            return _UNKNOWN
        sure = np.clip(sensed.rotation_confidence, 0.0, 1.0)
        fingers = sure[HAND_BONES].reshape(2, -1).mean(axis=1)
        return HowSurely(
            float(sure[_TORSO].mean()),
            (float(sure[_ARMS[0]].mean()), float(sure[_ARMS[1]].mean())),
            (float(fingers[0]), float(fingers[1])),
            float(sure[_LEGS].mean()),
        )

    def laid(
        self,
        rotations: Floats,
        root: Floats,
        sensed: Sensed | None,
        head: Placed | None,
        hands: Sequence[Placed],
        seen: Sequence[bool],
        feet: Sequence[Placed | None],
        dt: float,
    ) -> Floats:
        """Mix in what is measured; returns where the hips then are.

        Args:
            rotations: ``(55, 4)`` as filled in, to be changed.
            root: ``(3,)`` where the hips are filled in.
            sensed: what is known.
            head: the point between the eyes and the head's turn, where they are known.
            hands: where the wrists are shown.
            seen: whether each wrist is known.
            feet: the ankles that are known.
            dt: seconds since the last.
        """
        known = self._weights
        if sensed is None:
            known.take(None, None, dt)
        else:
            known.take(sensed.rotations, sensed.rotation_confidence, dt)
        if not known.counts:
            return root
        on = _FOLLOWED[known.weights[_FOLLOWED] > 0.0]
        if not len(on):
            return root
        made_up = quat_normalise(rotations[on])
        rotations[on] = quat_slerp(made_up, quat_normalise(known.values[on]), known.weights[on])
        if not np.isin(on, BODY_BONES).any():
            return root
        positions, turns = forward_kinematics(rotations, root, self._body.offsets)
        if head is not None:
            self._turned(rotations, turns, _HEAD, np.array(head[1]))
            eyes = positions[_HEAD] + quat_rotate(np.array(head[1]), self._body.eyes)
            way = np.array(head[0]) - eyes
            root, positions = root + way, positions + way
        for side in range(2):
            arm = self._arms[side]
            if seen[side] or not known.weights[_ARMS[side]].any():
                self._pinned(rotations, positions, turns, arm, side, hands[side], "arm")
            foot = feet[side]
            if foot is not None:
                self._pinned(rotations, positions, turns, self._legs[side], side, foot, "leg")
        return root

    @staticmethod
    def _turned(rotations: Floats, turns: Floats, bone: int, turn: Floats) -> None:
        """Turn one bone so in ``place``, whatever its parent does."""
        rotations[bone] = quat_mul(quat_conjugate(turns[PARENTS[bone]]), turn)
        turns[bone] = turn

    def _pinned(
        self,
        rotations: Floats,
        positions: Floats,
        turns: Floats,
        limb: Limb,
        side: int,
        end: Placed,
        kind: str,
    ) -> None:
        """Bring a limb's end to where it is seen, with elbow or knee on the side it was on."""
        upper, lower, last = (INDEX[SIDES[side] + bone] for bone in _BONES[kind])
        start, joint = positions[upper], positions[lower]
        target = np.array(drawn_in(_vec(np.array(end[0]) - start), 0.999 * limb.length))
        # Where the joint is off the line that it was on before.
        line = positions[last] - start
        line = line / max(float(np.linalg.norm(line)), 1e-9)
        pole = joint - start - float((joint - start) @ line) * line
        if float(np.linalg.norm(pole)) < 1e-3:
            pole = quat_rotate(turns[upper], _POLES[kind])
        above, below = limb.reach(_vec(target), _vec(pole))
        if kind == "arm":
            # The forearm carries its share of the hand's turn, about itself.
            axis = direction(self._forearms[side], (OUTWARD[side], 0.0, 0.0))
            twist = carried(twist_about(mul(conjugate(below), end[1]), axis))
            below = mul(below, from_rotvec(*scaled(axis, twist)))
        self._turned(rotations, turns, upper, np.array(above))
        self._turned(rotations, turns, lower, np.array(below))
        self._turned(rotations, turns, last, np.array(end[1]))


_BONES = {"arm": ("UpperArm", "LowerArm", "Hand"), "leg": ("UpperLeg", "LowerLeg", "Foot")}
_POLES = {"arm": np.array([0.0, 0.0, 1.0]), "leg": np.array([0.0, 0.0, -1.0])}


def _vec(array: Floats) -> Vec:
    x, y, z = array.tolist()
    return (x, y, z)
