"""Where the files that ship with the package are: shaders and assets."""

from __future__ import annotations

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
