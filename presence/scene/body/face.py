"""The skin of the head: lids, lips and ears as loops, and a mesh between them.

Points are in head units (see ``skull``) until they are added to the draft.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.chart import fill, triangulate
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import Shape, settle, smoothstep
from presence.scene.body.skull import CENTRE, MOUTH_HEIGHT, NECK_LINE, facing, head_shape, onto
from presence.scene.body.trunk import COLUMNS

EYE_RADIUS = 1.58
"""Of the eyeball of a person with average eyes, in head units."""
LID_SIDES = 24
LIP_POINTS = 21
"""From the upper lip's middle to the corner to the lower lip's middle."""
_LID_WIDTH = 1.13
"""Radians from the eye's middle to its corners."""
_LID_UPPER, _LID_LOWER = 0.39, 0.32
"""Radians from the eye's middle line to the lids' edges."""
# Rings of the lids, outwards from their edge: radians wider, radians taller, units off the eyeball.
LID_RINGS = ((0.0, 0.0, 0.10), (0.035, 0.075, 0.15), (0.08, 0.24, 0.16), (0.14, 0.46, 0.10))
# Rings of the socket's lining, inwards from the lids' edge: radians wider and taller, units off
# the eyeball.
_LINING = ((0.04, 0.04, 0.02), (0.25, 0.35, 0.06), (0.40, 0.80, 0.10))
# Rings round the eye on the face itself: half width and half height.
_EYE_SURROUNDS = ((1.92, 1.50), (2.45, 2.02))
# Rings of the lips, outwards from where they meet: how high above and below, how wide, how far
# forward of the face.
LIP_RINGS = (
    (0.02, 0.02, 2.26, -0.40),
    (0.24, 0.28, 2.32, 0.12),
    (0.48, 0.62, 2.40, 0.20),
    (0.78, 0.98, 2.52, 0.02),
    (1.18, 1.40, 2.80, 0.0),
    (1.70, 1.95, 3.30, 0.0),
)
_LIP_RINGS_RED = 3
# Rings of the mouth's lining, from its back forwards: how high, how low, how wide, how far forward.
LINING_RINGS = (
    (0.7, 0.8, 1.2, -2.3),
    (1.1, 1.2, 2.0, -0.5),
    (0.9, 1.0, 2.25, 1.1),
    (0.16, 0.16, 2.16, 1.4),
)
_EAR_SIDES = 14
# Rings of the ear, inwards from the head: how large, how far out.
_EAR_RINGS = ((1.0, 0.0), (1.12, 0.45), (1.48, 0.92), (1.38, 1.08), (1.02, 0.98), (0.72, 0.45))


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Where the features of the right half of the face are in the draft."""

    lids: Ints
    """``(6, 24)`` rings round the eye from the lids' edge outwards."""
    lining: Ints
    """``(3, 24)`` rings of the eye socket's lining, inwards from the lids' edge."""
    lips: Ints
    """``(6, 21)`` rows round the mouth from where the lips meet outwards."""
    mouth: Ints
    """``(4, 21)`` rows of the mouth's lining, from its back forwards."""
    mouth_back: int
    """The middle of the mouth's back."""
    skin: Ints
    """Everything else of the head."""
    shape: Shape
    """The head's shape, in head units."""
    eye: Floats
    """``(3,)`` the right eye's centre, in head units."""
    eye_radius: float
    """In head units."""


def lid_angles(plan: Plan) -> tuple[Floats, Floats]:
    """``(4, 24)`` sideways and upward angles of the lids' rings about the eye's centre, at rest."""
    turn = np.linspace(0.0, 2.0 * np.pi, LID_SIDES, endpoint=False)
    sideways, upward = [], []
    for wider, taller, _ in LID_RINGS:
        reach = _LID_WIDTH + wider
        # The outer corner lies further back on the eyeball: its lids end sooner.
        along = np.cos(turn) * reach * np.where(np.cos(turn) > 0.0, 0.93, 1.0)
        # An almond: the upper lid's arch is fullest towards the nose, the lower's away from it.
        bow = np.abs(np.sin(turn)) ** np.where(np.sin(turn) > 0.0, 0.85, 0.95)
        upper = (_LID_UPPER + taller) * bow * (1.0 - 0.06 * np.cos(turn))
        lower = -(_LID_LOWER + 0.75 * taller) * bow * (1.0 + 0.08 * np.cos(turn))
        sideways.append(along)
        upward.append(
            np.where(np.sin(turn) > 0.0, upper, lower) + plan.traits.eye_tilt * along / _LID_WIDTH
        )
    return np.array(sideways), np.array(upward)


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


