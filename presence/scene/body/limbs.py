"""Arms to the wrist and legs to the ankle: rings along the bones, close together at each joint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.garments import HEM, TUCK, BottomCut, bottom_cut, top_cut
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep, through
from presence.scene.body.torso import limb_girth, thigh_girth
from presence.scene.body.traits import Bottom, Shoes, Top, Traits
from presence.scene.body.trunk import Openings

ARM_SIDES, LEG_SIDES = 20, 24
ARM_ANGLES: Floats = np.linspace(0.0, 2.0 * np.pi, ARM_SIDES, endpoint=False)
"""Round an arm from its front over the top."""
LEG_ANGLES: Floats = 1.5 * np.pi + (np.arange(LEG_SIDES) - 22) * (2.0 * np.pi / LEG_SIDES)
"""Round a leg from its front inner side over the outside; the 22nd faces the other leg."""

# Bare limbs, in thousandths of a metre on a body of 1.70 m: where along the limb (0 at its first
# joint, 1 at its second, 2 at its third), and how far the skin is from the line of the joints.
_ARM = np.array(  # along; up; down; forward; back
    [
        [0.00, 38.0, 56.0, 47.0, 47.0],
        [0.30, 40.0, 48.0, 44.0, 44.0],
        [0.55, 40.0, 42.0, 42.0, 41.0],
        [0.80, 37.0, 37.0, 35.0, 39.0],
        [0.92, 35.0, 35.0, 31.0, 40.0],
        [1.00, 34.0, 34.0, 30.0, 41.0],
        [1.08, 35.0, 35.0, 32.0, 39.0],
        [1.25, 36.0, 36.0, 37.0, 37.0],
        [1.45, 32.0, 33.0, 35.0, 34.0],
        [1.70, 24.5, 24.5, 29.0, 28.5],
        [1.88, 19.5, 20.0, 26.0, 25.5],
        [2.00, 18.5, 19.0, 25.5, 25.5],
    ]
)
_LEG = np.array(  # along; outwards; inwards; forward; back
    [
        [0.00, 82.0, 82.0, 86.0, 92.0],
        [0.30, 78.0, 74.0, 82.0, 82.0],
        [0.60, 66.0, 66.0, 69.0, 68.0],
        [0.85, 54.0, 54.0, 58.0, 52.0],
        [1.00, 51.0, 51.0, 58.0, 45.0],
        [1.12, 50.0, 50.0, 52.0, 50.0],
        [1.35, 54.0, 52.0, 43.0, 64.0],
        [1.60, 45.0, 43.0, 38.0, 53.0],
        [1.85, 35.0, 34.0, 35.0, 40.0],
        [2.00, 35.0, 35.0, 37.0, 41.0],
    ]
)

_ELBOW_BIAS, _KNEE_BIAS = -0.012, 0.025
"""Metres, on a body of 1.70 m, by which rings lie before their joint: behind it at the elbow."""
_SLEEVE = (0.13, 0.27, 0.43, 0.60, 0.75, 0.86, 0.93, 1.0, 1.07, 1.15, 1.27, 1.45)
_TROUSERS = (0.26, 0.36, 0.50, 0.66, 0.79, 0.88, 0.95, 1.02, 1.10, 1.19, 1.32, 1.50)
"""Where along sleeve and trouser leg their rings are."""


@dataclass(frozen=True, slots=True, eq=False)
class Limb:
    """A drafted limb."""

    rings: Ints
    """``(R, S)`` from the trunk to the wrist or the ankle."""
    root: Ints
    """The vertices near the trunk that may be smoothed."""
    root_lifts: Floats
    """How far each of them is to lie off the trunk's shape, metres."""


@dataclass(frozen=True, slots=True)
class _Ring:
    """One ring of a limb: where along it, how far off the skin, and what it shows."""

    along: float
    paint: Paint
    lift: float = 0.0
    """Metres off the skin, on a body of 1.70 m."""
    ripple: float = 0.0
    """How high folds stand here, metres on a body of 1.70 m."""
    tilt: float = 0.0
    """How much farther along the ring is behind than in front."""


