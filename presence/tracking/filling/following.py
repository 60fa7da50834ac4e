"""Values that follow others without a jump."""

from __future__ import annotations

import math

from presence.tracking.acting.seeded import smooth
from presence.tracking.single import (
    Quat,
    Vec,
    added,
    conjugate,
    from_rotvec,
    mul,
    scaled,
    taken,
    to_rotvec,
)


class Spring:
    """A vector that follows another as a critically damped spring does.

    State: where it is and how fast. It steps exactly, whatever the time between two steps.
    """

    def __init__(self, seconds: float) -> None:
        """``seconds`` is how far it lags behind what moves evenly."""
        self._rate = 2.0 / seconds
        self.at: Vec | None = None
        self._speed: Vec = (0.0, 0.0, 0.0)

    def follow(self, target: Vec, dt: float) -> Vec:
        """The value ``dt`` seconds later; the first is the target."""
        if self.at is None:
            self.at = target
            return target
        decay = math.exp(-self._rate * dt)
        off = taken(self.at, target)
        pull = added(self._speed, scaled(off, self._rate))
        self.at = added(target, scaled(added(off, scaled(pull, dt)), decay))
        self._speed = scaled(taken(self._speed, scaled(pull, self._rate * dt)), decay)
        return self.at

    def put(self, value: Vec) -> None:
        """Be there at once, at rest."""
        self.at, self._speed = value, (0.0, 0.0, 0.0)


class Share:
    """How much something counts, on its way between 0 and 1. State: how much it does now."""

    def __init__(self) -> None:
        """Nothing has been said yet: the first is taken at once."""
        self._now: float | None = None

    def towards(self, share: float, dt: float) -> float:
        """How much it counts ``dt`` seconds later; it takes a quarter of a second from 0 to 1."""
        if self._now is None:
            self._now = share
        step = dt / _SHARE_S
        self._now += min(max(share - self._now, -step), step)
        return smooth(self._now)


_SHARE_S = 0.25


class Easing:
    """What remains of the way from where something was shown to where it is said to be.

    State: the way that was left at the last change, and since when. A change of what is said is
    absorbed by :meth:`change`; the rest of the way then goes to nothing in a given time.
    """

    def __init__(self, seconds: float) -> None:
        """``seconds`` is how long it takes to come to where something is said to be."""
        self._seconds = seconds
        self._move: Vec = (0.0, 0.0, 0.0)
        self._turn: Vec = (0.0, 0.0, 0.0)
        self._since: float | None = None

    def change(self, shown: tuple[Vec, Quat], said: tuple[Vec, Quat], now_s: float) -> None:
        """From now on something else is said than what was shown a moment ago."""
        self._move = taken(shown[0], said[0])
        self._turn = to_rotvec(mul(shown[1], conjugate(said[1])))
        self._since = now_s

    def eased(self, said: tuple[Vec, Quat], now_s: float) -> tuple[Vec, Quat]:
        """What to show of what is said."""
        if self._since is None:
            return said
        left = 1.0 - smooth((now_s - self._since) / self._seconds)
        if left <= 0.0:
            self._since = None
            return said
        turn = mul(from_rotvec(*scaled(self._turn, left)), said[1])
        return added(said[0], scaled(self._move, left)), turn
