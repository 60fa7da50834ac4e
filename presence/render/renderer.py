"""The renderer: a stage, seen by any number of eyes."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import moderngl
import numpy as np

from presence.pose.arrays import Floats
from presence.pose.quaternion import IDENTITY
from presence.pose.rigid import FORWARD, UP, Rigid
from presence.pose.sample import PoseSample
from presence.render.contact_shadow import contact_shadows
from presence.render.crowd import Crowd
from presence.render.eye import Eye, in_view, view_block
from presence.render.marks import Marks
from presence.render.programs import VIEW_BINDING
from presence.render.room import Room
from presence.render.speaking_ring import speaking_rings
from presence.render.target import Target
from presence.scene.avatar import Avatar, Singles, Surface
from presence.scene.posing import Posed, pose_stage
from presence.scene.stage import Person, Stage
from presence.scene.triangle import triangle_avatar

_VIEW_STRIDE = 256
"""Bytes from one view's block to the next: the largest offset alignment that OpenGL 3.3 allows
itself (GL_UNIFORM_BUFFER_OFFSET_ALIGNMENT)."""
_BODY_MARGIN = 0.35
"""Metres by which a body reaches beyond its joints."""


class Background(enum.Enum):
    """What is seen where nobody stands."""

    ROOM = "room"
    """A calm room."""
    TRANSPARENT = "transparent"
    """Nothing, with alpha 0: a headset shows the real room there."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One eye and where its image goes."""

    eye: Eye
    target: Target
    viewport: tuple[int, int, int, int] | None = None
    """Left, bottom, width and height in pixels; None: the whole target."""


class Renderer:
    """Draws stages. State: programs, uploaded avatars and the room, on the card.

    The context must be current on the calling thread, always the same one.
    """

    def __init__(self, ctx: moderngl.Context, *, background: Background = Background.ROOM) -> None:
        """Compile the shaders.

        Raises:
            RenderError: the driver refuses a shader.
        """
        self.ctx = ctx
        self.background = background
        self._crowd = Crowd(ctx)
        self._room = Room(ctx)
        self._shadows = Marks(
            ctx,
            "shadow",
            "2f 2f 1f 1f",
            ("in_middle", "in_half_axis", "in_half_width", "in_strength"),
        )
        self._rings = Marks(ctx, "ring", "3f 1f 1f", ("in_foot", "in_loudness", "in_opacity"))
        self._views = ctx.buffer(reserve=2 * _VIEW_STRIDE, dynamic=True)

    def draw(self, stage: Stage, views: Sequence[View]) -> None:
        """Draw ``stage`` for every view: pose everyone once, then see them with each eye.

        Colours are sRGB-encoded; alpha is premultiplied, and 1 wherever the background is a room.
        """
        if not views:
            return
        posed = pose_stage(stage)
        # Even capturing without rasterising needs a complete framebuffer.
        views[0].target.framebuffer.use()
        self._crowd.pose([person.avatar for person in stage.people], posed)
        self._shadows.write(contact_shadows(posed))
        self._rings.write(speaking_rings(self._crowd.heads, posed))
        self._write_views(views)
        middles, radii = _balls(posed)

        ctx = self.ctx
        ctx.depth_func = "<="
        ctx.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        begun: list[Target] = []
        for index, view in enumerate(views):
            framebuffer = view.target.framebuffer
            framebuffer.use()
            if view.target not in begun:
                begun.append(view.target)
                framebuffer.viewport = (0, 0, *view.target.size)
                framebuffer.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
            viewport = view.viewport or (0, 0, *view.target.size)
            framebuffer.viewport = viewport
            self._views.bind_to_uniform_block(
                VIEW_BINDING, offset=index * _VIEW_STRIDE, size=_VIEW_STRIDE
            )
            ctx.enable_only(moderngl.DEPTH_TEST)
            self._crowd.draw(np.flatnonzero(in_view(view.eye, middles, radii)).tolist())
            # What people stand before and on is drawn after them, only where they are not.
            ctx.enable_only(moderngl.DEPTH_TEST)
            framebuffer.depth_mask = False
            if self.background is Background.ROOM:
                self._room.draw()
            ctx.enable(moderngl.BLEND)
            self._shadows.draw()
            self._rings.draw()
            framebuffer.depth_mask = True
        for target in begun:
            target.resolve()

    def warm_up(self, views: Sequence[View]) -> None:
        """Draw a stand-in, solid and fading, so that nothing is compiled while people look.

        It speaks, so that there is a ring as well. Drivers finish a program when it is first drawn
        with, for the kind of target drawn into. On a software rasteriser that is a quarter of a
        second, at the moment somebody comes, goes or says the first word.
        """
        for view in views:
            ahead = view.eye.own_place_from_eye @ Rigid.from_yaw(np.pi, FORWARD)
            self.draw(Stage([_stand_in(ahead, 1.0), _stand_in(ahead, 0.5)]), [view])

    def _write_views(self, views: Sequence[View]) -> None:
        blocks = np.zeros((len(views), _VIEW_STRIDE // 4), dtype=np.float32)
        for block, view in zip(blocks, views, strict=True):
            values = view_block(view.eye)
            block[: len(values)] = values
        if self._views.size < blocks.nbytes:
            self._views.orphan(blocks.nbytes)
        self._views.write(blocks)

    def posed_vertices(self, index: int) -> Singles:
        """``(V, 8)`` a person's vertices as last drawn, read back from the card.

        Position (metres, in the viewer's own place), normal (not of unit length), and how much of
        the key light and of the light all round arrives. Slow: for tests and tools.
        """
        return self._crowd.posed_vertices(index)

    def release(self) -> None:
        """Give everything on the card back."""
        self._crowd.release()
        self._room.release()
        self._shadows.release()
        self._rings.release()
        self._views.release()


@lru_cache(maxsize=1)
def _stand_in_avatar() -> Avatar:
    """A triangle of skin, one of an eye and one cut out: something for every program."""
    triangle = triangle_avatar()
    mesh = triangle.mesh
    each = {
        name: np.concatenate([getattr(mesh, name)] * 3)
        for name in ("positions", "normals", "colours", "joints", "weights")
    }
    surfaces = np.repeat(np.array([Surface.SKIN, Surface.EYE, Surface.HAIR], dtype=np.uint8), 3)
    triangles = np.arange(9, dtype=np.uint32).reshape(3, 3)
    cutouts = np.array([False, False, True])
    return replace(
        triangle,
        mesh=replace(mesh, **each, surfaces=surfaces, triangles=triangles, cutouts=cutouts),
    )


def _stand_in(own_place_from_head: Rigid, opacity: float) -> Person:
    avatar = _stand_in_avatar()
    measures = avatar.proportions
    return Person(
        avatar=avatar,
        sample=PoseSample.at_rest(0, measures.hips_height),
        proportions=measures,
        own_place_from_place=own_place_from_head @ Rigid(IDENTITY, UP * -measures.eye_height),
        opacity=opacity,
        speaking=1.0,
    )


def _balls(posed: Posed) -> tuple[Floats, Floats]:
    """A ball round each person: middles ``(N, 3)`` and radii ``(N,)``, metres."""
    low, high = posed.joints.min(axis=1), posed.joints.max(axis=1)
    radii = 0.5 * np.linalg.norm(high - low, axis=1) + _BODY_MARGIN * posed.scales
    return 0.5 * (low + high), radii
