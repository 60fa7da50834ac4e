"""A file's joints as bones: named, in metres, with +Y up and left on the left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.errors import SourceError
from presence.pose.arrays import Floats
from presence.pose.quaternion import (
    quat_between,
    quat_conjugate,
    quat_from_matrix,
    quat_mul,
    quat_rotate,
)
from presence.pose.rigid import FORWARD, UP
from presence.tracking.bvh import BvhClip, bvh_kinematics
from presence.tracking.limbs import frame, unit
from presence.tracking.naming import SIDES, map_joints
from presence.tracking.units import metres_per_unit

TRUNK = ("spine", "chest", "upperChest", "neck", "head")
"""The bones from the hips up."""

PLAUSIBLE = np.radians(40.0)
"""A file's rest pose is believed about a bone that points within this of where a person's would."""

_LEADS_ON = ("Metacarpal", "Proximal", "Intermediate", "Distal", "Toes")


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """What a file says of a body: the joints that are bones, in metres with +Y up."""

    positions: dict[str, Floats]
    """``(T, 3)`` of each bone's joint."""
    orientations: dict[str, Floats]
    """``(T, 4)`` of each bone's joint, in the joint's own axes."""
    ends: dict[str, Floats]
    """``(3,)`` the End Site of a bone's joint in the joint's own axes, where it makes sense."""
    frame_time_s: float

    def between(self, a: str, b: str) -> Floats:
        """``(3,)`` metres from bone ``a`` to bone ``b`` in the axes of joint ``a``, on average."""
        apart = self.positions[b] - self.positions[a]
        mean: Floats = quat_rotate(quat_conjugate(self.orientations[a]), apart).mean(axis=0)
        return mean


def read_tracks(clip: BvhClip, unit_of_length: str | float | None) -> Tracks:
    """What a file says of a body.

    Raises:
        SourceError: the joints of a person cannot be found, or the unit cannot be guessed.
    """
    joints = map_joints(clip)
    tracks = _tracks(clip, joints, unit_of_length)
    if _faces_backwards(tracks):
        # The file calls its left what is the body's right.
        swapped = {_other_side(bone): joint for bone, joint in joints.items()}
        tracks = _tracks(clip, swapped, unit_of_length)
    return tracks


def _tracks(clip: BvhClip, joints: dict[str, int], unit_of_length: str | float | None) -> Tracks:
    """The mapped joints in metres with +Y up."""
    above_hips = {joints["hips"]}
    joint = joints["hips"]
    while (joint := int(clip.parents[joint])) >= 0:
        above_hips.add(joint)
    positions, orientations = bvh_kinematics(clip, above_hips)
    leg = np.mean(
        [
            np.linalg.norm(positions[0, joints[side + a]] - positions[0, joints[side + b]])
            for side in SIDES
            for a, b in (("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"))
        ]
    )
    metres = metres_per_unit(2.0 * float(leg), unit_of_length, str(clip.path))
    upright = _upright(positions, joints)
    at = {
        bone: metres * quat_rotate(upright, positions[:, joint]) for bone, joint in joints.items()
    }
    turned = {bone: quat_mul(upright, orientations[:, joint]) for bone, joint in joints.items()}
    for bone, track in at.items():
        if not np.isfinite(track).all():
            raise SourceError(f"{clip.path}: {bone} is infinitely far away; export the file again")
    return Tracks(at, turned, _ends(clip, joints, metres), clip.frame_time_s)


def _upright(positions: Floats, joints: dict[str, int]) -> Floats:
    """The turn ``(4,)`` that brings up, the axis on which heads are above feet most, to +Y."""
    feet = 0.5 * (positions[:, joints["leftFoot"]] + positions[:, joints["rightFoot"]])
    mean = unit(positions[:, joints["head"]] - feet).mean(axis=0)
    up = np.zeros(3)
    largest = int(np.argmax(np.abs(mean)))
    up[largest] = np.sign(mean[largest]) or 1.0
    return quat_between(up, UP)


def _ends(clip: BvhClip, joints: dict[str, int], metres: float) -> dict[str, Floats]:
    """The End Sites worth believing, metres in the joint's axes.

    Many programs write the same few units for every end. A foot's is believed if it is as long as
    a foot; another's if it leads on roughly as its bone came, else the bone leads straight on.
    """
    ends: dict[str, Floats] = {}
    for bone, joint in joints.items():
        end, came = clip.ends[joint] * metres, clip.offsets[joint] * metres
        has_end = bool(np.isfinite(end).all())
        length = float(np.linalg.norm(end)) if has_end else 0.0
        if bone.endswith("Foot"):
            if 0.05 < length < 0.35:
                ends[bone] = end
        elif bone.endswith(_LEADS_ON):
            straight = length > 0.002 and angle_between(end, came) < np.radians(50.0)
            ends[bone] = end if straight else came
        elif bone == "head" and 0.08 < length < 0.4:
            ends[bone] = end
    return ends


def _faces_backwards(tracks: Tracks) -> bool:
    """Whether toes point, or knees bend, to the back of what the sides' names make the front."""
    at = tracks.positions
    above = next(b for b in TRUNK if b in at and np.linalg.norm(tracks.between("hips", b)) > 0.03)
    hips = quat_mul(tracks.orientations["hips"], hips_frame(tracks, above))
    ahead = quat_rotate(hips, FORWARD)
    evidence = []
    for side in SIDES:
        if side + "Toes" in at:
            pointing = at[side + "Toes"] - at[side + "Foot"]
        else:
            ends = 0.5 * (at[side + "UpperLeg"] + at[side + "Foot"])
            pointing = at[side + "LowerLeg"] - ends
        evidence.append(np.sum(pointing * ahead, axis=-1).mean())
    return float(np.mean(evidence)) < -0.02


def _other_side(bone: str) -> str:
    left, right = SIDES
    if bone.startswith(left):
        return right + bone[len(left) :]
    return left + bone[len(right) :] if bone.startswith(right) else bone


def angle_between(a: Floats, b: Floats) -> float:
    """Radians between two directions."""
    return float(np.arccos(np.clip(np.dot(unit(a), unit(b)), -1.0, 1.0)))


def hips_frame(tracks: Tracks, above: str) -> Floats:
    """The hips: right is the line of the leg joints, up is the axis that the spine rests along.

    A spine may rest leaning by a third of a right angle in a body that stands straight, so the
    nearest axis of the file is believed before the spine itself.
    """
    right = unit(tracks.between("hips", "rightUpperLeg") - tracks.between("hips", "leftUpperLeg"))
    spine = tracks.between("hips", above)
    axis = np.zeros(3)
    largest = int(np.argmax(np.abs(spine)))
    axis[largest] = np.sign(spine[largest])
    upright = angle_between(spine, axis) < PLAUSIBLE and abs(float(axis @ right)) < 0.5
    return quat_from_matrix(frame(right, axis if upright else spine))
