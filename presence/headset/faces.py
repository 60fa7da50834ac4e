"""Faces by their expressions: Meta's, Android's and HTC's extensions."""

from __future__ import annotations

import ctypes
from contextlib import ExitStack
from ctypes import byref
from typing import Any

import numpy as np

from presence.headset.openxr import at_once, call, destroy, extension_function, xr
from presence.headset.readings import Face
from presence.pose.arrays import Floats

META = "XR_FB_face_tracking2"
ANDROID = "XR_ANDROID_face_tracking"
HTC = "XR_HTC_facial_tracking"

HEARD_CONFIDENCE = 0.5
"""How much of its confidence a face keeps that Meta's runtime made from the voice alone."""

_META_WEIGHTS, _META_REGIONS = 70, 2
_ANDROID_WEIGHTS, _ANDROID_REGIONS = 68, 3
_HTC_EYE_WEIGHTS, _HTC_LIP_WEIGHTS = 14, 37


class _Numbers:
    """Floats that the runtime writes. State: the ctypes array, and numpy's view of it."""

    def __init__(self, count: int) -> None:
        self.structures = (ctypes.c_float * count)()
        self._view = np.frombuffer(memoryview(self.structures), dtype=np.float32)

    def values(self) -> Floats:
        values: Floats = self._view.astype(np.float64)
        return values


class MetaFace:
    """A face by Meta's extension. State: the tracker, structures to be filled."""

    def __init__(
        self, stack: ExitStack, instance: Any, session: Any, *, seen: bool, heard: bool
    ) -> None:
        """Follow the face by cameras, by the voice, or by both.

        Raises:
            HeadsetError: the runtime refused.
        """
        kinds = xr.FaceTrackingDataSource2FB
        wanted = [
            kind.value for kind, is_so in ((kinds.VISUAL, seen), (kinds.AUDIO, heard)) if is_so
        ]
        info = xr.FaceTrackerCreateInfo2FB(
            face_expression_set=xr.FaceExpressionSet2FB.DEFAULT,
            requested_data_sources=(kinds.ctype() * len(wanted))(*wanted),
        )
        self._tracker = xr.FaceTracker2FB()
        create = extension_function(instance, "xrCreateFaceTracker2FB")
        call("follow the face", create, session, byref(info), byref(self._tracker))
        stack.callback(
            destroy, extension_function(instance, "xrDestroyFaceTracker2FB"), self._tracker
        )
        self._get = at_once(extension_function(instance, "xrGetFaceExpressionWeights2FB"))
        self._weights, self._regions = _Numbers(_META_WEIGHTS), _Numbers(_META_REGIONS)
        self._info = xr.FaceExpressionInfo2FB(time=0)
        self._found = xr.FaceExpressionWeights2FB(
            weights=self._weights.structures, confidences=self._regions.structures
        )

    def read(self, time: int) -> Face | None:
        """The face at an ``XrTime``; None while it is not tracked."""
        self._info.time = time
        call("read the face", self._get, self._tracker, byref(self._info), byref(self._found))
        if not self._found.is_valid:
            return None
        seen = self._found._data_source == xr.FaceTrackingDataSource2FB.VISUAL.value
        return Face(
            self._weights.values(),
            self._regions.values() * (1.0 if seen else HEARD_CONFIDENCE),
            bool(self._found.is_eye_following_blendshapes_valid),
        )


class AndroidFace:
    """A face by Android XR's extension. State: the tracker, structures to be filled."""

    def __init__(self, stack: ExitStack, instance: Any, session: Any) -> None:
        """Follow the face.

        Raises:
            HeadsetError: the runtime refused, as it does where the person did not allow it.
        """
        info = xr.FaceTrackerCreateInfoANDROID()
        self._tracker = xr.FaceTrackerANDROID()
        create = extension_function(instance, "xrCreateFaceTrackerANDROID")
        call("follow the face", create, session, byref(info), byref(self._tracker))
        stack.callback(
            destroy, extension_function(instance, "xrDestroyFaceTrackerANDROID"), self._tracker
        )
        self._get = at_once(extension_function(instance, "xrGetFaceStateANDROID"))
        self._weights, self._regions = _Numbers(_ANDROID_WEIGHTS), _Numbers(_ANDROID_REGIONS)
        self._info = xr.FaceStateGetInfoANDROID(time=0)
        self._found = xr.FaceStateANDROID()
        self._found.parameters_capacity_input = _ANDROID_WEIGHTS
        self._found.region_confidences_capacity_input = _ANDROID_REGIONS
        floats = ctypes.POINTER(ctypes.c_float)
        self._found.parameters = ctypes.cast(self._weights.structures, floats)
        self._found.region_confidences = ctypes.cast(self._regions.structures, floats)

    def read(self, time: int) -> Face | None:
        """The face at an ``XrTime``; None while it is not tracked."""
        self._info.time = time
        call("read the face", self._get, self._tracker, byref(self._info), byref(self._found))
        tracking = self._found._face_tracking_state == xr.FaceTrackingStateANDROID.TRACKING.value
        if not (self._found.is_valid and tracking):
            return None
        return Face(self._weights.values(), self._regions.values(), True)


class HtcFace:
    """A face by HTC's extension: eyes and mouth apart. State: trackers, structures to be filled."""

    def __init__(
        self, stack: ExitStack, instance: Any, session: Any, *, eyes: bool, mouth: bool
    ) -> None:
        """Follow the eyes, the mouth, or both.

        Raises:
            HeadsetError: the runtime refused.
        """
        self._get = at_once(extension_function(instance, "xrGetFacialExpressionsHTC"))
        create = extension_function(instance, "xrCreateFacialTrackerHTC")
        gone = extension_function(instance, "xrDestroyFacialTrackerHTC")
        kinds = xr.FacialTrackingTypeHTC
        self._parts: list[tuple[Any, _Numbers, Any]] = []
        for kind, wanted, count in (
            (kinds.EYE_DEFAULT, eyes, _HTC_EYE_WEIGHTS),
            (kinds.LIP_DEFAULT, mouth, _HTC_LIP_WEIGHTS),
        ):
            tracker, weights = xr.FacialTrackerHTC(), _Numbers(count)
            if wanted:
                info = xr.FacialTrackerCreateInfoHTC(facial_tracking_type=kind)
                call("follow the face", create, session, byref(info), byref(tracker))
                stack.callback(destroy, gone, tracker)
            found = xr.FacialExpressionsHTC(
                expression_count=count, expression_weightings=weights.structures
            )
            self._parts.append((tracker if wanted else None, weights, found))

    def read(self, time: int) -> Face | None:
        """The face as it is; None while neither eyes nor mouth are tracked.

        The extension gives the newest, and takes no time.
        """
        confidences = np.zeros(2)
        for part, (tracker, _, found) in enumerate(self._parts):
            if tracker is not None:
                call("read the face", self._get, tracker, byref(found))
                confidences[part] = float(bool(found.is_active))
        if not confidences.any():
            return None
        weights = np.concatenate([numbers.values() for _, numbers, _ in self._parts])
        return Face(weights, confidences, bool(confidences[0]))
