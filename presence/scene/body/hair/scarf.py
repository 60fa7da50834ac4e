"""A headscarf: a hood about the face, and a length of cloth wound round the neck.

Points are in head units (see ``skull``).
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.pose.skeleton import INDEX
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.hair.ground import CENTRE, Ground, outwards
from presence.scene.body.sculpt import (
    Shape,
    capsule,
    cast,
    ellipsoid,
    smooth_union,
    smoothstep,
)
from presence.scene.body.skull import NECK_LINE
from presence.scene.body.weights import only

_COLUMNS = 22
# How far round the face is open, by height: degrees to either side.
_OPENING: Floats = np.array(
    [
        [-12.4, 0.0], [-12.0, 12.0], [-11.0, 24.0], [-9.0, 38.0], [-6.0, 54.0], [-3.0, 63.0],
        [0.0, 67.0], [2.5, 64.0], [4.6, 52.0], [6.0, 34.0], [6.7, 17.0], [6.95, 0.0],
    ]
)  # fmt: skip


def _drape(ground: Ground) -> Shape:
    """What the hood lies on: the head and the hair that it hides, bridging the hollows."""
    wide = ground.plan.traits.face_width

    def shape(p: Floats) -> Floats:
        folded = p.copy()
        folded[:, 0] = np.abs(folded[:, 0])
        hair = ellipsoid(folded, (0.0, 3.4, -8.4), (7.9 * wide, 9.5, 9.8))
        neck = capsule(folded, (0.0, -4.0, -8.0), (0.0, -20.0, NECK_LINE), 6.6, 7.0)
        return smooth_union(smooth_union(ground.covered(p), hair, 1.0), neck, 5.0)

    return shape


def build_scarf(draft: Draft, ground: Ground) -> None:
    """Draft the scarf."""
    _hood(draft, ground)
    _wrap(draft, ground)


def _from_axis(azimuth: Floats, height: Floats) -> tuple[Floats, Floats]:
    """Origins and unit rays ``(..., 3)``: level below the head's centre, fanned out above it."""
    a = np.radians(azimuth)
    up = np.radians(np.clip(height - CENTRE[1], 0.0, 10.0) * 9.0)
    rays = np.stack([np.sin(a) * np.cos(up), np.sin(up), np.cos(a) * np.cos(up)], axis=-1)
    origins = np.zeros_like(rays)
    origins[..., 1] = np.minimum(height, CENTRE[1])
    origins[..., 2] = CENTRE[2]
    return origins, rays


def _hood(draft: Draft, ground: Ground) -> None:
    plan, shape = ground.plan, _drape(ground)
    chin = plan.traits.chin_length
    opening = _OPENING.copy()
    opening[:6, 0] *= 0.5 + 0.5 * chin
    heights = np.concatenate([[-17.0, -15.0, -13.4], opening[:, 0], [7.6, 8.4, 9.3, 10.2, 11.0]])
    open_by: Floats = np.concatenate([[0.0, 0.0, 0.0], opening[:, 1], np.zeros(5)])
    u = np.linspace(0.0, 1.0, _COLUMNS + 1)
    azimuth: Floats = 1.0 * open_by[:, None] + (180.0 - open_by[:, None]) * u**0.9
    level: Floats = np.broadcast_to(heights[:, None], azimuth.shape)
    origins, rays = _from_axis(azimuth, level)
    skin = cast(shape, origins.reshape(-1, 3), rays.reshape(-1, 3), 26.0).reshape(rays.shape)
    out = outwards(shape, skin)
    # Folds fan out from under the chin over the cheeks; the hem is a soft roll.
    past = azimuth - open_by[:, None]
    low = smoothstep(-4.0, 9.0, -level)
    fold = np.sin(np.radians(past) * 6.0 + 0.40 * level) * smoothstep(8.0, 30.0, past)
    fold = fold * (0.15 + 0.85 * low)
    hem = np.exp(-((past / 6.0) ** 2)) * (open_by[:, None] > 0.0)
    lift = 0.45 + 0.18 * hem + 0.26 * fold
    sheet, inner = skin + out * lift[..., None], skin - out * 0.3
    for points in (sheet, inner):
        points[:, -1, 0] = 0.0
        points[open_by == 0.0, 0, 0] = 0.0
    grain = np.stack([np.radians(azimuth) * 8.0, level], axis=-1) * plan.head_unit
    head = only("head")
    outer = draft.add(plan.from_head(sheet), Paint.SCARF, head, grain)
    under = draft.add(plan.from_head(inner), Paint.SCARF, head, grain)
    draft.tones[outer] = 1.0 + 0.10 * fold - 0.12 * np.exp(-((past / 3.0) ** 2)) * hem
    draft.tones[under] = 0.7
    draft.sew_all(list(outer))
    draft.sew_all(list(under[::-1]))
    draft.sew(under[0], outer[0])
    # The hem about the face; on the midline both halves meet instead.
    edge = np.flatnonzero(open_by > 0.0)
    hem_rows = np.arange(edge[0] - 1, edge[-1] + 2)
    draft.sew(outer[hem_rows, 0], under[hem_rows, 0])
    poles = np.array([[0.0, 0.45, 0.0], [0.0, -0.3, 0.0]]) + cast(
        shape, CENTRE[None], np.array([[0.0, 1.0, 0.0]]), 26.0
    )
    tops = draft.add(plan.from_head(poles), Paint.SCARF, head)
    for ring, tip in ((outer[-1], tops[0]), (under[-1][::-1], tops[1])):
        draft.faces(np.stack([ring[:-1], np.full(_COLUMNS, tip), ring[1:]], axis=1))


