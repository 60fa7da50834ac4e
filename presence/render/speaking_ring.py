"""Speaking rings: a calm mark over the head of whoever speaks, larger and brighter the louder.

Each hovers over the middle of a head, higher than its hair whichever way it is bowed, and turns its
face to every eye that sees it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from presence.pose.skeleton import INDEX
from presence.scene.avatar import Singles
from presence.scene.head import Head
from presence.scene.posing import Posed

CLEARANCE = 0.05
"""Metres between the top of the hair and where the largest ring of ``ring.vert`` begins."""

_HEAD = INDEX["head"]
_FIGURES = 5
_NO_RINGS: Singles = np.zeros((0, _FIGURES), dtype=np.float32)
_LEAST = 1.0 / 255.0
"""Whoever speaks or is seen less than this shows no ring: it would hardly change a pixel."""


def speaking_rings(heads: Sequence[Head], posed: Posed) -> Singles:
    """``(R, 5)`` foot x y z (metres), loudness and opacity of a ring for each who speaks.

    Args:
        heads: one a person, in the order of ``posed``.
        posed: everyone on the stage.
    """
    if not posed.speaking.any():
        return _NO_RINGS
    who = np.flatnonzero((posed.speaking >= _LEAST) & (posed.opacities >= _LEAST))
    rows = np.empty((len(who), _FIGURES), dtype=np.float32)
    for row, index in zip(rows, who.tolist(), strict=True):
        row[:3] = heads[index].over(posed.palettes[index, _HEAD])
    rows[:, 1] += CLEARANCE
    rows[:, 3] = np.minimum(posed.speaking[who], 1.0)
    rows[:, 4] = posed.opacities[who]
    return rows
