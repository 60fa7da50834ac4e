"""A face as its expressions see it: what each vertex belongs to, and how much."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from presence.pose.arrays import Floats, Ints
from presence.scene.body import mouth
from presence.scene.body.draft import FLIP, Draft, Whole
from presence.scene.body.face import Face
from presence.scene.body.finish import normals
from presence.scene.body.hair import Upon
from presence.scene.body.marks import Marks, find_marks
from presence.scene.body.neighbours import harmonic
from presence.scene.body.plan import Plan
from presence.scene.body.stretch import Stretch, make_stretch
from presence.scene.body.teeth import Tongue

_DEPTHS = (0.0, 0.38, 0.73, 1.0)
"""Where the rows of the lips are between their meeting line (0) and the red's border (1)."""
_LINING_FADE = (0.0, 0.25, 0.88, 1.0)
"""How much the rows of the mouth's lining (from the back) go with the lips."""
_LIPS_SHUT = 0.5
"""How much both lips go with the jaw when they stay closed."""
_LINING_JAW = (0.45, 0.75, 1.0, 1.0)
"""How surely the lining's rows go with the lip before them, when the jaw opens."""
_LID_SKIN = (0.0, 0.0, 0.0, 0.08, 0.32, 0.72, 1.0)
"""How much the rings of the lids go with the skin of the face."""
_NEAREST = 8
"""Among so many triangles of the skin a rider finds the one that it lies on."""


@dataclass(frozen=True, slots=True, eq=False)
class Extras:
    """Drafted vertices that move with the face but are not its skin."""

    lower_teeth: Ints
    tongue: Tongue
    brow: Ints
    beard: Upon


@dataclass(frozen=True, slots=True, eq=False)
class Lips:
    """The lips and the mouth's lining, both halves."""

    vertices: Ints
    """``(N,)``"""
    points: Floats
    """``(N, 3)`` head units."""
    place: Floats
    """``(N,)`` 0 in the middle, 1 in the right corner, −1 in the left."""
    bow: Floats
    """``(N,)`` 1 in the upper lip's middle, 0 in the corners, −1 in the lower lip's middle."""
    depth: Floats
    """``(N,)`` 0 where the lips meet and inside, 1 at the border of the red."""
    line: Floats
    """``(N, 3)`` head units: the point of the meeting line at each place."""
    pillow: Floats
    """``(N,)`` head units: how far the lip's flesh stands out."""
    fade: Floats
    """``(N,)`` how much each goes with the lips: 1, and less in the lining."""


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """What moves how. Arrays are over the whole mesh."""

    points: Floats
    """``(V, 3)`` head units."""
    normals: Floats
    """``(V, 3)`` unit, in the head's axes."""
    skin: Floats
    """``(V,)`` how much fields move it: 1 on skin, 0 on lids, lips, eyes and teeth."""
    lips: Lips
    stretch: Stretch
    """The skin round the mouth."""
    marks: Marks
    about_eyes: Ints
    """``(E,)`` the skin of the lids."""
    from_eyes: Floats
    """``(E, 3)`` unit, away from the eye's centre."""
    upper: Floats
    """``(V,)`` how much it is the upper lip."""
    jaw: Floats
    """``(V,)`` how much it goes with the jaw when the mouth opens."""
    jaw_shut: Floats
    """``(V,)`` how much it goes with the jaw when the lips stay closed."""
    tongue: Floats
    """``(V, 3)`` head units: how the tongue comes out."""
    riders: Ints
    """``(R,)``"""
    ridden: Ints
    """``(R, 3)`` the vertices of skin that each rider takes its movement from."""
    shares: Floats
    """``(R, 3)``"""

    def mirrored(self) -> Rig:
        """The same face in a mirror."""
        return replace(self, points=self.points * FLIP, normals=self.normals * FLIP)


