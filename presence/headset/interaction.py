"""The controllers that are known: where each says its grip, its buttons and what is touched.

Paths are those of the OpenXR specification, section "Interaction Profile Paths", and of the
extensions named.
"""

from __future__ import annotations

from dataclasses import dataclass

LEFT_HAND, RIGHT_HAND = "/user/hand/left", "/user/hand/right"


@dataclass(frozen=True, slots=True)
class Profile:
    """An interaction profile, as far as it tells what a hand does."""

    path: str
    """Below ``/interaction_profiles/``."""
    extension: str = ""
    """What must be enabled; empty where it belongs to OpenXR 1.0."""
    trigger: str = ""
    """The input, below ``input/``, that the index finger presses; empty: there is none."""
    squeeze: str = ""
    """The input that the other fingers press."""
    thumb: tuple[str, ...] = ()
    """Inputs that feel the thumb."""
    thumb_left: tuple[str, ...] = ()
    """The same, on the left controller alone."""
    thumb_right: tuple[str, ...] = ()

    @property
    def full_path(self) -> str:
        """As OpenXR names it."""
        return f"/interaction_profiles/{self.path}"


PROFILES: tuple[Profile, ...] = (
    Profile("khr/simple_controller", trigger="select/click"),
    Profile(
        "oculus/touch_controller",
        trigger="trigger/value",
        squeeze="squeeze/value",
        thumb=("thumbstick/touch", "thumbrest/touch"),
        thumb_left=("x/touch", "y/touch"),
        thumb_right=("a/touch", "b/touch"),
    ),
    Profile(
        "valve/index_controller",
        trigger="trigger/value",
        squeeze="squeeze/value",
        thumb=("thumbstick/touch", "trackpad/touch", "a/touch", "b/touch"),
    ),
    Profile(
        "htc/vive_controller",
        trigger="trigger/value",
        squeeze="squeeze/click",
        thumb=("trackpad/touch",),
    ),
    Profile(
        "microsoft/motion_controller",
        trigger="trigger/value",
        squeeze="squeeze/click",
        thumb=("trackpad/touch", "thumbstick/click"),
    ),
    Profile(
        "bytedance/pico_neo3_controller",
        "XR_BD_controller_interaction",
        trigger="trigger/value",
        squeeze="squeeze/value",
        thumb=("thumbstick/touch",),
        thumb_left=("x/touch", "y/touch"),
        thumb_right=("a/touch", "b/touch"),
    ),
    Profile(
        "bytedance/pico4_controller",
        "XR_BD_controller_interaction",
        trigger="trigger/value",
        squeeze="squeeze/value",
        thumb=("thumbstick/touch",),
        thumb_left=("x/touch", "y/touch"),
        thumb_right=("a/touch", "b/touch"),
    ),
    Profile(
        "htc/vive_focus3_controller",
        "XR_HTC_vive_focus3_controller_interaction",
        trigger="trigger/value",
        squeeze="squeeze/click",
        thumb=("thumbstick/touch",),
        thumb_left=("x/click", "y/click"),
        thumb_right=("a/click", "b/click"),
    ),
    Profile(
        "ext/hand_interaction_ext",
        "XR_EXT_hand_interaction",
        trigger="pinch_ext/value",
        squeeze="grasp_ext/value",
    ),
)

EYE_GAZE = Profile("ext/eye_gaze_interaction", "XR_EXT_eye_gaze_interaction")
"""What both eyes look along; its user is ``/user/eyes_ext``."""

EYES = "/user/eyes_ext"
EYE_GAZE_POSE = f"{EYES}/input/gaze_ext/pose"

EXTENSIONS: tuple[str, ...] = tuple(
    sorted({profile.extension for profile in (*PROFILES, EYE_GAZE) if profile.extension})
)
"""To be enabled where they are offered."""


def bindings(profile: Profile) -> list[tuple[str, str]]:
    """``(action, path)`` of all that a profile tells; actions are grip, trigger, squeeze, thumb."""
    found = []
    for hand, own in ((LEFT_HAND, profile.thumb_left), (RIGHT_HAND, profile.thumb_right)):
        found.append(("grip", f"{hand}/input/grip/pose"))
        if profile.trigger:
            found.append(("trigger", f"{hand}/input/{profile.trigger}"))
        if profile.squeeze:
            found.append(("squeeze", f"{hand}/input/{profile.squeeze}"))
        found += [("thumb", f"{hand}/input/{touched}") for touched in (*profile.thumb, *own)]
    return found
