"""Each eye by itself: ``XR_FB_eye_tracking_social``."""

from __future__ import annotations

from contextlib import ExitStack
from ctypes import byref
from typing import Any

from presence.headset.openxr import at_once, call, destroy, extension_function, to_rigid, xr
from presence.headset.readings import EyeRay

EXTENSION = "XR_FB_eye_tracking_social"


class MetaEyes:
    """Both eyes by Meta's extension. State: the tracker, structures to be filled."""

    def __init__(self, stack: ExitStack, instance: Any, session: Any, local: Any) -> None:
        """Follow the eyes.

        Raises:
            HeadsetError: the runtime refused.
        """
        info = xr.EyeTrackerCreateInfoFB()
        self._tracker = xr.EyeTrackerFB()
        create = extension_function(instance, "xrCreateEyeTrackerFB")
        call("follow the eyes", create, session, byref(info), byref(self._tracker))
        stack.callback(
            destroy, extension_function(instance, "xrDestroyEyeTrackerFB"), self._tracker
        )
        self._get = at_once(extension_function(instance, "xrGetEyeGazesFB"))
        self._info = xr.EyeGazesInfoFB(base_space=local, time=0)
        self._found = xr.EyeGazesFB()

    def read(self, time: int) -> tuple[EyeRay | None, EyeRay | None]:
        """The left and the right eye at an ``XrTime``; None for one that is not tracked."""
        self._info.time = time
        call("read the eyes", self._get, self._tracker, byref(self._info), byref(self._found))
        left, right = (
            EyeRay(to_rigid(gaze.gaze_pose), float(gaze.gaze_confidence)) if gaze.is_valid else None
            for gaze in self._found.gaze
        )
        return left, right
