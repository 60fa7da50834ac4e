"""An avatar of one triangle: everything of a person but the pixels, for measuring the rest."""

from __future__ import annotations

import numpy as np

from presence.pose.proportions import Proportions, default_proportions
from presence.pose.skeleton import INDEX
from presence.scene.avatar import Avatar, Mesh, Surface


def triangle_avatar(proportions: Proportions | None = None) -> Avatar:
    """A small triangle before the face, facing where the person faces, carried by the head."""
    proportions = proportions or default_proportions()
    head = INDEX["head"]
    middle = proportions.rest_positions()[head] + proportions.eyes
    corners = middle + np.array([[0.05, -0.04, -0.05], [-0.05, -0.04, -0.05], [0.0, 0.05, -0.05]])
    return Avatar(
        name="triangle",
        mesh=Mesh(
            positions=corners.astype(np.float32),
            normals=np.tile(np.array([0.0, 0.0, -1.0], dtype=np.float32), (3, 1)),
            colours=np.tile(np.array([0.8, 0.6, 0.5], dtype=np.float32), (3, 1)),
            surfaces=np.full(3, Surface.SKIN, dtype=np.uint8),
            joints=np.tile(np.array([head, 0, 0, 0], dtype=np.uint8), (3, 1)),
            weights=np.tile(np.array([1.0, 0.0, 0.0, 0.0], dtype=np.float32), (3, 1)),
            triangles=np.array([[0, 1, 2]], dtype=np.uint32),
        ),
        proportions=proportions,
    )
