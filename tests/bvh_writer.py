"""Writes BVH texts for tests: one known motion in any rest pose, naming, unit and axes."""

from __future__ import annotations

import numpy as np

from presence.pose import BONES, INDEX, PARENTS, forward_kinematics
from presence.pose.quaternion import (
    IDENTITY,
    quat_between,
    quat_conjugate,
    quat_from_axis_angle,
    quat_mul,
    quat_rotate,
    quat_to_matrix,
)
from presence.pose.skeleton import FINGERTIP_BONES

ALONG_X = np.array([1.0, 0.0, 0.0])
MAIN_CHILD = {
    "hips": "spine",
    "spine": "chest",
    "chest": "upperChest",
    "upperChest": "neck",
    "neck": "head",
}


def bone_directions(body):
    """(55, 3): where each bone points in the T-pose."""
    tips = dict(zip(FINGERTIP_BONES.tolist(), body.fingertips, strict=True))
    directions = np.tile(ALONG_X, (55, 1))
    for i, bone in enumerate(BONES):
        children = [c for c in range(55) if PARENTS[c] == i]
        if bone == "head":
            directions[i] = body.crown
        elif bone in MAIN_CHILD:
            directions[i] = body.offsets[INDEX[MAIN_CHILD[bone]]]
        elif bone.endswith("Hand"):
            directions[i] = body.offsets[INDEX[bone[:-4] + "MiddleProximal"]]
        elif bone.endswith("Toes"):
            directions[i] = body.toes[0 if bone.startswith("left") else 1]
        elif i in tips:
            directions[i] = tips[i]
        elif children:
            directions[i] = body.offsets[children[0]]
    return directions / np.linalg.norm(directions, axis=-1, keepdims=True)


def rest_frames(body, rest):
    """(55, 4): each joint's axes against its bone's, for a rest pose by name."""
    frames = np.tile(IDENTITY, (55, 1))
    if rest == "arms down":
        for side, sign in (("left", 1.0), ("right", -1.0)):
            down = quat_from_axis_angle(np.array([0.0, 0.0, 1.0]), sign * np.pi / 2)
            for i, bone in enumerate(BONES):
                arm = ("UpperArm", "LowerArm", "Hand", "Thumb", "Index", "Middle", "Ring", "Little")
                if bone.startswith(side) and any(part in bone for part in arm):
                    frames[i] = quat_conjugate(down)
    elif rest == "along x":
        along = quat_between(bone_directions(body), np.tile(ALONG_X, (55, 1)))
        frames = quat_conjugate(along)
        frames[0] = IDENTITY
    elif rest != "T":
        raise ValueError(rest)
    return frames


def write_bvh(
    body,
    rotations,
    roots,
    *,
    rest="T",
    names=None,
    unit=0.01,
    frame_time=1 / 60,
    world=None,
    order="ZXY",
    rolled=None,
):
    """The text of a BVH file.

    Args:
        body: the proportions of the person.
        rotations: (T, 55, 4) parent-relative, of the 55 bones.
        roots: (T, 3) metres.
        rest: "T", "arms down" or "along x".
        names: a name for each bone that is written; those left out should not turn.
        unit: metres in a unit of the file.
        world: a rotation from our axes to the file's.
        rolled: a seed, to turn each joint's axes about its bone by chance, in right angles.
    """
    names = names or {bone: bone for bone in BONES if bone not in ("leftEye", "rightEye", "jaw")}
    frames = rest_frames(body, rest)
    if rolled is not None:
        quarters = np.random.default_rng(rolled).integers(0, 4, 55) * np.pi / 2
        quarters[0] = 0.0
        frames = quat_mul(quat_from_axis_angle(bone_directions(body), quarters), frames)
    world = quat_from_axis_angle(np.array([0.0, 1.0, 0.0]), np.pi) if world is None else world
    _, turns = forward_kinematics(rotations, roots, body.offsets)
    # At rest the file's person is turned as its world is, so that a T rest is one in its axes.
    axes = quat_mul(frames, quat_conjugate(world))
    joints = quat_mul(quat_mul(world, turns), axes)
    parents, rest_points = PARENTS.copy(), body.rest_positions()
    local, offsets = joints.copy(), np.zeros((55, 3))
    for i in range(1, 55):
        while BONES[parents[i]] not in names:
            parents[i] = parents[parents[i]]
        local[:, i] = quat_mul(quat_conjugate(joints[:, parents[i]]), joints[:, i])
        offset = rest_points[i] - rest_points[parents[i]]
        offsets[i] = quat_rotate(quat_conjugate(axes[parents[i]]), offset) / unit
    tips = dict(zip(FINGERTIP_BONES.tolist(), body.fingertips, strict=True))
    tips[INDEX["head"]] = body.crown
    tips[INDEX["leftToes"]], tips[INDEX["rightToes"]] = body.toes

    lines, written = ["HIERARCHY"], []

    def number(values):
        return " ".join(f"{v:.6f}" for v in values)

    def joint(i, depth):
        pad = "  " * depth
        written.append(i)
        lines.append(f"{pad}{'JOINT' if depth else 'ROOT'} {names[BONES[i]]}")
        lines.append(pad + "{")
        lines.append(f"{pad}  OFFSET {number(offsets[i])}")
        channels = " ".join(f"{axis}rotation" for axis in order)
        lines.append(
            f"{pad}  CHANNELS 3 {channels}"
            if depth
            else f"{pad}  CHANNELS 6 Xposition Yposition Zposition {channels}"
        )
        children = [c for c in range(55) if parents[c] == i and BONES[c] in names]
        for child in children:
            joint(child, depth + 1)
        if not children:
            tip = tips.get(i, np.zeros(3))
            end = quat_rotate(quat_conjugate(axes[i]), tip) / unit
            lines.extend(
                [f"{pad}  End Site", pad + "  {", f"{pad}    OFFSET {number(end)}", pad + "  }"]
            )
        lines.append(pad + "}")

    joint(0, 0)
    positions = quat_rotate(world, roots) / unit
    angles = np.degrees(np.stack([_euler(local[:, i], order) for i in written], axis=1))
    lines += ["MOTION", f"Frames: {len(roots)}", f"Frame Time: {frame_time:.8f}"]
    for position, row in zip(positions, angles, strict=True):
        lines.append(number(position) + " " + " ".join(number(a) for a in row))
    return "\n".join(lines) + "\n"


def _euler(q, order):
    """(T, 3) angles of the intrinsic turns about the axes in ``order``."""
    a, b, c = ("XYZ".index(axis) for axis in order)
    sign = 1.0 if (b - a) % 3 == 1 else -1.0
    m = quat_to_matrix(q)
    middle = np.arcsin(np.clip(sign * m[:, a, c], -1.0, 1.0))
    first = np.arctan2(-sign * m[:, b, c], m[:, c, c])
    last = np.arctan2(-sign * m[:, a, b], m[:, a, a])
    # With the middle turn at a right angle the other two are about one axis.
    locked = np.abs(m[:, a, c]) > 1.0 - 1e-9
    first = np.where(locked, np.arctan2(sign * m[:, c, b], m[:, b, b]), first)
    last = np.where(locked, 0.0, last)
    return np.stack([first, middle, last], axis=-1)
