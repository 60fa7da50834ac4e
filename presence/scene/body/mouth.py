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
# Rows of the lips, outwards from where they meet: how high above and below, how wide, how far
# forward of the face.
_ROWS = (
    (0.0, 0.0, 2.26, -0.40),
    (0.22, 0.28, 2.32, 0.12),
    (0.46, 0.62, 2.40, 0.20),
    (0.76, 0.96, 2.52, 0.02),
    (1.18, 1.40, 2.80, 0.0),
    (1.70, 1.95, 3.30, 0.0),
)
_BORDER = 3
"""The row along the red of the lips."""
# Rows of the lining, from its back forwards: how high, how low, how wide, how far forward.
_LINING = (
    (0.7, 0.8, 1.2, -2.3),
    (1.1, 1.2, 2.0, -0.5),
    (0.9, 1.0, 2.25, 1.1),
    (0.16, 0.16, 2.16, 1.4),
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


def _outline(high: float, low: float, width: float) -> Floats:
    """``(21, 3)`` one row, flat."""
    across, rise = np.cos(TURN), np.sin(TURN)
    # The corners turn up a little: a friendly face even at rest.
    line = MOUTH_HEIGHT + 0.26 * across**2 - 0.05
    bow = np.sign(rise) * np.abs(rise) ** 0.8
    height = line + np.where(rise > 0.0, high, low) * bow
    return np.stack([width * across, height, np.full(POINTS, 2.0)], axis=1)


def build_mouth(draft: Draft, plan: Plan, weights: Floats) -> Mouth:
    """Draft the right half of the mouth."""
    shape = head_shape(plan)
    across, rise = np.cos(TURN), np.sin(TURN)
    full = plan.traits.lip_fullness

    def add(points: Floats, paint: Paint) -> Ints:
        points[[0, -1], 0] = 0.0
        return draft.add(plan.from_head(points), paint, weights)

    lips = []
    contact_forward = np.zeros(POINTS)
    for i, (high, low, width, forward) in enumerate(_ROWS):
        grow = full if 0 < i <= _BORDER else 1.0
        guess = _outline(high * grow, low * grow, width)
        if i == _BORDER:
            # The dip in the middle of the upper lip.
            guess[:, 1] -= 0.14 * np.exp(-((guess[:, 0] / 0.35) ** 2)) * (rise > 0.0)
        points = onto(shape, guess)
        points[:, 2] += forward * (0.25 + 0.75 * (1.0 - across**4)) * (full if forward > 0 else 1.0)
        if i == 0:
            contact_forward = points[:, 2]
        lips.append(add(points, Paint.LIP if i < _BORDER else Paint.SKIN))
    lining = []
    for i, (high, low, width, forward) in enumerate(_LINING):
        points = _outline(high, low, width)
        # The corners of the mouth lie further back than its middle: the lining follows.
        points[:, 2] = np.minimum(forward, contact_forward - 0.25)
        if i < len(_LINING) - 1:
            points[:, 2] -= 0.4 * across**2
        lining.append(add(points, Paint.MOUTH))
    back = add(np.array([[0.0, MOUTH_HEIGHT, -2.7]]), Paint.MOUTH)
    draft.sew_all([*lining, *lips])
    row = lining[0]
    draft.faces(np.stack([np.full(POINTS - 1, back[0]), row[:-1], row[1:]], axis=1))
    return Mouth(lips=np.array(lips), lining=np.array(lining), back=int(back[0]))
