"""Putting behaviour on a body: from a posture, aims and places for hands to local rotations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.proportions import Proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_conjugate,
    quat_from_axis_angle,
    quat_from_rotvec,
    quat_mul,
    quat_normalise,
    quat_rotate,
)
from presence.pose.skeleton import BONE_COUNT, HAND_BONES, INDEX
from presence.tracking.acting import gestures
from presence.tracking.acting.footing import Feet
from presence.tracking.acting.gestures import kept_outside
from presence.tracking.acting.seeded import smooth
from presence.tracking.acting.stance import Posture
from presence.tracking.hands import finger_rotvecs
from presence.tracking.limbs import (
    AXES,
    HINGES,
    TWIST_SHARE,
    frame_to_frame,
    reach,
    twist_angle,
    within_reach,
)
from presence.tracking.single import (
    Quat,
    Vec,
    added,
    conjugate,
    from_rotvec,
    mul,
    rotate,
    share_of,
)

_TRUNK = [INDEX[bone] for bone in ("hips", "spine", "chest", "upperChest")]
_NECK, _HEAD = INDEX["neck"], INDEX["head"]
_SHOULDERS = [INDEX["leftShoulder"], INDEX["rightShoulder"]]
_UPPER = [INDEX[b] for b in ("leftUpperArm", "rightUpperArm", "leftUpperLeg", "rightUpperLeg")]
_LOWER = [INDEX[b] for b in ("leftLowerArm", "rightLowerArm", "leftLowerLeg", "rightLowerLeg")]
_END = [INDEX[b] for b in ("leftHand", "rightHand", "leftFoot", "rightFoot")]

_SHARES = np.array([0.3, 0.34, 0.36])
"""Of the trunk's turn, in spine, chest and upper chest."""
_NECK_SHARE = 0.42
_SIDES = np.array([[-1.0], [1.0]])
_OUT_UP_AHEAD = np.array([[-1.0, 1.0, -1.0], [1.0, 1.0, -1.0]])
"""From outwards, up, ahead to the axes of the chest, for the left and the right hand."""
_AHEAD: Floats = frozen(np.array([0.0, 0.0, -1.0]))

_HAND = 0.045
"""Metres from a wrist to what the hand touches beside it, for hips 0.93 m high."""
_CHIN_BELOW_EYES = 0.9
"""Of the way from the eyes up to the crown: how far the chin is below the eyes."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Hands that something other than the arm says where they are."""

    weights: Floats
    """``(2,)`` how far each hand is there, 0 to 1."""
    wrists: Floats
    """``(2, 3)`` metres, in ``place``."""
    turns: Floats
    """``(2, 4)`` orientations of the hands, in ``place``."""


