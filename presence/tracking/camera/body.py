"""A trunk and arms from the 33 landmarks of a body."""

from __future__ import annotations

from collections import deque
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
_TWIST_MARGIN = np.radians(4.0)
_MOST_LEAN = np.radians(50.0)
_SHORTENED = 0.95
"""A bone that lies square to its ray would seem to have depth as soon as it is seen a little too
short; so it is taken for this much shorter than it is."""
_PLAINLY = 0.9
_REMEMBERED = 300
_LIKELY = (0.75, 1.35)
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


class Breadth:
    """How broad the shoulders look, as many times as they should. State: what was seen lately.

    Heads and bodies differ, so the distance that a head was found at does not quite fit the body:
    at that distance its bones look too long or too short. Shoulders that are turned look narrower,
    and never broader, so the broadest counts.
    """

    def __init__(self) -> None:
        """Believe that all is as it should be."""
        self._seen: deque[float] = deque(maxlen=_REMEMBERED)
        self.now = 1.0
        """Of the newest look, 1 where nothing is known."""
        self.most = 1.0
        """Of shoulders that are turned to the camera."""

    def look(self, found: FoundPose, lens: Lens, away: float, body: Proportions) -> None:
        """Take one more look into account.

        Args:
            found: the landmarks.
            lens: what the picture was taken through.
            away: metres between the lens and the head.
            body: the person's measures.
        """
        self.now = self.most
        if found.visible[list(_SHOULDERS)].min() < _PLAINLY:
            return
        left, right = found.pixels[list(_SHOULDERS), :2]
        wide = float(np.linalg.norm(left - right)) / lens.focal * (away - body.eyes[2])
        joints = body.rest_positions()[[INDEX["leftUpperArm"], INDEX["rightUpperArm"]]]
        seen = wide / float(np.linalg.norm(joints[0] - joints[1]))
        self._seen.append(float(np.clip(seen, *_LIKELY)))
        self.most = float(np.percentile(self._seen, 80.0))
        self.now = seen


def read_trunk(
    found: FoundPose,
    lens: Lens,
    place_from_camera: Rigid,
    head: Rigid,
    body: Proportions,
    breadth: Breadth,
) -> Trunk:
    """How the trunk leans and is turned, and what the arms do.

    Args:
        found: the landmarks.
        lens: what the picture was taken through.
        place_from_camera: where the camera is.
        head: ``Point.HEAD`` in ``place``.
        body: the person's measures.
        breadth: how broad the shoulders look.
    """
    # Depth in those landmarks counts along the way in which the body is seen.
    middle = found.pixels[list(_SHOULDERS), :2].mean(axis=0)
    seen_along = quat_between(FORWARD, lens.rays(middle))
    in_camera = quat_rotate(seen_along, found.metres * [1.0, -1.0, -1.0])
    metres = quat_rotate(place_from_camera.rotation, in_camera)
    within = _within(found.pixels, lens)
    sure = np.where(within, found.visible, 0.0)

    chest = _chest(metres, head, body, breadth)
    neck = quat_slerp(chest, head.rotation, _NECK_SHARE)
    joint = head.translation - quat_rotate(head.rotation, body.eyes)
    base = joint - quat_rotate(neck, body.offsets[INDEX["head"]])
    top = base - quat_rotate(chest, body.offsets[INDEX["neck"]])
    arms = []
    for side in range(2):
        collar = body.offsets[INDEX[f"{SIDES[side]}Shoulder"]]
        out = body.offsets[INDEX[f"{SIDES[side]}UpperArm"]]
        shoulder = top + quat_rotate(chest, collar + out)
        bones = [
            float(np.linalg.norm(body.offsets[INDEX[f"{SIDES[side]}{bone}"]]))
            for bone in ("LowerArm", "Hand")
        ]
        arms.append(
            _arm(
                side,
                found.pixels,
                metres,
                sure,
                lens,
                place_from_camera,
                shoulder,
                chest,
                (bones[0], bones[1]),
                breadth.most,
            )
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


def _chest(metres: Floats, head: Rigid, body: Proportions, breadth: Breadth) -> Floats:
    """``(4,)`` the chest: turned as the line of the shoulders, leaning as far as the head moved.

    Hips are hardly ever seen, and those that are made up lie below the shoulders as they please.
    But who sits, or stands, has them over the middle of their place.
    """
    across = metres[_SHOULDERS[1]] - metres[_SHOULDERS[0]]
    # Depth is a guess; by how much shoulders look narrower is none, but does not say which way.
    narrowed = float(np.arccos(np.clip(breadth.now / breadth.most, 0.0, 1.0)))
    most = min(narrowed + _TWIST_MARGIN, _MOST_TWIST)
    twist = float(np.clip(np.arctan2(-across[2], across[0]), -most, most))
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
    bones: tuple[float, float],
    larger: float,
) -> Arm | None:
    elbow_sure, wrist_sure = float(sure[_ELBOWS[side]]), float(sure[WRISTS[side]])
    if elbow_sure < _VISIBLE:
        return None
    eye = place_from_camera.translation
    marks = [_SHOULDERS[side], _ELBOWS[side], WRISTS[side]]
    rays = quat_rotate(place_from_camera.rotation, lens.rays(pixels[marks, :2]))
    # The joint where it is seen, at the depth that the trunk gives it.
    ahead = quat_rotate(place_from_camera.rotation, FORWARD)
    seen = eye + rays[0] * float((shoulder - eye) @ ahead)
    along = metres[_ELBOWS[side]] - metres[_SHOULDERS[side]]
    # At the distance of the head bones look as many times as long as shoulders look broad.
    elbow = on_the_ray(seen, larger * bones[0], along, eye, rays[1])
    onward = metres[WRISTS[side]] - metres[_ELBOWS[side]]
    if wrist_sure >= _VISIBLE:
        wrist = on_the_ray(elbow, larger * bones[1], onward, eye, rays[2])
    else:
        wrist = elbow + unit(onward)
    upper_way, lower_way = unit(elbow - seen), unit(wrist - elbow)
    wrist = shoulder + bones[0] * upper_way + bones[1] * lower_way
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
    depth = float(np.sqrt(max((_SHORTENED * length) ** 2 - aside * aside, 0.0)))
    told = float(believed @ ray)
    # The farther from square to the ray, the better is its depth told by its length.
    share = depth / length
    chosen = share * np.copysign(depth, told) + (1.0 - share) * np.clip(told, -depth, depth)
    end = off + chosen * ray
    return above + unit(end) * length