def build_face(draft: Draft, plan: Plan, weights: Floats, neck_opening: Ints) -> Face:
    """Draft the right half of the head onto the trunk's collar.

    ``weights (55,)`` are those of what the head alone carries.
    """
    shape = head_shape(plan)
    eye = np.array([plan.eye_across, 0.0, 0.0])
    radius = EYE_RADIUS * plan.traits.eye_size

    def add(points: Floats, paint: Paint) -> Ints:
        return draft.add(plan.from_head(points), paint, weights)

    lids, lining = _build_eye(draft, plan, add, shape, eye, radius)
    lips, mouth, back = _build_mouth(draft, plan, add, shape)
    ear = _build_ear(draft, add, shape)

    # The rim on the neck: high at the nape, low under the chin.
    turn = np.linspace(0.0, np.pi, COLUMNS + 1)
    rim_points = np.stack(
        [5.2 * np.sin(turn), -12.2 + 1.3 * (1 - np.cos(turn)), NECK_LINE + 5.4 * np.cos(turn)], 1
    )
    rim_points = settle(shape, rim_points, step=0.01, rounds=8)
    rim_points[[0, -1], 0] = 0.0
    rim = add(rim_points, Paint.SKIN)
    draft.weights[rim] = 0.0

    def placed(indices: Ints) -> Floats:
        return plan.to_head(draft.positions[indices])

    loops = [lids[-1], lips[-1], ear]
    filling = onto(shape, CENTRE + fill(rim_points, [placed(loop) for loop in loops]))
    rays = np.concatenate([rim_points, *(placed(loop) for loop in loops), filling])
    inner = add(filling, Paint.SKIN)
    draft.weights[inner] = 0.0
    indices = np.concatenate([rim, *loops, inner])
    starts = np.cumsum([0, len(rim), *(len(loop) for loop in loops)])
    spans = [np.arange(a, b) for a, b in zip(starts[:-1], starts[1:], strict=True)]
    draft.faces(indices[triangulate(rays, spans[0], spans[1:])])

    low, high = draft.positions[neck_opening], draft.positions[rim]
    steps = [low + (high - low) * smoothstep(-0.25, 1.25, np.array([t]))[0] for t in (0.3, 0.65)]
    neck = [draft.add(step, Paint.SKIN) for step in steps]
    draft.sew_all([neck_opening, *neck, rim])
    return Face(
        lids=lids,
        lining=lining,
        lips=lips,
        mouth=mouth,
        mouth_back=back,
        skin=np.concatenate([rim, inner]),
        shape=shape,
        eye=eye,
        eye_radius=radius,
    )


def _build_eye(draft, plan, add, shape, eye, radius):  # type: ignore[no-untyped-def]
    sideways, upward = lid_angles(plan)
    turn = np.linspace(0.0, 2.0 * np.pi, LID_SIDES, endpoint=False)
    upper = np.sin(turn) > 0.1
    around = []
    for half_width, half_height in _EYE_SURROUNDS:
        tilt = plan.traits.eye_tilt * np.cos(turn) * half_width
        guess = eye + np.stack(
            [
                half_width * np.cos(turn),
                half_height * np.sin(turn) + 0.12 + tilt,
                np.full(LID_SIDES, 1.0),
            ],
            axis=1,
        )
        around.append(facing(shape, guess))
    # On the eyeball in the middle; at the corners straight from the lids' edge to the face, or the
    # lids would fold into the socket there.
    corner = np.abs(np.cos(turn))[:, None] ** 5
    edge = eye + on_eyeball(sideways[0], upward[0], radius + LID_RINGS[0][2])
    rows = []
    for i, (_, _, off) in enumerate(LID_RINGS):
        round_eye = eye + on_eyeball(sideways[i], upward[i], radius + off)
        straight = edge + (around[0] - edge) * (i / len(LID_RINGS))
        rows.append(add(round_eye + (straight - round_eye) * corner, Paint.SKIN))
    rows += [add(points, Paint.SKIN) for points in around]
    draft.paints[rows[0]] = np.where(upper, int(Paint.LASH), int(Paint.SOCKET))
    draft.paints[rows[3][upper]] = int(Paint.SOCKET)
    lining = []
    for wider, taller, off in _LINING:
        side = sideways[0] + np.sign(np.cos(turn)) * wider * np.abs(np.cos(turn))
        tall = upward[0] + np.sign(np.sin(turn)) * taller * np.abs(np.sin(turn))
        lining.append(add(eye + on_eyeball(side, tall, radius + off), Paint.SOCKET))
    draft.paints[lining[0]] = np.where(upper, int(Paint.LASH), int(Paint.SOCKET))
    back = add((eye - np.array([0.0, 0.0, radius + 0.3]))[None], Paint.SOCKET)
    draft.sew_all([*rows[::-1], *lining], closed=True)
    draft.cap(lining[-1], int(back[0]))
    return np.array(rows), np.array(lining)


