"""The face: Apple's 52 ARKit blend shapes, in Apple's order.

Each coefficient runs from 0 (neutral) to 1 (the movement at its most); ``left`` and ``right`` are
the person's own (https://developer.apple.com/documentation/arkit/arfaceanchor/blendshapelocation).
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Ints

SHAPES: tuple[str, ...] = (
    "eyeBlinkLeft",
    "eyeLookDownLeft",
    "eyeLookInLeft",
    "eyeLookOutLeft",
    "eyeLookUpLeft",
    "eyeSquintLeft",
    "eyeWideLeft",
    "eyeBlinkRight",
    "eyeLookDownRight",
    "eyeLookInRight",
    "eyeLookOutRight",
    "eyeLookUpRight",
    "eyeSquintRight",
    "eyeWideRight",
    "jawForward",
    "jawLeft",
    "jawRight",
    "jawOpen",
    "mouthClose",
    "mouthFunnel",
    "mouthPucker",
    "mouthLeft",
    "mouthRight",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "noseSneerLeft",
    "noseSneerRight",
    "tongueOut",
)
"""The 52 shape names."""

SHAPE_COUNT = len(SHAPES)

SHAPE_INDEX: dict[str, int] = {name: i for i, name in enumerate(SHAPES)}
"""The index of each shape by its name."""

DERIVED_SHAPES: Ints = np.array(
    [i for i, name in enumerate(SHAPES) if name.startswith("eyeLook")], dtype=np.int64
)
"""``(8,)`` the eyeLook shapes: they follow from gaze and are never sent."""

SENT_SHAPES: Ints = np.array(
    [i for i, name in enumerate(SHAPES) if not name.startswith("eyeLook")], dtype=np.int64
)
"""``(44,)`` every other shape."""
