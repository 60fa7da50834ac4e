"""What is under a head: trunk, seat and feet, each in accord with the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from presence.pose.sample import Contact
from presence.tracking.acting.seeded import Noise
from presence.tracking.filling.following import Share, Spring
from presence.tracking.filling.gait import Gait
from presence.tracking.filling.legs import Leg, Legs
from presence.tracking.filling.measures import OUTWARD, Measures
from presence.tracking.filling.seat import Seat
from presence.tracking.filling.seen import Known, Placed
from presence.tracking.filling.steps import Spot, Steps
from presence.tracking.filling.trunk import Carriage, Trunk
from presence.tracking.single import (
    Quat,
    Vec,
    added,
    facing_of,
    from_yaw,
    length,
    mixed,
    rotate,
    scaled,
    taken,
    yaw_of,
)

_GOING_S, _PACE_S = 0.12, 0.4
_FASTEST = 4.0
_TOES_OUT = math.radians(7.0)
"""Feet stand at 14° to each other, their ankles hardly further apart than the hips (W. E. McIlroy
and B. E. Maki, "Preferred placement of the feet during quiet stance", Clin. Biomech. 12, 1997)."""
_STANCE = 1.1
_HEEL = 0.02
"""Metres that an ankle is behind the middle of what bears weight, for hips 0.93 m high."""
_UPRIGHT = 0.7
_NEAR_FLOOR, _SLOW = 0.03, 0.25
"""A tracked foot stands that is so near to the floor and so slow, metres and metres a second."""
_NO_WAY: Vec = (0.0, 0.0, 0.0)
_FOOT_CONTACTS = (Contact.LEFT_FOOT, Contact.RIGHT_FOOT)


@dataclass(frozen=True, slots=True)
class Under:
    """Trunk and legs at a moment."""

    trunk: Trunk
    legs: tuple[Leg, Leg]
    seated: float
    """How far the person sits, 0 to 1."""
    stride: float
    """Metres by which the right foot is ahead of the left, half of it."""
    contacts: Contact


class Body:
    """One person's trunk, seat and feet. State: those of its parts."""

    def __init__(self, measures: Measures, seed: int | None) -> None:
        """Take a body's measures; ``seed`` is of how it sways, None: not at all."""
        self._m = measures
        self._carriage = Carriage(measures)
        self._steps, self._seat = Steps(measures.size), Seat(measures.size)
        self._legs = Legs(measures)
        self._gait = Gait(measures.size)
        self._going = Spring(_GOING_S)
        self._hips, self._footed = Share(), Share()
        self._feet = (Share(), Share())
        self._footing: list[Placed | None] = [None, None]
        self._sway = None if seed is None else Noise(seed, "filled sway", 2, 0.3)
        self._tips = (0.0, 0.0)
        self._pace, self._speed = Spring(_PACE_S), _NO_WAY
        self.trunk: Trunk | None = None

    @property
    def sits(self) -> bool:
        """Whether the person sits, or is about to."""
        return self._seat.sits

    def neck(self, head: Placed, trunk: Trunk) -> tuple[Vec, Quat]:
        """Where the neck begins, and its own turn."""
        return self._carriage.neck(head, trunk.chest_turn)

    def moved(self, at: Vec, turn: float, way: Vec) -> None:
        """The place jumped: all turns about ``at`` to the left, and then goes a ``way``."""
        self._carriage.turned(turn)
        self._steps.moved((at[0], at[2], turn, way[0], way[2]))
        spot = self._seat.spot
        if spot is not None:
            spot = added(rotate(from_yaw(turn), taken(spot, at)), added(at, way))
        self._seat.moved(spot)
        self._going.at = None
        self._gait.moved()

    def at(
        self,
        head: Placed,
        wrists: tuple[Vec | None, Vec | None],
        hips: Known,
        feet: Sequence[Known],
        now_s: float,
        dt: float,
    ) -> Under:
        """What is under a head.

        Args:
            head: the point between the eyes, and how the head is turned.
            wrists: of the hands that are tracked.
            hips: as far as a sensor knows them.
            feet: likewise the ankles.
            now_s: the time.
            dt: seconds since the last.
        """
        m = self._m
        first = self.trunk is None
        if self.trunk is None:
            heading = facing_of(hips.turn if hips.turned else head[1])
            self._carriage.start(heading)
            self._steps.start(self._wanted(head[0], heading, 0.0))
            chest_turn = from_yaw(heading)
        else:
            chest_turn = self.trunk.chest_turn
        neck, _ = self._carriage.neck(head, chest_turn)
        low, bent = m.neck_height - neck[1], inclined(head[1])
        if first:
            self._seat.start(low, bent)
        x, z = self._steps.middle
        facing = self._steps.heading
        behind = math.sin(facing) * (neck[0] - x) + math.cos(facing) * (neck[2] - z)
        seated = self._seat.at(now_s, dt, neck, low, bent, behind)
        base = None
        if not first:
            # A lean that comes and goes with each step would jerk the hips.
            footed = self._footed.towards(1.0 if self._steps.both_down else 0.0, dt)
            base = ((x, 0.0, z), footed)
        trunk = self._carriage.at(
            head,
            wrists,
            facing,
            base,
            self._seat.spot,
            seated,
            self._swaying(now_s),
            self._speed,
            dt,
        )
        share = self._hips.towards(1.0 if hips.sure > 0.0 and hips.turned else 0.0, dt)
        if hips.sure > 0.0 and hips.turned:
            self._tracked_hips: Placed = (hips.at, hips.turn)
        if share > 0.0:
            trunk = self._carriage.hung_from(head, trunk, self._tracked_hips, share)
        self.trunk = trunk
        self._follow_seat(trunk, dt)
        velocity = self._velocity(trunk)
        self._speed = self._pace.follow(velocity, dt)
        stride = self._gait.at(trunk.neck, trunk.hips_heading, wrists, low, dt)
        self._going.follow(trunk.hips, dt)
        middle = mixed(trunk.hips, trunk.neck, 0.5)
        if seated > 0.0:
            lap = 0.85 * length(m.thigh[0])
            ahead = rotate(from_yaw(trunk.hips_heading), (0.0, 0.0, -lap))
            # To begin with the trunk leans as if over no seat, and is about to be upright.
            middle = mixed(middle, added(trunk.neck if first else trunk.hips, ahead), seated)
        wanted = self._wanted(middle, trunk.hips_heading, seated)
        if first:
            self._steps.start(wanted)
        standing = self._steps.at(
            now_s,
            dt,
            wanted,
            (velocity[0], velocity[2]),
            self._legs.over(trunk),
            seated,
            self._legs.reach(trunk),
            self._tips,
            velocity[1],
            low,
            stride,
        )
        contacts = Contact.SEAT if seated >= 0.999 else Contact.NONE
        legs = []
        for i in range(2):
            pose = (standing.spots[i], standing.heights[i], standing.tips[i])
            leg = self._legs.at(i, trunk, *pose)
            down = standing.down[i] and leg.touches
            known = feet[i].sure > 0.0
            tracked = self._feet[i].towards(1.0 if known else 0.0, dt)
            if tracked > 0.0:
                leg, down = self._tracked_leg(i, trunk, leg, feet[i], tracked, dt)
            contacts |= _FOOT_CONTACTS[i] if down else Contact.NONE
            legs.append(leg)
        self._tips = (legs[0].tip, legs[1].tip)
        (a, b) = standing.spots
        c, s = math.cos(trunk.hips_heading), math.sin(trunk.hips_heading)
        apart = 0.5 * (-s * (b[0] - a[0]) - c * (b[1] - a[1]))
        return Under(trunk, (legs[0], legs[1]), seated, apart, contacts)

    def _tracked_leg(
        self, side: int, trunk: Trunk, made_up: Leg, foot: Known, share: float, dt: float
    ) -> tuple[Leg, bool]:
        """A leg to where a sensor sees the foot, by ``share``; and whether the foot stands."""
        before = self._footing[side]
        if foot.sure > 0.0:
            turn = foot.turn if foot.turned else made_up.sole
            self._footing[side] = (foot.at, turn)
        at, turn = self._footing[side] or (made_up.ankle, made_up.sole)
        leg = self._legs.to(side, trunk, at, turn, made_up, share)
        if foot.sure <= 0.0:
            return leg, made_up.touches and share < 0.01
        # Where the foot is lost, it stands from then on.
        self._steps.put(side, (at[0], at[2], yaw_of(turn)))
        went = 0.0 if before is None or dt <= 0.0 else length(taken(at, before[0])) / dt
        return leg, at[1] - self._m.ankle < _NEAR_FLOOR and went < _SLOW

    def _velocity(self, trunk: Trunk) -> Vec:
        """Metres a second of the hips."""
        before = self._going.at
        if before is None:
            return _NO_WAY
        # A spring that lags by so many seconds is behind by that much of the speed.
        speed = scaled(taken(trunk.hips, before), 1.0 / _GOING_S)
        return scaled(speed, min(1.0, _FASTEST / max(length(speed), 1e-9)))

    def _follow_seat(self, trunk: Trunk, dt: float) -> None:
        if not self._seat.sits:
            return
        spot = self._seat.spot
        if spot is None:
            # Whoever has just sat down sits more upright than they sat down.
            self._seat.spot = mixed(trunk.hips, (trunk.neck[0], 0.0, trunk.neck[2]), _UPRIGHT)
        else:
            # A seat gives way to where one really sits, slowly.
            near = 1.0 - math.exp(-dt / 4.0)
            self._seat.spot = mixed(spot, (trunk.neck[0], 0.0, trunk.neck[2]), near)

    def _wanted(self, middle: Vec, heading: float, seated: float) -> tuple[Spot, Spot]:
        """Where each foot would stand best under a body whose weight is at ``middle``."""
        m = self._m
        c, s = math.cos(heading), math.sin(heading)
        back = _HEEL * m.size
        spots = []
        for i in range(2):
            out = _STANCE * m.hip[i][0] * (1.0 + 0.15 * seated)
            x, z = middle[0] + c * out + s * back, middle[2] - s * out + c * back
            spots.append((x, z, heading - OUTWARD[i] * _TOES_OUT))
        return spots[0], spots[1]

    def _swaying(self, now_s: float) -> Vec:
        if self._sway is None:
            return _NO_WAY
        sway = self._sway.at(now_s).tolist()
        return (0.006 * sway[0], 0.0, 0.008 * sway[1])


def inclined(turn: Quat) -> float:
    """Radians by which something is bent from upright."""
    up = rotate(turn, (0.0, 1.0, 0.0))
    return math.acos(min(max(up[1], -1.0), 1.0))
