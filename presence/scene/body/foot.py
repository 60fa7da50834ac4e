"""Feet: level rings from the ankle down, through the shoe's opening, to its sole."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.limbs import LEG_ANGLES, foot_paint, tall_boots
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep
from presence.scene.body.traits import Shoes

_SHOE, _SOLE = Paint.SHOE, Paint.SOLE
_Row = tuple[float, float, float, float, Paint | None]

# Height (1 at the ankle joint); how far it reaches forward (1 at the tip of the toes) and back,
# and half its width (metres on a body of 1.70 m); what it shows, the foot itself where None.
_SNEAKER: tuple[_Row, ...] = (
    (1.04, 0.195, 0.0400, 0.0345, None),
    (0.86, 0.240, 0.0400, 0.0345, None),
    (0.985, 0.235, 0.0455, 0.0385, _SHOE),
    (1.000, 0.262, 0.0505, 0.0425, _SHOE),
    (0.90, 0.330, 0.0520, 0.0435, _SHOE),
    (0.77, 0.445, 0.0545, 0.0440, _SHOE),
    (0.645, 0.605, 0.0580, 0.0455, _SHOE),
    (0.54, 0.800, 0.0605, 0.0470, _SHOE),
    (0.445, 0.930, 0.0620, 0.0485, _SHOE),
    (0.35, 0.985, 0.0630, 0.0495, _SHOE),
    (0.265, 1.000, 0.0630, 0.0495, _SHOE),
    (0.258, 1.026, 0.0670, 0.0525, _SOLE),
    (0.06, 1.030, 0.0680, 0.0530, _SOLE),
    (0.0, 0.985, 0.0630, 0.0490, _SOLE),
)
_BOOT: tuple[_Row, ...] = (
    (1.00, 0.255, 0.0510, 0.0435, _SHOE),
    (0.88, 0.335, 0.0520, 0.0440, _SHOE),
    (0.76, 0.470, 0.0550, 0.0445, _SHOE),
    (0.665, 0.640, 0.0585, 0.0460, _SHOE),
    (0.57, 0.825, 0.0610, 0.0475, _SHOE),
    (0.47, 0.950, 0.0620, 0.0490, _SHOE),
    (0.37, 0.995, 0.0630, 0.0500, _SHOE),
    (0.285, 1.005, 0.0630, 0.0500, _SHOE),
    (0.278, 1.035, 0.0690, 0.0540, _SOLE),
    (0.15, 1.040, 0.0690, 0.0540, _SOLE),
    (0.02, 1.030, 0.0680, 0.0530, _SOLE),
    (0.0, 1.000, 0.0650, 0.0500, _SOLE),
)
_BOOT_OPENING: tuple[_Row, ...] = (
    (1.04, 0.195, 0.0400, 0.0345, None),
    (1.22, 0.215, 0.0450, 0.0385, _SHOE),
    (1.23, 0.235, 0.0490, 0.0425, _SHOE),
)
_FLAT: tuple[_Row, ...] = (
    (1.04, 0.205, 0.0400, 0.0410, None),
    (0.86, 0.280, 0.0420, 0.0405, None),
    (0.72, 0.400, 0.0450, 0.0400, None),
    (0.60, 0.550, 0.0490, 0.0400, None),
    (0.51, 0.660, 0.0520, 0.0410, None),
    (0.42, 0.720, 0.0530, 0.0420, None),
    (0.455, 0.735, 0.0555, 0.0440, _SHOE),
    (0.460, 0.755, 0.0580, 0.0460, _SHOE),
    (0.42, 0.850, 0.0590, 0.0470, _SHOE),
    (0.35, 0.940, 0.0600, 0.0475, _SHOE),
    (0.25, 0.990, 0.0610, 0.0480, _SHOE),
    (0.14, 1.000, 0.0610, 0.0480, _SHOE),
    (0.13, 1.012, 0.0625, 0.0495, _SOLE),
    (0.02, 1.010, 0.0625, 0.0495, _SOLE),
    (0.0, 0.985, 0.0600, 0.0470, _SOLE),
)
_LACES = (0.80, 0.71, 0.63, 0.56)
"""Heights at which laces cross a sneaker's instep."""


