"""The bodies that people wear: made once each by a process of their own, kept as files."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from pathlib import Path

import presence.scene
from presence.errors import PresenceError
from presence.resources import cache_folder
from presence.scene.shipped import shipped_body


def _makers_mark() -> str:
    """A mark of the code that makes bodies, so that a body of older code is never worn."""
    digest = hashlib.sha256()
    folder = Path(presence.scene.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class Wardrobe:
    """Bodies by seed. State: those being made now."""

    def __init__(self) -> None:
        """Bodies are kept from call to call in the cache directory."""
        self._folder = cache_folder() / "bodies" / _makers_mark()
        self._making: dict[int, asyncio.Task[Path]] = {}

    async def body(self, seed: int) -> Path:
        """The file of the body of a seed; made in a few seconds the first time, unless it ships.

        Raises:
            PresenceError: it could not be made or kept; the message says why.
        """
        if (shipped := shipped_body(seed)) is not None:
            return shipped
        path = self._folder / f"{seed}.glb"
        if path.is_file():
            return path
        if seed not in self._making:
            self._making[seed] = asyncio.create_task(self._make(seed, path))
        try:
            return await asyncio.shield(self._making[seed])
        except OSError as error:
            raise PresenceError(
                f"the body of seed {seed} could not be kept ({error}); set PRESENCE_CACHE to a "
                "folder that can be written"
            ) from error

    async def _make(self, seed: int, path: Path) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "presence.scene.body",
            str(seed),
            str(partial),
            stderr=asyncio.subprocess.PIPE,
            stdin=asyncio.subprocess.DEVNULL,
        )
        _, error = await child.communicate()
        if child.returncode != 0:
            words = error.decode(errors="replace").strip().splitlines()
            raise PresenceError(
                f"the body of seed {seed} could not be made: {words[-1] if words else 'no reason'}"
            )
        partial.replace(path)
        return path
