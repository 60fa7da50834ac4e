"""From a drafted body to what is drawn: normals, morphs, and seams."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.face import SHAPE_INDEX
from presence.scene.avatar import Image, Mesh, Morph
from presence.scene.body.draft import FLIP, Whole
from presence.scene.body.neighbours import averaged, edges_of
from presence.scene.body.unwrap import Unwrapped

_SMALLEST_OFFSET = 5e-5
"""Metres; a vertex that a shape moves less is left where it is."""
_SMALLEST_TURN = 0.04
"""A normal that changes less is left as it is."""
_UPON = {"mouthClose": "jawOpen"}
"""Shapes that only ever act on top of another: their normals are taken there."""


def normals(positions: Floats, whole: Whole) -> Floats:
    """``(V, 3)`` unit normals: the mean of the triangles' about each vertex, by their angles there.

    Areas as weights would tilt the normals of hems and cuffs, whose edges are thin.
    """
    corners = positions[whole.triangles]
    ahead = np.roll(corners, -1, axis=1) - corners
    ahead /= np.maximum(np.linalg.norm(ahead, axis=2, keepdims=True), 1e-12)
    back = -np.roll(ahead, 1, axis=1)
    angles = np.arccos(np.clip(np.einsum("tci,tci->tc", ahead, back), -1.0, 1.0))
    faces = np.cross(ahead[:, 0], back[:, 0])
    faces /= np.maximum(np.linalg.norm(faces, axis=1, keepdims=True), 1e-12)
    total = np.stack(
        [
            np.bincount(
                whole.triangles.ravel(),
                (faces[:, i : i + 1] * angles).ravel(),
                minlength=len(positions),
            )
            for i in range(3)
        ],
        axis=1,
    )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    unit: Floats = total / np.maximum(length, 1e-12)
    # Where skin folds flat onto itself its normals cancel: the neighbours say what is outside.
    folded = np.flatnonzero(length[:, 0] < 1e-9)
    if len(folded):
        around = averaged(unit, edges_of(whole.triangles))[folded]
        unit[folded] = around / np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-12)
    return unit


def _turned(moved: Floats, positions: Floats, before: Floats, whole: Whole) -> Floats:
    """The same as ``normals(positions, whole)``, worked out only where something moved.

    Args:
        moved: ``(V, 3)`` metres by which a shape brought vertices to ``positions``.
        positions: ``(V, 3)`` metres.
        before: ``(V, 3)`` the normals before that.
        whole: the body.
    """
    # A normal depends on the vertices about it, and where skin folds on those about these. It
    # takes one ring more to have all the triangles about all of them.
    rings = [moved.any(axis=1)]
    for _ in range(3):
        wider = rings[-1].copy()
        wider[whole.triangles[rings[-1][whole.triangles].any(axis=1)]] = True
        rings.append(wider)
    triangles = whole.triangles[rings[3][whole.triangles].any(axis=1)]
    used, places = np.unique(triangles, return_inverse=True)
    part = replace(whole, triangles=places.reshape(-1, 3))
    after = before.copy()
    after[rings[2]] = normals(positions[used], part)[rings[2][used]]
    return after


def morphs(shapes: dict[str, Floats], whole: Whole) -> tuple[Morph, ...]:
    """The shapes as sparse morphs, in the order of ``SHAPES``.

    ``shapes`` holds by name the offsets ``(V, 3)`` in metres.
    """
    straight = normals(whole.positions, whole)
    rest = _symmetric(straight, whole)
    made = []
    for name in sorted(shapes, key=SHAPE_INDEX.__getitem__):
        offsets = shapes[name]
        upon, plain, before = whole.positions, straight, rest
        if name in _UPON:
            upon = upon + shapes[_UPON[name]]
            plain = normals(upon, whole)
            before = _symmetric(plain, whole)
        turned = _turned(offsets, upon + offsets, plain, whole)
        if not name.endswith(("Left", "Right")):
            turned = _symmetric(turned, whole)
        change = turned - before
        moved = np.linalg.norm(offsets, axis=1) > _SMALLEST_OFFSET
        moved |= np.linalg.norm(change, axis=1) > _SMALLEST_TURN
        vertices = np.flatnonzero(moved)
        made.append(
            Morph(
                shape=SHAPE_INDEX[name],
                vertices=vertices.astype(np.int32),
                offsets=offsets[vertices].astype(np.float32),
                normal_offsets=change[vertices].astype(np.float32),
            )
        )
    return tuple(made)


def _symmetric(vectors: Floats, whole: Whole) -> Floats:
    even = 0.5 * (vectors + vectors[whole.mirror] * FLIP)
    return np.where(whole.lone[:, None], vectors, even)


def split(mesh: Mesh, unwrapped: Unwrapped, texture: Image) -> Mesh:
    """The mesh with its vertices split along the seams of its texture, which it then shows."""
    source = unwrapped.source
    made = []
    for morph in mesh.morphs:
        row = np.full(len(mesh.positions), -1)
        row[morph.vertices] = np.arange(len(morph.vertices))
        at = row[source]
        copies = np.flatnonzero(at >= 0)
        made.append(
            replace(
                morph,
                vertices=copies.astype(np.int32),
                offsets=morph.offsets[at[copies]],
                normal_offsets=morph.normal_offsets[at[copies]],
            )
        )
    return replace(
        mesh,
        positions=mesh.positions[source],
        normals=mesh.normals[source],
        colours=mesh.colours[source],
        surfaces=mesh.surfaces[source],
        joints=mesh.joints[source],
        weights=mesh.weights[source],
        triangles=unwrapped.triangles.astype(np.uint32),
        morphs=tuple(made),
        uvs=unwrapped.uvs.astype(np.float32),
        layers=np.zeros(len(source), dtype=np.uint8),
        textures=(texture,),
    )
