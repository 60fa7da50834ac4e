"""Where in a stride somebody is who walks: from how head and hands sway."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

from presence.tracking.filling.following import Spring
from presence.tracking.single import Vec, scaled, taken

_WALK_RATIO = 0.0063
"""Metres of a step for each step a minute, the same at any speed at which one walks freely (N.
Sekiya and others, "Optimal walking in terms of variability in step length", JOSPT 26(5), 1997)."""
_RUN_RATE = math.tau * 1.4
"""Radians of a stride a second in running, little changed by speed: some 170 steps a minute."""
_SLOWEST = 0.5
"""Metres a second: a slower walk is no slower in its rhythm."""
_WALKS, _WALKS_SURELY = 0.25, 0.5
"""Metres a second ahead or back, between which one begins to be taken for somebody who walks."""
_RUNS, _RUNS_SURELY = 1.9, 2.4
"""Metres a second between which walking becomes running: some 2.1 (a Froude number of a half)."""
_STANCE, _STANCE_SLOW, _STANCE_RUN = 0.62, 0.67, 0.35
"""The share of a stride for which a foot is on the floor, walking at 1.4 and at 0.6 metres a
second, and running (J. Perry, "Gait Analysis", 1992; T. F. Novacheck, "The biomechanics of
running", Gait and Posture 7, 1998)."""
_LOW = 0.2
"""Metres lower than standing at which one no longer walks."""
_LEAPS, _BOUNCES = 0.9, 1.6
"""Metres a second up or down of somebody who leaps rather than walks, where the bob of a walk is
some 0.3 at most; and by how much a runner may be faster."""
_SPEED_S, _HEADING_S, _SWAY_S = 0.3, 0.4, 0.05
_LATERAL = math.radians(20.0)
"""By how much of a stride the neck is fastest to the left before the left foot comes down."""
_HANDS = math.radians(205.0)
"""The left hand is furthest ahead so long before it: it is level with the other in mid-stance."""
_BOB, _BOB_RUN = math.radians(144.0), math.radians(54.0)
"""Of half a stride, before which the neck is highest: it is lowest in the middle of double support,
a twentieth of a stride after a foot comes down; in running in mid-stance."""
_HEEDS = 5.0
"""How fast, a second, the phase goes to where it is seen."""
_HANGS, _HANGS_SURELY = 0.15, 0.35
"""Metres below the neck between which a hand counts as one that swings with the walk."""


@dataclass(frozen=True, slots=True)
class Stride:
    """Where in a stride somebody is."""

    phase: float
    """Radians: 0 when the left foot comes down, π when the right one does."""
    rate: float
    """Radians a second."""
    stance: float
    """The share of a stride for which a foot stands."""
    sure: float
    """How surely it is known, 0 to 1 and more; 0 of somebody who does not walk."""
    runs: float
    """How far they run rather than walk, 0 to 1."""

    def phase_of(self, side: int) -> float:
        """Radians of a foot's own stride since it came down, 0 to 2π."""
        return (self.phase - side * math.pi) % math.tau


STILL = Stride(0.0, 4.0, _STANCE, 0.0, 0.0)


class _Wave:
    """A value that goes to and fro with a known rhythm, about a middle that drifts.

    State: where in its way it is, as a complex number whose real part is the value; the middle; and
    how much of the value is neither. It lags behind nothing that has the rhythm.
    """

    def __init__(self, quick: float, least: float) -> None:
        """``quick``: how far it follows within a radian. ``least`` is what counts as none."""
        self._quick, self._least = quick, least * least
        self.at = 0j
        self._middle: float | None = None
        self._unrest = 1e-4

    def forget(self) -> None:
        self.at, self._middle = 0j, None

    def follow(self, value: float, rate: float, dt: float) -> None:
        if self._middle is None:
            self._middle = value
        self.at *= cmath.rect(1.0, rate * dt)
        off = value - self.at.real - self._middle
        self.at += (1.0 - math.exp(-self._quick * rate * dt)) * off
        self._middle += (1.0 - math.exp(-0.25 * rate * dt)) * off
        self._unrest += (1.0 - math.exp(-dt)) * (off * off - self._unrest)

    @property
    def says(self) -> complex:
        """Its phase as a unit number, times how plainly it goes to and fro."""
        power = abs(self.at) ** 2
        if power < 1e-12:
            return 0j
        return self.at / math.sqrt(power) * (power / (power + self._unrest + self._least))


class Gait:
    """One person's walk. State: the phase of the stride, and of what sways with it.

    The neck goes to the side of the foot that comes down and is fastest then; the hand is ahead
    whose foot is behind; and the neck is lowest while both feet stand, or in mid-stance in running.
    """

    def __init__(self, size: float) -> None:
        """``size`` is how large the body is."""
        self._size = size
        self._lateral, self._hands = _Wave(0.9, 0.03 * size), _Wave(0.9, 0.05 * size)
        self._bob = _Wave(0.7, 0.004 * size)
        self._smoothed, self._speed = Spring(_SWAY_S), (0.0, 0.0)
        self._heading = 0j
        self._phase = 0j
        self._hang = 0.0

    def moved(self) -> None:
        """The place jumped."""
        self._smoothed.at = None
        self._speed, self._heading = (0.0, 0.0), 0j
        self._lateral.forget()
        self._hands.forget()

    def at(
        self,
        neck: Vec,
        heading: float,
        wrists: tuple[Vec | None, Vec | None],
        low: float,
        dt: float,
    ) -> Stride:
        """Go on by ``dt`` seconds.

        Args:
            neck: where the neck begins.
            heading: radians to the left that the hips face.
            wrists: of the hands that are tracked.
            low: metres that the neck is lower than standing: nobody walks who is low.
            dt: seconds since the last.
        """
        before = self._smoothed.at
        now = self._smoothed.follow(neck, dt)
        if before is None or dt <= 0.0:
            return STILL
        faces = cmath.rect(1.0, heading)
        if self._heading == 0j:
            self._heading = faces
        self._heading += (1.0 - math.exp(-dt / _HEADING_S)) * (faces - self._heading)
        far = abs(self._heading)
        if far < 1e-6:
            return STILL
        c, s = self._heading.real / far, self._heading.imag / far
        velocity = scaled(taken(now, before), 1.0 / dt)
        near = 1.0 - math.exp(-dt / _SPEED_S)
        x, z = self._speed
        x, z = x + near * (velocity[0] - x), z + near * (velocity[2] - z)
        self._speed = (x, z)
        ahead = -s * x - c * z
        walks, runs = self._how(ahead, math.hypot(x, z))
        walks *= min(max((_LOW - low / self._size) / _LOW * 2.0, 0.0), 1.0)
        leaps = abs(velocity[1]) / math.sqrt(self._size) - runs * _BOUNCES
        walks *= min(max((_LEAPS - leaps) / (0.3 * _LEAPS), 0.0), 1.0)
        pace = max(abs(ahead) / math.sqrt(self._size), _SLOWEST)
        rate = math.tau / 120.0 * math.sqrt(60.0 * pace / (_WALK_RATIO * self._size))
        rate += runs * (_RUN_RATE / math.sqrt(self._size) - rate)
        self._lateral.follow(s * velocity[2] - c * velocity[0], rate, dt)
        self._bob.follow(neck[1], 2.0 * rate, dt)
        self._follow_hands(neck, wrists, (-s, -c) if ahead >= 0.0 else (s, c), rate, dt)
        self._go(rate, runs, dt)
        stance = _STANCE + (_STANCE_SLOW - _STANCE) * min(max((1.4 - pace) / 0.8, 0.0), 1.0)
        stance += runs * (_STANCE_RUN - stance)
        return Stride(cmath.phase(self._phase), rate, stance, walks * abs(self._phase), runs)

    def _how(self, ahead: float, speed: float) -> tuple[float, float]:
        """How surely one walks, ahead or back rather than aside, and how far one runs."""
        fast = abs(ahead) / math.sqrt(self._size)
        walks = min(max((fast - _WALKS) / (_WALKS_SURELY - _WALKS), 0.0), 1.0)
        walks *= min(max(2.0 * abs(ahead) / max(speed, 1e-6) - 1.0, 0.0), 1.0)
        return walks, min(max((fast - _RUNS) / (_RUNS_SURELY - _RUNS), 0.0), 1.0)

    def _follow_hands(
        self,
        neck: Vec,
        wrists: tuple[Vec | None, Vec | None],
        way: tuple[float, float],
        rate: float,
        dt: float,
    ) -> None:
        left, right = wrists
        hangs = 0.0
        if left is None or right is None:
            self._hands.forget()
        else:
            low = (neck[1] - max(left[1], right[1])) / self._size
            hangs = min(max((low - _HANGS) / (_HANGS_SURELY - _HANGS), 0.0), 1.0)
            ahead = (left[0] - right[0]) * way[0] + (left[2] - right[2]) * way[1]
            self._hands.follow(ahead, rate, dt)
        self._hang += (1.0 - math.exp(-dt / _SPEED_S)) * (hangs - self._hang)

    def _go(self, rate: float, runs: float, dt: float) -> None:
        """Let the phase go on, and towards where lateral sway, hands and bob see it."""
        lateral = (1.0 - runs) * self._lateral.says * cmath.rect(1.0, rate * _SWAY_S - _LATERAL)
        hands = max(self._hang, runs) * self._hands.says * cmath.rect(1.0, -_HANDS)
        near = 1.0 - math.exp(-_HEEDS * dt)
        phase = self._phase * cmath.rect(1.0, rate * dt)
        phase += near * (lateral + hands - phase)
        # The bob says when a foot comes down, but not which.
        lowest = self._bob.says * cmath.rect(1.0, -(_BOB + runs * (_BOB_RUN - _BOB)))
        off = (lowest * phase.conjugate() ** 2).imag / max(abs(phase) ** 2, 1e-9)
        self._phase = phase * cmath.rect(1.0, near * off)
