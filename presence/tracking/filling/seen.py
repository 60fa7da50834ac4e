"""What is known of each point now, without a jump as it is lost and found."""

from __future__ import annotations

import math
from dataclasses import dataclass

from presence.tracking.filling.following import Easing
from presence.tracking.sensed import Point, Sensed
from presence.tracking.single import Quat, Vec

Placed = tuple[Vec, Quat]
"""Where something is and how it is turned."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a point."""

    at: Vec
    turn: Quat
    sure: float
    """How surely the position is known; 0: not."""
    turned: float
    """How surely the turn is."""


def known(sensed: Sensed | None, point: Point, otherwise: Placed) -> Known:
    """A point as far as it is known. What is not, or is no number, is as in ``otherwise``."""
    at, turn = otherwise
    if sensed is None:
        return Known(at, turn, 0.0, 0.0)
    sure, turned = 0.0, 0.0
    if sensed.position_confidence[point] > 0.0:
        x, y, z = sensed.positions[point].tolist()
        if math.isfinite(x + y + z) and abs(x) + abs(y) + abs(z) < _FAR:
            at, sure = (x, y, z), float(sensed.position_confidence[point])
    if sensed.orientation_confidence[point] > 0.0:
        a, b, c, d = sensed.orientations[point].tolist()
        long = math.sqrt(a * a + b * b + c * c + d * d)
        if math.isfinite(long) and long > 1e-6:
            turn = (a / long, b / long, c / long, d / long)
            turned = float(sensed.orientation_confidence[point])
    return Known(at, turn, sure, turned)


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
