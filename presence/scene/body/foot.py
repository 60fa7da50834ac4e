"""A shoe: level rings from the ankle down to the sole, each longer than the one above."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.limbs import LEG_ANGLES
from presence.scene.body.plan import Plan

# Height (1 at the ankle joint); how far it reaches forward (1 at the tip of the toes) and back,
# and half its width (metres on a body of 1.70 m).
_RINGS = (
    (1.12, 0.145, 0.060, 0.040, Paint.SHOE),
    (0.98, 0.180, 0.066, 0.041, Paint.SHOE),
    (0.80, 0.320, 0.070, 0.043, Paint.SHOE),
    (0.68, 0.530, 0.071, 0.045, Paint.SHOE),
    (0.57, 0.740, 0.071, 0.047, Paint.SHOE),
    (0.46, 0.900, 0.071, 0.049, Paint.SHOE),
    (0.34, 0.985, 0.072, 0.050, Paint.SHOE),
    (0.255, 1.010, 0.073, 0.051, Paint.SHOE),
    (0.245, 1.030, 0.076, 0.0535, Paint.SOLE),
    (0.05, 1.030, 0.077, 0.0535, Paint.SOLE),
    (0.0, 1.000, 0.073, 0.050, Paint.SOLE),
)


def build_foot(draft: Draft, plan: Plan, ankle_ring: Ints) -> None:
    """Draft the right shoe under the ring inside the trouser's hem."""
    s = plan.scale
    ankle, ball = plan.at("rightFoot"), plan.at("rightToes")
    tip = ball + plan.proportions.toes[1]
    floor = ankle + plan.proportions.soles[1]
    reach = float(ankle[2] - tip[2]) + 0.008 * s
    lean = float((ball[0] - ankle[0]) / (ankle[2] - ball[2]))
    rows = []
    for height, forward, backward, half_width, paint in _RINGS:
        front, back = reach * forward, backward * s
        centre, half = 0.5 * (front - back), 0.5 * (front + back)
        along = np.cos(LEG_ANGLES)
        # A squarer curve than an ellipse: toes and heel are blunt.
        ahead = centre + half * np.sign(along) * np.abs(along) ** 0.86
        across = np.sin(LEG_ANGLES)
        broad = half_width * s * (0.80 + 0.24 * np.clip(ahead / reach + 0.2, 0.0, 1.0))
        side = np.sign(across) * np.abs(across) ** 0.86 * broad
        # The big toe's side runs straight, the little toe's curves in.
        taper = np.clip((ahead / reach - 0.72) / 0.3, 0.0, 1.0) ** 2
        side = side - 0.010 * s * taper
        points = np.stack(
            [
                ankle[0] + side + lean * ahead,
                np.full(len(side), floor[1] + height * (ankle[1] - floor[1])),
                ankle[2] - ahead,
            ],
            axis=1,
        )
        rows.append(draft.add(points, paint))
    draft.sew_all([*rows[::-1], ankle_ring], closed=True)
    middle = draft.positions[rows[-1]].mean(axis=0)
    middle[1] = floor[1]
    under = draft.add(middle[None], Paint.SOLE)[0]
    draft.cap(rows[-1][::-1], int(under))
