"""What hair grows on, lies on and hangs over: the head, its ears and the clothed trunk.

Points are in head units (see ``skull``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import Shape, cast, ellipsoid, gradient, smooth_union
from presence.scene.body.skull import head_shape
from presence.scene.body.torso import trunk_shape
from presence.scene.body.traits import Top

CENTRE: Floats = np.array([0.0, 1.5, -7.2])
"""Every point of the scalp can be seen from here, along one ray."""
_REACH = 26.0
_STEP = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """One person's head as hair sees it."""

    plan: Plan
    head: Shape
    """Skin of head and neck."""
    covered: Shape
    """Head, neck and ears: what hair that covers the ears lies on."""
    body: Shape
    """All that, and the clothed trunk with the shoulders."""
    ear: Floats
    """``(2, 3)`` the least and the largest corner of the right ear."""


def make_ground(draft: Draft, plan: Plan) -> Ground:
    """The ground of a drafted head; its ears are found by their standing off the skull."""
    head, trunk, unit = head_shape(plan), trunk_shape(plan), plan.head_unit
    points = plan.to_head(draft.positions)
    near = (points[:, 0] > 4.0) & (np.abs(points[:, 1] + 1.0) < 5.0) & (points[:, 2] < -4.0)
    near &= np.isin(draft.paints, [int(Paint.SKIN), int(Paint.SOCKET)])
    found = points[near]
    found = found[head(found) > 0.25]
    ear = np.array([[6.8, -3.6, -9.4], [8.2, 1.4, -6.6]])
    if len(found):
        ear = np.stack([found.min(axis=0), found.max(axis=0)])
    middle, half = ear.mean(axis=0), 0.5 * np.ptp(ear, axis=0) + 0.25

    # Collars, hoods and folds stand off the trunk.
    cloth = 1.2 if plan.traits.top in (Top.SHIRT, Top.HOODIE) else 0.6

    def covered(p: Floats) -> Floats:
        folded = p.copy()
        folded[:, 0] = np.abs(folded[:, 0])
        lobe = ellipsoid(
            folded, (middle[0] - 0.5, middle[1], middle[2]), (half[0] + 0.4, *half[1:])
        )
        return smooth_union(head(p), lobe, 1.5)

    def body(p: Floats) -> Floats:
        # The trunk's own neck has no end above.
        below = np.maximum(trunk(plan.from_head(p)) / unit - cloth, p[:, 1] + 11.0)
        return np.minimum(covered(p), below)

    return Ground(plan=plan, head=head, covered=covered, body=body, ear=ear)


def rays(azimuth: Floats, elevation: Floats) -> Floats:
    """``(..., 3)`` unit rays at degrees round from the front to the right, and degrees up."""
    a, e = np.radians(azimuth), np.radians(elevation)
    return np.stack([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)], axis=-1)


def angles(points: Floats) -> tuple[Floats, Floats]:
    """Degrees round and up at which points ``(..., 3)`` are seen from the head's centre."""
    gap = points - CENTRE
    azimuth = np.degrees(np.arctan2(gap[..., 0], gap[..., 2]))
    return azimuth, np.degrees(np.arctan2(gap[..., 1], np.hypot(gap[..., 0], gap[..., 2])))


def on_skin(shape: Shape, directions: Floats) -> Floats:
    """``(..., 3)`` where rays from the head's centre leave it."""
    flat = directions.reshape(-1, 3)
    hits = cast(shape, np.broadcast_to(CENTRE, flat.shape), flat, _REACH)
    return hits.reshape(directions.shape)


def outwards(shape: Shape, points: Floats) -> Floats:
    """``(..., 3)`` unit normals of a shape."""
    slope = gradient(shape, points.reshape(-1, 3), _STEP)
    slope /= np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-9)
    return slope.reshape(points.shape)
