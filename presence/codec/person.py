"""One person's bones, as the encoder's inner loops want them."""

from __future__ import annotations

import numpy as np

from presence.codec.layout import NAMES, PARENT_ROWS, SENT_BONES, SENT_COUNT
from presence.codec.metric import LEVER
from presence.pose.arrays import Floats, Ints
from presence.pose.proportions import Proportions
from presence.pose.skeleton import DERIVED_BONES, FINGERTIP_BONES

OFFSETS = 0
"""Row of a person's numbers where the bones' ``(52, 3)`` offsets begin."""
TIPS = OFFSETS + SENT_COUNT
"""``(10, 3)`` fingertips."""
AIMS = TIPS + len(FINGERTIP_BONES)
"""``(52, 3)`` the point that each bone is swung towards."""
AIM_WEIGHTS = AIMS + SENT_COUNT
"""``(52, 1)`` and how far."""
FIXED = AIM_WEIGHTS + SENT_COUNT
"""``(3, 3)`` offsets of both eyes and the jaw from the head."""

_CHILDREN_APART = ("hips", "upperChest", "head")
"""Bones with children in several directions: there is no one point to swing them towards."""


def _tip_rows() -> Ints:
    rows = np.full(SENT_COUNT, -1)
    for tip, bone in enumerate(FINGERTIP_BONES.tolist()):
        rows[bone == SENT_BONES] = tip
    return rows


TIP_ROWS: Ints = _tip_rows()
"""``(52,)`` which fingertip each bone has; −1: none."""


def person_of(proportions: Proportions, *, swing: bool = True) -> Floats:
    """``(169, 3)`` what the encoder needs of a person's measures, in metres.

    All the way towards its child's true place would put the child right and turn the skin about the
    joint wrong; the weight makes the sum of both squared errors least.
    """
    person = np.zeros((FIXED + len(DERIVED_BONES), 3))
    person[OFFSETS:TIPS] = proportions.offsets[SENT_BONES]
    person[TIPS:AIMS] = proportions.fingertips
    person[FIXED:] = proportions.offsets[DERIVED_BONES]
    ends: dict[int, Floats] = {}
    for row, parent in enumerate(PARENT_ROWS.tolist()):
        # Of a hand's five children the middle finger stands for all.
        if not NAMES[row].endswith(("Thumb", "Index", "Ring", "Little")):
            ends.setdefault(parent, person[OFFSETS + row])
    for row, name in enumerate(NAMES):
        end = person[TIPS + TIP_ROWS[row]] if TIP_ROWS[row] >= 0 else ends.get(row)
        if end is None or name in _CHILDREN_APART or end @ end < 1e-6:
            continue
        person[AIMS + row] = end
        person[AIM_WEIGHTS + row, 0] = float(swing) / (end @ end + LEVER * LEVER)
    return person
