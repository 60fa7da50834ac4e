"""Bodies by Meta's and ByteDance's extensions, as our bones.

ByteDance's joints have, in a T-pose, +X to the person's right, +Y up and +Z to the back: our own
axes (OpenXR specification, ``XrBodyJointBD``). Meta's have axes of their own, told by a T-pose that
the runtime gives for the person's size; how a joint is turned from that pose is how our bone is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from presence.headset.readings import Body, Joints
from presence.pose.arrays import Floats, Ints, frozen
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_between,
    quat_conjugate,
    quat_from_matrix,
    quat_mul,
    quat_rotate,
)
from presence.pose.skeleton import BONE_COUNT, BONES, INDEX, PARENTS
from presence.tracking.openxr.surety import orientation_confidence, position_confidence

MADE_UP_LEGS = 0.5
"""The confidence of legs that no sensor sees: Meta's runtime makes them up from head, hands and
trunk."""

META_TRUNK: dict[str, int] = {
    "hips": 1,
    "spine": 2,
    "chest": 3,
    "upperChest": 5,
    "neck": 6,
    "head": 7,
    "leftShoulder": 8,
    "leftUpperArm": 10,
    "leftLowerArm": 11,
    "leftHand": 19,
    "rightShoulder": 13,
    "rightUpperArm": 15,
    "rightLowerArm": 16,
    "rightHand": 45,
}
"""Bones by the joints of ``XrBodyJointFB``. ``SPINE_UPPER`` (4) has no bone of ours: what it turns
is part of ``upperChest``. Nor have scapulae and twists."""

META_LEGS: dict[str, int] = {
    "leftUpperLeg": 70,
    "leftLowerLeg": 71,
    "leftFoot": 73,
    "leftToes": 76,
    "rightUpperLeg": 77,
    "rightLowerLeg": 78,
    "rightFoot": 80,
    "rightToes": 83,
}
"""The same of ``XrFullBodyJointMETA``."""

_FIRST_FINGER = {"left": 20, "right": 46}
# From a hand's first joint: thumb with 3 bones, then each finger's three behind its metacarpal.
_FINGER_STEPS = (0, 1, 2, 5, 6, 7, 10, 11, 12, 15, 16, 17, 20, 21, 22)


def _meta_fingers() -> dict[str, int]:
    found = {}
    for side, first in _FIRST_FINGER.items():
        names = [name for name in BONES if name.startswith(side) and INDEX[name] >= 25]
        found.update({n: first + step for n, step in zip(names, _FINGER_STEPS, strict=True)})
    return found


META_FINGERS: dict[str, int] = _meta_fingers()
"""The same of the fingers."""

BYTEDANCE: dict[str, int] = {
    "hips": 0,
    "leftUpperLeg": 1,
    "rightUpperLeg": 2,
    "spine": 3,
    "leftLowerLeg": 4,
    "rightLowerLeg": 5,
    "chest": 6,
    "leftFoot": 7,
    "rightFoot": 8,
    "upperChest": 9,
    "leftToes": 10,
    "rightToes": 11,
    "neck": 12,
    "leftShoulder": 13,
    "rightShoulder": 14,
    "head": 15,
    "leftUpperArm": 16,
    "rightUpperArm": 17,
    "leftLowerArm": 18,
    "rightLowerArm": 19,
    "leftHand": 20,
    "rightHand": 21,
}
"""Bones by the joints of ``XrBodyJointBD``; the hands' own (22, 23) are the knuckles."""


@dataclass(frozen=True, slots=True, eq=False)
class BodyPose:
    """A tracked body as bones, in `local`."""

    positions: Floats
    """``(55, 3)`` the joints; zero where unknown."""
    orientations: Floats
    """``(55, 4)`` the bones', not relative to anything; the identity where unknown."""
    rotations: Floats
    """``(55, 4)`` relative to the nearest bone above that is known."""
    position_confidence: Floats
    """``(55,)``."""
    orientation_confidence: Floats
    """``(55,)``."""
    rotation_confidence: Floats
    """``(55,)``: a rotation is known as surely as both the bone and the one that it is told by."""

    def less_sure(self, bones: Ints, share: float) -> BodyPose:
        """The same, with these bones known by so much less."""
        shares = np.ones(BONE_COUNT)
        shares[bones] = share
        return replace(
            self,
            position_confidence=self.position_confidence * shares,
            orientation_confidence=self.orientation_confidence * shares,
            rotation_confidence=self.rotation_confidence * shares,
        )


