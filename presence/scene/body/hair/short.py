"""Short hair: cropped, parted, swept up, wispy, receding, shaved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.draft import Draft
from presence.scene.body.hair.cap import build_cap
from presence.scene.body.hair.flow import Field, away_from, cut, trace, unit, until
from presence.scene.body.hair.ground import CENTRE, Ground, angles, on_skin, rays
from presence.scene.body.hair.hairline import growth, hairline, margin, scattered
from presence.scene.body.hair.locks import FLAT, Locks, build_locks, tapered
from presence.scene.body.sculpt import smoothstep

_STATIONS = 6
_FINE = 10
_CROWN: Floats = np.array([0.8, 11.6, -13.0])


@dataclass(frozen=True, slots=True)
class _Cut:
    """Measures of short hair, head units: at the sides and nape, and on top."""

    length: tuple[float, float]
    lift: tuple[float, float]
    width: tuple[float, float]
    thick: tuple[float, float]
    count: int = 230
    """Roots on a whole ball; about four in ten grow hair."""
    rise: float = 0.0
    """How far tips on top stand off, beyond the roots."""
    fringe: float = 0.0
    """How much longer the hair above the forehead is."""
    quiff: float = 0.0
    """How far the hair above the forehead stands up."""
    row: int = 0
    """Locks rooted along the hairline over the forehead."""
    bare: bool = False
    """Whether none grows on top."""
    top: tuple[float, float] = (16.0, 42.0)
    """Degrees up between which the sides become the top."""


def _topness(points: Floats, style: _Cut) -> Floats:
    azimuth, elevation = angles(points)
    # At the back the top ends higher.
    return smoothstep(*style.top, elevation - 0.06 * np.abs(azimuth))


def _grow(
    draft: Draft, ground: Ground, style: _Cut, field: Field, seed: int, extra: Floats | None = None
) -> None:
    """Draft locks all over the scalp, and from ``extra (N, 3)`` rays."""
    rng = np.random.default_rng([seed, 41])
    directions = scattered(ground, style.count)
    directions = unit(directions + 0.045 * rng.standard_normal(directions.shape))
    if style.row:
        around = np.linspace(-52.0, 52.0, style.row)
        directions = np.concatenate([directions, rays(around, hairline(ground, around) + 1.6)])
    around = np.linspace(0.0, 2.0 * np.pi, 9, endpoint=False)
    whorl = _CROWN + 1.1 * np.stack([np.cos(around), 0.0 * around, np.sin(around)], axis=1)
    directions = np.concatenate([directions, unit(whorl - CENTRE)])
    if extra is not None:
        directions = np.concatenate([directions, extra])
    skin = on_skin(ground.head, directions)
    inner = margin(ground, skin)
    keep = inner > 0.8
    if style.bare:
        keep &= growth(ground, skin) > 0.35
    skin, inner = skin[keep], inner[keep]
    top = _topness(skin, style)
    azimuth, _ = angles(skin)

    def measure(pair: tuple[float, float], spread: float) -> Floats:
        base = pair[0] + (pair[1] - pair[0]) * top
        return base * (1.0 + spread * rng.uniform(-1.0, 1.0, len(base)))

    front = np.exp(-((azimuth / 48.0) ** 2)) * top
    lengths = measure(style.length, 0.18) + style.fringe * front
    base = measure(style.lift, 0.12)
    # Near the line hair lies close to the skin.
    close = smoothstep(0.0, 16.0, inner)
    t = np.linspace(0.0, 1.0, _FINE)
    # Roots are sunk, tips lie over the next roots, and what ends beyond the line lies down.
    rooted = 0.15 + 0.85 * smoothstep(0.0, 0.55, t)
    lifts = base[:, None] * rooted * (0.35 + 0.65 * np.maximum(close[:, None], t * top[:, None]))
    lifts = lifts + style.rise * top[:, None] * t**2
    ending = 1.0 - smoothstep(-22.0, 8.0, inner - 6.0 * lengths)
    lifts -= 0.75 * base[:, None] * t**1.5 * ((1.0 - top) * ending)[:, None]
    ahead = np.exp(-((azimuth / 40.0) ** 2)) * (1.0 - smoothstep(4.0, 40.0, inner)) * top
    lifts += style.quiff * ahead[:, None] * smoothstep(0.0, 0.75, t)
    lifts = np.maximum(lifts, 0.06)
    paths, outs = trace(ground.head, skin, field, lengths, lifts)
    # Nothing hangs into the eyes.
    brows = np.where(paths[..., 2] > -4.5, 2.7 + 0.5 * rng.uniform(0.0, 1.0, (len(skin), 1)), -99.0)
    last = until(paths, brows)
    keep = last > 2.0
    paths, outs = cut(paths[keep], outs[keep], last[keep], _STATIONS)
    close, inner, top, skin = close[keep], inner[keep], top[keep], skin[keep]
    t = np.linspace(0.0, 1.0, _STATIONS)
    shape = tapered(_STATIONS, 0.8, 2.4)
    widths = measure(style.width, 0.2) * (0.55 + 0.45 * close)
    thicks = measure(style.thick, 0.15) * (0.35 + 0.65 * close)
    tones = np.clip(1.0 + 0.06 * rng.standard_normal(len(skin)), 0.86, 1.14)
    tones = tones[:, None] * (0.84 + 0.20 * t)
    build_locks(
        draft,
        ground.plan,
        Locks(paths, outs, widths[:, None] * shape, thicks[:, None] * shape**0.7, tones),
        FLAT,
    )


def _combed(part: float, aside: float, back: float, down: float, crown: float = 0.5) -> Field:
    """Hair that leaves a parting line at ``part`` head units across, and a whorl behind it."""
    whorl = away_from(_CROWN + np.array([part * 0.5, 0.0, 0.0]), 0.25)

    def field(points: Floats, t: Floats) -> Floats:
        _, elevation = angles(points)
        side = np.tanh((points[:, 0] - part) / 0.9)
        high = smoothstep(0.0, 50.0, elevation)
        comb = side[:, None] * (aside * (0.25 + 0.75 * high))[:, None] * np.array([1.0, 0.0, 0.0])
        comb = comb + np.array([0.0, -down, -back])
        behind = smoothstep(8.0, 14.0, -points[:, 2])
        found: Floats = comb + (crown + 1.6 * behind)[:, None] * whorl(points, t)
        return found

    return field


def _parting(ground: Ground, part: float, count: int, gap: float) -> Floats:
    """Rays to points along both sides of a parting line, from the hairline to the crown."""
    forward = np.linspace(-1.5, -12.0, count)
    line = np.stack([np.full(count, part), np.full(count, 11.0), forward], axis=1)
    aside = np.array([gap, 0.0, 0.0])
    return unit(np.concatenate([line + aside, line - aside]) - CENTRE)


def build_crop(draft: Draft, ground: Ground) -> None:
    """Short all round, from a whorl, with a little fringe."""
    build_cap(draft, ground, 0.30, 0.7)
    whorl = away_from(_CROWN, 0.35)

    def field(points: Floats, t: Floats) -> Floats:
        azimuth, elevation = angles(points)
        front = np.exp(-((azimuth / 50.0) ** 2)) * smoothstep(20.0, 50.0, elevation)
        aside = front[:, None] * np.array([0.75, 0.0, 0.2])
        found: Floats = whorl(points, t) + aside + np.array([0.0, -0.35, -0.25])
        return found

    style = _Cut(
        (5.6, 7.8), (0.34, 0.85), (1.05, 1.3), (0.20, 0.34), rise=0.3, fringe=0.2, count=280
    )
    _grow(draft, ground, style, field, 1)


def build_side_part(draft: Draft, ground: Ground) -> None:
    """Parted at the left and combed over."""
    build_cap(draft, ground, 0.26, 0.85)
    part = -3.4
    style = _Cut(
        (6.2, 9.5), (0.30, 1.05), (1.2, 1.5), (0.2, 0.36), rise=0.0, quiff=0.7, row=14, count=235
    )
    _grow(draft, ground, style, _combed(part, 1.3, 0.75, 0.25), 2, _parting(ground, part, 9, 0.35))


def build_quiff(draft: Draft, ground: Ground) -> None:
    """Swept up and back from the forehead, short at the sides."""
    build_cap(draft, ground, 0.26, 0.85)

    def field(points: Floats, t: Floats) -> Floats:
        azimuth, elevation = angles(points)
        high = smoothstep(22.0, 45.0, elevation - 0.06 * np.abs(azimuth))
        back = np.array([0.22, 0.0, -1.0])
        low = unit(points - _CROWN) * np.array([0.5, 0.5, 0.3]) + np.array([0.0, -0.6, -0.75])
        found: Floats = low + high[:, None] * (back - low)
        return found

    style = _Cut(
        (5.2, 9.8), (0.24, 1.0), (1.1, 1.4), (0.18, 0.40), rise=0.0, quiff=2.0, row=14, count=250
    )
    _grow(draft, ground, style, field, 3)


def build_pixie(draft: Draft, ground: Ground) -> None:
    """Short and wispy, with a long fringe swept aside."""
    build_cap(draft, ground, 0.26, 0.85)
    part = -3.0

    def field(points: Floats, t: Floats) -> Floats:
        azimuth, _ = angles(points)
        ahead = np.exp(-(((azimuth - 5.0) / 62.0) ** 2))[:, None]
        side = np.tanh((points[:, 0] - part) / 1.0)[:, None]
        fringe = np.array([1.0, -0.35, 0.45]) * np.concatenate([side, side**0, side**0], axis=1)
        rest = away_from(_CROWN, 0.2)(points, t) + np.array([0.0, -0.45, 0.1])
        found: Floats = rest + ahead * (fringe - 0.4 * rest)
        return found

    style = _Cut(
        (6.0, 8.4), (0.38, 1.05), (1.1, 1.35), (0.22, 0.36), rise=0.1, fringe=2.6, count=250
    )
    _grow(draft, ground, style, field, 4, _parting(ground, part, 7, 0.4))


def build_receding(draft: Draft, ground: Ground) -> None:
    """A wreath of short hair about a bare crown."""
    build_cap(draft, ground, 0.26, 0.26)

    def field(points: Floats, t: Floats) -> Floats:
        back = np.array([0.0, -0.62, -0.8])
        found: Floats = back + 0.35 * unit(points - _CROWN)
        return found

    style = _Cut((4.6, 4.6), (0.40, 0.40), (1.3, 1.3), (0.24, 0.24), count=260, bare=True)
    _grow(draft, ground, style, field, 5)
