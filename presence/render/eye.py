"""An eye: where it is, how far it sees to each side, and what that makes of a point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from presence.headset.frames import FieldOfView
from presence.pose.arrays import Floats
from presence.pose.quaternion import quat_to_matrix
from presence.pose.rigid import RIGHT, Rigid
from presence.scene.avatar import Singles

NEAR, FAR = 0.05, 60.0
"""Metres; what is nearer or farther is not drawn."""

INTERPUPILLARY_DISTANCE = 0.063
"""Metres between the eyes of an average adult (N. A. Dodgson, "Variation and extrema of human
interpupillary distance", Proc. SPIE 5291, 2004)."""


@dataclass(frozen=True, slots=True, eq=False)
class Eye:
    """One eye that looks at the viewer's own place."""

    own_place_from_eye: Rigid
    """The eye looks along its −Z; +Y is up in its image."""
    fov: FieldOfView


def stereo_eyes(
    own_place_from_head: Rigid, fov: FieldOfView, distance: float = INTERPUPILLARY_DISTANCE
) -> tuple[Eye, Eye]:
    """The left and the right eye of a head that looks along its −Z; both see the same ``fov``."""
    left, right = (
        Eye(own_place_from_head @ Rigid(np.array([0.0, 0.0, 0.0, 1.0]), RIGHT * offset), fov)
        for offset in (-0.5 * distance, 0.5 * distance)
    )
    return left, right


def clip_from_eye(fov: FieldOfView) -> Floats:
    """``(4, 4)`` OpenGL's projection: depth −1 at ``NEAR`` to 1 at ``FAR``, off-centre views too.

    The matrix of glFrustum (OpenGL 2.1 specification, section 2.11.2).
    """
    left, right, down, up = fov.tangents
    m = np.zeros((4, 4))
    m[0, 0] = 2.0 / (right - left)
    m[0, 2] = (right + left) / (right - left)
    m[1, 1] = 2.0 / (up - down)
    m[1, 2] = (up + down) / (up - down)
    m[2, 2] = -(FAR + NEAR) / (FAR - NEAR)
    m[2, 3] = -2.0 * FAR * NEAR / (FAR - NEAR)
    m[3, 2] = -1.0
    return m


def clip_from_own_place(eye: Eye) -> Floats:
    """``(4, 4)`` from the viewer's own place to clip space."""
    return clip_from_eye(eye.fov) @ eye.own_place_from_eye.inverse().matrix()


def view_block(eye: Eye) -> Singles:
    """``(20,)`` the ``View`` block of ``shaders/view.glsl`` (std140, matrices column by column)."""
    block = np.zeros(20, dtype=np.float32)
    block[:16] = clip_from_own_place(eye).T.ravel()
    block[16:19] = eye.own_place_from_eye.translation
    return block


def in_view(eye: Eye, middles: Floats, radii: Floats) -> NDArray[np.bool_]:
    """``(N,)`` whether balls at ``middles (N, 3)`` with ``radii (N,)`` metres may be seen."""
    left, right, down, up = eye.fov.tangents
    # The inward normals of the four sides, in the eye's axes; the near plane is left out.
    sides = np.array([[1.0, 0.0, left], [-1.0, 0.0, -right], [0.0, 1.0, down], [0.0, -1.0, -up]])
    sides /= np.linalg.norm(sides, axis=1, keepdims=True)
    turned = sides @ quat_to_matrix(eye.own_place_from_eye.rotation).T
    inside = (middles - eye.own_place_from_eye.translation) @ turned.T
    seen: NDArray[np.bool_] = (inside > -radii[:, None]).all(axis=1)
    return seen
