"""The public names, and what loading them costs."""

import importlib
import json
import subprocess
import sys

import pytest

import presence

EXTRAS = {"numpy", "scipy", "aiortc", "aioice", "av", "moderngl", "glcontext", "xr", "OpenGL"}
EXTRAS |= {"glfw", "PIL"}
BASE = {"typer", "rich", "msgspec", "starlette", "uvicorn", "websockets"}


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh Python has after running some code."""
    script = (
        f"{code}\nimport json, sys\nprint(json.dumps([*{{m.split('.')[0] for m in sys.modules}}]))"
    )
    child = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(child.stdout.splitlines()[-1]))


def test_every_public_name_is_there_and_says_what_it_is():
    for name in presence.__all__:
        assert getattr(presence, name) is not None
    assert set(presence.__all__) <= set(dir(presence))
    assert len(set(presence.__all__)) == len(presence.__all__)


def test_a_public_name_is_the_very_object_of_its_home():
    for name, home in presence._HOME_OF.items():
        assert getattr(presence, name) is getattr(importlib.import_module(home), name)
    assert set(presence._HOME_OF) == set(presence.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        presence.nonsense  # noqa: B018
    with pytest.raises(ImportError):
        from presence import nonsense  # noqa: F401


def test_importing_presence_loads_no_library():
    assert not loaded_by("import presence") & (EXTRAS | BASE)


@pytest.mark.parametrize("module", ["presence.cli", "presence.client.doctor", "presence.wire"])
def test_the_base_install_is_enough_for(module):
    assert not loaded_by(f"import {module}") & EXTRAS


def test_the_pose_maths_needs_numpy_alone():
    assert loaded_by("import presence.pose") & EXTRAS == {"numpy"}
