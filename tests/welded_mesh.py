"""A mesh as it was before its texture's seams split it."""

from dataclasses import replace

import numpy as np

from presence.scene.avatar import Avatar, Mesh


def welded(mesh: Mesh) -> Mesh:
    """The mesh with copies of a vertex joined: same place, same normal, same weights.

    Lips that lie on each other at rest have different normals, and stay apart.
    """
    key = np.concatenate(
        [mesh.positions, mesh.normals, mesh.weights, mesh.joints.astype(np.float32)], axis=1
    )
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    # In the order of the mesh, so that vertex 0 stays vertex 0.
    order = np.argsort(first)
    rank = np.empty(len(first), dtype=np.int64)
    rank[order] = np.arange(len(first))
    keep, joined = first[order], rank[inverse]
    morphs = []
    for morph in mesh.morphs:
        vertices, at = np.unique(joined[morph.vertices], return_index=True)
        morphs.append(
            replace(
                morph,
                vertices=vertices.astype(np.int32),
                offsets=morph.offsets[at],
                normal_offsets=morph.normal_offsets[at],
            )
        )
    return replace(
        mesh,
        positions=mesh.positions[keep],
        normals=mesh.normals[keep],
        colours=mesh.colours[keep],
        surfaces=mesh.surfaces[keep],
        joints=mesh.joints[keep],
        weights=mesh.weights[keep],
        triangles=joined[mesh.triangles].astype(np.uint32),
        morphs=tuple(morphs),
        uvs=mesh.uvs[keep],
        layers=mesh.layers[keep],
    )


def seamless(avatar: Avatar) -> Avatar:
    """The avatar with its mesh welded."""
    return replace(avatar, mesh=welded(avatar.mesh))
