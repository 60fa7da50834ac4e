"""Where somebody looks, in ``head``: by one ray of both eyes, by each eye's own, or by the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.headset.readings import EyeRay, Located
from presence.pose.arrays import Floats
from presence.pose.derive import EYE_PITCH_RANGE, EYE_YAW_RANGE
from presence.pose.face import SHAPE_INDEX
from presence.pose.quaternion import quat_conjugate, quat_rotate
from presence.pose.rigid import FORWARD, Rigid
from presence.tracking.openxr.surety import orientation_confidence

UNKNOWN_DISTANCE = 2.0
"""Metres to what is looked at, where one ray alone is known."""
NEAREST, FARTHEST = 0.1, 100.0
FACE_CONFIDENCE = 0.6
"""How surely the shapes of a face tell the gaze, against a tracker of the eyes."""

_PARALLEL = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Gaze:
    """A gaze in ``head``."""

    direction: Floats
    """``(3,)`` unit vector."""
    distance: float
    """Metres."""
    confidence: float


def gaze_of_both(ray: Located, head: Rigid) -> Gaze:
    """By ``XR_EXT_eye_gaze_interaction``, which has one ray."""
    in_local = quat_rotate(ray.pose.rotation, FORWARD)
    return Gaze(
        quat_rotate(quat_conjugate(head.rotation), in_local),
        UNKNOWN_DISTANCE,
        float(orientation_confidence(ray.flags)),
    )


def gaze_of_each(eyes: tuple[EyeRay | None, EyeRay | None], head: Rigid) -> Gaze | None:
    """By ``XR_FB_eye_tracking_social``: where both eyes' rays pass nearest each other."""
    head_from_local = head.inverse()
    rays = [
        (
            head_from_local.apply(eye.pose.translation),
            _in_head(eye, head_from_local),
            eye.confidence,
        )
        for eye in eyes
        if eye is not None and eye.confidence > 0.0
    ]
    if not rays:
        return None
    if len(rays) == 1:
        return Gaze(rays[0][1], UNKNOWN_DISTANCE, rays[0][2])
    (left_at, left, left_sure), (right_at, right, right_sure) = rays
    middle = 0.5 * (left_at + right_at)
    # The points on both rays that are nearest: at left_at + s·left and right_at + t·right.
    apart, along = right_at - left_at, float(left @ right)
    across = 1.0 - along * along
    target = middle + FARTHEST * (left + right) / np.linalg.norm(left + right)
    if across > _PARALLEL * _PARALLEL:
        s = float(apart @ (left - along * right)) / across
        t = float(apart @ (along * left - right)) / across
        if s > 0.0 and t > 0.0:
            target = 0.5 * (left_at + s * left + right_at + t * right)
    ray = target - middle
    distance = float(np.linalg.norm(ray))
    return Gaze(
        ray / distance,
        min(max(distance, NEAREST), FARTHEST),
        min(left_sure, right_sure),
    )


def gaze_of_face(face: Floats, confidence: float) -> Gaze:
    """By the eyeLook shapes, undoing how they follow from a gaze."""
    yaws = [
        EYE_YAW_RANGE
        * sign
        * (face[SHAPE_INDEX[f"eyeLookOut{side}"]] - face[SHAPE_INDEX[f"eyeLookIn{side}"]])
        for side, sign in (("Left", 1.0), ("Right", -1.0))
    ]
    pitches = [
        EYE_PITCH_RANGE
        * (face[SHAPE_INDEX[f"eyeLookUp{side}"]] - face[SHAPE_INDEX[f"eyeLookDown{side}"]])
        for side in ("Left", "Right")
    ]
    yaw, pitch = sum(yaws) / 2.0, sum(pitches) / 2.0
    direction = np.array(
        [-np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)]
    )
    return Gaze(direction, UNKNOWN_DISTANCE, FACE_CONFIDENCE * confidence)


def _in_head(eye: EyeRay, head_from_local: Rigid) -> Floats:
    return quat_rotate(head_from_local.rotation, quat_rotate(eye.pose.rotation, FORWARD))
