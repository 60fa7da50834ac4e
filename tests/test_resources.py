"""Shipped files."""

import pytest

from presence.resources import resource


def test_the_shaders_are_found():
    assert resource("shaders").is_dir()


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"shaders/nothing\.vert is missing"):
        resource("shaders", "nothing.vert")
