"""Avatars as files: VRM 1.0, which is glTF 2.0 in one file with the bones of a person named.

Ours come back as they went; anybody else's are read as well as what they hold allows. People of
VRM 1.0 face +Z and ours −Z: the half-turn happens on the way (``vrm_turn``) and nowhere else.
"""

from __future__ import annotations

from pathlib import Path

from presence.errors import SourceError
from presence.scene.avatar import Avatar, Image
from presence.scene.vrm_reader import from_glb
from presence.scene.vrm_writer import to_glb

__all__ = ["from_glb", "load_glb", "save_glb", "to_glb"]


def save_glb(avatar: Avatar, path: Path, thumbnail: Image | None = None) -> None:
    """Write an avatar to a VRM 1.0 file, with a square picture of it if there is one."""
    path.write_bytes(to_glb(avatar, thumbnail))


def load_glb(path: Path) -> Avatar:
    """Read an avatar from a VRM 1.0 file.

    Raises:
        SourceError: the file is absent, damaged, or holds nobody who could be posed.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); check the name") from error
    try:
        return from_glb(data)
    except SourceError as error:
        raise SourceError(f"{path}: {error}") from error
