"""The trunk between head and legs: which way it faces, how it leans, where the hips are."""

from __future__ import annotations

import math
from dataclasses import dataclass

from presence.tracking.acting.seeded import smooth
from presence.tracking.filling.following import Spring
from presence.tracking.filling.measures import Measures
from presence.tracking.single import (
    Quat,
    Vec,
    added,
    between,
    conjugate,
    cross,
    dot,
    facing_of,
    from_rotvec,
    from_yaw,
    length,
    mixed,
    mul,
    rotate,
    scaled,
    share_of,
    taken,
    wrapped,
    yaw_of,
)

NECK_SHARE = 0.42
"""Of the head's turn against the chest, what the neck does."""
SPINE_SHARES = (0.3, 0.34, 0.36)
"""Of the chest's turn against the hips, in spine, chest and upper chest."""
_HIPS_LEAN = 0.6
"""How far the hips lean, of the whole trunk, from hips to neck: the rest is the back's bending."""
_BASE = 0.5
_SQUAT = 1.6
"""Radians that the trunk leans for each metre that the head goes down level, for hips 0.93 m high:
some 45° in a squat of half a metre."""
_SLACK = 0.04
"""Metres that people are lower than when they were measured without leaning."""
_STOOP = math.radians(60.0)
"""How far the head looks down when all of the way down is the trunk's leaning."""
_LIES = 0.12
"""Metres over the floor that the hips of whoever lies are."""
_SEAT_GIVES = 0.1
"""Metres that hips may be higher than sitting upright has them and still be on the seat."""
_MOST = math.radians(95.0)
_LOOKS = math.radians(40.0)
"""How far aside of where the feet point one looks with the neck."""
_FOLLOWS = 0.4
"""How far the chest turns with such a look."""
_FEET_SAY, _HANDS_SAY = 0.3, 3.0
"""How much feet, and the line between two hands that are an arm's length apart, say of where the
chest faces, of what the head does."""
_CROSSED = 0.6
"""The sine of how far beyond sideways, and turned the wrong way, a line is that says nothing."""
_WALKS, _SWING = (0.4, 1.2), 0.6
"""Metres a second between which hands come to swing, and how much less they say then."""
_HIPS_FOLLOW = 0.9
"""How far the hips turn with the chest before the feet do."""
_HALF_WIDTH, _HALF_DEPTH = 0.19, 0.14
"""Metres from the middle of a trunk to a wrist beside and before it, for hips 0.93 m high."""
_BEHIND = 0.06
"""From how far behind the middle of the trunk a hand is behind the back."""
_BEFORE = 0.4
"""Of the way to the front, where something is no longer beside or behind."""
_BENT = 0.85
"""Of an arm's length, how far away the wrist of a bent one is."""
_CHEST, _LAP = 0.3, 1.3
"""Of the way from neck to hips, between which a hand says where the trunk is not."""
_GIVES_WAY = math.radians(25.0)
_TURNS_S = 0.06
_LEANS_S = 0.12


@dataclass(frozen=True, slots=True)
class Trunk:
    """The trunk at a moment, in ``place``."""

    hips: Vec
    hips_turn: Quat
    spine_turn: Quat
    """What each of the three joints adds is its share of this, in the hips' axes."""
    chest: Vec
    """The joint of the upper chest."""
    chest_turn: Quat
    neck: Vec
    heading: float
    """Radians to the left that the chest faces."""
    hips_heading: float
    lean: Vec
    """The rotation vector of the whole trunk's leaning, in the axes of its heading."""