def _wrap(draft: Draft, ground: Ground) -> None:
    """Draft the cloth round the neck, and its end that falls before one shoulder."""
    plan = ground.plan
    columns = 40
    turn = np.arange(columns) * (2.0 * np.pi / columns)
    sin, cos = np.sin(turn), np.cos(turn)
    # From inside at the throat, over the roll, to the hem on the shoulders: how far out, how low.
    profile = np.array(
        [
            [6.0, -12.6], [6.9, -11.4], [8.0, -11.5], [8.7, -12.6], [8.7, -13.8], [8.2, -14.6],
            [8.9, -14.7], [9.6, -15.4], [9.9, -16.4], [10.0, -17.4], [10.1, -18.4],
        ]
    )  # fmt: skip
    place = np.linspace(0.0, 1.0, len(profile))[:, None]
    ahead = 0.5 + 0.5 * cos
    # It lies lower in front, and its folds wind down round the neck.
    radius = profile[:, :1] * (1.0 - 0.06 * cos**2)
    sag = -1.3 * ahead + 0.9 * (1.0 - ahead) - 2.6 * place**2 * ahead
    height = profile[:, 1:] + sag + 0.5 * np.sin(turn + 0.6)
    wind = np.sin(2.0 * turn + 9.0 * place + 0.5) + 0.6 * np.sin(5.0 * turn - 7.0 * place)
    radius = radius + 0.30 * wind * smoothstep(0.0, 0.2, place)
    points = np.stack([radius * sin, height, NECK_LINE + 0.4 + 0.92 * radius * cos], axis=-1)
    flat = points.reshape(-1, 3)
    keep_off = (1.25 + 0.16 * wind).reshape(-1)
    for _ in range(6):
        gap = keep_off - ground.body(flat)
        flat = flat + outwards(ground.body, flat) * np.maximum(gap, 0.0)[:, None]
    # What hangs out past the shoulders' slope comes down onto it.
    for _ in range(3):
        gap = ground.body(flat) - keep_off
        pull = (gap * np.repeat(smoothstep(0.75, 1.0, place), columns))[:, None]
        flat = flat - outwards(ground.body, flat) * np.maximum(pull, 0.0)
    points = flat.reshape(points.shape)
    grain = np.stack([np.broadcast_to(turn * 8.0, height.shape), height], -1) * plan.head_unit
    rows = draft.add(plan.from_head(points), Paint.SCARF, None, grain, lone=True)
    draft.tones[rows] = 1.0 + 0.07 * wind
    lower = points[-1] - outwards(ground.body, points[-1]) * 0.7
    hem = draft.add(plan.from_head(lower), Paint.SCARF, lone=True)
    neck = points[0] - np.array([0.0, 2.0, 0.0])
    inner = draft.add(plan.from_head(neck), Paint.SCARF, lone=True)
    draft.tones[np.concatenate([hem, inner])] = 0.7
    # The angle runs from the front to the right: leftwards, seen from outside.
    draft.sew_all([hem, *rows[::-1], inner, hem], closed=True)
    _carry(draft, ground, np.concatenate([rows.ravel(), hem, inner]))


def _carry(draft: Draft, ground: Ground, vertices: Ints) -> None:
    """Weight cloth about the neck: the higher the more the head's."""
    height = ground.plan.to_head(draft.positions[vertices])[:, 1]
    head = 0.75 * smoothstep(-17.5, -11.5, height)
    chest = 1.0 - smoothstep(-19.5, -14.0, height)
    draft.weights[vertices, INDEX["head"]] = head * (1.0 - chest)
    draft.weights[vertices, INDEX["neck"]] = (1.0 - head) * (1.0 - chest)
    draft.weights[vertices, INDEX["upperChest"]] = chest
