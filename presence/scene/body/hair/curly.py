"""Curly hair: short curls, and an afro."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.hair.cap import build_cap
from presence.scene.body.hair.flow import unit
from presence.scene.body.hair.ground import CENTRE, Ground, angles, on_skin, outwards, rays
from presence.scene.body.hair.hairline import hairline, margin, scattered
from presence.scene.body.hair.locks import Locks, build_locks, tapered
from presence.scene.body.sculpt import smoothstep

_TRIANGLE: Floats = np.array([[-0.9, -0.5], [0.0, 1.0], [0.9, -0.5]])


def _curls(
    draft: Draft,
    ground: Ground,
    skin: Floats,
    lifts: Floats,
    size: Floats,
    turns: float,
    drop: float,
    stations: int,
    seed: int,
) -> None:
    """Draft ringlets: tubes wound about short curves that leave the scalp."""
    rng = np.random.default_rng([seed, 67])
    count = len(skin)
    normal = outwards(ground.head, skin)
    t = np.linspace(0.0, 1.0, stations)
    # The ringlet's own axis lies over the head, in any direction but uphill.
    way = unit(rng.standard_normal((count, 3)) + np.array([0.0, -drop, 0.25]))
    way = unit(way - np.sum(way * normal, axis=1, keepdims=True) * normal)
    side = np.cross(way, normal)
    base = skin + lifts[:, None] * normal
    hand = np.where(rng.random(count) < 0.5, 1.0, -1.0)[:, None]
    start = rng.uniform(0.0, 2.0 * np.pi, (count, 1))
    turn = start + hand * 2.0 * np.pi * turns * t
    wound = size[:, None] * (0.55 + 0.45 * np.sin(np.pi * np.minimum(t + 0.15, 1.0)))
    length = 2.3 * size[:, None] * (t - 0.4)
    paths = (
        base[:, None]
        + length[..., None] * way[:, None]
        + (wound * np.cos(turn))[..., None] * normal[:, None]
        + (wound * np.sin(turn))[..., None] * side[:, None]
    )
    outs = unit(paths - (base[:, None] + length[..., None] * way[:, None]))
    shape = tapered(stations, 0.7, 5.0)
    widths = 0.62 * size[:, None] * shape
    tones = np.clip(1.0 + 0.08 * rng.standard_normal((count, 1)), 0.84, 1.16)
    # What is deep between the curls is dark.
    tones = tones * (0.90 + 0.16 * np.cos(turn))
    build_locks(draft, ground.plan, Locks(paths, outs, widths, 0.8 * widths, tones), _TRIANGLE)


def build_curls(draft: Draft, ground: Ground) -> None:
    """Short and curly."""
    build_cap(draft, ground, 0.35, 1.2, tone=0.72)
    rng = np.random.default_rng(73)
    directions = scattered(ground, 190)
    directions = unit(directions + 0.05 * rng.standard_normal(directions.shape))
    azimuth = np.linspace(-48.0, 48.0, 11)
    directions = np.concatenate([directions, rays(azimuth, hairline(ground, azimuth) + 4.0)])
    skin = on_skin(ground.head, directions)
    inner = margin(ground, skin)
    skin, inner = skin[inner > 2.5], inner[inner > 2.5]
    azimuth, elevation = angles(skin)
    top = smoothstep(10.0, 45.0, elevation - 0.05 * np.abs(azimuth))
    lifts = (
        0.30 + 1.0 * top * smoothstep(0.0, 12.0, inner) + rng.uniform(-0.15, 0.35, len(skin)) * top
    )
    size = (0.78 + 0.42 * top) * rng.uniform(0.8, 1.2, len(skin))
    _curls(draft, ground, skin, lifts, size, 1.4, 0.7, 10, 21)


def build_afro(draft: Draft, ground: Ground) -> None:
    """A soft round cloud."""
    plan = ground.plan
    columns, rows = 52, 17
    rng = np.random.default_rng(79)
    azimuth = np.arange(columns) * (360.0 / columns) - 180.0
    line = hairline(ground, azimuth)
    places = np.linspace(0.0, 1.0, rows + 1)[1:] ** 0.8
    elevation = 90.0 + (line - 90.0) * places[:, None]
    # Towards its edge the cloud turns under to the hairline.
    directions = rays(np.broadcast_to(azimuth, elevation.shape), elevation)
    skin = on_skin(ground.head, directions)
    full = 3.6 * (1.0 - 0.25 * smoothstep(60.0, 130.0, np.abs(azimuth)))
    lift = full * np.maximum(1.0 - places[:, None] ** 5.0, 0.0) ** 0.45
    bumps = np.zeros(elevation.shape)
    centres = unit(rng.standard_normal((260, 3)))
    near = np.max(np.einsum("rci,ki->rck", directions, centres), axis=2)
    bumps = 1.0 - np.degrees(np.arccos(np.clip(near, -1.0, 1.0))) / 7.0
    lift = np.maximum(lift + 0.34 * bumps * smoothstep(0.3, 1.5, lift), 0.05)
    sheet = skin + directions * lift[..., None]
    under = skin[-1] - 0.9 * directions[-1]
    top = on_skin(ground.head, np.array([[0.0, 1.0, 0.0]])) + np.array([0.0, 3.6, 0.0])
    ring = draft.add(plan.from_head(sheet), Paint.HAIR, lone=True)
    hidden = draft.add(plan.from_head(under), Paint.HAIR, lone=True)
    crown = draft.add(plan.from_head(top), Paint.HAIR, lone=True)
    heart = draft.add(plan.from_head(CENTRE[None]), Paint.HAIR, lone=True)
    draft.tones[ring] = 0.92 + 0.14 * np.clip(bumps, -0.5, 1.0)
    draft.sew_all([hidden, *ring[::-1]], closed=True)
    draft.cap(ring[0], int(crown[0]))
    draft.cap(hidden[::-1], int(heart[0]))
    # Small curls break the outline.
    pick = scattered(ground, 240)
    pick = unit(pick + 0.05 * rng.standard_normal(pick.shape))
    ground_at = on_skin(ground.head, pick)
    around, up = angles(ground_at)
    end = hairline(ground, around)
    place = (90.0 - up) / (90.0 - end)
    height = 3.6 * (1.0 - 0.25 * smoothstep(60.0, 130.0, np.abs(around)))
    height = height * np.maximum(1.0 - np.clip(place, 0.0, 1.0) ** 5.0, 0.0) ** 0.45
    keep = place < 0.97
    root = ground_at + pick * (height - 0.15)[:, None]
    _curls(
        draft,
        ground,
        root[keep],
        np.zeros(int(keep.sum())),
        rng.uniform(0.55, 0.8, int(keep.sum())),
        1.0,
        0.0,
        7,
        22,
    )
