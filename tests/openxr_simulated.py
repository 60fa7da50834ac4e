"""An OpenXR API layer in Python: sensors that the runtime below does not have, with known values.

The real loader puts it between a client and its runtime. It offers extensions, makes their trackers
and answers with what a test has set; it injects events, and errors that a lost headset causes.
"""

import ctypes
import json
import os
import tempfile
from ctypes import POINTER, byref, c_char_p, c_uint32, c_uint64, c_void_p, cast, memmove, pointer
from pathlib import Path

import xr

NAME = "XR_APILAYER_TEST_simulated_sensors"
TRACKED = 15

_FUNCTIONS = {
    "XR_EXT_hand_tracking": [
        "CreateHandTrackerEXT",
        "DestroyHandTrackerEXT",
        "LocateHandJointsEXT",
    ],
    "XR_EXT_hand_tracking_data_source": [],
    "XR_FB_body_tracking": [
        "CreateBodyTrackerFB",
        "DestroyBodyTrackerFB",
        "LocateBodyJointsFB",
        "GetBodySkeletonFB",
    ],
    "XR_META_body_tracking_full_body": [],
    "XR_BD_body_tracking": ["CreateBodyTrackerBD", "DestroyBodyTrackerBD", "LocateBodyJointsBD"],
    "XR_FB_face_tracking2": [
        "CreateFaceTracker2FB",
        "DestroyFaceTracker2FB",
        "GetFaceExpressionWeights2FB",
    ],
    "XR_ANDROID_face_tracking": [
        "CreateFaceTrackerANDROID",
        "DestroyFaceTrackerANDROID",
        "GetFaceStateANDROID",
    ],
    "XR_HTC_facial_tracking": [
        "CreateFacialTrackerHTC",
        "DestroyFacialTrackerHTC",
        "GetFacialExpressionsHTC",
    ],
    "XR_EXT_eye_gaze_interaction": [],
    "XR_FB_eye_tracking_social": ["CreateEyeTrackerFB", "DestroyEyeTrackerFB", "GetEyeGazesFB"],
    "XR_EXT_user_presence": [],
}

_ABILITIES = {
    "XR_EXT_hand_tracking": ("SystemHandTrackingPropertiesEXT", ["supports_hand_tracking"]),
    "XR_FB_body_tracking": ("SystemBodyTrackingPropertiesFB", ["supports_body_tracking"]),
    "XR_META_body_tracking_full_body": (
        "SystemPropertiesBodyTrackingFullBodyMETA",
        ["supports_full_body_tracking"],
    ),
    "XR_BD_body_tracking": ("SystemBodyTrackingPropertiesBD", ["supports_body_tracking"]),
    "XR_FB_face_tracking2": (
        "SystemFaceTrackingProperties2FB",
        ["supports_visual_face_tracking", "supports_audio_face_tracking"],
    ),
    "XR_ANDROID_face_tracking": (
        "SystemFaceTrackingPropertiesANDROID",
        ["supports_face_tracking"],
    ),
    "XR_HTC_facial_tracking": (
        "SystemFacialTrackingPropertiesHTC",
        ["support_eye_facial_tracking", "support_lip_facial_tracking"],
    ),
    "XR_EXT_eye_gaze_interaction": (
        "SystemEyeGazeInteractionPropertiesEXT",
        ["supports_eye_gaze_interaction"],
    ),
    "XR_FB_eye_tracking_social": ("SystemEyeTrackingPropertiesFB", ["supports_eye_tracking"]),
    "XR_EXT_user_presence": ("SystemUserPresencePropertiesEXT", ["supports_user_presence"]),
}

_TAKEN = [
    "GetSystemProperties",
    "PollEvent",
    "WaitFrame",
    "LocateSpace",
    "SyncActions",
    "CreateAction",
    "CreateActionSpace",
    "CreateReferenceSpace",
    "GetCurrentInteractionProfile",
    "SuggestInteractionProfileBindings",
]


