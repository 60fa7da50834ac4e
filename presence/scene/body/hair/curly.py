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

_CROWN: Floats = np.array([0.0, 10.0, -10.5])
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
    pitch: float = 1.5,
) -> None:
    """Draft ringlets: tubes wound about short curves that leave the scalp."""
    rng = np.random.default_rng([seed, 67])
    count = len(skin)
    normal = outwards(ground.head, skin)
    t = np.linspace(0.0, 1.0, stations)
    # A ringlet lies along the way that straight hair would, more or less.
    way = unit(skin - _CROWN) + np.array([0.0, -drop, 0.0])
    way = unit(way + 0.55 * rng.standard_normal((count, 3)))
    way = unit(way - np.sum(way * normal, axis=1, keepdims=True) * normal)
    side = np.cross(way, normal)
    base = skin + lifts[:, None] * normal
    hand = np.where(rng.random(count) < 0.5, 1.0, -1.0)[:, None]
    start = rng.uniform(0.0, 2.0 * np.pi, (count, 1))
    turn = start + hand * 2.0 * np.pi * turns * t
    wound = 0.70 * size[:, None] * (0.75 + 0.25 * np.sin(np.pi * t))
    length = pitch * turns * size[:, None] * (t - 0.4)
    middle = base[:, None] + length[..., None] * way[:, None]
    paths = (
        middle
        + (wound * np.cos(turn))[..., None] * normal[:, None]
        + (wound * np.sin(turn))[..., None] * side[:, None]
    )
    shape = tapered(stations, 0.75, 7.0)
    widths = 0.80 * size[:, None] * shape
    tones = np.clip(1.0 + 0.07 * rng.standard_normal((count, 1)), 0.86, 1.14)
    # What is deep between the curls is dark.
    tones = tones * (0.90 + 0.14 * np.cos(turn))
    locks = Locks(paths, unit(paths - middle), widths, 0.85 * widths, tones)
    build_locks(draft, ground.plan, locks, _TRIANGLE)


def build_curls(draft: Draft, ground: Ground) -> None:
    """Short and curly."""
    build_cap(draft, ground, 0.35, 1.0, tone=0.68)
    rng = np.random.default_rng(73)
    directions = scattered(ground, 160)
    directions = unit(directions + 0.05 * rng.standard_normal(directions.shape))
    azimuth = np.linspace(-50.0, 50.0, 11)
    directions = np.concatenate([directions, rays(azimuth, hairline(ground, azimuth) + 3.5)])
    skin = on_skin(ground.head, directions)
    inner = margin(ground, skin)
    skin, inner = skin[inner > 2.0], inner[inner > 2.0]
    azimuth, elevation = angles(skin)
    top = smoothstep(5.0, 45.0, elevation - 0.05 * np.abs(azimuth))
    lifts = 0.35 + (0.50 + 0.75 * top) * smoothstep(0.0, 14.0, inner)
    lifts = lifts + rng.uniform(-0.15, 0.45, len(skin)) * top
    size = (0.80 + 0.35 * top) * rng.uniform(0.85, 1.15, len(skin))
    _curls(draft, ground, skin, lifts, size, 1.6, 0.45, 10, 21)


def _cloud(around: Floats, place: Floats) -> Floats:
    """How far an afro stands off, at degrees round and from the crown (0) to the hairline (1)."""
    full = 3.5 * (1.0 - 0.22 * smoothstep(60.0, 130.0, np.abs(around)))
    lift: Floats = full * np.maximum(1.0 - np.clip(place, 0.0, 1.0) ** 3.4, 0.0) ** 0.55
    return lift


def build_afro(draft: Draft, ground: Ground) -> None:
    """A soft round cloud."""
    plan = ground.plan
    columns, rows = 40, 12
    rng = np.random.default_rng(79)
    azimuth = np.arange(columns) * (360.0 / columns) - 180.0
    places = np.linspace(0.0, 1.0, rows + 1)[1:] ** 0.8
    elevation = 90.0 + (hairline(ground, azimuth) - 90.0) * places[:, None]
    directions = rays(np.broadcast_to(azimuth, elevation.shape), elevation)
    skin = on_skin(ground.head, directions)
    lift = np.maximum(_cloud(np.broadcast_to(azimuth, elevation.shape), places[:, None]), 0.05)
    sheet = skin + directions * lift[..., None]
    under = skin[-1] - 0.9 * directions[-1]
    top = on_skin(ground.head, np.array([[0.0, 1.0, 0.0]])) + np.array([0.0, 3.5, 0.0])
    ring = draft.add(plan.from_head(sheet), Paint.HAIR, lone=True)
    hidden = draft.add(plan.from_head(under), Paint.HAIR, lone=True)
    crown = draft.add(plan.from_head(top), Paint.HAIR, lone=True)
    heart = draft.add(plan.from_head(CENTRE[None]), Paint.HAIR, lone=True)
    draft.tones[ring] = 0.74
    draft.sew_all([hidden, *ring[::-1]], closed=True)
    draft.cap(ring[0], int(crown[0]))
    draft.cap(hidden[::-1], int(heart[0]))
    # Small curls all over make it soft.
    pick = scattered(ground, 300)
    pick = unit(pick + 0.03 * rng.standard_normal(pick.shape))
    azimuth = np.linspace(-62.0, 62.0, 17)
    pick = np.concatenate([pick, rays(azimuth, hairline(ground, azimuth) + 1.5)])
    ground_at = on_skin(ground.head, pick)
    around, up = angles(ground_at)
    place = (90.0 - up) / (90.0 - hairline(ground, around))
    root = ground_at + pick * (_cloud(around, place) + 0.1)[:, None]
    size = rng.uniform(0.95, 1.3, len(root)) * (1.0 - 0.35 * smoothstep(0.75, 1.0, place))
    _curls(draft, ground, root, np.zeros(len(root)), size, 1.0, 0.0, 6, 22, 0.9)
