"""Messages of VMC, as a program under Unity sends them."""

import numpy as np

from presence.clock import SECOND
from presence.pose.proportions import default_proportions

PERSON = default_proportions()
NOW = 5 * SECOND


def bone(name, turn=(0.0, 0.0, 0.0, 1.0), at=(0.0, 0.0, 0.0)):
    return ("/VMC/Ext/Bone/Pos", name, *map(float, at), *map(float, turn))


def shape(name, value):
    return ("/VMC/Ext/Blend/Val", name, float(value))


def unity_turn(axis, degrees):
    """A turn as Unity has it: left-handed, clockwise for someone who looks against the axis."""
    half = np.radians(degrees) / 2.0
    return (*(np.sin(half) * np.array(axis, dtype=float)), np.cos(half))