def _rings(
    joints: Floats,
    rings: Sequence[_Ring],
    table: Floats,
    axes: tuple[Floats, Floats],
    angles: tuple[Floats, Floats],
    scale: tuple[float, float],
    bias: float,
) -> Floats:
    """``(R, S, 3)`` rings about the line through ``joints (3, 3)``.

    ``axes`` are the directions that the table's second and fourth column point to; ``angles`` each
    side's shares ``(S,)`` of them; ``scale`` is the body's and how thick the limb is; ``bias`` how
    far the middle joint's rings lie towards the fourth column, metres.
    """
    s, girth = scale
    along = np.array([ring.along for ring in rings])
    first, second = angles
    place = along[:, None] - np.array([[ring.tilt] for ring in rings]) * second
    flat = place.ravel()
    centres = np.stack([np.interp(flat, (0.0, 1.0, 2.0), joints[:, i]) for i in range(3)], axis=1)
    beyond = np.maximum(flat - 2.0, 0.0)[:, None] * (joints[2] - joints[1])
    centres = (centres + beyond).reshape(*place.shape, 3)
    # Wrists and ankles vary less than arms and thighs.
    stout = 1.0 + (girth - 1.0) * (1.0 - 0.6 * smoothstep(1.1, 1.9, along)[:, None])
    radii = through(table[:, 0], table[:, 1:], along) * 1e-3 * stout
    wide = np.where(first > 0.0, radii[:, :1], radii[:, 1:2])
    deep = np.where(second > 0.0, radii[:, 2:3], radii[:, 3:4])
    lift = np.array([[ring.lift] for ring in rings])
    # Flesh lies on the outside of elbow and knee: a joint near the skin inside its bend presses
    # less of it together.
    outside = np.exp(-(((along[:, None] - 1.0) / 0.27) ** 2)) * bias
    deep = deep + girth * outside * second
    # Folds run aslant; valleys and ridges alternate along the limb.
    slant = 0.9 * first + 2.2 * np.arctan2(first, second)
    height = np.array([[ring.ripple] for ring in rings])
    turn = np.arange(len(rings))[:, None] * (0.62 * np.pi)
    lift = lift + height * np.cos(turn + slant)
    points: Floats = centres + s * (
        ((wide + lift) * first)[..., None] * axes[0] + ((deep + lift) * second)[..., None] * axes[1]
    )
    return points


def _shown(draft: Draft, points: Floats, rings: Sequence[_Ring], length: float) -> list[Ints]:
    """Add the rings; folds are a little darker in their valleys."""
    spans = np.linalg.norm(np.roll(points, -1, axis=1) - points, axis=-1)
    across = np.cumsum(spans, axis=1) - spans
    rows = []
    for i, ring in enumerate(rings):
        along = np.full(points.shape[1], ring.along * length)
        grain = np.stack([across[i], along], axis=1)
        rows.append(draft.add(points[i], ring.paint, grain=grain))
    return rows


def build_arm(draft: Draft, plan: Plan, openings: Openings) -> Limb:
    """Draft the right arm onto its armhole, with the ring at the wrist ``(20,)`` last."""
    s, t, cut = plan.scale, plan.traits, top_cut(plan.traits)
    joints = np.stack([plan.at(f"right{b}") for b in ("UpperArm", "LowerArm", "Hand")])
    length = float(np.linalg.norm(joints[1] - joints[0]))
    end = min(t.sleeve, 1.93)
    short = end < 0.95
    tuck = min(TUCK * s / length, 0.12)
    # Short sleeves stand off the arm; long ones narrow towards the cuff.
    wide = 0.006 if short else 0.004
    rings = []
    for along in _SLEEVE:
        if along < end - (0.10 if short else 0.26):
            near = float(np.exp(-(((along - 1.0) / 0.17) ** 2)))
            far = float(np.exp(-(((along - end + 0.16) / 0.16) ** 2)))
            folds = cut.folds * (near + (0.0 if short else 0.9 * far))
            ease = cut.ease + wide * float(smoothstep(0.1, min(end, 1.6), along))
            if cut.ribbed and not short:
                ease += 0.005 * far
            rings.append(_Ring(along, Paint.SHIRT, ease, folds))
    if not short:
        rings += [
            _Ring(along, Paint.SHIRT, cut.ease + wide + 0.003, 0.8 * cut.folds)
            for along in (1.58, 1.64)
            if along < end - 0.26
        ]
    rings += _cuff(plan, end, short=short, wide=wide)
    bare = (0.62, 0.75, 0.86, 0.93, 1.0, 1.07, 1.15, 1.28, 1.48, 1.68, 1.84)
    rings += [
        _Ring(end - tuck, Paint.SKIN),
        *(_Ring(along, Paint.SKIN) for along in bare if along > end + 0.04),
        _Ring(1.97, Paint.SKIN),
    ]
    up, forward = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0])
    points = _rings(
        joints,
        rings,
        _ARM,
        (up, forward),
        (np.sin(ARM_ANGLES), np.cos(ARM_ANGLES)),
        (s, limb_girth(plan)),
        _ELBOW_BIAS,
    )
    rows = _shown(draft, points, rings, length)
    draft.sew_all([*rows[::-1], openings.armhole], closed=True)
    root = np.concatenate(rows[:2])
    lifts = np.repeat([ring.lift for ring in rings[:2]], ARM_SIDES) * s
    return Limb(np.stack(rows), root, lifts)


