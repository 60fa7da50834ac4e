"""The opening for an eye: lids on the eyeball, and the socket's lining behind them.

What turns with the lids is given by two angles about the eye's centre and a distance from it, so
that it can turn without leaving the eyeball. Points are in head units (see ``skull``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import Shape, smooth_union
from presence.scene.body.skull import facing, head_shape

SIDES = 28
TURN: Floats = np.linspace(0.0, 2.0 * np.pi, SIDES, endpoint=False)
"""``(28,)`` round the eye from its outer corner, over the top."""
OPPOSITE: Ints = (-np.arange(SIDES)) % SIDES
"""``(28,)`` the place on the other lid right above or below each place."""
UPPER: NDArray[np.bool_] = (np.arange(SIDES) > 0) & (np.arange(SIDES) < SIDES // 2)
"""``(28,)`` which places are the upper lid's; the corners are not."""
_INNER = SIDES // 2
"""The place of the corner by the nose."""

EDGE = 0.19
"""How far the lids' edge stands off the eyeball."""
_EYE_RADIUS = 1.58
_WIDTH = 1.10
"""Radians from the eye's middle to its corners."""
# Radians from the eye's middle line to the lids' edges: the upper lid covers the iris's top (at
# 0.42) by about a millimetre, the lower touches its bottom.
_UPPER_HEIGHT, _LOWER_HEIGHT = 0.345, 0.405
# Rings of the lids outwards from their edge: how far on the way to the face's first ring (upper
# and lower lid), and how far off the eyeball. The fourth of the upper lid is its crease.
_UPPER_RINGS = ((0.09, 0.22), (0.30, 0.22), (0.43, 0.22), (0.60, 0.26))
_LOWER_RINGS = ((0.12, 0.21), (0.34, 0.19), (0.58, 0.15), (0.80, 0.10))
_CREASE, _FOLD = 2, 3
"""Which of these rings are the upper lid's crease and the fold of skin above it."""
# How much the edge and these rings go with it, when a lid goes towards or away from the other.
_CLOSING = {True: (1.0, 1.0, 0.93, 0.74, 0.34, 0.05), False: (1.0, 1.0, 0.78, 0.48, 0.22, 0.06)}
_OPENING = {True: (1.0, 0.96, 0.80, 0.62, 0.48, 0.22), False: (1.0, 0.95, 0.75, 0.5, 0.3, 0.12)}
# Rings of the socket's lining, inwards from the lids' edge: radians wider and taller, units off
# the eyeball.
_LINING = ((0.015, 0.02, 0.095), (0.12, 0.40, 0.05), (0.30, 0.85, 0.05))
# Rings round the eye on the face itself: half width and half height.
_SURROUNDS = ((1.95, 1.52), (2.45, 2.02))
# Where each place is between the corners, from 1 (outer) to −1. Evener than a circle's, or the
# edges would stand upright in the corners and fold over when they shut.
_ACROSS: Floats = 0.5 * np.cos(TURN) + 0.5 * (
    1.0 - 2.0 * np.minimum(TURN, 2.0 * np.pi - TURN) / np.pi
)
_RISE: Floats = np.where(np.arange(SIDES) <= SIDES // 2, 1.0, -1.0) * np.maximum(
    1.0 - _ACROSS**2, 0.0
)
_RISE[[0, SIDES // 2]] = 0.0
_ARCH: Floats = np.abs(_RISE) ** 1.6
_MEETING: Floats = 0.20 + 0.30 * _ACROSS**4
"""Where the lids meet: 0 at the lower lid's edge at rest, 1 at the upper's."""


@dataclass(slots=True)
class Turning:
    """Vertices that turn about the eye's centre, while they are collected."""

    vertices: list[Ints] = field(default_factory=list)
    sideways: list[Floats] = field(default_factory=list)
    upward: list[Floats] = field(default_factory=list)
    radius: list[Floats] = field(default_factory=list)
    places: list[Floats] = field(default_factory=list)
    closing: list[Floats] = field(default_factory=list)
    opening: list[Floats] = field(default_factory=list)
    lift: list[Floats] = field(default_factory=list)
    sink: list[Floats] = field(default_factory=list)

    def add(
        self,
        vertices: Ints,
        from_eye: Floats,
        places: Floats,
        closing: Floats | float = 1.0,
        opening: Floats | float = 1.0,
        lift: float = 0.0,
        sink: float = 1.0,
    ) -> None:
        """Take in vertices ``(N,)`` at ``from_eye (N, 3)``, which go with the lids' ``places``."""
        sideways, upward, radius = angles_of(from_eye)
        self.vertices.append(vertices)
        self.sideways.append(sideways)
        self.upward.append(upward)
        self.radius.append(radius)
        self.places.append(places)
        self.closing.append(np.broadcast_to(closing, places.shape))
        self.opening.append(np.broadcast_to(opening, places.shape))
        self.lift.append(np.full(places.shape, lift))
        self.sink.append(np.full(places.shape, sink))


@dataclass(frozen=True, slots=True, eq=False)
class Lids:
    """The right eye's lids in the draft."""

    rings: Ints
    """``(7, 28)`` round the eye, from the lids' edge outwards; the last two lie on the face."""
    lining: Ints
    """``(3, 28)`` round the socket, from the lids' edge inwards."""
    eye: Floats
    """``(3,)`` the eye's centre, in head units."""
    eye_radius: float
    """In head units."""
    sideways: Floats
    """``(28,)`` radians: where the lids' edge is on the eyeball, away from the nose."""
    upward: Floats
    """``(28,)`` radians: where it is at rest, up."""
    turning: Turning
    """What goes with the lids, lashes included."""


def on_eyeball(sideways: Floats, upward: Floats, radius: Floats | float) -> Floats:
    """``(..., 3)`` from the eye's centre: turned sideways, then up about the eye's cross axis."""
    return np.stack(
        [
            radius * np.sin(sideways),
            radius * np.cos(sideways) * np.sin(upward),
            radius * np.cos(sideways) * np.cos(upward),
        ],
        axis=-1,
    )


def angles_of(from_eye: Floats) -> tuple[Floats, Floats, Floats]:
    """Sideways and upward radians and the distance of points ``(N, 3)`` from the eye's centre."""
    radius = np.linalg.norm(from_eye, axis=-1)
    return (
        np.arcsin(from_eye[..., 0] / radius),
        np.arctan2(from_eye[..., 1], from_eye[..., 2]),
        radius,
    )


def _edge(plan: Plan) -> tuple[Floats, Floats]:
    """``(28,)`` sideways and upward radians of the lids' edge at rest."""
    t = plan.traits
    cos, sin = _ACROSS, _RISE
    # The outer corner lies further back on the eyeball: its lids end sooner.
    along = cos * _WIDTH * np.where(cos > 0.0, 0.95, 1.0)
    # An almond: the upper lid's arch is fullest towards the nose, the lower's away from it. Years
    # let the upper lid down, most of all at its outer end; children's eyes are wide open.
    bow = np.abs(sin) ** np.where(sin > 0.0, 0.72, 0.80)
    upper = _UPPER_HEIGHT + 0.03 * t.youth - 0.035 * t.wear * (1.0 + cos) - 0.03 * t.lid_fold
    upper = upper * bow * (1.0 - 0.07 * cos)
    lower = -_LOWER_HEIGHT * bow * (1.0 + 0.09 * cos)
    return along, np.where(sin > 0.0, upper, lower) + t.eye_tilt * along / _WIDTH


def build_lids(draft: Draft, plan: Plan, weights: Floats) -> Lids:
    """Draft the right eye's lids and socket."""
    t = plan.traits
    shape = head_shape(plan)
    eye = np.array([plan.eye_across, 0.0, 0.0])
    radius = _EYE_RADIUS * t.eye_size
    sideways, upward = _edge(plan)
    cos, sin = np.cos(TURN), np.sin(TURN)

    def add(points: Floats, paint: Paint) -> Ints:
        return draft.add(plan.from_head(points), paint, weights)

    around = []
    for half_width, half_height in _SURROUNDS:
        lifted = half_height * sin + 0.10 + t.eye_tilt * cos * half_width
        guess = np.stack([half_width * cos, lifted, np.zeros(SIDES)], axis=1) * t.eye_size
        around.append(facing(shape, eye + guess))
    edge = eye + on_eyeball(sideways, upward, radius + EDGE)
    places = np.arange(SIDES, dtype=np.float64)
    deep = 0.14 * (1.0 - t.lid_fold)
    placed = [edge]
    for i, (high, low) in enumerate(zip(_UPPER_RINGS, _LOWER_RINGS, strict=True)):
        # Evenly spaced in the corners.
        share = np.where(sin >= 0.0, high[0], low[0])
        share = share + (0.2 * (i + 1) - share) * _ACROSS**4
        flat = edge + (around[0] - edge) * share[:, None]
        off = np.where(sin >= 0.0, high[1], low[1])
        ring = facing(_melted(shape, eye, radius + off), flat)
        outward = ring - eye
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        # The crease sinks in, and what lies above it hangs over.
        bow = np.where(UPPER, np.abs(sin) ** 0.5, 0.0)[:, None]
        if i == _CREASE:
            ring = ring - deep * bow * outward
        elif i == _FOLD:
            ring = ring + bow * (0.35 * deep * outward + np.array([0.0, -0.30 * deep, 0.0]))
        placed.append(ring)
    placed += around
    rings = [add(points, Paint.SKIN) for points in placed]

    lined = []
    inner = np.exp(-(((places - _INNER) / 1.8) ** 2))
    for i, (wider, taller, inset) in enumerate(_LINING):
        across = sideways + wider * cos
        if i == 0:
            # The pink corner by the nose reaches towards the iris.
            across = across + 0.06 * inner
        lined.append(eye + on_eyeball(across, upward + taller * sin, radius + inset))
    lining = [add(points, Paint.SOCKET) for points in lined]
    back = add((eye - np.array([0.0, 0.0, radius + 0.3]))[None], Paint.SOCKET)
    _colour(draft, rings, lining, 1.0 - t.lid_fold)
    draft.sew_all([*rings[::-1], *lining], closed=True)
    draft.cap(lining[-1], int(back[0]))

    turning = Turning()
    for i, moved in enumerate(rings[:6]):
        turning.add(
            moved,
            placed[i] - eye,
            places,
            np.where(UPPER, _CLOSING[True][i], _CLOSING[False][i]),
            np.where(UPPER, _OPENING[True][i], _OPENING[False][i]),
            lift=(0.85, 0.85, 0.5, 0.3, 0.2, 0.0)[i],
            sink=1.0 if i < 2 else 0.5,
        )
    turning.add(lining[0], lined[0] - eye, places, lift=1.0, sink=0.0)
    return Lids(
        rings=np.array(rings),
        lining=np.array(lining),
        eye=eye,
        eye_radius=radius,
        sideways=sideways,
        upward=upward,
        turning=turning,
    )


def _melted(shape: Shape, eye: Floats, radii: Floats) -> Shape:
    """The head with a ball of lid on each eyeball, whose radius goes by the point's place."""

    def melted(points: Floats) -> Floats:
        ball = np.linalg.norm(points - eye, axis=-1) - radii
        return smooth_union(shape(points), ball, 0.35)

    return melted


def _colour(draft: Draft, rings: list[Ints], lining: list[Ints], crease: float) -> None:
    """Paint the edges: dark where lashes grow, pink in the corner, wet along the lower lid."""
    inner = np.abs(np.arange(SIDES) - _INNER) <= 1
    nasal = np.abs(np.arange(SIDES) - _INNER) <= 3
    for ring in (rings[0], lining[0]):
        draft.paints[ring] = np.where(UPPER & ~nasal, int(Paint.LASH), int(Paint.SOCKET))
    draft.tones[lining[0][inner]] = 1.02
    draft.tones[lining[0][~UPPER & ~inner]] = 1.12
    draft.tones[rings[0][~UPPER & ~nasal]] = 0.80
    draft.tones[rings[1 + _CREASE][UPPER]] = 1.0 - 0.16 * crease


def closing(lids: Lids) -> Floats:
    """``(28,)`` radians by which the lids' edge turns up until the lids meet."""
    edge = lids.upward
    low, high = np.minimum(edge, edge[OPPOSITE]), np.maximum(edge, edge[OPPOSITE])
    shut: Floats = low + _MEETING * (high - low) - edge
    return shut


def opening(upper: float, lower: float) -> Floats:
    """``(28,)`` radians by which the lids' edge turns up: so much in the middle of either lid."""
    turn: Floats = np.where(UPPER, upper, lower) * _ARCH
    return turn


def turned(lids: Lids, turn: Floats, lift: float, aside: float = 0.0) -> tuple[Ints, Floats]:
    """How all that goes with the lids moves when their edge turns.

    Args:
        lids: the right eye's.
        turn: ``(28,)`` radians up.
        lift: units by which the lids come off the eyeball as they sweep, because a morph moves
            straight where the eyeball is round; below 0 their outside sinks towards it.
        aside: radians by which everything turns away from the nose.

    Returns:
        The vertices that move ``(N,)``, and their offsets ``(N, 3)`` in head units.
    """
    t = lids.turning
    sideways, upward, radius = (np.concatenate(part) for part in (t.sideways, t.upward, t.radius))
    places = np.concatenate(t.places)
    # Both lids come off the ball alike, so that their edges meet.
    most = np.maximum(np.abs(turn), np.abs(turn[OPPOSITE])) / max(float(np.abs(turn).max()), 1e-9)

    def at_places(values: Floats) -> Floats:
        return np.interp(places, np.arange(SIDES + 1), np.append(values, values[0]))

    mine, swept = at_places(turn), at_places(most)
    upper = (places > 0.0) & (places < _INNER)
    shuts = np.where(upper, mine < 0.0, mine > 0.0)
    follow = np.where(shuts, np.concatenate(t.closing), np.concatenate(t.opening))
    before = on_eyeball(sideways, upward, radius)
    after = on_eyeball(
        sideways + aside * follow * np.interp(np.abs(sideways), [0.5, 1.1], [1.0, 0.0]),
        upward + follow * mine,
        radius + swept * lift * np.concatenate(t.lift if lift > 0.0 else t.sink),
    )
    return np.concatenate(t.vertices), after - before
