"""Unity's axes and its names of a person's bones, which many programs speak.

Unity is left-handed with +Y up, and people face +Z: what is ahead is −Z here, and all else is
alike. The bones are those of UnityEngine.HumanBodyBones
(https://docs.unity3d.com/ScriptReference/HumanBodyBones.html); a thumb's first is its Proximal.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.skeleton import BONES

_MIRROR: Floats = np.array([1.0, 1.0, -1.0])
_MIRROR_TURN: Floats = np.array([-1.0, -1.0, 1.0, 1.0])


def mirrored_point(points: Floats) -> Floats:
    """``(..., 3)`` from Unity's axes to ours, or back."""
    return points * _MIRROR


def mirrored_turn(turns: Floats) -> Floats:
    """``(..., 4)`` xyzw from Unity's axes to ours, or back.

    A mirror leaves the axis's part along it and turns round the rest, as of anything that spins.
    """
    return turns * _MIRROR_TURN


def _unity_name(bone: str) -> str:
    if "Thumb" in bone:
        bone = bone.replace("Proximal", "Intermediate").replace("Metacarpal", "Proximal")
    return bone[0].upper() + bone[1:]


UNITY_BONES: tuple[str, ...] = tuple(_unity_name(bone) for bone in BONES)
"""The names of the 55 bones, in the order of ``BONES``."""

BY_UNITY_NAME: dict[str, int] = {name.lower(): i for i, name in enumerate(UNITY_BONES)}
"""The index of each bone by its name in small letters."""
