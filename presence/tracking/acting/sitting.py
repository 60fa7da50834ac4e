"""Sitting down and standing up: when, and how far along.

The order of things is that of M. Schenkman et al., "Whole-body movements during rising to standing
from sitting", Physical Therapy 70(10), 1990: the trunk leans and gathers momentum, the hips leave
the seat going forward, then up; sitting down runs the other way about.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from presence.tracking.acting.seeded import Beats, draws, smooth

_PERIOD_S = 78.0
_FIRST_S = 7.0


@dataclass(frozen=True, slots=True)
class Sit:
    """One time of sitting, seconds since the call began."""

    down_s: float
    """When one begins to sit down."""
    down_takes_s: float
    up_s: float
    """When one begins to stand up."""
    up_takes_s: float


@dataclass(frozen=True, slots=True)
class Seated:
    """How far somebody sits at a moment. All 0 while one stands."""

    back: float = 0.0
    """How far the hips are back over the seat, 0 to 1."""
    down: float = 0.0
    """How far they are down, 0 to 1."""
    lean: float = 0.0
    """How far the trunk leans forward to keep the balance, 0 to 1."""
    hands: float = 0.0
    """How far the hands are on the thighs, 0 to 1."""

    @property
    def on_seat(self) -> bool:
        """Whether the seat bears the weight."""
        return self.down >= 1.0


STANDING = Seated()


class Sitting:
    """When one person sits. Holds a cache and no other state."""

    def __init__(self, seed: int) -> None:
        """Sits soon after the call begins, and more than half of the time."""
        self._seed = seed
        self._beats = Beats(seed, "sitting", _PERIOD_S, 0.2)
        self.sit = lru_cache(maxsize=16)(self._sit)

    def number_at(self, seconds: float) -> int:
        """The number of the time of sitting that has not ended yet, which may still be to come."""
        number = max(int((seconds - _FIRST_S) / _PERIOD_S) - 1, 0)
        while seconds >= self.sit(number).up_s + self.sit(number).up_takes_s:
            number += 1
        return number

    def at(self, seconds: float) -> Seated:
        """How far one sits at a time."""
        sit = self.sit(self.number_at(seconds))
        s = (seconds - sit.down_s) / sit.down_takes_s
        if s <= 0.0:
            return STANDING
        r = (seconds - sit.up_s) / sit.up_takes_s
        return Seated(
            back=smooth((s - 0.04) / 0.76) * (1.0 - smooth((r - 0.24) / 0.62)),
            down=smooth((s - 0.1) / 0.78) * (1.0 - smooth((r - 0.32) / 0.68)),
            lean=smooth(s / 0.55) * (1.0 - smooth((s - 0.62) / 0.5))
            + smooth(r / 0.42) * (1.0 - smooth((r - 0.45) / 0.55)),
            hands=smooth((s - 0.12) / 0.85) * (1.0 - smooth((r - 0.42) / 0.65)),
        )

    def _sit(self, number: int) -> Sit:
        long, fast, slow, *_ = draws(self._seed, "sit", number)
        since = self._beats.start(number) - self._beats.start(0)
        down = _FIRST_S + 3.0 * draws(self._seed, "sit", -1)[3] + since
        return Sit(down, 1.7 + 0.35 * fast, down + 28.0 + 20.0 * long, 1.65 + 0.35 * slow)
