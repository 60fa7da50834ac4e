"""This device's key: made at the first call, kept in the user's configuration, never sent.

By it the others recognise this device when it comes again. It signs and nothing else; what is
sealed to a device is sealed to a key that is made for each call.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from presence.errors import UsageError

_SIZE_LIMIT = 4096
"""Bytes; the key's file has some 120."""


def default_device_file() -> Path:
    """Where this user's device key is kept: by the XDG base directories."""
    configuration = os.environ.get("XDG_CONFIG_HOME", "")
    # The specification has relative paths ignored.
    folder = Path(configuration) if Path(configuration).is_absolute() else Path.home() / ".config"
    return folder / "presence" / "device.pem"


def device_name(file: Path | None = None) -> str | None:
    """What tells this device from others, as eight letters and digits; None if it has no key yet.

    Raises:
        UsageError: as :func:`device_key` says.
    """
    try:
        key = _read(file or default_device_file())
    except FileNotFoundError:
        return None
    return key.public_key().public_bytes_raw()[:4].hex()


def device_key(file: Path | None = None) -> Ed25519PrivateKey:
    """The device's key, made and kept if there is none yet.

    Args:
        file: where it is; by default where this user's is.

    Raises:
        UsageError: it cannot be read, made or trusted, and what to do about it.
    """
    file = file or default_device_file()
    try:
        return _read(file)
    except FileNotFoundError:
        pass
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _keep(file, Ed25519PrivateKey.generate())
        # Another process may have been first; then its key is the device's.
        return _read(file)
    except OSError as error:
        raise UsageError(
            f"the key of this device cannot be kept in {file} ({error.strerror or error}); "
            "make the folder writable, or name another file with --device"
        ) from None


def _read(file: Path) -> Ed25519PrivateKey:
    """The key in a file; FileNotFoundError if there is none."""
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            text = opened.read(_SIZE_LIMIT)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UsageError(
            f"the key of this device in {file} cannot be read ({error.strerror or error}); make it "
            "readable for yourself, or name another file with --device"
        ) from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise UsageError(
            f"others on this machine can read the key of this device; run chmod 600 {file}, or "
            "remove it to be given a new one"
        )
    try:
        key = load_pem_private_key(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(
            f"the key of this device in {file} is damaged; put it back from a backup, or remove "
            "the file to be given a new one, as which the others do not know you"
        )
    return key


def _keep(file: Path, key: Ed25519PrivateKey) -> None:
    """Write a key whole or not at all, and never over another."""
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # Files that mkstemp makes are readable by their owner alone.
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        try:
            os.link(name, file)
        except FileExistsError:
            pass
        except OSError:
            # A file system without hard links.
            if not file.exists():
                Path(name).replace(file)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