def _build_mouth(draft, plan, add, shape):  # type: ignore[no-untyped-def]
    turn = np.linspace(0.5 * np.pi, -0.5 * np.pi, LIP_POINTS)
    across, rise = np.cos(turn), np.sin(turn)
    full = plan.traits.lip_fullness

    def outline(high: float, low: float, width: float) -> Floats:
        # The corners turn up a little: a friendly face even at rest.
        line = MOUTH_HEIGHT + 0.30 * across**2 - 0.05
        bow = np.sign(rise) * np.abs(rise) ** 0.8
        return np.stack(
            [
                width * across,
                line + np.where(rise > 0.0, high, low) * bow,
                np.full(LIP_POINTS, 2.0),
            ],
            axis=1,
        )

    lips = []
    for i, (high, low, width, forward) in enumerate(LIP_RINGS):
        grow = full if 0 < i <= _LIP_RINGS_RED else 1.0
        guess = outline(high * grow, low * grow, width)
        if i == _LIP_RINGS_RED:
            # The dip in the middle of the upper lip.
            guess[:, 1] -= 0.14 * np.exp(-((guess[:, 0] / 0.35) ** 2)) * (rise > 0.0)
        points = onto(shape, guess)
        points[:, 2] += forward * (0.25 + 0.75 * (1.0 - across**4)) * (full if forward > 0 else 1.0)
        points[[0, -1], 0] = 0.0
        lips.append(add(points, Paint.LIP if i < _LIP_RINGS_RED else Paint.SKIN))
    contact = plan.to_head(draft.positions[lips[0]])
    mouth = []
    for i, (high, low, width, forward) in enumerate(LINING_RINGS):
        points = outline(high, low, width)
        # The corners of the mouth lie further back than its middle: the lining follows.
        points[:, 2] = (
            np.minimum(forward, contact[:, 2] - 0.25) - (0.0 if i == 3 else 0.4) * across**2
        )
        points[[0, -1], 0] = 0.0
        mouth.append(add(points, Paint.MOUTH))
    back = add(np.array([[0.0, MOUTH_HEIGHT, -3.0]]), Paint.MOUTH)
    draft.sew_all([*mouth, *lips])
    row = mouth[0]
    draft.faces(np.stack([np.full(LIP_POINTS - 1, back[0]), row[:-1], row[1:]], axis=1))
    return np.array(lips), np.array(mouth), int(back[0])


def _build_ear(draft, add, shape):  # type: ignore[no-untyped-def]
    turn = np.linspace(0.0, 2.0 * np.pi, _EAR_SIDES, endpoint=False)
    middle = np.array([7.0, -1.4, -8.3])
    lean = 0.22

    def outline(size: float) -> Floats:
        f, y = 1.12 * np.cos(turn) * size, 2.05 * np.sin(turn) * size
        # Broader above than at the lobe, and leaning back at the top.
        f = f * (1.0 + 0.22 * np.sin(turn))
        return middle + np.stack([np.zeros(_EAR_SIDES), y, f - lean * y], axis=1)

    out = np.array([0.92, 0.0, -0.38])
    lift = 0.85 - 0.72 * np.cos(turn) + 0.12 * np.sin(turn)
    rows = []
    base = onto(shape, outline(1.0))
    for size, height in _EAR_RINGS:
        points = outline(size)
        points[:, 0] = base[:, 0]
        points = points + (height * lift)[:, None] * out
        rows.append(add(points if height else base, Paint.SKIN))
    hole = plan_middle(draft, rows[-1])
    centre = draft.add(hole, Paint.SKIN, draft.weights[rows[-1][:1]])
    draft.paints[rows[-1]] = int(Paint.SOCKET)
    draft.sew_all(rows[::-1], closed=True)
    draft.cap(rows[-1][::-1], int(centre[0]))
    return rows[0]


def plan_middle(draft: Draft, ring: Ints) -> Floats:
    """``(1, 3)`` the middle of a ring of the draft."""
    return draft.positions[ring].mean(axis=0, keepdims=True)
