"""A hand: a palm that parts into four fingers, with a thumb out of its side.

Rings run as on the arm: from the front (the thumb's side, in the T-pose) over the top.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.pose.skeleton import INDEX
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.pieces import sweep
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep
from presence.scene.body.weights import bend, chain, hinge

_FINGERS = ("Index", "Middle", "Ring", "Little")
_RADII = (0.0088, 0.0091, 0.0087, 0.0077)
"""Of each finger at its root, metres on a body of 1.70 m."""
_THUMB_RADIUS = 0.0108
_FINGER_SIDES = 8
_COLUMNS = 9
"""Vertices across the back of the hand: two strips a finger."""
_WEB = 0.30
"""Where fingers part, along the first segment."""
# Along the palm, from the wrist to the knuckles: how far, and half its thickness in metres.
_PALM_ROWS = ((0.12, 0.0185), (0.32, 0.0180), (0.52, 0.0165), (0.74, 0.0145), (0.97, 0.0122))
_THUMB_ROW = 0
"""The thumb grows from between this palm row and the second after it."""
# Along one segment of a finger.
_SEGMENTS = ((0.60, 0.86, 1.0), (0.14, 0.5, 0.86, 1.0), (0.16, 0.55, 0.86))
_ANGLES: Floats = np.arange(_FINGER_SIDES) * (2.0 * np.pi / _FINGER_SIDES)


def _tips(plan: Plan) -> Floats:
    """``(5, 3)`` the right hand's fingertips from their distal joints, thumb first."""
    return plan.proportions.fingertips[5:]


def _bones(finger: str) -> tuple[str, str, str]:
    first, second = (
        ("Metacarpal", "Proximal") if finger == "Thumb" else ("Proximal", "Intermediate")
    )
    return (f"right{finger}{first}", f"right{finger}{second}", f"right{finger}Distal")


def _joints(plan: Plan, finger: str, tip: Floats) -> Floats:
    """``(4, 3)`` the three joints and the tip."""
    joints = np.stack([plan.at(bone) for bone in _bones(finger)])
    return np.concatenate([joints, joints[2:] + tip])


def _finger_weights(points: Floats, finger: str, joints: Floats, reach: float) -> Floats:
    """``(N, 55)`` of the points of one finger, ``reach`` metres of bend either side of a joint."""
    directions = np.diff(joints, axis=0)
    shares = []
    for i, width in enumerate((2.4, 1.0, 0.9)):
        along = directions[max(i - 1, 0)] + directions[i]
        if finger == "Thumb" or i == 0:
            # The ball of the thumb goes with it only by and by.
            wide = 5.0 if finger == "Thumb" and i == 0 else width
            shares.append(hinge(points, joints[i], along, reach * wide))
            continue
        # Fingers bend towards the palm: the skin there is pressed together, over the knuckles not.
        off = points - joints[i]
        rise = np.clip(off[:, 1] / reach, -1.0, 1.0)
        shares.append(bend(off @ along / np.linalg.norm(along), rise, 1.9 * reach, 0.5 * reach))
    return chain(("rightHand", *_bones(finger)), shares)


