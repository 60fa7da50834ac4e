"""From a motion file's skeleton to the 55 bones, whatever its names, rest pose, axes and unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.kinematics import forward_kinematics
from presence.pose.proportions import Proportions
from presence.pose.quaternion import (
    quat_conjugate,
    quat_mul,
    quat_rotate,
)
from presence.pose.sample import Contact
from presence.pose.skeleton import INDEX, PARENTS
from presence.tracking import ground
from presence.tracking.bvh import BvhClip
from presence.tracking.solver import BodySolver
from presence.tracking.tracks import read_tracks


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A person's recorded movement, in their ``place``."""

    proportions: Proportions
    frame_time_s: float
    root_positions: Floats
    """``(T, 3)`` metres."""
    rotations: Floats
    """``(T, 55, 4)`` xyzw, parent-relative, sign-continuous in time."""
    contacts: tuple[Contact, ...]
    """Of each frame."""
    has_fingers: bool
    """Whether the file moves the fingers; if not they are relaxed."""


def retarget(clip: BvhClip, unit_of_length: str | float | None = None) -> Motion:
    """The motion of a file as a person's.

    Bones keep the lengths of the file's OFFSETs, and the joints that the file has stay where it
    has them. The person stands on the place's origin and faces −Z in the frame in which they most
    plainly stand.

    Args:
        clip: the file.
        unit_of_length: see :func:`presence.tracking.units.metres_per_unit`.

    Raises:
        SourceError: the joints of a person cannot be found, or the unit cannot be guessed.
    """
    body = BodySolver(read_tracks(clip, unit_of_length))
    positions, orientations = body.solve()
    proportions = body.proportions()
    rotations = orientations.copy()
    rotations[:, 1:] = quat_mul(quat_conjugate(orientations[:, PARENTS[1:]]), orientations[:, 1:])
    positions, orientations = forward_kinematics(rotations, positions[:, 0], proportions.offsets)
    return _on_place(
        Motion(
            proportions=proportions,
            frame_time_s=clip.frame_time_s,
            root_positions=positions[:, 0],
            rotations=rotations,
            contacts=(),
            has_fingers=body.has_fingers,
        ),
        positions,
        orientations,
    )


def _on_place(motion: Motion, positions: Floats, orientations: Floats) -> Motion:
    soles = ground.sole_heights(positions, orientations, motion.proportions)
    feet = positions[:, [INDEX["leftFoot"], INDEX["rightFoot"]]]
    foot_speeds = ground.speeds(feet, motion.frame_time_s)
    floor = ground.floor_height(soles, foot_speeds)
    standing = ground.standing_frame(positions, orientations, soles, foot_speeds)
    turn, move = ground.place_from_file(positions[standing, 0], orientations[standing, 0], floor)
    rotations = motion.rotations.copy()
    rotations[:, 0] = quat_mul(turn, rotations[:, 0])
    return replace(
        motion,
        root_positions=frozen(quat_rotate(turn, motion.root_positions) + move),
        rotations=frozen(_continuous(rotations)),
        contacts=tuple(ground.contacts(positions, soles - floor, foot_speeds, motion.frame_time_s)),
    )


def _continuous(rotations: Floats) -> Floats:
    """The same rotations ``(T, ..., 4)`` with signs chosen so that none jumps to its negative."""
    flips = np.sum(rotations[1:] * rotations[:-1], axis=-1) < 0.0
    odd = np.cumsum(flips, axis=0) % 2 == 1
    rotations[1:][odd] *= -1.0
    return rotations
