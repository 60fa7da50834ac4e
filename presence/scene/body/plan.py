"""The measures that every part of a body is built to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.proportions import Proportions
from presence.pose.skeleton import BONE_COUNT, INDEX, MIRROR
from presence.scene.body.draft import FLIP
from presence.scene.body.traits import Traits

_REFERENCE_HEIGHT = 1.70
_TO_BACK: Floats = np.array([1.0, 1.0, -1.0])
_EYES_TO_CROWN = 12.5
"""The height of the crown above the eyes, in head units."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One body's joints, scales and looks, in the T-pose on the floor."""

    proportions: Proportions
    """Mirrored exactly: the left side is the right side's image."""
    joints: Floats
    """``(55, 3)`` metres."""
    scale: float
    """1 for a body of 1.70 m; multiplies every measure that the joints do not give."""
    head_unit: float
    """Metres to a unit of the head's own measures (about a centimetre)."""
    traits: Traits

    def at(self, bone: str) -> Floats:
        """``(3,)`` the joint of a bone."""
        joint: Floats = self.joints[INDEX[bone]]
        return joint

    @property
    def eye_middle(self) -> Floats:
        """``(3,)`` the point between the eyes: the origin of the head's own measures."""
        point: Floats = self.at("head") + self.proportions.eyes
        return point

    @property
    def eye_across(self) -> float:
        """From the middle to an eye's centre, in head units."""
        return float(self.at("rightEye")[0] / self.head_unit)

    def from_head(self, points: Floats) -> Floats:
        """Head measures ``(..., 3)`` (across, up, forward; head units) to metres in the place."""
        metres: Floats = self.eye_middle + self.head_unit * points * _TO_BACK
        return metres

    def to_head(self, points: Floats) -> Floats:
        """Metres in the place ``(..., 3)`` to head measures."""
        units: Floats = (points - self.eye_middle) / self.head_unit * _TO_BACK
        return units


def mirrored(proportions: Proportions) -> Proportions:
    """The nearest proportions whose left side is exactly the right side's mirror image."""
    offsets = 0.5 * (proportions.offsets + proportions.offsets[MIRROR] * FLIP)

    def sides(array: Floats, half: int) -> Floats:
        swapped = np.roll(array, half, axis=0)
        return frozen(0.5 * (array + swapped * FLIP))

    return Proportions(
        offsets=frozen(offsets),
        fingertips=sides(proportions.fingertips, 5),
        toes=sides(proportions.toes, 1),
        soles=sides(proportions.soles, 1),
        crown=frozen(proportions.crown * np.array([0.0, 1.0, 1.0])),
    )


def make_plan(proportions: Proportions, traits: Traits) -> Plan:
    """The plan of a body with these proportions and looks."""
    whole = mirrored(proportions)
    joints = whole.rest_positions()
    assert joints.shape == (BONE_COUNT, 3)
    return Plan(
        proportions=whole,
        joints=joints,
        scale=whole.height / _REFERENCE_HEIGHT,
        head_unit=float(whole.crown[1] - whole.eyes[1]) / _EYES_TO_CROWN,
        traits=traits,
    )
