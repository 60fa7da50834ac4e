"""Hair that swings: chains of joints for what hangs, and what they keep out of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.pose.skeleton import INDEX
from presence.scene.avatar import Collider, Strand
from presence.scene.body.draft import Draft
from presence.scene.body.hair.ground import Ground, outwards
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import Shape, cast, smoothstep
from presence.scene.body.torso import trunk_shape


@dataclass(frozen=True, slots=True, eq=False)
class Hank:
    """Hair that hangs on chains of joints."""

    vertices: Ints
    """``(N,)`` in the draft."""
    lines: tuple[tuple[str, Floats], ...]
    """The chains by name: ``(K + 1, 3)`` head units, K joints and the end."""
    begin: float = 0.35
    """How far along the first segment, in its lengths, hair still goes with the head in part."""


def hang(draft: Draft, plan: Plan, hank: Hank) -> tuple[Strand, ...]:
    """Weight a hank's vertices to joints of its own; return the strands."""
    head, unit = plan.at("head"), plan.head_unit
    points = plan.to_head(draft.positions[hank.vertices])
    places, gaps = zip(*(_along(line, points) for _, line in hank.lines), strict=True)
    # Each vertex goes with the nearest chains, the nearer the more.
    nearness = 1.0 / (np.stack(gaps, axis=1) + 0.4) ** 4
    order = np.argsort(-nearness, axis=1)
    if nearness.shape[1] > 2:
        np.put_along_axis(nearness, order[:, 2:], 0.0, axis=1)
    nearness /= nearness.sum(axis=1, keepdims=True)
    rows = draft.weights[hank.vertices]
    rows[:] = 0.0
    strands = []
    for i, (name, line) in enumerate(hank.lines):
        count = len(line) - 1
        first = draft.add_joints(count)
        rows = np.pad(rows, ((0, 0), (0, count)))
        # The head's share ends where the first joint's begins; each joint's at the next one.
        share = nearness[:, i]
        left = np.ones(len(points))
        steps = [smoothstep(-hank.begin, hank.begin, places[i] - k) for k in range(count)]
        for k, step in enumerate([*steps, np.zeros(len(points))]):
            column = INDEX["head"] if k == 0 else first + k - 1
            rows[:, column] += share * left * (1.0 - step)
            left = left * step
        metres = plan.from_head(line)
        offsets = np.diff(np.concatenate([head[None], metres]), axis=0)
        strands.append(
            Strand(
                name=name, parent=INDEX["head"], offsets=offsets, stiffness=0.9, drag=0.45,
                gravity=0.25, radius=0.7 * unit,
            )
        )  # fmt: skip
    draft.weights[hank.vertices] = rows
    return tuple(strands)


def _along(line: Floats, points: Floats) -> tuple[Floats, Floats]:
    """``(N,)`` how far along a chain points are nearest, in segments, and how far off ``(N,)``.

    Before the first joint it is negative.
    """
    a, b = line[:-1], line[1:]
    way = b - a
    length = np.sum(way**2, axis=1)
    raw = np.einsum("nsi,si->ns", points[:, None] - a, way) / length
    low = np.where(np.arange(len(a)) == 0, -3.0, 0.0)
    t = np.clip(raw, low, 1.0)
    gap = np.linalg.norm(points[:, None] - a - t[..., None] * way, axis=2)
    best = gap.argmin(axis=1)
    rows = np.arange(len(points))
    return best + t[rows, best], gap[rows, best]