class Figure:
    """A body that can be told what to do. Holds its measures and no other state."""

    def __init__(self, body: Proportions, girth: float = 1.0) -> None:
        """Take the measures that matter; ``girth`` is how wide the trunk is, of an average one."""
        self._body = body
        offsets = body.offsets
        self.arm = float(np.linalg.norm(offsets[_LOWER[0]]) + np.linalg.norm(offsets[_END[0]]))
        shoulder = offsets[_SHOULDERS[1]] + offsets[_UPPER[1]]
        self._shoulder_height = np.array([0.0, shoulder[1], shoulder[2]])
        self._half_width, self._half_depth = 1.15 * shoulder[0], 0.95 * girth * shoulder[0]
        size = body.hips_height / 0.93
        hip = float(offsets[_UPPER[3], 0])
        self._hips_wide = 2.0 * girth * hip + _HAND * size
        self._hips_deep = 1.35 * girth * hip + _HAND * size
        self._waist = 0.2 * size
        # The thighs of somebody who sits are that thick above the hip joints, and so are hands.
        self._thigh_front = (0.072 * girth + 0.03) * size
        self._lap = float(offsets[_UPPER[3], 1]) + self._thigh_front + 0.015 * size
        self._trunk_offsets = [tuple(offsets[bone].tolist()) for bone in _TRUNK[1:]]
        self._neck_offset = tuple(offsets[_NECK].tolist())
        self._head_offset = tuple(offsets[_HEAD].tolist())
        self._uppers, self._lowers = offsets[_LOWER], offsets[_END]
        self._on_thigh, self._thigh_turns = self._thigh_hands()
        self._at_chin, self._chin_turns = self._chin_hands()

    def trunk(self, rotations: Floats, posture: Posture, turns: Turns) -> tuple[Vec, Quat]:
        """Fill in hips to upper chest; returns where the upper chest is and how it is turned."""
        rotations[0] = posture.hips_rotation
        rotations[_TRUNK[1:]] = turns.trunk
        rotations[_SHOULDERS] = turns.shoulders
        point, turn = tuple(posture.hips.tolist()), tuple(posture.hips_rotation.tolist())
        for offset, local in zip(self._trunk_offsets, turns.trunk.tolist(), strict=True):
            point = added(point, rotate(turn, offset))
            turn = mul(turn, local)
        return point, turn

    def neck(self, chest: tuple[Vec, Quat]) -> Vec:
        """Where the neck begins, metres."""
        return added(chest[0], rotate(chest[1], self._neck_offset))

    def head(
        self, rotations: Floats, neck: Vec, chest_turn: Quat, yaw: float, tilt: Vec
    ) -> tuple[Vec, Quat]:
        """Fill in neck and head; returns where the head is and how it is turned.

        Args:
            rotations: ``(55, 4)`` to be filled in.
            neck: where it begins.
            chest_turn: how the upper chest is turned.
            yaw: radians by which the head is turned to the left, in ``place``.
            tilt: the rotation vector of its pitch and roll.
        """
        turn = mul(from_rotvec(0.0, yaw, 0.0), from_rotvec(*tilt))
        both = mul(conjugate(chest_turn), turn)
        bent = share_of(both, _NECK_SHARE)
        rotations[_NECK] = bent
        rotations[_HEAD] = mul(conjugate(bent), both)
        return added(neck, rotate(mul(chest_turn, bent), self._head_offset)), turn

    def at_chin(self, weights: Floats, head: tuple[Vec, Quat]) -> Held:
        """Hands at the chin of a head ``(where, how turned)``."""
        point, turn = np.array(head[0]), np.array(head[1])
        return Held(
            weights, point + quat_rotate(turn, self._at_chin), quat_mul(turn, self._chin_turns)
        )

    def limbs(
        self,
        rotations: Floats,
        posture: Posture,
        chest: tuple[Vec, Quat],
        feet: Feet,
        hands: Floats,
        turns: Turns,
        on_thighs: Floats,
        held: Held | None,
        seated: float = 0.0,
    ) -> None:
        """Fill in arms and legs: hands where the gesture wants them, feet where they stand.

        Args:
            rotations: ``(55, 4)`` with the trunk filled in; the rest is.
            posture: where the hips are.
            chest: where the upper chest is and how it is turned.
            feet: where they are.
            hands: ``(2, 13)`` poses of gestures.
            turns: the rotations that need no solving.
            on_thighs: ``(2,)`` how far each hand lies on its thigh.
            held: hands that are somewhere else, if any.
            seated: how far the person sits, 0 to 1: hands stay above the lap then.
        """
        offsets = self._body.offsets
        point, turn = np.array(chest[0]), np.array(chest[1])
        shoulder_turns = quat_mul(turn, rotations[_SHOULDERS])
        arms = (
            point
            + quat_rotate(turn, offsets[_SHOULDERS])
            + quat_rotate(shoulder_turns, offsets[_UPPER[:2]])
        )
        legs = posture.hips + quat_rotate(posture.hips_rotation, offsets[_UPPER[2:]])
        wrists = self.arm * hands[:, gestures.WRIST] * _OUT_UP_AHEAD
        wrists = kept_outside(wrists, self._half_width, self._half_depth) + self._shoulder_height
        wrists = self._clear_of_hips(point + quat_rotate(turn, wrists), posture, seated)
        lift = hands[:, gestures.ELBOW, None]
        # An elbow below a hand at the chin hangs; any other points back.
        back = 0.68 - 0.3 * lift
        if held is not None:
            back = back - 0.9 * held.weights[:, None]
        elbows = np.concatenate([(0.2 + lift) * _SIDES, lift - 0.95, back], axis=-1)
        poles = np.concatenate([quat_rotate(turn, elbows), quat_rotate(feet.rotations, _AHEAD)])
        steps = feet.ankles - legs
        holds = [] if held is None else [held]
        solved_legs = None
        if on_thighs[0] > 0.0 or on_thighs[1] > 0.0:
            # Where a thigh is has to be known before a hand can lie on it.
            solved_legs = reach(self._uppers[2:], self._lowers[2:], HINGES[2:], steps, poles[2:])
            lying = legs + quat_rotate(solved_legs[0], self._on_thigh)
            holds.insert(0, Held(on_thighs, lying, quat_mul(solved_legs[0], self._thigh_turns)))
        for each in holds:
            wrists = wrists + each.weights[:, None] * (each.wrists - wrists)
        targets = within_reach(wrists - arms, 0.985 * self.arm)
        if solved_legs is None:
            above, below = reach(
                self._uppers, self._lowers, HINGES, np.concatenate([targets, steps]), poles
            )
        else:
            solved_arms = reach(self._uppers[:2], self._lowers[:2], HINGES[:2], targets, poles[:2])
            above, below = (
                np.concatenate(pair) for pair in zip(solved_arms, solved_legs, strict=True)
            )
        parents = np.concatenate([shoulder_turns, np.tile(posture.hips_rotation, (2, 1))])
        rotations[_UPPER] = quat_mul(quat_conjugate(parents), above)
        rotations[_LOWER] = quat_mul(quat_conjugate(above), below)
        if holds:
            forearms, hands_turned = _hands_held(holds, below[:2], turns)
        else:
            forearms, hands_turned = turns.forearms, quat_mul(turns.wrists, turns.bends)
        # What the forearm does not carry of its turn, the wrist does.
        rotations[_LOWER[:2]] = quat_mul(rotations[_LOWER[:2]], forearms)
        rotations[_END[:2]] = hands_turned
        rotations[_END[2:]] = quat_mul(quat_conjugate(below[2:]), feet.rotations)

    def _clear_of_hips(self, wrists: Floats, posture: Posture, seated: float) -> Floats:
        """Wrists ``(2, 3)``, moved so that hanging hands stay beside hips and above a lap."""
        local = quat_rotate(quat_conjugate(posture.hips_rotation), wrists - posture.hips)
        below = [smooth(1.0 - y / self._waist) for y in local[:, 1].tolist()]
        if below == [0.0, 0.0] and seated <= 0.0:
            return wrists
        kept = kept_outside(local, self._hips_wide, self._hips_deep)
        kept = local + (kept - local) * np.array(below)[:, None]
        if seated > 0.0:
            over = local[:, 1] - self._lap
            rounded = 0.5 * (np.sqrt(over * over + 1.6e-3) - over)
            kept[:, 1] += seated * rounded
        return posture.hips + quat_rotate(posture.hips_rotation, kept)

    def _thigh_hands(self) -> tuple[Floats, Floats]:
        """Wrists ``(2, 3)`` and turns ``(2, 4)`` of hands on the thighs, in the thighs' axes."""
        size = self._body.hips_height / 0.93
        thigh = float(np.linalg.norm(self._uppers[2]))
        wrists, turns = [], []
        for side in (-1.0, 1.0):
            # The thigh hangs at rest: its front is what is on top when one sits.
            wrists.append((side * 0.022 * size, -0.56 * thigh, -self._thigh_front))
            fingers = np.array([-side * 0.22, -1.0, -0.05])
            palm = np.array([-side * 0.25, 0.0, 1.0])
            turns.append(
                frame_to_frame(
                    np.array([side, 0.0, 0.0]), np.array([0.0, -1.0, 0.0]), fingers, palm
                )
            )
        return frozen(np.array(wrists)), frozen(np.array(turns))

    def _chin_hands(self) -> tuple[Floats, Floats]:
        """Wrists ``(2, 3)`` and turns ``(2, 4)`` of hands at the chin, in the head's axes."""
        eyes, crown = self._body.eyes, self._body.crown
        unit = float(crown[1] - eyes[1])
        chin = np.array([0.0, eyes[1] - _CHIN_BELOW_EYES * unit, eyes[2] - 0.06 * unit])
        hand = float(np.linalg.norm(self._body.offsets[INDEX["leftMiddleProximal"]]))
        wrists, turns = [], []
        for side in (-1.0, 1.0):
            fingers = np.array([-side * 0.45, 0.85, 0.1])
            palm = np.array([-side * 0.35, -0.1, 1.0])
            turn = frame_to_frame(
                np.array([side, 0.0, 0.0]), np.array([0.0, -1.0, 0.0]), fingers, palm
            )
            turns.append(turn)
            knuckles = quat_rotate(turn, np.array([side * 1.05 * hand, 0.0, 0.0]))
            touch = chin + np.array([side * 0.12 * unit, -0.28 * unit, -0.2 * unit])
            wrists.append(touch - knuckles)
        return frozen(np.array(wrists)), frozen(np.array(turns))


