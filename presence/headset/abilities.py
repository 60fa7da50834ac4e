"""What a headset can follow a person with, in plain values: nothing here loads OpenXR."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What this headset can really do.

    A runtime offers extensions for headsets that it does not drive now, too; each of these is true
    where the extension is offered *and* the headset says that it can.
    """

    hands: bool = False
    """``XR_EXT_hand_tracking``."""
    hand_source: bool = False
    """``XR_EXT_hand_tracking_data_source``: seen fingers are told from those made up."""
    meta_body: bool = False
    """``XR_FB_body_tracking``."""
    meta_legs: bool = False
    """``XR_META_body_tracking_full_body``."""
    bytedance_body: bool = False
    """``XR_BD_body_tracking``."""
    meta_face_seen: bool = False
    """``XR_FB_face_tracking2``, by cameras."""
    meta_face_heard: bool = False
    """``XR_FB_face_tracking2``, by the voice."""
    android_face: bool = False
    """``XR_ANDROID_face_tracking``."""
    htc_eyes: bool = False
    """``XR_HTC_facial_tracking``, of the eyes."""
    htc_mouth: bool = False
    """``XR_HTC_facial_tracking``, of the mouth."""
    gaze: bool = False
    """``XR_EXT_eye_gaze_interaction``."""
    meta_eyes: bool = False
    """``XR_FB_eye_tracking_social``."""
    presence: bool = False
    """``XR_EXT_user_presence``."""


PARTS: dict[str, dict[str, tuple[str, ...]]] = {
    "hands": {"XR_EXT_hand_tracking": ("hands",)},
    "body": {
        "XR_FB_body_tracking": ("meta_body",),
        "XR_BD_body_tracking": ("bytedance_body",),
    },
    "legs": {
        "XR_META_body_tracking_full_body": ("meta_legs",),
        "XR_BD_body_tracking": ("bytedance_body",),
    },
    "face": {
        "XR_FB_face_tracking2": ("meta_face_seen", "meta_face_heard"),
        "XR_ANDROID_face_tracking": ("android_face",),
        "XR_HTC_facial_tracking": ("htc_eyes", "htc_mouth"),
    },
    "eyes": {
        "XR_EXT_eye_gaze_interaction": ("gaze",),
        "XR_FB_eye_tracking_social": ("meta_eyes",),
    },
    "whether it is worn": {"XR_EXT_user_presence": ("presence",)},
}
"""The parts of a person, the extensions that may follow each, and the abilities that say so."""