def make_rig(draft: Draft, whole: Whole, plan: Plan, face: Face, extras: Extras) -> Rig:
    """The rig of a drafted face."""
    marks = find_marks(draft, plan, face.mouth, extras.brow)
    points = plan.to_head(whole.positions)
    rings, rows = face.lids.rings, face.mouth.lips
    skin, upper = np.zeros(draft.count), np.zeros(draft.count)
    skin[np.concatenate([face.rim, face.skin])] = 1.0
    for ring, share in zip(rings, _LID_SKIN, strict=True):
        skin[ring] = share
    for row, share in zip(rows, (0.0, 0.1, 0.2, 0.4, 0.7, 0.9), strict=True):
        skin[row] = share
    for row, share in zip(rows, (1.0, 1.0, 1.0, 0.8, 0.45, 0.15), strict=True):
        upper[row] = share * np.maximum(mouth.RISE, 0.0) ** 1.3
    for row, share in zip(face.mouth.lining, _LINING_FADE, strict=True):
        upper[row] = share * np.maximum(mouth.RISE, 0.0) ** 1.3
    tongue = np.zeros((draft.count, 3))
    tongue[extras.tongue.vertices] = extras.tongue.out
    # The open mouth is round: its corners go half-way.
    bow = mouth.RISE
    by_place = 0.5 - 0.5 * np.sign(bow) * np.abs(bow) ** 1.3
    jaw = _jaw_share(draft, plan, face, extras, marks.chin, by_place)
    jaw_shut = _jaw_share(draft, plan, face, extras, marks.chin, np.full(mouth.POINTS, _LIPS_SHUT))
    follows = _about_mouth(points, marks) & np.isin(
        whole.source, np.concatenate([face.skin, rows[4:].ravel()])
    )
    left = np.flatnonzero(np.arange(len(points)) >= draft.count)
    side = np.where(np.isin(np.arange(len(points)), left)[:, None], FLIP, 1.0)
    ground = np.flatnonzero(
        np.isin(whole.source, np.concatenate([face.skin, rows[3:].ravel(), rings[5:].ravel()]))
    )
    lids = rings[3:].ravel()
    about_eyes = np.concatenate([lids, whole.mirror[lids]])
    from_eyes = points[about_eyes] - face.lids.eye * np.where(
        points[about_eyes, :1] > 0.0, 1.0, FLIP
    )
    from_eyes /= np.linalg.norm(from_eyes, axis=1, keepdims=True)
    at, ridden, shares = _ride(whole, points, extras, ground)
    return Rig(
        points=points,
        normals=normals(whole.positions, whole) * np.array([1.0, 1.0, -1.0]),
        skin=skin[whole.source],
        lips=_lips_of(whole, points, face),
        stretch=make_stretch(whole.triangles, len(points), np.flatnonzero(follows)),
        marks=marks,
        about_eyes=about_eyes,
        from_eyes=from_eyes,
        upper=upper[whole.source],
        jaw=jaw[whole.source],
        jaw_shut=jaw_shut[whole.source],
        tongue=tongue[whole.source] * side,
        riders=at,
        ridden=ridden,
        shares=shares,
    )


def _about_mouth(points: Floats, marks: Marks) -> NDArray[np.bool_]:
    """``(V,)`` what the lips can pull at: below the nose and cheekbones, above the chin's edge."""
    across, up, forward = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    top = marks.nose_base[1] + 0.2 + 1.1 * np.clip(across - 1.3, 0.0, 1.2)
    inside: NDArray[np.bool_] = np.logical_and.reduce(
        [
            up < top,
            up > marks.chin[1] - 2.0,
            forward > marks.lip[2] - 4.2,
            across < marks.corner[0] + 3.6,
        ]
    )
    return inside


def _lips_of(whole: Whole, points: Floats, face: Face) -> Lips:
    """The lips and lining of both halves."""
    rows = [*face.mouth.lips[: mouth.BORDER + 1], *face.mouth.lining]
    depths = (*_DEPTHS, 0.0, 0.0, 0.0, 0.0)
    fades = (1.0, 1.0, 1.0, 1.0, *_LINING_FADE)
    count = mouth.POINTS
    line = face.mouth.line[np.minimum(np.arange(count), count - 1 - np.arange(count))]
    right = np.concatenate(rows)
    place = np.tile(mouth.ACROSS, len(rows))
    bow = np.tile(mouth.RISE, len(rows))
    place[np.abs(place) < 1e-9] = 0.0
    bow[np.abs(bow) < 1e-9] = 0.0
    depth, fade = np.repeat(depths, count), np.repeat(fades, count)
    lines = np.tile(line, (len(rows), 1))
    # How far the flesh stands out before the border of the red.
    ahead = points[right][:, 2].reshape(len(rows), count)
    pillow = np.maximum(ahead - ahead[mouth.BORDER], 0.0)
    pillow[mouth.BORDER :] = 0.0
    pillow = pillow.ravel()
    # The left half's are the images of those off the midline.
    off = np.flatnonzero(whole.mirror[right] != right)
    vertices = np.concatenate([right, whole.mirror[right[off]]])

    def both(part: Floats, sign: float = 1.0) -> Floats:
        return np.concatenate([part, sign * part[off]])

    return Lips(
        vertices=vertices,
        points=points[vertices],
        place=both(place, -1.0),
        bow=both(bow),
        depth=both(depth),
        line=np.concatenate([lines, lines[off] * FLIP]),
        pillow=both(pillow),
        fade=both(fade),
    )