def _grow(
    draft: Draft, root: Ints, finger: str, joints: Floats, radius: float, plan: Plan, *, thumb: bool
) -> None:
    """Draft the rings of one finger onto its root ring ``(8,)``, and close its tip."""
    s = plan.scale
    segments = (
        ((0.52, 0.82, 1.0), (0.2, 0.55, 0.86, 1.0), (0.2, 0.58, 0.86)) if thumb else _SEGMENTS
    )
    directions = np.diff(joints, axis=0)
    lengths = np.linalg.norm(directions, axis=1)
    directions = directions / lengths[:, None]
    rows = [root]
    for segment, places in enumerate(segments):
        for place in places:
            centre = joints[segment] + directions[segment] * lengths[segment] * place
            last = segment == 2
            at_joint = place == 1.0
            axis = directions[segment] + (directions[min(segment + 1, 2)] if at_joint else 0.0)
            axis = axis / np.linalg.norm(axis)
            up = np.array([0.0, 1.0, 0.0])
            top = up - axis * (up @ axis)
            top = top / np.linalg.norm(top)
            front = np.cross(top, axis)
            # Fingers taper, swell a little at their joints and end round.
            thick = radius * s * (1.0 - 0.085 * (segment + place))
            thick *= 1.03 if at_joint else 1.0
            # Knuckles stand up on the back of the finger.
            bent = segment > 0 or place > 0.8
            knob = 1.0 if at_joint else 0.6 if bent and (place < 0.2 or place > 0.8) else 0.0
            knob *= 0.0 if thumb or (last and place > 0.5) else 0.0021 * s
            thick *= {0.86: 0.66, 0.55: 0.97, 0.58: 1.0}.get(place, 1.0) if last else 1.0
            flat = 0.86 if last else 0.95
            points = (
                centre
                + knob * top
                + thick * (np.cos(_ANGLES)[:, None] * front + flat * np.sin(_ANGLES)[:, None] * top)
            )
            weights = _finger_weights(points, finger, joints, 0.0065 * s)
            row = draft.add(points, Paint.SKIN, weights)
            rows.append(row)
    tip = draft.add(joints[3:], Paint.SKIN, _finger_weights(joints[3:], finger, joints, 0.0065 * s))
    draft.sew_all(rows[::-1], closed=True)
    draft.cap(rows[-1][::-1], int(tip[0]))
    _nail(draft, finger, joints, radius * s, s)


def _nail(draft: Draft, finger: str, joints: Floats, radius: float, scale: float) -> None:
    """A plate on the back of the fingertip, sunk into it."""
    length = float(np.linalg.norm(joints[3] - joints[2]))
    axis = (joints[3] - joints[2]) / length
    top = np.array([0.0, 1.0, 0.0]) - axis * axis[1]
    top = top / np.linalg.norm(top)
    front = np.cross(top, axis)
    sections = []
    for place, breadth in ((0.36, 0.50), (0.58, 0.62), (0.84, 0.52)):
        # As the finger's own rings: they taper towards the tip.
        thick = radius * (1.0 - 0.085 * (2.0 + place))
        thick *= float(np.interp(place, (0.16, 0.55, 0.86, 1.0), (1.0, 0.97, 0.66, 0.42)))
        high = 0.86 * thick + 0.0006 * scale
        wide, edge = breadth * radius, 0.74 * 0.86 * thick + 0.0004 * scale
        middle = joints[2] + axis * length * place
        section = [(wide, edge), (0.0, high), (-wide, edge), (0.0, 0.4 * high)]
        sections.append([middle + across * front + up * top for across, up in section])
    points = np.array(sections)
    weights = _finger_weights(points.reshape(-1, 3), finger, joints, 0.0065 * scale)
    sweep(draft, points, Paint.NAIL, weights.reshape(*points.shape[:2], -1))


