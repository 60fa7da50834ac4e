"""Landmarks of a drafted face, from which its expressions take their measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft
from presence.scene.body.mouth import Mouth
from presence.scene.body.plan import Plan
from presence.scene.body.skull import facing, head_shape


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Points on the skin of the face's right half, ``(3,)`` head units each."""

    eye: Floats
    """The eye's centre."""
    corner: Floats
    """Of the mouth."""
    lip: Floats
    """Where the lips meet in the middle."""
    nose_tip: Floats
    nose_base: Floats
    """Where nose and upper lip meet."""
    chin: Floats
    """Its foremost point."""
    brow_inner: Floats
    brow_middle: Floats
    brow_outer: Floats


def find_marks(draft: Draft, plan: Plan, mouth: Mouth, brow: Ints) -> Marks:
    """The landmarks of a face with this mouth and brow."""
    shape = head_shape(plan)
    lip, corner = mouth.line[0], mouth.line[-1]

    def profile(top: float, bottom: float) -> Floats:
        height = np.linspace(top, bottom, 41)
        return facing(shape, np.stack([0.0 * height, height, 0.0 * height], axis=1))

    nose = profile(-1.0, lip[1] + 0.9)
    tip = int(nose[:, 2].argmax())
    base = tip + int(nose[tip:, 2].argmin())
    below = profile(lip[1] - 1.7, lip[1] - 5.0)
    points = plan.to_head(draft.positions[brow])
    points = points[np.argsort(points[:, 0])]
    parts = np.array_split(points, 5)
    return Marks(
        eye=np.array([plan.eye_across, 0.0, 0.0]),
        corner=corner,
        lip=lip,
        nose_tip=nose[tip],
        nose_base=nose[base],
        chin=below[int(below[:, 2].argmax())],
        brow_inner=parts[0].mean(axis=0),
        brow_middle=parts[2].mean(axis=0),
        brow_outer=parts[4].mean(axis=0),
    )
