"""The key by which a host recognises, after its own restart, whom it had let in before."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import tempfile
from pathlib import Path

from presence.resources import state_folder
from presence.room.resume import KEY_BYTES

_NAME = "host.key"

_log = logging.getLogger(__name__)


def resume_key(folder: Path | None = None) -> bytes:
    """This user's key, made and kept at the first time.

    Where it cannot be kept, or what is there is none, a new one is made that lasts as long as this
    process; the call goes on in any case, so that is only logged.

    Args:
        folder: Where it is kept; None: in the user's folder for such things.
    """
    folder = folder or state_folder()
    file = folder / _NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            _keep(file, secrets.token_bytes(KEY_BYTES))
        key = file.read_bytes()
        if len(key) == KEY_BYTES:
            return key
        why = f"it has {len(key)} bytes, not {KEY_BYTES}; remove it"
    except OSError as error:
        why = f"{error.strerror or error}; make {folder} writable, or set PRESENCE_STATE"
    _log.warning(
        "the host's key in %s cannot be used (%s); after a restart of the host everybody gets a "
        "new number",
        file,
        why,
    )
    return secrets.token_bytes(KEY_BYTES)


def _keep(file: Path, key: bytes) -> None:
    """Write the key, whole or not at all; of two processes that do, the first one's stays."""
    # Such files are their owner's alone.
    descriptor, name = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(key)
        with contextlib.suppress(FileExistsError):
            os.link(name, file)
    finally:
        Path(name).unlink()
