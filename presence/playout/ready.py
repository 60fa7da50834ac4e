"""Machine code before the first pose is shown: made, or fetched from where it was kept."""

from __future__ import annotations

from functools import cache

import numpy as np

from presence.playout.cover import shortest_delay
from presence.playout.motion import (
    MOTION_SIZE,
    between,
    extrapolated,
    motion_between,
    moved,
)
from presence.pose.packed import SAMPLE_SIZE, pack
from presence.pose.sample import PoseSample


@cache
def make_ready() -> None:
    """Do everything once that the first pose would otherwise wait for.

    The first time on a machine, and after every change of version, this takes some seconds; later
    some hundredths of one; a second time in a process nothing.
    """
    pose, out, motion = np.zeros(SAMPLE_SIZE), np.empty(SAMPLE_SIZE), np.empty(MOTION_SIZE)
    pack(PoseSample.at_rest(0, 1.0), pose)
    motion_between(pose, pose, motion)
    between(pose, pose, 0.5, motion, 1.0, motion, 1.0, motion, 1.0, out)
    extrapolated(pose, motion, 1.0, motion, 1.0, np.ones(MOTION_SIZE), 1.0, out)
    moved(pose, motion, 0.5, out)
    shortest_delay(np.ones(1), np.ones(1), 0.5)
