"""Hair that hangs: a bob, long hair, waves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.hair.cap import build_cap
from presence.scene.body.hair.flow import Field, cut, trace, unit, until
from presence.scene.body.hair.ground import CENTRE, Ground, angles, on_skin, outwards, rays
from presence.scene.body.hair.hairline import hairline, margin, scattered
from presence.scene.body.hair.locks import FLAT, Locks, build_locks, tapered
from presence.scene.body.hair.swing import Hank, curtain
from presence.scene.body.sculpt import smoothstep

_FINE = 20
"""Stations of a curve before it is cut to length."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """Measures of hanging hair, head units."""

    part: float
    """How far across it is parted."""
    end: tuple[float, float]
    """How high the tips are, in front and at the back."""
    reach: float
    """How long a lock may be."""
    lift: float = 1.0
    width: float = 1.7
    thick: float = 0.45
    stations: int = 9
    count: int = 130
    wave: float = 0.0
    """How far waves swing."""
    wavelength: float = 7.0
    fringe: bool = False
    joints: int = 4
    """Of each chain that it swings on."""
    top: float = -2.0
    """How high the chains begin."""
    blunt: float = 3.5
    """How suddenly locks end."""
    uneven: float = 0.6
    """How far their ends are apart."""
    tuck: float = 0.0
    """How far the ends turn in."""
    fan: float = 0.25
    """How far hair goes before or behind the shoulders."""


def cut_at(paths: Floats, outs: Floats, ends: Floats, stations: int) -> tuple[Floats, Floats]:
    """Curves ``(N, K, 3)`` cut where they first come below the heights ``ends (N,)``."""
    heights = np.broadcast_to(ends[:, None], paths.shape[:2])
    return cut(paths, outs, until(paths, heights), stations)


def waved(
    paths: Floats, outs: Floats, size: float, length: float, rng: np.random.Generator
) -> Floats:
    """Curves that swing from side to side, the farther from the root the more."""
    along = unit(np.gradient(paths, axis=1))
    aside = unit(np.cross(along, outs))
    run = np.concatenate(
        [np.zeros((len(paths), 1)), np.cumsum(np.linalg.norm(np.diff(paths, axis=1), axis=2), 1)], 1
    )
    # Neighbours swing together, as hair that was plaited does, with a little freedom.
    azimuth, _ = angles(paths[:, -1])
    phase = np.radians(3.0 * azimuth)[:, None] + 0.5 * rng.standard_normal((len(paths), 1))
    swing = size * smoothstep(3.0, 12.0, run)
    turn = 2.0 * np.pi * run / length + phase
    found: Floats = (
        paths
        + (swing * np.sin(turn))[..., None] * aside
        + (0.45 * swing * (1.0 + np.cos(turn)))[..., None] * outs
    )
    return found


def parting(ground: Ground, part: float, count: int, gap: float) -> Floats:
    """Rays to points along both sides of a parting line, from the hairline to the crown."""
    forward = np.linspace(-0.5, -13.0, count)
    line = np.stack([np.full(count, part), np.full(count, 11.0), forward], axis=1)
    aside = np.array([gap, 0.0, 0.0])
    return unit(np.concatenate([line + aside, line - aside]) - CENTRE)


def hanging(style: _Cut, sides: Floats) -> Field:
    """Hair combed from its parting and falling; ``sides (N,)`` says before or behind, −1 to 1."""

    def field(points: Floats, t: Floats) -> Floats:
        _, elevation = angles(points)
        high = smoothstep(5.0, 60.0, elevation)[:, None]
        side = np.tanh((points[:, 0] - style.part) / 0.8)[:, None]
        behind = smoothstep(9.0, 15.0, -points[:, 2])[:, None]
        comb = side * np.array([1.0, 0.0, 0.0]) * (1.0 - 0.8 * behind)
        comb = comb + np.array([0.0, -0.25, -0.35]) + behind * np.array([0.0, -1.0, 0.0])
        fall = np.array([0.0, -1.0, 0.0]) + np.zeros_like(points)
        low = smoothstep(6.0, 13.0, -points[:, 1])
        fall[:, 2] += style.fan * sides * low
        # Nothing slides off over the arms.
        out = smoothstep(6.5, 10.5, np.abs(points[:, 0])) * low
        fall[:, 0] -= 0.9 * np.sign(points[:, 0]) * out
        fall[:, 2] += 0.5 * sides * out
        # The face stays free.
        ahead = smoothstep(-5.5, -2.0, points[:, 2]) * (
            1.0 - smoothstep(5.0, 8.0, np.abs(points[:, 0]))
        )
        fall[:, 0] += 0.9 * ahead * np.sign(points[:, 0])
        fall[:, 2] -= 1.1 * ahead
        found: Floats = fall + high * (comb - fall)
        return found

    return field


def _grow(draft: Draft, ground: Ground, style: _Cut, seed: int) -> tuple[Hank, ...]:
    """Draft hanging locks all over the scalp; return how they swing."""
    rng = np.random.default_rng([seed, 43])
    directions = unit(scattered(ground, style.count))
    directions = unit(directions + 0.03 * rng.standard_normal(directions.shape))
    # Along the forehead hair begins thin and goes aside at once.
    middle = float(np.degrees(np.arctan2(style.part, 7.7)))
    ahead = np.concatenate(
        [np.linspace(-54.0, middle - 3.0, 5), np.linspace(middle + 3.0, 54.0, 5)]
    )
    front = rays(ahead, hairline(ground, ahead) + 1.7)
    directions = np.concatenate([directions, parting(ground, style.part, 9, 0.3), front])
    skin = on_skin(ground.head, directions)
    inner = margin(ground, skin)
    azimuth, elevation = angles(skin)
    # Only what is seen: the hair by the part and along the lines that bound it.
    keep = inner > 1.0
    skin, inner, azimuth, elevation = skin[keep], inner[keep], azimuth[keep], elevation[keep]
    count = len(skin)
    back = smoothstep(60.0, 115.0, np.abs(azimuth))
    top = smoothstep(10.0, 55.0, elevation)
    t = np.linspace(0.0, 1.0, _FINE)
    base = style.lift * (0.5 + 0.5 * top) * rng.uniform(0.85, 1.15, count)
    lifts = base[:, None] * (0.15 + 0.85 * smoothstep(0.0, 0.4, t))

    def stick(points: Floats) -> Floats:
        return smoothstep(-6.0, 16.0, angles(points)[1])

    sides = np.where(np.abs(azimuth) < 78.0, 1.0, -1.0)
    paths, outs = trace(
        ground.body, skin, hanging(style, sides), np.full(count, style.reach), lifts, stick, 0.55
    )
    ends = (
        style.end[0]
        + (style.end[1] - style.end[0]) * back
        + style.uneven * rng.standard_normal(count)
    )
    paths, outs = cut_at(paths, outs, ends, style.stations)
    if style.wave:
        paths = waved(paths, outs, style.wave, style.wavelength, rng)
    s = np.linspace(0.0, 1.0, style.stations)
    if style.tuck:
        paths = paths - outs * (style.tuck * s**4)[:, None]
    shape = tapered(style.stations, 0.85, style.blunt)
    # Along the line hair begins with next to nothing.
    fine = (1.0 - smoothstep(1.5, 9.0, inner))[:, None] * (1.0 - smoothstep(0.0, 0.3, s))
    shape = shape * (1.0 - 0.85 * fine)
    widths = style.width * rng.uniform(0.8, 1.2, count)[:, None] * shape
    # Flat at the roots: the crown's outline is one line.
    flat = 0.35 + 0.65 * smoothstep(0.0, 0.35, s)
    thicks = style.thick * rng.uniform(0.85, 1.15, count)[:, None] * shape**0.7 * flat
    tones = np.clip(1.0 + 0.06 * rng.standard_normal(count), 0.86, 1.14)[:, None]
    tones = tones * (0.86 + 0.16 * s) * (0.86 + 0.14 * top[:, None])
    locks = build_locks(draft, ground.plan, Locks(paths, outs, widths, thicks, tones), FLAT)
    lines = curtain(ground.body, paths, style.joints, style.top)
    inside = _lining(draft, ground, [line for _, line in lines])
    return (Hank(np.concatenate([locks.ravel(), inside]), lines),)


def _lining(draft: Draft, ground: Ground, lines: list[Floats]) -> Ints:
    """Draft a dark sheet inside hanging hair, or its far side would be seen lit from without."""
    plan = ground.plan
    around = [float(np.arctan2(line[-1, 0], line[-1, 2] + 8.5)) % (2.0 * np.pi) for line in lines]
    grid = np.stack([lines[i] for i in np.argsort(around)], axis=1)
    inwards = grid * np.array([1.0, 0.0, 1.0]) - np.array([0.0, 0.0, -8.5])
    inwards /= np.linalg.norm(inwards, axis=2, keepdims=True)
    grid = grid - 0.9 * inwards
    # In front it stays behind the first locks.
    grid[:, 0] += 0.4 * (grid[:, 1] - grid[:, 0])
    grid[:, -1] += 0.4 * (grid[:, -2] - grid[:, -1])
    for _ in range(3):
        gap = 0.5 - ground.body(grid.reshape(-1, 3)).reshape(grid.shape[:2])
        grid = grid + outwards(ground.body, grid) * np.maximum(gap, 0.0)[..., None]
    # It ends above the tips.
    grid[-1] = 0.25 * grid[-2] + 0.75 * grid[-1]
    sides = [
        draft.add(plan.from_head(points), Paint.LASH, lone=True)
        for points in (grid, grid - 0.15 * inwards)
    ]
    outer, inner = sides
    # Columns go round from the right over the back: leftwards, seen from outside.
    draft.sew_all(list(outer[::-1]))
    draft.sew_all(list(inner))
    draft.sew(inner[-1], outer[-1])
    draft.sew(outer[0], inner[0])
    draft.sew(inner[:, 0], outer[:, 0])
    draft.sew(outer[:, -1], inner[:, -1])
    return np.concatenate([outer.ravel(), inner.ravel()])


def build_bob(draft: Draft, ground: Ground) -> tuple[Hank, ...]:
    """To the chin."""
    build_cap(draft, ground, 0.35, 0.7)
    curl = ground.plan.traits.hair_curl
    style = _Cut(
        2.6,
        (-9.0, -9.5),
        24.0,
        lift=1.0,
        stations=9,
        count=118,
        tuck=1.4,
        blunt=7.0,
        joints=2,
        uneven=0.25,
        wave=0.35 * curl,
        wavelength=6.0,
    )
    return _grow(draft, ground, style, 6)


def build_long(draft: Draft, ground: Ground) -> tuple[Hank, ...]:
    """Straight, over the shoulders."""
    build_cap(draft, ground, 0.35, 0.7)
    curl = ground.plan.traits.hair_curl
    style = _Cut(-1.6, (-22.0, -25.0), 42.0, stations=11, count=112, wave=0.3 * curl)
    return _grow(draft, ground, style, 7)


def build_waves(draft: Draft, ground: Ground) -> tuple[Hank, ...]:
    """Long and wavy."""
    build_cap(draft, ground, 0.4, 0.8)
    curl = ground.plan.traits.hair_curl
    style = _Cut(
        2.2,
        (-19.0, -23.0),
        40.0,
        lift=1.25,
        stations=13,
        count=90,
        width=1.9,
        thick=0.55,
        wave=0.7 + 0.3 * curl,
        wavelength=8.0 - 2.0 * curl,
    )
    return _grow(draft, ground, style, 8)
