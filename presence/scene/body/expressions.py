"""What each ARKit shape does to the face.

Lids turn about the eye's centre, so they stay on the eyeball. Lips do what ``lips`` says, and the
skin round the mouth follows them as a thin plate would. Everything else is a soft field about a
landmark. What is written here is the right half's; the left's is its mirror image. Displacements
are in head units: across (away from the middle), up, forward.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.derive import JAW_RANGE
from presence.scene.body import lips
from presence.scene.body.draft import FLIP, Whole
from presence.scene.body.face import Face
from presence.scene.body.lids import closing, opening, turned
from presence.scene.body.lips import LipField
from presence.scene.body.plan import Plan
from presence.scene.body.rig import Rig

_HINGE = (-1.4, -7.6)
"""Height and forwardness of the jaw's hinge."""
_BLINK_LIFT = 0.07
"""Head units by which blinking lids come off the eyeball, so that they clear it half-way."""

Triple = tuple[float, float, float]
Field = Callable[[Rig], Floats]


@dataclass(frozen=True, slots=True)
class Push:
    """A soft bump that moves the skin about a landmark."""

    mark: str
    """The name of one of ``Marks``."""
    offset: Triple
    """From there to the bump's middle."""
    radii: Triple
    by: Triple
    swell: float = 0.0
    """How far it goes outwards, besides."""

    def __call__(self, rig: Rig) -> Floats:
        """``(V, 3)`` what it does."""
        centre = getattr(rig.marks, self.mark) + np.array(self.offset)
        gap = (rig.points - centre) / np.array(self.radii)
        bump = (np.exp(-np.sum(gap**2, axis=1)) * rig.skin)[:, None]
        moved: Floats = bump * (np.array(self.by) + self.swell * rig.normals)
        return moved


@dataclass(frozen=True, slots=True)
class Shape:
    """What makes up one shape."""

    lips: LipField | None = None
    pushes: tuple[Push, ...] = ()
    lids: tuple[float, float, float, float] | None = None
    """Radians by which the edges of the upper and of the lower lid turn up, and both away from the
    nose; units by which they come off the eyeball on their way."""
    others: tuple[Field, ...] = field(default=())

    def offsets(self, rig: Rig, face: Face) -> Floats:
        """``(V, 3)`` head units."""
        moved = np.zeros_like(rig.points)
        if self.lips is not None:
            at = rig.lips.vertices
            moved[at] = self.lips(rig.lips) * rig.lips.fade[:, None]
            moved = rig.stretch.follow(moved)
        for push in self.pushes:
            moved += push(rig)
        for other in self.others:
            moved += other(rig)
        # What pushes the lids' skin may slide it over the eyeball, not into it.
        at = rig.about_eyes
        inward = np.minimum(np.sum(moved[at] * rig.from_eyes, axis=1), 0.0)
        moved[at] -= inward[:, None] * rig.from_eyes
        if self.lids is not None:
            upper, lower, aside, lift = self.lids
            vertices, by = turned(face.lids, opening(upper, lower), lift, aside)
            moved[vertices] += by
        return moved


def _both(part: Push) -> Field:
    """A push and its mirror image together."""

    def whole(rig: Rig) -> Floats:
        return part(rig) + FLIP * part(rig.mirrored())

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
    narrow = _both(Push("corner", (0.0, -0.2, 0.1), (1.0, 1.2, 2.5), (-0.34, 0.0, 0.0)))
    lifted = 0.10 * rig.upper[:, None] * np.array([0.0, 1.0, 0.0])
    opened: Floats = _swing(rig) * rig.jaw[:, None] + narrow(rig) + lifted
    return opened


def _ajar(share: float) -> Field:
    """A part of the jaw's opening, for shapes that part the teeth."""

    def opened(rig: Rig) -> Floats:
        moved: Floats = share * _swing(rig) * rig.jaw[:, None]
        return moved

    return opened


def _mouth_close(rig: Rig) -> Floats:
    """What brings the lips together again while the jaw is open."""
    # Lips that are drawn down by the jaw do not go back with it, through the teeth.
    gap = (rig.points - rig.marks.lip) / np.array([3.4, 2.0, 3.5])
    held = np.exp(-np.sum(gap**2, axis=1)) * np.clip(2.0 * (1.0 - rig.jaw_shut), 0.0, 1.0)
    hung = _swing(rig) * rig.jaw_shut[:, None]
    hung[:, 2] *= 1.0 - 0.75 * held
    closed: Floats = hung - _jaw_open(rig)
    return closed


