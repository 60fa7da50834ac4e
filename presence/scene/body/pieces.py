"""Closed pieces that lie on the clothes and are carried by them: swept from section to section.

They are added once the clothes have their weights.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.trunk import Openings


def sweep(draft: Draft, sections: Floats, paint: Paint, weights: Floats) -> Ints:
    """Add the solid that sections ``(S, P, 3)`` enclose, in order; its vertices ``(S, P)``.

    A section is a closed polygon, of weights ``(S, P, 55)``. Sections or edges that lie on the
    midline are open there: the mirror image closes them.
    """
    count = sections.shape[1]
    lengths = np.linalg.norm(np.diff(sections, axis=0), axis=-1).mean(axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    spans = np.linalg.norm(sections - np.roll(sections, 1, axis=1), axis=-1)
    grain = np.stack([np.cumsum(spans, axis=1), np.tile(along[:, None], (1, count))], axis=-1)
    rows = draft.add(sections, paint, weights.reshape(-1, weights.shape[-1]), grain)
    faces = []
    for first, second in pairwise(rows):
        a, b, c, d = first, second, np.roll(second, -1), np.roll(first, -1)
        faces += [np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]
    for ring, way in ((rows[0], 1), (rows[-1], -1)):
        fan = np.stack([np.full(count - 2, ring[0]), ring[1:-1], ring[2:]], axis=1)
        faces.append(fan[:, ::way])
    add_solid(draft, np.concatenate(faces))
    return rows


def add_solid(draft: Draft, faces: Ints) -> None:
    """Add the faces ``(T, 3)`` of a piece, turned outwards, less those that lie on the midline."""
    corners = draft.positions[faces]
    faces = faces[~np.all(corners[..., 0] == 0.0, axis=1)]
    corners = draft.positions[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    # The volume by the flux of (x, 0, 0): what would close the piece on the midline adds nothing.
    if np.sum(corners[..., 0].mean(axis=1) * normals[:, 0]) < 0.0:
        faces = faces[:, ::-1]
    draft.faces(faces)


class Cloth:
    """The front of a finished garment, to lay pieces on."""

    def __init__(self, draft: Draft, openings: Openings) -> None:
        rows = openings.rows[openings.plain :]
        shown = np.zeros(draft.count, dtype=bool)
        for row in rows:
            shown[row[row >= 0]] = True
        triangles = draft.triangles
        self._triangles = triangles[shown[triangles].all(axis=1)]
        self._draft = draft

    def at(self, places: Floats, off: Floats | float) -> tuple[Floats, Floats]:
        """Points ``(..., 3)`` before the cloth at ``places (..., 2)``: across and up.

        They lie ``off`` metres before its foremost layer. Also their weights ``(..., 55)``.
        """
        draft = self._draft
        flat = places.reshape(-1, 2)
        a, b, c = (draft.positions[self._triangles[:, i]] for i in range(3))
        edge1, edge2 = (b - a)[:, :2], (c - a)[:, :2]
        area = edge1[:, 0] * edge2[:, 1] - edge1[:, 1] * edge2[:, 0]
        area = np.where(np.abs(area) < 1e-12, np.inf, area)
        gap = flat[:, None] - a[None, :, :2]
        v = (gap[..., 0] * edge2[:, 1] - gap[..., 1] * edge2[:, 0]) / area
        w = (edge1[:, 0] * gap[..., 1] - edge1[:, 1] * gap[..., 0]) / area
        # What no triangle holds goes to the one that it misses least.
        miss = np.maximum(np.maximum(-v, -w), v + w - 1.0).clip(0.0)
        depth = a[:, 2] + v * (b - a)[:, 2] + w * (c - a)[:, 2]
        rank = np.where(np.isinf(area), np.inf, depth + 1e3 * np.where(miss > 1e-6, 1.0 + miss, 0))
        best = np.argmin(rank, axis=1)
        pick = np.arange(len(flat))
        v, w, depth = v[pick, best], w[pick, best], depth[pick, best]
        share = np.stack([1.0 - v - w, v, w], axis=1).clip(0.0)
        share /= share.sum(axis=1, keepdims=True)
        weights = np.einsum("nk,nkb->nb", share, draft.weights[self._triangles[best]])
        points = np.column_stack([flat, depth - np.broadcast_to(off, places.shape[:-1]).ravel()])
        return points.reshape(*places.shape[:-1], 3), weights.reshape(*places.shape[:-1], -1)
