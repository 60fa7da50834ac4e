"""What a golden frame leaves behind for the frames that refer to it.

Golden frames are differences too: from a standing person at the origin, who is always known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.codec.layout import BODY_COUNT, SENT_BONES, STANDING
from presence.codec.levels import State
from presence.pose.arrays import Floats, Ints
from presence.pose.face import SENT_SHAPES
from presence.pose.sample import Part


@dataclass(frozen=True, slots=True, eq=False)
class CoreReference:
    """What root, body and state are differences from."""

    root: Ints
    """``(3,)`` levels."""
    body: Floats
    """``(22, 4)`` xyzw, parent-relative, as decoded."""
    state: State


@dataclass(frozen=True, slots=True, eq=False)
class DetailReference:
    """What hands, face and gaze are differences from."""

    hands: Floats
    """``(30, 4)`` xyzw, parent-relative, as decoded."""
    face: Ints
    """``(44,)`` levels."""
    gaze: Ints
    """``(3,)`` levels."""


CORE_START = CoreReference(
    root=np.zeros(3, dtype=np.int64),
    body=STANDING[SENT_BONES[:BODY_COUNT]],
    state=State(contacts=0, tracked=(0,) * len(Part), target=0, confidence=0),
)
"""What a golden frame's core is a difference from."""

DETAIL_START = DetailReference(
    hands=STANDING[SENT_BONES[BODY_COUNT:]],
    face=np.zeros(len(SENT_SHAPES), dtype=np.int64),
    gaze=np.zeros(3, dtype=np.int64),
)
"""What a golden frame's detail is a difference from."""
