"""OpenGL contexts without a window."""

from __future__ import annotations

import ctypes
import sys
from ctypes.util import find_library
from functools import lru_cache
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from presence.errors import RenderError

REQUIRED_VERSION = 330
"""OpenGL 3.3."""

_GL_PACK_ALIGNMENT, _GL_UNSIGNED_BYTE, _GL_RGB, _GL_RGBA = 0x0D05, 0x1401, 0x1907, 0x1908

_CURE = (
    "on Debian and Ubuntu install the packages libegl1, libgl1 and libgl1-mesa-dri "
    "(sudo apt-get install libegl1 libgl1 libgl1-mesa-dri)"
)


def offscreen_context() -> moderngl.Context:
    """A new context without a window, current on this thread.

    By EGL where there is EGL (Linux: any graphics card, or none), else by the platform's own way.

    Raises:
        RenderError: no way led to OpenGL 3.3; the message names what to install.
    """
    ways: list[dict[str, Any]] = [{"backend": "egl"}, {}] if sys.platform == "linux" else [{}]
    refusals = []
    for way in ways:
        try:
            return moderngl.create_context(standalone=True, require=REQUIRED_VERSION, **way)
        except Exception as error:  # glcontext raises plain Exception, and ImportError, OSError
            refusals.append(f"{way.get('backend', 'the window system')}: {error}")
    raise RenderError(f"there is no OpenGL 3.3 here ({'; '.join(refusals)}); {_CURE}")


def release_offscreen(context: moderngl.Context) -> None:
    """Give a context without a window back; none is current on this thread afterwards.

    A released context stays current to EGL, and the X server would refuse a window's in its place.
    """
    context.release()
    if sys.platform == "linux" and (egl := find_library("EGL")):
        ctypes.CDLL(egl).eglReleaseThread()


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    names = ("opengl32",) if sys.platform == "win32" else ("OpenGL", "GL")
    for name in names:
        found = find_library(name)
        if found:
            return ctypes.CDLL(found)
    raise RenderError(f"the OpenGL library is nowhere to be found; {_CURE}")


def finish() -> None:
    """Wait until all drawing on this thread's context is done, without holding Python's lock.

    moderngl holds the lock while it waits, and a software rasteriser draws for milliseconds;
    ctypes gives it up. Call this before anything that waits for the picture.
    """
    _library().glFinish()


def read_pixels(width: int, height: int, channels: int) -> NDArray[np.uint8]:
    """``(height, width, channels)`` of the bound framebuffer, bottom row first; 3 or 4 channels.

    Like ``finish``, without holding Python's lock.
    """
    pixels = np.empty((height, width, channels), dtype=np.uint8)
    library = _library()
    library.glPixelStorei(_GL_PACK_ALIGNMENT, 1)
    library.glReadPixels(
        0,
        0,
        width,
        height,
        _GL_RGBA if channels == 4 else _GL_RGB,
        _GL_UNSIGNED_BYTE,
        pixels.ctypes.data_as(ctypes.c_void_p),
    )
    return pixels


def flush() -> None:
    """Hand everything asked for to the driver, without holding Python's lock."""
    _library().glFlush()
