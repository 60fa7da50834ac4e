"""Keys that a host has again after its own restart, each some random bytes in a file."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import tempfile
from pathlib import Path

from presence.resources import state_folder
from presence.room.resume import KEY_BYTES

RESUME_KEY = "host.key"
"""By which a host recognises whom it had let in before."""
RELAY_KEY = "relay.key"
"""By which it signs what lets people come to a relay."""
_LOSS = {
    RESUME_KEY: "after a restart of the host everybody gets a new number",
    RELAY_KEY: "a relay that runs already does not know this host",
}

_log = logging.getLogger(__name__)


def kept_key(name: str, folder: Path | None = None) -> bytes:
    """This user's key of that name, made and kept at the first time.

    Where it cannot be kept, or what is there is none, a new one is made that lasts as long as this
    process; the call goes on in any case, so that is only logged.

    Args:
        name: :data:`RESUME_KEY` or :data:`RELAY_KEY`.
        folder: Where it is kept; None: in the user's folder for such things.
    """
    folder = folder or state_folder()
    file = folder / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            keep_first(file, secrets.token_bytes(KEY_BYTES))
        key = file.read_bytes()
        if len(key) == KEY_BYTES:
            return key
        why = f"it has {len(key)} bytes, not {KEY_BYTES}; remove it"
    except OSError as error:
        why = f"{error.strerror or error}; make {folder} writable, or set PRESENCE_STATE"
    _log.warning("the host's key in %s cannot be used (%s); %s", file, why, _LOSS[name])
    return secrets.token_bytes(KEY_BYTES)


def keep_first(file: Path, key: bytes) -> None:
    """Write a key, whole or not at all; of two processes that do, the first one's stays."""
    # Such files are their owner's alone.
    descriptor, name = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(key)
        with contextlib.suppress(FileExistsError):
            os.link(name, file)
    finally:
        Path(name).unlink()
