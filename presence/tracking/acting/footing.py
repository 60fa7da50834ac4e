"""Where the feet are: planted, and moved only by steps.

Now and then people set their feet anew; they turn on the spot when what they want to see is too
far round for trunk and neck. A turn is a row of steps: the foot on its inside opens, the other
follows, each no further than hips turn with ease. A foot that bears weight never moves.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions
from presence.pose.quaternion import quat_from_axis_angle, quat_mul
from presence.pose.rigid import RIGHT, UP
from presence.pose.skeleton import INDEX
from presence.tracking.acting.seeded import Beats, draws, pulse, smooth
from presence.tracking.acting.sitting import Sitting

COMFORT = math.radians(50.0)
"""How far round one looks without moving one's feet."""
_STRIDE = math.radians(34.0)
"""How far a foot turns in one step."""
_CHAPTER_S = 60.0
_GAP_S = 0.16
"""Between two steps both feet are down."""
_TURN_S = 7.0
"""Longer than turning right round takes."""
_LEAD_S, _TRAIL_S = 0.34, 0.3
"""How long before and after a step the body moves with it."""
SEAT_AHEAD = 0.16
"""How far ahead of the middle of the place the feet of somebody seated are, of the hips' height."""

Spot = tuple[float, float, float]
"""Of a foot or of the whole stance: x and z in metres in ``place``, and radians to the left."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where both feet stand."""

    left: Spot
    right: Spot


@dataclass(frozen=True, slots=True)
class Step:
    """One foot's way from one spot to another."""

    foot: int
    """0 left, 1 right."""
    lift_s: float
    land_s: float
    begin: Spot
    end: Spot
    high: float
    """Metres that the ankle is lifted."""
    load: float
    """How far the weight goes onto the other foot meanwhile: −1 the left, 1 the right."""


@dataclass(frozen=True, slots=True, eq=False)
class Feet:
    """The feet at a moment, and what the body makes of them."""

    ankles: Floats
    """``(2, 3)`` metres, in ``place``."""
    ground: Floats
    """``(2, 3)`` the same without the lifting of a foot that steps."""
    rotations: Floats
    """``(2, 4)`` xyzw."""
    planted: tuple[bool, bool]
    middle: Spot
    """Between the feet, smoothed over steps."""
    load: float
    """Where steps send the weight: −1 onto the left foot to 1 onto the right."""
    stepping: float
    """How far the weight is the steps' affair, 0 to 1."""


