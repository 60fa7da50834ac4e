"""Whom someone looks at: whoever speaks, with glances elsewhere; eyes lead, head and trunk follow.

Listeners look at a speaker three quarters of the time, speakers at their listeners two fifths of
it and away while they plan what to say (A. Kendon, "Some functions of gaze-direction in social
interaction", Acta Psychologica 26, 1967; M. Argyle and M. Cook, "Gaze and Mutual Gaze", 1976).
The eyes jump: a saccade of an angle takes 21 ms and 2.2 ms a degree more (A. T. Bahill, M. R.
Clark and L. Stark, "The main sequence", Mathematical Biosciences 24, 1975).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.tracking.acting.conversation import Conversation, Turn
from presence.tracking.acting.seeded import Beats, Track, draws, smooth

EYES_S = 0.06
"""How long small shifts of the eyes take, seconds."""
HEAD_S = 0.55
TRUNK_S = 2.2
_LONGEST_S = TRUNK_S
_HEAD_DELAY_S = 0.06
_SACCADE_S, _SACCADE_S_PER_RADIAN = 0.021, 0.0022 * 180.0 / np.pi
_LARGE = np.radians(12.0)
"""Shifts above this often come with a blink (C. Evinger et al., "Not looking while leaping", Exp.
Brain Research 100, 1994)."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One thing looked at, until the next."""

    start_s: float
    seat: int | None
    """Whom; None: nobody."""
    bearing: Floats
    """``(3,)`` to the left and up, radians, and metres away, from where one's eyes are at rest."""
    takes_s: float
    """How long the eyes take to get there."""
    blinks: bool
    """Whether one blinks as the gaze goes there."""


