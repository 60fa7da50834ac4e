"""Marks: squares that are drawn alike but for a few figures each, all of a kind in one call."""

from __future__ import annotations

from collections.abc import Sequence

import moderngl

from presence.render.programs import load_program
from presence.scene.avatar import Singles


class Marks:
    """Marks of one kind. State: their program, and the figures of those there are now."""

    def __init__(
        self, ctx: moderngl.Context, shader: str, layout: str, names: Sequence[str]
    ) -> None:
        """Compile ``SHADER.vert``, which gets four corners a mark, and ``SHADER.frag``.

        Args:
            ctx: the context.
            shader: what the files are called.
            layout: moderngl's format of a mark's figures, without the ``/i`` of instances.
            names: what the vertex shader calls them.

        Raises:
            RenderError: the driver refuses a shader.
        """
        self._program = load_program(ctx, f"{shader}.vert", f"{shader}.frag")
        self._figures = ctx.buffer(reserve=1024, dynamic=True)
        self._array = ctx.vertex_array(self._program, [(self._figures, f"{layout}/i", *names)])
        self._count = 0

    def write(self, rows: Singles) -> None:
        """Take the figures of all marks there are now, ``(N, …)`` a row each."""
        self._count = len(rows)
        if not self._count:
            return
        if self._figures.size < rows.nbytes:
            # The same buffer, larger: the array goes on reading from it.
            self._figures.orphan(rows.nbytes)
        self._figures.write(rows)

    def draw(self) -> None:
        """Draw them for the bound view; where there are none, nothing is asked of the driver."""
        if self._count:
            self._array.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=self._count)

    def release(self) -> None:
        """Give everything on the card back."""
        for thing in (self._array, self._figures, self._program):
            thing.release()
