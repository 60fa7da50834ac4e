"""Hands by their joints: ``XR_EXT_hand_tracking``."""

from __future__ import annotations

import ctypes
from contextlib import ExitStack
from ctypes import byref
from typing import Any

from presence.headset.joints import JointArray
from presence.headset.openxr import at_once, call, destroy, extension_function, xr
from presence.headset.readings import Hand

EXTENSION = "XR_EXT_hand_tracking"
DATA_SOURCE = "XR_EXT_hand_tracking_data_source"
"""Tells fingers that are seen from those that are made up while a controller is held."""


class HandTracker:
    """One hand. State: the tracker's handle and the structures that the runtime fills."""

    def __init__(
        self,
        stack: ExitStack,
        instance: Any,
        session: Any,
        local: Any,
        side: int,
        *,
        tells_source: bool,
    ) -> None:
        """Follow the left (0) or right (1) hand.

        Raises:
            HeadsetError: the runtime refused.
        """
        hand = (xr.HandEXT.LEFT, xr.HandEXT.RIGHT)[side]
        info = xr.HandTrackerCreateInfoEXT(hand=hand, hand_joint_set=xr.HandJointSetEXT.DEFAULT)
        # Until the tracker is made, the runtime reads these.
        sources = xr.HandTrackingDataSourceInfoEXT(
            requested_data_sources=(xr.HandTrackingDataSourceEXT.ctype() * 2)(
                xr.HandTrackingDataSourceEXT.UNOBSTRUCTED.value,
                xr.HandTrackingDataSourceEXT.CONTROLLER.value,
            )
        )
        self._source = xr.HandTrackingDataSourceStateEXT() if tells_source else None
        if tells_source:
            info.next = ctypes.cast(ctypes.pointer(sources), ctypes.c_void_p)
        self._tracker = xr.HandTrackerEXT()
        create = extension_function(instance, "xrCreateHandTrackerEXT")
        call("follow a hand", create, session, byref(info), byref(self._tracker))
        gone = extension_function(instance, "xrDestroyHandTrackerEXT")
        stack.callback(destroy, gone, self._tracker)
        self._locate = at_once(extension_function(instance, "xrLocateHandJointsEXT"))
        self._array = JointArray(xr.HandJointLocationEXT, xr.HAND_JOINT_COUNT_EXT)
        self._info = xr.HandJointsLocateInfoEXT(base_space=local, time=0)
        self._found = xr.HandJointLocationsEXT(joint_locations=self._array.structures)
        if self._source is not None:
            self._found.next = ctypes.cast(ctypes.pointer(self._source), ctypes.c_void_p)

    def read(self, time: int) -> Hand | None:
        """The hand at an ``XrTime``; None while it is not seen."""
        self._info.time = time
        call("locate a hand", self._locate, self._tracker, byref(self._info), byref(self._found))
        if not self._found.is_active:
            return None
        held = (
            self._source is not None
            and bool(self._source.is_active)
            and self._source._data_source == xr.HandTrackingDataSourceEXT.CONTROLLER.value
        )
        return Hand(self._array.joints(), held)
