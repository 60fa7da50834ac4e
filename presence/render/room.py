"""The room drawn round the people where no camera shows the real one."""

from __future__ import annotations

import moderngl
import numpy as np
from numpy.typing import NDArray

from presence.render.programs import load_program, uniform
from presence.scene.avatar import Singles

_BOARDS_SIZE = 2.4
"""Metres along each side of the floor's texture, which repeats."""
_BOARDS_TEXELS = 1024
_BOARDS_UNIT = 2
_FLOOR_RADII = (0.0, 0.4, 0.9, 1.4, 2.0, 2.7, 3.5, 4.5, 5.5, 6.7, 8.0, 9.3, 11.0)
"""Metres; the floor's light changes evenly between these rings."""
_DOME_HEIGHTS = np.radians(np.linspace(-14.0, 90.0, 14))
_STEPS = 32
"""Corners of the rings of floor and dome."""


class Room:
    """A wooden floor and soft walls. State: the meshes and the baked floor on the card."""

    def __init__(self, ctx: moderngl.Context) -> None:
        """Bake the floor."""
        self._walls = load_program(ctx, "wall.vert", "wall.frag")
        self._floor = load_program(ctx, "floor.vert", "floor.frag")
        uniform(self._floor, "boards").value = _BOARDS_UNIT
        uniform(self._floor, "boards_size").value = _BOARDS_SIZE
        self._boards = _bake_boards(ctx)
        self._directions = ctx.buffer(_dome())
        self._spots = ctx.buffer(_disc())
        self._corners = ctx.buffer(_grid_corners(len(_DOME_HEIGHTS)))
        self._floor_corners = ctx.buffer(_grid_corners(len(_FLOOR_RADII)))
        self._wall_array = ctx.vertex_array(
            self._walls, [(self._directions, "3f", "in_direction")], self._corners
        )
        self._floor_array = ctx.vertex_array(
            self._floor, [(self._spots, "2f", "in_spot")], self._floor_corners
        )

    def draw(self) -> None:
        """Fill what the people left free, for the bound view.

        The floor leaves no depth behind, so that shadows can lie in its very plane.
        """
        self._wall_array.render()
        self._boards.use(_BOARDS_UNIT)
        self._floor_array.render()

    def release(self) -> None:
        """Give everything on the card back."""
        for thing in (
            self._wall_array,
            self._floor_array,
            self._directions,
            self._spots,
            self._corners,
            self._floor_corners,
            self._boards,
            self._walls,
            self._floor,
        ):
            thing.release()


def _ring() -> tuple[Singles, Singles]:
    angle: Singles = np.linspace(0.0, 2.0 * np.pi, _STEPS, endpoint=False, dtype=np.float32)
    return np.cos(angle), np.sin(angle)


def _dome() -> Singles:
    """``(rings × 32, 3)`` directions from below the horizon to the zenith."""
    cosine, sine = _ring()
    height = _DOME_HEIGHTS[:, None].astype(np.float32)
    flat = np.cos(height)
    dome = np.stack(
        [flat * cosine, np.broadcast_to(np.sin(height), (len(height), _STEPS)), flat * sine], -1
    )
    directions: Singles = dome.reshape(-1, 3).astype(np.float32)
    return directions


def _disc() -> Singles:
    """``(rings × 32, 2)`` spots on the floor, x and z."""
    radii = np.array(_FLOOR_RADII, dtype=np.float32)[:, None, None]
    spots: Singles = (radii * np.stack(_ring(), axis=-1)).reshape(-1, 2)
    return spots


def _grid_corners(rings: int) -> NDArray[np.uint32]:
    """``(T, 3)`` triangles between each ring and the next."""
    ring = np.arange(rings - 1)[:, None] * _STEPS
    step = np.arange(_STEPS)[None, :]
    a, b = ring + step, ring + (step + 1) % _STEPS
    triangles = np.stack([a, b, a + _STEPS, b, b + _STEPS, a + _STEPS], axis=-1)
    corners: NDArray[np.uint32] = triangles.reshape(-1, 3).astype(np.uint32)
    return corners


def _bake_boards(ctx: moderngl.Context) -> moderngl.Texture:
    program = load_program(ctx, "cover.vert", "boards.frag")
    array = ctx.vertex_array(program, [])
    boards = ctx.texture((_BOARDS_TEXELS, _BOARDS_TEXELS), 4)
    framebuffer = ctx.framebuffer([boards])
    framebuffer.use()
    ctx.enable_only(moderngl.NOTHING)
    array.render(moderngl.TRIANGLES, vertices=3)
    # A framebuffer that is released while it is bound leaves moderngl with a name of nothing.
    ctx.detect_framebuffer(0).use()
    for thing in (framebuffer, array, program):
        thing.release()
    boards.build_mipmaps()
    boards.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    return boards
