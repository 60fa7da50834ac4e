"""The trunk: pelvis to neck, with an opening for an arm, one for a leg, and one for the head.

Rows of ``COLUMNS + 1`` vertices run round the right half from the front midline to the back. They
follow the surface from the legs upwards, in and out of every hem: what a garment covers deeper
than its turned-in hem does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.garments import HEM, TUCK, top_cut, tucked
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import Shape, settle, smoothstep
from presence.scene.body.traits import Bottom, Top
from presence.scene.body.weights import skirt_weights

COLUMNS = 20
"""Strips round half the trunk."""
_ARM_FRONT, _ARM_BACK = 7, 13
"""The columns between which the arm grows out."""
_ARM_ROWS = 4
_TORSO_ROWS = 8
ANGLES: Floats = np.linspace(0.0, np.pi, COLUMNS + 1)
"""Of the columns, from the front to the back."""


@dataclass(frozen=True, slots=True, eq=False)
class Openings:
    """The rims of the trunk's openings, and what is to settle onto its shape."""

    armhole: Ints
    """``(20,)`` from the front, over the top."""
    leg: Ints
    """``(24,)`` from the front midline, round the outside, back along the crotch."""
    neck: Ints
    """``(21,)`` from the front midline to the back."""
    settled: Ints
    """Every vertex of the trunk that is to settle onto its shape."""
    lifts: Floats
    """How far off the shape each is to settle, metres."""
    loose: Ints
    """Those among them, near the joins, that may be smoothed."""
    rows: tuple[Ints, ...]
    """Every row ``(21,)`` from the legs to the neck, −1 where the arm is."""
    plain: int
    """The first row of the top's outside above hem or waistband."""
    band: Ints
    """``(21,)`` where the garment's band about the neck starts."""
    band_up: Floats
    """``(21, 3)`` unit: from there along the band."""
    band_out: Floats
    """``(21, 3)`` unit: from there off the band."""


class _Rows:
    """The rows of the trunk so far, from the legs upwards along the surface."""

    def __init__(self, draft: Draft, plan: Plan, shape: Shape) -> None:
        self.draft, self.plan, self.shape = draft, plan, shape
        self.rows: list[Ints] = []
        self.settled: list[Ints] = []
        self.lifts: list[Floats] = []

    def add(
        self, points: Floats, paint: Paint, lift: Floats | float = 0.0, *, armhole: bool = False
    ) -> None:
        """A row that will settle ``lift`` metres (of a body of 1.70 m) off the shape."""
        points[[0, -1], 0] = 0.0
        keep = np.ones(COLUMNS + 1, dtype=bool)
        if armhole:
            keep[_ARM_FRONT + 1 : _ARM_BACK] = False
        row = np.full(COLUMNS + 1, -1)
        row[keep] = self.draft.add(points[keep], paint)
        self.rows.append(row)
        self.settled.append(row[keep])
        self.lifts.append(np.broadcast_to(lift, COLUMNS + 1)[keep] * self.plan.scale)

    def level(
        self, height: float | tuple[float, float, float], paint: Paint, lift: Floats | float = 0.0
    ) -> None:
        """A row at one height, or at three: in front, at the side, behind."""
        s = self.plan.scale
        flat = ring(0.15 * s, 0.10 * s, 0.010 * s)
        heights = curve(*((height,) * 3 if isinstance(height, float) else height))
        self.add(np.stack([flat[:, 0], heights, flat[:, 1]], axis=1), paint, lift)

    def hang(self, base: Floats, out: Floats, height: float, paint: Paint) -> None:
        """A row that hangs free at ``height``, ``out (21,)`` metres beyond a ring on the body."""
        around = base[:, [0, 2]] - np.array([0.0, base[:, 2].mean()])
        around = around / np.linalg.norm(around, axis=1, keepdims=True)
        points = base.copy()
        points[:, [0, 2]] += around * out[:, None]
        points[:, 1] = height
        points[[0, -1], 0] = 0.0
        self.rows.append(self.draft.add(points, paint, skirt_weights(points, self.plan)))