class Gaze:
    """Where one person looks. Holds caches and no other state.

    Looks are blended by their bearings, so that a gaze that goes from someone far on the left to
    someone far on the right passes ahead and never through oneself.
    """

    def __init__(
        self,
        seed: int,
        conversation: Conversation,
        seat: int,
        others: Mapping[int, Floats],
        eye_height: float,
    ) -> None:
        """``others`` gives the point ``(3,)`` between each other's eyes, in one's own place.

        ``eye_height`` is that of one's own eyes, metres.
        """
        self._seed = seed
        self._conversation = conversation
        self._seat = seat
        self._eyes = np.array([0.0, eye_height, -0.08])
        self.others: Mapping[int, Floats] = {
            other: _bearing(point - self._eyes) for other, point in others.items() if other != seat
        }
        """``(3,)`` each: to the left and up, radians, and metres away, of everyone else."""
        self._looks_of = lru_cache(maxsize=256)(self._looks)
        # Eyes wander over a face: from one eye to the other, to the mouth.
        beats = Beats(seed, "face scanning", 0.9)
        self._scan = Track(
            beats,
            lambda k: frozen(
                np.array([0.032, 0.038, 0.0]) * (np.array(beats.dice(k)[:3]) - [0.5, 0.7, 0.0])
            ),
        )

    def now(self, seconds: float) -> Look:
        """What the gaze has last turned to."""
        return self._recent(seconds)[0]

    def recent(self, seconds: float, within_s: float) -> list[Look]:
        """What the gaze turned to within the last seconds, latest first."""
        return [look for look in self._recent(seconds) if look.start_s > seconds - within_s]

    def points(self, seconds: float) -> tuple[Floats, float, float, float]:
        """Where one looks: ``(3,)`` the point that the eyes are on, in one's own place, and the
        radians to the left and up for the head, and to the left for the trunk.
        """
        looks = self._recent(seconds)
        eyes = _blend(looks, seconds) + self._scan.at(seconds, EYES_S)
        head = _blend(looks, seconds - _HEAD_DELAY_S, HEAD_S).tolist()
        trunk = _blend(looks, seconds - _HEAD_DELAY_S, TRUNK_S).tolist()
        return self._eyes + _from_bearing(eyes), head[0], head[1], trunk[0]

    def bearing_of(self, seat: int) -> float:
        """Radians to the left at which another is."""
        return float(self.others[seat][0])

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
        looks: list[Look] = []
        when = self._begins(turn)
        end = self._begins(self._conversation.turn(number + 1))
        step = 0
        before = np.zeros(3)
        while when < end - 0.5 or step == 0:
            dice = draws(self._seed, f"look {step}", number)
            seat, lasts = self._choose(turn, step, dice)
            bearing = self._aim(turn, step, seat, dice)
            angle = float(np.hypot(*(bearing - before)[:2])) if step else 0.35
            takes = _SACCADE_S + _SACCADE_S_PER_RADIAN * angle
            blinks = angle > _LARGE and dice[6] < 0.3
            looks.append(Look(when, seat, bearing, takes, blinks))
            before = bearing
            when += lasts
            step += 1
        return tuple(reversed(looks))

    def _begins(self, turn: Turn) -> float:
        """When one notices that the turn has begun; one's own turn, a little before."""
        reaction = draws(self._seed, "reaction", turn.number)[0]
        if turn.speaker == self._seat:
            return turn.ready_s - 0.1 * reaction
        return turn.ready_s + 0.12 + 0.3 * reaction

    def _choose(self, turn: Turn, step: int, dice: tuple[float, ...]) -> tuple[int | None, float]:
        """Whom to look at, and for how long."""
        seats = sorted(self.others)
        if not seats:
            return None, 1.2 + 3.0 * dice[1]
        someone = seats[int(dice[2] * len(seats))]
        if turn.speaker == self._seat:
            # Speaking: away to think, first of all, and then by turns away and at a listener.
            if step == 0 and turn.thinks:
                return None, turn.start_s - turn.ready_s + 0.25
            away = dice[0] < 0.5
            return (None, 0.8 + 1.4 * dice[1]) if away else (someone, 0.9 + 1.5 * dice[1])
        if turn.speaker is None:
            return (None if dice[0] < 0.3 else someone), 0.9 + 1.6 * dice[1]
        if step % 2 == 0:
            speaker = turn.speaker if turn.speaker in self.others else None
            return speaker, 1.5 + 2.4 * dice[1]
        glance = dice[0] < 0.6 or len(seats) < 2
        return (None if glance else someone), 0.7 + 0.9 * dice[1]

    def _aim(self, turn: Turn, step: int, seat: int | None, dice: tuple[float, ...]) -> Floats:
        if seat is not None:
            return self.others[seat]
        # Away: past somebody, to a side and more often down than up; who thinks looks up as often.
        seats = sorted(self.others)
        toward = float(self.others[seats[int(dice[3] * len(seats))]][0]) if seats else 0.0
        side = 1.0 if dice[3] * 7.0 % 1.0 < 0.5 else -1.0
        up = -0.3 + 0.42 * dice[5]
        if turn.speaker == self._seat and step == 0 and turn.thinks:
            up = 0.16 + 0.12 * dice[5] if dice[2] < 0.6 else -0.3
            # The same draw that cocks the head: eyes and head go to one side.
            side = 1.0 if draws(self._seed, "thought", turn.number)[1] < 0.5 else -1.0
            toward *= 0.5
        return frozen(np.array([0.8 * toward + side * (0.14 + 0.26 * dice[4]), up, 2.0]))


def _bearing(away: Floats) -> Floats:
    flat = float(np.hypot(away[0], away[2]))
    yaw, pitch = np.arctan2(-away[0], -away[2]), np.arctan2(away[1], flat)
    return frozen(np.array([yaw, pitch, np.linalg.norm(away)]))


def _from_bearing(bearing: Floats) -> Floats:
    yaw, pitch, far = bearing
    flat = far * np.cos(pitch)
    return np.array([-flat * np.sin(yaw), far * np.sin(pitch), -flat * np.cos(yaw)])


def _blend(looks: list[Look], seconds: float, width_s: float | None = None) -> Floats:
    """What is looked at when each shift takes ``width_s``: steps convolved with a bell.

    Without a width, each takes the time of its own that the eyes need.
    """
    total = np.zeros(3)
    come = 0.0
    for look in looks:
        before = smooth((seconds - look.start_s) / (width_s or look.takes_s))
        if before > come:
            total += (before - come) * look.bearing
            come = before
        if come >= 1.0:
            break
    return total
