"""What was learned of how faces look to the network that finds their landmarks.

The numbers in ``face_model.json`` come from people made by our own code, drawn with faces and turns
that are known (``scripts/train_camera.py``): where each landmark lies on an average head, and how
much of each shape and of a glance there is in what landmarks do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from presence.pose.arrays import Floats, Ints, frozen
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX

LANDMARKS = 478
UNIT_M = 1e-5
"""Metres that a whole number of the file's points counts."""
UNIT = 1e-4
"""What a whole number of its weights counts."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceModel:
    """An average face, and what its movements mean."""

    points: Floats
    """``(478, 3)`` metres: each landmark of a face at rest from between the eyes' joints, in the
    head's axes; the irises' middles are 63 mm apart (N. A. Dodgson, "Variation and extrema of human
    interpupillary distance", Proc. SPIE 5291, 2004)."""
    rigid: Ints
    """The landmarks by which a head's turn is found: skull, brow, nose, corners of the eyes."""
    features: tuple[Ints, ...]
    """The groups of landmarks whose middles are followed."""
    shapes: Floats
    """``(features × 2, 52)`` how much of each shape there is in each millimetre that a middle moves
    to the right, and up."""
    known: Floats
    """``(52,)`` how surely each shape is told, 0 where it is not."""
    glance: Floats
    """``(4, 2)`` radians of yaw and of pitch in each millimetre that the irises move to the left,
    and up, and that the upper and the lower lids move up."""


def model_of(learned: dict[str, Any]) -> FaceModel:
    """A model from its whole numbers."""
    shapes = np.zeros((2 * len(learned["features"]), SHAPE_COUNT))
    known = np.zeros(SHAPE_COUNT)
    for name, (sure, weights) in learned["shapes"].items():
        shapes[:, SHAPE_INDEX[name]] = np.array(weights) * UNIT
        known[SHAPE_INDEX[name]] = sure
    points = np.array(learned["points"]) * UNIT_M
    assert points.shape == (LANDMARKS, 3)
    return FaceModel(
        points=frozen(points),
        rigid=np.array(learned["rigid"], dtype=np.int64),
        features=tuple(np.array(group, dtype=np.int64) for group in learned["features"]),
        shapes=frozen(shapes),
        known=frozen(known),
        glance=frozen(np.array(learned["glance"]) * UNIT),
    )


@cache
def trained_model() -> FaceModel:
    """The model of this version."""
    text = files("presence.tracking.camera").joinpath("face_model.json").read_text("utf-8")
    return model_of(json.loads(text))
