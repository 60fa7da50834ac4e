"""Measuring a person: how high the eyes are, and how far the arms reach.

Whoever is measured stands for a moment and stretches the arms once. What counts is what is held:
the eyes at their highest while the head is level and still, so that neither a jump nor sitting
first is taken for standing, and the wrists at their furthest.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from presence.clock import SECOND
from presence.pose.arrays import frozen
from presence.pose.proportions import Proportions, default_proportions
from presence.pose.skeleton import INDEX
from presence.tracking.sensed import Point, Sensed
from presence.tracking.single import Quat, Vec, length, rotate, taken

HELD_NS = SECOND // 2
"""For how long something has to be held."""
_STEADY_M = 0.03
"""Metres within which what is held stays: people sway."""
_LEVEL = math.cos(math.radians(25.0))
_LOWEST, _HIGHEST = 0.8, 2.2
"""Metres at which people's eyes may be: children's, and basketball players'."""
_WHOLE = 0.88
"""Of the usual reach for a height, how much is a stretched arm's, and not a bent one's."""
_SEATED = 0.85
"""Of the height that goes with the reach, below which somebody must have been sitting."""
_MOST_UNUSUAL = 0.15
"""How far arms may differ from what is usual for a height, as a share."""
_LEVEL_ARMS = 0.2
"""Metres of an arm's length of 0.53 by which stretched wrists may be above or below shoulders."""
_ARM_BONES = [INDEX[side + bone] for side in ("left", "right") for bone in ("LowerArm", "Hand")]
_AVERAGE = default_proportions()


def _usual(eye_height: float) -> tuple[float, float]:
    """Metres from wrist to wrist, and from shoulder to shoulder, usual for a height of the eyes."""
    rest = _AVERAGE.rest_positions() * (eye_height / _AVERAGE.eye_height)
    across = rest[[INDEX["rightHand"], INDEX["rightUpperArm"]], 0]
    return 2.0 * float(across[0]), 2.0 * float(across[1])


@dataclass(frozen=True, slots=True)
class Measured:
    """What a person measures."""

    eye_height: float
    """Metres from the floor to the eyes, standing."""
    reach: float | None
    """Metres from wrist to wrist, arms stretched to both sides; None: not measured."""
    seated: bool = False
    """They were never seen standing: the height is what goes with the reach."""

    def proportions(self) -> Proportions:
        """An average body of that height and reach."""
        return proportions_from(self.eye_height, self.reach)


def proportions_from(eye_height: float, reach: float | None = None) -> Proportions:
    """An average body with the eyes so high, and arms that reach so far.

    Args:
        eye_height: metres from the floor to the eyes, standing.
        reach: metres from wrist to wrist with the arms stretched to either side; None: as is usual
            for that height.
    """
    body = _AVERAGE.scaled(eye_height / _AVERAGE.eye_height)
    if reach is None:
        return body
    usual, shoulders = _usual(eye_height)
    factor = (reach - shoulders) / (usual - shoulders)
    factor = min(max(factor, 1.0 - _MOST_UNUSUAL), 1.0 + _MOST_UNUSUAL)
    offsets = np.array(body.offsets)
    offsets[_ARM_BONES] *= factor
    return Proportions(frozen(offsets), body.fingertips, body.toes, body.soles, body.crown)