def ring(wide: float, deep: float, line: float) -> Floats:
    """``(21, 2)`` across and z of half an ellipse, from the front to the back."""
    return np.stack([wide * np.sin(ANGLES), line - deep * np.cos(ANGLES)], axis=1)


def curve(front: float, side: float, back: float) -> Floats:
    """``(21,)`` heights that go smoothly from the front over the side to the back."""
    ends: Floats = np.where(np.cos(ANGLES) > 0.0, front, back)
    heights: Floats = ends + (side - ends) * np.sin(ANGLES) ** 2
    return heights


def build_trunk(draft: Draft, plan: Plan, shape: Shape) -> Openings:
    """Draft the trunk roughly; ``join`` then settles it onto ``shape``."""
    s, t, cut = plan.scale, plan.traits, top_cut(plan.traits)
    arm, neck = plan.at("rightUpperArm"), plan.at("neck")
    rows = _Rows(draft, plan, shape)
    armpit = arm[1] - 0.072 * s
    start = _lower_half(rows)
    plain = len(rows.rows) - 1
    # A little slack lies in soft folds above the hem or waistband.
    heights = np.linspace(start, armpit, _TORSO_ROWS + 1)[:-1]
    for i, height in enumerate(heights):
        slack = (1.0 - i / _TORSO_ROWS) ** 2
        waves = np.cos(ANGLES * 6.0 + 1.1 * i) * np.sin(ANGLES) ** 2
        bulge = 0.7 if cut.ribbed or tucked(t) else 0.15
        lift = cut.ease * (1.0 + bulge * slack) + (0.25 + slack) * cut.folds * waves
        rows.level(float(height), Paint.SHIRT, lift)

    # Three guides, between which the rows of the armhole and the shoulders lie.
    def guide(wide: float, depth: float, line: float, levels: tuple[float, ...]) -> Floats:
        flat = ring(wide, depth, line)
        return np.stack([flat[:, 0], curve(*levels), flat[:, 1]], axis=1)

    over = arm[1] + 0.036 * s
    at_armpit = guide(arm[0], 0.11 * s, 0.02 * s, (armpit,) * 3)
    at_top = guide(
        arm[0] - 0.030 * s, 0.085 * s, 0.022 * s, (over - 0.022 * s, over, over - 0.002 * s)
    )
    low = 0.022 if t.top in (Top.TSHIRT, Top.TUNIC) else 0.012
    collar = (neck[1] - low * s, neck[1] + 0.014 * s, neck[1] + 0.022 * s)
    at_collar = guide(0.060 * s, 0.060 * s, 0.024 * s, collar)
    armhole = len(rows.rows)
    for step in range(_ARM_ROWS + 1):
        part = at_armpit + (at_top - at_armpit) * (step / _ARM_ROWS)
        rows.add(part, Paint.SHIRT, cut.ease, armhole=0 < step < _ARM_ROWS)
    for share in (0.30, 0.60):
        rows.add(at_top + (at_collar - at_top) * share, Paint.SHIRT, cut.ease)
    band = len(rows.rows)
    up, out = _neckband(rows, at_collar)
    armhole_rim, leg = _sewn(rows, armhole)
    return Openings(
        armhole=armhole_rim,
        leg=leg,
        neck=rows.rows[-1],
        settled=np.concatenate([*rows.settled, leg[-3:]]),
        lifts=np.concatenate([*rows.lifts, np.zeros(3)]),
        loose=np.concatenate(
            [
                rows.rows[0][1:-1],
                *(row[row >= 0] for row in rows.rows[armhole - 1 : armhole + 7]),
            ]
        ),
        rows=tuple(rows.rows),
        plain=plain,
        band=rows.rows[band],
        band_up=up,
        band_out=out,
    )