class BodyMap:
    """Turns one kind of body's joints into bones.

    State: which joints are which bones, how their axes lie, and the T-pose that this follows from.
    """

    def __init__(self, joints: dict[str, int], rest: Joints | None) -> None:
        """Bones by their joints; ``rest`` is None where the joints' axes are ours."""
        self.rest = rest
        self._bones: Ints = np.array(sorted(INDEX[name] for name in joints))
        self._joints: Ints = np.array([joints[BONES[i]] for i in self._bones])
        self._unturn = None if rest is None else frozen(quat_conjugate(self._axes(rest)))
        known = set(self._bones.tolist())
        above = []
        for bone in self._bones:
            parent = int(PARENTS[bone])
            while parent >= 0 and parent not in known:
                parent = int(PARENTS[parent])
            above.append(parent)
        # Row 55 is the place, which is turned by nothing.
        self._above: Ints = np.array([BONE_COUNT if parent < 0 else parent for parent in above])

    def pose(self, body: Body) -> BodyPose:
        """The body's bones."""
        joints, bones = self._joints, self._bones
        turned = np.tile(IDENTITY, (BONE_COUNT + 1, 1))
        mine = body.joints.orientations[joints]
        turned[bones] = mine if self._unturn is None else quat_mul(mine, self._unturn)
        rotations = np.tile(IDENTITY, (BONE_COUNT, 1))
        rotations[bones] = quat_mul(quat_conjugate(turned[self._above]), turned[bones])
        positions, place = np.zeros((BONE_COUNT, 3)), np.zeros(BONE_COUNT)
        turn, rotation = np.zeros(BONE_COUNT + 1), np.zeros(BONE_COUNT)
        positions[bones] = body.joints.positions[joints]
        place[bones] = body.confidence * position_confidence(body.joints.flags[joints])
        turn[bones] = body.confidence * orientation_confidence(body.joints.flags[joints])
        turn[BONE_COUNT] = 1.0
        rotation[bones] = np.minimum(turn[bones], turn[self._above])
        return BodyPose(
            positions, turned[:BONE_COUNT], rotations, place, turn[:BONE_COUNT], rotation
        )

    def _axes(self, rest: Joints) -> Floats:
        """``(n, 4)`` how each joint is turned in our own T-pose, for someone who faces −Z."""
        at = dict(zip(self._bones.tolist(), rest.positions[self._joints], strict=True))
        # The T-pose may face anywhere. A head is a little before the hips: as much in theirs as in
        # an average body.
        body = quat_mul(_trunk(at), quat_conjugate(_trunk(_AVERAGE.rest_positions())))
        axes = quat_mul(quat_conjugate(body), rest.orientations[self._joints])
        ours = _AVERAGE.offsets
        # Arms that hang a little in their T-pose would make ours hang twice: each bone is brought
        # to where ours points, after those above it have been.
        straightened: dict[int, Floats] = {}
        for i, bone in enumerate(self._bones.tolist()):
            child, above = _CHILD.get(bone), straightened.get(int(PARENTS[bone]), IDENTITY)
            if child in at:
                theirs = quat_rotate(quat_conjugate(body), at[child] - at[bone])
                swing = quat_between(quat_rotate(above, theirs), ours[child])
                straightened[bone] = quat_mul(swing, above)
            elif BONES[bone].endswith("Distal"):
                straightened[bone] = above
            if bone in straightened:
                axes[i] = quat_mul(straightened[bone], axes[i])
        return axes


_AVERAGE = default_proportions()


def _trunk(at: Mapping[int, Floats] | Floats) -> Floats:
    """``(4,)`` the frame of a trunk by its joints: +X to the right shoulder, +Y to the head."""
    right = at[INDEX["rightUpperArm"]] - at[INDEX["leftUpperArm"]]
    up = at[INDEX["head"]] - at[INDEX["hips"]]
    right = right / np.linalg.norm(right)
    up = up - (up @ right) * right
    up = up / np.linalg.norm(up)
    return quat_from_matrix(np.stack([right, up, np.cross(right, up)], axis=-1))


def _children() -> dict[int, int]:
    """The bone that each limb bone leads to."""
    chains = [
        [side + bone for bone in bones]
        for side in ("left", "right")
        for bones in (
            ("UpperArm", "LowerArm", "Hand", "MiddleProximal"),
            ("UpperLeg", "LowerLeg", "Foot"),
            *(
                (f"{f}Metacarpal", f"{f}Proximal", f"{f}Distal")
                if f == "Thumb"
                else (f"{f}Proximal", f"{f}Intermediate", f"{f}Distal")
                for f in ("Thumb", "Index", "Middle", "Ring", "Little")
            ),
        )
    ]
    return {INDEX[a]: INDEX[b] for chain in chains for a, b in pairwise(chain)}


_CHILD = _children()


def meta_map(rest: Joints) -> BodyMap:
    """For Meta's body, with legs or without."""
    joints = META_TRUNK | META_FINGERS
    if len(rest.positions) > max(META_LEGS.values()):
        joints = joints | META_LEGS
    return BodyMap(joints, rest)


def bytedance_map() -> BodyMap:
    """For ByteDance's body."""
    return BodyMap(BYTEDANCE, None)