class Carriage:
    """How one person carries the trunk. State: heading and lean, as they follow what is seen."""

    def __init__(self, measures: Measures) -> None:
        """Take a body's measures."""
        self._m = measures
        self._turn = Spring(_TURNS_S)
        self._leaning = Spring(_LEANS_S)
        self._last: tuple[float, float, Vec] = (0.0, 0.0, (0.0, 0.0, 0.0))

    def start(self, heading: float) -> None:
        """Forget what was, and face so."""
        self._turn.at = None
        self._leaning.at = None
        self._last = (heading, heading, (0.0, 0.0, 0.0))

    def turned(self, by: float) -> None:
        """The whole of the place was turned to the left by radians."""
        self._last = (self._last[0] + by, self._last[1] + by, self._last[2])
        if self._turn.at is not None:
            self._turn.at = (self._turn.at[0] + by, self._turn.at[1] + by, 0.0)

    def neck(self, head: tuple[Vec, Quat], chest_turn: Quat) -> tuple[Vec, Quat]:
        """Where the neck begins under a head ``(eyes, turn)``, and the neck's own turn."""
        bent = share_of(mul(conjugate(chest_turn), head[1]), NECK_SHARE)
        joint = taken(head[0], rotate(head[1], self._m.eyes))
        return taken(joint, rotate(mul(chest_turn, bent), self._m.head)), bent

    def at(
        self,
        head: tuple[Vec, Quat],
        wrists: tuple[Vec | None, Vec | None],
        feet_heading: float,
        base: tuple[Vec, float] | None,
        seat: Vec | None,
        seated: float,
        sway: Vec,
        going: Vec,
        dt: float,
    ) -> Trunk:
        """The trunk under a head.

        Args:
            head: the point between the eyes, and how the head is turned.
            wrists: of the hands that are tracked.
            feet_heading: radians to the left that the feet face, on the whole.
            base: the middle of the feet, and how far both bear weight, 0 to 1.
            seat: x and z of the hips on a seat, and in between how much lower than standing the
                neck is there.
            seated: how far the person sits, 0 to 1.
            sway: a rotation vector by which the hips are never quite still.
            going: metres a second of the hips.
            dt: seconds since the last.
        """
        heading, hips_heading, lean = self._last
        first = self._leaning.at is None
        for _ in range(4 if first else 1):
            chest_turn = _leaning(heading, lean, 2.0 - _HIPS_LEAN)
            neck, _ = self.neck(head, chest_turn)
            if first:
                self._turn.at = self._leaning.at = None
            chest_to, hips_to = self._faces(head[1], neck, wrists, feet_heading, going)
            now = self._turn.at or (chest_to, hips_to, 0.0)
            chest_to = now[0] + wrapped(chest_to - now[0])
            hips_to = now[1] + wrapped(hips_to - now[1])
            heading, hips_heading, _ = self._turn.follow((chest_to, hips_to, 0.0), dt)
            target = self._lean(head[1], neck, heading, base, seat, seated)
            target = self._clear_of(wrists, neck, heading, target)
            target = self._off_floor(neck, target)
            lean = self._leaning.follow(target, dt)
        self._last = (heading, hips_heading, lean)
        return self._trunk(head, heading, hips_heading, added(lean, sway))

    def _trunk(self, head: tuple[Vec, Quat], heading: float, hips: float, lean: Vec) -> Trunk:
        chest_turn = _leaning(heading, lean, 2.0 - _HIPS_LEAN)
        hips_turn = _leaning(hips, lean, _HIPS_LEAN)
        neck, _ = self.neck(head, chest_turn)
        return self.hung(neck, hips_turn, chest_turn, heading, hips, lean)

    def hung(
        self, neck: Vec, hips_turn: Quat, chest_turn: Quat, heading: float, hips: float, lean: Vec
    ) -> Trunk:
        """The trunk whose neck is there, with hips and chest turned so."""
        spine = mul(conjugate(hips_turn), chest_turn)
        way, turn, done = rotate(hips_turn, self._m.spine[0]), hips_turn, 0.0
        chest = way
        for share, offset in zip(SPINE_SHARES, self._m.spine[1:], strict=True):
            chest = way
            done += share
            turn = mul(hips_turn, share_of(spine, done)) if done < 0.999 else chest_turn
            way = added(way, rotate(turn, offset))
        at = taken(neck, way)
        return Trunk(at, hips_turn, spine, added(at, chest), chest_turn, neck, heading, hips, lean)

    def hung_from(
        self, head: tuple[Vec, Quat], trunk: Trunk, hips: tuple[Vec, Quat], share: float
    ) -> Trunk:
        """The trunk between a head and hips that a sensor sees, by ``share`` 0 to 1.

        The head stays where it is; the hips come as near as the length of the trunk allows.
        """
        at = mixed(trunk.hips, hips[0], share)
        hips_turn = between(trunk.hips_turn, hips[1], share)
        heading = yaw_of(hips_turn)
        chest_turn = trunk.chest_turn
        hung = trunk
        for _ in range(4):
            neck, _ = self.neck(head, chest_turn)
            hung = self.hung(neck, hips_turn, chest_turn, trunk.heading, heading, trunk.lean)
            waist = rotate(hips_turn, self._m.spine[0])
            has = taken(taken(neck, hung.hips), waist)
            wants = taken(taken(neck, at), waist)
            # The chest turns by more than the line from waist to neck, which bends all the way.
            turn = from_rotvec(*scaled(_turn_between(has, wants), 1.4))
            chest_turn = mul(turn, chest_turn)
        return hung

    def _faces(
        self,
        head: Quat,
        neck: Vec,
        wrists: tuple[Vec | None, Vec | None],
        feet: float,
        going: Vec,
    ) -> tuple[float, float]:
        """Radians to the left that chest and hips face: between feet, head and hands."""
        looks = wrapped(facing_of(head) - feet)
        # Within a look's reach the trunk follows the head a little; beyond it, all the way.
        far = max(abs(looks) - _LOOKS, 0.0)
        by_head = math.copysign(_FOLLOWS * (abs(looks) - far) + far, looks)
        line, says = self._line(neck, wrists, feet + looks, going)
        # With hands to tell a look from a turn, what the feet do counts for little.
        x = y = 0.0
        for angle, weight in (
            (by_head, (1.0 + _FEET_SAY) * (1.0 - says)),
            (looks, says),
            (0.0, _FEET_SAY * says),
            (looks + line, _HANDS_SAY * says),
        ):
            x, y = x + weight * math.cos(angle), y + weight * math.sin(angle)
        aside = math.atan2(y, x)
        return feet + aside, feet + _HIPS_FOLLOW * aside

    def _line(
        self, neck: Vec, wrists: tuple[Vec | None, Vec | None], heading: float, going: Vec
    ) -> tuple[float, float]:
        """Radians to the left of a heading that hands say the chest faces, and how surely."""
        left, right = wrists
        if left is None or right is None:
            return 0.0, 0.0
        # Trunks are square to the line from one hand to the other.
        across, along = right[0] - left[0], right[2] - left[2]
        c, s = math.cos(heading), math.sin(heading)
        side, ahead = c * across - s * along, -(s * across + c * along)
        outs = [math.hypot(hand[0] - neck[0], hand[2] - neck[2]) for hand in (left, right)]
        span = math.hypot(side, ahead)
        # Arms that are crossed say nothing.
        says = min(span / self._m.arm, 1.0) * smooth(side / max(span, 1e-9) + _CROSSED)
        # Who points with one hand need not turn, and those of a walker swing.
        says *= math.exp(-abs(outs[0] - outs[1]) / self._m.arm)
        walks = smooth((math.hypot(going[0], going[2]) - _WALKS[0]) / (_WALKS[1] - _WALKS[0]))
        return math.atan2(ahead, side), says * (1.0 - _SWING * walks)

    def _lean(
        self,
        head: Quat,
        neck: Vec,
        heading: float,
        base: tuple[Vec, float] | None,
        seat: Vec | None,
        seated: float,
    ) -> Vec:
        m = self._m
        way_down = min(max(m.neck_height - neck[1], 0.0), m.neck_height)
        back = from_yaw(-heading)
        up = rotate(back, rotate(head, (0.0, 1.0, 0.0)))
        flat = math.hypot(up[0], up[2])
        # A head thrown back says nothing: nobody bends backwards far.
        ahead = max(-up[2], 0.3 * -up[2])
        inclined = math.atan2(math.hypot(up[0], ahead), up[1]) if flat > 1e-6 else 0.0
        stoop = smooth(inclined / _STOOP)
        squat = min(_SQUAT * way_down / m.size, _MOST)
        slack = max(way_down - _SLACK * m.size, 0.0)
        whole = max(squat, _angle(slack / m.trunk))
        whole = squat + stoop * (whole - squat)
        lean: Vec = (-squat, 0.0, 0.0)
        if flat > 1e-6:
            long = math.hypot(up[0], ahead) or 1.0
            more = whole - squat
            lean = (-squat - more * ahead / long, 0.0, -more * up[0] / long)
        if base is not None and seated < 1.0:
            off = rotate(back, taken(neck, base[0]))
            most = _angle(way_down / m.trunk)
            lean = _towards(lean, _lean_for(off, m.trunk), _BASE * base[1], most)
        if seat is not None and seated > 0.0:
            off = rotate(back, taken(neck, seat))
            on_seat = _lean_for(off, m.trunk)
            # Whoever leans on a seat comes down by it; whose neck does not has left it.
            most = _angle((way_down - seat[1] + _SEAT_GIVES * m.size) / m.trunk)
            far = math.hypot(on_seat[0], on_seat[2])
            if far > most:
                on_seat = scaled(on_seat, most / far)
            lean = added(scaled(lean, 1.0 - seated), scaled(on_seat, seated))
        return lean

    def _off_floor(self, neck: Vec, lean: Vec) -> Vec:
        """A lean by which the hips are not in the floor, as those of whoever lies are not."""
        m = self._m
        least = math.acos(min(max((neck[1] - _LIES * m.size) / m.trunk, -1.0), 1.0))
        far = math.hypot(lean[0], lean[2])
        if far >= least:
            return lean
        # Who does not lean at all goes down forwards.
        x, z = (lean[0] / far, lean[2] / far) if far > 1e-6 else (-1.0, 0.0)
        return (x * least, lean[1], z * least)

    def _clear_of(
        self, wrists: tuple[Vec | None, Vec | None], neck: Vec, heading: float, lean: Vec
    ) -> Vec:
        """A lean by which the trunk is not where arms are that are held before it."""
        m = self._m
        back = from_yaw(-heading)
        turn = from_rotvec(*lean)
        down = scaled(rotate(turn, (0.0, -1.0, 0.0)), m.trunk)
        x = z = 0.0
        for i, wrist in enumerate(wrists):
            if wrist is None:
                continue
            hand = rotate(back, taken(wrist, neck))
            shoulder = rotate(turn, taken(m.chest_to_shoulder(i), m.spine[3]))
            way = taken(hand, shoulder)
            # What is half-way along an arm is told by its two ends in so far as it is straight.
            straight = smooth((length(way) / m.arm - _BENT) / (1.0 - _BENT))
            for share, counts in ((1.0, 1.0), (0.75, straight), (0.5, straight)):
                off = self._into_trunk(added(shoulder, scaled(way, share)), down)
                if counts * abs(off[0]) > abs(x):
                    x = counts * off[0]
                if counts * abs(off[1]) > abs(z):
                    z = counts * off[1]
        far = math.hypot(x, z)
        if far > _GIVES_WAY:
            x, z = x * _GIVES_WAY / far, z * _GIVES_WAY / far
        return (lean[0] - z, lean[1], lean[2] + x)

    def _into_trunk(self, point: Vec, down: Vec) -> tuple[float, float]:
        """Radians that a trunk must turn to the right and back to be clear of a point.

        ``point`` and ``down``, where the hips are, from the neck in the axes of the heading.
        """
        m = self._m
        along = min(max(dot(point, down) / (m.trunk * m.trunk), 0.0), _LAP)
        wide, deep = _HALF_WIDTH * m.size, (_HALF_DEPTH + _BEHIND) * m.size
        x = (point[0] - along * down[0]) / wide
        z = (point[2] - along * down[2] - _BEHIND * m.size) / deep
        near = math.hypot(x, z)
        if near >= 1.0 or z >= 0.0:
            return (0.0, 0.0)
        # Arms at the chest say little of the hips, and none is behind the back for want of room.
        counts = smooth((along - _CHEST) / (1.0 - _CHEST)) * smooth(-z / _BEFORE)
        push = counts * (1.0 - near) / (max(near, 1e-6) * m.trunk * max(along, 0.5))
        return (-push * x * wide, -push * z * deep)


