"""Controllers, and the gaze that comes the same way: OpenXR's actions.

One set of five actions serves every kind of controller; which one a person holds is the runtime's
to know, and may change in mid-session.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from ctypes import byref
from typing import Any

from presence.errors import HeadsetError
from presence.headset.interaction import (
    EYE_GAZE,
    EYE_GAZE_POSE,
    EYES,
    LEFT_HAND,
    PROFILES,
    RIGHT_HAND,
    Profile,
    bindings,
)
from presence.headset.openxr import at_once, call, destroy, raw, xr
from presence.headset.readings import Controller, Located
from presence.headset.spaces import Locator

log = logging.getLogger(__name__)

_KINDS = {
    "grip": xr.ActionType.POSE_INPUT,
    "trigger": xr.ActionType.FLOAT_INPUT,
    "squeeze": xr.ActionType.FLOAT_INPUT,
    "thumb": xr.ActionType.BOOLEAN_INPUT,
    "gaze": xr.ActionType.POSE_INPUT,
}


_SYNC = at_once(raw.xrSyncActions)
_GET_FLOAT = at_once(raw.xrGetActionStateFloat)
_GET_BOOLEAN = at_once(raw.xrGetActionStateBoolean)


class Actions:
    """The action set of a session. State: its handles, the profile in each hand, reused structures.

    Only for one thread at a time.
    """

    def __init__(
        self,
        stack: ExitStack,
        instance: Any,
        session: Any,
        local: Any,
        extensions: frozenset[str],
        *,
        eye_gaze: bool,
    ) -> None:
        """Make the actions and attach them to the session, which takes one set for its life.

        Args:
            stack: destroys them.
            instance: that the session belongs to.
            session: not yet begun.
            local: the space to locate in.
            extensions: those enabled.
            eye_gaze: whether this headset follows the eyes by ``XR_EXT_eye_gaze_interaction``.

        Raises:
            HeadsetError: the runtime refused.
        """
        self._instance, self._session = instance, session
        self._hands = tuple(self._path(name) for name in (LEFT_HAND, RIGHT_HAND))
        self._set = self._make_set(stack)
        users = dict.fromkeys(("grip", "trigger", "squeeze", "thumb"), self._hands)
        if eye_gaze:
            users["gaze"] = (self._path(EYES),)
        self._actions = {name: self._make_action(name, users[name]) for name in users}
        self.suggested = tuple(
            profile.path
            for profile in PROFILES
            if not profile.extension or profile.extension in extensions
            if self._suggest(profile, bindings(profile))
        )
        """The profiles that the runtime took bindings for."""
        if eye_gaze:
            self._suggest(EYE_GAZE, [("gaze", EYE_GAZE_POSE)])
        attach = xr.SessionActionSetsAttachInfo(action_sets=[self._set])
        call("take the controllers' actions", raw.xrAttachSessionActionSets, session, byref(attach))
        self._grips = [
            Locator(self._space(stack, "grip", hand), local, "locate a controller")
            for hand in self._hands
        ]
        self._gaze = (
            Locator(self._space(stack, "gaze", users["gaze"][0]), local, "locate the gaze")
            if eye_gaze
            else None
        )
        self._profile_names = {
            self._path(profile.full_path).value: profile.full_path for profile in PROFILES
        }
        self._profiles = ["", ""]
        self._profiles_known = False
        self._active = (xr.ActiveActionSet * 1)(xr.ActiveActionSet(self._set, xr.NULL_PATH))
        self._sync_info = xr.ActionsSyncInfo(active_action_sets=self._active)
        self._profile_state = xr.InteractionProfileState()
        self._get = {
            (name, side): xr.ActionStateGetInfo(self._actions[name], path)
            for name in ("trigger", "squeeze", "thumb")
            for side, path in enumerate(self._hands)
        }
        self._number, self._yes = xr.ActionStateFloat(), xr.ActionStateBoolean()

    def forget_profiles(self) -> None:
        """Ask again what is held: the runtime said that it changed. For any thread."""
        self._profiles_known = False

    def sync(self) -> bool:
        """Take over the newest inputs; False while they go to another program."""
        result = call("read the controllers", _SYNC, self._session, byref(self._sync_info))
        if result is xr.Result.SESSION_NOT_FOCUSED:
            return False
        if not self._profiles_known:
            self._profiles_known = True
            self._profiles = [self._ask_profile(hand) for hand in self._hands]
        return True

    def controller(self, side: int, time: int) -> Controller | None:
        """What the left (0) or right (1) hand holds at an ``XrTime``; None: nothing is tracked."""
        located = self._grips[side].read(time)
        if located is None:
            return None
        return Controller(
            grip=located,
            profile=self._profiles[side],
            trigger=self._float("trigger", side),
            squeeze=self._float("squeeze", side),
            thumb=self._bool("thumb", side),
        )

    def gaze(self, time: int) -> Located | None:
        """Where both eyes look from and to; None: not tracked now, or never."""
        return self._gaze.read(time) if self._gaze is not None else None

    # -- inside ----------------------------------------------------------------------------------

    def _path(self, name: str) -> Any:
        path = xr.Path()
        call(f"find {name}", raw.xrStringToPath, self._instance, name.encode(), byref(path))
        return path

    def _make_set(self, stack: ExitStack) -> Any:
        info = xr.ActionSetCreateInfo("body", "What the hands do", 0)
        made = xr.ActionSet()
        call("make an action set", raw.xrCreateActionSet, self._instance, byref(info), byref(made))
        stack.callback(destroy, raw.xrDestroyActionSet, made)
        return made

    def _make_action(self, name: str, users: tuple[Any, ...]) -> Any:
        paths = (xr.Path * len(users))(*users)
        info = xr.ActionCreateInfo(
            action_name=name,
            action_type=_KINDS[name],
            count_subaction_paths=len(users),
            subaction_paths=paths,
            localized_action_name=name.capitalize(),
        )
        made = xr.Action()
        # Goes with its set.
        call(f"make the action {name}", raw.xrCreateAction, self._set, byref(info), byref(made))
        return made

    def _suggest(self, profile: Profile, pairs: list[tuple[str, str]]) -> bool:
        suggested = (xr.ActionSuggestedBinding * len(pairs))(
            *(xr.ActionSuggestedBinding(self._actions[a], self._path(p)) for a, p in pairs)
        )
        info = xr.InteractionProfileSuggestedBinding(
            interaction_profile=self._path(profile.full_path),
            count_suggested_bindings=len(pairs),
            suggested_bindings=suggested,
        )
        try:
            call(
                f"take the bindings of {profile.path}",
                raw.xrSuggestInteractionProfileBindings,
                self._instance,
                byref(info),
            )
        except HeadsetError as error:
            # Whoever holds this one has no buttons; everyone else is none the worse.
            log.warning("%s", error)
            return False
        return True

    def _space(self, stack: ExitStack, name: str, user: Any) -> Any:
        info = xr.ActionSpaceCreateInfo(action=self._actions[name], subaction_path=user)
        info.pose_in_action_space = xr.Posef()
        space = xr.Space()
        call(
            f"follow the {name}", raw.xrCreateActionSpace, self._session, byref(info), byref(space)
        )
        stack.callback(destroy, raw.xrDestroySpace, space)
        return space

    def _ask_profile(self, hand: Any) -> str:
        call(
            "ask which controller is held",
            raw.xrGetCurrentInteractionProfile,
            self._session,
            hand,
            byref(self._profile_state),
        )
        return self._profile_names.get(int(self._profile_state.interaction_profile), "")

    def _float(self, name: str, side: int) -> float | None:
        call(
            f"read the {name}",
            _GET_FLOAT,
            self._session,
            byref(self._get[name, side]),
            byref(self._number),
        )
        return float(self._number.current_state) if self._number.is_active else None

    def _bool(self, name: str, side: int) -> bool | None:
        call(
            f"read the {name}",
            _GET_BOOLEAN,
            self._session,
            byref(self._get[name, side]),
            byref(self._yes),
        )
        return bool(self._yes.current_state) if self._yes.is_active else None
