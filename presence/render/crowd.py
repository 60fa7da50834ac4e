"""Everybody's posed vertices, side by side in one buffer, ready to be seen by any eye.

Morphing and skinning happen once a frame, by transform feedback; what every eye then draws is
rigid. On a software rasteriser that is up to a fifth cheaper than skinning for each eye.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import moderngl
import numpy as np
from numpy.typing import NDArray

from presence.pose.skeleton import BONE_COUNT
from presence.render.model import Model
from presence.render.programs import load_program, uniform
from presence.render.textures import Textures
from presence.scene.avatar import Avatar, Singles
from presence.scene.head import Head
from presence.scene.posing import MORPHS_AT_WORK, Posed

_TEXELS_A_JOINT = 3
_MORPH_TEXELS = MORPHS_AT_WORK // 2
_POSED_FORMAT, _POSED_BYTES = "3f 3f 2f", 32
_POSED_NAMES = ("in_position", "in_normal", "in_light")
_LOOK_OF_BODIES = ("3f2 1i2 2f4 1u1 3x1", "in_colour", "in_layer", "in_uv", "in_surface")
_LOOK_OF_EYES = ("3f2 1i2 2f4 4x1", "in_colour", "in_layer", "in_uv")
_PEOPLE_UNIT, _DELTAS_UNIT, _TEXTURES_UNIT = 0, 1, 2
_SOLID, _GONE = 0.996, 0.004
"""Opacities nearer to 1 and to 0 than a step of 8 bits are taken for them."""

Span = tuple[int, int]
"""The first corner in the index buffer, and the one after the last."""


class Part:
    """The triangles of all people that one shader paints.

    State: its programs, and which corners are whose in the present layout.
    """

    def __init__(
        self,
        ctx: moderngl.Context,
        shader: str,
        look: Sequence[str],
        *,
        defines: Sequence[str] = (),
    ) -> None:
        """Compile ``SHADER.vert`` and ``SHADER.frag``, for the solid and for those who fade.

        ``look`` is the format of a vertex's look, and what the shader calls its parts.
        """
        self._ctx = ctx
        self._look = look
        self._solid, self._fading = (
            load_program(ctx, f"{shader}.vert", f"{shader}.frag", defines=(*defines, *further))
            for further in ((), ("FADING",))
        )
        for program in (self._solid, self._fading):
            uniform(program, "textures").value = _TEXTURES_UNIT
        self._opacity = uniform(self._fading, "opacity")
        self._spans: list[Span] = []
        self._corners: moderngl.Buffer | None = None
        self._arrays: list[moderngl.VertexArray] = []

    def lay_out(
        self,
        posed: moderngl.Buffer,
        look: moderngl.Buffer,
        triangles: Sequence[NDArray[np.uint32]],
        first_vertices: Sequence[int],
    ) -> None:
        """Take the triangles ``(T, 3)`` of each person, whose vertices begin at the given ones."""
        self.forget()
        counts = [each.size for each in triangles]
        ends = np.cumsum(counts).tolist()
        self._spans = [(end - count, end) for end, count in zip(ends, counts, strict=True)]
        if not sum(counts):
            return
        corners = np.concatenate(
            [
                each.ravel() + np.uint32(first)
                for each, first in zip(triangles, first_vertices, strict=True)
            ]
        )
        self._corners = self._ctx.buffer(corners)
        self._arrays = [
            self._ctx.vertex_array(
                program,
                [(posed, _POSED_FORMAT, *_POSED_NAMES), (look, *self._look)],
                self._corners,
            )
            for program in (self._solid, self._fading)
        ]

    def draw(self, who: Iterable[int], opacities: Sequence[float]) -> None:
        """Draw this part of those people, for the bound view."""
        if not self._arrays:
            return
        solid, fading = self._arrays
        for first, end in joined(self._spans[row] for row in who if opacities[row] >= _SOLID):
            solid.render(moderngl.TRIANGLES, vertices=end - first, first=first)
        for row in who:
            first, end = self._spans[row]
            if _GONE < opacities[row] < _SOLID and end > first:
                self._opacity.value = opacities[row]
                fading.render(moderngl.TRIANGLES, vertices=end - first, first=first)

    def forget(self) -> None:
        """Give the present layout back."""
        for array in self._arrays:
            array.release()
        if self._corners is not None:
            self._corners.release()
        self._arrays, self._corners, self._spans = [], None, []

    def release(self) -> None:
        """Give everything on the card back."""
        self.forget()
        self._solid.release()
        self._fading.release()


class Crowd:
    """The people to be drawn, posed.

    State: the models uploaded, who lies where in the buffers, and everyone's vertices as they
    were last posed. The layout is made anew when somebody comes, goes or changes body.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        """Begin with nobody."""
        self._ctx = ctx
        self._skinning = load_program(
            ctx, "skin.vert", captured=("posed_position", "posed_normal", "posed_light")
        )
        uniform(self._skinning, "people").value = _PEOPLE_UNIT
        uniform(self._skinning, "deltas").value = _DELTAS_UNIT
        self._row = uniform(self._skinning, "row")
        self._morph_column = uniform(self._skinning, "morph_column")
        self._head_ball = uniform(self._skinning, "head_ball")
        self._moved_count = uniform(self._skinning, "moved_count")
        self._bodies = Part(ctx, "person", _LOOK_OF_BODIES)
        self._eyeballs = Part(ctx, "eye", _LOOK_OF_EYES)
        # Apart from the rest, because a shader that may discard hides nothing early.
        self._cutouts = Part(ctx, "person", _LOOK_OF_BODIES, defines=("CUTOUT",))
        self._parts = (self._bodies, self._eyeballs, self._cutouts)
        self._textures = Textures(ctx)
        self._models: dict[int, Model] = {}
        self._cast: list[Model] = []
        self._first_vertices: list[int] = []
        self._opacities: list[float] = []
        self._texels = np.zeros((0, 0, 4), dtype=np.float32)
        self._people: moderngl.Texture | None = None
        self._posed: moderngl.Buffer | None = None
        self._look: moderngl.Buffer | None = None

    def pose(self, avatars: Sequence[Avatar], posed: Posed) -> None:
        """Pose everybody: ``avatars`` in the order of ``posed``."""
        if len(avatars) != len(self._cast) or any(
            model.avatar is not avatar for model, avatar in zip(self._cast, avatars, strict=True)
        ):
            self._lay_out(avatars)
        self._opacities = posed.opacities.tolist()
        if self._people is None or self._posed is None:
            return
        self._texels[:, :-_MORPH_TEXELS] = posed.palettes.reshape(len(posed), -1, 4)
        self._texels[:, -_MORPH_TEXELS:] = posed.morphs.reshape(len(posed), -1, 4)
        self._people.write(self._texels)
        self._people.use(_PEOPLE_UNIT)
        bound: Model | None = None
        for row, (model, first) in enumerate(zip(self._cast, self._first_vertices, strict=True)):
            if model is not bound:
                model.deltas.use(_DELTAS_UNIT)
                self._moved_count.value = model.moved_count
                self._head_ball.value = model.head_ball
                bound = model
            self._row.value = row
            model.skin.transform(
                self._posed,
                moderngl.POINTS,
                model.vertex_count,
                buffer_offset=first * _POSED_BYTES,
            )

    @property
    def heads(self) -> list[Head]:
        """The head of each of those who were last posed, in the same order."""
        return [model.head for model in self._cast]

    def draw(self, who: Sequence[int]) -> None:
        """Draw those people, by their rows, for the bound view; culls what faces away."""
        self._textures.use(_TEXTURES_UNIT)
        self._ctx.enable(moderngl.CULL_FACE)
        self._bodies.draw(who, self._opacities)
        self._eyeballs.draw(who, self._opacities)
        self._ctx.disable(moderngl.CULL_FACE)
        self._cutouts.draw(who, self._opacities)

    def posed_vertices(self, row: int) -> Singles:
        """``(V, 8)`` as ``skin.vert`` left them, read back: position, normal, arriving light."""
        if self._posed is None:
            raise IndexError(f"there is no person {row}: nobody has been posed")
        count = self._cast[row].vertex_count
        data = self._posed.read(
            count * _POSED_BYTES, offset=self._first_vertices[row] * _POSED_BYTES
        )
        return np.frombuffer(data, dtype=np.float32).reshape(count, -1)

    def _lay_out(self, avatars: Sequence[Avatar]) -> None:
        self._forget()
        wanted = {id(avatar): avatar for avatar in avatars}
        for key in self._models.keys() - wanted.keys():
            self._models.pop(key).release()
        for key, avatar in wanted.items():
            if key not in self._models:
                self._models[key] = Model(self._ctx, self._skinning, avatar)
        self._cast = cast = [self._models[id(avatar)] for avatar in avatars]
        if not cast:
            return
        ends = np.cumsum([model.vertex_count for model in cast]).tolist()
        self._first_vertices = [0, *ends[:-1]]
        joints = BONE_COUNT + max(model.strand_joint_count for model in cast)
        width = _TEXELS_A_JOINT * joints + _MORPH_TEXELS
        self._morph_column.value = width - _MORPH_TEXELS
        self._texels = np.zeros((len(cast), width, 4), dtype=np.float32)
        self._people = self._ctx.texture((width, len(cast)), 4, dtype="f4")
        self._people.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._posed = self._ctx.buffer(reserve=ends[-1] * _POSED_BYTES, dynamic=True)
        self._look = self._ctx.buffer(np.concatenate(self._looks(cast)))
        for part, triangles in zip(
            self._parts,
            (
                [model.body for model in cast],
                [model.eyeballs for model in cast],
                [model.cutouts for model in cast],
            ),
            strict=True,
        ):
            part.lay_out(self._posed, self._look, triangles, self._first_vertices)

    def _looks(self, cast: Sequence[Model]) -> list[NDArray[np.void]]:
        """The looks of everyone, with their layers where they lie among everybody's."""
        models = list(self._models.values())
        first_layers = self._textures.lay_out([model.layers for model in models])
        first_of = dict(zip(map(id, models), first_layers, strict=True))
        looks = [model.look.copy() for model in cast]
        for look, model in zip(looks, cast, strict=True):
            look["layer"][look["layer"] >= 0] += first_of[id(model)]
        return looks

    def _forget(self) -> None:
        for part in self._parts:
            part.forget()
        for thing in (self._people, self._posed, self._look):
            if thing is not None:
                thing.release()
        self._people = self._posed = self._look = None
        self._cast = []

    def release(self) -> None:
        """Give everything on the card back."""
        self._forget()
        for model in self._models.values():
            model.release()
        self._models = {}
        for part in self._parts:
            part.release()
        self._textures.release()
        self._skinning.release()


def joined(spans: Iterable[Span]) -> Iterator[Span]:
    """The same spans, neighbours in one piece, empty ones left out."""
    first = last = 0
    for begin, end in spans:
        if begin != last:
            if last > first:
                yield first, last
            first = begin
        last = end
    if last > first:
        yield first, last
