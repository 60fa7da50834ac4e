"""A face as its expressions see it: what each vertex belongs to, and how much."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body import mouth
from presence.scene.body.draft import FLIP, Draft, Whole
from presence.scene.body.face import Face
from presence.scene.body.hair import Upon
from presence.scene.body.neighbours import harmonic
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep

# How much the rows of the lips (outwards) and of the mouth's lining (from the back) go with them.
LIP_FADE = (1.0, 1.0, 1.0, 0.8, 0.45, 0.15)
LINING_FADE = (0.0, 0.15, 0.6, 1.0)
_LIP_NEARNESS = (1.0, 0.8, 0.4, 0.1, 0.0, 0.0)
_LIPS_SHUT = 0.5
"""How much both lips go with the jaw when they stay closed."""
_LINING_JAW = (0.45, 0.75, 1.0, 1.0)
"""How surely the lining's rows go with the lip before them, when the jaw opens."""


@dataclass(frozen=True, slots=True, eq=False)
class Extras:
    """Drafted vertices that move with the face but are not its skin."""

    lower_teeth: Ints
    tongue: Ints
    brow: Ints
    beard: Upon


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """What moves how. Arrays are over the whole mesh."""

    points: Floats
    """``(V, 3)`` head units."""
    skin: Floats
    """``(V,)`` how much fields move it: 1 on skin, lips and brows, 0 on lids, eyes and teeth."""
    upper: Floats
    """``(V,)`` how much it is the upper lip."""
    lower: Floats
    """``(V,)`` how much it is the lower lip."""
    inner: Floats
    """``(V,)`` how near the lips' meeting it is: 1 there."""
    jaw: Floats
    """``(V,)`` how much it goes with the jaw when the mouth opens."""
    jaw_shut: Floats
    """``(V,)`` how much it goes with the jaw when the lips stay closed."""
    tongue: Floats
    """``(V,)`` how much it goes with the tongue."""

    def mirrored(self) -> Rig:
        """The same face in a mirror."""
        return replace(self, points=self.points * FLIP)


def make_rig(draft: Draft, whole: Whole, plan: Plan, face: Face, extras: Extras) -> Rig:
    """The rig of a drafted face."""
    skin, upper, lower, inner, tongue = (np.zeros(draft.count) for _ in range(5))
    rings, lips, lining = face.lids.rings, face.mouth.lips, face.mouth.lining
    skin[np.concatenate([face.rim, face.skin, extras.brow, *lips, *rings[5:]])] = 1.0
    skin[rings[3]], skin[rings[4]], skin[rings[5]] = 0.08, 0.32, 0.72
    rise = np.sin(mouth.TURN)
    bow = np.sign(rise) * np.abs(rise) ** 0.7
    fades = [*zip(lips, LIP_FADE, strict=True), *zip(lining, LINING_FADE, strict=True)]
    for row, fade in fades:
        upper[row] = fade * np.maximum(bow, 0.0)
        lower[row] = fade * np.maximum(-bow, 0.0)
    for row, fade in zip(lining, LINING_FADE, strict=True):
        skin[row] = fade
    for row, near in zip(lips, _LIP_NEARNESS, strict=True):
        inner[row] = near
    inner[lining[-1]] = 1.0
    tongue[extras.tongue] = smoothstep(-4.0, 0.5, plan.to_head(draft.positions)[extras.tongue, 2])
    by_place = smoothstep(7.5, 13.0, np.arange(mouth.POINTS, dtype=np.float64))
    jaw = _jaw_share(draft, plan, face, extras, by_place)
    jaw_shut = _jaw_share(draft, plan, face, extras, np.full(mouth.POINTS, _LIPS_SHUT))
    # A beard goes with the skin that it grows from.
    for part in (skin, upper, lower, inner, jaw, jaw_shut):
        part[extras.beard.vertices] = np.sum(part[extras.beard.skin] * extras.beard.shares, axis=1)
    return Rig(
        plan.to_head(whole.positions),
        *(part[whole.source] for part in (skin, upper, lower, inner, jaw, jaw_shut, tongue)),
    )


def _jaw_share(draft: Draft, plan: Plan, face: Face, extras: Extras, lips: Floats) -> Floats:
    """``(N,)`` how much each drafted vertex goes with the jaw.

    Lips by their place in the loop, as ``lips (21,)`` says; chin all, brow and neck nothing; the
    skin between harmonic.
    """
    share = np.zeros(draft.count)
    for row, sure in zip(face.mouth.lining, _LINING_JAW, strict=True):
        share[row] = lips * sure + 0.4 * (1.0 - sure)
    share[face.mouth.back] = 0.4
    share[face.mouth.lips[:4]] = lips
    # The throat gives a little, or the chin would fold into it.
    throat = np.maximum(np.cos(np.linspace(0.0, np.pi, len(face.rim))), 0.0) ** 2
    for row, give in ((face.rim, 0.45), (face.neck[1], 0.20), (face.neck[0], 0.06)):
        share[row] = give * throat
    share[extras.lower_teeth] = 1.0
    share[extras.tongue] = 0.9
    points = plan.to_head(draft.positions)
    across, up, forward = points[face.skin].T
    chin = (up < -8.6) & (forward > -2.6) & (np.abs(across) < 2.6)
    share[face.skin[chin]] = 1.0
    free = np.concatenate([face.skin[~chin], *face.mouth.lips[4:]])
    free = free[points[free, 1] < -3.6]
    share[free] = harmonic(draft.triangles, free, share)
    return share
