"""Shader programs from the files in ``shaders/``."""

from __future__ import annotations

import re
from collections.abc import Sequence

import moderngl

from presence.errors import RenderError
from presence.resources import resource

VIEW_BINDING = 0
"""The uniform buffer binding of the ``View`` block in every program."""

_INCLUDE = re.compile(r'^#include "([\w.]+)"$', re.MULTILINE)


def shader_source(name: str, defines: Sequence[str] = ()) -> str:
    """The text of ``shaders/NAME`` with its includes in place and ``defines`` after ``#version``.

    Included files include nothing themselves.
    """
    text = resource("shaders", name).read_text(encoding="utf-8")
    text = _INCLUDE.sub(
        lambda match: resource("shaders", match[1]).read_text(encoding="utf-8"), text
    )
    lines = "".join(f"#define {define}\n" for define in defines)
    return re.sub(r"^(#version .*\n)", rf"\1{lines}", text, count=1, flags=re.MULTILINE)


def load_program(
    ctx: moderngl.Context,
    vertex: str,
    fragment: str | None = None,
    *,
    defines: Sequence[str] = (),
    captured: Sequence[str] = (),
) -> moderngl.Program:
    """Compile and link files of ``shaders/``.

    Args:
        ctx: the context.
        vertex: the name of the vertex shader's file.
        fragment: that of the fragment shader; without one the program only captures.
        defines: macros for the preprocessor.
        captured: the vertex shader's outputs that transform feedback captures, in this order.

    Raises:
        RenderError: the driver refuses the shader.
    """
    try:
        program = ctx.program(
            vertex_shader=shader_source(vertex, defines),
            fragment_shader=None if fragment is None else shader_source(fragment, defines),
            varyings=tuple(captured),
        )
    except moderngl.Error as error:
        raise RenderError(
            f"this OpenGL driver ({ctx.info['GL_RENDERER']}) refuses the shaders "
            f"{vertex} and {fragment}: {error}"
        ) from error
    view = program.get("View", None)
    if isinstance(view, moderngl.UniformBlock):
        view.binding = VIEW_BINDING
    return program


def uniform(program: moderngl.Program, name: str) -> moderngl.Uniform:
    """A uniform of a program, to set its ``value``.

    Raises:
        RenderError: the program has none of this name, or its compiler found it to be of no use.
    """
    found = program.get(name, None)
    if not isinstance(found, moderngl.Uniform):
        raise RenderError(f"a shader of presence uses no uniform {name!r}; install presence again")
    return found
