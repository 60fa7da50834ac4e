"""Shapes as distance functions, and moving points onto them.

A shape is a function from points ``(N, 3)`` to (nearly) their distances ``(N,)``, negative inside.
Formulas after Inigo Quilez, "Distance functions" and "Smooth minimum"
(https://iquilezles.org/articles/distfunctions/, https://iquilezles.org/articles/smin/).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from presence.pose.arrays import Floats

Shape = Callable[[Floats], Floats]

# The four corners of a tetrahedron: their weighted sum is the gradient, at four evaluations.
_CORNERS: Floats = np.array([[1.0, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]])


def _length(vectors: Floats) -> Floats:
    """``(N,)`` the lengths of ``(N, 3)``; sums over short rows are slow."""
    length: Floats = np.sqrt(np.einsum("ni,ni->n", vectors, vectors))
    return length


def ellipsoid(points: Floats, centre: tuple[float, ...], radii: tuple[float, ...]) -> Floats:
    """The distance to an ellipsoid (a bound, exact on its surface)."""
    scaled = (points - np.asarray(centre)) / np.asarray(radii)
    near = _length(scaled)
    slope = _length(scaled / np.asarray(radii))
    distance: Floats = near * (near - 1.0) / np.maximum(slope, 1e-9)
    return distance


def capsule(
    points: Floats,
    start: Floats | tuple[float, ...],
    end: Floats | tuple[float, ...],
    start_radius: float,
    end_radius: float,
) -> Floats:
    """The distance to a capsule whose radius changes evenly from one end to the other."""
    a = np.asarray(start, dtype=np.float64)
    along = np.asarray(end, dtype=np.float64) - a
    t = np.clip((points - a) @ along / float(along @ along), 0.0, 1.0)
    gap = points - a - t[:, None] * along
    distance: Floats = _length(gap) - (start_radius + (end_radius - start_radius) * t)
    return distance


def smooth_union(a: Floats, b: Floats, width: float) -> Floats:
    """The nearer of two distances, blended where they differ by less than ``width``."""
    h = np.clip(0.5 + 0.5 * (b - a) / width, 0.0, 1.0)
    return b + (a - b) * h - width * h * (1.0 - h)


def smooth_carve(a: Floats, b: Floats, width: float) -> Floats:
    """Shape ``a`` with shape ``b`` taken away, the edge rounded by ``width``."""
    return -smooth_union(-a, b, width)


def gradient(shape: Shape, points: Floats, step: float) -> Floats:
    """``(N, 3)`` the gradient of a shape, from differences over ``step``."""
    spread = (points[None] + step * _CORNERS[:, None]).reshape(-1, 3)
    values = shape(spread).reshape(4, -1)
    return values.T @ _CORNERS / (4.0 * step)


def settle(
    shape: Shape, points: Floats, lift: Floats | float = 0.0, *, step: float = 1e-3, rounds: int = 4
) -> Floats:
    """Points moved to the nearest place where the shape's distance is ``lift``, by Newton steps."""
    for _ in range(rounds):
        slope = gradient(shape, points, step)
        steepness = np.maximum(np.sum(slope**2, axis=-1), 1e-6)
        points = points - ((shape(points) - lift) / steepness)[:, None] * slope
    return points


def cast(shape: Shape, origins: Floats, directions: Floats, reach: float) -> Floats:
    """Where rays that come in from ``reach`` towards ``origins`` meet the shape first, ``(N, 3)``.

    Sphere tracing, backwards along unit ``directions``; where the shape is met at a slant its
    distance falls more slowly than the way there, and the steps grow by what the last one showed.
    """
    distance = np.full(len(directions), reach)
    away = shape(origins + directions * distance[:, None])
    slope = np.full(len(directions), _STEEPEST)
    for _ in range(48):
        step = away / slope
        distance -= step
        if np.abs(step).max() < _ARRIVED:
            break
        before, away = away, shape(origins + directions * distance[:, None])
        moved = np.abs(step) > _ARRIVED
        fallen = (before - away) / np.where(moved, step, 1.0)
        slope = np.where(moved, np.clip(fallen, _LEAST_SLOPE, _STEEPEST), slope)
    hits: Floats = origins + directions * distance[:, None]
    return hits


_LEAST_SLOPE, _STEEPEST = 0.6, 1.6
"""The slopes between which a ray is believed; a lesser one would let it jump over a nose's wing."""
_ARRIVED = 1e-6
"""Rays that all move less in a step have arrived."""


def smoothstep(low: float, high: float, x: Floats | float) -> Floats:
    """0 below ``low``, 1 above ``high``, a smooth S between; of the shape of ``x``."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    eased: Floats = t * t * (3.0 - 2.0 * t)
    return eased


def through(knots: Floats, values: Floats, x: Floats) -> Floats:
    """A smooth curve through ``values (K, ...)`` at rising ``knots (K,)``, at places ``x (N,)``.

    Cubic Hermite with Catmull–Rom slopes; held level outside the knots.
    """
    slopes = np.gradient(values, knots, axis=0)
    x = np.clip(x, knots[0], knots[-1])
    i = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)
    width = (knots[i + 1] - knots[i]).reshape(-1, *[1] * (values.ndim - 1))
    t = (x - knots[i]).reshape(width.shape) / width
    curve: Floats = (
        values[i] * (1 + 2 * t) * (1 - t) ** 2
        + values[i + 1] * t**2 * (3 - 2 * t)
        + width * (slopes[i] * t * (1 - t) ** 2 - slopes[i + 1] * t**2 * (1 - t))
    )
    return curve
