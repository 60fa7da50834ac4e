"""What each ARKit shape does to the face.

Lids turn about the eye's centre, so they stay on the eyeball. Lips go by their place in the loop,
never by where they are: upper and lower lip lie on each other at rest and must part. Everything
else follows soft fields about landmarks. What is written here is the right half's; the left's is
its mirror image. Displacements are in head units: across (away from the middle), up, forward.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.pose.derive import JAW_RANGE
from presence.scene.body.draft import Draft, Whole
from presence.scene.body.face import LIP_POINTS, Face, lid_angles, on_eyeball
from presence.scene.body.face import LID_RINGS as _LID_RINGS
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep
from presence.scene.body.skull import MOUTH_HEIGHT

_HINGE = (-1.4, -7.6)
"""Height and forwardness of the jaw's hinge."""
_LIP_FADE: Floats = np.array([1.0, 1.0, 1.0, 0.8, 0.45, 0.15])
_LINING_FADE: Floats = np.array([0.0, 0.15, 0.6, 1.0])
_LID_FOLLOW: Floats = np.array([1.0, 0.9, 0.62, 0.26])
"""How much each ring of the lids turns with the lids' edge."""


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """The face, seen as what its expressions move. Arrays are over the whole mesh."""

    points: Floats
    """``(V, 3)`` head units."""
    right: Floats
    """``(V,)`` 1 on the right half, 0 on the left, a half on the midline."""
    skin: Floats
    """``(V,)`` how much fields move it: 1 on skin, lips and brows, 0 on lids, eyes and teeth."""
    upper: Floats
    """``(V,)`` how much it is the upper lip."""
    lower: Floats
    """``(V,)`` how much it is the lower lip."""
    inner: Floats
    """``(V,)`` how near the lips' meeting it is: 1 there."""
    jaw: Floats
    """``(V,)`` how much it goes with the jaw."""
    tongue: Floats
    """``(V,)`` how much it goes with the tongue."""


Field = Callable[[Rig], Floats]


def _bump(
    rig: Rig, centre: tuple[float, float, float], radii: tuple[float, float, float]
) -> Floats:
    """``(V, 1)`` a soft bump about a landmark of the right half."""
    gap = (rig.points - np.array(centre)) / np.array(radii)
    bump: Floats = np.exp(-np.sum(gap**2, axis=1)) * rig.skin
    return bump[:, None]


def _pushed(
    *bumps: tuple[
        tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]
    ],
) -> Field:
    """A field that pushes skin about landmarks: ``(centre, radii, push)`` each."""

    def field(rig: Rig) -> Floats:
        return sum(
            (_bump(rig, centre, radii) * np.array(push) for centre, radii, push in bumps),
            np.zeros_like(rig.points),
        )

    return field


def _both(field: Field) -> Field:
    """A field and its mirror image together."""

    def whole(rig: Rig) -> Floats:
        flip = np.array([-1.0, 1.0, 1.0])
        return field(rig) + flip * field(_mirrored(rig))

    return whole


def _mirrored(rig: Rig) -> Rig:
    return Rig(
        rig.points * np.array([-1.0, 1.0, 1.0]),
        1.0 - rig.right,
        rig.skin,
        rig.upper,
        rig.lower,
        rig.inner,
        rig.jaw,
        rig.tongue,
    )


def _jaw_open(rig: Rig) -> Floats:
    up, forward = rig.points[:, 1] - _HINGE[0], rig.points[:, 2] - _HINGE[1]
    cos, sin = np.cos(JAW_RANGE), np.sin(JAW_RANGE)
    turned = np.stack(
        [np.zeros_like(up), up * cos - forward * sin - up, forward * cos + up * sin - forward], 1
    )
    # The corners draw in a little as the mouth gets taller.
    corners = _both(_pushed(((2.3, MOUTH_HEIGHT, 1.0), (1.0, 1.2, 2.5), (-0.22, 0.0, 0.0))))(rig)
    lips = np.stack([np.zeros_like(up), 0.10 * rig.upper, np.zeros_like(up)], axis=1)
    return turned * rig.jaw[:, None] + corners + lips


def _lips(
    upper: tuple[float, float, float], lower: tuple[float, float, float], near: float = 0.0
) -> Field:
    """A field that moves upper and lower lip; ``near`` keeps it to where they meet."""

    def field(rig: Rig) -> Floats:
        hold = (1.0 - near) + near * rig.inner
        return (hold * rig.upper)[:, None] * np.array(upper) + (hold * rig.lower)[
            :, None
        ] * np.array(lower)

    return field


