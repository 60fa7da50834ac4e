"""The skin of the head: a mesh between the loops of eyes, mouth, ears and neck."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.chart import fill, triangulate
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.ear import build_ear
from presence.scene.body.lashes import build_lashes
from presence.scene.body.lids import Lids, build_lids
from presence.scene.body.mouth import Mouth, build_mouth
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import settle, smoothstep
from presence.scene.body.skull import CENTRE, NECK_LINE, head_shape, onto
from presence.scene.body.trunk import COLUMNS


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Where the features of the right half of the face are in the draft."""

    lids: Lids
    mouth: Mouth
    neck: Ints
    """``(2, 21)`` rows of the neck between the trunk's collar and the rim."""
    rim: Ints
    """``(21,)`` where the head's mesh ends on the neck, from the throat to the nape."""
    skin: Ints
    """Everything between the features and the rim."""


def build_face(draft: Draft, plan: Plan, weights: Floats, neck_opening: Ints) -> Face:
    """Draft the right half of head and neck onto the trunk's collar.

    ``weights (55,)`` are those of what the head alone carries; the skin's are left for later.
    """
    shape = head_shape(plan)
    lids = build_lids(draft, plan, weights)
    build_lashes(draft, plan, lids, weights)
    mouth = build_mouth(draft, plan, weights)
    ear = build_ear(draft, plan, weights)
    rim = draft.add(plan.from_head(_rim(plan)), Paint.SKIN)

    def placed(indices: Ints) -> Floats:
        return plan.to_head(draft.positions[indices])

    loops = [lids.rings[-1], mouth.lips[-1], ear]
    rays = fill(placed(rim), [placed(loop) for loop in loops])
    skin = draft.add(plan.from_head(onto(shape, CENTRE + rays)), Paint.SKIN)
    indices = np.concatenate([rim, *loops, skin])
    ends = np.cumsum([0, len(rim), *(len(loop) for loop in loops)])
    spans = [np.arange(a, b) for a, b in pairwise(ends)]
    draft.faces(indices[triangulate(placed(indices), spans[0], spans[1:])])

    low, high = draft.positions[neck_opening], draft.positions[rim]
    share = smoothstep(-0.25, 1.25, np.array([0.3, 0.65]))
    neck = [draft.add(low + (high - low) * t, Paint.SKIN) for t in share]
    draft.sew_all([neck_opening, *neck, rim])
    return Face(lids=lids, mouth=mouth, neck=np.array(neck), rim=rim, skin=skin)


def _rim(plan: Plan) -> Floats:
    """``(21, 3)`` head units: round the neck, high at the nape and low under the chin."""
    turn = np.linspace(0.0, np.pi, COLUMNS + 1)
    rough = np.stack(
        [
            5.2 * np.sin(turn),
            -12.2 + 1.3 * (1.0 - np.cos(turn)),
            NECK_LINE + 5.4 * np.cos(turn),
        ],
        axis=1,
    )
    points = settle(head_shape(plan), rough, step=0.01, rounds=8)
    points[[0, -1], 0] = 0.0
    return points
