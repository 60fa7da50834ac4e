"""The OpenXR calls, with errors in this package's words and pyopenxr's faults worked around.

The faults are those of pyopenxr 1.1.6501 (pinned in ``pyproject.toml``):

- ``import xr`` ends the process where libGL is missing, so only modules that open a session or
  probe the runtime import this one.
- Its wrappers raise on qualified successes (``TIMEOUT_EXPIRED``, ``EVENT_UNAVAILABLE``), make new
  structures at every call (16 µs a pose) and return plain numbers for enums that other wrappers
  then refuse: :func:`call` calls the C functions with structures that the caller keeps.
- Its wrappers of extension functions drop the caller's arrays (``locate_hand_joints_ext``,
  ``locate_body_joints_fb``, ``get_face_expression_weights2_fb``, ``get_facial_expressions_htc``):
  :func:`extension_function` has the C functions.
- A handle's class differs by what PyOpenGL found: ``graphics`` casts to the field's own.
- ``ContextObject`` leaks its handles when it fails half-way: nothing here uses it; every handle
  is put on an ``ExitStack``, with :func:`destroy`.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import xr
from xr import raw_functions as raw

from presence.errors import HeadsetError
from presence.pose.rigid import Rigid

log = logging.getLogger(__name__)

__all__ = [
    "at_once",
    "call",
    "destroy",
    "enumerate_all",
    "extension_function",
    "raw",
    "to_rigid",
    "write_pose",
    "xr",
]

_ADVICE = {
    "ERROR_RUNTIME_UNAVAILABLE": "see that the OpenXR runtime is installed and running",
    "ERROR_RUNTIME_FAILURE": "the runtime may have ended; start it again, then this program",
    "ERROR_INSTANCE_LOST": "the runtime ended or was updated; start this program again",
    "ERROR_SESSION_LOST": "the headset was unplugged or its driver ended; start this program again",
    "ERROR_FORM_FACTOR_UNAVAILABLE": "connect the headset and switch it on",
    "ERROR_FORM_FACTOR_UNSUPPORTED": "this runtime drives no headset; make another one active",
    "ERROR_GRAPHICS_DEVICE_INVALID": "draw on the graphics card that the headset is connected to",
    "ERROR_LIMIT_REACHED": "close other programs that use the headset",
    "SESSION_LOSS_PENDING": "the headset is going away; start this program again",
}


def call(doing: str, function: Callable[..., Any], *arguments: Any) -> xr.Result:
    """Call an OpenXR function.

    Args:
        doing: what for, as ``"wait for a frame"``; goes into the error's message.
        function: of ``raw``, or from :func:`extension_function`.
        arguments: as the C function takes them.

    Returns:
        The result code, a success.

    Raises:
        HeadsetError: the function failed, or the session is about to be lost.
    """
    result = _result(function, arguments)
    if not isinstance(result, xr.Result):
        raise HeadsetError(f"OpenXR could not {doing}: unknown result {result}; try again")
    if result.value < 0 or result is xr.Result.SESSION_LOSS_PENDING:
        advice = _ADVICE.get(result.name, "try again, and see the runtime's own log")
        raise HeadsetError(f"OpenXR could not {doing} ({result.name}): {advice}")
    return result


def destroy(function: Callable[..., Any], handle: Any) -> None:
    """Destroy a handle; a failure only matters to the log, for the runtime may be gone already."""
    result = _result(function, (handle,))
    if result is not xr.Result.SUCCESS:
        log.info("%s returned %s", getattr(function, "__name__", function), result)


def _result(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        result = function(*arguments)
        # Functions of the loader return the enum, extension functions the bare number.
        return result if isinstance(result, xr.Result) else xr.Result(result)
    except ValueError as error:
        # A code that this binding does not know.
        return str(error)


def extension_function(instance: Any, name: str) -> Callable[..., Any]:
    """An extension's function, which the caller must have enabled.

    Raises:
        HeadsetError: the runtime does not have it.
    """
    pointer = xr.PFN_xrVoidFunction()
    call(f"find {name}", raw.xrGetInstanceProcAddr, instance, name.encode(), ctypes.byref(pointer))
    function: Callable[..., Any] = ctypes.cast(pointer, getattr(xr, f"PFN_{name}"))
    return function


def at_once(function: Any) -> Callable[..., Any]:
    """The same function, called without letting go of Python's lock: for what answers at once.

    Whoever lets go of the lock waits for it again for as long as another thread holds it, and the
    one that draws holds it for milliseconds at a time. A dozen calls on a thread of their own would
    wait a dozen times.

    Args:
        function: of ``raw``, or from :func:`extension_function`.
    """
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    # Its result is a bare number, as an extension function's.
    return ctypes.PYFUNCTYPE(ctypes.c_int, *function.argtypes)(address)


def enumerate_all(
    doing: str, function: Callable[..., Any], before: tuple[Any, ...], element: Any, prototype: Any
) -> Any:
    """All elements of an OpenXR enumeration, as a ctypes array.

    Args:
        doing: as for :func:`call`.
        function: takes ``(*before, capacity, count*, elements*)``.
        before: its first arguments.
        element: the ctypes type of an element.
        prototype: makes one element, with its structure type set.
    """
    count = ctypes.c_uint32(0)
    call(doing, function, *before, 0, ctypes.byref(count), None)
    elements = (element * count.value)(*(prototype() for _ in range(count.value)))
    if count.value:
        call(doing, function, *before, count.value, ctypes.byref(count), elements)
    return elements


def to_rigid(pose: Any) -> Rigid:
    """An ``xr.Posef`` as a rigid transform."""
    q, p = pose.orientation, pose.position
    return Rigid(np.array([q.x, q.y, q.z, q.w]), np.array([p.x, p.y, p.z]))


def write_pose(rigid: Rigid, pose: Any) -> None:
    """Write a rigid transform into an ``xr.Posef``."""
    q, p = pose.orientation, pose.position
    q.x, q.y, q.z, q.w = rigid.rotation.tolist()
    p.x, p.y, p.z = rigid.translation.tolist()