class SimulatedSensors(xr.DynamicApiLayerBase):
    """The layer. State: what the sensors say, what is still to be told, and the calls below."""

    def __init__(self, offers, abilities=None):
        """Offer some of the extensions; able to do all of them unless ``abilities`` names fewer."""
        self.offers = list(offers)
        self.abilities = self.offers if abilities is None else abilities
        self.values = {}
        self.events = []
        self.refused_profile = None
        self.profile = None
        self.session_lost = False
        self.unfocused = False
        self.moved = None
        self._gaze_action = self._gaze_space = self._view_space = None
        self._grip_spaces = []
        self._keep = []
        self.created = []
        self._below = None
        self._next = {}
        folder = tempfile.mkdtemp()
        # Implicit layers' extensions are the runtime's, as far as a client can tell.
        os.environ["XDG_DATA_HOME"] = folder
        super().__init__(name=NAME, json_path=f"{folder}/layer")
        described = json.loads(Path(folder, "layer", f"{NAME}.json").read_text())
        described["api_layer"] |= {
            "disable_environment": "TEST_NO_SIMULATED_SENSORS",
            "instance_extensions": [
                {
                    "name": name,
                    "extension_version": "1",
                    "entrypoints": [f"xr{function}" for function in _FUNCTIONS[name]],
                }
                for name in self.offers
            ],
        }
        implicit = Path(folder, "openxr", "1", "api_layers", "implicit.d")
        implicit.mkdir(parents=True)
        (implicit / f"{NAME}.json").write_text(json.dumps(described))
        names = [*_TAKEN, *(name for offer in self.offers for name in _FUNCTIONS[offer])]
        self._mine = {}
        for name in names:
            method = getattr(self, f"_{name}", None)
            if method is None:
                method = self._create if name.startswith("Create") else self._destroy
            self._mine[b"xr" + name.encode()] = getattr(xr, f"PFN_xr{name}")(method)
        self._gipa = xr.PFN_xrGetInstanceProcAddr(self._proc_address)
        self._made = xr.PFN_xrCreateApiLayerInstance(self._create_instance)

    # -- the loader's side -----------------------------------------------------------------------

    def negotiate_loader_api_layer_interface(self, loader_info, layer_name, request):
        request.layer_interface_version = 1
        request.layer_api_version = loader_info.max_api_version
        request.get_instance_proc_addr = self._gipa
        request.create_api_layer_instance = self._made
        return xr.Result.SUCCESS

    def _create_instance(self, info, layer_info, instance):
        following = layer_info.contents.next_info.contents
        # The loader frees what it told; the address must not be read from there later.
        address = cast(following.next_get_instance_proc_addr, c_void_p).value
        self._below = cast(address, xr.PFN_xrGetInstanceProcAddr)
        asked = info.contents
        kind = type(asked)
        copied = kind.__new__(kind)
        memmove(byref(copied), byref(asked), ctypes.sizeof(kind))
        count, names = (
            ctypes.addressof(copied) + getattr(kind, field).offset
            for field in ("enabled_extension_count", "_enabled_extension_names")
        )
        enabled = cast(c_void_p.from_address(names).value, POINTER(c_char_p))
        rest = [
            name
            for name in (enabled[i] for i in range(c_uint32.from_address(count).value))
            # The runtime may have these too; then it hears of them.
            if name.decode() not in self.offers or name == b"XR_EXT_eye_gaze_interaction"
        ]
        kept = (c_char_p * len(rest))(*rest)
        self._keep.append(kept)
        c_uint32.from_address(count).value = len(rest)
        c_void_p.from_address(names).value = ctypes.addressof(kept)
        below = cast(pointer(layer_info.contents), POINTER(xr.ApiLayerCreateInfo))
        return _code(following.next_create_api_layer_instance(pointer(copied), below, instance))

    def _proc_address(self, instance, name, function):
        if name in self._mine:
            memmove(function, byref(self._mine[name]), ctypes.sizeof(c_void_p))
            self._instance = instance
            return 0
        return _code(self._below(instance, name, function))

    def _call_below(self, name, *arguments):
        if name not in self._next:
            function = xr.PFN_xrVoidFunction()
            self._below(self._instance, b"xr" + name.encode(), pointer(function))
            self._next[name] = cast(function, getattr(xr, f"PFN_xr{name}"))
        return _code(self._next[name](*arguments))

    # -- trackers --------------------------------------------------------------------------------

    def _create(self, session, info, out):
        """A tracker's handle is a number: what it was asked for, so that its reading knows."""
        words = cast(info, POINTER(ctypes.c_int32))
        asked = words[4] if ctypes.sizeof(info.contents) > 16 else 0
        self.created.append([type(info.contents).__name__, asked, *_sources(info.contents)])
        c_uint64.from_address(cast(out, c_void_p).value).value = 0x1000 + asked
        return 0

    def _destroy(self, tracker):
        return 0

    def _LocateHandJointsEXT(self, tracker, info, out):
        if self.values.get("hands_fail"):
            return xr.Result.ERROR_RUNTIME_FAILURE.value
        side = _handle(tracker) - 0x1001
        hand = self.values.get("hands", [None, None])[side]
        found = out.contents
        found.is_active = hand is not None
        if hand is not None:
            _write_joints(found._joint_locations, hand["joints"], self.moved)
            chained = c_void_p.from_address(ctypes.addressof(found) + 8).value
            if chained:
                source = cast(chained, POINTER(xr.HandTrackingDataSourceStateEXT)).contents
                source.is_active = 1
                source._data_source = hand.get("source", 1)
        return 0

    def _LocateBodyJointsFB(self, tracker, info, out):
        body = self.values.get("meta_body")
        found = out.contents
        found.is_active = body is not None
        if body is not None:
            found.confidence = body.get("confidence", 1.0)
            found.skeleton_changed_count = body.get("skeleton", 0)
            _write_joints(found._joint_locations, body["joints"], self.moved)
        return 0

    def _GetBodySkeletonFB(self, tracker, out):
        rest = self.values["meta_body"]["rest"]
        joints = out.contents._joints
        for i, joint in enumerate(rest):
            joints[i].joint = i
            joints[i].parent_joint = -1
            _write_pose(joints[i].pose, joint, None)
        return 0

    def _LocateBodyJointsBD(self, tracker, info, out):
        body = self.values.get("bytedance_body")
        found = out.contents
        found.all_joint_poses_tracked = body is not None
        if body is None:
            for i in range(found.joint_location_count):
                found._joint_locations[i]._location_flags = 0
        else:
            _write_joints(found._joint_locations, body["joints"], self.moved)
        return 0

    def _GetFaceExpressionWeights2FB(self, tracker, info, out):
        face = self.values.get("meta_face")
        found = out.contents
        found.is_valid = face is not None
        if face is not None:
            _write_floats(found._weights, found.weight_count, face["weights"])
            _write_floats(found._confidences, found.confidence_count, face["confidences"])
            found.is_eye_following_blendshapes_valid = face.get("eyes", True)
            found._data_source = face.get("source", 0)
        return 0

    def _GetFaceStateANDROID(self, tracker, info, out):
        face = self.values.get("android_face")
        found = out.contents
        found.is_valid = face is not None
        found._face_tracking_state = 0 if face is None else face.get("state", 2)
        if face is not None:
            found.parameters_count_output = len(face["weights"])
            found.region_confidences_count_output = len(face["confidences"])
            _write_floats(found.parameters, found.parameters_capacity_input, face["weights"])
            _write_floats(
                found.region_confidences,
                found.region_confidences_capacity_input,
                face["confidences"],
            )
        return 0

    def _GetFacialExpressionsHTC(self, tracker, out):
        part = {1: "htc_eyes", 2: "htc_lips"}[_handle(tracker) - 0x1000]
        weights = self.values.get(part)
        found = out.contents
        found.is_active = weights is not None
        if weights is not None:
            _write_floats(found._expression_weightings, found.expression_count, weights)
        return 0

    def _GetEyeGazesFB(self, tracker, info, out):
        for gaze, eye in zip(out.contents.gaze, self.values.get("eyes", [None, None]), strict=True):
            gaze.is_valid = eye is not None
            if eye is not None:
                _write_pose(gaze.gaze_pose, eye["pose"], self.moved)
                gaze.gaze_confidence = eye["confidence"]
        return 0

    # -- what every runtime has, in passing ------------------------------------------------------

    def _GetSystemProperties(self, instance, system_id, out):
        result = self._call_below("GetSystemProperties", instance, system_id, out)
        structures = {
            getattr(xr, _ABILITIES[name][0])()._type: _ABILITIES[name]
            for name in self.offers
            if name in _ABILITIES
        }
        at = c_void_p.from_address(cast(out, c_void_p).value + 8).value
        while at:
            kind = ctypes.c_int32.from_address(at).value
            if kind in structures:
                name, fields = structures[kind]
                chained = cast(at, POINTER(getattr(xr, name))).contents
                able = any(
                    _ABILITIES[each][0] == name for each in self.abilities if each in _ABILITIES
                )
                for field in fields:
                    setattr(chained, field, int(able))
            at = c_void_p.from_address(at + 8).value
        return result

    def _PollEvent(self, instance, out):
        if self.events:
            event = self.events.pop(0)
            memmove(out, byref(event), ctypes.sizeof(event))
            return 0
        result = self._call_below("PollEvent", instance, out)
        buffer = out.contents
        if buffer._type == xr.StructureType.EVENT_DATA_SESSION_STATE_CHANGED.value and result == 0:
            changed = cast(out, POINTER(xr.EventDataSessionStateChanged)).contents
            self.session = ctypes.c_uint64.from_address(ctypes.addressof(changed) + 16).value
        return result

    def _WaitFrame(self, session, info, state):
        if self.session_lost:
            return xr.Result.ERROR_SESSION_LOST.value
        return self._call_below("WaitFrame", session, info, state)

    def _SyncActions(self, session, info):
        if self.unfocused:
            return xr.Result.SESSION_NOT_FOCUSED.value
        return self._call_below("SyncActions", session, info)

    def _CreateAction(self, action_set, info, out):
        result = self._call_below("CreateAction", action_set, info, out)
        if info.contents.action_name == b"gaze":
            self._gaze_action = c_uint64.from_address(cast(out, c_void_p).value).value
        return result

    def _CreateActionSpace(self, session, info, out):
        result = self._call_below("CreateActionSpace", session, info, out)
        action = c_uint64.from_address(ctypes.addressof(info.contents) + 16).value
        space = c_uint64.from_address(cast(out, c_void_p).value).value
        if action == self._gaze_action:
            self._gaze_space = space
        else:
            # The left one first.
            self._grip_spaces.append(space)
        return result

    def _CreateReferenceSpace(self, session, info, out):
        result = self._call_below("CreateReferenceSpace", session, info, out)
        if info.contents._reference_space_type == xr.ReferenceSpaceType.VIEW.value:
            self._view_space = c_uint64.from_address(cast(out, c_void_p).value).value
        return result

    def _LocateSpace(self, space, base, time, out):
        if self.session_lost:
            return xr.Result.ERROR_SESSION_LOST.value
        result = self._call_below("LocateSpace", space, base, time, out)
        handle = _handle(space)
        if handle == self._gaze_space:
            gaze = self.values.get("gaze")
            self._put(out.contents, gaze and gaze["pose"], gaze and gaze["flags"])
        elif handle == self._view_space and "head" in self.values:
            self._put(out.contents, self.values["head"])
        elif handle in self._grip_spaces and "grips" in self.values:
            self._put(out.contents, self.values["grips"][self._grip_spaces.index(handle)])
        return result

    def _GetCurrentInteractionProfile(self, session, user, state):
        result = self._call_below("GetCurrentInteractionProfile", session, user, state)
        if self.profile is not None:
            path = xr.Path()
            self._call_below("StringToPath", self._instance, self.profile.encode(), byref(path))
            state.contents.interaction_profile = path.value
        return result

    def _SuggestInteractionProfileBindings(self, instance, info):
        if self.refused_profile is not None:
            path = xr.Path()
            self._call_below("StringToPath", instance, self.refused_profile.encode(), byref(path))
            if info.contents.interaction_profile == path.value:
                return xr.Result.ERROR_PATH_UNSUPPORTED.value
        return self._call_below("SuggestInteractionProfileBindings", instance, info)

    def _put(self, found, pose, flags=TRACKED):
        """Say where a space is; None: it is not tracked."""
        found._location_flags = 0 if pose is None else flags
        if pose is not None:
            _write_pose(found.pose, pose, self.moved)

    # -- what a test lets happen -----------------------------------------------------------------

    def tell_state(self, state):
        """The runtime changes the session's state, as for its menu."""
        event = xr.EventDataSessionStateChanged()
        self._address(event)
        event._state = xr.SessionState[state].value
        self.unfocused = state != "FOCUSED"
        self.events.append(event)

    def tell_present(self, present):
        """The headset is put on or taken off."""
        event = xr.EventDataUserPresenceChangedEXT()
        self._address(event)
        event.is_user_present = int(present)
        self.events.append(event)

    def tell_profile(self, profile):
        """Another controller is taken in both hands."""
        event = xr.EventDataInteractionProfileChanged()
        self._address(event)
        self.profile = profile
        self.events.append(event)

    def recentre(self, x, z, yaw):
        """Move `local`: what was located at a place is now located elsewhere."""
        event = xr.EventDataReferenceSpaceChangePending()
        self._address(event)
        event._reference_space_type = xr.ReferenceSpaceType.LOCAL_FLOOR.value
        event.pose_valid = 0
        self.events.append(event)
        self.moved = (x, z, yaw)

    def _address(self, event):
        ctypes.c_uint64.from_address(ctypes.addressof(event) + 16).value = self.session


