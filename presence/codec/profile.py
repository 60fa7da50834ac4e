"""Proportions in bytes: what the wire's profile kind carries, at joining and when they change.

One version byte, then 210 numbers of 16 bits, big-endian and signed, in tenths of a millimetre.
"""

from __future__ import annotations

import numpy as np

from presence.errors import ControlError
from presence.pose.arrays import Floats, frozen
from presence.pose.proportions import Proportions
from presence.pose.skeleton import BONE_COUNT, FINGERTIP_BONES

VERSION = 1
STEP = 0.0001
"""Metres to a step."""

LEAST_EYE_HEIGHT, GREATEST_EYE_HEIGHT = 0.3, 3.0
"""Metres: nobody's eyes are outside these."""
LEAST_HIPS_HEIGHT = 0.1
"""Metres: legs have a length, by which a body is fitted to them."""
LONGEST_BONE = 1.5
"""Metres: no joint is further from its parent."""

_SHAPES = ((BONE_COUNT, 3), (len(FINGERTIP_BONES), 3), (2, 3), (2, 3), (3,))
_ENDS = np.cumsum([int(np.prod(shape)) for shape in _SHAPES])
_COUNT = int(_ENDS[-1])
_LENGTH = 1 + 2 * _COUNT


def encode_profile(proportions: Proportions) -> bytes:
    """421 bytes.

    Raises:
        ValueError: the measures are no person's.
    """
    parts = _parts(proportions)
    values = np.concatenate([part.ravel() for part in parts])
    if not np.isfinite(values).all():
        raise ValueError("a measure of the person is not finite; measure again")
    fault = _fault(proportions)
    if fault:
        raise ValueError(f"{fault}; measure again")
    numbers: bytes = np.rint(values / STEP).astype(">i2").tobytes()
    return bytes([VERSION]) + numbers


def decode_profile(data: bytes) -> Proportions:
    """The proportions, to a tenth of a millimetre.

    Raises:
        ControlError: the bytes are not a profile, or the measures are no person's.
    """
    if len(data) != _LENGTH or data[0] != VERSION:
        raise ControlError(
            f"a profile of {len(data)} bytes is not one of version {VERSION}; both sides should "
            "run the same version of presence"
        )
    values = np.frombuffer(data, dtype=">i2", offset=1).astype(np.float64) * STEP
    parts = [
        frozen(part.reshape(shape))
        for part, shape in zip(np.split(values, _ENDS[:-1]), _SHAPES, strict=True)
    ]
    proportions = Proportions(*parts)
    fault = _fault(proportions)
    if fault:
        raise ControlError(f"a profile is refused: {fault}")
    return proportions


def _parts(proportions: Proportions) -> tuple[Floats, ...]:
    return (
        proportions.offsets,
        proportions.fingertips,
        proportions.toes,
        proportions.soles,
        proportions.crown,
    )


def _fault(proportions: Proportions) -> str:
    """What makes these measures no person's; empty if nothing does."""
    longest = max(
        float(np.linalg.norm(part.reshape(-1, 3)[start:], axis=-1).max())
        # The hips' offset is their height above the floor, not a bone.
        for part, start in zip(_parts(proportions), (1, 0, 0, 0, 0), strict=True)
    )
    if longest > LONGEST_BONE:
        return f"a bone is {longest:.2f} m long"
    hips = np.abs(proportions.offsets[0]).max()
    if hips > GREATEST_EYE_HEIGHT:
        return f"the hips are {hips:.2f} m from the floor under them"
    if proportions.hips_height < LEAST_HIPS_HEIGHT:
        return f"the hips are {proportions.hips_height:.2f} m above the floor"
    if not LEAST_EYE_HEIGHT <= proportions.eye_height <= GREATEST_EYE_HEIGHT:
        return f"the eyes are {proportions.eye_height:.2f} m above the floor"
    return ""
