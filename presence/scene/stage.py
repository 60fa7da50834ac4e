"""Who exists now: the people on show at one display time, and where each one stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions
from presence.pose.rigid import Rigid
from presence.pose.sample import PoseSample
from presence.scene.avatar import Avatar


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody as they are shown at one display time.

    The avatar and the proportions are compared by identity: whoever makes a stage for every frame
    keeps the same two objects for the same person, so that fitting one to the other and uploading
    the mesh happen once.
    """

    avatar: Avatar
    """The body that is drawn."""
    sample: PoseSample
    """The pose, with its derived bones filled in (``presence.pose.with_derived``)."""
    proportions: Proportions
    """The measures of the person who was captured."""
    own_place_from_place: Rigid
    """Takes the person's own ``place`` into the viewer's."""
    opacity: float = 1.0
    """0 (gone) to 1."""
    swings: Floats | None = None
    """``(J, 4)`` xyzw how far each joint of the avatar's strands is turned from where its bone
    carries it, in the bone's axes; None: not at all."""
    speaking: float = 0.0
    """How loud they speak now, 0 (silent) to 1: what shows over their head. It is shown as it is
    given, so whoever measures it smooths it."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """Everyone who exists now."""

    people: Sequence[Person] = ()
