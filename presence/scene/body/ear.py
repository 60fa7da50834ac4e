"""An ear: rings drawn out of the side of the head and in again.

Points are in head units (see ``skull``).
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.plan import Plan
from presence.scene.body.skull import head_shape, onto

_SIDES = 14
_MIDDLE: Floats = np.array([7.0, -1.3, -8.1])
_HALF_LENGTH, _HALF_HEIGHT = 1.08, 2.0
_LEAN = 0.22
"""How far back the top leans, a unit of height."""
_OUT: Floats = np.array([0.92, 0.0, -0.38])
# Rings from the head outwards and back in to the hollow: how large, how far out.
_RINGS = ((1.0, 0.0), (1.12, 0.45), (1.44, 0.92), (1.36, 1.08), (1.05, 0.98), (0.80, 0.62))
_HOLLOW = (0.42, 0.30)


def build_ear(draft: Draft, plan: Plan, weights: Floats) -> Ints:
    """Draft the right ear; return the ring ``(14,)`` where it meets the head."""
    turn = np.linspace(0.0, 2.0 * np.pi, _SIDES, endpoint=False)
    # It stands off the head at the back and lies close at the front.
    lift = 0.85 - 0.72 * np.cos(turn) + 0.12 * np.sin(turn)

    def outline(size: float) -> Floats:
        forward = _HALF_LENGTH * np.cos(turn) * (1.0 + 0.22 * np.sin(turn)) * size
        up = _HALF_HEIGHT * np.sin(turn) * size
        points: Floats = _MIDDLE + np.stack([np.zeros(_SIDES), up, forward - _LEAN * up], axis=1)
        return points

    base = onto(head_shape(plan), outline(1.0))
    rings = [draft.add(plan.from_head(base), Paint.SKIN, weights)]
    for size, height in (*_RINGS[1:], _HOLLOW):
        points = outline(size)
        points[:, 0] = base[:, 0]
        points = points + (height * lift)[:, None] * _OUT
        rings.append(draft.add(plan.from_head(points), Paint.SKIN, weights))
    draft.paints[rings[-1]] = int(Paint.SOCKET)
    middle = draft.positions[rings[-1]].mean(axis=0, keepdims=True)
    centre = draft.add(middle, Paint.SOCKET, weights)
    draft.sew_all(rings[::-1], closed=True)
    draft.cap(rings[-1][::-1], int(centre[0]))
    return rings[0]
