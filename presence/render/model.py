"""An avatar on the graphics card: its rest vertices and its morphs, uploaded once."""

from __future__ import annotations

import moderngl
import numpy as np
from numpy.typing import NDArray

from presence.pose.face import SHAPE_COUNT
from presence.pose.skeleton import INDEX
from presence.render.textures import layers_of
from presence.scene.avatar import UNTEXTURED, Avatar, Mesh, Surface
from presence.scene.head import head_of
from presence.scene.srgb import linear_from_srgb
from presence.scene.strands import strand_joints

_REST = np.dtype(
    [
        ("position", "3f4"),
        ("normal", "3f4"),
        ("joints", "4u1"),
        ("weights", "4f4"),
        ("morphed", "i4"),
    ]
)
_REST_FORMAT = "3f 3f 4u1 4f 1i"
_REST_NAMES = ("in_position", "in_normal", "in_joints", "in_weights", "in_morphed")

LOOK = np.dtype(
    [("colour", "3f2"), ("layer", "i2"), ("uv", "2f4"), ("surface", "u1"), ("unused", "3u1")]
)
"""What posing does not change about a vertex. Layers are −1 where there is no texture."""

_DELTA_WIDTH = 2048


class Model:
    """One avatar, uploaded. State: its buffers on the card."""

    def __init__(self, ctx: moderngl.Context, skinning: moderngl.Program, avatar: Avatar) -> None:
        """Upload ``avatar`` for the program made of ``skin.vert``."""
        mesh = avatar.mesh
        self.avatar = avatar
        self.vertex_count = len(mesh.positions)
        cut = mesh.cutouts if len(mesh.cutouts) else np.zeros(len(mesh.triangles), dtype=np.bool_)
        eyes = mesh.surfaces[mesh.triangles[:, 0]] == Surface.EYE
        self.cutouts = mesh.triangles[cut]
        """``(T, 3)`` the triangles that are seen from both sides, where they are opaque."""
        self.eyeballs = mesh.triangles[eyes & ~cut]
        """``(T, 3)`` the triangles of the eyes, which are lit in their own way."""
        self.body = mesh.triangles[~eyes & ~cut]
        """``(T, 3)`` all the others."""
        self.strand_joint_count = len(strand_joints(avatar))
        self.layers = layers_of(mesh.textures)
        """What the vertices' layers are of."""
        self.look = _look(mesh)
        """``(V,)`` records of ``LOOK``."""
        self.head_ball = _head_ball(avatar)
        """Middle x y z and radius of a ball as large as the head, metres, at rest."""
        self.head = head_of(avatar)
        """Found now, so that nothing waits for it when somebody first speaks."""
        slots, self.moved_count, deltas = _deltas(mesh)
        rest = np.zeros(self.vertex_count, dtype=_REST)
        rest["position"], rest["normal"] = mesh.positions, mesh.normals
        rest["joints"] = mesh.joints
        rest["weights"] = mesh.weights
        rest["morphed"] = slots
        self._rest = ctx.buffer(rest)
        self.deltas = ctx.texture((_DELTA_WIDTH, len(deltas)), 4, deltas, dtype="f2")
        self.deltas.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self.skin = ctx.vertex_array(
            skinning, [(self._rest, _REST_FORMAT, *_REST_NAMES)], mode=moderngl.POINTS
        )

    def release(self) -> None:
        """Give the buffers back."""
        for thing in (self.skin, self._rest, self.deltas):
            thing.release()


def _look(mesh: Mesh) -> NDArray[np.void]:
    look = np.zeros(len(mesh.positions), dtype=LOOK)
    look["colour"] = linear_from_srgb(mesh.colours)
    look["layer"] = -1
    if len(mesh.layers):
        look["uv"] = mesh.uvs
        look["layer"] = np.where(mesh.layers == UNTEXTURED, -1, mesh.layers.astype(np.int16))
    look["surface"] = mesh.surfaces
    return look


def _head_ball(avatar: Avatar) -> tuple[float, float, float, float]:
    """A ball round the middle of the face's height, as wide as heads are between ear and nose."""
    crown = avatar.proportions.crown
    middle = avatar.proportions.rest_positions()[INDEX["head"]] + 0.45 * crown
    x, y, z = middle.tolist()
    return x, y, z, 0.42 * float(crown[1])


def _deltas(mesh: Mesh) -> tuple[NDArray[np.int32], int, NDArray[np.float16]]:
    """Where each vertex's deltas begin (−1: never moved), how many are moved, and the texture.

    The texture is ``(rows, 2048, 4)``: for shape s and moved vertex m, position and normal lie at
    texels 2 (s M + m) and the one after it, counted row by row.
    """
    slots = np.full(len(mesh.positions), -1, dtype=np.int32)
    moved = np.unique(
        np.concatenate([morph.vertices for morph in mesh.morphs] or [np.zeros(0, np.int32)])
    )
    slots[moved] = np.arange(len(moved))
    texels = 2 * SHAPE_COUNT * len(moved)
    rows = max(1, -(-texels // _DELTA_WIDTH))
    deltas = np.zeros((rows * _DELTA_WIDTH, 4), dtype=np.float16)
    by_shape = deltas[:texels].reshape(SHAPE_COUNT, len(moved), 2, 4)
    for morph in mesh.morphs:
        at = slots[morph.vertices]
        by_shape[morph.shape, at, 0, :3] = morph.offsets
        by_shape[morph.shape, at, 1, :3] = morph.normal_offsets
    return slots, len(moved), deltas.reshape(rows, _DELTA_WIDTH, 4)
