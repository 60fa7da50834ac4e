"""Joints that a runtime writes, read without a Python object for each of them."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from presence.headset.readings import Joints

# Hand and body joints alike: flags, an xr.Posef, and a radius or padding.
_LOCATION = np.dtype(
    {
        "names": ["flags", "orientation", "position"],
        "formats": ["<u8", ("<f4", 4), ("<f4", 3)],
        "offsets": [0, 8, 24],
        "itemsize": 40,
    }
)


class JointArray:
    """An array of joint locations. State: the structures, written anew at every call."""

    def __init__(self, element: Any, count: int) -> None:
        """Make ``count`` of ``element``, such as ``xr.HandJointLocationEXT``."""
        assert ctypes.sizeof(element) == _LOCATION.itemsize
        self.structures = (element * count)()
        self._view = np.frombuffer(memoryview(self.structures), dtype=_LOCATION)

    def joints(self) -> Joints:
        """What the runtime wrote last."""
        return Joints(
            positions=self._view["position"].astype(np.float64),
            orientations=self._view["orientation"].astype(np.float64),
            flags=self._view["flags"].astype(np.int64),
        )
