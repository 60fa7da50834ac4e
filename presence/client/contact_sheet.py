"""Contact sheets: everything that an avatar can show, on one picture with labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from presence.client.poses import POSES
from presence.client.studio import (
    BACKDROP,
    FIGURE_DISTANCE,
    Framing,
    Studio,
    close_up_framing,
    figure_framing,
)
from presence.pose.face import SHAPES
from presence.pose.kinematics import joints_in_place
from presence.pose.skeleton import INDEX
from presence.render.picture import Picture
from presence.scene.avatar import Avatar

WIDTH = 2400
"""Pixels of a sheet."""
_MARGIN, _GAP = 24, 8
_LABEL_SIZE, _HEADING_SIZE = 17, 26
_INK, _PAPER = (52, 48, 46), (250, 249, 247)
_QUARTER = 0.5 * np.pi
_POSE_COLUMNS = 7
_HAND_DISTANCE = 0.8
"""Metres."""

TURNS: dict[str, float] = {
    "front": 0.0,
    "half left": 0.5 * _QUARTER,
    "left": _QUARTER,
    "back": 2.0 * _QUARTER,
    "right": -_QUARTER,
}
"""Radians by which the person is turned; the label is the side that the viewer sees."""

_EYES_SHUT_AT_HALF = {"eyeBlinkLeft": 0.5, "eyeBlinkRight": 0.5}
_SMILE = {
    "mouthSmileLeft": 0.75,
    "mouthSmileRight": 0.75,
    "cheekSquintLeft": 0.5,
    "cheekSquintRight": 0.5,
    "eyeSquintLeft": 0.25,
    "eyeSquintRight": 0.25,
}
_TALKING = {"jawOpen": 0.35, "mouthFunnel": 0.25, "browInnerUp": 0.4}


class Cell(NamedTuple):
    """A picture and what is written under it."""

    picture: Picture
    label: str


def sheet(avatar: Avatar, *, studio: Studio | None = None) -> Picture:
    """One person: from all sides, in poses, close up, and every face shape.

    Args:
        avatar: who.
        studio: one that is set up already; a new one when None.

    Returns:
        ``(height, WIDTH, 3)``.
    """
    if studio is None:
        with Studio() as own:
            return sheet(avatar, studio=own)
    mesh = avatar.mesh
    title = f"{avatar.name}   {len(mesh.triangles):,} triangles, {len(mesh.morphs)} shapes"
    return _page(
        [
            (title, _faces(studio, avatar), 4),
            ("From all sides", _turned(studio, avatar), len(TURNS)),
            ("Poses", _poses(studio, avatar), _POSE_COLUMNS),
            ("The 52 shapes of ARKit, each at 1", _shapes(studio, avatar), 11),
        ]
    )


def sheet_of_people(people: Sequence[Avatar], *, studio: Studio | None = None) -> Picture:
    """Several people side by side: each whole, face on, turned and smiling.

    Returns:
        ``(height, WIDTH, 3)``.
    """
    if studio is None:
        with Studio() as own:
            return sheet_of_people(people, studio=own)
    columns = min(8, max(4, len(people)))
    edge = _cell_width(columns)
    sections = []
    for start in range(0, len(people), columns):
        row = people[start : start + columns]
        # All to one scale, so that the tall stand above the small.
        framing = max((figure_framing(p) for p in row), key=lambda f: f.half_height)
        whole = [
            Cell(
                studio.full_body(p, yaw=0.3, size=(edge, edge * 7 // 4), framing=framing),
                p.name,
            )
            for p in row
        ]
        blank = [Cell(_backdrop((edge, 1)), "")] * (columns - len(row))
        faces = [
            [Cell(studio.portrait(p, shapes, yaw=yaw, size=(edge, edge)), "") for p in row] + blank
            for shapes, yaw in (({}, 0.0), (_SMILE, 0.52))
        ]
        sections.append(("", [*whole, *blank, *faces[0], *faces[1]], columns))
    return _page(sections)


def _faces(studio: Studio, avatar: Avatar) -> list[Cell]:
    edge = _cell_width(4)
    views: list[tuple[str, dict[str, float], float]] = [
        ("at rest", {}, 0.0),
        ("smiling, turned by 30°", _SMILE, np.radians(30.0)),
        ("talking", _TALKING, np.radians(-15.0)),
        ("profile", {}, _QUARTER),
    ]
    return [
        Cell(studio.portrait(avatar, shapes, yaw=yaw, size=(edge, edge)), label)
        for label, shapes, yaw in views
    ]


def _turned(studio: Studio, avatar: Avatar) -> list[Cell]:
    edge = _cell_width(len(TURNS))
    return [
        Cell(studio.full_body(avatar, yaw=-turn, size=(edge, edge * 3 // 2)), label)
        for label, turn in TURNS.items()
    ]


def _poses(studio: Studio, avatar: Avatar) -> list[Cell]:
    """A row of standing poses, and one of those low down and of hands; a row to one scale."""
    edge = _cell_width(_POSE_COLUMNS)
    size = (edge, edge * 7 // 4)
    scale = avatar.proportions.height / 1.7
    tall = figure_framing(avatar, headroom=0.48 * scale)
    # Who is low down reaches ahead.
    low = Framing(np.array([0.0, 0.66, -0.16]) * scale, 0.88 * scale, FIGURE_DISTANCE)

    def shown(name: str, label: str, framing: Framing, yaw: float) -> Cell:
        pose = POSES[name](avatar.proportions)
        return Cell(
            studio.full_body(avatar, pose, yaw=yaw, size=size, framing=framing), label or name
        )

    def hand(name: str, label: str, yaw: float) -> Cell:
        sample = POSES[name](avatar.proportions)
        joints, _ = joints_in_place(sample, avatar.proportions)
        middle = joints[INDEX["rightMiddleProximal"]]
        return Cell(
            studio.picture(
                avatar, sample, Framing(middle, 0.2 * scale, _HAND_DISTANCE), yaw=yaw, size=size
            ),
            label,
        )

    return [
        shown("arms up", "", tall, 0.4),
        shown("waving", "", tall, 0.4),
        shown("palms together", "", tall, 0.4),
        shown("arms crossed", "", tall, 0.4),
        shown("over the shoulder", "", tall, 0.4),
        shown("over the shoulder", "the same from behind", tall, -2.4),
        shown("T-pose", "T-pose from the side", tall, 0.5 * np.pi),
        shown("sitting", "", low, 0.4),
        shown("sitting", "sitting, from the side", low, -1.4),
        shown("squatting", "", low, 0.4),
        shown("squatting", "squatting, from the side", low, -1.4),
        hand("waving", "a palm", 0.0),
        hand("waving", "the back of a hand", np.pi),
        hand("squatting", "a fist", -1.1),
    ]


def _shapes(studio: Studio, avatar: Avatar) -> list[Cell]:
    edge = _cell_width(11)
    framing = close_up_framing(avatar)
    faces: list[tuple[str, dict[str, float]]] = [("at rest", {})]
    for name in SHAPES:
        # By itself this shape pulls the lips through each other: it undoes an open jaw's gap.
        if name == "mouthClose":
            faces.append(("mouthClose + jawOpen", {name: 1.0, "jawOpen": 1.0}))
        else:
            faces.append((name, {name: 1.0}))
    faces += [("blink, half-way", _EYES_SHUT_AT_HALF), ("a smile", _SMILE)]
    return [
        Cell(studio.portrait(avatar, shapes, size=(edge, edge), framing=framing), label)
        for label, shapes in faces
    ]


def _cell_width(columns: int) -> int:
    return (WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns


def _backdrop(size: tuple[int, int]) -> Picture:
    return np.full((size[1], size[0], 3), np.round(BACKDROP * 255.0), dtype=np.uint8)


def _page(sections: Sequence[tuple[str, Sequence[Cell], int]]) -> Picture:
    """Sections under one another: a heading, cells, and how many stand in a row."""
    blocks = [_section(heading, cells, columns) for heading, cells, columns in sections]
    gap = _MARGIN // 2
    height = sum(block.height + gap for block in blocks) - gap + 2 * _MARGIN
    page = Image.new("RGB", (WIDTH, height), _PAPER)
    at = _MARGIN
    for block in blocks:
        page.paste(block, (_MARGIN, at))
        at += block.height + gap
    return np.asarray(page)


def _section(heading: str, cells: Sequence[Cell], columns: int) -> Image.Image:
    label_font = ImageFont.load_default(_LABEL_SIZE)
    heading_font = ImageFont.load_default(_HEADING_SIZE)
    head = _HEADING_SIZE + 20 if heading else 0
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    heights = [
        max(len(cell.picture) for cell in row)
        + _GAP
        + (_LABEL_SIZE + 8 if any(cell.label for cell in row) else 0)
        for row in rows
    ]
    block = Image.new("RGB", (WIDTH - 2 * _MARGIN, head + sum(heights)), _PAPER)
    draw = ImageDraw.Draw(block)
    draw.text((0, 4), heading, _INK, heading_font)
    top = head
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            edge = cell.picture.shape[1]
            left = column * (_cell_width(columns) + _GAP)
            block.paste(Image.fromarray(cell.picture), (left, top))
            middle = left + 0.5 * (edge - draw.textlength(cell.label, label_font))
            draw.text((middle, top + len(cell.picture) + 3), cell.label, _INK, label_font)
        top += height
    return block