def build_foot(draft: Draft, plan: Plan, ankle_ring: Ints) -> None:
    """Draft the right foot and its shoe under the ring at the ankle ``(24,)``."""
    t = plan.traits
    table = {Shoes.SNEAKERS: _SNEAKER, Shoes.BOOTS: _BOOT, Shoes.FLATS: _FLAT}[t.footwear]
    if t.footwear is Shoes.BOOTS and not tall_boots(t):
        table = _BOOT_OPENING + table
    rows = []
    for row in table:
        points = _outline(plan, row[:4])
        paint = foot_paint(t) if row[4] is None else row[4]
        indices = draft.add(points, paint, grain=points[:, [0, 2]])
        rows.append(indices)
        if t.footwear is Shoes.SNEAKERS and paint is _SHOE:
            # A cap of rubber over the toes.
            reach = points[:, 2].min()
            capped = (np.cos(LEG_ANGLES) > 0.80) & (row[0] < 0.55) & (row[1] > 0.8)
            draft.paints[indices[capped & (points[:, 2] < reach + 0.05 * plan.scale)]] = _SOLE
    draft.sew_all([*rows[::-1], ankle_ring], closed=True)
    middle = draft.positions[rows[-1]].mean(axis=0)
    under = draft.add(middle[None], Paint.SOLE)[0]
    draft.cap(rows[-1][::-1], int(under))
    if t.footwear is Shoes.SNEAKERS:
        for height in _LACES:
            _lace(draft, plan, height)


def _outline(plan: Plan, row: tuple[float, float, float, float]) -> Floats:
    """``(24, 3)`` the ring of one row of a table."""
    s = plan.scale
    height, forward, backward, half_width = row
    ankle, ball = plan.at("rightFoot"), plan.at("rightToes")
    tip = ball + plan.proportions.toes[1]
    floor = ankle + plan.proportions.soles[1]
    reach = float(ankle[2] - tip[2]) + 0.008 * s
    lean = float((ball[0] - ankle[0]) / (ankle[2] - ball[2]))
    front, back = reach * forward, backward * s
    centre, half = 0.5 * (front - back), 0.5 * (front + back)
    along, across = np.cos(LEG_ANGLES), np.sin(LEG_ANGLES)
    # A squarer curve than an ellipse: toes and heel are blunt.
    ahead = centre + half * np.sign(along) * np.abs(along) ** 0.88
    place = ahead / reach
    # Narrow at the heel, wide at the ball, round at the toes.
    broad = half_width * s * (0.80 + 0.24 * smoothstep(-0.25, 0.60, place))
    side = np.sign(across) * np.abs(across) ** 0.84 * broad
    # The waist of the sole on the inner side; the little toe's side curves in.
    low = 1.0 - float(smoothstep(0.3, 0.8, height))
    side += 0.007 * s * low * np.exp(-(((place - 0.25) / 0.22) ** 2)) * (side < 0.0)
    side -= 0.012 * s * smoothstep(0.70, 1.05, place) * (side > 0.0)
    side += 0.003 * s * smoothstep(0.80, 1.05, place) * (side < 0.0)
    rise = np.full(len(side), height * (ankle[1] - floor[1]))
    # Toes spring up a little off the floor.
    rise += 0.006 * s * smoothstep(0.72, 1.05, place) * float(height < 0.6)
    return np.stack([ankle[0] + side + lean * ahead, floor[1] + rise, ankle[2] - ahead], axis=1)


def _lace(draft: Draft, plan: Plan, height: float) -> None:
    """One lace across the instep: a bowed rod of three sides."""
    s = plan.scale
    table = np.array([row[:4] for row in _SNEAKER[4:9]])[::-1]
    row = tuple(float(np.interp(height, table[:, 0], table[:, i])) for i in range(4))
    outline = _outline(plan, (row[0], row[1], row[2], row[3]))
    order = np.argsort(np.abs(np.angle(np.exp(1j * LEG_ANGLES))))[:5]
    line = outline[np.sort(order)]
    line = line[np.argsort(line[:, 0])]
    line[:, 0] = line[:, 0].mean() + (line[:, 0] - line[:, 0].mean()) * 0.92
    away = np.array([0.0, 0.78, -0.62])
    along = np.array([0.0, 0.62, 0.78])
    line = line + away * 0.0010 * s
    rows = []
    for turn in (0.5, 1.17, 1.83):
        off = 0.0036 * s * np.cos(np.pi * turn) * along + 0.0026 * s * np.sin(np.pi * turn) * away
        rows.append(draft.add(line + off, Paint.SOLE, grain=line[:, [0, 2]]))
    rings = list(np.stack(rows, axis=1))
    for first, second in pairwise(rings):
        draft.sew(first, second, closed=True)
    draft.faces(np.array([rings[0][[0, 1, 2]], rings[-1][[2, 1, 0]]]))
