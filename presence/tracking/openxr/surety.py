"""How surely a headset knows something, by the flags of its locations."""

from __future__ import annotations

import numpy as np

from presence.headset.readings import (
    ORIENTATION_TRACKED,
    ORIENTATION_VALID,
    POSITION_TRACKED,
    POSITION_VALID,
)
from presence.pose.arrays import Floats, Ints

INFERRED = 0.3
"""The confidence of what a runtime says without measuring it: a hand that left the cameras' sight,
an arm that hangs between head and hand."""


def position_confidence(flags: Ints | int) -> Floats:
    """1 where positions are tracked, :data:`INFERRED` where they are only valid, else 0."""
    return _confidence(flags, POSITION_VALID, POSITION_TRACKED)


def orientation_confidence(flags: Ints | int) -> Floats:
    """The same of orientations."""
    return _confidence(flags, ORIENTATION_VALID, ORIENTATION_TRACKED)


def _confidence(flags: Ints | int, valid: int, tracked: int) -> Floats:
    bits = np.asarray(flags)
    return np.where(bits & valid, np.where(bits & tracked, 1.0, INFERRED), 0.0)
