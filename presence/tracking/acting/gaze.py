"""Whom someone looks at: whoever speaks, with glances elsewhere; eyes lead, head and trunk follow.

Listeners look at a speaker most of the time, speakers at their listeners less than half of it and
away while they plan what to say (A. Kendon, "Some functions of gaze-direction in social
interaction", Acta Psychologica 26, 1967).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.tracking.acting.conversation import Conversation, Turn
from presence.tracking.acting.seeded import Beats, Track, draws, smooth

EYES_S = 0.09
"""How long a shift of gaze takes the eyes, the head and the trunk, seconds."""
HEAD_S = 0.55
TRUNK_S = 2.2
_LONGEST_S = TRUNK_S

_HEAD_DELAY_S = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One thing looked at, until the next."""

    start_s: float
    seat: int | None
    """Whom; None: nobody."""
    point: Floats
    """``(3,)`` metres, in one's own place."""
    blinks: bool
    """Whether one blinks as the gaze goes there."""


class Gaze:
    """Where one person looks. Holds caches and no other state."""

    def __init__(
        self, seed: int, conversation: Conversation, seat: int, others: Mapping[int, Floats]
    ) -> None:
        """``others`` gives the point ``(3,)`` between each other's eyes, in one's own place."""
        self._seed = seed
        self._conversation = conversation
        self._seat = seat
        self._others = {other: point for other, point in others.items() if other != seat}
        self._eye_height = float(
            np.mean([point[1] for point in self._others.values()]) if self._others else 1.6
        )
        self._looks_of = lru_cache(maxsize=256)(self._looks)
        # Eyes wander over a face: from one eye to the other, to the mouth.
        beats = Beats(seed, "face scanning", 0.7)
        self._scan = Track(
            beats,
            lambda k: frozen(
                np.array([0.05, 0.06, 0.0]) * (np.array(beats.dice(k)[:3]) - [0.5, 0.7, 0.0])
            ),
        )

    def now(self, seconds: float) -> Look:
        """What the gaze has last turned to."""
        return self._recent(seconds)[0]

    def recent(self, seconds: float, within_s: float) -> list[Look]:
        """What the gaze turned to within the last seconds, latest first."""
        return [look for look in self._recent(seconds) if look.start_s > seconds - within_s]

    def points(self, seconds: float) -> tuple[Floats, Floats, Floats]:
        """``(3,)`` each: where the eyes, the head and the trunk point, in one's own place."""
        looks = self._recent(seconds)
        eyes = _blend(looks, seconds, EYES_S) + self._scan.at(seconds, EYES_S)
        head = _blend(looks, seconds - _HEAD_DELAY_S, HEAD_S)
        return eyes, head, _blend(looks, seconds - _HEAD_DELAY_S, TRUNK_S)

    def _recent(self, seconds: float) -> list[Look]:
        """Looks from the latest back, as far as they still matter."""
        number = self._conversation.turn_at(seconds).number
        found: list[Look] = []
        while not found or found[-1].start_s > seconds - _LONGEST_S - _HEAD_DELAY_S:
            found += [look for look in self._looks_of(number) if look.start_s <= seconds]
            number -= 1
        return found

    def _looks(self, number: int) -> tuple[Look, ...]:
        """What is looked at during a turn, latest first."""
        turn = self._conversation.turn(number)
        looks = []
        when = self._begins(turn)
        end = self._begins(self._conversation.turn(number + 1))
        step = 0
        while when < end - 0.5 or step == 0:
            dice = draws(self._seed, f"look {step}", number)
            seat, lasts = self._choose(turn, step, dice)
            looks.append(Look(when, seat, self._point(seat, dice), dice[6] < 0.55))
            when += lasts
            step += 1
        return tuple(reversed(looks))

    def _begins(self, turn: Turn) -> float:
        """When one notices that the turn has begun; one's own turn, a little before."""
        reaction = draws(self._seed, "reaction", turn.number)[0]
        if turn.speaker == self._seat:
            return turn.start_s - 0.1 * reaction
        return turn.start_s + 0.12 + 0.3 * reaction

    def _choose(self, turn: Turn, step: int, dice: tuple[float, ...]) -> tuple[int | None, float]:
        """Whom to look at, and for how long."""
        seats = sorted(self._others)
        if not seats:
            return None, 1.2 + 3.0 * dice[1]
        someone = seats[int(dice[2] * len(seats))]
        if turn.speaker == self._seat:
            # Speaking: away to think, first of all, and then from one listener to another.
            away = dice[0] < (0.5 if step == 0 else 0.28)
            return (None, 0.6 + 0.8 * dice[1]) if away else (someone, 1.2 + 1.8 * dice[1])
        if turn.speaker is None:
            return (None if dice[0] < 0.3 else someone), 0.9 + 1.6 * dice[1]
        if step % 2 == 0:
            return turn.speaker, 2.2 + 3.2 * dice[1]
        glance = dice[0] < 0.5 or len(seats) < 2
        return (None if glance else someone), 0.6 + 0.6 * dice[1]

    def _point(self, seat: int | None, dice: tuple[float, ...]) -> Floats:
        if seat is not None:
            return self._others[seat]
        # Away: past somebody, to a side and more often down than up.
        seats = sorted(self._others)
        toward = self._others[seats[int(dice[3] * len(seats))]] if seats else None
        bearing = 0.0 if toward is None else float(np.arctan2(toward[0], -toward[2]))
        aside = (0.14 + 0.26 * dice[4]) * (1.0 if dice[3] * 7.0 % 1.0 < 0.5 else -1.0)
        bearing = 0.8 * bearing + aside
        drop = -0.6 + 0.85 * dice[5]
        return frozen(
            np.array([2.0 * np.sin(bearing), self._eye_height + drop, -2.0 * np.cos(bearing)])
        )


def _blend(looks: list[Look], seconds: float, width_s: float) -> Floats:
    """The point looked at when each shift takes ``width_s``: steps convolved with a bell."""
    total = np.zeros(3)
    come = 0.0
    for look in looks:
        before = smooth((seconds - look.start_s) / width_s)
        if before > come:
            total += (before - come) * look.point
            come = before
        if come >= 1.0:
            break
    return total
