"""The parts of a VRM file joined into one mesh."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from presence.pose.arrays import Ints
from presence.scene.avatar import Image, Mesh, Morph
from presence.scene.srgb import srgb_from_linear
from presence.scene.vrm_parts import Moved, Part

_SMALLEST_OFFSET = 2e-5
"""Metres; a vertex that a shape moves less stays where it is, unless its normal turns."""
_SMALLEST_TURN = 0.02


def joined(parts: list[Part], textures: tuple[Image, ...], *, keep_small: bool) -> Mesh:
    """All parts as one mesh; movements too small to be seen are dropped unless ``keep_small``."""
    starts = np.cumsum([0, *(len(part.positions) for part in parts)])
    layers = np.concatenate(
        [np.full(len(part.positions), part.finish.layer, dtype=np.uint8) for part in parts]
    )
    cuts = np.concatenate([np.full(len(part.triangles), part.finish.cut) for part in parts])
    shapes = sorted({shape for part in parts for shape in part.shapes})
    mesh = Mesh(
        positions=np.concatenate([part.positions for part in parts]),
        normals=np.concatenate([part.normals for part in parts]),
        colours=srgb_from_linear(np.concatenate([part.colours for part in parts])),
        surfaces=np.concatenate(
            [np.full(len(part.positions), part.finish.surface, dtype=np.uint8) for part in parts]
        ),
        joints=np.concatenate([part.joints for part in parts]),
        weights=np.concatenate([part.weights for part in parts]),
        triangles=np.concatenate(
            [part.triangles + np.uint32(at) for part, at in zip(parts, starts[:-1], strict=True)]
        ),
        morphs=tuple(
            morph
            for shape in shapes
            if (morph := _morph(shape, parts, starts, keep_small=keep_small)) is not None
        ),
        textures=textures,
        cutouts=cuts if cuts.any() else np.zeros(0, dtype=np.bool_),
    )
    if not textures:
        return mesh
    return replace(
        mesh,
        uvs=np.concatenate([part.uvs for part in parts]),
        layers=layers,
    )


def _morph(
    shape: int, parts: list[Part], starts: NDArray[np.int64], *, keep_small: bool
) -> Morph | None:
    found: list[Moved] = []
    for part, start in zip(parts, starts[:-1], strict=True):
        given = part.shapes.get(shape, [])
        if not given:
            continue
        rows, offsets, turns = given[0] if len(given) == 1 else _summed(given)
        if not keep_small:
            far = np.linalg.norm(offsets, axis=1) > _SMALLEST_OFFSET
            kept = far | (np.linalg.norm(turns, axis=1) > _SMALLEST_TURN)
            rows, offsets, turns = rows[kept], offsets[kept], turns[kept]
        found.append((rows + start, offsets, turns))
    vertices, moved, turned = (np.concatenate(each) for each in zip(*found, strict=True))
    return Morph(shape, vertices.astype(np.int32), moved, turned) if len(vertices) else None


def _summed(given: list[Moved]) -> Moved:
    """Several movements of vertices, added."""
    rows, back = np.unique(np.concatenate([each[0] for each in given]), return_inverse=True)
    sums = []
    for column in (1, 2):
        total = np.zeros((len(rows), 3), dtype=np.float32)
        np.add.at(total, back, np.concatenate([each[column] for each in given]))
        sums.append(total)
    return rows, sums[0], sums[1]


def merged(mesh: Mesh, own: Ints) -> Mesh:
    """A mesh of ours with its vertices again as they were before they were split into pieces.

    ``own (V, 3)`` says of each vertex which of ours it is, its surface and its layer.
    """
    ids = own[:, 0]
    count = int(ids.max()) + 1
    if count > len(ids):
        raise ValueError("a vertex of ours is missing")
    first = np.full(count, -1, dtype=np.int64)
    first[ids[::-1]] = np.arange(len(ids))[::-1]
    if (first < 0).any():
        raise ValueError("a vertex of ours is missing")
    morphs = []
    for morph in mesh.morphs:
        vertices, rows = np.unique(ids[morph.vertices], return_index=True)
        morphs.append(
            Morph(
                morph.shape,
                vertices.astype(np.int32),
                morph.offsets[rows],
                morph.normal_offsets[rows],
            )
        )
    return replace(
        mesh,
        positions=mesh.positions[first],
        normals=mesh.normals[first],
        colours=mesh.colours[first],
        surfaces=own[first, 1].astype(np.uint8),
        joints=mesh.joints[first],
        weights=mesh.weights[first],
        triangles=ids[mesh.triangles].astype(np.uint32),
        morphs=tuple(morphs),
        uvs=mesh.uvs[first] if len(mesh.uvs) else mesh.uvs,
        layers=own[first, 2].astype(np.uint8) if len(mesh.layers) else mesh.layers,
    )
