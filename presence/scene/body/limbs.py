"""Arms to the wrist and legs to the ankle: rings along the bones, with three at each joint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import through
from presence.scene.body.trunk import ARM_RADIUS, CLOTH, Openings

ARM_SIDES, LEG_SIDES = 20, 24
ARM_ANGLES: Floats = np.linspace(0.0, 2.0 * np.pi, ARM_SIDES, endpoint=False)
"""Round an arm from its front over the top."""
LEG_ANGLES: Floats = 1.5 * np.pi + (np.arange(LEG_SIDES) - 22) * (2.0 * np.pi / LEG_SIDES)
"""Round a leg from its front inner side over the outside; the 22nd faces the other leg."""


@dataclass(frozen=True, slots=True)
class _Ring:
    """One ring of a limb: where along it, how thick, and what it shows."""

    along: float
    """0 at the limb's first joint, 1 at the second, 2 at the third."""
    paint: Paint
    lift: float = 0.0
    """Metres added to the radius."""


def _points(
    joints: Floats, rings: list[_Ring], thickness: Floats, knots: Floats, axes: Floats
) -> Floats:
    """``(R, S, 3)`` rings about the line through ``joints (3, 3)``.

    ``thickness (K, 2)`` at ``knots`` are the radii along the two directions of a ring; ``axes
    (S, 3, 2)`` those directions for each side.
    """
    along = np.array([ring.along for ring in rings])
    centres = np.stack([np.interp(along, (0.0, 1.0, 2.0), joints[:, i]) for i in range(3)], axis=1)
    radii = through(knots, thickness, along) + np.array([[ring.lift] for ring in rings])
    points: Floats = centres[:, None] + np.einsum("sij,rj->rsi", axes, radii)
    return points


def build_arm(draft: Draft, plan: Plan, openings: Openings) -> tuple[Ints, Ints]:
    """Draft the right arm onto its armhole.

    Returns:
        The ring at the wrist ``(20,)``, and the vertices near the shoulder that may be smoothed.
    """
    s, girth, sleeve = plan.scale, plan.traits.girth, plan.traits.sleeve
    joints = np.stack([plan.at(f"right{b}") for b in ("UpperArm", "LowerArm", "Hand")])
    # Bare skin is thinner than sleeves; the difference is added ring by ring.
    knots = np.array([0.0, 0.3, 0.6, 0.9, 1.0, 1.1, 1.3, 1.6, 1.85, 2.0])
    up = np.array([46.0, 44.0, 41.0, 37.0, 36.0, 37.0, 38.0, 32.0, 25.0, 20.5]) * 1e-3
    fore = np.array([46.0, 43.0, 40.0, 38.0, 38.0, 39.0, 39.0, 34.0, 29.5, 27.5]) * 1e-3
    slim = 1.0 - 0.10 * plan.traits.softness
    thickness = np.stack([up, fore], axis=1) * s * girth * slim
    axes = np.zeros((ARM_SIDES, 3, 2))
    axes[:, 1, 0] = np.sin(ARM_ANGLES)
    axes[:, 2, 1] = -np.cos(ARM_ANGLES)

    ease = (ARM_RADIUS - 0.046) * s
    cuff = min(sleeve, 1.9)
    plain = [0.14, 0.26, 0.40, 0.56, 0.72, 0.86, 1.0, 1.14, 1.30, 1.50, 1.70, 1.86]
    hem = [
        _Ring(cuff - 0.055, Paint.SHIRT, ease),
        _Ring(cuff - 0.050, Paint.TRIM, ease - 0.0005),
        _Ring(cuff, Paint.TRIM, ease),
        _Ring(cuff + 0.004, Paint.SKIN),
    ]
    rings = [
        *(_Ring(a, Paint.SHIRT, ease) for a in plain if a < cuff - 0.09),
        *hem,
        *(_Ring(a, Paint.SKIN) for a in plain if a > cuff + 0.04),
        _Ring(1.97, Paint.SKIN),
    ]
    rows = list(draft.add(_points(joints, rings, thickness, knots, axes), Paint.SHIRT))
    for row, ring in zip(rows, rings, strict=True):
        draft.paints[row] = ring.paint
    draft.sew_all([*rows[::-1], openings.armhole], closed=True)
    return rows[-1], np.concatenate(rows[:2])


def build_leg(draft: Draft, plan: Plan, openings: Openings) -> tuple[Ints, Ints]:
    """Draft the right leg onto the trunk.

    Returns:
        The ring inside the trouser's hem ``(24,)``, and the vertices near the hip that may be
        smoothed.
    """
    s, girth = plan.scale, plan.traits.girth
    joints = np.stack([plan.at(f"right{b}") for b in ("UpperLeg", "LowerLeg", "Foot")])
    knots = np.array([0.0, 0.3, 0.6, 0.9, 1.0, 1.12, 1.35, 1.7, 2.0])
    wide = np.array([84.0, 80.0, 70.0, 61.0, 59.0, 58.0, 58.0, 53.0, 53.0]) * 1e-3
    deep = np.array([90.0, 84.0, 73.0, 63.0, 61.0, 60.0, 62.0, 56.0, 57.0]) * 1e-3
    thickness = np.stack([wide, deep], axis=1) * s * girth
    axes = np.zeros((LEG_SIDES, 3, 2))
    axes[:, 0, 0] = np.sin(LEG_ANGLES)
    axes[:, 2, 1] = -np.cos(LEG_ANGLES)
    plain = [0.27, 0.36, 0.48, 0.62, 0.76, 0.88, 1.0, 1.12, 1.26, 1.46, 1.66, 1.84]
    end = 1.985
    rings = [
        *(_Ring(a, Paint.TROUSERS) for a in plain),
        _Ring(end - 0.012, Paint.TROUSERS, 0.001 * s),
        _Ring(end, Paint.TROUSERS, 0.001 * s),
        _Ring(end - 0.006, Paint.TROUSERS, -CLOTH * s),
    ]
    points = _points(joints, rings, thickness, knots, axes)
    # Legs of thick people touch; they do not cross.
    points[..., 0] = np.maximum(points[..., 0], 0.004 * s)
    rows = list(draft.add(points, Paint.TROUSERS))
    draft.sew_all([*rows[::-1], openings.leg], closed=True)
    return rows[-1], np.concatenate(rows[:2])