def _sewn(made: _Rows, armhole: int) -> tuple[Ints, Ints]:
    """Sew the trunk's rows to each other; the rims of the openings for arm and leg."""
    draft, rows, s = made.draft, made.rows, made.plan.scale
    for i in range(len(rows) - 1):
        if armhole <= i < armhole + _ARM_ROWS:
            draft.sew(rows[i][: _ARM_FRONT + 1], rows[i + 1][: _ARM_FRONT + 1])
            draft.sew(rows[i][_ARM_BACK:], rows[i + 1][_ARM_BACK:])
        else:
            draft.sew(rows[i], rows[i + 1])
    hip = made.plan.at("rightUpperLeg")
    crotch = np.zeros((3, 3))
    crotch[:, 1] = hip[1] - np.array([0.096, 0.108, 0.098]) * s
    crotch[:, 2] = np.array([0.05, 0.008, -0.04]) * s
    seam = draft.add(crotch, Paint(draft.paints[rows[0][0]]))
    front = [rows[armhole + i][_ARM_FRONT] for i in range(_ARM_ROWS + 1)]
    back = [rows[armhole + i][_ARM_BACK] for i in range(_ARM_ROWS + 1)]
    middle = _ARM_ROWS // 2
    inner = slice(_ARM_FRONT + 1, _ARM_BACK)
    rim = [
        *front[middle:],
        *rows[armhole + _ARM_ROWS][inner],
        *back[::-1],
        *rows[armhole][inner][::-1],
        *front[:middle],
    ]
    return np.array(rim), np.concatenate([rows[0], seam])


def _neckband(rows: _Rows, rough: Floats) -> tuple[Floats, Floats]:
    """The garment's band about the neck, turned in, and the skin that comes out of it.

    ``rough (21, 3)`` is where it starts. From there it stands towards the neck, which on the
    shoulders is across and in front is up: both directions are returned, along the band and off it.
    """
    plan, cut, t = rows.plan, top_cut(rows.plan.traits), rows.plan.traits
    s, draft = plan.scale, rows.draft
    base = settle(rows.shape, rough, cut.ease * s, rounds=8)
    base[[0, -1], 0] = 0.0
    around = ring(0.055 * s, 0.055 * s, 0.022 * s)
    high = float(plan.at("neck")[1]) + 0.065 * s
    neck = np.stack([around[:, 0], np.full(len(around), high), around[:, 1]], axis=1)
    neck = settle(rows.shape, neck, 0.0, rounds=8)
    up = neck - base
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    out = base - np.array([0.0, 0.0, 0.022 * s])
    out[:, 1] = 0.4 * np.linalg.norm(out[:, [0, 2]], axis=1)
    out -= np.sum(out * up, axis=1, keepdims=True) * up
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    knitted = t.top in (Top.TSHIRT, Top.SWEATER, Top.TUNIC)
    band = Paint.TRIM if knitted else Paint.SHIRT
    thick = 0.0030 if t.top is Top.SWEATER else 0.0012
    tall = cut.neckband
    profile = [  # how far along the band, how far off the cloth below it
        (-0.002, 0.0, Paint.SHIRT),
        (0.0, 0.5 * thick, band),
        (0.5 * tall, thick, band),
        (tall, 0.5 * thick, band),
        (tall + 0.001, 0.5 * thick - 0.0025, band),
        (tall - 0.010, -cut.ease - 0.001, Paint.SKIN),
        (tall + 0.010, -0.6 * cut.ease, Paint.SKIN),
    ]
    for along, off, paint in profile:
        points = base + s * (along * up + off * out)
        points[[0, -1], 0] = 0.0
        rows.rows.append(draft.add(points, paint))
    return up, out


