"""What each ARKit shape does to the face.

Lids turn about the eye's centre, so they stay on the eyeball. Lips go by their place in the loop,
never by where they are: upper and lower lip lie on each other at rest and must part. Everything
else follows soft fields about landmarks. What is written here is the right half's; the left's is
its mirror image. Displacements are in head units: across (away from the middle), up, forward.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.derive import JAW_RANGE
from presence.scene.body.draft import FLIP, Whole
from presence.scene.body.face import Face
from presence.scene.body.lids import closing, opening, turned
from presence.scene.body.plan import Plan
from presence.scene.body.rig import Rig
from presence.scene.body.sculpt import smoothstep
from presence.scene.body.skull import MOUTH_HEIGHT

_HINGE = (-1.4, -7.6)
"""Height and forwardness of the jaw's hinge."""

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
        return field(rig) + FLIP * field(rig.mirrored())

    return whole


def _swing(rig: Rig) -> Floats:
    """Where the jaw's opening would take everything, were it all jaw."""
    up, forward = rig.points[:, 1] - _HINGE[0], rig.points[:, 2] - _HINGE[1]
    cos, sin = np.cos(JAW_RANGE), np.sin(JAW_RANGE)
    return np.stack(
        [np.zeros_like(up), up * cos - forward * sin - up, forward * cos + up * sin - forward], 1
    )


def _jaw_open(rig: Rig) -> Floats:
    # The corners draw in a little as the mouth gets taller.
    corners = _both(_pushed(((2.3, MOUTH_HEIGHT, 1.0), (1.0, 1.2, 2.5), (-0.22, 0.0, 0.0))))(rig)
    lifted = 0.10 * rig.upper[:, None] * np.array([0.0, 1.0, 0.0])
    opened: Floats = _swing(rig) * rig.jaw[:, None] + corners + lifted
    return opened


def _mouth_close(rig: Rig) -> Floats:
    """What brings the lips together again while the jaw is open."""
    closed: Floats = _swing(rig) * rig.jaw_shut[:, None] - _jaw_open(rig)
    return closed


def _lips(
    upper: tuple[float, float, float], lower: tuple[float, float, float], near: float = 0.0
) -> Field:
    """A field that moves upper and lower lip; ``near`` keeps it to where they meet."""

    def field(rig: Rig) -> Floats:
        hold = 1.0 - near + near * rig.inner
        above, below = (hold * rig.upper)[:, None], (hold * rig.lower)[:, None]
        moved: Floats = above * np.array(upper) + below * np.array(lower)
        return moved

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
        moved: Floats = rig.jaw[:, None] * np.array(push)
        return moved

    return field


def _tongue_out(rig: Rig) -> Floats:
    moved: Floats = rig.tongue[:, None] * np.array([0.0, 0.25, 2.3])
    return moved


def _mouth_shift(rig: Rig) -> Floats:
    gap = (rig.points - np.array([0.0, MOUTH_HEIGHT, 1.2])) / np.array([3.2, 2.0, 3.2])
    bump = np.exp(-np.sum(gap**2, axis=1)) * rig.skin
    moved: Floats = bump[:, None] * np.array([0.65, 0.0, -0.05])
    return moved


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
    "mouthClose": _mouth_close,
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

SHIFTS: dict[str, Field] = {"jaw": _jaw_shift((0.55, 0.0, 0.0)), "mouth": _mouth_shift}
"""Shapes that shift everything to one side; these are the right forms."""

# Radians by which the edge of the upper and of the lower lid turns up, and both away from the
# nose; units by which they come off the eyeball on their way.
LIDS: dict[str, tuple[float, float, float, float]] = {
    "eyeSquint": (-0.08, 0.18, 0.0, 0.03),
    "eyeWide": (0.14, -0.03, 0.0, 0.12),
    "eyeLookUp": (0.16, 0.05, 0.0, 0.15),
    "eyeLookDown": (-0.43, -0.12, 0.0, -0.06),
    "eyeLookIn": (0.02, 0.02, -0.09, 0.02),
    "eyeLookOut": (0.02, 0.02, 0.09, 0.02),
}
"""Shapes of the lids that move them, by the stem of their name."""
_BLINK_LIFT = 0.07


def all_offsets(whole: Whole, plan: Plan, face: Face, rig: Rig) -> dict[str, Floats]:
    """``(V, 3)`` metres for every shape that this body has, by its name."""
    shapes: dict[str, Floats] = {}

    def pair(stem: str, right: Floats) -> None:
        shapes[f"{stem}Right"] = right
        shapes[f"{stem}Left"] = right[whole.mirror] * FLIP

    turns = {
        stem: (opening(upper, lower), lift, aside)
        for stem, (upper, lower, aside, lift) in LIDS.items()
    }
    turns["eyeBlink"] = (closing(face.lids), _BLINK_LIFT, 0.0)
    for stem, turn in turns.items():
        offsets = np.zeros_like(rig.points)
        vertices, by = turned(face.lids, *turn)
        offsets[vertices] = by
        pair(stem, offsets)
    for stem, field in (SIDED | SHIFTS).items():
        pair(stem, field(rig))
    for name, field in WHOLE.items():
        offsets = field(rig)
        shapes[name] = 0.5 * (offsets + offsets[whole.mirror] * FLIP)
    metres = plan.head_unit * np.array([1.0, 1.0, -1.0])
    return {name: offsets * metres for name, offsets in shapes.items()}
