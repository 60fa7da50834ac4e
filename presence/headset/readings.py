"""What a headset's sensors said at one time, in OpenXR's own terms and in `local`.

Nothing here loads OpenXR, so whoever turns readings into a person needs no runtime.
"""

from __future__ import annotations

from dataclasses import dataclass

from presence.pose.arrays import Floats, Ints
from presence.pose.rigid import Rigid

ORIENTATION_VALID, POSITION_VALID, ORIENTATION_TRACKED, POSITION_TRACKED = 1, 2, 4, 8
"""The bits of a location's flags: *valid* may be inferred, *tracked* is measured
(``XrSpaceLocationFlagBits``)."""


@dataclass(frozen=True, slots=True, eq=False)
class Joints:
    """Several joints at once."""

    positions: Floats
    """``(N, 3)`` metres in `local`."""
    orientations: Floats
    """``(N, 4)`` xyzw in `local`, by the axes that the extension defines."""
    flags: Ints
    """``(N,)`` which of it is valid and tracked."""


@dataclass(frozen=True, slots=True)
class Located:
    """One pose and how it is known."""

    pose: Rigid
    """In `local`."""
    flags: int


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """A hand whose joints are tracked."""

    joints: Joints
    """The 26 of ``XR_EXT_hand_tracking``, in its order."""
    from_controller: bool
    """Whether the runtime made the fingers up from what a controller feels."""


@dataclass(frozen=True, slots=True)
class Controller:
    """A controller in a hand, or a hand that serves as one."""

    grip: Located
    profile: str
    """The interaction profile's path, as ``/interaction_profiles/oculus/touch_controller``."""
    trigger: float | None
    """0 to 1; None where the profile has none."""
    squeeze: float | None
    """0 to 1; None where the profile has none."""
    thumb: bool | None
    """Whether the thumb lies on something; None where the profile cannot tell."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A tracked body."""

    joints: Joints
    """In the order of the extension that it came by."""
    confidence: float
    rest: Joints | None
    """The T-pose that the joints' axes are to be understood by; None where the extension defines
    them. The same object for as long as it does not change."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A tracked face."""

    weights: Floats
    """``(N,)`` 0 to 1, in the order of the extension that it came by."""
    confidences: Floats
    """``(M,)`` 0 to 1, of the parts of the face that the extension tells apart."""
    eyes_followed: bool
    """Whether the weights that say where the eyes look mean anything."""


@dataclass(frozen=True, slots=True)
class EyeRay:
    """From where and whither one eye looks: along −Z."""

    pose: Rigid
    """In `local`."""
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """All sensors at one time. What is not there, or not tracked now, is None."""

    machine_ns: int
    """The time that everything was located at, by the machine's clock."""
    present: bool
    """Whether somebody wears the headset and looks at what this program shows."""
    head: Located | None
    """Midway between the eyes."""
    hands: tuple[Hand | None, Hand | None]
    """Left and right."""
    controllers: tuple[Controller | None, Controller | None]
    meta_body: Body | None
    """By ``XR_FB_body_tracking``, with legs where ``XR_META_body_tracking_full_body`` is there."""
    bytedance_body: Body | None
    """By ``XR_BD_body_tracking``."""
    meta_face: Face | None
    """By ``XR_FB_face_tracking2``; confidences of the lower and the upper face."""
    android_face: Face | None
    """By ``XR_ANDROID_face_tracking``; of the lower face and of its left and right upper half."""
    htc_face: Face | None
    """By ``XR_HTC_facial_tracking``: 14 weights of the eyes and 37 of the mouth; confidences of
    eyes and mouth."""
    gaze: Located | None
    """Both eyes together, by ``XR_EXT_eye_gaze_interaction``: looks along −Z."""
    eyes: tuple[EyeRay | None, EyeRay | None]
    """By ``XR_FB_eye_tracking_social``."""