def _lower_half(rows: _Rows) -> float:
    """Seat, skirt, waistband and the top's hem; returns where the plain cloth above begins."""
    plan, cut, t = rows.plan, top_cut(rows.plan.traits), rows.plan.traits
    s, hip = plan.scale, float(plan.at("rightUpperLeg")[1])
    skirt = t.bottom is Bottom.SKIRT
    legs, lift = (Paint.HOSE, -0.007) if skirt else (Paint.TROUSERS, 0.0)
    rows.level(hip - 0.072 * s, legs)
    rows.level(hip - 0.046 * s, legs, lift)
    at = hip - 0.015 * s
    if skirt:
        rows.level(at, legs, lift)
        knee = float(plan.at("rightLowerLeg")[1])
        _curtain(
            rows, at, max(hip - knee - 0.055 * s, 0.1 * s), 0.095, 0.0080, 0.006, Paint.TROUSERS
        )
        rows.level(at + 0.012 * s, Paint.TROUSERS, 0.0080)
    waist = float(plan.at("spine")[1]) - 0.012 * s
    if tucked(t):
        band = Paint.TROUSERS if skirt else Paint.SHOE
        low = waist - 0.030 * s
        for height in np.linspace(at, low, 3 if skirt else 4)[(1 if skirt else 0) :]:
            rows.level(float(height), Paint.TROUSERS, 0.002)
        rows.level(low, band, 0.0045)
        rows.level(waist, band, 0.0050)
        rows.level(waist + 0.001 * s, band, 0.0015)
        rows.level(waist - 0.008 * s, Paint.SHIRT, 0.0010)
        rows.level(waist + 0.006 * s, Paint.SHIRT, 0.0060)
        return waist + 0.022 * s
    if t.top is Top.TUNIC:
        cover = at + (0.030 if skirt else 0.008) * s
        rows.level(cover, Paint.TROUSERS, 0.004 if skirt else 0.0)
        ease = 0.011 if skirt else cut.ease + 0.002
        _curtain(rows, cover, cover - (hip - cut.hem * s), 0.13, ease, 0.005, Paint.SHIRT)
        rows.level(cover + 0.012 * s, Paint.SHIRT, ease)
        return cover + 0.045 * s
    # A shirt's tails are longer than its sides.
    drop = 0.022 * s if t.top is Top.SHIRT else 0.0
    hem = max(hip - cut.hem * s, hip - 0.060 * s) + (0.020 * s if skirt else 0.0)
    inside = 0.0050 if skirt else 0.0
    rows.level(hem + TUCK * s, Paint.TROUSERS, inside)
    edge = (hem - 0.3 * drop, hem + drop, hem - 0.5 * drop)
    band = Paint.TRIM if cut.ribbed else Paint.SHIRT
    out = inside + max(cut.ease * (0.6 if cut.ribbed else 1.0), 0.0045)
    rows.level(edge, band, out)
    rows.level(edge, band, out + HEM)
    if cut.ribbed:
        rows.level(hem + 0.046 * s, band, out + HEM - 0.001)
        rows.level(hem + 0.058 * s, Paint.SHIRT, out + HEM - 0.0005)
        return hem + 0.078 * s
    high = (edge[0] + 0.016 * s, edge[1] + 0.016 * s, edge[2] + 0.016 * s)
    rows.level(high, Paint.SHIRT, out + 0.6 * HEM)
    return hem + drop + 0.042 * s


def _curtain(
    rows: _Rows, top: float, length: float, flare: float, ease: float, folds: float, paint: Paint
) -> None:
    """Cloth that hangs about both legs from ``top``: up its inside is down, then its outside up.

    ``flare`` is how much it widens for its length; ``folds`` how deep its folds are at the hem,
    metres on a body of 1.70 m.
    """
    s = rows.plan.scale
    flat = ring(0.17 * s, 0.11 * s, 0.0)
    rough = np.stack([flat[:, 0], np.full(len(flat), top), flat[:, 1]], axis=1)
    base = settle(rows.shape, rough, ease * s, rounds=8)
    base[:, 1] = top
    steps = np.array([0.12, 0.34, 0.56, 0.78, 1.0])
    # In front and behind it is drawn smooth between the striding legs.
    ripple = np.cos(9.0 * ANGLES + 0.6) * np.sin(ANGLES)

    def hang(step: float, off: float) -> None:
        depth = float(smoothstep(-0.2, 1.0, step)) * folds * s
        out = flare * length * step**1.25 * (0.30 + 0.70 * np.sin(ANGLES) ** 2) + depth * ripple
        rows.hang(base, out + off * s, top - length * step, paint)

    for step in steps:
        hang(float(step), -HEM)
    for step in steps[::-1]:
        hang(float(step), 0.0)