def _cuff(plan: Plan, end: float, *, short: bool, wide: float) -> list[_Ring]:
    """The rings of a sleeve's end, outside and turned in."""
    t, cut = plan.traits, top_cut(plan.traits)
    out = cut.ease + wide
    if short:
        return [
            _Ring(end - 0.07, Paint.SHIRT, out),
            _Ring(end - 0.062, Paint.SHIRT, out - 0.0008),
            _Ring(end, Paint.SHIRT, out + 0.001),
            _Ring(end + 0.001, Paint.SHIRT, out - HEM),
        ]
    if t.top in (Top.SWEATER, Top.HOODIE):
        return [
            _Ring(end - 0.235, Paint.SHIRT, out + 0.0045, 0.5 * cut.folds),
            _Ring(end - 0.190, Paint.SHIRT, out + 0.0010),
            _Ring(end - 0.165, Paint.TRIM, 0.0060),
            _Ring(end - 0.08, Paint.TRIM, 0.0052),
            _Ring(end, Paint.TRIM, 0.0058),
            _Ring(end + 0.001, Paint.TRIM, 0.0020),
        ]
    if t.top is Top.SHIRT:
        return [
            _Ring(end - 0.225, Paint.SHIRT, out + 0.003, 0.4 * cut.folds),
            _Ring(end - 0.190, Paint.SHIRT, 0.0070),
            _Ring(end - 0.08, Paint.SHIRT, 0.0072),
            _Ring(end, Paint.SHIRT, 0.0082),
            _Ring(end + 0.001, Paint.SHIRT, 0.0048),
        ]
    band = Paint.TRIM if t.top is Top.TUNIC else Paint.SHIRT
    return [
        _Ring(end - 0.08, Paint.SHIRT, 0.008),
        _Ring(end - 0.075, band, 0.0085),
        _Ring(end, band, 0.0080),
        _Ring(end + 0.001, band, 0.0045),
    ]


