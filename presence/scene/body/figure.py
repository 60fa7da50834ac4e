"""A dressed body up to the neck: trunk, limbs, hands, feet and what lies on the clothes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Ints
from presence.scene.body.collar import build_collar
from presence.scene.body.draft import Draft
from presence.scene.body.fastenings import build_fastenings
from presence.scene.body.foot import build_foot
from presence.scene.body.hand import build_hand
from presence.scene.body.join import join
from presence.scene.body.limbs import build_arm, build_leg
from presence.scene.body.plan import Plan
from presence.scene.body.torso import trunk_shape
from presence.scene.body.trunk import build_trunk
from presence.scene.body.weights import body_weights, level_edges


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """Where the parts of the right half of a dressed body are in the draft."""

    neck: Ints
    """``(21,)`` the rim on which the head's skin grows, from the throat to the nape."""
    arm: Ints
    """``(R, 20)`` the rings of sleeve and arm, from the shoulder to the wrist."""
    leg: Ints
    """``(R, 24)`` the rings of trousers and leg, from the hip to the ankle."""


def build_figure(draft: Draft, plan: Plan) -> Figure:
    """Draft the right half of body and clothes, with their weights."""
    shape = trunk_shape(plan)
    openings = build_trunk(draft, plan, shape)
    arm = build_arm(draft, plan, openings)
    leg = build_leg(draft, plan, openings)
    roots = np.concatenate([arm.root, leg.root])
    join(draft, shape, openings, roots, np.concatenate([arm.root_lifts, leg.root_lifts]))
    build_hand(draft, plan, arm.rings[-1])
    build_foot(draft, plan, leg.rings[-1])
    unweighted = np.flatnonzero(draft.weights.sum(axis=1) == 0.0)
    draft.weights[unweighted] = body_weights(draft.positions[unweighted], plan)
    for rows in (list(openings.rows), list(arm.rings), list(leg.rings)):
        level_edges(draft.weights, draft.positions, rows, 0.006 * plan.scale)
    build_fastenings(draft, plan, openings)
    build_collar(draft, plan, openings, shape)
    return Figure(neck=openings.neck, arm=arm.rings, leg=leg.rings)
