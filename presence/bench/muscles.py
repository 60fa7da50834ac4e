"""A person by 95 angles, in the manner of Unity's humanoid "muscles" and of BasisVR's network.

An approximation, for comparison only: the true rig's axes and ranges are Unity's own. Each bone has
as many degrees of freedom here as there: the trunk, neck, head, upper arms and upper legs three;
shoulders, hands, feet and the first bones of fingers swing but do not twist; elbows and knees are
hinges that twist; toes and the other finger bones are hinges. A hand's and a foot's own twist is
the bone's above. A hinge's axis is that about which the bone turns most in the clip itself, which
favours this way. Angles have 16 bits over half a turn either way, so what is lost is what the rig
cannot do, not the rounding.
"""

from __future__ import annotations

import numpy as np

from presence.bench.clips import Clip
from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_conjugate,
    quat_from_rotvec,
    quat_mul,
    quat_to_rotvec,
    quat_twist,
)
from presence.pose.skeleton import BONE_COUNT, BONES, FINGERTIP_BONES, INDEX, PARENTS

MUSCLES = 95
"""With the eyes' and the jaw's six."""

_STEP = np.pi / 32767.0
_SWINGS = ("Shoulder", "Hand", "Foot", "Metacarpal", "Proximal")
_TWISTING_HINGES = ("LowerArm", "LowerLeg")
_HINGES = ("Toes", "ThumbProximal", "Intermediate", "Distal")
_END_TWISTS = {
    INDEX[side + end]: INDEX[side + limb]
    for side in ("left", "right")
    for end, limb in (("Hand", "LowerArm"), ("Foot", "LowerLeg"))
}
"""Whose twist is turned by which bone above."""


class MuscleRig:
    """One clip's person by muscles. State: each bone's own axis, and each hinge's."""

    def __init__(self, clip: Clip) -> None:
        self._along = bone_axes(clip.proportions)
        turns = _end_twists_moved(
            np.stack([sample.rotations for sample in clip.samples]), self._along
        )
        self._hinges = {
            bone: _hinge(turns[:, bone], self._along[bone])
            for bone, name in enumerate(BONES)
            if name.endswith(_HINGES + _TWISTING_HINGES)
        }

    def through(self, rotations: Floats) -> Floats:
        """What is left of ``rotations (55, 4)`` when only the muscles are sent.

        Each bone is aimed with what is left of those above it, so that it makes up for what they
        cannot do as far as it can.
        """
        true = np.empty_like(rotations)
        left = np.empty_like(rotations)
        out = rotations.copy()
        turned = _end_twists_moved(rotations[None], self._along)[0]
        for bone, name in enumerate(BONES):
            parent = PARENTS[bone]
            above_true, above = (
                (true[parent], left[parent]) if parent >= 0 else (IDENTITY, IDENTITY)
            )
            true[bone] = quat_mul(above_true, turned[bone])
            wanted = quat_mul(quat_conjugate(above), true[bone])
            out[bone] = self._sent(bone, name, wanted)
            left[bone] = quat_mul(above, out[bone])
        return out

    def _sent(self, bone: int, name: str, wanted: Floats) -> Floats:
        along = self._along[bone]
        if name.endswith(_TWISTING_HINGES):
            bent = _angles(quat_twist(_swing(wanted, along), self._hinges[bone]))
            return quat_mul(bent, _angles(quat_twist(wanted, along)))
        if name.endswith(_HINGES):
            return _angles(quat_twist(wanted, self._hinges[bone]))
        if name.endswith(_SWINGS):
            return _angles(_swing(wanted, along))
        return _angles(wanted)


def bone_axes(proportions: Proportions) -> Floats:
    """``(55, 3)`` unit vectors along each bone, in its own axes."""
    ends = np.zeros((BONE_COUNT, 3))
    for bone in range(BONE_COUNT - 1, 0, -1):
        parent = PARENTS[bone]
        # A hand points along its middle finger, the rest along their first child.
        if not BONES[parent].endswith("Hand") or "Middle" in BONES[bone]:
            ends[parent] = proportions.offsets[bone]
    ends[FINGERTIP_BONES] = proportions.fingertips
    ends[[INDEX["leftToes"], INDEX["rightToes"]]] = proportions.toes
    lengths = np.linalg.norm(ends, axis=-1, keepdims=True)
    axes: Floats = np.where(lengths > 1e-6, ends / np.maximum(lengths, 1e-6), [0.0, 1.0, 0.0])
    return axes


def _end_twists_moved(rotations: Floats, along: Floats) -> Floats:
    """``(T, 55, 4)`` with what twists a hand or a foot turned by the bone above it instead."""
    moved = rotations.copy()
    for end, limb in _END_TWISTS.items():
        twist = quat_twist(moved[:, end], along[limb])
        moved[:, limb] = quat_mul(moved[:, limb], twist)
        moved[:, end] = quat_mul(quat_conjugate(twist), moved[:, end])
    return moved


def _swing(q: Floats, along: Floats) -> Floats:
    """``q`` without its turn about the bone."""
    return quat_mul(q, quat_conjugate(quat_twist(q, along)))


def _hinge(turns: Floats, along: Floats) -> Floats:
    """``(3,)`` the axis about which ``turns (T, 4)`` swing the bone most."""
    vectors = quat_to_rotvec(_swing(turns, along))
    _, axes = np.linalg.eigh(vectors.T @ vectors + 1e-9 * np.eye(3))
    axis: Floats = axes[:, -1]
    return axis


def _angles(q: Floats) -> Floats:
    """A turn as it comes out of angles of 16 bits."""
    return quat_from_rotvec(np.rint(quat_to_rotvec(q) / _STEP) * _STEP)