class _Held:
    """The most of a number that was held for a while. State: the last while, and the most."""

    def __init__(self) -> None:
        self._last: deque[tuple[int, float]] = deque()
        self.most: float | None = None

    def add(self, time_ns: int, value: float | None) -> None:
        """A new value; None: whatever was held is held no longer."""
        if value is None:
            self._last.clear()
            return
        self._last.append((time_ns, value))
        while self._last[-1][0] - self._last[0][0] > HELD_NS:
            self._last.popleft()
        spans = self._last[-1][0] - self._last[0][0]
        if spans < 0.9 * HELD_NS or len(self._last) < 5:
            return
        values = sorted(one for _, one in self._last)
        if values[-1] - values[0] < _STEADY_M:
            middle = values[len(values) // 2]
            self.most = middle if self.most is None else max(self.most, middle)


class Measuring:
    """Measures one person. State: what was held so far; it reads no clock."""

    def __init__(self) -> None:
        """Nothing was measured yet."""
        self._eyes, self._reach = _Held(), _Held()
        self._seen: Sensed | None = None
        self._hands = False

    def take(self, sensed: Sensed | None) -> None:
        """Go on by what is sensed now; None: nothing is."""
        self._seen = sensed
        head = sensed.point(Point.HEAD) if sensed is not None and sensed.present else None
        if sensed is None or head is None:
            self._hands = False
            return
        at, turn = _plain(head.translation.tolist(), head.rotation.tolist())
        up = rotate(turn, (0.0, 1.0, 0.0))[1]
        stands = up > _LEVEL and _LOWEST < at[1] < _HIGHEST
        self._eyes.add(sensed.capture_ns, at[1] if stands else None)
        wrists = []
        for point in (Point.LEFT_HAND, Point.RIGHT_HAND):
            if sensed.position_confidence[point] > 0.0:
                x, y, z = sensed.positions[point].tolist()
                wrists.append((x, y, z))
        self._hands = len(wrists) == 2
        reach = self._stretched(at, turn, wrists[0], wrists[1]) if self._hands else None
        self._reach.add(sensed.capture_ns, reach)

    def _stretched(self, eyes: Vec, turn: Quat, left: Vec, right: Vec) -> float | None:
        """Metres from wrist to wrist of arms that are stretched aside or ahead; None of others."""
        height = max(self._eyes.most or 0.0, eyes[1])
        usual, shoulders = _usual(height)
        size = height / _AVERAGE.eye_height
        rest = _AVERAGE.rest_positions()
        drop = (_AVERAGE.eye_height - float(rest[INDEX["leftUpperArm"], 1])) * size
        level = _LEVEL_ARMS * size
        if any(abs(wrist[1] - (eyes[1] - drop)) > level for wrist in (left, right)):
            return None
        apart = length(taken(right, left))
        if apart > _WHOLE * usual:
            return apart
        # Ahead: from below the head to the hands, less what the eyes are before the shoulders.
        middle = tuple(0.5 * (a + b) for a, b in zip(left, right, strict=True))
        ahead = math.hypot(middle[0] - eyes[0], middle[2] - eyes[2])
        eyes_ahead = float(rest[INDEX["leftUpperArm"], 2] - _eyes_depth()) * size
        arm = ahead + eyes_ahead
        aside = 0.5 * abs(apart - shoulders)
        reach = shoulders + 2.0 * math.hypot(arm, aside)
        return reach if apart < 0.6 * size and reach > _WHOLE * usual else None

    @property
    def done(self) -> bool:
        """Whether height and reach are both measured."""
        return self._eyes.most is not None and self._reach.most is not None

    @property
    def says(self) -> str:
        """What the person is to do next, or what they measure: a sentence."""
        seen = self._seen
        if seen is None or not seen.present:
            return "Put the headset on, or see that your sensor runs."
        if seen.point(Point.HEAD) is None:
            return "Your head is not seen yet: look round slowly."
        if self._eyes.most is None:
            return "Stand upright, look straight ahead, and keep still for a moment."
        measured = self.measured()
        if self._reach.most is None or measured is None:
            if not self._hands:
                return "Take both controllers, or hold up both hands where the headset sees them."
            return "Stretch both arms to the sides, or straight ahead, and hold them there."
        if measured.seated:
            return (
                f"You seem to sit: by your reach of {measured.reach:.2f} m your eyes are "
                f"{measured.eye_height:.2f} m high when you stand; stand up to be measured better."
            )
        return (
            f"Your eyes are {measured.eye_height:.2f} m high, and your wrists "
            f"{measured.reach:.2f} m apart."
        )

    def measured(self) -> Measured | None:
        """What is known by now; None while not even the height of the eyes is."""
        eyes, reach = self._eyes.most, self._reach.most
        if eyes is None:
            return None
        if reach is None:
            return Measured(eyes, None)
        by_reach = reach / _usual(1.0)[0]
        if eyes < _SEATED * by_reach:
            return Measured(by_reach, reach, seated=True)
        return Measured(eyes, reach)


def _eyes_depth() -> float:
    return float(_AVERAGE.rest_positions()[INDEX["head"], 2] + _AVERAGE.eyes[2])


def _plain(at: list[float], turn: list[float]) -> tuple[Vec, Quat]:
    return (at[0], at[1], at[2]), (turn[0], turn[1], turn[2], turn[3])
