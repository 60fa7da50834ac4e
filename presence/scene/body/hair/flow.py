"""How hair runs: curves traced over the head from roots, along a field of directions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.hair.ground import outwards
from presence.scene.body.sculpt import Shape

Field = Callable[[Floats, Floats], Floats]
"""From points ``(N, 3)`` and how far along their lock they are, 0 to 1 ``(N,)``, to directions."""


def unit(vectors: Floats) -> Floats:
    """Vectors ``(..., 3)`` made one long."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    found: Floats = vectors / np.maximum(length, 1e-9)
    return found


def trace(
    shape: Shape,
    roots: Floats,
    field: Field,
    lengths: Floats,
    lifts: Floats,
    stick: Callable[[Floats], Floats] | None = None,
    bend: float = 0.65,
) -> tuple[Floats, Floats]:
    """Curves ``(N, K, 3)`` over ``shape`` and the outward normals along them.

    Args:
        shape: what they lie on.
        roots: ``(N, 3)`` where they begin, on the shape.
        field: where they want to go.
        lengths: ``(N,)`` head units.
        lifts: ``(N, K)`` how far off the shape each station is; no curve comes nearer.
        stick: at points ``(N, 3)``, how surely they also come no farther ``(N,)``: 0 falls
            freely; all hold to the shape everywhere when absent.
        bend: how quickly they turn to where the field points: 1 at once.
    """
    stations = lifts.shape[1]
    points = roots.copy()
    step = (lengths / (stations - 1))[:, None]
    normal = outwards(shape, points)
    points = points + normal * (lifts[:, :1] - shape(points)[:, None])
    paths, outs = [points], [normal]
    heading = None
    for k in range(1, stations):
        want = unit(field(points, np.full(len(points), (k - 0.5) / (stations - 1))))
        # On the skin a hair runs along it; off the skin it only keeps from running into it.
        sure = np.ones(len(points)) if stick is None else stick(points)
        inward = np.sum(want * normal, axis=1, keepdims=True)
        near = np.clip(1.5 - (shape(points)[:, None] - lifts[:, k, None]), 0.0, 1.0)
        hold = np.where(inward < 0.0, near, sure[:, None] * near)
        want = unit(want - hold * inward * normal)
        heading = want if heading is None else unit(heading + bend * (want - heading))
        points = points + step * heading
        normal = outwards(shape, points)
        gap = lifts[:, k] - shape(points)
        points = points + normal * np.where(gap > 0.0, gap, sure * gap)[:, None]
        paths.append(points)
        outs.append(normal)
    return np.stack(paths, axis=1), np.stack(outs, axis=1)


def away_from(pole: Floats, swirl: float = 0.0) -> Field:
    """A field that leaves a whorl, turning about it."""

    def field(points: Floats, _: Floats) -> Floats:
        gap = points - pole
        return unit(gap) + swirl * unit(np.cross(gap, np.array([0.0, 1.0, -0.4])))

    return field


def towards(target: Floats) -> Field:
    """A field that runs to one point."""

    def field(points: Floats, _: Floats) -> Floats:
        return target - points

    return field


def cut(paths: Floats, outs: Floats, last: Floats, stations: int) -> tuple[Floats, Floats]:
    """Curves ``(N, K, 3)`` cut after ``last (N,)`` stations, of evenly many ``stations`` each."""
    rows = np.arange(len(paths))[:, None]
    # Closer at the root, where they bend most.
    place = last[:, None] * np.linspace(0.0, 1.0, stations) ** 1.25
    i = np.minimum(place.astype(np.int64), paths.shape[1] - 2)
    share = (place - i)[..., None]

    def at(values: Floats) -> Floats:
        first, second = values[rows, i], values[rows, i + 1]
        mixed: Floats = first + (second - first) * share
        return mixed

    return at(paths), unit(at(outs))


def until(paths: Floats, heights: Floats) -> Floats:
    """``(N,)`` at which station curves ``(N, K, 3)`` come below ``heights (N, K)``, if ever."""
    below = paths[..., 1] < heights
    below[:, 0] = False
    ever, hit = below.any(axis=1), np.maximum(below.argmax(axis=1), 1)
    rows = np.arange(len(paths))
    over = paths[rows, hit - 1, 1] - heights[rows, hit - 1]
    under = heights[rows, hit] - paths[rows, hit, 1]
    share = np.clip(over / np.maximum(over + under, 1e-6), 0.0, 1.0)
    last: Floats = np.where(ever, hit - 1 + share, paths.shape[1] - 1.0)
    return last
