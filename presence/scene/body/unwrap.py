"""Where each triangle of a body lies in its texture.

The drafted half is unwrapped; its mirror image shows the same texels, so they serve twice. Faces
are laid out larger than clothes. Eyeballs have a square of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xatlas

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint, Whole
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep

SIZE = 1024
"""Texels along each side of the texture."""
EYE_SIZE = 168
"""Texels along each side of the eye's square, which is at the top left."""
_PADDING = 3
_HEAD, _HAND = 2.3, 1.5
"""How much larger than clothes these are laid out."""


@dataclass(frozen=True, slots=True, eq=False)
class Unwrapped:
    """A body's vertices, split along the seams of its texture."""

    source: Ints
    """``(V,)`` the vertex of ``Whole`` that each is a copy of."""
    triangles: Ints
    """``(T, 3)`` those of ``Whole``, in the same order."""
    uvs: Floats
    """``(V, 2)`` in the texture, 0 to 1 from the top left."""
    painted: Ints
    """The triangles whose texels are to be painted: the drafted half's, but for eyes' backs."""


def unwrap(draft: Draft, whole: Whole, plan: Plan) -> Unwrapped:
    """Lay a body out in its texture."""
    triangles = draft.triangles
    eye = (draft.paints == Paint.EYE)[triangles].all(axis=1)
    source, corners, uvs = _laid_out(draft, plan, triangles[~eye])
    outward = draft.positions - plan.at("rightEye")
    behind = eye & (outward[triangles, 2].min(axis=1) > -1e-4)
    eye_vertices, eye_corners = np.unique(triangles[eye], return_inverse=True)
    placed = np.empty_like(triangles)
    placed[~eye] = corners
    placed[eye] = eye_corners.reshape(-1, 3) + len(source)
    source = np.concatenate([source, eye_vertices])
    uvs = np.concatenate([uvs, _eye_uvs(outward[eye_vertices])])

    # The mirror image: midline vertices serve both halves.
    image = whole.mirror[source]
    alone = image == source
    twin = np.arange(len(source))
    twin[~alone] = len(source) + np.arange(int((~alone).sum()))
    # What is lone is its own image too, and its triangles are not repeated.
    repeated = len(whole.triangles) - len(triangles)
    lone = draft.lone[triangles].any(axis=1)
    mirrored = twin[placed[~lone]][:, ::-1]
    assert len(mirrored) == repeated
    return Unwrapped(
        source=np.concatenate([source, image[~alone]]),
        triangles=np.concatenate([placed, mirrored]),
        uvs=np.concatenate([uvs, uvs[~alone]]),
        painted=np.flatnonzero(~behind),
    )


def _laid_out(draft: Draft, plan: Plan, triangles: Ints) -> tuple[Ints, Ints, Floats]:
    """Vertices' sources ``(N,)``, corners ``(T, 3)`` and uvs ``(N, 2)`` of what xatlas lays out."""
    used, corners = np.unique(triangles, return_inverse=True)
    points = _enlarged(draft, plan)[used]
    atlas = xatlas.Atlas()
    atlas.add_mesh(points.astype(np.float32), corners.reshape(-1, 3).astype(np.uint32))
    charts, pack = xatlas.ChartOptions(), xatlas.PackOptions()
    charts.max_iterations = 1
    # Long pieces waste less when they are straight; few seams matter more than little stretch.
    charts.max_cost = 4.0
    charts.normal_deviation_weight = 1.0
    pack.resolution = SIZE
    pack.padding = _PADDING
    pack.bilinear = True
    atlas.generate(charts, pack)
    mapping, indices, uvs = atlas[0]
    room = 1.0 - EYE_SIZE / SIZE
    placed = np.stack([uvs[:, 0], 1.0 - room + room * uvs[:, 1]], axis=1)
    return used[mapping.astype(np.int64)], indices.astype(np.int64), placed.astype(np.float64)


def _enlarged(draft: Draft, plan: Plan) -> Floats:
    """``(N, 3)`` the drafted vertices, with what is looked at most grown in its place."""
    points = draft.positions
    head = smoothstep(-16.0, -11.5, plan.to_head(points)[:, 1])
    head[np.isin(draft.paints, (Paint.HAIR, Paint.BEARD, Paint.GLASS))] = 0.0
    throat = plan.from_head(np.array([0.0, -13.0, -8.0]))
    hand = smoothstep(-0.01 * plan.scale, 0.01 * plan.scale, points[:, 0] - plan.at("rightHand")[0])
    grown: Floats = (
        points
        + (points - throat) * ((_HEAD - 1.0) * head)[:, None]
        + (points - plan.at("rightHand")) * ((_HAND - 1.0) * hand)[:, None]
    )
    return grown


def _eye_uvs(outward: Floats) -> Floats:
    """``(N, 2)`` uvs of points given from the eye's middle: by their angle from straight ahead."""
    unit = outward / np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-12)
    angle = np.arccos(np.clip(-unit[:, 2], -1.0, 1.0))
    flat = np.hypot(unit[:, 0], unit[:, 1])
    around = unit[:, :2] / np.maximum(flat, 1e-9)[:, None]
    reach = np.minimum(angle / EYE_REACH, 1.0) * (EYE_SIZE / 2 - 2)
    centre = EYE_SIZE / 2
    pixels = np.stack([centre + reach * around[:, 0], centre - reach * around[:, 1]], axis=1)
    uvs: Floats = pixels / SIZE
    return uvs


EYE_REACH = 1.25
"""Radians from straight ahead to the edge of the eye's square; what is further back is hidden."""
