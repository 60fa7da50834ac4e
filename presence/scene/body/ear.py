"""An ear: rings drawn out of the side of the head and in again.

Points are in head units (see ``skull``).
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep
from presence.scene.body.skull import head_shape, onto

_SIDES = 18
_MIDDLE: Floats = np.array([7.0, -1.25, -8.2])
_HALF_LENGTH, _HALF_HEIGHT = 1.42, 2.42
_LEAN = 0.20
"""How far back the top leans, a unit of height."""
_OUT: Floats = np.array([0.86, 0.0, -0.50])
# Rings from the head outwards over the rim and in to the hollow: how large; how far out where the
# rim is, and how far out at the lobe, which has no groove.
_RINGS = (
    (0.66, 0.0, 0.0),
    (0.72, 0.34, 0.30),
    (0.93, 0.74, 0.62),
    (1.00, 0.98, 0.80),
    (0.95, 1.12, 0.90),
    (0.82, 1.00, 0.90),
    (0.73, 0.70, 0.84),
    (0.60, 0.80, 0.72),
    (0.44, 0.52, 0.44),
)
_HOLLOW = (0.26, 0.16, 0.16)


def build_ear(draft: Draft, plan: Plan, weights: Floats) -> Ints:
    """Draft the right ear; return the ring ``(18,)`` where it meets the head."""
    turn = np.linspace(0.0, 2.0 * np.pi, _SIDES, endpoint=False)
    cos, sin = np.cos(turn), np.sin(turn)
    size = plan.traits.ear_size
    # It stands off the head at the back and lies close at the front.
    lift = (0.66 - 0.52 * cos + 0.10 * sin) * size
    lobe = smoothstep(-0.35, -0.85, sin)

    def outline(share: float) -> Floats:
        # Broad above, narrow at the lobe; the front runs straight.
        narrow = 1.0 + 0.20 * sin - 0.10 * sin**2
        forward = _HALF_LENGTH * size * np.where(cos > 0.0, 0.72, 1.0) * cos * narrow * share
        up = _HALF_HEIGHT * size * sin * share
        points: Floats = _MIDDLE + np.stack([np.zeros(_SIDES), up, forward - _LEAN * up], axis=1)
        return points

    base = onto(head_shape(plan), outline(_RINGS[0][0]))
    base[:, 0] -= 0.05
    flat = base[:, 0].mean()
    rings = [draft.add(plan.from_head(base), Paint.SKIN, weights)]
    for share, rim, low in (*_RINGS[1:], _HOLLOW):
        points = outline(share)
        # Near the head it follows the head, further out a plane.
        points[:, 0] = base[:, 0] + (flat - base[:, 0]) * min(1.0, 2.0 * rim)
        points = points + ((rim + (low - rim) * lobe) * lift)[:, None] * _OUT
        rings.append(draft.add(plan.from_head(points), Paint.SKIN, weights))
    for ring, tone in zip(rings[-4:], (0.86, 0.97, 0.84, 0.66), strict=True):
        draft.tones[ring] = tone + (1.0 - tone) * 0.8 * lobe
    middle = draft.positions[rings[-1]].mean(axis=0, keepdims=True)
    centre = draft.add(middle, Paint.SKIN, weights)
    draft.tones[centre] = 0.55
    draft.sew_all(rings[::-1], closed=True)
    draft.cap(rings[-1][::-1], int(centre[0]))
    return rings[0]
