"""The hair next to the scalp: a closed shell that thins out to nothing at the hairline."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.hair.ground import CENTRE, Ground, on_skin, outwards, rays
from presence.scene.body.hair.hairline import bareness, hairline
from presence.scene.body.sculpt import smoothstep

_COLUMNS = 48


def build_cap(
    draft: Draft,
    ground: Ground,
    side: float,
    top: float,
    *,
    rows: int = 8,
    tone: float = 0.86,
    edge: float = 0.05,
    ragged: float = 1.2,
    paint: Paint = Paint.HAIR,
) -> Ints:
    """Draft a shell where hair grows, so many head units thick; return its vertices."""
    plan = ground.plan
    azimuth = np.arange(_COLUMNS) * (360.0 / _COLUMNS) - 180.0
    rng = np.random.default_rng(_COLUMNS)
    line = hairline(ground, azimuth) + ragged * rng.uniform(-1.0, 1.0, _COLUMNS)
    places = np.linspace(0.0, 1.0, rows + 1)[1:] ** 0.85
    elevation = 90.0 + (line - 90.0) * places[:, None]
    directions = rays(np.broadcast_to(azimuth, elevation.shape), elevation)
    skin = on_skin(ground.head, directions)
    out = outwards(ground.head, skin)
    full = side + (top - side) * smoothstep(16.0, 42.0, elevation - 0.06 * np.abs(azimuth))
    thin = edge + (full - edge) * (1.0 - smoothstep(0.72, 1.0, places[:, None])) ** 0.7
    # A bare crown is above it.
    grown = smoothstep(0.2, 0.5, 1.0 - bareness(ground, skin))
    thin = thin * grown - 0.5 * (1.0 - grown)
    sheet = skin + out * thin[..., None]
    under = skin[-1] - 0.9 * directions[-1]
    above = on_skin(ground.head, np.array([[0.0, 1.0, 0.0]])) + np.array(
        [0.0, 2.0 * thin[0].mean() - thin[1].mean(), 0.0]
    )
    flow = np.broadcast_to((places * 14.0)[:, None], elevation.shape)
    grain = np.stack([np.broadcast_to(azimuth * 0.16, elevation.shape), flow], axis=-1)
    ring = draft.add(plan.from_head(sheet), paint, None, plan.head_unit * grain, lone=True)
    hidden = draft.add(plan.from_head(under), paint, lone=True)
    crown = draft.add(plan.from_head(above), paint, lone=True)
    heart = draft.add(plan.from_head(CENTRE[None]), paint, lone=True)
    draft.tones[ring] = tone
    draft.tones[np.concatenate([hidden, crown, heart])] = tone
    draft.sew_all([hidden, *ring[::-1]], closed=True)
    draft.cap(ring[0], int(crown[0]))
    draft.cap(hidden[::-1], int(heart[0]))
    return np.concatenate([ring.ravel(), hidden, crown, heart])
