"""How much of the sky a body hides from itself."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep
from presence.scene.body.skull import head_shape
from presence.scene.body.torso import trunk_shape

_STEPS = (0.012, 0.028, 0.060)
"""Metres from the skin at which a body of 1.70 m is probed for what hides the sky."""


def hidden(points: Floats, normals: Floats, plan: Plan) -> Floats:
    """``(N,)`` how much of the sky is hidden from each point: 0 in the open, 1 in a deep fold.

    From how much nearer the body is than it would be if the surface were flat, a few steps along
    the normal (A. Evans, "Fast approximations for global illumination on dynamic scenes", 2006).
    """
    trunk, head = trunk_shape(plan), head_shape(plan)

    def distance(at: Floats) -> Floats:
        in_head = plan.to_head(at)
        # The trunk's shape goes on above the neck, inside the head.
        body = np.where(in_head[:, 1] < -11.0, trunk(at), np.inf)
        return np.minimum(body, head(in_head) * plan.head_unit)

    # Bare arms lie inside the sleeves that the trunk's shape has there: only what comes nearer
    # than at the point itself hides anything.
    own = distance(points)
    total = np.zeros(len(points))
    for i, step in enumerate(_STEPS):
        reach = step * plan.scale
        gained = distance(points + normals * reach) - own
        total += np.clip(1.0 - gained / reach, 0.0, 1.0) * 0.5**i
    # Away from trunk and head the shapes say nothing.
    known = 1.0 - smoothstep(0.012 * plan.scale, 0.030 * plan.scale, np.abs(own))
    shade: Floats = np.clip(total - 0.10, 0.0, 1.0) * known
    return shade
