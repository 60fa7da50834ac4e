"""The skeleton: the 55 humanoid bones of VRM 1.0, and how they hang together.

Names, parents and the rest orientation follow the VRM 1.0 humanoid
(https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/humanoid.md),
except that a person faces −Z here. At rest everyone stands in a T-pose, and every bone's axes are
parallel to the room's: the left arm points along −X, the palms face down.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Ints

_SPINE = [
    ("hips", ""),
    ("spine", "hips"),
    ("chest", "spine"),
    ("upperChest", "chest"),
    ("neck", "upperChest"),
    ("head", "neck"),
    ("leftEye", "head"),
    ("rightEye", "head"),
    ("jaw", "head"),
]


def _limbs(side: str) -> list[tuple[str, str]]:
    chains = [
        ("hips", ["UpperLeg", "LowerLeg", "Foot", "Toes"]),
        ("upperChest", ["Shoulder", "UpperArm", "LowerArm", "Hand"]),
    ]
    return [
        (side + bone, (side + chain[i - 1]) if i else root)
        for root, chain in chains
        for i, bone in enumerate(chain)
    ]


_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")


def _fingers(side: str) -> list[tuple[str, str]]:
    bones: list[tuple[str, str]] = []
    for finger in _FINGERS:
        first, second = (
            ("Metacarpal", "Proximal") if finger == "Thumb" else ("Proximal", "Intermediate")
        )
        parent = side + "Hand"
        for segment in (first, second, "Distal"):
            bone = side + finger + segment
            bones.append((bone, parent))
            parent = bone
    return bones


_TREE = [
    *_SPINE,
    *_limbs("left"),
    *_limbs("right"),
    *_fingers("left"),
    *_fingers("right"),
]

BONES: tuple[str, ...] = tuple(name for name, _ in _TREE)
"""The 55 bone names, parents before children, left before right."""

BONE_COUNT = len(BONES)

INDEX: dict[str, int] = {name: i for i, name in enumerate(BONES)}
"""The index of each bone by its name."""

PARENTS: Ints = np.array([INDEX[p] if p else -1 for _, p in _TREE], dtype=np.int64)
"""``(55,)`` the index of each bone's parent; −1 for the hips, whose parent is the place."""


def _levels() -> tuple[Ints, ...]:
    depth = np.zeros(BONE_COUNT, dtype=np.int64)
    for i in range(1, BONE_COUNT):
        depth[i] = depth[PARENTS[i]] + 1
    return tuple(np.flatnonzero(depth == d) for d in range(int(depth.max()) + 1))


LEVELS: tuple[Ints, ...] = _levels()
"""The bones of each depth of the tree, hips first: forward kinematics is one step a level."""

MIRROR: Ints = np.array(
    [
        INDEX[
            name.replace("left", "right", 1)
            if name.startswith("left")
            else name.replace("right", "left", 1)
        ]
        for name in BONES
    ],
    dtype=np.int64,
)
"""``(55,)`` the index of each bone's mirror image; itself for the middle of the body."""

FINGERTIP_BONES: Ints = np.array(
    [i for i, name in enumerate(BONES) if name.endswith("Distal")], dtype=np.int64
)
"""``(10,)`` the distal bones, left thumb to left little finger, then the right hand."""

DERIVED_BONES: Ints = np.array([INDEX[n] for n in ("leftEye", "rightEye", "jaw")], dtype=np.int64)
"""The bones that follow from gaze and face and are never sent."""

HAND_BONES: Ints = np.array(
    [
        i
        for i, name in enumerate(BONES)
        if any(f in name for f in ("Thumb", "Index", "Middle", "Ring", "Little"))
    ],
    dtype=np.int64,
)
"""``(30,)`` the finger bones of both hands, left first; the ``Hand`` bones are the body's."""

BODY_BONES: Ints = np.array(
    sorted(set(range(BONE_COUNT)) - set(HAND_BONES.tolist()) - set(DERIVED_BONES.tolist())),
    dtype=np.int64,
)
"""``(22,)`` the bones that are sent and are not fingers, hips first."""
