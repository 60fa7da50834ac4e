"""Where files are: those that ship with the package, and those that it can make again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """The path of a shipped file, as ``resource("shaders", "person.vert")``.

    An installed wheel holds the files inside the package; a checkout holds them beside it.

    Raises:
        FileNotFoundError: neither place has it; the installation is damaged.
    """
    for base in (_PACKAGE, _PACKAGE.parent):
        path = base.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(
        f"{'/'.join(parts)} is missing from this installation of presence; install it again"
    )


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where things are kept that can be made again: ``PRESENCE_CACHE``, else the user's cache."""
    if own := environment.get("PRESENCE_CACHE"):
        return Path(own)
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "presence"


def models_folder() -> Path:
    """Where models of others are kept that the user has fetched."""
    return cache_folder() / "models"


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where things are kept from run to run: ``PRESENCE_STATE``, else the user's place for such."""
    if own := environment.get("PRESENCE_STATE"):
        return Path(own)
    base = environment.get("XDG_STATE_HOME", "")
    # The specification of the XDG base directories has relative paths ignored.
    folder = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "state"
    return folder / "presence"
