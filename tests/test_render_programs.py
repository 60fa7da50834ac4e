import pytest

from presence.errors import RenderError
from presence.render import programs
from presence.render.programs import load_program, shader_source, uniform

VERTEX = """#version 330
in vec2 at;
uniform float size;
void main() { gl_Position = vec4(at * size, 0.0, 1.0); }
"""


@pytest.fixture
def shaders(tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "resource", lambda _, name: tmp_path / name)
    return tmp_path


def test_includes_and_defines_are_put_in_place(shaders):
    (shaders / "common.glsl").write_text("float common() { return 1.0; }\n")
    (shaders / "a.vert").write_text(
        '// What it is for.\n#version 330\n#include "common.glsl"\nend\n'
    )
    assert shader_source("a.vert", ("FADING", "DEPTH 3")).splitlines() == [
        "// What it is for.",
        "#version 330",
        "#define FADING",
        "#define DEPTH 3",
        "float common() { return 1.0; }",
        "",
        "end",
    ]


def test_a_shader_that_does_not_compile_is_named_with_the_driver_s_reason(gl, shaders):
    (shaders / "a.vert").write_text(VERTEX)
    (shaders / "b.frag").write_text("#version 330\nout vec4 c;\nvoid main() { c = nonsense; }\n")
    with pytest.raises(RenderError, match=r"(?s)a\.vert and b\.frag.*nonsense"):
        load_program(gl, "a.vert", "b.frag")


def test_a_uniform_that_a_program_lacks_is_named(gl, shaders):
    (shaders / "a.vert").write_text(VERTEX)
    program = load_program(gl, "a.vert", captured=("gl_Position",))
    uniform(program, "size").value = 2.0
    with pytest.raises(RenderError, match="no uniform 'colour'"):
        uniform(program, "colour")
    program.release()
