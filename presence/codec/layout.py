"""What a frame holds, in which order, in what steps, and what each value is expected from.

Everything here is fixed: two programs that agree on this module and on the model understand one
another's frames, whoever the person is. A frame is a row of 206 *values*, whole numbers: the root's
position, three numbers a bone, the sent face shapes, the gaze.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from presence.pose.arrays import Floats, Ints, frozen
from presence.pose.face import SENT_SHAPES, SHAPES
from presence.pose.packed import STATE_COUNT
from presence.pose.quaternion import quat_from_rotvec
from presence.pose.skeleton import (
    BODY_BONES,
    BONE_COUNT,
    BONES,
    HAND_BONES,
    INDEX,
    PARENTS,
)

SENT_BONES: Ints = np.concatenate([BODY_BONES, HAND_BONES])
"""``(52,)`` the bones that are sent, the body's first, parents before children."""
SENT_COUNT = len(SENT_BONES)
BODY_COUNT = len(BODY_BONES)
FACE_COUNT = len(SENT_SHAPES)
NAMES: tuple[str, ...] = tuple(BONES[bone] for bone in SENT_BONES)

_ROW = {int(bone): row for row, bone in enumerate(SENT_BONES)}
PARENT_ROWS: Ints = np.array([_ROW.get(int(PARENTS[bone]), -1) for bone in SENT_BONES])
"""``(52,)`` each sent bone's parent among the sent bones; −1 for the hips."""

HEAD_ROW = NAMES.index("head")

CORE_LIMIT = 239
"""Bytes: no core section is larger, so that its length with any tag fits a byte."""
FRAME_LIMIT = 512
"""Bytes: no core and detail are larger together."""

# ── the values and their order ───────────────────────────────────────────────────────────────

BONES_AT = 3
"""Value 3 + 3 · row + axis is a bone's; the root's x, y and z come before."""
HANDS_AT = BONES_AT + 3 * BODY_COUNT
"""The first value of the detail section."""
FACE_AT = BONES_AT + 3 * SENT_COUNT
GAZE_AT = FACE_AT + FACE_COUNT
VALUE_COUNT = GAZE_AT + 3

# ── steps ────────────────────────────────────────────────────────────────────────────────────

ONE = 1 << 30
"""Quaternions are whole numbers in units of 2^-30."""

