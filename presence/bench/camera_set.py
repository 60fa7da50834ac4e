"""A set with a camera in it: people made by code, as a camera in front of them would see them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from presence.client.studio import Framing, Studio, standing, with_face
from presence.pose.arrays import Floats
from presence.pose.kinematics import joints_in_place
from presence.pose.quaternion import quat_from_rotvec, quat_mul, quat_rotate
from presence.pose.rigid import FORWARD, UP, Rigid
from presence.pose.sample import FAR_GAZE, PoseSample, checked
from presence.pose.skeleton import INDEX
from presence.render.picture import Picture
from presence.scene.avatar import Avatar
from presence.tracking.camera.lens import Lens


@dataclass(frozen=True, slots=True)
class Setting:
    """A camera that stands level with the eyes of somebody who stands at rest, facing them."""

    avatar: Avatar
    lens: Lens
    away: float
    """Metres from the lens to between the eyes at rest."""
    below: float = 0.0
    """Metres that the lens is lower than the eyes."""

    @property
    def place_from_camera(self) -> Rigid:
        """Where the camera is: in front, looking back at the person."""
        eyes = eyes_at_rest(self.avatar)
        return Rigid.from_yaw(np.pi, eyes + self.away * FORWARD - self.below * UP)

    def picture(self, studio: Studio, sample: PoseSample) -> Picture:
        """``(height, width, 3)`` what the camera sees of them in a pose."""
        middle = eyes_at_rest(self.avatar) - [0.0, self.below, 0.0]
        half = self.away * 0.5 * self.lens.height / self.lens.focal
        framing = Framing(middle, half, self.away)
        size = (self.lens.width, self.lens.height)
        return studio.picture(self.avatar, sample, framing, size=size)


def eyes_at_rest(avatar: Avatar) -> Floats:
    """``(3,)`` between the eyes of somebody who stands at rest, in their place."""
    measures = avatar.proportions
    eyes: Floats = measures.rest_positions()[INDEX["head"]] + measures.eyes
    return eyes


def turned(yaw: float, pitch: float, roll: float) -> Floats:
    """``(4,)`` a head turned by ``yaw`` to its left, ``pitch`` up and ``roll``, degrees."""
    turns = np.radians([[0.0, yaw, 0.0], [pitch, 0.0, 0.0], [0.0, 0.0, roll]])
    about_y, about_x, about_z = quat_from_rotvec(turns)
    return quat_mul(quat_mul(about_y, about_x), about_z)


def acted(
    avatar: Avatar,
    *,
    head: tuple[float, float, float] = (0.0, 0.0, 0.0),
    shapes: dict[str, float] | None = None,
    gaze: tuple[float, float] = (0.0, 0.0),
    rotations: dict[str, Floats] | None = None,
) -> PoseSample:
    """Somebody standing, who does what is said.

    Args:
        avatar: who.
        head: degrees of yaw to the left, pitch up, and roll.
        shapes: what the face does, 0 to 1, by name.
        gaze: degrees that the eyes look to the left, and up, against the head.
        rotations: parent-relative turns of other bones, by name.
    """
    sample = standing(avatar)
    local = sample.rotations.copy()
    local[INDEX["head"]] = turned(*head)
    for bone, turn in (rotations or {}).items():
        local[INDEX[bone]] = turn
    sample = with_face(replace(sample, rotations=local), shapes or {})
    looking = quat_rotate(turned(gaze[0], gaze[1], 0.0), FORWARD)
    return checked(replace(sample, gaze_direction=looking, gaze_distance=FAR_GAZE))


def head_of(sample: PoseSample, avatar: Avatar) -> Rigid:
    """Where ``Point.HEAD`` is in the person's place."""
    positions, orientations = joints_in_place(sample, avatar.proportions)
    head = INDEX["head"]
    eyes = positions[head] + quat_rotate(orientations[head], avatar.proportions.eyes)
    return Rigid(orientations[head], eyes)
