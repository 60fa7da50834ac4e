"""Draw the picture of docs/filling.md: gestures of which only head and hands are known.

    python scripts/draw_filling.py docs/pictures/filling.jpg

Needs the extras that draw, and Pillow.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

from presence.client.studio import Studio, figure_framing
from presence.clock import SECOND
from presence.pose.arrays import Floats
from presence.pose.quaternion import IDENTITY, quat_from_matrix
from presence.pose.sample import PoseSample
from presence.render.picture import Picture
from presence.scene.avatar import Avatar
from presence.scene.gltf import load_glb
from presence.scene.shipped import SHIPPED, shipped_person
from presence.tracking.filling import Filler
from presence.tracking.sensed import Sensed

Hand = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
"""A wrist in metres, where the fingers point, and where the palm looks."""

HANGS: tuple[Hand, Hand] = (
    ((-0.25, 0.80, -0.05), (0, -1, 0), (1, 0, 0)),
    ((0.25, 0.80, -0.05), (0, -1, 0), (-1, 0, 0)),
)
GESTURES: tuple[tuple[Hand, Hand], ...] = (
    # Hanging; crossed; on the hips; clasped.
    HANGS,
    (
        ((0.10, 1.12, -0.22), (1, 0.1, 0.1), (0, 0, 1)),
        ((-0.10, 1.16, -0.24), (-1, 0.1, 0.1), (0, 0, 1)),
    ),
    (
        ((-0.19, 0.98, -0.04), (0.8, -0.3, -0.5), (0.8, 0, 0.5)),
        ((0.19, 0.98, -0.04), (-0.8, -0.3, -0.5), (-0.8, 0, 0.5)),
    ),
    (
        ((-0.05, 0.95, -0.18), (0.6, -0.6, -0.3), (0.3, 0, 0.9)),
        ((0.05, 0.95, -0.18), (-0.6, -0.6, -0.3), (-0.3, 0, 0.9)),
    ),
    # One at the chin; both up; pointing; on something before one.
    (
        ((-0.05, 1.38, -0.16), (0.2, 1, 0.1), (0.2, 0, 1)),
        ((0.10, 1.10, -0.2), (-1, 0.2, -0.1), (0, -1, 0.2)),
    ),
    (
        ((-0.25, 1.95, -0.05), (0, 1, 0), (1, 0, 0)),
        ((0.25, 1.95, -0.05), (0, 1, 0), (-1, 0, 0)),
    ),
    (HANGS[0], ((0.15, 1.35, -0.65), (0, 0, -1), (0, -1, 0))),
    (
        ((-0.15, 1.0, -0.35), (0.1, 0, -1), (0, -1, 0)),
        ((0.15, 1.0, -0.35), (-0.1, 0, -1), (0, -1, 0)),
    ),
)
"""Of somebody whose eyes are 1.56 m high."""
ROWS = ((0.01, 0.0), (0.42, 0.27), (0.84, 0.27))
"""How much lower than standing, and how far back, metres: standing, on a chair, on the floor."""
SIZE = (200, 300)


def turned(side: int, fingers: Floats, palm: Floats) -> Floats:
    """How a hand is turned whose fingers point so, and whose palm looks so."""
    out = np.array([-1.0 if side == 0 else 1.0, 0.0, 0.0])
    down = np.array([0.0, -1.0, 0.0])
    fingers = fingers / np.linalg.norm(fingers)
    palm = palm - (palm @ fingers) * fingers
    palm = palm / np.linalg.norm(palm)
    rest = np.stack([out, down, np.cross(out, down)], axis=1)
    shown = np.stack([fingers, palm, np.cross(fingers, palm)], axis=1)
    return quat_from_matrix(shown @ rest.T)


def seen(avatar: Avatar, hands: tuple[Hand, Hand], lower: float, back: float) -> Sensed:
    """What a headset knows of it."""
    size = avatar.proportions.eye_height / 1.56
    points, turns, sure = np.zeros((6, 3)), np.tile(IDENTITY, (6, 1)), np.zeros(6)
    points[0] = (0.0, 1.56 - lower, -0.07 + back)
    for side, (wrist, fingers, palm) in enumerate(hands):
        # Hands that hang lie on the thighs, or on the floor.
        high = max(wrist[1] - lower, 0.05)
        points[1 + side] = (wrist[0], high, wrist[2] + back)
        turns[1 + side] = turned(side, np.array(fingers, float), np.array(palm, float))
    sure[:3] = 1.0
    return replace(
        Sensed.nothing(0),
        positions=points * size,
        orientations=turns,
        position_confidence=sure,
        orientation_confidence=sure,
    )


def filled(avatar: Avatar, sensed: Sensed) -> PoseSample:
    """What is made of it within two seconds."""
    filler = Filler(avatar.proportions, 0)
    for k in range(120):
        sample = filler.fill(sensed, k * SECOND // 60)
    return sample


def draw(studio: Studio, avatar: Avatar, row: tuple[float, float]) -> Picture:
    """A row of gestures by one person."""
    framing = figure_framing(avatar, headroom=0.42)
    pictures = []
    for k, hands in enumerate(GESTURES):
        sample = filled(avatar, seen(avatar, hands, *row))
        yaw = 0.75 if k % 2 else -0.55
        pictures.append(studio.picture(avatar, sample, framing, size=SIZE, yaw=yaw))
    # Whoever is lower needs less room above.
    return np.concatenate(pictures, axis=1)[round(120 * row[0]) :]


def main() -> None:
    """Draw it."""
    with Studio() as studio:
        rows = [
            draw(studio, load_glb(shipped_person(name)), row)
            for name, row in zip(cycle(SHIPPED), ROWS, strict=False)
        ]
    Image.fromarray(np.concatenate(rows)).save(Path(sys.argv[1]), quality=85)


if __name__ == "__main__":
    main()
