"""The measures of a body that filling in needs, worked out once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.proportions import Proportions
from presence.pose.skeleton import INDEX
from presence.tracking.single import Vec, added, length

LEFT, RIGHT = 0, 1
SIDES = ("left", "right")
OUTWARD = (-1.0, 1.0)
"""Along X, to the left and to the right."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Offsets are from the parent in the T-pose; pairs are left and right. Metres."""

    size: float
    """How large the body is, of one whose hips are 0.93 m high."""
    eyes: Vec
    spine: tuple[Vec, Vec, Vec, Vec]
    """Spine, chest, upper chest and neck."""
    head: Vec
    neck_height: float
    """Of somebody who stands upright, above the floor."""
    hips_height: float
    trunk: float
    """From the hips to the neck."""
    collar: tuple[Vec, Vec]
    shoulder: tuple[Vec, Vec]
    """The upper arm's joint from the collar bone's."""
    upper_arm: tuple[Vec, Vec]
    """The elbow from the shoulder."""
    forearm: tuple[Vec, Vec]
    arm: float
    """The length of a straight arm to the wrist."""
    hip: tuple[Vec, Vec]
    thigh: tuple[Vec, Vec]
    shin: tuple[Vec, Vec]
    leg: float
    ankle: float
    """Its height over the sole."""
    ball: tuple[Vec, Vec]
    """The toes' joint from the ankle."""
    toes: tuple[Vec, Vec]
    """The floor under the tips of the toes, from the ankle."""

    @staticmethod
    def of(body: Proportions) -> Measures:
        """Those of a body."""

        def one(bone: str) -> Vec:
            x, y, z = body.offsets[INDEX[bone]].tolist()
            return (x, y, z)

        def both(bone: str) -> tuple[Vec, Vec]:
            return one("left" + bone), one("right" + bone)

        rest = body.rest_positions()
        neck = rest[INDEX["neck"]]
        toes, soles = both("Toes"), body.soles.tolist()
        tips = [
            (toe[0] + tip[0], sole[1], toe[2] + tip[2])
            for toe, tip, sole in zip(toes, body.toes.tolist(), soles, strict=True)
        ]
        upper_arm, forearm = both("LowerArm"), both("Hand")
        thigh, shin = both("LowerLeg"), both("Foot")
        eyes = body.eyes.tolist()
        return Measures(
            size=body.hips_height / 0.93,
            eyes=(eyes[0], eyes[1], eyes[2]),
            spine=(one("spine"), one("chest"), one("upperChest"), one("neck")),
            head=one("head"),
            neck_height=float(neck[1]),
            hips_height=body.hips_height,
            trunk=float(np.linalg.norm(neck - rest[0])),
            collar=both("Shoulder"),
            shoulder=both("UpperArm"),
            upper_arm=upper_arm,
            forearm=forearm,
            arm=min(length(upper_arm[i]) + length(forearm[i]) for i in (LEFT, RIGHT)),
            hip=both("UpperLeg"),
            thigh=thigh,
            shin=shin,
            leg=min(length(thigh[i]) + length(shin[i]) for i in (LEFT, RIGHT)),
            ankle=-0.5 * (soles[0][1] + soles[1][1]),
            ball=toes,
            toes=(tips[0], tips[1]),
        )

    def chest_to_shoulder(self, side: int) -> Vec:
        """The shoulder from the upper chest at rest."""
        return added(self.collar[side], self.shoulder[side])
