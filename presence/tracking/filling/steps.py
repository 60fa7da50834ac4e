"""Feet that stand still, and step when the body leaves them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from presence.tracking.acting.seeded import smooth
from presence.tracking.filling.gait import Stride
from presence.tracking.single import wrapped

Spot = tuple[float, float, float]
"""Of a foot: x and z in metres in ``place``, and radians to the left."""

_FAR = 0.16
"""Metres off where it should stand at which a foot steps, for hips 0.93 m high."""
_FAR_SEATED = 0.3
_FAR_EACH = 0.12
"""Seconds of walking further that a foot is left behind."""
_LOW, _LOWEST, _FAR_LOW = 0.08, 0.62, 1.2
"""Between which heights below standing a body leaves its feet where they are, metres, and by how
much of what it is away from either: who sits down goes behind them; who kneels moves one."""
_ROUND = math.radians(32.0)
_LEAD_S = 0.32
"""How far ahead a foot comes down, so that it stays behind as far later."""
_SHORTEST = 0.05
"""Metres of the shortest step that is taken because the stride says so."""
_WALKS = 0.35
"""Metres a second from which one walks."""
_GAP_S = 0.08
"""Between two steps both feet are down."""
_KNOWN = 0.5
"""How sure a stride must be for feet to keep to it."""
_LATE = 0.6
"""Of a foot's time in the air, after which it no longer leaves the floor in this stride."""
_HURRIES_S, _AT_ONCE_S, _LONGEST_S = 0.2, 0.05, 0.7
"""How soon a foot in the air comes to keep to the stride; how soon it comes down that should be
down; and how long it may take."""
_FASTEST, _FASTER = 1.5, 1.5
"""Metres a second that a foot in the air goes on the mean, standing and for each of the body's."""
_KICKS = 0.25
"""Metres by which a runner's feet are higher."""
_HANGS = 0.4
"""Radians by which the toes of a foot in the air hang."""
_SETTLES_S, _FLIES_S = 0.03, 0.08
"""How long heels take to come down, and feet in the air to follow."""
_DANGLES = 0.04
"""Metres by which feet in the air are higher than straight legs would have them."""
_OFF, _ON = 0.07, 0.035
"""Metres over where they stand on tiptoe at which the hips say that one has left the floor, and
come down to it."""
_OFF_RUNNING = 0.2
"""The same of somebody who runs: the one foot comes down before the other, in the air or not."""


@dataclass(slots=True)
class _Foot:
    spot: Spot
    begin: Spot = (0.0, 0.0, 0.0)
    swings: bool = False
    done: float = 0.0
    """How far it is on its step, 0 to 1."""
    left: float = 0.0
    """Seconds until it comes down."""
    height: float = 0.0
    peak: float = 0.0
    tip: float = 0.0
    """Radians by which the heel was up as the foot left the floor."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the feet are at a moment."""

    spots: tuple[Spot, Spot]
    heights: tuple[float, float]
    """Metres that the sole is off the floor."""
    tips: tuple[float, float]
    """Radians by which the heel leads the toes off the floor."""
    down: tuple[bool, bool]
    """Which of them bear weight."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What legs can reach at a moment."""

    hips: tuple[tuple[float, float], tuple[float, float]]
    """x and z of the hip joints in ``place``."""
    flat: float
    """Metres along the floor from there to a foot that stands flat."""
    tiptoe: float
    """The same, to one that stands on its toes."""


