"""The runtime and headset that an OpenXR instance has found, before there is a session."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from presence.errors import HeadsetError
from presence.headset.openxr import call, destroy, enumerate_all, raw, xr

EGL = "XR_MNDX_egl_enable"
OPENGL = "XR_KHR_opengl_enable"
MACHINE_TIME = "XR_KHR_convert_timespec_time"
LOCAL_FLOOR = "XR_EXT_local_floor"

STEREO = xr.ViewConfigurationType.PRIMARY_STEREO


@dataclass(frozen=True, slots=True)
class ViewSize:
    """How large the runtime wants, and would take, one eye's picture, in pixels."""

    recommended: tuple[int, int]
    largest: tuple[int, int]
    samples: int


@dataclass(frozen=True, slots=True)
class System:
    """An instance and the headset that it found."""

    instance: Any
    system_id: Any
    runtime_name: str
    runtime_version: str
    headset_name: str
    extensions: frozenset[str]
    """Those enabled."""
    views: tuple[ViewSize, ViewSize]
    blend_modes: tuple[Any, ...]
    """``xr.EnvironmentBlendMode``, the runtime's favourite first."""


def offered_extensions() -> dict[str, int]:
    """The extensions that the runtime offers, with their versions.

    Raises:
        HeadsetError: no runtime is active, or it cannot be loaded.
    """
    properties = enumerate_all(
        "ask the runtime for its extensions",
        raw.xrEnumerateInstanceExtensionProperties,
        (None,),
        xr.ExtensionProperties,
        xr.ExtensionProperties,
    )
    return {each.extension_name.decode(): int(each.extension_version) for each in properties}


def gl_backend() -> str:
    """The kind of OpenGL context that this runtime takes: moderngl's ``"egl"`` or ``"x11"``.

    Raises:
        HeadsetError: the runtime is unreachable, or takes no OpenGL.
    """
    offered = offered_extensions()
    if OPENGL not in offered:
        raise HeadsetError(
            "the active OpenXR runtime takes no OpenGL; make one active that does (Monado, SteamVR)"
        )
    return "egl" if EGL in offered else "x11"


def open_system(stack: ExitStack, wanted: Sequence[str], needed: Sequence[str] = ()) -> System:
    """Make an instance and find the headset.

    Args:
        stack: closes the instance.
        wanted: extensions to enable where they are offered.
        needed: extensions that must be there.

    Raises:
        HeadsetError: no runtime, no headset, or a needed extension is missing.
    """
    offered = offered_extensions()
    missing = [name for name in needed if name not in offered]
    if missing:
        raise HeadsetError(
            f"the OpenXR runtime lacks {', '.join(missing)}; make another runtime active, "
            "or view without a headset (--view window)"
        )
    extensions = [*needed, *(name for name in wanted if name in offered and name not in needed)]
    # The runtime refuses versions above its own; all that is used here is in 1.0.
    info = xr.InstanceCreateInfo(
        application_info=xr.ApplicationInfo(
            application_name="presence",
            application_version=1,
            engine_name="presence",
            engine_version=1,
            api_version=xr.Version(1, 0, 0),
        ),
        enabled_extension_names=extensions,
    )
    instance = xr.Instance()
    call("start", raw.xrCreateInstance, ctypes.byref(info), ctypes.byref(instance))
    stack.callback(destroy, raw.xrDestroyInstance, instance)

    running = xr.InstanceProperties()
    call("name its runtime", raw.xrGetInstanceProperties, instance, ctypes.byref(running))
    system_id = xr.SystemId()
    head = xr.SystemGetInfo(form_factor=xr.FormFactor.HEAD_MOUNTED_DISPLAY)
    call("find a headset", raw.xrGetSystem, instance, ctypes.byref(head), ctypes.byref(system_id))
    properties = xr.SystemProperties()
    call(
        "describe the headset",
        raw.xrGetSystemProperties,
        instance,
        system_id,
        ctypes.byref(properties),
    )
    version = xr.Version(running.runtime_version)
    return System(
        instance=instance,
        system_id=system_id,
        runtime_name=_text(running.runtime_name),
        runtime_version=f"{version.major}.{version.minor}.{version.patch}",
        headset_name=_text(properties.system_name),
        extensions=frozenset(extensions),
        views=_views(instance, system_id),
        blend_modes=tuple(
            xr.EnvironmentBlendMode(mode)
            for mode in enumerate_all(
                "list the blend modes",
                raw.xrEnumerateEnvironmentBlendModes,
                (instance, system_id, STEREO.value),
                ctypes.c_int,
                ctypes.c_int,
            )
        ),
    )


def ask_system(instance: Any, system_id: Any, properties: Any) -> Any:
    """An extension's structure of system properties, filled in by the runtime.

    Raises:
        HeadsetError: the runtime did not answer.
    """
    whole = xr.SystemProperties()
    whole.next = ctypes.cast(ctypes.pointer(properties), ctypes.c_void_p)
    call(
        "say what the headset can do",
        raw.xrGetSystemProperties,
        instance,
        system_id,
        ctypes.byref(whole),
    )
    return properties


def _views(instance: Any, system_id: Any) -> tuple[ViewSize, ViewSize]:
    found = enumerate_all(
        "list the headset's views",
        raw.xrEnumerateViewConfigurationViews,
        (instance, system_id, STEREO.value),
        xr.ViewConfigurationView,
        xr.ViewConfigurationView,
    )
    if len(found) != 2:
        raise HeadsetError(f"the headset has {len(found)} views; only stereo headsets can be used")
    left, right = (
        ViewSize(
            (view.recommended_image_rect_width, view.recommended_image_rect_height),
            (view.max_image_rect_width, view.max_image_rect_height),
            view.recommended_swapchain_sample_count,
        )
        for view in found
    )
    return left, right


def _text(name: bytes | str) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name
