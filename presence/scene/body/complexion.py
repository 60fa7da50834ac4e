"""Skin: blood, freckles, stubble and the lines that the years draw.

Points are in head units (see ``skull``), across counted from the middle, so both sides match.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.noise import fractal, noise
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep
from presence.scene.body.skull import MOUTH_HEIGHT
from presence.scene.body.traits import Beard

# Where blood shows: middle, radii, how much.
_FLUSHED = (
    ((4.1, -3.3, 0.2), (2.1, 1.5, 2.6), 0.62),
    ((0.0, -3.6, 3.3), (1.3, 1.0, 1.3), 0.42),
    ((7.6, -1.4, -8.6), (1.6, 2.8, 2.2), 0.50),
    ((0.0, -9.6, 0.8), (1.5, 0.9, 1.5), 0.22),
    ((3.3, 0.9, 1.0), (1.9, 0.8, 1.8), 0.16),
)
_OUTER_CORNER = 1.62
"""Head units from the eye's middle to its outer corner."""


def paint_skin(points: Floats, plan: Plan, blood: Floats) -> Floats:
    """``(N, 3)`` sRGB of skin at ``points (N, 3)``, head units.

    ``blood (N,)`` is how much more shows where the body is not face: fingertips, elbows.
    """
    t = plan.traits
    p = points.copy()
    p[:, 0] = np.abs(p[:, 0])
    skin = np.broadcast_to(t.skin, p.shape).copy()
    fair = float(np.clip((t.skin.mean() - 0.30) / 0.45, 0.0, 1.0))

    flush = 0.5 * blood
    for middle, radii, strength in _FLUSHED:
        gap = (p - np.array(middle)) / np.array(radii)
        flush += strength * np.exp(-np.sum(gap**2, axis=1))
    flush *= 1.0 + 0.25 * t.youth
    # On dark skin blood shows as warmth rather than pink.
    reddened = np.array([0.0, 0.155, 0.125]) * fair + np.array([-0.05, 0.055, 0.075]) * (1.0 - fair)
    skin *= 1.0 - flush[:, None] * reddened
    mottled = fractal(points, 2.4, 3)
    skin *= 1.0 + 0.016 * mottled[:, None] * np.array([0.6, 1.0, 1.1])

    front = smoothstep(-5.0, -2.0, p[:, 2])
    skin = _freckled(skin, points, p, plan, fair, front)
    skin = _shadowed(skin, p, plan)
    lines = _lines(p, plan) * front
    skin *= 1.0 - lines[:, None] * np.array([0.17, 0.24, 0.24])
    shown: Floats = np.clip(skin, 0.0, 1.0)
    return shown


def _freckled(
    skin: Floats, points: Floats, p: Floats, plan: Plan, fair: float, front: Floats
) -> Floats:
    t = plan.traits
    spots = np.zeros(len(p))
    if t.freckles > 0.0:
        gap = (p - np.array([2.2, -2.6, 1.2])) / np.array([2.9, 1.7, 3.5])
        where = np.exp(-np.sum(gap**2, axis=1)) * front * t.freckles
        spots += 0.55 * where * smoothstep(0.30, 0.62, noise(points, 0.34, 2))
        spots += 0.4 * where * smoothstep(0.42, 0.7, noise(points, 0.23, 4))
    if t.wear > 0.3:
        # The sun's marks of many years.
        aged = smoothstep(0.55, 0.75, noise(points, 0.75, 6)) * smoothstep(0.3, 0.9, t.wear)
        spots += 0.13 * aged * (1.0 - front * smoothstep(2.5, 0.0, np.abs(p[:, 0] - 3.0)))
    dark = np.array([0.22, 0.36, 0.42]) * (0.6 + 0.4 * fair)
    spotted: Floats = skin * (1.0 - spots[:, None] * dark)
    return spotted


def _shadowed(skin: Floats, p: Floats, plan: Plan) -> Floats:
    """Stubble, shaven cheeks, and the thinner skin about the eyes."""
    t = plan.traits
    eye = plan.eye_across
    gap = (p - np.array([eye, -1.35, 0.7])) / np.array([1.7, 0.75, 2.0])
    under = np.exp(-np.sum(gap**2, axis=1)) * (0.03 + 0.17 * t.wear)
    lid = np.exp(-np.sum(((p - np.array([eye, 0.9, 1.0])) / np.array([1.9, 0.75, 1.8])) ** 2, 1))
    tinted = under[:, None] * np.array([0.22, 0.26, 0.18])
    tinted = tinted + 0.42 * lid[:, None] * np.array([0.10, 0.19, 0.17])
    skin = skin * (1.0 - tinted)
    shade = {Beard.STUBBLE: 0.42, Beard.NONE: 0.0}.get(t.beard, 0.30)
    if t.softness < 0.5 and t.age > 18.0 and t.beard is Beard.NONE:
        shade = 0.10
    if shade > 0.0:
        grain = 0.75 + 0.25 * noise(p, (0.11, 0.11, 0.11), 8)
        amount = shade * bearded(p) * grain
        tint = 0.5 * t.hair + 0.22 * t.skin
        skin = skin + (tint - skin) * amount[:, None]
    return skin


