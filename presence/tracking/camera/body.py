"""A trunk and arms from the 33 landmarks of a body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions
from presence.pose.quaternion import (
    quat_between,
    quat_from_axis_angle,
    quat_mul,
    quat_rotate,
    quat_slerp,
)
from presence.pose.rigid import FORWARD, RIGHT, UP, Rigid
from presence.pose.skeleton import INDEX
from presence.tracking.camera.found import FoundPose
from presence.tracking.camera.lens import Lens
from presence.tracking.limbs import AXES, HINGES, aimed, cross, frame_to_frame, unit

SIDES = ("left", "right")
# Of the 33 landmarks, the person's own left first.
_SHOULDERS, _ELBOWS = (11, 12), (13, 14)
WRISTS = (15, 16)

_VISIBLE = 0.5
"""Less sure than this a landmark is a guess of what is hidden."""
_NECK_SHARE = 0.5
_MOST_TWIST = np.radians(60.0)
_MOST_LEAN = np.radians(50.0)
_MARGIN = 0.02
"""A landmark this far beyond the picture's edge, as a part of its size, is still believed."""


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One arm, in ``place``."""

    upper: Floats
    """``(4,)`` the orientation of the upper arm."""
    lower: Floats
    """``(4,)`` that of the forearm."""
    wrist: Floats
    """``(3,)`` metres."""
    elbow_sure: float
    wrist_sure: float


@dataclass(frozen=True, slots=True, eq=False)
class Trunk:
    """What carries head and arms, in ``place``."""

    chest: Floats
    """``(4,)`` the orientation of the chest."""
    neck: Floats
    """``(4,)`` that of the neck."""
    sure: float
    arms: tuple[Arm | None, Arm | None]
    """Left and right."""


def read_trunk(
    found: FoundPose, lens: Lens, place_from_camera: Rigid, head: Rigid, body: Proportions
) -> Trunk:
    """How the trunk leans and is turned, and what the arms do.

    Args:
        found: the landmarks.
        lens: what the picture was taken through.
        place_from_camera: where the camera is.
        head: ``Point.HEAD`` in ``place``.
        body: the person's measures.
    """
    # Depth in those landmarks counts along the way in which the body is seen.
    middle = found.pixels[list(_SHOULDERS), :2].mean(axis=0)
    seen_along = quat_between(FORWARD, lens.rays(middle))
    in_camera = quat_rotate(seen_along, found.metres * [1.0, -1.0, -1.0])
    metres = quat_rotate(place_from_camera.rotation, in_camera)
    within = _within(found.pixels, lens)
    sure = np.where(within, found.visible, 0.0)

    chest = _chest(metres, head, body)
    neck = quat_slerp(chest, head.rotation, _NECK_SHARE)
    joint = head.translation - quat_rotate(head.rotation, body.eyes)
    base = joint - quat_rotate(neck, body.offsets[INDEX["head"]])
    top = base - quat_rotate(chest, body.offsets[INDEX["neck"]])
    arms = []
    for side in range(2):
        collar = body.offsets[INDEX[f"{SIDES[side]}Shoulder"]]
        out = body.offsets[INDEX[f"{SIDES[side]}UpperArm"]]
        shoulder = top + quat_rotate(chest, collar + out)
        arms.append(
            _arm(side, found.pixels, metres, sure, lens, place_from_camera, shoulder, chest, body)
        )
    return Trunk(
        chest=chest,
        neck=neck,
        sure=float(sure[list(_SHOULDERS)].min()),
        arms=(arms[0], arms[1]),
    )


def _within(pixels: Floats, lens: Lens) -> Floats:
    share = pixels[:, :2] / [lens.width, lens.height]
    inside: Floats = np.all((share > -_MARGIN) & (share < 1.0 + _MARGIN), axis=1)
    return inside


def _chest(metres: Floats, head: Rigid, body: Proportions) -> Floats:
    """``(4,)`` the chest: turned as the line of the shoulders, leaning as far as the head moved.

    Hips are hardly ever seen, and those that are made up lie below the shoulders as they please.
    But who sits, or stands, has them over the middle of their place.
    """
    across = metres[_SHOULDERS[1]] - metres[_SHOULDERS[0]]
    twist = float(np.clip(np.arctan2(-across[2], across[0]), -_MOST_TWIST, _MOST_TWIST))
    turn = quat_from_axis_angle(UP, twist)
    rest = body.rest_positions()[INDEX["head"]]
    tall = rest[1] - body.hips_height
    joint = head.translation - quat_rotate(head.rotation, body.eyes)
    lean = np.array([joint[0], 0.0, joint[2] - rest[2]])
    reach = float(np.linalg.norm(lean))
    angle = float(np.clip(np.arctan2(reach, tall), 0.0, _MOST_LEAN))
    if reach > 1e-6:
        turn = quat_mul(quat_from_axis_angle(cross(UP, lean / reach), angle), turn)
    # Shoulders that are not level lean the trunk sideways, as far as the head allows.
    level = quat_rotate(turn, RIGHT)
    tilt = float(np.arctan2(across[1], np.hypot(across[0], across[2])) - np.arcsin(level[1]))
    return quat_mul(turn, quat_from_axis_angle(-FORWARD, 0.5 * np.clip(tilt, -0.5, 0.5)))


def _arm(
    side: int,
    pixels: Floats,
    metres: Floats,
    sure: Floats,
    lens: Lens,
    place_from_camera: Rigid,
    shoulder: Floats,
    chest: Floats,
    body: Proportions,
) -> Arm | None:
    elbow_sure, wrist_sure = float(sure[_ELBOWS[side]]), float(sure[WRISTS[side]])
    if elbow_sure < _VISIBLE:
        return None
    eye = place_from_camera.translation
    rays = quat_rotate(
        place_from_camera.rotation, lens.rays(pixels[[_ELBOWS[side], WRISTS[side]], :2])
    )
    upper_long = float(np.linalg.norm(body.offsets[INDEX[f"{SIDES[side]}LowerArm"]]))
    lower_long = float(np.linalg.norm(body.offsets[INDEX[f"{SIDES[side]}Hand"]]))
    along = metres[_ELBOWS[side]] - metres[_SHOULDERS[side]]
    elbow = on_the_ray(shoulder, upper_long, along, eye, rays[0])
    onward = metres[WRISTS[side]] - metres[_ELBOWS[side]]
    if wrist_sure >= _VISIBLE:
        wrist = on_the_ray(elbow, lower_long, onward, eye, rays[1])
    else:
        wrist = elbow + lower_long * unit(onward)
    upper_way, lower_way = unit(elbow - shoulder), unit(wrist - elbow)
    # A straight arm does not say how it is turned: then as one whose forearm would bend forward.
    bend = cross(upper_way, lower_way)
    hinge = bend + 0.1 * cross(upper_way, quat_rotate(chest, FORWARD))
    if float(np.linalg.norm(hinge)) < 1e-3:
        hinge = quat_rotate(chest, HINGES[side])
    upper = frame_to_frame(AXES[side], HINGES[side], upper_way, hinge)
    lower = aimed(upper, AXES[side], lower_way)
    return Arm(upper, lower, wrist, elbow_sure, wrist_sure if wrist_sure >= _VISIBLE else 0.0)


def on_the_ray(above: Floats, length: float, along: Floats, eye: Floats, ray: Floats) -> Floats:
    """``(3,)`` where a bone's lower end is, that is seen in a picture.

    A bone of known length that hangs on a known joint and ends on a known ray ends in one of two
    places, nearer or farther away; the network's own depth says which. Square to the ray neither
    is certain, and where the ray misses, that depth is all there is.

    Args:
        above: ``(3,)`` metres, the upper joint.
        length: metres.
        along: ``(3,)`` which way the network believes that the bone points.
        eye: ``(3,)`` metres, the camera.
        ray: ``(3,)`` which way from there the end is seen.
    """
    ray = unit(ray)
    believed = length * unit(along)
    nearest = eye + float((above - eye) @ ray) * ray
    off = nearest - above
    aside = float(np.linalg.norm(off))
    if aside >= length:
        return above + off / aside * length
    depth = float(np.sqrt(length * length - aside * aside))
    told = float(believed @ ray)
    # The farther from square to the ray, the better is its depth told by its length.
    share = depth / length
    chosen = share * np.copysign(depth, told) + (1.0 - share) * np.clip(told, -depth, depth)
    end = off + chosen * ray
    return above + unit(end) * length
