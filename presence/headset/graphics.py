"""The OpenGL context that is current on this thread, in the form in which OpenXR takes it.

The handles are asked from libEGL or libGL themselves, so whoever made the context (moderngl, GLFW,
a test) needs to know nothing of OpenXR.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import byref, c_int, c_ulong, c_void_p
from dataclasses import dataclass
from typing import Any

from presence.errors import HeadsetError
from presence.headset.openxr import call, extension_function, xr
from presence.headset.system import EGL, OPENGL

_EGL_CONFIG_ID = 0x3028
_EGL_NONE = 0x3038
_GLX_FBCONFIG_ID = 0x8013
_GLX_VISUAL_ID = 0x800B


@dataclass(frozen=True, slots=True)
class GraphicsBinding:
    """The current context."""

    structure: Any
    """For ``SessionCreateInfo.next``; keep this object alive until the session is made."""
    extensions: tuple[str, ...]
    """What the instance must have enabled."""
    make_current: Callable[[], None]
    """Makes the context current again: a runtime may change that while it makes a session."""


def current_binding() -> GraphicsBinding:
    """The context that is current on this thread.

    Raises:
        HeadsetError: there is none.
    """
    binding = _egl_binding() or _glx_binding()
    if binding is None:
        raise HeadsetError(
            "no OpenGL context is current on this thread; make one before opening the headset"
        )
    return binding


def check_requirements(instance: Any, system_id: Any) -> None:
    """Ask the runtime for the OpenGL versions it takes, which it insists on being asked.

    Raises:
        HeadsetError: it takes no OpenGL.
    """
    requirements = xr.GraphicsRequirementsOpenGLKHR()
    ask = extension_function(instance, "xrGetOpenGLGraphicsRequirementsKHR")
    call("agree on an OpenGL version", ask, instance, system_id, byref(requirements))


def _egl_binding() -> GraphicsBinding | None:
    egl = _load("libEGL.so.1")
    if egl is None:
        return None
    for name in ("eglGetCurrentDisplay", "eglGetCurrentContext", "eglGetCurrentSurface"):
        getattr(egl, name).restype = c_void_p
    context = egl.eglGetCurrentContext()
    if not context:
        return None
    display = egl.eglGetCurrentDisplay()
    draw, read = egl.eglGetCurrentSurface(c_int(0x3059)), egl.eglGetCurrentSurface(c_int(0x305A))

    config_id, count = c_int(), c_int()
    config = c_void_p()
    egl.eglQueryContext(c_void_p(display), c_void_p(context), _EGL_CONFIG_ID, byref(config_id))
    attributes = (c_int * 3)(_EGL_CONFIG_ID, config_id.value, _EGL_NONE)
    egl.eglChooseConfig(c_void_p(display), attributes, byref(config), 1, byref(count))

    structure = xr.GraphicsBindingEGLMNDX()
    structure.get_proc_address = ctypes.cast(egl.eglGetProcAddress, xr.PFN_xrEglGetProcAddressMNDX)
    _set_handle(structure, "display", display)
    _set_handle(structure, "config", config.value)
    _set_handle(structure, "context", context)

    def make_current() -> None:
        made = egl.eglMakeCurrent(
            c_void_p(display), c_void_p(draw), c_void_p(read), c_void_p(context)
        )
        if not made:
            raise HeadsetError("the OpenGL context could not be made current again (EGL)")

    return GraphicsBinding(structure, (EGL, OPENGL), make_current)


def _glx_binding() -> GraphicsBinding | None:
    glx = _load("libGL.so.1")
    if glx is None:
        return None
    glx.glXGetCurrentDisplay.restype = c_void_p
    glx.glXGetCurrentContext.restype = c_void_p
    glx.glXGetCurrentDrawable.restype = c_ulong
    glx.glXChooseFBConfig.restype = ctypes.POINTER(c_void_p)
    context = glx.glXGetCurrentContext()
    if not context:
        return None
    display, drawable = glx.glXGetCurrentDisplay(), glx.glXGetCurrentDrawable()

    config_id, visual, count = c_int(), c_int(), c_int()
    glx.glXQueryContext(c_void_p(display), c_void_p(context), _GLX_FBCONFIG_ID, byref(config_id))
    screen = _default_screen(display)
    attributes = (c_int * 3)(_GLX_FBCONFIG_ID, config_id.value, 0)
    configs = glx.glXChooseFBConfig(c_void_p(display), screen, attributes, byref(count))
    config = configs[0] if configs and count.value else None
    if config is not None:
        glx.glXGetFBConfigAttrib(c_void_p(display), c_void_p(config), _GLX_VISUAL_ID, byref(visual))

    structure = xr.GraphicsBindingOpenGLXlibKHR()
    structure.visualid = visual.value
    structure.glx_drawable = drawable
    _set_handle(structure, "x_display", display)
    _set_handle(structure, "glx_fbconfig", config)
    _set_handle(structure, "glx_context", context)

    def make_current() -> None:
        if not glx.glXMakeCurrent(c_void_p(display), c_ulong(drawable), c_void_p(context)):
            raise HeadsetError("the OpenGL context could not be made current again (GLX)")

    return GraphicsBinding(structure, (OPENGL,), make_current)


def _default_screen(display: int) -> int:
    x11 = _load("libX11.so.6")
    return int(x11.XDefaultScreen(c_void_p(display))) if x11 is not None else 0


def _set_handle(structure: Any, field: str, value: int | None) -> None:
    # pyopenxr 1.1.6501 takes handles only in the very type of the field, which differs by what
    # PyOpenGL found on this machine.
    kind = dict(structure._fields_)[field]
    setattr(structure, field, ctypes.cast(c_void_p(value), kind))


def _load(name: str) -> Any:
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None
