"""Glasses: two rims, a bridge, and temples to the ears. Lenses of air let every eye be seen."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.hair.flow import unit
from presence.scene.body.hair.ground import make_ground
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import cast, through
from presence.scene.body.skull import facing
from presence.scene.body.traits import Glasses
from presence.scene.body.weights import only

_SIDES = 5
_AROUND = 24
_BOW = -0.035
_CLEAR = 0.42
"""How far rims keep off the skin: brows and lashes lie between."""


def build_glasses(draft: Draft, plan: Plan) -> None:
    """Draft the right half of the glasses."""
    kind = plan.traits.glasses
    if kind is Glasses.NONE:
        return
    ground = make_ground(draft, plan)
    eye, tall = plan.eye_across, plan.traits.eye_size
    power = 2.0 if kind is Glasses.ROUND else 3.6
    wide, high = (2.45, 2.3) if kind is Glasses.ROUND else (2.7, 2.0)
    wide = min(wide * (0.5 + 0.5 * tall), eye - 0.55)
    turn = np.linspace(0.0, 2.0 * np.pi, _AROUND, endpoint=False)
    cos, sin = np.cos(turn), np.sin(turn)
    x = eye + 0.08 + wide * np.sign(cos) * np.abs(cos) ** (2.0 / power)
    y = -0.30 + high * np.sign(sin) * np.abs(sin) ** (2.0 / power)
    flat = np.stack([x, y, np.zeros(_AROUND)], axis=1)
    # Rims bow back a little towards the temples, and stand before all that they pass.
    bow = _BOW * x**2
    front = float(np.max(facing(ground.head, flat)[:, 2] - bow)) + _CLEAR
    features = np.isin(draft.paints, [int(Paint.BROW), int(Paint.LASH)])
    if features.any():
        ahead = plan.to_head(draft.positions[features])
        front = max(front, float(np.max(ahead[:, 2] - _BOW * ahead[:, 0] ** 2)) + 0.5 * _CLEAR)
    thick = 0.17 if kind is Glasses.ROUND else 0.22
    for _ in range(6):
        near = float(ground.head(np.stack([x, y, front + bow], axis=1)).min())
        front += max(thick + 0.5 * _CLEAR - near, 0.0)
    rim = np.stack([x, y, front + bow], axis=1)
    _tube(draft, plan, rim, thick, closed=True)

    inner = rim[np.argmin(np.hypot(x - x.min(), y - 0.45))]
    nose = facing(ground.head, np.array([[0.0, 0.75, 0.0]]))[0]
    middle = np.array([0.0, 0.85, max(nose[2] + _CLEAR, front)])
    bridge = through(
        np.array([0.0, 0.55, 1.0]),
        np.stack([middle, 0.5 * (middle + inner) + [0.1, 0.12, 0.0], inner]),
        np.linspace(0.0, 1.0, 4),
    )
    _tube(draft, plan, bridge, thick, closed=False, mirrored=True)

    low, top = ground.ear
    outer = rim[np.argmax(x + 0.3 * (y > 0.0))]
    over = top[1] - 0.55
    path = np.array(
        [
            outer, [0.0, 0.55 * outer[1] + 0.45 * over, outer[2] - 2.2], [0.0, over, -4.5],
            [0.0, over, 0.5 * (low[2] + top[2])], [0.0, over - 0.9, low[2] - 0.1],
            [0.0, over - 2.3, low[2] - 0.5],
        ]
    )  # fmt: skip

    # Beside the head, wherever its side is at that height.
    def beside(points: Floats) -> Floats:
        rays = np.broadcast_to(np.array([1.0, 0.0, 0.0]), points.shape)
        side: Floats = cast(ground.head, points * [0.0, 1.0, 1.0], rays, 14.0)[:, 0]
        return side + thick + 0.12

    path[1:, 0] = beside(path[1:])
    path[1, 0] = max(path[1, 0], outer[0] + 0.1)
    path[2, 0] = max(path[2, 0], 0.5 * (path[1, 0] + path[3, 0]))
    line = through(np.linspace(0.0, 1.0, len(path)), path, np.linspace(0.0, 1.0, 11))
    line[2:, 0] = np.maximum(line[2:, 0], beside(line[2:]))
    _tube(draft, plan, line, thick * 0.95, closed=False)


def _tube(
    draft: Draft, plan: Plan, line: Floats, radius: float, *, closed: bool, mirrored: bool = False
) -> Ints:
    """Draft a tube along ``line (N, 3)``; one that begins on the midline is ``mirrored`` there."""
    if closed:
        along = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
    else:
        along = np.gradient(line, axis=0)
    if mirrored:
        along[0] = [1.0, 0.0, 0.0]
    along = unit(along)
    ahead = np.where(
        np.abs(along[:, 2:3]) > 0.8, np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    )
    # One reference all along, or the tube would twist.
    ahead = np.broadcast_to(ahead[len(line) // 2], line.shape)
    first = unit(np.cross(along, ahead))
    second = np.cross(first, along)
    turn = np.linspace(0.0, 2.0 * np.pi, _SIDES, endpoint=False)
    rings = (
        line[:, None]
        + radius * np.cos(turn)[:, None] * first[:, None]
        + radius * np.sin(turn)[:, None] * second[:, None]
    )
    if mirrored:
        rings[0, :, 0] = 0.0
    rows = draft.add(plan.from_head(rings), Paint.GLASS, only("head"))
    order = list(rows[::-1])
    draft.sew_all([*order, order[0]] if closed else order, closed=True)
    if not closed:
        ends = draft.add(plan.from_head(line[[0, -1]]), Paint.GLASS, only("head"))
        draft.cap(rows[-1][::-1], int(ends[1]))
        if not mirrored:
            draft.cap(rows[0], int(ends[0]))
    return rows
