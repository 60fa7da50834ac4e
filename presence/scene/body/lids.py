"""The opening for an eye: lids on the eyeball, and the socket's lining behind them.

Lids are given by two angles about the eye's centre, so that they can turn without leaving the
eyeball. Points are in head units (see ``skull``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.plan import Plan
from presence.scene.body.skull import facing, head_shape

SIDES = 24
TURN: Floats = np.linspace(0.0, 2.0 * np.pi, SIDES, endpoint=False)
"""``(24,)`` round the eye from its outer corner, over the top."""
OPPOSITE: Ints = (-np.arange(SIDES)) % SIDES
"""``(24,)`` the place on the other lid right above or below each place."""
UPPER = (np.arange(SIDES) > 0) & (np.arange(SIDES) < SIDES // 2)
"""``(24,)`` which places are the upper lid's; the corners are not."""

_EYE_RADIUS = 1.58
_WIDTH = 1.13
"""Radians from the eye's middle to its corners."""
_UPPER_HEIGHT, _LOWER_HEIGHT = 0.36, 0.30
"""Radians from the eye's middle line to the lids' edges."""
# Rings of the lids, outwards from their edge: radians wider, radians taller, units off the eyeball.
_RINGS = ((0.0, 0.0, 0.13), (0.035, 0.075, 0.185), (0.08, 0.24, 0.185), (0.14, 0.46, 0.12))
# Rings of the socket's lining, inwards from the lids' edge: radians wider and taller, units off
# the eyeball.
_LINING = ((0.04, 0.04, 0.075), (0.25, 0.35, 0.07), (0.40, 0.80, 0.07))
# Rings round the eye on the face itself: half width and half height.
_SURROUNDS = ((1.92, 1.50), (2.45, 2.02))
_FOLLOW: Floats = np.array([1.0, 0.9, 0.62, 0.26])
"""How much each ring of the lids turns with the lids' edge."""
_MEETING = 0.20
"""Where the lids meet: 0 at the lower lid's edge at rest, 1 at the upper's."""


@dataclass(frozen=True, slots=True, eq=False)
class Lids:
    """The right eye's lids in the draft."""

    rings: Ints
    """``(6, 24)`` round the eye, from the lids' edge outwards; the last two lie on the face."""
    lining: Ints
    """``(3, 24)`` round the socket, from the lids' edge inwards."""
    eye: Floats
    """``(3,)`` the eye's centre, in head units."""
    eye_radius: float
    """In head units."""
    sideways: Floats
    """``(4, 24)`` radians: where the rings on the eyeball are, away from the nose."""
    upward: Floats
    """``(4, 24)`` radians: where they are at rest, up."""


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


def _angles(tilt: float) -> tuple[Floats, Floats]:
    """``(4, 24)`` sideways and upward radians of the rings at rest."""
    cos, sin = np.cos(TURN), np.sin(TURN)
    sideways, upward = [], []
    for wider, taller, _ in _RINGS:
        # The outer corner lies further back on the eyeball: its lids end sooner.
        along = cos * (_WIDTH + wider) * np.where(cos > 0.0, 0.93, 1.0)
        # An almond: the upper lid's arch is fullest towards the nose, the lower's away from it.
        bow = np.abs(sin) ** np.where(sin > 0.0, 0.85, 0.95)
        upper = (_UPPER_HEIGHT + taller) * bow * (1.0 - 0.06 * cos)
        lower = -(_LOWER_HEIGHT + 0.75 * taller) * bow * (1.0 + 0.08 * cos)
        sideways.append(along)
        upward.append(np.where(sin > 0.0, upper, lower) + tilt * along / _WIDTH)
    return np.array(sideways), np.array(upward)