def bearded(p: Floats) -> Floats:
    """``(N,)`` where a beard grows, 0 to 1, at points of the right half in head units."""
    x, y, z = p.T
    edge = -3.2 - 0.55 * np.clip(4.6 - x, 0.0, 9.0)
    cheek = smoothstep(0.9, -1.5, y - np.where(x > 2.2, edge, -4.62))
    throat = smoothstep(-13.6, -11.6, y + 0.12 * (z + 2.0))
    side = smoothstep(-8.6, -7.0, z)
    lip = np.exp(-(((y - MOUTH_HEIGHT) / 0.95) ** 2) - (x / 2.3) ** 4)
    soul = np.exp(-((x / 0.5) ** 2))
    bare = np.clip(lip - 0.5 * soul * (y < MOUTH_HEIGHT), 0.0, 1.0)
    grown: Floats = np.clip(cheek * throat * side * (1.0 - bare), 0.0, 1.0)
    return grown


def _line(p: Floats, path: Floats, width: float, soft: float) -> Floats:
    """``(N,)`` a soft line along ``path (K, 2)`` over the face, tapering to its ends."""
    line = np.zeros(len(p))
    reach = 4.0 * width
    low, high = path.min(axis=0) - reach, path.max(axis=0) + reach
    near = np.flatnonzero(((p[:, :2] > low) & (p[:, :2] < high)).all(axis=1))
    flat: Floats = p[near, :2]
    best, along = np.full(len(near), 1e9), np.zeros(len(near))
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    start = np.concatenate([[0.0], np.cumsum(lengths)])
    for i, length in enumerate(lengths):
        way = (path[i + 1] - path[i]) / length
        t = np.clip((flat - path[i]) @ way, 0.0, length)
        gap = np.linalg.norm(flat - path[i] - t[:, None] * way, axis=1)
        closer = gap < best
        best = np.where(closer, gap, best)
        along = np.where(closer, start[i] + t, along)
    taper = np.sin(np.pi * np.clip(along / start[-1], 0.02, 0.98)) ** 0.6
    line[near] = np.exp(-((best / (width + soft * best)) ** 2)) * taper
    return line


def _lines(p: Floats, plan: Plan) -> Floats:
    """``(N,)`` how deep in a line of the face each point lies."""
    t = plan.traits
    worn = t.wear
    total: Floats = np.zeros(len(p))
    eye = plan.eye_across
    face = np.flatnonzero((p[:, 2] > -6.0) & (p[:, 1] > -12.0) & (p[:, 1] < 9.0))
    q: Floats = p[face]
    if not len(q):
        return total
    wing = 1.75 * t.nose_width
    corner = np.array([3.05 * t.mouth_width, MOUTH_HEIGHT - 0.1])
    deep = 0.16 + 0.84 * smoothstep(0.0, 0.7, worn)
    if t.youth < 0.5:
        path = np.array([[wing, -4.0], [2.45, -5.0], [corner[0] - 0.02, -6.0], corner])
        total[face] += 0.85 * deep * _line(q, path, 0.15, 0.05)
    if worn > 0.08:
        hinge = np.array([eye + _OUTER_CORNER, 0.15])
        for angle, length in ((0.55, 1.25), (0.12, 1.5), (-0.30, 1.45), (-0.70, 1.2)):
            way = np.array([np.cos(angle), np.sin(angle)])
            reach = np.array([0.30, 0.30 + 0.5 * length, 0.30 + length])
            ray: Floats = hinge + reach[:, None] * way - np.array([[0, 0], [0, 0.06], [0, 0]])
            total[face] += 0.75 * smoothstep(0.08, 0.6, worn) * _line(q, ray, 0.085, 0.02)
        for i, height in enumerate((4.15, 5.15, 6.1)):
            x = np.linspace(0.0, 3.5 - 0.35 * i, 6)
            path = np.stack([x, height + 0.14 * np.cos(1.9 * x + i) - 0.022 * x**2], axis=1)
            # It reaches over the midline: mirrored there, it must not taper.
            path[0, 0] = -x[-1]
            total[face] += 0.62 * smoothstep(0.15, 0.75, worn) * _line(q, path, 0.11, 0.02)
        path = np.array([[0.42, 1.3], [0.52, 2.0], [0.50, 2.7]])
        total[face] += 0.5 * smoothstep(0.2, 0.8, worn) * _line(q, path, 0.10, 0.02)
        path = np.array([[eye - 1.2, -1.45], [eye, -2.02], [eye + 1.35, -1.55]])
        total[face] += 0.6 * smoothstep(0.15, 0.8, worn) * _line(q, path, 0.14, 0.03)
        path = corner + np.array([[0.05, -0.3], [0.12, -1.1], [-0.1, -1.9]])
        total[face] += 0.32 * smoothstep(0.35, 0.95, worn) * _line(q, path, 0.13, 0.02)
    return total
