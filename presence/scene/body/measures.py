"""The measures of a person who is drawn from a seed: not everyone is a scaled average adult."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import frozen
from presence.pose.proportions import Proportions, default_proportions
from presence.pose.skeleton import BONE_COUNT, BONES
from presence.scene.body.traits import Traits

_HEAD = 1.05
"""Heads are a little larger than life: eyes and mouth read better across a room."""


def draw_measures(traits: Traits) -> Proportions:
    """The measures of somebody with these looks, ``traits.height`` metres tall.

    Children's heads are larger and their legs shorter for their height: at six years about 5.7
    heads go into it, against 7 of an adult.
    """
    base = default_proportions(traits.height)
    young, broad = traits.youth, 1.0 - traits.softness
    factors = np.ones((BONE_COUNT, 3))
    head = _HEAD + 0.27 * young
    for i, bone in enumerate(BONES):
        if bone in ("leftEye", "rightEye", "jaw"):
            factors[i] = head
        elif bone == "neck":
            factors[i] = 1.0 - 0.05 * young
        elif bone == "head":
            factors[i] = 0.92 - 0.12 * young
        elif "LowerLeg" in bone or bone.endswith("Foot"):
            factors[i] = 1.0 - 0.12 * young
        elif "UpperLeg" in bone:
            factors[i] = (0.97 + 0.06 * traits.softness - 0.05 * young, 1.0, 1.0)
        elif "UpperArm" in bone:
            factors[i] = (0.90 + 0.12 * broad - 0.06 * young, 1.0, 1.0)
        elif "Arm" in bone or bone.endswith("Hand"):
            factors[i] = 0.985 - 0.05 * young
        elif any(f in bone for f in ("Thumb", "Index", "Middle", "Ring", "Little")):
            factors[i] = 0.97 + 0.05 * broad + 0.02 * young
    offsets = base.offsets * factors
    hand = 0.97 + 0.05 * broad + 0.02 * young
    # The hips stand on what the legs have become.
    leg = sum(offsets[BONES.index(f"left{bone}"), 1] for bone in ("UpperLeg", "LowerLeg", "Foot"))
    offsets[0, 1] = -(leg + base.soles[0, 1])
    whole = Proportions(
        offsets=frozen(offsets),
        fingertips=frozen(base.fingertips * hand),
        toes=base.toes,
        soles=base.soles,
        crown=frozen(base.crown * head),
    )
    return whole.scaled(traits.height / whole.height)
