"""What a frame holds, in which order, in what steps.

Everything here is fixed: two programs that agree on this module understand one another's frames,
whoever the person is.
"""

from __future__ import annotations

import numpy as np

from presence.codec.entropy import Grouping
from presence.pose.arrays import Floats, Ints, frozen
from presence.pose.face import SENT_SHAPES, SHAPES
from presence.pose.quaternion import quat_from_rotvec
from presence.pose.skeleton import (
    BODY_BONES,
    BONE_COUNT,
    BONES,
    HAND_BONES,
    INDEX,
)

SENT_BONES: Ints = np.concatenate([BODY_BONES, HAND_BONES])
"""``(52,)`` the bones that are sent, the body's first, parents before children."""
BODY_COUNT = len(BODY_BONES)
SENT_COUNT = len(SENT_BONES)

CORE_LIMIT = 255
"""Bytes: no core section is larger."""
FRAME_LIMIT = 320
"""Bytes: no core and detail are larger together."""

# ── steps ────────────────────────────────────────────────────────────────────────────────────

ROOT_STEP = 0.0005
"""Metres to a step of the root's position."""
ROOT_LIMIT = 200_000
"""Steps: the root stays within 100 m of its place's origin, along each axis."""
REACH = ROOT_LIMIT * ROOT_STEP
"""The same in metres."""

PITCHES: tuple[float, ...] = tuple(0.0048 * 2.0 ** (-i / 2) for i in range(8))
"""Metres that a bone's end moves for one step of its rotation, by the frame's precision."""
NOMINAL_PRECISION = 4
"""1.2 mm: what an encoder tries first."""

FACE_STEPS = 127
"""Steps from a shape's 0 to its 1."""

GAZE_STEPS = 1440
"""Steps in a full turn of the gaze: a quarter of a degree each."""
GAZE_DIOPTRES = 0.1
"""Dioptres (1 / metres) to a step of the gaze's distance: eyes converge evenly with these."""

SURENESS_STEPS = 15
"""Steps from made up (or unsure) to measured (or sure): four bits."""

_LEVERS_MM = {
    "hips": 100,
    "spine": 115,
    "chest": 120,
    "upperChest": 140,
    "neck": 91,
    "head": 126,
    "UpperLeg": 415,
    "LowerLeg": 405,
    "Foot": 146,
    "Toes": 30,
    "Shoulder": 135,
    "UpperArm": 280,
    "LowerArm": 250,
    "Hand": 92,
    "ThumbMetacarpal": 44,
    "ThumbProximal": 33,
    "IndexProximal": 42,
    "MiddleProximal": 46,
    "RingProximal": 42,
    "LittleProximal": 33,
}
_LEAST_LEVER_MM = 30
"""Skin is at least this far from a joint."""

LEVERS: Floats = frozen(
    np.array(
        [
            _LEVERS_MM.get(BONES[bone].removeprefix("left").removeprefix("right"), _LEAST_LEVER_MM)
            for bone in SENT_BONES
        ]
    )
    / 1000.0
)
"""``(52,)`` metres: how far from each joint its rotation shows, an adult's longest child bone.

They are the same whoever is encoded, so that both sides know them; the encoder's own measure of the
error makes up for people of another size.
"""


def _standing() -> Floats:
    """``(55, 4)`` the pose that goldens are coded against: arms down, fingers a little curled."""
    turns = np.zeros((BONE_COUNT, 3))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        turns[INDEX[f"{side}UpperArm"], 2] = sign * 1.2
        turns[INDEX[f"{side}LowerArm"], 1] = -sign * 0.5
        for bone in HAND_BONES:
            if BONES[bone].startswith(side) and "Thumb" not in BONES[bone]:
                turns[bone, 2] = sign * 0.4
    return quat_from_rotvec(turns)


STANDING: Floats = frozen(_standing())

# ── groups of values of similar size ─────────────────────────────────────────────────────────


def _core_groups() -> list[int]:
    """Root position, then three numbers a body bone."""

    def group(name: str) -> int:
        if name == "hips":
            return 1
        if name in ("neck", "head"):
            return 3
        for i, side in enumerate(("left", "right")):
            if name in (f"{side}Shoulder", f"{side}UpperArm"):
                return 4 + 2 * i
            if name in (f"{side}LowerArm", f"{side}Hand"):
                return 5 + 2 * i
            if name in (f"{side}UpperLeg", f"{side}LowerLeg"):
                return 8
            if name in (f"{side}Foot", f"{side}Toes"):
                return 9
        return 2

    return [0, 0, 0, *(group(BONES[bone]) for bone in BODY_BONES for _ in range(3))]


def _detail_groups() -> list[int]:
    """Three numbers a finger bone (spread, twist and curl apart), the face, the gaze."""
    hands = []
    for bone in HAND_BONES:
        side = 0 if BONES[bone].startswith("left") else 2
        # Fingers lie along X at rest, so they curl about Z; a thumb turns about everything.
        curl = side + 1
        hands += [curl] * 3 if "Thumb" in BONES[bone] else [side, side, curl]

    def region(shape: str) -> int:
        if shape.startswith(("eye", "brow")):
            return 4
        return 5 if shape.startswith(("jaw", "mouth")) else 6

    return [*hands, *(region(SHAPES[i]) for i in SENT_SHAPES), 7, 7, 7]


CORE_GROUPING = Grouping.of(_core_groups())
DETAIL_GROUPING = Grouping.of(_detail_groups())
