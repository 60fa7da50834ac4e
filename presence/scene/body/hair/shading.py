"""How hair is lit: as one soft mass, not as the many flat locks that it is built of."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.draft import Paint, Whole
from presence.scene.body.hair.ground import outwards
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import capsule, smooth_union, smoothstep
from presence.scene.body.skull import head_shape
from presence.scene.body.traits import HairStyle

_SHARE = 0.6
"""How far normals turn from the locks' own to those of the head beneath."""


def soften(normals: Floats, whole: Whole, plan: Plan) -> None:
    """Turn the unit ``normals (V, 3)`` of hair towards the head's, in place."""
    hair = np.flatnonzero(np.isin(whole.paints, [int(Paint.HAIR), int(Paint.BEARD)]))
    if not len(hair):
        return
    points = plan.to_head(whole.positions[hair])
    head = head_shape(plan)

    def mass(p: Floats) -> Floats:
        # Hair that hangs is a bell about the neck.
        return smooth_union(
            head(p), capsule(p, (0.0, -4.0, -8.5), (0.0, -40.0, -9.5), 6.5, 9.0), 5.0
        )

    hangs = plan.traits.hair_style in (HairStyle.BOB, HairStyle.LONG, HairStyle.WAVES)
    shape = mass if hangs else head
    out = outwards(shape, points) * np.array([1.0, 1.0, -1.0])
    # A tail away from the head has its own two sides.
    near = 1.0 if hangs else 1.0 - smoothstep(1.5, 4.0, head(points))[:, None]
    share = _SHARE * near
    mixed = (1.0 - share) * normals[hair] + share * out
    normals[hair] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