def _sources(info):
    """What a tracker is asked to look at, where it is asked that."""
    if isinstance(info, xr.FaceTrackerCreateInfo2FB):
        return info._requested_data_sources[: info.requested_data_source_count]
    if isinstance(info, xr.HandTrackerCreateInfoEXT) and info._next:
        chained = cast(info._next, POINTER(xr.HandTrackingDataSourceInfoEXT)).contents
        return chained._requested_data_sources[: chained.requested_data_source_count]
    return []


def _code(result):
    return result.value if hasattr(result, "value") else int(result)


def _handle(handle):
    return cast(handle, c_void_p).value


def _write_floats(pointer_, count, values):
    assert len(values) == count
    for i, value in enumerate(values):
        pointer_[i] = value


def _write_joints(locations, joints, moved):
    for i, joint in enumerate(joints):
        locations[i]._location_flags = int(joint[7]) if len(joint) > 7 else TRACKED
        _write_pose(locations[i].pose, joint, moved)


def _write_pose(pose, values, moved):
    """Seven numbers: x, y, z, w of the orientation, and the position."""
    values = list(values[:7])
    if moved is not None:
        values = _moved(values, *moved)
    q, p = pose.orientation, pose.position
    q.x, q.y, q.z, q.w, p.x, p.y, p.z = values


def _moved(values, x, z, yaw):
    import numpy as np

    from presence.pose.rigid import Rigid

    pose = Rigid(np.array(values[:4]), np.array(values[4:]))
    pose = Rigid.from_yaw(yaw, np.array([x, 0.0, z])) @ pose
    return [*pose.rotation.tolist(), *pose.translation.tolist()]