PITCH_COUNT = 64
_COARSEST_NM = (
    8_000_000,
    7_336_032,
    6_727_171,
    6_168_843,
    5_656_854,
    5_187_358,
    4_756_828,
    4_362_031,
)
PITCHES_NM: Ints = np.array([_COARSEST_NM[p % 8] >> (p // 8) for p in range(PITCH_COUNT)])
"""``(64,)`` nanometres that a bone's end moves for one step of its rotation, by the frame's
precision: 8 mm · 2^(-p/8), rounded for the first eight and halved, rounded down, for the rest."""

ROOT_LIMIT_NM = 100 * 10**9
REACH = 100.0
"""Metres: the root stays this close to its place's origin, along each axis."""

FACE_ONE = 128
"""A shape's 1. Its step is 1, 2, 4 or 8, as the frame says."""

GAZE_STEPS = 512
"""Steps in a full turn of the gaze's yaw and pitch: an error of at most 0.5°."""
DIOPTRE_STEPS = 10
"""Steps of the gaze's distance in a dioptre (1 / metre): eyes converge evenly with these."""
NEAREST_STEPS = 100
"""The gaze's distance is at least a tenth of a metre."""

SURENESS_STEPS = 15
"""Steps from made up (or unsure) to measured (or sure): four bits."""
TARGET_BITS = 32
"""Bits of the stream number in ``attention``."""

_ARMS_MM = {
    "hips": 156,
    "spine": 280,
    "chest": 293,
    "upperChest": 341,
    "neck": 105,
    "head": 165,
    "UpperLeg": 332,
    "LowerLeg": 324,
    "Foot": 146,
    "Toes": 30,
    "Shoulder": 265,
    "UpperArm": 437,
    "LowerArm": 490,
    "Hand": 224,
    "ThumbMetacarpal": 44,
    "ThumbProximal": 33,
    "IndexProximal": 42,
    "MiddleProximal": 46,
    "RingProximal": 42,
    "LittleProximal": 33,
}
_SHORTEST_ARM_MM = 30
"""Skin is at least this far from a joint."""


def _sideless(name: str) -> str:
    return name.removeprefix("left").removeprefix("right")


ARMS_MM: Ints = np.array([_ARMS_MM.get(_sideless(name), _SHORTEST_ARM_MM) for name in NAMES])
"""``(52,)`` millimetres: a step of a bone's rotation is the pitch over this.

About an adult's longest child of the bone, times how much finer (or coarser) than that a bone had
better be for the whole body's error to cost least: trunk, arms and wrists carry many others.
They are the same whoever is encoded, so that both sides know them; the encoder's own measure of the
error makes up for people of another size.
"""

ROTATION_STEPS: Ints = (PITCHES_NM[:, None] * ONE) // (4 * ARMS_MM * 1_000_000)
"""``(64, 52)`` of a quarter of an angle's tangent, in units of 2^-30, by precision and bone."""
ROOT_STEPS_NM: Ints = 4 * PITCHES_NM // 5
"""``(64,)`` nanometres."""


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


STANDING: Floats = frozen(_standing()[SENT_BONES])
"""``(52, 4)`` xyzw."""

FORMER_SIZE = FACE_AT + 3 * SENT_COUNT
"""What an encoder keeps of the frame before: how far off each value but face and gaze was, in
steps, and where each joint was."""

# ── a reference frame's memory: whole numbers in one row ─────────────────────────────────────

QUATS = 0
"""``(52, 4)`` xyzw, parent-relative, in units of 2^-30."""
HAND_QUATS = QUATS + 4 * BODY_COUNT
ROOT = QUATS + 4 * SENT_COUNT
"""``(3,)`` nanometres."""
FACE = ROOT + 3
GAZE = FACE + FACE_COUNT
LEVELS = GAZE + 3
"""``(206,)`` the frame's own values, 0 in what follows a golden."""
RECENT = LEVELS + VALUE_COUNT
"""``(206,)`` how much each value changed of late, in 64ths of a step in six frames."""
USUAL = RECENT + VALUE_COUNT
"""``(206,)`` the same over a longer time."""
RECENT_LOG = USUAL + VALUE_COUNT
USUAL_LOG = RECENT_LOG + VALUE_COUNT
GROUP_LOG = USUAL_LOG + VALUE_COUNT
"""``(206,)`` 16 · log2 of both, and of the mean of the second over the values that belong together,
at the first of them."""
GROUP_LEVEL = GROUP_LOG + VALUE_COUNT
"""``(206,)`` likewise the sum of the frame's own values' sizes."""
STATE = GROUP_LEVEL + VALUE_COUNT
DISTANCE = STATE + STATE_COUNT
"""Frames back to this frame's own reference; 0 in a golden."""
CHAINED = DISTANCE + 1
"""How many reference frames there were since the golden."""
PRECISION = CHAINED + 1
FACE_STEP = PRECISION + 1
MEMORY_SIZE = FACE_STEP + 1


def _start() -> Ints:
    memory = np.zeros(MEMORY_SIZE, dtype=np.int64)
    memory[QUATS:ROOT] = np.rint(STANDING * ONE).astype(np.int64).ravel()
    return memory


START: Ints = _start()
"""``(MEMORY_SIZE,)`` what a golden frame refers to."""

# ── groups: values that belong together, and where to look for what to expect of them ────────

FIRST, COUNT, PARENT, GRANDPARENT, TWIN, BESIDE, NEAR, NEAR_END, SIGN = range(9)
"""Columns of ``GROUPS``: a group's first value and how many there are; the first value of the
bone's parent, of that one's parent, of its mirror image and of the finger beside it, −1 where
there is none; the values that came just before; and whether its mirror image turns contrariwise
about y and z (−1)."""

_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")
_NEAR_BONES = 8


def _bone_group(row: int) -> list[int]:
    name = NAMES[row]
    rows = {n: r for r, n in enumerate(NAMES)}
    parent = int(PARENT_ROWS[row])
    above = int(PARENT_ROWS[parent]) if parent >= 0 else -1
    twin = rows["left" + _sideless(name)] if name.startswith("right") else -1
    beside = -1
    for former, finger in pairwise(_FINGERS[1:]):
        if finger in name:
            beside = rows[name.replace(finger, former)]
    near = max(row - _NEAR_BONES, BODY_COUNT if row >= BODY_COUNT else 0)

    def at(other: int) -> int:
        return BONES_AT + 3 * other if other >= 0 else -1

    # The root is what the hips hang on.
    hung = at(parent) if row else 0
    return [at(row), 3, hung, at(above), at(twin), at(beside), at(near), at(row), -1]


def _groups() -> Ints:
    rows = [[0, 3, -1, -1, -1, -1, 0, 0, 1]]
    rows += [_bone_group(row) for row in range(SENT_COUNT)]
    names = [SHAPES[i] for i in SENT_SHAPES]
    for i, name in enumerate(names):
        value = FACE_AT + i
        other = name.removesuffix("Right") + "Left"
        twin = FACE_AT + names.index(other) if name != other and other in names else -1
        rows.append([value, 1, -1, -1, twin, -1, max(FACE_AT, value - 3 * _NEAR_BONES), value, 1])
    rows.append([GAZE_AT, 3, -1, -1, -1, -1, GAZE_AT, GAZE_AT, 1])
    return np.array(rows)


GROUPS: Ints = _groups()
"""``(98, 9)``: the root, 52 bones, 44 shapes, the gaze."""
FACE_GROUPS_AT = 1 + SENT_COUNT
GAZE_GROUP = FACE_GROUPS_AT + FACE_COUNT

CLASSES = ("root", "trunk", "leg", "arm", "finger", "face", "gaze")


def _class(value: int) -> int:
    if value < BONES_AT:
        return 0
    if value >= FACE_AT:
        return 5 if value < GAZE_AT else 6
    name = NAMES[(value - BONES_AT) // 3]
    if value >= HANDS_AT:
        return 4
    if any(part in name for part in ("Leg", "Foot", "Toes")):
        return 2
    return 3 if name != _sideless(name) else 1


CLASS_OF: Ints = np.array([_class(value) for value in range(VALUE_COUNT)])
"""``(206,)`` which weights a value has."""


def _ties() -> Ints:
    """``(206,)`` left and right share what is learned of a value."""
    names: list[str] = [f"root {axis}" for axis in range(3)]
    names += [f"{_sideless(name)} {axis}" for name in NAMES for axis in range(3)]
    names += [SHAPES[i].removesuffix("Left").removesuffix("Right") for i in SENT_SHAPES]
    names += [f"gaze {i}" for i in range(3)]
    known = list(dict.fromkeys(names))
    return np.array([known.index(name) for name in names])


TIE_OF: Ints = _ties()
TIE_COUNT = int(TIE_OF.max()) + 1

# ── the model: whole numbers in one row ──────────────────────────────────────────────────────

FEATURE_COUNT = 20
SCALE_COUNT = 25
"""Scales of the distribution: 2^(i/4 - 4) steps, up to 4; wider ones leave the lowest bits raw."""
LOG_COUNT = 4096
SIGMOID_COUNT = 768
FARTHEST = 255
"""Frames back to a reference, at most."""

WEIGHTS = 0
"""``(2, 7, 20)`` for goldens and for others: what a class makes of each feature."""
BIASES = WEIGHTS + 2 * len(CLASSES) * FEATURE_COUNT
"""``(2, ties)``."""
MEANS = BIASES + 2 * TIE_COUNT
"""``(2, ties, 4)`` shares of the motion expected, and of the values beside, above and opposite."""
LOGS = MEANS + 8 * TIE_COUNT
"""``(4, 4096)`` 16 · log2(1 + 2n / count)."""
SMALL_LOGS = LOGS + 4 * LOG_COUNT
"""``(4096,)`` 16 · log2(0.08 + n / 16)."""
CONFIDENCES = SMALL_LOGS + LOG_COUNT
"""``(7,)`` 16 · n / (n + 1.5)."""
STEEPNESSES = CONFIDENCES + 7
"""``(25,)`` 2^14 over the scale."""
SIGMOIDS = STEEPNESSES + SCALE_COUNT
"""``(768,)`` 2^16 / (1 + e^(-n / 64))."""
DISTANCES = SIGMOIDS + SIGMOID_COUNT
"""``(256,)`` 16 · log2(n / 6)."""