def _half(field: Field) -> Field:
    """A field of both halves, kept softly to the right one."""

    def part(rig: Rig) -> Floats:
        return field(rig) * smoothstep(-0.9, 0.9, rig.points[:, 0])[:, None]

    return part


def _narrowed(share: float, forward: float) -> Field:
    """A field that draws the mouth together across and pushes it forward."""

    def field(rig: Rig) -> Floats:
        gap = (rig.points - np.array([0.0, MOUTH_HEIGHT, 1.2])) / np.array([3.0, 2.0, 3.0])
        bump = np.exp(-np.sum(gap**2, axis=1)) * rig.skin
        return np.stack(
            [-share * rig.points[:, 0] * bump, np.zeros_like(bump), forward * bump], axis=1
        )

    return field


def _sum(*fields: Field) -> Field:
    def field(rig: Rig) -> Floats:
        return sum((f(rig) for f in fields), np.zeros_like(rig.points))

    return field


def _jaw_shift(push: tuple[float, float, float]) -> Field:
    def field(rig: Rig) -> Floats:
        return rig.jaw[:, None] * np.array(push)

    return field


def _tongue_out(rig: Rig) -> Floats:
    return rig.tongue[:, None] * np.array([0.0, 0.25, 2.3])


_CORNER = (2.35, MOUTH_HEIGHT + 0.2, 0.9)
_ROUND = (1.4, 1.35, 2.6)

SIDED: dict[str, Field] = {
    "mouthSmile": _pushed(
        (_CORNER, _ROUND, (0.62, 0.70, -0.38)),
        ((3.7, -3.7, 0.4), (1.7, 1.4, 2.6), (0.05, 0.32, 0.26)),
    ),
    "mouthFrown": _pushed((_CORNER, _ROUND, (0.05, -0.62, -0.10))),
    "mouthDimple": _pushed((_CORNER, (1.1, 1.1, 2.5), (0.34, 0.08, -0.36))),
    "mouthStretch": _pushed((_CORNER, _ROUND, (0.72, -0.18, -0.34))),
    "mouthPress": _half(_lips((0.0, -0.10, -0.10), (0.0, 0.14, -0.10))),
    "mouthLowerDown": _half(_lips((0.0, 0.0, 0.0), (0.10, -0.55, 0.0))),
    "mouthUpperUp": _half(_lips((0.08, 0.50, 0.05), (0.0, 0.0, 0.0))),
    "browDown": _pushed(
        ((2.1, 2.2, 1.0), (2.0, 1.3, 3.0), (-0.16, -0.48, 0.05)),
        ((4.2, 2.5, 0.4), (1.4, 1.2, 3.0), (0.0, -0.20, 0.0)),
    ),
    "browOuterUp": _pushed(((4.0, 2.7, 0.6), (1.6, 1.7, 3.0), (0.0, 0.58, -0.04))),
    "cheekSquint": _pushed(((3.5, -2.6, 0.9), (1.6, 1.0, 2.6), (0.0, 0.38, 0.12))),
    "noseSneer": _pushed(
        ((1.0, -2.7, 2.2), (0.9, 1.1, 2.0), (0.04, 0.34, 0.0)),
        ((1.2, -5.2, 1.8), (0.8, 0.7, 2.0), (0.0, 0.18, 0.0)),
    ),
}
"""Shapes with a left and a right form, by the stem of their name."""

WHOLE: dict[str, Field] = {
    "jawOpen": _jaw_open,
    "jawForward": _jaw_shift((0.0, 0.0, 0.5)),
    "browInnerUp": _both(_pushed(((1.5, 2.3, 1.3), (1.4, 1.7, 3.0), (0.06, 0.60, 0.0)))),
    "cheekPuff": _both(_pushed(((4.4, -6.0, -0.9), (1.9, 1.9, 2.6), (0.75, 0.0, 0.30)))),
    "mouthPucker": _sum(_narrowed(0.42, 0.42), _lips((0.0, -0.04, 0.22), (0.0, 0.04, 0.22))),
    "mouthFunnel": _sum(_narrowed(0.30, 0.35), _lips((0.0, 0.34, 0.25), (0.0, -0.40, 0.25))),
    "mouthRollLower": _lips((0.0, 0.0, 0.0), (0.0, 0.22, -0.40), 0.7),
    "mouthRollUpper": _lips((0.0, -0.18, -0.40), (0.0, 0.0, 0.0), 0.7),
    "mouthShrugLower": _sum(
        _lips((0.0, 0.10, 0.0), (0.0, 0.30, 0.16)),
        _both(_pushed(((0.6, -9.2, 1.0), (1.6, 1.2, 2.6), (0.0, 0.28, 0.06)))),
    ),
    "mouthShrugUpper": _lips((0.0, 0.20, 0.16), (0.0, 0.10, 0.0)),
    "tongueOut": _tongue_out,
}
"""Shapes that are their own mirror images."""

