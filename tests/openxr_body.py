"""People as OpenXR's extensions would tell of them, by the words of its specification."""

import numpy as np

from presence.pose.kinematics import forward_kinematics
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import (
    quat_conjugate,
    quat_from_matrix,
    quat_from_rotvec,
    quat_mul,
    quat_rotate,
)
from presence.pose.skeleton import BONE_COUNT, BONES, INDEX, PARENTS

BODY = default_proportions()
SIDES = ("left", "right")
TRACKED = 15


def turned(rng, angle=0.5):
    """A turn of some ``angle`` about any axis."""
    axis = rng.normal(size=3)
    return quat_from_rotvec(angle * axis / np.linalg.norm(axis))


def posed(seed, angle=0.5):
    """``(55, 4)`` a body whose every bone is turned somehow, and where its hips are."""
    rng = np.random.default_rng(seed)
    rotations = np.stack([turned(rng, angle) for _ in range(BONE_COUNT)])
    return rotations, np.array([0.3, 0.95, -0.2])


def placed(rotations, root):
    """``(55, 3)`` joints and ``(55, 4)`` orientations in `local`."""
    return forward_kinematics(rotations, root, BODY.offsets)


def numbers(orientation, position, flags=TRACKED):
    return [*np.asarray(orientation).tolist(), *np.asarray(position).tolist(), flags]


def _axes(back, up):
    """``(4,)`` the frame with +Z to ``back`` and +Y as near ``up`` as can be."""
    back = back / np.linalg.norm(back)
    right = np.cross(up, back)
    right = right / np.linalg.norm(right)
    return quat_from_matrix(np.stack([right, np.cross(back, right), back], axis=-1))


def hand_axes_at_rest(side, thumb):
    """How a joint of ``XR_EXT_hand_tracking`` is turned in our T-pose.

    Backwards, +Z, lies along the bone and away from the fingertip; +Y leaves the back of the hand.
    A thumb lies forward and outward of the hand, with its nail turned a third of the way from up to
    forward.
    """
    name = SIDES[side]
    if not thumb:
        away = np.array([-1.0, 0.0, 0.0]) if name == "left" else np.array([1.0, 0.0, 0.0])
        return _axes(-away, np.array([0.0, 1.0, 0.0]))
    along = BODY.offsets[INDEX[name + "ThumbProximal"]]
    up = np.array([0.139, 0.870, -0.473])
    if name == "right":
        up[0] = -up[0]
    return _axes(-along, up)


def hand_bones(side):
    """The bones of a hand, wrist first, thumb to little finger."""
    name = SIDES[side]
    return [i for i, bone in enumerate(BONES) if bone.startswith(name) and i >= 25]


# Index to little finger: metacarpal, proximal, intermediate, distal, tip.
JOINT_OF_BONE = [2, 3, 4, 7, 8, 9, 12, 13, 14, 17, 18, 19, 22, 23, 24]
WRIST = 1


def hand_joints(rotations, root, side):
    """The 26 joints of a hand of such a body."""
    positions, orientations = placed(rotations, root)
    hand = INDEX[SIDES[side] + "Hand"]
    joints = [None] * 26
    fingers = hand_axes_at_rest(side, thumb=False)
    thumb = hand_axes_at_rest(side, thumb=True)
    for joint in (0, WRIST, 6, 11, 16, 21):
        joints[joint] = numbers(quat_mul(orientations[hand], fingers), positions[hand])
    for i, (joint, bone) in enumerate(zip(JOINT_OF_BONE, hand_bones(side), strict=True)):
        rest = thumb if i < 3 else fingers
        joints[joint] = numbers(quat_mul(orientations[bone], rest), positions[bone])
    for tip in (5, 10, 15, 20, 25):
        joints[tip] = list(joints[tip - 1])
    return joints


def grip(wrist_position, wrist_orientation, side, *, out_of_palm, along_hand, tilt):
    """The grip pose of a controller that a hand holds, by how a fist closes round a handle.

    −Z runs along the handle from the little finger to the thumb; +X is square to the palm, out of
    the left one and into the right one. ``tilt`` leans the thumb's end away from the elbow.
    """
    left = side == 0
    to_fingers = np.array([-1.0, 0.0, 0.0]) if left else np.array([1.0, 0.0, 0.0])
    to_thumb = np.array([0.0, 0.0, -1.0])
    down = np.array([0.0, -1.0, 0.0])
    handle = np.cos(tilt) * to_thumb + np.sin(tilt) * to_fingers
    right = down if left else -down
    axes = quat_from_matrix(np.stack([right, np.cross(-handle, right), -handle], axis=-1))
    place = out_of_palm * down + along_hand * to_fingers
    return (
        quat_mul(wrist_orientation, axes),
        wrist_position + quat_rotate(wrist_orientation, place),
    )


def meta_joints(table, count, rotations, root, seed):
    """``(joints, rest)`` of Meta's body: joints with axes of their own, told by their T-pose.

    The T-pose stands somewhere else and faces another way; joints that are no bones follow nothing.
    """
    rng = np.random.default_rng(seed)
    rest_rotations = np.tile([0.0, 0.0, 0.0, 1.0], (BONE_COUNT, 1))
    rest_rotations[0] = quat_from_rotvec(np.array([0.0, 2.4, 0.0]))
    rest_at, rest_turned = placed(rest_rotations, np.array([0.0, 0.9, 0.0]))
    at, orientations = placed(rotations, root)
    joints = [numbers(turned(rng), rng.normal(size=3)) for _ in range(count)]
    rest = [numbers(turned(rng), rng.normal(size=3)) for _ in range(count)]
    for bone, joint in table.items():
        own = turned(rng, 2.0)
        i = INDEX[bone]
        joints[joint] = numbers(quat_mul(orientations[i], own), at[i])
        rest[joint] = numbers(quat_mul(rest_turned[i], own), rest_at[i])
    return joints, rest


def relative(rotations, known):
    """``(55, 4)`` rotations with those of unknown bones folded into the known ones below them."""
    _, orientations = placed(rotations, np.zeros(3))
    folded = np.tile([0.0, 0.0, 0.0, 1.0], (BONE_COUNT, 1))
    for bone in known:
        parent = int(PARENTS[bone])
        while parent >= 0 and parent not in known:
            parent = int(PARENTS[parent])
        above = orientations[parent] if parent >= 0 else np.array([0.0, 0.0, 0.0, 1.0])
        folded[bone] = quat_mul(quat_conjugate(above), orientations[bone])
    return folded
