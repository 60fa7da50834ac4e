"""What the networks found in one picture, in the picture's own terms."""

from __future__ import annotations

from dataclasses import dataclass

from presence.pose.arrays import Floats


@dataclass(frozen=True, slots=True, eq=False)
class FoundHand:
    """A hand by its 21 landmarks."""

    left: bool
    """Whether it looks like a left hand, the picture not being mirrored."""
    score: float
    """How surely it is a hand of that side."""
    pixels: Floats
    """``(21, 3)`` right, down, and away from the wrist, in pixels."""
    metres: Floats
    """``(21, 3)`` right, down, away: from the hand's own middle, at an average hand's size."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundPose:
    """A body by its 33 landmarks."""

    pixels: Floats
    """``(33, 3)`` right, down, and away from the hips."""
    metres: Floats
    """``(33, 3)`` right, down, away: from the middle of the hips."""
    visible: Floats
    """``(33,)`` how surely each is neither hidden nor outside of the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One picture. A network that did not look at it has None; one that found nothing, too."""

    width: int
    height: int
    face: Floats | None = None
    """``(478, 3)`` pixels: right, down, and away from the face's middle."""
    shapes: Floats | None = None
    """``(52,)`` ARKit coefficients, by the network that a user may fetch; not a number where it
    tells none."""
    pose: FoundPose | None = None
    pose_looked: bool = False
    """Whether a body was looked for."""
    hands: tuple[FoundHand, ...] = ()
    hands_looked: bool = False
    """Whether hands were looked for."""
    faces: int | None = None
    """How many people are seen; None where they were not counted."""
    brightness: float = 0.5
    """Of the picture on average, 0 to 1."""