SHIFTS: dict[str, Field] = {
    "jaw": _jaw_shift((0.55, 0.0, 0.0)),
    "mouth": lambda rig: (
        (
            np.exp(
                -np.sum(
                    ((rig.points - np.array([0.0, MOUTH_HEIGHT, 1.2])) / np.array([3.2, 2.0, 3.2]))
                    ** 2,
                    axis=1,
                )
            )
            * rig.skin
        )[:, None]
        * np.array([0.65, 0.0, -0.05])
    ),
}
"""Shapes that shift everything to one side; these are the right forms."""

# Radians by which the edge of the upper and the lower lid turns up; None closes them.
LIDS: dict[str, tuple[float, float] | None] = {
    "eyeBlink": None,
    "eyeSquint": (-0.07, 0.15),
    "eyeWide": (0.13, -0.04),
    "eyeLookUp": (0.13, 0.03),
    "eyeLookDown": (-0.22, -0.06),
}
"""Shapes of the lids, by the stem of their name."""


def lid_offsets(plan: Plan, face: Face, turns: tuple[float, float] | None) -> dict[int, Floats]:
    """How one lid shape moves the right eye's lids: by vertex, ``(3,)`` head units."""
    sideways, upward = lid_angles(plan)
    sides = upward.shape[1]
    column = np.arange(sides)
    opposite = (-column) % sides
    arch = np.abs(np.sin(2.0 * np.pi * column / sides))
    upper = column < sides // 2
    if turns is None:
        low = np.where(upper, upward[0][opposite], upward[0])
        high = np.where(upper, upward[0], upward[0][opposite])
        turned = low + 0.20 * (high - low) - upward[0]
    else:
        turned = np.where(upper, turns[0], turns[1]) * arch**0.6
    offsets: dict[int, Floats] = {}

    def move(ring: Ints, share: float, radius: float, rest: Floats, side: Floats) -> None:
        placed = face.eye + on_eyeball(side, rest + share * turned, radius)
        before = face.eye + on_eyeball(side, rest, radius)
        for vertex, offset in zip(ring, placed - before, strict=True):
            offsets[int(vertex)] = offset

    for i, (_, _, off) in enumerate(_LID_RINGS):
        share = float(_LID_FOLLOW[i])
        move(face.lids[i], share, face.eye_radius + off, upward[i], sideways[i])
    lining_off = face.eye_radius + _LID_RINGS[0][2]
    move(face.lining[0], 1.0, lining_off, upward[0], sideways[0])
    return offsets


def jaw_share(draft: Draft, plan: Plan, face: Face, lower_teeth: Ints, tongue: Ints) -> Floats:
    """``(V,)`` how much each drafted vertex goes with the jaw.

    Lips by their place in the loop; chin all, brow and neck nothing; skin between harmonic.
    """
    share = np.zeros(draft.count)
    fixed = np.ones(draft.count, dtype=bool)
    points = plan.to_head(draft.positions)
    by_place = smoothstep(7.5, 13.0, np.arange(LIP_POINTS, dtype=np.float64))
    for row, fade in zip(face.mouth, (0.45, 0.75, 1.0, 1.0), strict=True):
        share[row] = by_place * fade + 0.4 * (1.0 - fade)
    share[face.mouth_back] = 0.4
    for row in face.lips[:4]:
        share[row] = by_place
    share[lower_teeth] = 1.0
    share[tongue] = 0.9
    chin = (points[:, 1] < -8.6) & (points[:, 2] > -2.6) & (np.abs(points[:, 0]) < 2.6)
    rim = face.skin[:21]
    inner = np.setdiff1d(face.skin, rim)
    free = np.concatenate([inner, *face.lips[4:]])
    jawbone = inner[chin[inner]]
    share[jawbone] = 1.0
    still = free[points[free, 1] > -3.6]
    free = np.setdiff1d(free, np.concatenate([jawbone, still]))
    fixed[free] = False
    share[free] = _harmonic(draft, free, share)
    return share


