"""Hair that is tied: a ponytail, a bun, two plaits."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.hair.cap import build_cap
from presence.scene.body.hair.flow import towards, trace, unit
from presence.scene.body.hair.ground import CENTRE, Ground, on_skin, outwards, rays
from presence.scene.body.hair.hairline import hairline
from presence.scene.body.hair.locks import FLAT, LENS, ROUND, Locks, build_locks, tapered
from presence.scene.body.hair.long import cut_at, waved
from presence.scene.body.hair.swing import Hank
from presence.scene.body.sculpt import smoothstep

_STATIONS = 8


def _drawn(
    draft: Draft,
    ground: Ground,
    target: Floats,
    azimuth: Floats,
    up: Floats,
    lift: float,
    width: float,
    seed: int,
    over: Floats | None = None,
) -> None:
    """Draft locks from the scalp that are drawn to one point on the head."""
    rng = np.random.default_rng([seed, 47])
    skin = on_skin(ground.head, rays(azimuth, up))
    length = np.linalg.norm(skin - target, axis=1)
    # Round the head it is farther than through it.
    length = 2.0 * 9.4 * np.arcsin(np.clip(length / 18.8, 0.0, 0.98)) * 1.06
    t = np.linspace(0.0, 1.0, _STATIONS)
    height = lift * rng.uniform(0.8, 1.15, len(skin))[:, None]
    lifts = 0.08 + height * (smoothstep(0.0, 0.55, t) + 0.25 * smoothstep(0.7, 1.0, t))
    field = towards(target)
    if over is not None:
        drawn = field

        def field(points: Floats, s: Floats) -> Floats:
            return unit(drawn(points, s)) + over * (1.0 - s[:, None]) ** 1.5

    paths, outs = trace(ground.head, skin, field, length, lifts)
    shape = 1.0 - 0.55 * smoothstep(0.3, 1.0, t)
    shape[0] = 0.75
    wide = width * rng.uniform(0.85, 1.15, len(skin))[:, None]
    tones = np.clip(1.0 + 0.06 * rng.standard_normal(len(skin)), 0.88, 1.12)[:, None]
    tones = tones * (0.97 - 0.08 * smoothstep(0.7, 1.0, t))
    thicks = 0.26 * smoothstep(0.0, 0.4, t) + 0.07
    build_locks(
        draft,
        ground.plan,
        Locks(paths, outs, wide * shape, np.broadcast_to(thicks, (len(skin), _STATIONS)), tones),
        FLAT,
    )


def _swept(draft: Draft, ground: Ground, target: Floats, lift: float, seed: int) -> None:
    """Draft hair drawn to one point from all along the hairline, and over what lies between."""
    rng = np.random.default_rng([seed, 53])
    outer = np.linspace(-180.0, 180.0, 34, endpoint=False) + rng.uniform(-2.0, 2.0, 34)
    line = hairline(ground, outer) + 1.2
    inner = np.linspace(-175.0, 185.0, 16, endpoint=False) + rng.uniform(-4.0, 4.0, 16)
    middle = hairline(ground, inner)
    middle = middle + 0.33 * (60.0 - middle)
    azimuth = np.concatenate([outer, inner])
    _drawn(draft, ground, target, azimuth, np.concatenate([line, middle]), lift, 1.15, seed)


def _wisps(draft: Draft, ground: Ground, seed: int, ends: float = -6.5) -> None:
    """Draft two thin locks that frame the face, and short ones at the nape."""
    rng = np.random.default_rng([seed, 59])
    azimuth = np.array([-57.0, -50.0, 50.0, 57.0])
    skin = on_skin(ground.head, rays(azimuth, hairline(ground, azimuth) + 2.0))
    side = np.sign(azimuth)[:, None]

    def field(points: Floats, t: Floats) -> Floats:
        bow = 0.55 * np.cos(2.4 * np.pi * t)[:, None]
        found: Floats = np.array([0.0, -1.0, 0.12]) + side * bow * np.array([1.0, 0.0, 0.5])
        return found

    t = np.linspace(0.0, 1.0, 12)
    lengths = np.array([9.0, 5.5, 6.0, 9.5]) * rng.uniform(0.9, 1.1, 4)
    lifts = np.broadcast_to(0.15 + 0.5 * np.sin(np.pi * t), (4, 12))
    paths, outs = trace(ground.covered, skin, field, lengths, lifts, lambda p: np.full(len(p), 0.6))
    shape = tapered(12, 0.7)
    build_locks(
        draft,
        ground.plan,
        Locks(
            paths,
            outs,
            0.42 * shape * np.ones((4, 1)),
            0.16 * shape * np.ones((4, 1)),
            np.ones((4, 12)),
        ),
        LENS,
    )


def _band(draft: Draft, ground: Ground, centre: Floats, axis: Floats, radius: float) -> None:
    """Draft a hair tie: a small ring about ``axis``."""
    turn = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    first = unit(np.cross(axis, np.array([1.0, 0.1, 0.0])))
    second = np.cross(axis, first)
    spokes = np.cos(turn)[:, None] * first + np.sin(turn)[:, None] * second
    rows = []
    for angle in np.linspace(0.0, 2.0 * np.pi, 6, endpoint=False):
        ring = centre + spokes * (radius + 0.32 * np.cos(angle)) + axis * (0.45 * np.sin(angle))
        rows.append(draft.add(ground.plan.from_head(ring), Paint.TRIM, lone=True))
    draft.sew_all([*rows, rows[0]], closed=True)


def build_ponytail(draft: Draft, ground: Ground) -> tuple[Hank, ...]:
    """Drawn back high and left to hang."""
    plan = ground.plan
    build_cap(draft, ground, 0.22, 0.3)
    tie = on_skin(ground.head, unit(np.array([[0.0, 0.62, -1.0]])))[0]
    out = outwards(ground.head, tie[None])[0]
    _swept(draft, ground, tie + 0.5 * out, 0.55, 11)
    _wisps(draft, ground, 11)
    rng = np.random.default_rng(61)
    count, stations = 14, 11
    turn = 2.4 * np.arange(count)
    radius = 0.9 * np.sqrt((np.arange(count) + 0.5) / count)
    across = np.array([1.0, 0.0, 0.0])
    rise = np.cross(across, out)
    spread = np.cos(turn)[:, None] * across + np.sin(turn)[:, None] * rise
    root = tie + 0.5 * out + radius[:, None] * spread

    def field(points: Floats, t: Floats) -> Floats:
        droop = smoothstep(0.0, 0.32, t)[:, None]
        leave = out + 0.35 * spread * radius[:, None]
        swell = 0.16 * np.cos(np.pi * np.minimum(1.25 * t, 1.0))[:, None]
        fall = np.array([0.0, -1.0, 0.0]) + spread * radius[:, None] * swell
        found: Floats = leave * (1.0 - droop) + fall * droop
        return found

    lifts = np.full((count, 20), 0.5)
    lifts[:, 0] = ground.body(root)
    paths, outs = trace(
        ground.body,
        root,
        field,
        27.0 * rng.uniform(0.86, 1.0, count),
        lifts,
        lambda p: np.zeros(len(p)),
        0.5,
    )
    paths, outs = cut_at(paths, outs, -13.5 + 1.1 * rng.standard_normal(count), stations)
    if plan.traits.hair_curl > 0.2:
        paths = waved(paths, outs, 0.7 * plan.traits.hair_curl, 7.0, rng)
    away = unit(paths - paths.mean(axis=0) + 0.3 * outs)
    t = np.linspace(0.0, 1.0, stations)
    swell = 0.62 + 0.78 * np.sin(np.pi * np.minimum(t * 1.1 + 0.06, 1.0)) ** 0.8
    shape = swell * np.maximum(1.0 - t**4, 0.0) ** 0.8
    tones = np.clip(1.0 + 0.07 * rng.standard_normal(count), 0.86, 1.14)[:, None]
    tones = tones * (0.9 + 0.12 * t)
    tail = build_locks(
        draft,
        plan,
        Locks(paths, away, np.ones((count, 1)) * shape, 0.6 * np.ones((count, 1)) * shape, tones),
        LENS,
    )
    _band(draft, ground, tie + 0.75 * out, out, 1.15)
    middle = paths.mean(axis=0)
    run = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(middle, axis=0), axis=1))])
    stops = run[-1] * np.array([0.10, 0.32, 0.55, 0.78, 1.0])
    line = np.stack([np.interp(stops, run, middle[:, axis]) for axis in range(3)], axis=1)
    line[:, 0] = 0.0
    return (Hank(tail.ravel(), (("tail", line),)),)


def build_bun(draft: Draft, ground: Ground) -> None:
    """Drawn up and wound into a knot."""
    build_cap(draft, ground, 0.22, 0.3)
    direction = unit(np.array([[0.0, 1.05, -0.85]]))
    tie = on_skin(ground.head, direction)[0]
    out = outwards(ground.head, tie[None])[0]
    _swept(draft, ground, tie + 0.4 * out, 0.5, 12)
    _wisps(draft, ground, 12)
    across = np.array([1.0, 0.0, 0.0])
    rise = unit(np.cross(across, out))
    # Two ropes wound about the knot like a snail's shell.
    stations = 34
    t = np.linspace(0.0, 1.0, stations)
    paths, outs = [], []
    for k in range(2):
        turn = np.pi * k + 2.0 * np.pi * 1.55 * t
        ring = 2.35 * (1.0 - t**1.6) + 0.15
        height = 0.7 + 2.5 * t**0.9
        spoke = np.cos(turn)[:, None] * across + np.sin(turn)[:, None] * rise
        paths.append(tie + ring[:, None] * spoke + height[:, None] * out)
        outs.append(unit(spoke + 0.6 * out))
    thick = 1.25 * (0.72 + 0.28 * np.sin(np.pi * t))
    thick[0] = 0.6
    wide = np.broadcast_to(thick, (2, stations))
    build_locks(
        draft,
        ground.plan,
        Locks(
            np.array(paths),
            np.array(outs),
            wide,
            wide,
            np.broadcast_to(0.94 + 0.1 * t, (2, stations)),
        ),
        ROUND,
    )


def build_braids(draft: Draft, ground: Ground) -> tuple[Hank, ...]:
    """Parted in the middle and plaited into two."""
    build_cap(draft, ground, 0.22, 0.3)
    low = ground.ear[0]
    hanks = []
    for side in (1.0, -1.0):
        gather = np.array([side * (low[0] + 0.1), low[1] - 0.8, low[2] - 2.2])
        skin = on_skin(ground.head, unit(gather - CENTRE)[None])[0]
        out = outwards(ground.head, skin[None])[0]
        target = skin + 0.6 * out
        rng = np.random.default_rng([71, int(side > 0)])
        outer = np.concatenate([np.linspace(8.0, 74.0, 8), np.linspace(112.0, 172.0, 6)])
        line = hairline(ground, outer) + 1.2
        # Along the parting, from the forehead over the crown to the nape.
        over = np.radians(np.linspace(38.0, 218.0, 19))
        along = unit(np.stack([np.full(19, 0.04), np.sin(over), np.cos(over)], axis=1))
        azimuth = np.concatenate([outer, np.degrees(np.arctan2(along[:, 0], along[:, 2]))])
        up = np.concatenate([line, np.degrees(np.arcsin(along[:, 1]))])
        keep = up > hairline(ground, azimuth)
        _drawn(
            draft,
            ground,
            target,
            side * azimuth[keep],
            up[keep],
            0.5,
            1.2,
            13 + int(side),
            np.array([side * 0.5, 0.0, 0.0]),
        )
        start = draft.count
        line = _plait(draft, ground, target, side, rng)
        name = "plaitRight" if side > 0.0 else "plaitLeft"
        hanks.append(Hank(np.arange(start, draft.count), ((name, line),)))
    return tuple(hanks)


def _plait(
    draft: Draft, ground: Ground, start: Floats, side: float, rng: np.random.Generator
) -> Floats:
    """Draft a plait that falls before the shoulder; return the chain that it swings on."""

    def field(points: Floats, t: Floats) -> Floats:
        fall = np.array([[0.12 * side, -1.0, 0.0]])
        forward = smoothstep(0.05, 0.35, t)[:, None] * np.array([[0.0, 0.0, 0.8]])
        found: Floats = fall + forward * smoothstep(-1.5, 1.0, -5.0 - points[:, 2:3])
        return found

    fine = 24
    lifts = np.full((1, fine), 1.25)
    lifts[0, :3] = [0.6, 0.9, 1.1]
    path, outs = trace(
        ground.body, start[None], field, np.array([32.0]), lifts, lambda p: np.zeros(len(p)), 0.4
    )
    path, outs = cut_at(path, outs, np.array([-23.5]), 27)
    line, out = path[0], outs[0]
    along = unit(np.gradient(line, axis=0))
    aside = unit(np.cross(along, out))
    run = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    size = 0.62 * (1.0 - 0.45 * run / run[-1])
    paths = []
    for k in range(3):
        turn = 2.0 * np.pi * (run / 4.4 + k / 3.0)
        paths.append(
            line
            + (size * 1.25 * np.sin(turn))[:, None] * aside
            + (size * 0.75 * np.sin(2.0 * turn))[:, None] * out
        )
    wide = np.broadcast_to(size * 1.30, (3, len(line))).copy()
    tone = 0.95 + 0.05 * np.sin(2.0 * np.pi * (run / 4.4))
    build_locks(
        draft,
        ground.plan,
        Locks(
            np.array(paths),
            np.broadcast_to(out, (3, *out.shape)),
            wide,
            wide * 0.8,
            np.broadcast_to(tone, wide.shape),
        ),
        ROUND,
    )
    _band(draft, ground, line[-3], along[-3], 0.55)
    count, stations = 5, 5
    spread = (
        rng.uniform(-1.0, 1.0, (count, 1)) * aside[-3]
        + rng.uniform(-0.7, 0.7, (count, 1)) * out[-3]
    )
    t = np.linspace(0.0, 1.0, stations)
    tuft = line[-3] + t[None, :, None] * (3.0 * along[-3] + 0.8 * spread[:, None])
    shape = np.array([0.5, 0.6, 0.5, 0.3, 0.0])
    build_locks(
        draft,
        ground.plan,
        Locks(
            tuft,
            np.broadcast_to(out[-3], tuft.shape),
            np.ones((count, 1)) * shape,
            0.7 * np.ones((count, 1)) * shape,
            np.ones((count, stations)),
        ),
        LENS,
    )
    stops = run[-1] * np.array([0.06, 0.28, 0.52, 0.76, 1.0])
    chain = [np.interp(stops, run, line[:, axis]) for axis in range(3)]
    return np.stack(chain, axis=1)
