"""The room link in a file, for programs that start a host and want to know where it is."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from presence.errors import UsageError
from presence.wire.link import RoomLink


@contextlib.contextmanager
def link_written(link: RoomLink, path: Path) -> Iterator[None]:
    """Within the block, ``path`` holds the link; it appears whole, readable by its owner alone.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        # The temporary folder is its owner's alone, as a secret should be.
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            whole = Path(folder, path.name)
            whole.touch(0o600)
            whole.write_text(f"{link}\n", encoding="utf-8")
            whole.replace(path)
    except OSError as error:
        raise UsageError(
            f"the link cannot be written to {path}: {error.strerror}; name another file"
        ) from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