def _harmonic(draft: Draft, free: Ints, values: Floats) -> Floats:
    """Values at the ``free`` vertices such that each is the mean of its neighbours."""
    triangles = draft.triangles
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = np.unique(np.sort(edges, axis=1), axis=0)
    place = np.full(draft.count, -1)
    place[free] = np.arange(len(free))
    system = np.zeros((len(free), len(free)))
    known = np.zeros(len(free))
    for a, b in ((edges[:, 0], edges[:, 1]), (edges[:, 1], edges[:, 0])):
        mine = place[a] >= 0
        row, other = place[a[mine]], b[mine]
        np.add.at(system, (row, row), 1.0)
        inner = place[other] >= 0
        np.add.at(system, (row[inner], place[other[inner]]), -1.0)
        np.add.at(known, row[~inner], values[other[~inner]])
    solution: Floats = np.linalg.solve(system, known)
    return solution


def make_rig(
    draft: Draft, whole: Whole, plan: Plan, face: Face, jaw: Floats, brow: Ints, tongue: Ints
) -> Rig:
    """The rig of a drafted face."""
    skin, upper, lower, inner, licked = (np.zeros(draft.count) for _ in range(5))
    skin[np.concatenate([face.skin, brow, *face.lips, *face.lids[4:]])] = 1.0
    skin[face.lids[3]] = 0.3
    skin[face.lids[4]] = 0.7
    rise = np.sin(np.linspace(0.5 * np.pi, -0.5 * np.pi, LIP_POINTS))
    bow = np.sign(rise) * np.abs(rise) ** 0.7
    rows = [*zip(face.lips, _LIP_FADE, strict=True), *zip(face.mouth, _LINING_FADE, strict=True)]
    for row, fade in rows:
        upper[row] = fade * np.maximum(bow, 0.0)
        lower[row] = fade * np.maximum(-bow, 0.0)
    for row, fade in zip(face.mouth, _LINING_FADE, strict=True):
        skin[row] = fade
    for row, near in zip(face.lips, (1.0, 0.8, 0.4, 0.1, 0.0, 0.0), strict=True):
        inner[row] = near
    inner[face.mouth[3]] = 1.0
    points = plan.to_head(draft.positions)
    licked[tongue] = smoothstep(-4.0, 0.5, points[tongue, 2])
    spread = whole.source
    everywhere = plan.to_head(whole.positions)
    return Rig(
        points=everywhere,
        right=0.5 + 0.5 * np.sign(everywhere[:, 0]),
        skin=skin[spread],
        upper=upper[spread],
        lower=lower[spread],
        inner=inner[spread],
        jaw=jaw[spread],
        tongue=licked[spread],
    )


def _mouth_close(opened: Floats, whole: Whole, face: Face, rig: Rig) -> Floats:
    """What brings the lips together again while the jaw is open."""
    offsets = np.zeros_like(opened)
    moved = rig.points + opened
    meeting = face.lips[0]
    gap = moved[meeting] - moved[meeting[::-1]]
    rest = rig.points[meeting] - rig.points[meeting[::-1]]
    shut = -0.5 * (gap - rest)
    for row, fade in [
        *zip(face.lips, (1.0, 1.0, 0.95, 0.75, 0.45, 0.15), strict=True),
        *zip(face.mouth, (0.0, 0.2, 0.7, 1.0), strict=True),
    ]:
        offsets[row] = shut * fade
    flip = np.array([-1.0, 1.0, 1.0])
    offsets[whole.drafted :] = (offsets[whole.source] * flip)[whole.drafted :]
    return offsets


def all_offsets(whole: Whole, plan: Plan, face: Face, rig: Rig) -> dict[str, Floats]:
    """``(V, 3)`` metres for every shape that this body has, by its name."""
    flip = np.array([-1.0, 1.0, 1.0])
    shapes: dict[str, Floats] = {}

    def pair(stem: str, right: Floats) -> None:
        shapes[f"{stem}Right"] = right
        shapes[f"{stem}Left"] = right[whole.mirror] * flip

    for stem, turns in LIDS.items():
        offsets = np.zeros_like(rig.points)
        for vertex, offset in lid_offsets(plan, face, turns).items():
            offsets[vertex] = offset
        pair(stem, offsets)
    for stem, field in SIDED.items():
        pair(stem, field(rig))
    for stem, field in SHIFTS.items():
        pair(stem, field(rig))
    for name, field in WHOLE.items():
        offsets = field(rig)
        shapes[name] = 0.5 * (offsets + offsets[whole.mirror] * flip)
    shapes["mouthClose"] = _mouth_close(shapes["jawOpen"], whole, face, rig)
    metres = plan.head_unit * np.array([1.0, 1.0, -1.0])
    return {name: offsets * metres for name, offsets in shapes.items()}
