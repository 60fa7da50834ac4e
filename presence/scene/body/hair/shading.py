"""How hair is lit: as one soft mass, not as the many flat locks that it is built of."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.draft import Paint, Whole
from presence.scene.body.hair.ground import outwards
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep
from presence.scene.body.skull import head_shape

_SHARE = 0.55
"""How far normals turn from the locks' own to those of the head beneath."""


def soften(normals: Floats, whole: Whole, plan: Plan) -> None:
    """Turn the unit ``normals (V, 3)`` of hair towards the head's, in place."""
    hair = np.flatnonzero(np.isin(whole.paints, [int(Paint.HAIR), int(Paint.BEARD)]))
    if not len(hair):
        return
    head, points = head_shape(plan), plan.to_head(whole.positions[hair])
    out = outwards(head, points) * np.array([1.0, 1.0, -1.0])
    # What hangs away from the head has its own two sides.
    share = _SHARE * (1.0 - smoothstep(1.5, 4.0, head(points)))[:, None]
    mixed = (1.0 - share) * normals[hair] + share * out
    normals[hair] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
