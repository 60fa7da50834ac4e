"""The mouth: lips in rows round their meeting line, and a lining behind them.

Points are in head units (see ``skull``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.plan import Plan
from presence.scene.body.skull import MOUTH_HEIGHT, head_shape, onto

POINTS = 21
"""From the upper lip's middle to the corner to the lower lip's middle."""
TURN: Floats = np.linspace(0.5 * np.pi, -0.5 * np.pi, POINTS)
ACROSS: Floats = 0.5 * np.cos(TURN) + 0.5 * (1.0 - np.abs(TURN[::-1]) / (0.5 * np.pi))
"""``(21,)`` where each place is: 0 in the middle, 1 in the corner."""
RISE: Floats = np.sign(TURN) * np.sqrt(np.maximum(1.0 - ACROSS**2, 0.0))
"""``(21,)`` how high it is on an ellipse: 1 in the upper lip's middle, −1 in the lower's."""
BORDER = 3
"""The row along the red of the lips."""
WIDTH = 2.16
"""Half the width of an average mouth."""
# Rows of the lips, outwards from where they meet: the share of the lip's height (above and
# below), how much wider than the mouth, how far forward of the face (above and below).
_ROWS = (
    (0.0, 0.0, 0.0, -0.34, -0.34),
    (0.40, 0.36, 0.09, 0.17, 0.24),
    (0.74, 0.72, 0.18, 0.19, 0.23),
    (1.0, 1.0, 0.28, 0.07, 0.06),
    (1.0, 1.0, 0.54, 0.0, -0.06),
    (1.0, 1.0, 1.02, 0.0, -0.02),
)
# How far above and below the red the rows outside it lie.
_OUTSIDE = {4: (0.36, 0.36), 5: (0.86, 0.86)}
_UPPER, _LOWER = 0.66, 0.84
"""How high the red of average lips is."""
# Rows of the lining, from its back forwards: how high, how low, how wide, how far behind the
# lips' meeting line.
_LINING = (
    (0.7, 0.8, 1.5, -3.6),
    (1.25, 1.35, 2.35, -2.2),
    (1.0, 1.1, 2.2, -0.26),
    (0.13, 0.13, 2.06, -0.20),
)


@dataclass(frozen=True, slots=True, eq=False)
class Mouth:
    """The right half of the mouth in the draft."""

    lips: Ints
    """``(6, 21)`` rows from where the lips meet outwards."""
    lining: Ints
    """``(4, 21)`` rows from the mouth's back forwards."""
    back: int
    """The middle of the mouth's back."""
    line: Floats
    """``(11, 3)`` head units: where the lips meet, from the middle to the corner."""


def _meeting(across: Floats) -> Floats:
    """The height of the line where the lips meet.

    A little tubercle dips in the middle, and the corners turn up: a friendly face even at rest.
    """
    line: Floats = MOUTH_HEIGHT - 0.06 * np.exp(-((across / 0.22) ** 2)) + 0.17 * across**2.4
    return line


def _reds(across: Floats) -> tuple[Floats, Floats]:
    """How high the red of upper and lower lip is, of its most."""
    # A cupid's bow: two peaks beside a dip, then nearly straight down to the corner.
    upper = (1.0 - across**1.5) * (1.0 - 0.20 * np.exp(-((across / 0.13) ** 2)))
    lower = np.maximum(1.0 - across**2.3, 0.0) ** 0.85
    return np.maximum(upper, 0.0), lower


def build_mouth(draft: Draft, plan: Plan, weights: Floats) -> Mouth:
    """Draft the right half of the mouth."""
    t = plan.traits
    shape = head_shape(plan)
    across, rise = ACROSS.copy(), RISE
    across[[0, -1]] = 0.0
    above = rise > 0.0
    # Years thin the lips; children's are small and full.
    full = t.lip_fullness * (1.0 - 0.22 * t.wear)
    wide = WIDTH * t.mouth_width * (1.0 - 0.13 * t.youth)
    upper, lower = _reds(across)
    red = np.where(above, _UPPER * upper, -_LOWER * lower) * full
    meeting = _meeting(across)
    corner = across**6

    def add(points: Floats, paint: Paint) -> Ints:
        points[[0, -1], 0] = 0.0
        return draft.add(plan.from_head(points), paint, weights)

    lips = []
    line = np.zeros((POINTS, 3))
    for i, (high, low, wider, over, under) in enumerate(_ROWS):
        height = meeting + red * np.where(above, high, low)
        if i in _OUTSIDE:
            # The mouth's own line fades into the face.
            out = np.where(above, _OUTSIDE[i][0], -_OUTSIDE[i][1])
            height += out * np.abs(rise) ** 0.7
        guess = np.stack([(wide + wider) * across, height, np.full(POINTS, 2.0)], axis=1)
        points = onto(shape, guess)
        forward = np.where(above, over, under)
        pillow = np.where(forward > 0.0, full * (1.0 - across**4), 0.30 + 0.70 * (1.0 - across**4))
        points[:, 2] += forward * pillow
        if i <= BORDER:
            # The corners tuck in.
            points[:, 2] -= 0.20 * corner
        elif i == BORDER + 1:
            # The groove under the nose, and the pillars on either side of it.
            pillar = 0.07 * np.exp(-(((across - 0.22) / 0.11) ** 2))
            points[:, 2] += np.where(above, pillar - 0.06 * np.exp(-((across / 0.10) ** 2)), 0.0)
            points[:, 2] -= 0.08 * corner
        if i == 0:
            line = points.copy()
        lips.append(add(points, Paint.LIP if i < BORDER else Paint.SKIN))
    lining = []
    for i, (high, low, width, behind) in enumerate(_LINING):
        height = meeting + np.where(above, high, low) * np.sign(rise) * np.abs(rise) ** 0.8
        points = np.stack([width / WIDTH * wide * across, height, line[:, 2] + behind], axis=1)
        if i < len(_LINING) - 1:
            points[:, 2] -= 0.25 * across**2
        lining.append(add(points, Paint.MOUTH))
    back = add(np.array([[0.0, MOUTH_HEIGHT, line[0, 2] - 3.8]]), Paint.MOUTH)
    # The throat is dark.
    for row, tone in zip([*lining[:3], back], (0.35, 0.6, 0.85, 0.3), strict=True):
        draft.tones[row] = tone
    draft.sew_all([*lining, *lips])
    row = lining[0]
    draft.faces(np.stack([np.full(POINTS - 1, back[0]), row[:-1], row[1:]], axis=1))
    return Mouth(
        lips=np.array(lips),
        lining=np.array(lining),
        back=int(back[0]),
        line=line[: POINTS // 2 + 1],
    )
