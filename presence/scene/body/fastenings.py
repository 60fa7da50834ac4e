"""What lies on the front of a garment: a shirt's placket and buttons, a hoodie's pouch."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.pieces import Cloth, sweep
from presence.scene.body.plan import Plan
from presence.scene.body.traits import Top
from presence.scene.body.trunk import Openings

_BUTTONS = 6
_RIM = 5


def build_fastenings(draft: Draft, plan: Plan, openings: Openings) -> None:
    """Draft the right half of what the top has in front."""
    top = plan.traits.top
    if top not in (Top.SHIRT, Top.HOODIE):
        return
    cloth = Cloth(draft, openings)
    low = float(draft.positions[openings.rows[openings.plain][0], 1])
    high = float(draft.positions[openings.band[0], 1])
    if top is Top.SHIRT:
        _placket(draft, plan, cloth, low, high)
    else:
        _pouch(draft, plan, cloth, low)
        _drawstring(draft, plan, cloth, high)


def _section(cloth: Cloth, places: Floats, off: Floats, scale: float) -> tuple[Floats, Floats]:
    points, weights = cloth.at(places, off * scale)
    points[places[..., 0] == 0.0, 0] = 0.0
    return points, weights


def _placket(draft: Draft, plan: Plan, cloth: Cloth, low: float, high: float) -> None:
    """The strip that carries the buttons, and they."""
    s = plan.scale
    heights = np.linspace(low + 0.002 * s, high + 0.004 * s, 11)
    across = np.array([0.0, 0.0155, 0.0165, 0.0]) * s
    places = np.stack(np.broadcast_arrays(across, heights[:, None]), axis=-1)
    off = np.broadcast_to(np.array([0.0024, 0.0022, -0.0015, -0.0015]), places.shape[:-1])
    sweep(draft, *_swept(cloth, places, off, s, Paint.SHIRT))
    for height in np.linspace(low + 0.03 * s, high - 0.012 * s, _BUTTONS):
        _button(draft, plan, cloth, float(height))


def _swept(
    cloth: Cloth, places: Floats, off: Floats, scale: float, paint: Paint
) -> tuple[Floats, Paint, Floats]:
    points, weights = _section(cloth, places, off, scale)
    return points, paint, weights


def _button(draft: Draft, plan: Plan, cloth: Cloth, height: float) -> None:
    """Half a disc on the midline."""
    s = plan.scale
    turn = np.linspace(0.0, np.pi, _RIM)
    rim = 0.0056 * s * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    rim[[0, -1], 0] = 0.0
    middle = np.array([0.0, height])
    point, weights = cloth.at(middle[None], 0.0)
    layers = np.empty((3, _RIM, 3))
    for layer, off, size in zip(layers, (-0.0008, 0.0042, 0.0048), (1.0, 1.0, 0.72), strict=True):
        layer[:, :2] = middle + size * rim
        layer[:, 2] = point[0, 2] - off * s
    sweep(draft, layers, Paint.BUTTON, np.broadcast_to(weights[0], (3, _RIM, weights.shape[1])))


def _pouch(draft: Draft, plan: Plan, cloth: Cloth, low: float) -> None:
    """A pocket for both hands, open at its slanting side."""
    s = plan.scale
    across = np.array([0.0, 0.035, 0.066, 0.084, 0.104, 0.106]) * s
    tops = np.array([0.165, 0.165, 0.165, 0.120, 0.062, 0.060]) * s
    base = low + 0.004 * s
    sections = []
    for x, top in zip(across, tops, strict=True):
        heights = base + np.array([0.0, 0.0, 0.34 * top, 0.68 * top, top, top, 0.0])[:6]
        sections.append(np.stack([np.full(6, x), heights], axis=1))
    places = np.stack(sections)
    off = np.tile(np.array([-0.003, 0.004, 0.0065, 0.0065, 0.0050, -0.003]), (len(across), 1))
    off[-1, 1:5] *= 0.5
    sweep(draft, *_swept(cloth, places, off, s, Paint.SHIRT))


def _drawstring(draft: Draft, plan: Plan, cloth: Cloth, high: float) -> None:
    """A cord from the hood's seam down the chest, knotted at its end."""
    s = plan.scale
    down = np.array([-0.006, 0.02, 0.05, 0.08, 0.110, 0.112, 0.124, 0.126]) * s
    thick = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.7, 1.7, 1.0]) * 0.0024 * s
    turn = np.arange(4) * 0.5 * np.pi
    across = 0.030 * s + 0.006 * s * np.sin(down / (0.05 * s))
    places = np.stack([across, high - down], axis=1)
    centres, weights = cloth.at(places, 0.004 * s)
    ring = np.stack([np.cos(turn), np.zeros(4), np.sin(turn)], axis=1)
    sections = centres[:, None] + thick[:, None, None] * ring
    sweep(draft, sections, Paint.TRIM, np.repeat(weights[:, None], 4, axis=1))