def _hands_held(holds: list[Held], below: Floats, turns: Turns) -> tuple[Floats, Floats]:
    """Local turns of the forearms and of the hands, ``(2, 4)`` each, when hands are held."""
    back = quat_conjugate(below)
    whole = quat_mul(quat_mul(turns.forearms, turns.wrists), turns.bends)
    for held in holds:
        wanted = quat_mul(back, held.turns)
        near = np.where(np.sum(wanted * whole, axis=-1, keepdims=True) < 0.0, -wanted, wanted)
        whole = quat_normalise(whole + held.weights[:, None] * (near - whole))
    # The forearm takes its share of the turn about itself.
    axes = AXES[:2]
    forearms = quat_from_axis_angle(
        axes, TWIST_SHARE * twist_angle(np.tile(IDENTITY, (2, 1)), whole, axes)
    )
    return forearms, quat_mul(quat_conjugate(forearms), whole)


@dataclass(frozen=True, slots=True, eq=False)
class Turns:
    """Local rotations that nothing has to be solved for, ``(n, 4)`` each."""

    trunk: Floats
    shoulders: Floats
    forearms: Floats
    wrists: Floats
    bends: Floats
    fingers: Floats


def make_turns(posture: Posture, hands: Floats, shrug: float = 0.0) -> Turns:
    """All of them from rotation vectors at once: a call costs more than what it computes.

    ``shrug`` radians is how far the shoulders are raised.
    """
    vectors = np.zeros((11 + len(HAND_BONES), 3))
    vectors[:3] = posture.trunk * _SHARES[:, None]
    # The chest opens with the breath.
    vectors[2, 0] += 0.006 * posture.breath
    vectors[3:5, 2] = _SIDES[:, 0] * (0.012 * posture.breath + 0.006 * posture.tremor[2:4] + shrug)
    # The arms' axes lie along X, to either side.
    vectors[5:7, 0] = TWIST_SHARE * hands[:, gestures.SUPINATION]
    vectors[7:9, 0] = (1.0 - TWIST_SHARE) * hands[:, gestures.SUPINATION]
    vectors[9:11, 1] = hands[:, gestures.DEVIATION] * _SIDES[:, 0]
    vectors[9:11, 2] = -hands[:, gestures.FLEXION] * _SIDES[:, 0]
    vectors[11:] = finger_rotvecs(hands[:, gestures.FINGERS])
    turns = quat_from_rotvec(vectors)
    return Turns(turns[:3], turns[3:5], turns[5:7], turns[7:9], turns[9:11], turns[11:])


def at_ease() -> Floats:
    """``(55, 4)`` rotations to be filled in."""
    return np.tile(IDENTITY, (BONE_COUNT, 1))