def build_hand(draft: Draft, plan: Plan, wrist_ring: Ints) -> None:
    """Draft the right hand onto the ring at the wrist ``(20,)``."""
    s = plan.scale
    wrist = plan.at("rightHand")
    tips = _tips(plan)
    fingers = [_joints(plan, f, tips[i + 1]) for i, f in enumerate(_FINGERS)]
    knuckles = np.stack([joints[0] for joints in fingers])
    bones = np.stack([joints[1] - joints[0] for joints in fingers])
    radii = np.array(_RADII) * s

    def across(middles: Floats) -> Floats:
        """``(9, 3)`` from the index's outer side to the little finger's, by four middles."""
        line = np.empty((_COLUMNS, 3))
        line[1::2] = middles
        line[2:-1:2] = 0.5 * (middles[:-1] + middles[1:])
        line[0] = middles[0] + np.array([0.0, 0.0, -radii[0]])
        line[-1] = middles[-1] + np.array([0.0, 0.0, radii[3]])
        return line

    knuckle_line = across(knuckles)
    parting = across(knuckles + _WEB * bones)
    start = np.tile(wrist, (_COLUMNS, 1))
    start[:, 2] += np.linspace(-0.0255, 0.0255, _COLUMNS) * s

    # Shares of the four fingers in each column, for the bend at the knuckles.
    shares = np.zeros((_COLUMNS, 4))
    for column in range(_COLUMNS):
        for finger in range(4):
            shares[column, finger] = max(0.0, 1.0 - abs(column - (2 * finger + 1)) / 2.0)
    shares[0], shares[-1] = np.eye(4)[0], np.eye(4)[3]

    def weigh(points: Floats, columns: Ints) -> Floats:
        rows = np.zeros((len(points), len(INDEX)))
        for i, finger in enumerate(_FINGERS):
            part = _finger_weights(points, finger, fingers[i], 0.0065 * s)
            rows += part * shares[columns][:, i : i + 1]
        # What the wrist's bend leaves to the forearm.
        fore = 1.0 - hinge(points, wrist, (1.0, 0.0, 0.0), 0.030 * s)
        held = rows[:, INDEX["rightHand"]]
        rows[:, INDEX["rightLowerArm"]] = held * fore
        rows[:, INDEX["rightHand"]] = held * (1.0 - fore)
        return rows

    ring_columns = np.array([0, *range(_COLUMNS), _COLUMNS - 1, *range(_COLUMNS - 1, -1, -1)])

    def ring(line: Floats, half: Floats | float, plump: float) -> Floats:
        """``(20, 3)`` round the palm."""
        half = np.broadcast_to(half, _COLUMNS)
        edge = np.ones(_COLUMNS)
        edge[[0, -1]] = 0.62
        up = np.zeros((_COLUMNS, 3))
        up[:, 1] = half * edge
        # The balls of the thumb and of the little finger.
        low = up.copy()
        low[:, 1] += plump * s * np.array([0.6, 1.0, 0.8, 0.4, 0.0, 0.0, 0.3, 0.5, 0.3])
        out = np.array([0.0, 0.0, 0.0035 * s])
        return np.concatenate(
            [(line[0] - out)[None], line + up, (line[-1] + out)[None], (line - low)[::-1]]
        )

    rows = [wrist_ring]
    for i, (place, half) in enumerate(_PALM_ROWS):
        line = start + (knuckle_line - start) * place
        # The palm is widest before the knuckles.
        line[:, 2] += (line[:, 2] - line[:, 2].mean()) * 0.10 * np.sin(np.pi * place)
        points = ring(line, half * s, 0.0055 * np.sin(np.pi * min(place + 0.1, 1.0)))
        keep = np.ones(len(points), dtype=bool)
        keep[0] = i != _THUMB_ROW + 1
        row = np.full(len(points), -1)
        row[keep] = draft.add(points[keep], Paint.SKIN, weigh(points, ring_columns)[keep])
        rows.append(row)
    thick = np.repeat(radii, 2)
    root = np.concatenate([thick[:1], np.maximum(thick[:-1], thick[1:])[:7], thick[-1:]])
    root[2:-1:2] *= 0.80
    points = ring(parting, root, 0.0)
    last = draft.add(points, Paint.SKIN, weigh(points, ring_columns))
    rows.append(last)

    first, middle, third = (rows[1 + _THUMB_ROW + i] for i in range(3))
    for i, (a, b) in enumerate(pairwise(rows)):
        if _THUMB_ROW < i <= _THUMB_ROW + 2:
            draft.sew(b[1:], a[1:])
        else:
            draft.sew(b, a, closed=True)

    webs = 0.5 * (points[[3, 5, 7]] + points[[17, 15, 13]]) - np.array([0.004 * s, 0.0, 0.0])
    web = draft.add(webs, Paint.SKIN, weigh(webs, np.array([2, 4, 6])))
    sides = [last[0], *web, last[10]]
    for i, name in enumerate(_FINGERS):
        above, below = last[1 + 2 * i : 4 + 2 * i], last[17 - 2 * i : 20 - 2 * i]
        ring_root = np.array([sides[i], *above, sides[i + 1], *below])
        _grow(draft, ring_root, name, fingers[i], _RADII[i], plan, thumb=False)

    thumb = _joints(plan, "Thumb", tips[0])
    rim = np.array(
        [first[0], first[1], middle[1], third[1], third[0], third[19], middle[19], first[19]]
    )
    # The rim of the thumb's root goes part of the way with it.
    shares_thumb = 0.45 * smoothstep(-0.02 * s, 0.02 * s, (draft.positions[rim] - thumb[0])[:, 0])
    rim_weights = draft.weights[rim] * (1.0 - shares_thumb[:, None])
    rim_weights[:, INDEX["rightThumbMetacarpal"]] += shares_thumb
    draft.weights[rim] = rim_weights
    _grow(draft, rim, "Thumb", thumb, _THUMB_RADIUS, plan, thumb=True)
