"""The people who ship with the package, and making them again.

``python -m presence.scene.shipped FOLDER`` writes them; ``make assets`` runs it.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from presence.resources import resource
from presence.scene.body import generate_body
from presence.scene.gltf import to_glb

SHIPPED: dict[str, int] = {"ada": 20, "ben": 36}
"""The seed of each, by name. The demo's guests are these two."""


def shipped_person(name: str) -> Path:
    """The file of one of those who ship.

    Raises:
        KeyError: nobody of this name ships.
        FileNotFoundError: the installation is damaged.
    """
    _ = SHIPPED[name]
    return resource("assets", f"{name}.vrm")


def shipped_body(seed: int) -> Path | None:
    """The file of the body of a seed, where it ships."""
    for name, other in SHIPPED.items():
        if other == seed:
            with contextlib.suppress(FileNotFoundError):
                return shipped_person(name)
    return None


def make_person(name: str) -> bytes:
    """The bytes of the file of one of those who ship, made anew."""
    return to_glb(generate_body(SHIPPED[name]))


def make_assets(folder: Path) -> list[Path]:
    """Write everybody who ships, and take away whoever no longer does."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.vrm" for name in SHIPPED]
    for older in set(folder.glob("*.vrm")) - set(paths):
        older.unlink()
    for name, path in zip(SHIPPED, paths, strict=True):
        path.write_bytes(make_person(name))
    return paths


if __name__ == "__main__":
    for path in make_assets(Path(sys.argv[1])):
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