def _ride(whole: Whole, points: Floats, extras: Extras, ground: Ints) -> tuple[Ints, Ints, Floats]:
    """What brows and beard take their movement from, images included, and how much of each.

    Beards say where they grow. A brow's vertex lies on one of the triangles near it, or above or
    below one.
    """
    riders = extras.brow
    triangles = whole.triangles[np.isin(whole.triangles, ground).all(axis=1)]
    mine = points[riders]
    _, near = cKDTree(points[triangles].mean(axis=1)).query(mine, k=_NEAREST)
    a, b, c = (points[triangles[near][..., i]] for i in range(3))
    ab, ac, ap = b - a, c - a, mine[:, None] - a
    d00, d01, d11 = np.sum(ab * ab, -1), np.sum(ab * ac, -1), np.sum(ac * ac, -1)
    d20, d21 = np.sum(ap * ab, -1), np.sum(ap * ac, -1)
    size = np.maximum(d00 * d11 - d01 * d01, 1e-12)
    v, w = (d11 * d20 - d01 * d21) / size, (d00 * d21 - d01 * d20) / size
    shares = np.clip(np.stack([1.0 - v - w, v, w], axis=-1), 0.0, 1.0)
    shares /= shares.sum(axis=-1, keepdims=True)
    foot = shares[..., :1] * a + shares[..., 1:2] * b + shares[..., 2:] * c
    best = np.linalg.norm(foot - mine[:, None], axis=-1).argmin(axis=1)
    row = np.arange(len(riders))
    riders = np.concatenate([riders, extras.beard.vertices])
    ridden = np.concatenate([triangles[near[row, best]], extras.beard.skin])
    shares = np.concatenate([shares[row, best], extras.beard.shares])
    off = np.flatnonzero(whole.mirror[riders] != riders)
    return (
        np.concatenate([riders, whole.mirror[riders[off]]]),
        np.concatenate([ridden, whole.mirror[ridden[off]]]),
        np.concatenate([shares, shares[off]]),
    )


def _jaw_share(
    draft: Draft, plan: Plan, face: Face, extras: Extras, tip: Floats, lips: Floats
) -> Floats:
    """``(N,)`` how much each drafted vertex goes with the jaw.

    Lips by their place in the loop, as ``lips (21,)`` says; all of the chin, whose foremost point
    is ``tip (3,)``; brow and neck nothing; the skin between harmonic.
    """
    share = np.zeros(draft.count)
    for row, sure in zip(face.mouth.lining, _LINING_JAW, strict=True):
        share[row] = lips * sure + 0.4 * (1.0 - sure)
    share[face.mouth.back] = 0.4
    share[face.mouth.lips[:4]] = lips
    # The throat gives a little, or the chin would fold into it.
    throat = np.maximum(np.cos(np.linspace(0.0, np.pi, len(face.rim))), 0.0) ** 2
    for row, give in ((face.rim, 0.48), (face.neck[1], 0.22), (face.neck[0], 0.07)):
        share[row] = give * throat
    share[extras.lower_teeth] = 1.0
    share[extras.tongue.vertices] = 0.9
    points = plan.to_head(draft.positions)
    across, up, forward = points[face.skin].T
    chin = (up < tip[1] + 1.0) & (forward > tip[2] - 2.8) & (np.abs(across) < 2.4)
    share[face.skin[chin]] = 1.0
    free = np.concatenate([face.skin[~chin], *face.mouth.lips[4:]])
    free = free[points[free, 1] < -3.6]
    share[free] = harmonic(draft.triangles, free, share)
    return share