def _jaw_shift(push: Triple) -> Field:
    # The lips hold on to each other while the jaw slides under them.
    def shifted(rig: Rig) -> Floats:
        moved: Floats = (0.4 * rig.jaw + 0.6 * rig.jaw_shut)[:, None] * np.array(push)
        teeth = (rig.jaw == 1.0) & (rig.jaw_shut == 1.0)
        moved[teeth] = push
        return moved

    return shifted


def _tongue_out(rig: Rig) -> Floats:
    return rig.tongue


SIDED: dict[str, Shape] = {
    "eyeSquint": Shape(
        lids=(-0.08, 0.18, 0.0, 0.03),
        pushes=(Push("eye", (0.2, -1.6, 1.2), (1.8, 0.7, 2.0), (0.0, 0.16, 0.05)),),
    ),
    "eyeWide": Shape(lids=(0.14, -0.03, 0.0, 0.12)),
    "eyeLookUp": Shape(lids=(0.16, 0.05, 0.0, 0.15)),
    "eyeLookDown": Shape(lids=(-0.43, -0.12, 0.0, -0.06)),
    "eyeLookIn": Shape(lids=(0.02, 0.02, -0.09, 0.02)),
    "eyeLookOut": Shape(lids=(0.02, 0.02, 0.09, 0.02)),
    "mouthSmile": Shape(
        lips=lips.smile,
        pushes=(
            Push("corner", (1.15, 2.7, 0.6), (1.7, 1.3, 2.6), (0.10, 0.46, 0.10), swell=0.26),
            Push("corner", (0.95, 0.9, 0.4), (0.5, 1.1, 1.6), (0.0, 0.0, 0.0), swell=-0.12),
        ),
        lids=(0.0, 0.05, 0.0, 0.0),
    ),
    "mouthFrown": Shape(
        lips=lips.frown,
        pushes=(Push("chin", (0.5, 0.5, 0.0), (1.2, 0.8, 2.0), (0.0, 0.12, 0.0), swell=0.06),),
    ),
    "mouthDimple": Shape(
        lips=lips.dimple,
        pushes=(
            Push("corner", (0.55, 0.1, 0.1), (0.42, 0.5, 1.2), (0.1, 0.0, 0.0), swell=-0.22),
            Push("corner", (1.2, 0.1, 0.0), (0.6, 0.9, 1.6), (0.1, 0.0, 0.0), swell=0.14),
        ),
    ),
    "mouthStretch": Shape(
        lips=lips.stretch,
        pushes=(Push("corner", (0.4, -1.9, 0.0), (1.1, 1.2, 2.2), (0.22, -0.14, -0.05)),),
    ),
    "mouthPress": Shape(
        lips=lips.press,
        pushes=(
            Push("corner", (0.35, -0.1, 0.2), (0.5, 0.6, 1.2), (0.0, 0.0, 0.0), swell=0.10),
            Push("chin", (0.7, 0.6, 0.0), (1.0, 0.7, 2.0), (0.0, 0.10, 0.0), swell=0.06),
        ),
    ),
    "mouthLowerDown": Shape(lips=lips.lower_down),
    "mouthUpperUp": Shape(
        lips=lips.upper_up,
        pushes=(Push("nose_base", (1.7, 0.2, -0.4), (0.9, 1.1, 1.8), (0.03, 0.20, 0.0), 0.1),),
    ),
    "browDown": Shape(
        pushes=(
            Push("brow_inner", (0.5, -0.1, 0.0), (1.5, 1.2, 2.6), (-0.26, -0.60, 0.08)),
            Push("brow_middle", (0.7, 0.0, 0.0), (1.9, 1.1, 2.6), (-0.05, -0.36, 0.02)),
        ),
    ),
    "browOuterUp": Shape(
        pushes=(Push("brow_outer", (-0.8, 0.1, 0.4), (1.7, 1.7, 3.0), (0.0, 0.78, -0.02)),)
    ),
    "cheekSquint": Shape(
        pushes=(
            Push("eye", (0.35, -2.5, 1.0), (1.8, 1.0, 2.4), (0.0, 0.50, 0.06), swell=0.20),
            Push("eye", (2.5, -0.5, -0.6), (0.8, 1.0, 1.6), (-0.10, 0.05, 0.0)),
        ),
        lids=(0.0, 0.08, 0.0, 0.0),
    ),
    "noseSneer": Shape(
        pushes=(
            Push("nose_tip", (1.15, 0.0, -1.0), (0.7, 0.9, 1.6), (0.05, 0.36, 0.0), swell=0.05),
            Push("nose_base", (1.5, 0.2, -0.3), (0.9, 1.2, 1.8), (0.0, 0.26, 0.0), swell=0.12),
            Push("nose_tip", (0.85, 1.7, -0.9), (0.6, 0.6, 1.4), (0.0, 0.10, 0.0), swell=0.12),
            Push("brow_inner", (-0.2, -0.3, 0.2), (1.0, 0.9, 2.0), (-0.05, -0.16, 0.0)),
        ),
        lips=lips.sneered,
        lids=(-0.02, 0.05, 0.0, 0.0),
    ),
    "jaw": Shape(others=(_jaw_shift((0.62, 0.0, -0.05)),)),
    "mouth": Shape(lips=lips.aside),
}
"""Shapes with a left and a right form, by the stem of their name."""