class Footing:
    """One person's feet. Holds caches and no other state."""

    def __init__(
        self,
        seed: int,
        body: Proportions,
        facing: Callable[[float], float] | None = None,
        changes: Callable[[float, float], list[tuple[int, float]]] | None = None,
        sitting: Sitting | None = None,
    ) -> None:
        """Make feet for a body.

        Args:
            seed: of the person.
            body: their measures.
            facing: given seconds, radians to the left at which that is which they turn to.
            changes: given seconds from and until, when something else, far aside or back again,
                is turned to, and numbers of those times.
            sitting: when they sit, if ever.
        """
        own = draws(seed, "stance", 0)
        self._seed = seed
        self._facing = facing or (lambda seconds: 0.0)
        self._changes = changes or (lambda begin, end: [])
        self._sitting = sitting
        self._size = body.hips_height / 0.93
        self._half_width = (0.105 + 0.03 * own[0]) * self._size
        self._ahead = (own[1] - 0.5) * 0.07 * self._size
        self._toes_out = math.radians(7.0 + 8.0 * own[2])
        self._ankles = -body.soles[:, 1]
        toes = body.offsets[[INDEX["leftToes"], INDEX["rightToes"]]] + body.toes
        self._toe_length = float(np.abs(toes[:, 2]).max())
        self._beats = Beats(seed, "stances", 15.0, 0.5)
        self._chapter = lru_cache(maxsize=8)(self._chapter_of)
        self._story = lru_cache(maxsize=4)(self._story_of)
        self._still = lru_cache(maxsize=8)(self._still_of)

    def at(self, seconds: float) -> Feet:
        """The feet at a time."""
        number = self._number(seconds)
        steps, middles, starts = self._story(number)
        last = bisect_right(starts, seconds + _LEAD_S) - 1
        if last < 0 or seconds > steps[last].land_s + _TRAIL_S:
            return self._still(number, last)
        return self._moving(steps, middles, last, seconds)

    def seat_spot(self) -> Spot:
        """The middle of the stance that one sits down from."""
        return (0.0, -SEAT_AHEAD * self._size, 0.0)

    def _moving(self, steps: list[Step], middles: list[Spot], last: int, seconds: float) -> Feet:
        spots: list[Spot | None] = [None, None]
        lifts, tips = [0.0, 0.0], [0.0, 0.0]
        planted = [True, True]
        load, free = 0.0, 1.0
        first = last
        while first >= 0 and seconds < steps[first].land_s + _TRAIL_S:
            first -= 1
        middle = list(middles[first + 1])
        for i in range(first + 1, last + 1):
            step = steps[i]
            takes = step.land_s - step.lift_s
            went = smooth((seconds - step.lift_s + _LEAD_S) / (takes + _LEAD_S + _TRAIL_S))
            for axis in range(3):
                middle[axis] += 0.5 * went * (step.end[axis] - step.begin[axis])
            bears = pulse(
                seconds - step.lift_s + _LEAD_S,
                _LEAD_S + 0.05,
                0.6 * takes - 0.05,
                0.4 * takes + _TRAIL_S,
            )
            load += bears * step.load
            free *= 1.0 - bears
            u = (seconds - step.lift_s) / takes
            if spots[step.foot] is None or u > 0.0:
                spots[step.foot] = _between(step.begin, step.end, smooth(u))
            if 0.0 < u < 1.0:
                planted[step.foot] = False
                far = math.hypot(step.end[0] - step.begin[0], step.end[1] - step.begin[1])
                tips[step.foot] = min(0.3, 1.6 * far) * _bump(u / 0.7)
                lifts[step.foot] = step.high * _bump(u)
        for foot in range(2):
            if spots[foot] is None:
                spots[foot] = self._spot_before(steps, first + 1, foot)
        found = [spot for spot in spots if spot is not None]
        return self._feet(found, lifts, tips, planted, (*middle,), load, 1.0 - free)  # type: ignore[arg-type]

    def _feet(
        self,
        spots: list[Spot],
        lifts: list[float],
        tips: list[float],
        planted: list[bool],
        middle: Spot,
        load: float,
        stepping: float,
    ) -> Feet:
        ground = np.array([(spot[0], self._ankles[i], spot[1]) for i, spot in enumerate(spots)])
        rotations = quat_from_axis_angle(UP, np.array([spots[0][2], spots[1][2]]))
        ankles = ground
        if not all(planted):
            # The heel leaves first: the foot turns about the tip of its toes.
            tip = np.array(tips)
            rotations = quat_mul(rotations, quat_from_axis_angle(RIGHT, -tip))
            ankles = ground.copy()
            ankles[:, 1] += np.array(lifts) + self._toe_length * np.sin(tip)
        return Feet(ankles, ground, rotations, (planted[0], planted[1]), middle, load, stepping)

    def _still_of(self, number: int, last: int) -> Feet:
        """The feet between steps, after step ``last`` of a story."""
        steps, middles, _ = self._story(number)
        spots = [self._spot_before(steps, last + 1, foot) for foot in range(2)]
        return self._feet(spots, [0.0, 0.0], [0.0, 0.0], [True, True], middles[last + 1], 0.0, 0.0)

    def _spot_before(self, steps: list[Step], before: int, foot: int) -> Spot:
        for step in reversed(steps[:before]):
            if step.foot == foot:
                return step.end
        for step in steps[before:]:
            if step.foot == foot:
                return step.begin
        base = self._placement((0.0, 0.0, 0.0))
        return base.left if foot == 0 else base.right

    def _number(self, seconds: float) -> int:
        if self._sitting is None:
            return math.floor(seconds / _CHAPTER_S)
        return self._sitting.number_at(seconds)

    def _story_of(self, number: int) -> tuple[list[Step], list[Spot], list[float]]:
        """The steps of a chapter and the one before, and the middle between the feet before each,
        and after the last.
        """
        standing = self._last_of(number - 2)
        steps: list[Step] = []
        for chapter in (number - 1, number):
            for when, stance in self._chapter(chapter):
                # Feet that are still on the move finish first.
                free = steps[-1].land_s + 2.0 * _GAP_S if steps else when
                steps += self._steps(max(when, free), standing, stance)
                standing = stance
        spots = [self._last_of(number - 2).left, self._last_of(number - 2).right]
        middles = [_between(spots[0], spots[1], 0.5)]
        for step in steps:
            spots[step.foot] = step.end
            middles.append(_between(spots[0], spots[1], 0.5))
        if not steps:
            # Stands still: two steps that go nowhere, long ago, say where.
            spot_steps = [Step(i, -1e9, -1e9, spots[i], spots[i], 0.0, 0.0) for i in range(2)]
            return spot_steps, [middles[0]] * 3, [-1e9, -1e9]
        return steps, middles, [step.lift_s for step in steps]

    def _last_of(self, chapter: int) -> Placement:
        events = self._chapter(chapter)
        return events[-1][1] if events else self._placement((0.0, 0.0, 0.0))

    def _chapter_of(self, number: int) -> list[tuple[float, Placement]]:
        """When the feet are set anew in a chapter, and where."""
        if self._sitting is None:
            begin, end = number * _CHAPTER_S, (number + 1) * _CHAPTER_S
            return self._standing(begin, end - _TURN_S)
        if number < 0:
            return []
        sit = self._sitting.sit(number)
        begin = 1.0
        if number > 0:
            before = self._sitting.sit(number - 1)
            begin = before.up_s + before.up_takes_s + 1.0
        events = self._standing(begin, sit.down_s - 2.6 - _TURN_S)
        seat = self.seat_spot()
        events.append((sit.down_s - 2.6, self._placement(seat)))
        seated_s = sit.down_s + sit.down_takes_s
        events.append((seated_s + 1.0, self._stretched(seat, number)))
        events += [
            (t, self._stretched(seat, k)) for k, t in self._beats_within(seated_s + 5, sit.up_s - 5)
        ]
        tucked = (seat[0], seat[1] + 0.05 * self._size, seat[2])
        events.append((sit.up_s - 1.5, self._placement(tucked)))
        return events

    def _standing(self, begin: float, end: float) -> list[tuple[float, Placement]]:
        events = [
            *((t, self._anew(k, t)) for k, t in self._beats_within(begin, end)),
            *((t, self._anew(-k, t)) for k, t in self._changes(begin, end)),
        ]
        return sorted(events, key=lambda event: event[0])

    def _beats_within(self, begin: float, end: float) -> list[tuple[int, float]]:
        first = self._beats.at(begin) + 1
        beats = []
        while (start := self._beats.start(first)) < end:
            beats.append((first, start))
            first += 1
        return beats

    def _anew(self, beat: int, when: float) -> Placement:
        """How one stands from a time on, turned to what is of interest then."""
        bearing = self._facing(when + 0.4)
        beyond = max(abs(bearing) - COMFORT, 0.0)
        if beyond > 0.05:
            # Once the feet move, they turn far enough for the neck to be at ease.
            beyond += 0.3 * COMFORT
        across, ahead, turn, wide, *_ = self._beats.dice(beat)
        scatter = 0.05 * self._size
        spot = (
            scatter * (across - 0.5),
            scatter * (ahead - 0.5),
            math.copysign(beyond, bearing) + 0.16 * (turn - 0.5),
        )
        return self._placement(spot, 0.8 + 0.35 * wide)

    def _stretched(self, seat: Spot, number: int) -> Placement:
        """How the feet stand in front of somebody seated."""
        left, right, wide, *_ = draws(self._seed, "seated feet", number)
        base = self._placement(seat, 0.85 + 0.4 * wide)
        forward = 0.10 * self._size
        return Placement(
            (base.left[0], base.left[1] - forward * left, base.left[2]),
            (base.right[0], base.right[1] - forward * right, base.right[2]),
        )

    def _placement(self, spot: Spot, wide: float = 1.0) -> Placement:
        x, z, heading = spot
        c, s = math.cos(heading), math.sin(heading)
        feet = []
        for side in (-1.0, 1.0):
            out, ahead = side * wide * self._half_width, -side * self._ahead
            turned = (x + c * out + s * ahead, z - s * out + c * ahead)
            feet.append((*turned, heading - side * self._toes_out))
        return Placement(feet[0], feet[1])

    def _steps(self, when: float, begin: Placement, end: Placement) -> list[Step]:
        """The way from one stance to another, each foot in its turn."""
        turn = end.left[2] - begin.left[2]
        strides = max(1, math.ceil(abs(turn) / _STRIDE))
        first = 0 if turn > 0.0 else 1
        steps = []
        feet = (begin.left, begin.right)
        ways = ((begin.left, end.left), (begin.right, end.right))
        pivot = _between(begin.left, begin.right, 0.5), _between(end.left, end.right, 0.5)
        at = list(feet)
        for stride in range(1, strides + 1):
            for foot in (first, 1 - first):
                to = _round(ways[foot], pivot, stride / strides)
                far = math.hypot(to[0] - at[foot][0], to[1] - at[foot][1])
                round_ = abs(to[2] - at[foot][2])
                if far == 0.0 and round_ == 0.0:
                    continue
                takes = 0.4 + 0.35 * far + 0.08 * round_
                high = min(0.022 + 0.16 * far, 0.075) * self._size
                load = min(0.75, 0.32 + far + 0.3 * round_) * (1.0 if foot == 0 else -1.0)
                steps.append(Step(foot, when, when + takes, at[foot], to, high, load))
                at[foot] = to
                when += takes + _GAP_S
        return steps