def _turn_between(a: Vec, b: Vec) -> Vec:
    """The rotation vector that takes one direction to another the short way."""
    axis = cross(a, b)
    sine = length(axis)
    if sine < 1e-12:
        return (0.0, 0.0, 0.0)
    return scaled(axis, math.atan2(sine, dot(a, b)) / sine)


def _angle(share: float) -> float:
    """Radians by which a trunk leans whose upper end goes down by that share of its length."""
    return min(math.acos(1.0 - min(max(share, 0.0), 1.0)), _MOST)


def _lean_for(off: Vec, trunk: float) -> Vec:
    """The leaning that brings the neck so far aside of the hips."""
    far = math.hypot(off[0], off[2])
    if far < 1e-6:
        return (0.0, 0.0, 0.0)
    angle = math.asin(min(far / trunk, 0.9))
    return (angle * off[2] / far, 0.0, -angle * off[0] / far)


def _towards(a: Vec, b: Vec, share: float, most: float) -> Vec:
    step = scaled(taken(b, a), share)
    long = math.hypot(step[0], step[2])
    if long > most:
        step = scaled(step, most / long)
    return added(a, step)


def _leaning(heading: float, lean: Vec, share: float) -> Quat:
    return mul(from_yaw(heading), from_rotvec(*scaled(lean, share)))