WHOLE: dict[str, Shape] = {
    "jawOpen": Shape(others=(_jaw_open,)),
    "mouthClose": Shape(others=(_mouth_close,)),
    "jawForward": Shape(others=(_jaw_shift((0.0, -0.06, 0.62)),)),
    "browInnerUp": Shape(
        others=(_both(Push("brow_inner", (0.1, 0.1, 0.2), (1.4, 1.6, 2.8), (0.04, 0.80, 0.0))),)
    ),
    "cheekPuff": Shape(
        lips=lips.puffed,
        others=(
            _both(
                Push("corner", (1.8, 0.25, -1.0), (1.8, 1.7, 2.6), (0.12, 0.0, 0.05), swell=0.88)
            ),
            _both(Push("nose_base", (1.3, -0.6, 0.0), (1.0, 0.7, 1.6), (0.0, 0.0, 0.0), 0.16)),
        ),
    ),
    "mouthPucker": Shape(lips=lips.pucker),
    "mouthFunnel": Shape(lips=lips.funnel, others=(_ajar(0.18),)),
    "mouthRollLower": Shape(lips=lips.roll_lower),
    "mouthRollUpper": Shape(lips=lips.roll_upper),
    "mouthShrugLower": Shape(
        lips=lips.shrug_lower,
        others=(
            _both(Push("chin", (0.55, 0.2, 0.0), (1.4, 1.1, 2.4), (0.0, 0.32, 0.0), swell=0.08)),
        ),
    ),
    "mouthShrugUpper": Shape(lips=lips.shrug_upper),
    "tongueOut": Shape(lips=lips.parted, others=(_tongue_out, _ajar(0.12))),
}
"""Shapes that are their own mirror images."""


def all_offsets(whole: Whole, plan: Plan, face: Face, rig: Rig) -> dict[str, Floats]:
    """``(V, 3)`` metres for every shape that this body has, by its name."""
    shapes: dict[str, Floats] = {}
    blink = np.zeros_like(rig.points)
    vertices, by = turned(face.lids, closing(face.lids), _BLINK_LIFT)
    blink[vertices] = by
    sided = {"eyeBlink": blink} | {stem: s.offsets(rig, face) for stem, s in SIDED.items()}

    def ridden(offsets: Floats) -> Floats:
        moved = np.einsum("rk,rki->ri", rig.shares, offsets[rig.ridden])
        offsets[rig.riders] = moved
        return offsets

    for stem, offsets in sided.items():
        right = ridden(offsets)
        shapes[f"{stem}Right"] = right
        shapes[f"{stem}Left"] = right[whole.mirror] * FLIP
    for name, shape in WHOLE.items():
        offsets = ridden(shape.offsets(rig, face))
        even = 0.5 * (offsets + offsets[whole.mirror] * FLIP)
        shapes[name] = np.where(whole.lone[:, None], offsets, even)
    metres = plan.head_unit * np.array([1.0, 1.0, -1.0])
    return {name: offsets * metres for name, offsets in shapes.items()}
