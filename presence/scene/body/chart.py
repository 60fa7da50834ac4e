"""A flat chart of the head, in which its skin is triangulated between the loops of its features.

Stereographic, from the neck's direction: the crown is the chart's middle, the neck its rim and the
midline a straight line. It keeps angles, so a Delaunay triangulation of the chart is one of the
head (its circles are the sphere's circles).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from presence.pose.arrays import Floats, Ints
from presence.scene.body.skull import CENTRE

_POLE: Floats = np.array([0.0, -1.0, -0.30]) / np.hypot(1.0, 0.30)
_ALONG: Floats = np.array([0.0, -_POLE[2], _POLE[1]])


def to_chart(points: Floats) -> Floats:
    """``(N, 2)`` where points ``(N, 3)`` in head units lie in the chart."""
    rays = points - CENTRE
    rays = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    scale = 1.0 / (1.0 - rays @ _POLE)
    return np.stack([rays[:, 0] * scale, (rays @ _ALONG) * scale], axis=1)


def inside(polygon: Floats, points: Floats) -> NDArray[np.bool_]:
    """``(N,)`` which points ``(N, 2)`` a closed polygon ``(P, 2)`` holds (even–odd)."""
    a, b = polygon, np.roll(polygon, -1, axis=0)
    y = points[:, 1, None]
    straddles = (a[:, 1] > y) != (b[:, 1] > y)
    rise = np.where(b[:, 1] == a[:, 1], 1.0, b[:, 1] - a[:, 1])
    crossing = a[:, 0] + (y - a[:, 1]) / rise * (b[:, 0] - a[:, 0])
    hits = straddles & (points[:, 0, None] < crossing)
    odd: NDArray[np.bool_] = hits.sum(axis=1) % 2 == 1
    return odd


def scatter() -> Floats:
    """``(N, 3)`` unit rays over the right half: dense about the nose, sparse at the back."""
    pole = np.array([0.0, -0.16, 1.0]) / np.hypot(0.16, 1.0)
    across = np.array([1.0, 0.0, 0.0])
    up = np.array([0.0, pole[2], -pole[1]])
    rays = [pole[None]]
    angle, row = 0.0, 0
    while True:
        spacing = 0.046 if angle < 0.42 else min(0.046 + 0.12 * (angle - 0.42), 0.15)
        angle += spacing * 0.9
        if angle > 3.05:
            return np.concatenate([*rays, -pole[None]])
        row += 1
        count = max(3, round(np.pi * np.sin(angle) / spacing))
        # Both ends lie on the midline, so that the halves meet there.
        turn = np.linspace(0.0, np.pi, count + 1)
        ring = (
            np.cos(angle) * pole
            + np.sin(angle) * np.cos(turn)[:, None] * up
            + np.sin(angle) * np.sin(turn)[:, None] * across
        )
        ring[[0, -1], 0] = 0.0
        rays.append(ring)


def fill(rim: Floats, loops: Sequence[Floats]) -> Floats:
    """``(N, 3)`` rays between the loops ``(L, 3)`` and inside the neck's rim ``(R, 3)``."""
    rays = scatter()
    points = to_chart(CENTRE + rays)
    keep = inside(to_chart(rim), points)
    for loop in [rim, *loops]:
        flat = to_chart(loop)
        gaps = np.linalg.norm(np.diff(flat, axis=0), axis=1)
        gaps = np.maximum(np.append(gaps, gaps[-1]), np.append(gaps[0], gaps))
        distance = np.linalg.norm(points[:, None] - flat[None], axis=-1)
        keep &= ~np.any(distance < 0.72 * gaps, axis=1)
        if loop is not rim:
            keep &= ~inside(flat, points)
    return rays[keep]


def triangulate(points: Floats, rim: Ints, loops: Sequence[Ints]) -> Ints:
    """Triangles ``(T, 3)`` over ``points (N, 3)`` on the head, within the rim, outside the loops.

    They are anticlockwise seen from outside, once head units have become metres: the head's own
    axes are left-handed.
    """
    flat = to_chart(points)
    triangles: Ints = Delaunay(flat).simplices.astype(np.int64)
    middles = flat[triangles].mean(axis=1)
    keep = inside(flat[rim], middles)
    for loop in loops:
        keep &= ~inside(flat[loop], middles)
    triangles = triangles[keep]
    a, b, c = (points[triangles[:, i]] for i in range(3))
    wrong = np.sum(np.cross(b - a, c - a) * (a - CENTRE), axis=1) > 0.0
    triangles[wrong] = triangles[wrong][:, ::-1]
    return triangles
