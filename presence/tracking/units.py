"""What one unit of a motion file is in metres."""

from __future__ import annotations

import math

from presence.errors import SourceError

UNITS: dict[str, float] = {
    "m": 1.0,
    "dm": 0.1,
    "cm": 0.01,
    "mm": 0.001,
    "in": 0.0254,
    "ft": 0.3048,
    "cmu": 0.0254 / 0.45,
}
"""Metres in each unit by name; ``cmu`` is that of the CMU database's own skeletons, 1/0.45 inch
(http://mocap.cs.cmu.edu/faqs.php)."""

TYPICAL_LEG = 0.82
"""Metres of thigh and shin together in an adult of 1.70 m."""

_SHORTEST_LEG, _LONGEST_LEG = 0.35, 1.25


def metres_per_unit(leg_length: float, unit: str | float | None, what: str) -> float:
    """Metres in one unit of a file.

    Args:
        leg_length: thigh and shin together, in the file's unit.
        unit: a name in ``UNITS``, or metres in one unit; None guesses the unit in which the legs
            are nearest an adult's. A limb's length says more than an extent, which depends on how
            the skeleton rests.
        what: the file, for messages.

    Raises:
        SourceError: there is no such unit, or none makes the legs a person's.
    """
    if unit is None:
        if not leg_length > 0.0:
            raise SourceError(f"{what}: the legs have no length; export the whole skeleton")
        guess = min(UNITS.values(), key=lambda m: abs(math.log(leg_length * m / TYPICAL_LEG)))
        if not _SHORTEST_LEG <= leg_length * guess <= _LONGEST_LEG:
            raise SourceError(
                f"{what}: legs of {leg_length:g} are a person's in no usual unit; say how many "
                "metres one unit is"
            )
        return guess
    if isinstance(unit, str):
        if unit not in UNITS:
            raise SourceError(f"there is no unit {unit!r}; choose from {', '.join(UNITS)}")
        return UNITS[unit]
    if not (math.isfinite(unit) and unit > 0.0):
        raise SourceError(f"{unit} metres in a unit is not possible; give a positive number")
    return float(unit)
