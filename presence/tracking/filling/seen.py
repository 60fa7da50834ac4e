"""What is known of each point now, without a jump as it is lost and found."""

from __future__ import annotations

import math

from presence.tracking.filling.following import Easing
from presence.tracking.sensed import Point, Sensed
from presence.tracking.single import Quat, Vec

Placed = tuple[Vec, Quat]
"""Where something is and how it is turned."""


def placed(sensed: Sensed | None, point: Point, otherwise: Placed) -> tuple[Placed, float, float]:
    """Where a point is, as far as it is known, and how surely its position and its turn are.

    What is not known, or is no number, is as in ``otherwise``, and has confidence 0.
    """
    if sensed is None or not sensed.present:
        return otherwise, 0.0, 0.0
    at, turn = otherwise
    sure, surely = float(sensed.position_confidence[point]), 0.0
    if sure > 0.0:
        x, y, z = sensed.positions[point].tolist()
        if math.isfinite(x + y + z) and abs(x) + abs(y) + abs(z) < _FAR:
            at = (x, y, z)
        else:
            sure = 0.0
    if sensed.orientation_confidence[point] > 0.0:
        a, b, c, d = sensed.orientations[point].tolist()
        long = math.sqrt(a * a + b * b + c * c + d * d)
        if math.isfinite(long) and long > 1e-6:
            turn = (a / long, b / long, c / long, d / long)
            surely = float(sensed.orientation_confidence[point])
    return (at, turn), max(sure, 0.0), surely


_FAR = 1e4
"""Metres from the middle of the place beyond which a position is nonsense."""


class Follower:
    """One point that is lost and found. State: whether it is known, and the way that is left."""

    def __init__(self, seconds: float) -> None:
        """``seconds`` is how long it takes from what was shown to what is said."""
        self._easing = Easing(seconds)
        self._known: bool | None = None
        self._shown: Placed | None = None

    def show(self, said: Placed, known: bool, now_s: float) -> Placed:
        """Where to show the point that is said to be there, by a sensor or because it rests."""
        if self._known is not None and known != self._known and self._shown is not None:
            self._easing.change(self._shown, said, now_s)
        self._known = known
        self._shown = self._easing.eased(said, now_s)
        return self._shown

    @property
    def shown(self) -> Placed | None:
        """Where it was shown last."""
        return self._shown

    def forget(self) -> None:
        """What is said next is shown at once."""
        self._known, self._shown = None, None
