"""People of VRM 1.0 face +Z, ours −Z: the half-turn about Y between files and everything else."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats

HALF_TURN: Floats = np.array([-1.0, 1.0, -1.0])
"""Multiplied with a vector: it turned half round about Y."""