def _between(a: Spot, b: Spot, share: float) -> Spot:
    return (
        a[0] + share * (b[0] - a[0]),
        a[1] + share * (b[1] - a[1]),
        a[2] + share * (b[2] - a[2]),
    )


def _round(way: tuple[Spot, Spot], pivot: tuple[Spot, Spot], share: float) -> Spot:
    """A part of a foot's way, round the middle of the stance rather than across it."""
    if share >= 1.0:
        return way[1]
    arms = []
    for spot, middle in zip(way, pivot, strict=True):
        c, s = math.cos(-middle[2]), math.sin(-middle[2])
        x, z = spot[0] - middle[0], spot[1] - middle[1]
        arms.append((c * x + s * z, -s * x + c * z, spot[2] - middle[2]))
    arm, middle = _between(arms[0], arms[1], share), _between(*pivot, share)
    c, s = math.cos(middle[2]), math.sin(middle[2])
    return (
        middle[0] + c * arm[0] + s * arm[1],
        middle[1] - s * arm[0] + c * arm[1],
        middle[2] + arm[2],
    )


def _bump(u: float) -> float:
    """From 0 to 1 and back within 0 < u < 1, without a jump in speed or acceleration."""
    return (4.0 * u * (1.0 - u)) ** 3 if 0.0 < u < 1.0 else 0.0
