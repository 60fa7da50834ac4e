"""The cameras of this machine: what they are called, and why one cannot be opened."""

from __future__ import annotations

import errno
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from presence.errors import CameraError

_FOLDER = Path("/dev")
_NAMES = Path("/sys/class/video4linux")
_NUMBER = re.compile(r"video(\d+)$")


@dataclass(frozen=True, slots=True)
class Camera:
    """A device."""

    number: int
    path: str
    name: str


def cameras(folder: Path = _FOLDER, names: Path = _NAMES) -> list[Camera]:
    """Those that Linux knows, by number; other systems tell none.

    Args:
        folder: where devices are.
        names: where their names are.
    """
    found = []
    for path in folder.glob("video*"):
        match = _NUMBER.match(path.name)
        if match is None:
            continue
        about = names / path.name
        # A camera has further devices that give no pictures: only its first is one.
        if _text(about / "index") not in ("", "0"):
            continue
        found.append(Camera(int(match[1]), str(path), _text(about / "name") or path.name))
    return sorted(found, key=lambda camera: camera.number)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""


def choose(device: str, there: list[Camera]) -> Camera:
    """The camera that ``device`` means.

    Args:
        device: ``default``, a number, a path, or a part of a name.
        there: all of them.

    Raises:
        CameraError: there is none, or no such one; the message lists those that there are.
    """
    if device.isdecimal() and (not there or sys.platform != "linux"):
        return Camera(int(device), f"/dev/video{device}", f"camera {device}")
    if not there:
        if sys.platform != "linux" and device == "default":
            return Camera(0, "0", "camera 0")
        raise CameraError(
            "there is no camera here (no /dev/video*): plug one in, or give a video of yourself "
            "with --camera file:PATH"
        )
    if device == "default":
        return there[0]
    for camera in there:
        if device in (str(camera.number), camera.path):
            return camera
    for camera in there:
        if device.lower() in camera.name.lower():
            return camera
    known = ", ".join(f"{camera.path} ({camera.name})" for camera in there)
    raise CameraError(f"there is no camera {device!r} here; choose from {known}")


def why_not(camera: Camera) -> str:
    """Why a camera that is there cannot be opened, as a sentence that says what to do."""
    try:
        os.close(os.open(camera.path, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            return (
                f"{camera.path} ({camera.name}) may not be opened by you: join the group `video` "
                "(sudo usermod -aG video $USER), then log in again"
            )
        if error.errno == errno.EBUSY:
            return _in_use(camera)
        if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
            return (
                f"{camera.path} ({camera.name}) is not there: plug it in, or give another by "
                "--camera; presence doctor lists them"
            )
        return f"{camera.path} ({camera.name}) cannot be opened: {error.strerror}"
    # It opens, but gives no pictures: that is how a camera that streams to another answers.
    return _in_use(camera)


def _in_use(camera: Camera) -> str:
    return (
        f"{camera.path} ({camera.name}) is in use by another program, or gives no pictures: close "
        "what else shows your picture, or unplug it and plug it in again"
    )
