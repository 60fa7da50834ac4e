"""The trunk: pelvis to neck, with an opening for an arm, one for a leg, and one for the head.

Rows of ``COLUMNS + 1`` vertices run round the right half from the front midline to the back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import Shape, capsule, smooth_union, through

COLUMNS = 20
"""Strips round half the trunk."""
_ARM_FRONT, _ARM_BACK = 7, 13
"""The columns between which the arm grows out."""
_ARM_ROWS = 4
CLOTH = 0.005
"""Metres that a garment stands off what it covers, at its hem."""


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
    """Every vertex of the trunk: they are to settle onto its shape."""
    lifts: Floats
    """How far off the shape each is to settle, metres."""
    loose: Ints
    """Those among them, near the joins, that may be smoothed."""


def trunk_shape(plan: Plan) -> Shape:
    """The clothed body without head, hands and feet; symmetric in x."""
    s, soft, girth = plan.scale, plan.traits.softness, plan.traits.girth
    arm, hip = plan.at("rightUpperArm"), plan.at("rightUpperLeg")
    breadth = arm[0] / (0.160 * s)

    def between(broad: float, slim: float) -> float:
        return broad + (slim - broad) * soft

    y = {bone: plan.at(bone)[1] for bone in ("hips", "spine", "chest", "upperChest", "neck")}
    # height; half width; depth before and behind the spine's line; that line.
    rows = [
        (hip[1] - 0.12 * s, 0.155, 0.086, 0.088, hip[2]),
        (hip[1] - 0.02 * s, between(0.157, 0.174), 0.098, between(0.106, 0.114), hip[2]),
        (y["hips"] + 0.04 * s, between(0.154, 0.162), 0.102, 0.102, plan.at("hips")[2]),
        (y["spine"] + 0.02 * s, between(0.150, 0.138), between(0.104, 0.096), 0.090, 0.004 * s),
        (y["chest"] - 0.02 * s, between(0.151, 0.134), between(0.106, 0.097), 0.092, 0.010 * s),
        (y["chest"] + 0.07 * s, between(0.163, 0.144), between(0.113, 0.121), 0.100, 0.014 * s),
        (
            y["upperChest"] + 0.02 * s,
            between(0.168, 0.148),
            between(0.106, 0.104),
            0.102,
            0.018 * s,
        ),
        (arm[1] - 0.01 * s, 0.148, 0.086, 0.094, 0.020 * s),
        (arm[1] + 0.030 * s, 0.106, 0.066, 0.078, 0.024 * s),
        (y["neck"] + 0.015 * s, between(0.063, 0.055), 0.058, 0.062, 0.024 * s),
        (y["neck"] + 0.060 * s, between(0.056, 0.049), 0.055, 0.054, 0.020 * s),
        (y["neck"] + 0.110 * s, between(0.055, 0.048), 0.055, 0.052, 0.018 * s),
    ]
    table = np.array(rows)
    # Bones of unusual lengths may bring the heights out of order: each stays above the last.
    least = 0.012 * s * np.arange(len(table))
    knots = np.maximum.accumulate(table[:, 0] - least) + least
    values = table[:, 1:].copy()
    upper = np.clip((knots - y["chest"]) / (arm[1] - y["chest"]), 0.0, 1.0) * (knots < y["neck"])
    values[:, 0] *= 1.0 + (breadth - 1.0) * upper
    values[:, :3] *= s
    values[knots < arm[1] - 0.02 * s, :3] *= girth
    crotch = hip[1] - 0.098 * s
    elbow, wrist = plan.at("rightLowerArm"), plan.at("rightHand")
    knee, ankle = plan.at("rightLowerLeg"), plan.at("rightFoot")

    def shape(points: Floats) -> Floats:
        p = points.copy()
        p[:, 0] = np.abs(p[:, 0])
        wide, front, back, line = through(knots, values, p[:, 1]).T
        wide, front, back = (np.maximum(half, 0.03 * s) for half in (wide, front, back))
        depth = np.where(p[:, 2] < line, front, back)
        power = 2.3
        ratio = ((p[:, 0] / wide) ** power + (np.abs(p[:, 2] - line) / depth) ** power + 1e-12) ** (
            1.0 / power
        )
        d = (ratio - 1.0) * np.minimum(wide, depth)
        # The trunk ends at the crotch; below it are the legs alone.
        d = -smooth_union(-d, p[:, 1] - crotch, 0.03 * s)
        # From the root of the neck to the shoulder's point.
        d = smooth_union(
            d,
            capsule(
                p,
                (0.028 * s, y["neck"] - 0.030 * s, 0.032 * s),
                arm + np.array([-0.022, 0.002, 0.0]) * s,
                0.034 * s,
                0.046 * s,
            ),
            0.035 * s,
        )
        d = smooth_union(
            d, capsule(p, arm, elbow, ARM_RADIUS * s * girth, 0.042 * s * girth), 0.030 * s
        )
        d = smooth_union(
            d,
            capsule(p, hip, knee, between(0.081, 0.088) * s * girth, 0.062 * s * girth),
            0.030 * s,
        )
        d = np.minimum(d, capsule(p, elbow, wrist, 0.042 * s * girth, 0.028 * s * girth))
        return np.minimum(d, capsule(p, knee, ankle, 0.062 * s * girth, 0.054 * s * girth))

    return shape


ARM_RADIUS = 0.051
"""Of the clothed upper arm at the shoulder's joint, metres on a body of 1.70 m."""


