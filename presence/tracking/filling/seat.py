"""Whether somebody sits: low, still, and with the head up."""

from __future__ import annotations

import math

from presence.tracking.acting.seeded import smooth
from presence.tracking.filling.following import Spring
from presence.tracking.single import Vec, length, taken

_LOW, _LOWEST = 0.18, 0.95
"""Metres that the neck is lower than standing, of somebody on a bar stool and on the floor, for
hips 0.93 m high. Nobody squats still for long."""
_STILL = 0.15
"""Metres a second of the neck below which it is still."""
_STILL_S = 0.6
_FALLS, _SLOW, _HELD_S = 0.12, 0.25, 0.1
"""Who is so far behind the feet, metres, sits once they sink and rise slower than that, so long."""
_EASES_S = 0.5
_RISES = 0.12
"""Metres above how one sat at which one gets up."""
_LEAVES, _LEFT = 0.2, 0.6
"""How far up, of the way from sitting to standing, the hips begin to leave the seat and have."""
_GOES = 0.55
"""Metres aside from the seat at which one has left it."""


class Seat:
    """One person's seat. State: since when they have been still, and where they sit."""

    def __init__(self, size: float) -> None:
        """``size`` is how large the body is."""
        self._size = size
        self._slow = Spring(0.25)
        self._still_s = 0.0
        self._sits = False
        self._changed_s = -10.0
        self._share = 0.0
        self.spot: Vec | None = None
        """Where the hips are on the seat; None until one sits."""
        self._low = 0.0

    def start(self, way_down: float, inclined: float) -> None:
        """Begin anew: whoever is low to begin with, and upright, sits."""
        self._slow.at = None
        self._still_s = _STILL_S if self._fits(way_down, inclined) else 0.0
        self._sits = False
        self._share = 0.0
        self.spot = None
        self._changed_s = -10.0

    def moved(self, spot: Vec | None) -> None:
        """The place jumped: the seat is there now."""
        self.spot = spot
        self._slow.at = None

    def at(
        self,
        now_s: float,
        dt: float,
        neck: Vec,
        way_down: float,
        inclined: float,
        behind: float,
    ) -> float:
        """How far they sit, 0 to 1.

        Args:
            now_s: the time.
            dt: seconds since the last.
            neck: where the neck begins.
            way_down: metres that it is lower than standing.
            inclined: radians by which the head is bent from upright.
            behind: metres that the neck is behind the feet: who would fall over backwards is held
                by a seat.
        """
        before = self._slow.at
        slow = self._slow.follow(neck, dt)
        speed = 0.0 if before is None or dt <= 0.0 else length(taken(slow, before)) / dt
        held = behind > _FALLS * self._size
        sinks = 0.0 if before is None or dt <= 0.0 else abs(slow[1] - before[1]) / dt
        calm = sinks < _SLOW if held else speed < _STILL
        still = calm and self._fits(way_down, inclined)
        self._still_s = self._still_s + dt if still else (0.0 if not self._sits else self._still_s)
        if not self._sits and self._still_s >= (_HELD_S if held else _STILL_S):
            at_once = before is None
            self._sits, self._low = True, way_down
            self._changed_s = now_s - (_EASES_S if at_once else 0.0)
        elif self._sits:
            self._low += (way_down - self._low) * (1.0 - math.exp(-dt / 3.0))
            spot = self.spot
            left = spot is not None and math.hypot(neck[0] - spot[0], neck[2] - spot[2]) > (
                _GOES * self._size
            )
            if way_down < self._low - _RISES * self._size or left:
                self._sits, self._still_s = False, 0.0
                self._changed_s = now_s
        since = smooth((now_s - self._changed_s) / _EASES_S)
        if self._sits:
            self._share = since
        else:
            # The hips leave the seat as the neck rises, not by the clock alone.
            risen = (self._low - way_down) / max(self._low, 1e-6)
            on_it = 1.0 - smooth((risen - _LEAVES) / (_LEFT - _LEAVES))
            self._share = min(self._share, 1.0 - since, on_it)
        if self._share <= 0.0 and not self._sits:
            self.spot = None
        if self.spot is not None:
            self.spot = (self.spot[0], self._low, self.spot[2])
        return self._share

    def _fits(self, way_down: float, inclined: float) -> bool:
        low = way_down / self._size
        return _LOW < low < _LOWEST and inclined < math.radians(40.0)

    @property
    def sits(self) -> bool:
        """Whether they sit, or are about to."""
        return self._sits