def build_lids(draft: Draft, plan: Plan, weights: Floats) -> Lids:
    """Draft the right eye's lids and socket."""
    shape = head_shape(plan)
    eye = np.array([plan.eye_across, 0.0, 0.0])
    radius = _EYE_RADIUS * plan.traits.eye_size
    tilt = plan.traits.eye_tilt
    sideways, upward = _angles(tilt)
    cos, sin = np.cos(TURN), np.sin(TURN)

    def add(points: Floats, paint: Paint) -> Ints:
        return draft.add(plan.from_head(points), paint, weights)

    around = []
    for half_width, half_height in _SURROUNDS:
        rise = half_height * sin + 0.12 + tilt * cos * half_width
        guess = np.stack([half_width * cos, rise, np.zeros(SIDES)], axis=1)
        around.append(facing(shape, eye + guess))
    # On the eyeball in the middle; at the corners straight from the lids' edge to the face, or the
    # lids would fold into the socket there.
    corner = np.abs(cos)[:, None] ** 5
    edge = eye + on_eyeball(sideways[0], upward[0], radius + _RINGS[0][2])
    rings = []
    for i, (_, _, off) in enumerate(_RINGS):
        round_eye = eye + on_eyeball(sideways[i], upward[i], radius + off)
        straight = edge + (around[0] - edge) * (i / len(_RINGS))
        rings.append(add(round_eye + (straight - round_eye) * corner, Paint.SKIN))
    rings += [add(points, Paint.SKIN) for points in around]

    lining = []
    for wider, taller, off in _LINING:
        lining.append(
            add(
                eye + on_eyeball(sideways[0] + wider * cos, upward[0] + taller * sin, radius + off),
                Paint.SOCKET,
            )
        )
    back = add((eye - np.array([0.0, 0.0, radius + 0.3]))[None], Paint.SOCKET)
    draft.paints[rings[3][UPPER]] = int(Paint.SOCKET)
    for ring in (rings[0], lining[0]):
        draft.paints[ring] = np.where(UPPER, int(Paint.LASH), int(Paint.SOCKET))
    draft.sew_all([*rings[::-1], *lining], closed=True)
    draft.cap(lining[-1], int(back[0]))
    return Lids(
        rings=np.array(rings),
        lining=np.array(lining),
        eye=eye,
        eye_radius=radius,
        sideways=sideways,
        upward=upward,
    )


def closing(lids: Lids) -> Floats:
    """``(24,)`` radians by which the lids' edge turns up until the lids meet."""
    edge = lids.upward[0]
    low, high = np.minimum(edge, edge[OPPOSITE]), np.maximum(edge, edge[OPPOSITE])
    shut: Floats = low + _MEETING * (high - low) - edge
    return shut


def opening(upper: float, lower: float) -> Floats:
    """``(24,)`` radians by which the lids' edge turns up: so much in the middle of either lid."""
    arch = np.abs(np.sin(TURN)) ** 0.6
    turn: Floats = np.where(UPPER, upper, lower) * arch
    return turn


def turned(lids: Lids, turn: Floats) -> tuple[Ints, Floats]:
    """How the lids move when their edge turns up by ``turn (24,)`` radians.

    Returns:
        The vertices that move ``(N,)``, and their offsets ``(N, 3)`` in head units.
    """
    vertices, offsets = [], []

    for i, (_, _, off) in enumerate(_RINGS):
        radius = lids.eye_radius + off
        before = on_eyeball(lids.sideways[i], lids.upward[i], radius)
        after = on_eyeball(lids.sideways[i], lids.upward[i] + _FOLLOW[i] * turn, radius)
        vertices.append(lids.rings[i])
        offsets.append(after - before)
    # The lining's edge is nearer to the eyeball than the lids': it keeps off as it sweeps across,
    # because a morph moves straight where the eyeball is round.
    swept = np.clip(np.abs(turn) / 0.3, 0.0, 1.0)
    off = _LINING[0][2]
    before = on_eyeball(lids.sideways[0], lids.upward[0], lids.eye_radius + off)
    after = on_eyeball(
        lids.sideways[0], lids.upward[0] + turn, lids.eye_radius + off + 0.04 * swept
    )
    vertices.append(lids.lining[0])
    offsets.append(after - before)
    return np.concatenate(vertices), np.concatenate(offsets)