def _ring(angles: Floats, wide: float, front: float, back: float, line: float) -> Floats:
    """``(21, 2)`` across and z of half an ellipse, from the front to the back."""
    depth = np.where(np.cos(angles) > 0.0, front, back)
    return np.stack([wide * np.sin(angles), line - depth * np.cos(angles)], axis=1)


def build_trunk(draft: Draft, plan: Plan) -> Openings:
    """Draft the trunk roughly; ``join`` then settles it onto its shape."""
    s, girth = plan.scale, plan.traits.girth
    angles = np.linspace(0.0, np.pi, COLUMNS + 1)
    arm, hip, neck = plan.at("rightUpperArm"), plan.at("rightUpperLeg"), plan.at("neck")
    rows: list[Ints] = []
    lifts: list[Floats] = []

    def add(points: Floats, paint: Paint, lift: float = 0.0, *, armhole: bool = False) -> None:
        points[[0, -1], 0] = 0.0
        keep = np.ones(COLUMNS + 1, dtype=bool)
        if armhole:
            keep[_ARM_FRONT + 1 : _ARM_BACK] = False
        row = np.full(COLUMNS + 1, -1)
        row[keep] = draft.add(points[keep], paint)
        rows.append(row)
        lifts.append(np.full(int(keep.sum()), lift * s))

    def level(height: float, paint: Paint, lift: float = 0.0) -> None:
        flat = _ring(angles, 0.15 * s * girth, 0.10 * s * girth, 0.10 * s * girth, 0.01 * s)
        add(np.stack([flat[:, 0], np.full(len(flat), height), flat[:, 1]], axis=1), paint, lift)

    hem = hip[1] - 0.040 * s
    level(hip[1] - 0.070 * s, Paint.TROUSERS)
    level(hem - 0.002 * s, Paint.TROUSERS)
    level(hem, Paint.TRIM, CLOTH)
    level(hem + 0.022 * s, Paint.TRIM, CLOTH)
    level(hem + 0.025 * s, Paint.SHIRT, 1.3 * CLOTH)
    armpit = arm[1] - 0.072 * s
    for height in np.linspace(hem + 0.065 * s, armpit, 8)[:-1]:
        level(float(height), Paint.SHIRT)

    # Three guides, between which the rows of the armhole and the shoulders lie.
    def guide(wide: float, depth: float, line: float, heights: tuple[float, ...]) -> Floats:
        flat = _ring(angles, wide, depth, depth, line)
        front, side, back = heights
        ends = np.where(np.cos(angles) > 0.0, front, back)
        level = ends + (side - ends) * np.sin(angles) ** 2
        return np.stack([flat[:, 0], level, flat[:, 1]], axis=1)

    over = arm[1] + 0.046 * s
    at_armpit = guide(arm[0], 0.11 * s, 0.02 * s, (armpit,) * 3)
    at_top = guide(
        arm[0] - 0.028 * s, 0.085 * s, 0.022 * s, (over - 0.03 * s, over, over - 0.005 * s)
    )
    collar = (neck[1] - 0.012 * s, neck[1] + 0.012 * s, neck[1] + 0.024 * s)
    at_collar = guide(0.060 * s, 0.060 * s, 0.024 * s, collar)
    armhole = len(rows)
    for step in range(_ARM_ROWS + 1):
        part = at_armpit + (at_top - at_armpit) * (step / _ARM_ROWS)
        add(part, Paint.SHIRT, armhole=0 < step < _ARM_ROWS)
    for t in (0.33, 0.66):
        add(at_top + (at_collar - at_top) * t, Paint.SHIRT)
    rise = np.array([0.0, 0.001 * s, 0.0])
    add(at_collar - 18 * rise, Paint.SHIRT)
    add(at_collar - 16 * rise, Paint.TRIM, CLOTH)
    add(at_collar, Paint.TRIM, CLOTH)
    add(at_collar + 0.5 * rise, Paint.SKIN)
    for i in range(len(rows) - 1):
        if armhole <= i < armhole + _ARM_ROWS:
            draft.sew(rows[i][: _ARM_FRONT + 1], rows[i + 1][: _ARM_FRONT + 1])
            draft.sew(rows[i][_ARM_BACK:], rows[i + 1][_ARM_BACK:])
        else:
            draft.sew(rows[i], rows[i + 1])

    crotch = np.zeros((3, 3))
    crotch[:, 1] = hip[1] - np.array([0.096, 0.108, 0.098]) * s
    crotch[:, 2] = np.array([0.05, 0.008, -0.04]) * s
    seam = draft.add(crotch, Paint.TROUSERS)
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
    return Openings(
        armhole=np.array(rim),
        leg=np.concatenate([rows[0], seam]),
        neck=rows[-1],
        settled=np.concatenate([*(row[row >= 0] for row in rows), seam]),
        lifts=np.concatenate([*lifts, np.zeros(3)]),
        loose=np.concatenate(
            [rows[0][1:-1], *(row[row >= 0] for row in rows[armhole - 1 : armhole + 7])]
        ),
    )