class Steps:
    """One person's feet. State: where each stands, or the step that it is on."""

    def __init__(self, size: float) -> None:
        """``size`` is how large the body is."""
        self._size = size
        self._feet: list[_Foot] | None = None
        self._landed_s = -1.0
        self._last: _Foot | None = None
        self._lead_s = _LEAD_S
        self.airborne = False

    def start(self, spots: tuple[Spot, Spot]) -> None:
        """Stand there at once."""
        self._feet = [_Foot(spot) for spot in spots]
        self.airborne = False

    def moved(self, by: tuple[float, float, float, float, float]) -> None:
        """The place jumped: about ``(x, z)`` by an angle, and then by ``(dx, dz)``."""
        x, z, turn, dx, dz = by
        c, s = math.cos(turn), math.sin(turn)

        def put(spot: Spot) -> Spot:
            a, b = spot[0] - x, spot[1] - z
            return (x + c * a + s * b + dx, z - s * a + c * b + dz, spot[2] + turn)

        for foot in self._feet or []:
            foot.spot, foot.begin = put(foot.spot), put(foot.begin)

    def put(self, side: int, spot: Spot) -> None:
        """A foot stands there, whatever step it was on."""
        foot = self._both()[side]
        foot.spot, foot.swings, foot.height, foot.tip = spot, False, 0.0, 0.0

    @property
    def middle(self) -> tuple[float, float]:
        """Between the feet."""
        a, b = self._both()
        return 0.5 * (a.spot[0] + b.spot[0]), 0.5 * (a.spot[1] + b.spot[1])

    @property
    def heading(self) -> float:
        """Radians to the left that the feet face, on the whole."""
        a, b = self._both()
        return a.spot[2] + 0.5 * wrapped(b.spot[2] - a.spot[2])

    @property
    def both_down(self) -> bool:
        """Whether both stand."""
        return not self.airborne and all(not foot.swings for foot in self._both())

    def at(
        self,
        now_s: float,
        dt: float,
        wanted: tuple[Spot, Spot],
        velocity: tuple[float, float],
        over: float,
        seated: float,
        reach: Reach,
        tips: tuple[float, float],
        rising: float,
        low: float,
        stride: Stride,
    ) -> Standing:
        """Go on to a time.

        Args:
            now_s: the time.
            dt: seconds since the last.
            wanted: where each foot would stand best.
            velocity: metres a second of the hips over the floor.
            over: metres by which the hips are higher than legs reach.
            seated: how far the person sits, 0 to 1.
            reach: what legs can reach.
            tips: radians by which the heels were up a moment ago.
            rising: metres a second of the hips upwards.
            low: metres that the head is lower than standing: bent legs reach further.
            stride: where in a stride the person is.
        """
        feet = self._both()
        speed = math.hypot(*velocity)
        runs = stride.runs if stride.sure > _KNOWN else 0.0
        self._follow_lead(stride, dt)
        if self.airborne:
            if over < _ON:
                self._land(wanted, velocity, now_s)
        elif over > (_OFF_RUNNING if runs > 0.5 else _OFF) and seated <= 0.0:
            self.airborne = True
            for foot, tip in zip(feet, tips, strict=True):
                foot.tip = tip
        if self.airborne:
            return self._fly(
                [_ahead(spot, velocity, self._lead(rising)) for spot in wanted], over, rising, dt
            )
        settle = math.exp(-dt / _SETTLES_S)
        for i, foot in enumerate(feet):
            if not foot.swings:
                foot.tip *= settle
                foot.height *= settle
            else:
                to = _ahead(wanted[i], velocity, self._lead_s)
                self._keep_to(stride, i, to, speed, dt)
                hip = _ahead((*reach.hips[i], 0.0), velocity, foot.left)
                # Whoever runs comes down lower than they are in the air.
                most = max(reach.flat, runs * self._lead_s * speed)
                self._swing(foot, _within(to, hip, most), now_s, dt, runs)
        self._begin(now_s, wanted, velocity, seated, reach, tips, low, stride)
        return self._standing()

    def _follow_lead(self, stride: Stride, dt: float) -> None:
        lead = _LEAD_S
        if stride.sure > _KNOWN:
            # A foot comes down as far ahead as it is left behind: half of its way under the body.
            lead = 0.5 * min(stride.stance, 0.5) * math.tau / stride.rate
        self._lead_s += (1.0 - math.exp(-dt / _HURRIES_S)) * (lead - self._lead_s)

    def _keep_to(self, stride: Stride, side: int, to: Spot, speed: float, dt: float) -> None:
        """Let a foot in the air come down when the stride says."""
        if stride.sure <= _KNOWN:
            return
        foot, phase = self._both()[side], stride.phase_of(side)
        lifted = phase > 0.5 * math.tau * stride.stance
        left = min((math.tau - phase) / stride.rate, _LONGEST_S) if lifted else _AT_ONCE_S
        # However late, it goes no faster than feet do.
        way = math.hypot(to[0] - foot.spot[0], to[1] - foot.spot[1])
        left = max(left, way / (_FASTEST + _FASTER * speed))
        foot.left += (1.0 - math.exp(-dt / _HURRIES_S)) * (left - foot.left)

    def _lift_by(
        self,
        stride: Stride,
        wanted: tuple[Spot, Spot],
        velocity: tuple[float, float],
        tips: tuple[float, float],
    ) -> bool:
        """Lift the foot whose time it is in the stride; whether there is one."""
        lifts = math.tau * stride.stance
        for i, foot in enumerate(self._both()):
            phase = stride.phase_of(i)
            if foot.swings or not lifts <= phase < lifts + _LATE * (math.tau - lifts):
                continue
            left = (math.tau - phase) / stride.rate
            to = _ahead(wanted[i], velocity, left + 0.5 * self._lead_s)
            if math.hypot(foot.spot[0] - to[0], foot.spot[1] - to[1]) > _SHORTEST * self._size:
                self._lift(i, left, tips[i])
                return True
        return False

    def _begin(
        self,
        now_s: float,
        wanted: tuple[Spot, Spot],
        velocity: tuple[float, float],
        seated: float,
        reach: Reach,
        tips: tuple[float, float],
        low: float,
        stride: Stride,
    ) -> None:
        feet = self._both()
        speed = math.hypot(*velocity)
        far = (_FAR + seated * (_FAR_SEATED - _FAR)) * self._size + _FAR_EACH * speed
        far += _FAR_LOW * max(min(low - _LOW * self._size, _LOWEST * self._size - low), 0.0)
        known = stride.sure > _KNOWN
        runs = known and stride.runs > 0.5
        swinging = any(foot.swings for foot in feet)
        waits = swinging or now_s - self._landed_s < _GAP_S
        if known and (runs or not swinging) and self._lift_by(stride, wanted, velocity, tips):
            return
        needs = []
        for foot, spot, hip in zip(feet, wanted, reach.hips, strict=True):
            if foot.swings:
                needs.append(0.0)
                continue
            off = math.hypot(foot.spot[0] - spot[0], foot.spot[1] - spot[1])
            mine = far
            if known:
                # The stride says when; a foot is only kept from staying behind altogether.
                mine *= 2.0
            elif speed > _WALKS and foot is not self._last:
                # Whoever walks sets one foot before the other.
                mine *= 0.5
            need = max(off / mine, abs(wrapped(foot.spot[2] - spot[2])) / _ROUND)
            stretched = math.hypot(foot.spot[0] - hip[0], foot.spot[1] - hip[1]) > reach.tiptoe
            # A leg cannot wait that does not reach any more.
            needs.append(need if not waits else 0.0)
            if stretched and seated <= 0.0 and not runs:
                needs[-1] = max(need, 1.0)
        worst = 0 if needs[0] >= needs[1] else 1
        if needs[worst] < 1.0:
            return
        self._lift(worst, min(max(0.5 - 0.09 * speed, 0.26), 0.5), tips[worst])

    def _lift(self, side: int, seconds: float, tip: float) -> None:
        foot = self._both()[side]
        foot.begin, foot.done, foot.left, foot.swings = foot.spot, 0.0, seconds, True
        foot.peak = 0.0
        foot.tip = tip
        self._last = foot

    def _swing(self, foot: _Foot, to: Spot, now_s: float, dt: float, runs: float) -> None:
        foot.done += (1.0 - foot.done) * min(dt / max(foot.left, 1e-6), 1.0)
        foot.left -= dt
        done = smooth(foot.done)
        turn = wrapped(to[2] - foot.begin[2])
        if foot.left <= 0.0 or foot.done >= 1.0:
            foot.spot = to
            foot.swings, foot.height, foot.tip = False, 0.0, 0.0
            self._landed_s = now_s
            return
        far = math.hypot(to[0] - foot.begin[0], to[1] - foot.begin[1])
        foot.spot = (
            foot.begin[0] + done * (to[0] - foot.begin[0]),
            foot.begin[1] + done * (to[1] - foot.begin[1]),
            foot.begin[2] + done * turn,
        )
        high = (min(0.022 + 0.16 * far, 0.1) + runs * _KICKS) * self._size
        foot.peak = min(0.3, 1.2 * far)
        foot.height = high * _bump(foot.done)

    def _fly(self, wanted: Sequence[Spot], over: float, rising: float, dt: float) -> Standing:
        near = 1.0 - math.exp(-dt / _FLIES_S)
        for foot, spot in zip(self._both(), wanted, strict=True):
            foot.swings = False
            foot.tip += near * (_HANGS - foot.tip)
            foot.spot = (
                foot.spot[0] + near * (spot[0] - foot.spot[0]),
                foot.spot[1] + near * (spot[1] - foot.spot[1]),
                foot.spot[2] + near * wrapped(spot[2] - foot.spot[2]),
            )
            # Legs hang a little bent, and are stretched for the floor.
            high = max(over + (_DANGLES * self._size if rising > 0.0 else 0.0), 0.0)
            foot.height += near * (high - foot.height)
        return self._standing()

    @staticmethod
    def _lead(rising: float) -> float:
        """Seconds of the way ahead that feet in the air are: behind on the way up, and ahead on the
        way down, where they will stop what falls.
        """
        return _FLIES_S + min(max(-0.12 * rising, -0.1), 0.25)

    def _land(self, wanted: tuple[Spot, Spot], velocity: tuple[float, float], now_s: float) -> None:
        self.airborne = False
        self._landed_s = now_s
        for foot in self._both():
            foot.swings = False

    def _standing(self) -> Standing:
        a, b = self._both()
        tips = []
        for foot in (a, b):
            if foot.swings:
                u = foot.done
                tips.append(foot.tip * (1.0 - smooth(u / 0.7)) + foot.peak * _bump(u / 0.7))
            else:
                tips.append(foot.tip)
        down = (not self.airborne and not a.swings, not self.airborne and not b.swings)
        return Standing((a.spot, b.spot), (a.height, b.height), (tips[0], tips[1]), down)

    def _both(self) -> list[_Foot]:
        assert self._feet is not None, "feet stand somewhere before they step"
        return self._feet


def _within(spot: Spot, middle: Spot, most: float) -> Spot:
    """A spot, drawn in to within ``most`` metres of the middle."""
    x, z = spot[0] - middle[0], spot[1] - middle[1]
    far = math.hypot(x, z)
    if far <= most:
        return spot
    return (middle[0] + x * most / far, middle[1] + z * most / far, spot[2])


def _ahead(spot: Spot, velocity: tuple[float, float], seconds: float) -> Spot:
    return (spot[0] + seconds * velocity[0], spot[1] + seconds * velocity[1], spot[2])


def _bump(u: float) -> float:
    """From 0 to 1 and back within 0 < u < 1, without a jump in speed."""
    return (4.0 * u * (1.0 - u)) ** 2 if 0.0 < u < 1.0 else 0.0