def build_leg(draft: Draft, plan: Plan, openings: Openings) -> Limb:
    """Draft the right leg onto the trunk, with the ring at the ankle ``(24,)`` last."""
    s, t, cut = plan.scale, plan.traits, bottom_cut(plan.traits)
    joints = np.stack([plan.at(f"right{b}") for b in ("UpperLeg", "LowerLeg", "Foot")])
    length = float(np.linalg.norm(joints[1] - joints[0]))
    places = _TROUSERS
    cloth = Paint.HOSE if t.bottom is Bottom.SKIRT else Paint.TROUSERS
    bare = Paint.HOSE if t.bottom is Bottom.SKIRT else Paint.SKIN
    rings = [
        _Ring(along, cloth, _leg_ease(cut, along)) for along in places if along < cut.end - 0.09
    ]
    if t.bottom is Bottom.SHORTS:
        end = cut.end
        rings += [
            _Ring(end - 0.062, cloth, cut.hem - 0.0005),
            _Ring(end - 0.055, cloth, cut.hem),
            _Ring(end, cloth, cut.hem + 0.001),
            _Ring(end + 0.001, cloth, cut.hem - HEM),
            _Ring(end - 0.075, bare),
            *(_Ring(along, bare) for along in places if along > end + 0.03),
        ]
    elif t.bottom is not Bottom.SKIRT:
        rings += _trouser_end(plan)
    if t.bottom in (Bottom.SHORTS, Bottom.SKIRT):
        sock = Paint.HOSE if t.bottom is Bottom.SKIRT else Paint.SKIN
        if tall_boots(t):
            rings += [
                _Ring(1.62, sock),
                _Ring(1.66, Paint.SHOE, 0.002),
                _Ring(1.58, Paint.SHOE, 0.0035),
                _Ring(1.58, Paint.SHOE, 0.0075),
                _Ring(1.70, Paint.SHOE, 0.0070),
                _Ring(1.82, Paint.SHOE, 0.0075),
                _Ring(1.92, Paint.SHOE, 0.0085),
            ]
        elif t.bottom is Bottom.SHORTS and t.footwear is not Shoes.FLATS:
            rings += [
                _Ring(1.68, Paint.SKIN),
                _Ring(1.690, Paint.HOSE, 0.0005),
                _Ring(1.695, Paint.HOSE, 0.0028),
                _Ring(1.80, Paint.HOSE, 0.0028),
                _Ring(1.91, Paint.HOSE, 0.0022),
            ]
        else:
            rings += [_Ring(along, sock) for along in (1.70, 1.82, 1.92)]
    out, forward = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, -1.0])
    angles = (np.sin(LEG_ANGLES), np.cos(LEG_ANGLES))
    points = _rings(joints, rings, _LEG, (out, forward), angles, (s, thigh_girth(plan)), _KNEE_BIAS)
    # Legs of thick people touch; they do not cross.
    points[..., 0] = np.maximum(points[..., 0], 0.004 * s)
    rows = _shown(draft, points, rings, length)
    draft.sew_all([*rows[::-1], openings.leg], closed=True)
    return Limb(np.stack(rows), np.concatenate(rows[:2]), np.zeros(2 * LEG_SIDES))


def foot_paint(traits: Traits) -> Paint:
    """What shows between the trousers and the shoe."""
    bare = traits.footwear is Shoes.FLATS and traits.bottom is not Bottom.SKIRT
    return Paint.SKIN if bare else Paint.HOSE


def tall_boots(traits: Traits) -> bool:
    """Whether the boots' shafts are to be seen."""
    return traits.footwear is Shoes.BOOTS and traits.bottom in (Bottom.SHORTS, Bottom.SKIRT)


def _leg_ease(cut: BottomCut, along: float) -> float:
    """How far trousers stand off the leg."""
    if cut.end < 1.0:
        return float(np.interp(along, (0.3, cut.end), (cut.ease, cut.hem)))
    places, eases = (0.4, 0.95, 1.2, 2.0), (cut.ease, cut.knee, cut.knee, cut.hem)
    return float(np.interp(along, places, eases))


def _trouser_end(plan: Plan) -> list[_Ring]:
    """Trousers from the shin on: they break over the shoe, are turned in, and show the ankle."""
    t, cut = plan.traits, bottom_cut(plan.traits)
    jeans = t.bottom is Bottom.JEANS
    end, tilt = cut.end, 0.0 if jeans else 0.05
    hem = cut.hem
    fold = 0.0042 if not jeans else 0.0034
    rings = [
        _Ring(along, Paint.TROUSERS, hem * 0.85, fold * high, tilt * 0.5)
        for along, high in ((1.66, 0.5), (1.73, 0.9), (1.79, 1.0), (1.845, 1.0))
    ]
    if jeans:
        # Turned up: the cuff lies outside.
        rings += [
            _Ring(end - 0.085, Paint.TROUSERS, hem, 0.4 * fold),
            _Ring(end - 0.088, Paint.TROUSERS, hem + 0.005),
            _Ring(end, Paint.TROUSERS, hem + 0.0055),
        ]
    else:
        rings += [
            _Ring(end - 0.11, Paint.TROUSERS, hem, 0.8 * fold, tilt * 0.8),
            _Ring(end - 0.05, Paint.TROUSERS, hem, 0.3 * fold, tilt),
            _Ring(end, Paint.TROUSERS, hem + 0.001, 0.0, tilt),
        ]
    return [
        *rings,
        _Ring(end, Paint.TROUSERS, hem - HEM, 0.0, tilt),
        _Ring(end - 0.10, foot_paint(t), 0.001),
        _Ring(1.945, foot_paint(t), 0.001),
    ]
