"""Measuring a person: how high the eyes are, and how far the arms reach."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import frozen
from presence.pose.proportions import Proportions, default_proportions
from presence.pose.skeleton import INDEX

_ARM_BONES = [INDEX[side + bone] for side in ("left", "right") for bone in ("LowerArm", "Hand")]


def proportions_from(eye_height: float, reach: float | None = None) -> Proportions:
    """An average body with the eyes so high, and arms that reach so far.

    Args:
        eye_height: metres from the floor to the eyes, standing.
        reach: metres from wrist to wrist with the arms stretched to either side; None: as is usual
            for that height.
    """
    average = default_proportions()
    body = average.scaled(eye_height / average.eye_height)
    if reach is None:
        return body
    rest = body.rest_positions()
    usual = float(rest[INDEX["rightHand"], 0] - rest[INDEX["leftHand"], 0])
    shoulders = float(rest[INDEX["rightUpperArm"], 0] - rest[INDEX["leftUpperArm"], 0])
    factor = (reach - shoulders) / (usual - shoulders)
    offsets = np.array(body.offsets)
    offsets[_ARM_BONES] *= min(max(factor, 0.8), 1.25)
    return Proportions(frozen(offsets), body.fingertips, body.toes, body.soles, body.crown)
