"""How surely a headset knows something, by the flags of its locations."""

from __future__ import annotations

import numpy as np

from presence.headset.readings import (
    ORIENTATION_TRACKED,
    ORIENTATION_VALID,
    POSITION_TRACKED,
    POSITION_VALID,
)
from presence.pose.arrays import Floats, Ints, frozen

INFERRED = 0.3
"""The confidence of what a runtime says without measuring it: a hand that left the cameras' sight,
an arm that hangs between head and hand."""

_ALL = ORIENTATION_VALID | POSITION_VALID | ORIENTATION_TRACKED | POSITION_TRACKED


def _by_flags(valid: int, tracked: int) -> Floats:
    sure = [
        (1.0 if bits & tracked else INFERRED) if bits & valid else 0.0 for bits in range(_ALL + 1)
    ]
    return frozen(np.array(sure))


_POSITION = _by_flags(POSITION_VALID, POSITION_TRACKED)
_ORIENTATION = _by_flags(ORIENTATION_VALID, ORIENTATION_TRACKED)


def position_confidence(flags: Ints | int) -> Floats:
    """1 where positions are tracked, :data:`INFERRED` where they are only valid, else 0."""
    sure: Floats = _POSITION[flags & _ALL]
    return sure


def orientation_confidence(flags: Ints | int) -> Floats:
    """The same of orientations."""
    sure: Floats = _ORIENTATION[flags & _ALL]
    return sure
