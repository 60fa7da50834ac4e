"""Bodies by their joints: ``XR_FB_body_tracking`` and ``XR_BD_body_tracking``."""

from __future__ import annotations

from contextlib import ExitStack
from ctypes import byref
from typing import Any

import numpy as np

from presence.headset.joints import JointArray
from presence.headset.openxr import at_once, call, destroy, extension_function, xr
from presence.headset.readings import Body, Joints

META = "XR_FB_body_tracking"
META_LEGS = "XR_META_body_tracking_full_body"
BYTEDANCE = "XR_BD_body_tracking"

_META_COUNT, _META_COUNT_WITH_LEGS, _BYTEDANCE_COUNT = 70, 84, 24


class MetaBody:
    """A body by Meta's extensions. State: the tracker, its T-pose, structures to be filled."""

    def __init__(
        self, stack: ExitStack, instance: Any, session: Any, local: Any, *, legs: bool
    ) -> None:
        """Follow the body, with its legs where the headset has them.

        Raises:
            HeadsetError: the runtime refused.
        """
        sets = xr.BodyJointSetFB
        info = xr.BodyTrackerCreateInfoFB(body_joint_set=sets.FULL_BODY_M if legs else sets.DEFAULT)
        self._tracker = xr.BodyTrackerFB()
        create = extension_function(instance, "xrCreateBodyTrackerFB")
        call("follow the body", create, session, byref(info), byref(self._tracker))
        stack.callback(
            destroy, extension_function(instance, "xrDestroyBodyTrackerFB"), self._tracker
        )
        self._locate = at_once(extension_function(instance, "xrLocateBodyJointsFB"))
        self._skeleton = at_once(extension_function(instance, "xrGetBodySkeletonFB"))
        self._count = _META_COUNT_WITH_LEGS if legs else _META_COUNT
        self._array = JointArray(xr.BodyJointLocationFB, self._count)
        self._info = xr.BodyJointsLocateInfoFB(base_space=local, time=0)
        self._found = xr.BodyJointLocationsFB(joint_locations=self._array.structures)
        self._rest: Joints | None = None
        self._rest_of = -1

    def read(self, time: int) -> Body | None:
        """The body at an ``XrTime``; None while it is not tracked."""
        self._info.time = time
        call("locate the body", self._locate, self._tracker, byref(self._info), byref(self._found))
        if not self._found.is_active:
            return None
        # The skeleton grows to the person's size in mid-session.
        if self._rest is None or self._rest_of != self._found.skeleton_changed_count:
            self._rest_of = int(self._found.skeleton_changed_count)
            self._rest = self._ask_rest()
        return Body(self._array.joints(), float(self._found.confidence), self._rest)

    def _ask_rest(self) -> Joints:
        joints = (xr.BodySkeletonJointFB * self._count)()
        skeleton = xr.BodySkeletonFB(joints=joints)
        call("ask for the body's T-pose", self._skeleton, self._tracker, byref(skeleton))
        positions, orientations = np.zeros((self._count, 3)), np.zeros((self._count, 4))
        for joint in joints:
            p, q = joint.pose.position, joint.pose.orientation
            positions[joint.joint] = p.x, p.y, p.z
            orientations[joint.joint] = q.x, q.y, q.z, q.w
        return Joints(positions, orientations, np.full(self._count, 3, dtype=np.int64))


class BytedanceBody:
    """A body by ByteDance's extension. State: the tracker, structures to be filled."""

    def __init__(self, stack: ExitStack, instance: Any, session: Any, local: Any) -> None:
        """Follow the body.

        Raises:
            HeadsetError: the runtime refused.
        """
        info = xr.BodyTrackerCreateInfoBD(joint_set=xr.BodyJointSetBD.FULL_BODY_JOINTS)
        self._tracker = xr.BodyTrackerBD()
        create = extension_function(instance, "xrCreateBodyTrackerBD")
        call("follow the body", create, session, byref(info), byref(self._tracker))
        stack.callback(
            destroy, extension_function(instance, "xrDestroyBodyTrackerBD"), self._tracker
        )
        self._locate = at_once(extension_function(instance, "xrLocateBodyJointsBD"))
        self._array = JointArray(xr.BodyJointLocationBD, _BYTEDANCE_COUNT)
        self._info = xr.BodyJointsLocateInfoBD(base_space=local, time=0)
        self._found = xr.BodyJointLocationsBD(joint_locations=self._array.structures)

    def read(self, time: int) -> Body | None:
        """The body at an ``XrTime``; None while none of it is tracked."""
        self._info.time = time
        call("locate the body", self._locate, self._tracker, byref(self._info), byref(self._found))
        joints = self._array.joints()
        return Body(joints, 1.0, None) if joints.flags.any() else None