def curtain(shape: Shape, paths: Floats, count: int, top: float) -> tuple[tuple[str, Floats], ...]:
    """Chains of ``count`` joints through hanging locks ``(N, K, 3)`` from the height ``top``.

    They lie off ``shape``, and are each other's mirror images.
    """
    both = np.concatenate([paths, paths * np.array([-1.0, 1.0, 1.0])])
    around = np.degrees(np.arctan2(both[:, -1, 0], both[:, -1, 2] + 8.5))
    lines = []
    for name, low, high in (
        ("front", 0.0, 75.0),
        ("side", 75.0, 112.0),
        ("behind", 112.0, 150.0),
        ("back", 150.0, 181.0),
    ):  # fmt: skip
        mine = both[(around >= low) & (around < high)]
        if len(mine) < 3:
            continue
        end = float(np.quantile(mine[:, -1, 1], 0.35))
        heights = np.linspace(top, end, count + 1)
        line = np.zeros((count + 1, 3))
        for path in mine:
            line += np.stack(
                [np.interp(-heights, -path[:, 1], path[:, axis]) for axis in range(3)], axis=1
            )
        line /= len(mine)
        line[:, 1] = heights
        if name == "back":
            line[:, 0] = np.maximum(line[:, 0], 1.5)
        for _ in range(3):
            gap = 1.3 - shape(line)
            line = line + outwards(shape, line) * np.maximum(gap, 0.0)[:, None]
        lines.append((f"{name}Right", line))
        lines.append((f"{name}Left", line * np.array([-1.0, 1.0, 1.0])))
    return tuple(lines)


def colliders(ground: Ground, strands: tuple[Strand, ...]) -> tuple[Collider, ...]:
    """What an avatar's strands keep out of: head, jaw, neck, shoulders and chest.

    None is so large that it would push a strand at rest.
    """
    plan, unit = ground.plan, ground.plan.head_unit
    if not strands:
        return ()
    s = plan.scale
    skull, jaw = plan.from_head(np.array([[0.0, 2.5, -8.0], [0.0, -5.0, -5.0]]))
    neck, head, arm = (plan.at(name) for name in ("neck", "head", "rightUpperArm"))
    flip = np.array([-1.0, 1.0, 1.0])
    up = np.array([0.0, 1.0, 0.0])
    trunk = trunk_shape(plan)

    def surface(points: Floats, way: Floats) -> Floats:
        return cast(trunk, points, np.broadcast_to(way, points.shape), 0.4 * s)

    def bar(across: float, up: float) -> tuple[Floats, Floats, float]:
        """A capsule from side to side that fills the trunk from front to back."""
        x = across * arm[0] * np.array([0.0, 0.5, 1.0])
        axis = np.stack([x, np.full(3, arm[1] + up * s), np.full(3, arm[2] + 0.01 * s)], axis=1)
        front = surface(axis, np.array([0.0, 0.0, -1.0]))[:, 2]
        back = surface(axis, np.array([0.0, 0.0, 1.0]))[:, 2]
        end = np.array([x[-1], axis[0, 1], 0.5 * float(np.mean(front + back))])
        return end, end * flip, 0.5 * float(np.min(back - front))

    # Along a shoulder's ridge, from beneath.
    x = arm[0] * np.array([0.38, 1.0])
    ridge = surface(np.stack([x, np.full(2, arm[1]), np.full(2, arm[2])], axis=1), up)
    thick = 0.042 * s
    inner, outer = ridge - up * thick
    nominal = [
        ("head", skull, skull, 8.2 * unit),
        ("head", jaw, jaw, 5.2 * unit),
        ("neck", neck, 0.5 * (neck + head), 0.050 * s),
        ("upperChest", inner, outer, thick),
        ("upperChest", inner * flip, outer * flip, thick),
        *(("upperChest", *bar(0.45, height)) for height in (-0.03, -0.09, -0.15, -0.22)),
    ]
    made = []
    for bone, start, end, radius in nominal:
        room = radius
        for strand in strands:
            points = plan.at("head") + np.cumsum(strand.offsets, axis=0)
            way = end - start
            t = np.clip((points - start) @ way / max(float(way @ way), 1e-12), 0.0, 1.0)
            gap = np.linalg.norm(points - start - t[:, None] * way, axis=1)
            room = min(room, float(gap[1:].min()) - strand.radius)
        if room > 0.01:
            base = plan.at(bone)
            made.append(Collider(INDEX[bone], start - base, end - base, room))
    return tuple(made)
