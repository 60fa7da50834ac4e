"""What follows a person, as a table: from where, how fast, how late and how surely."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from presence.clock import MILLISECOND
from presence.pose.arrays import Floats
from presence.pose.face import SHAPES
from presence.pose.skeleton import BONES, HAND_BONES
from presence.tracking.live import Reading
from presence.tracking.sensed import Point, Sensed

_CELLS = 8
_SURE = 0.75
_TRUNK = ("spine", "chest", "upperChest", "neck")


def part_confidences(sensed: Sensed) -> dict[str, float]:
    """How surely each part of a person is known, 0 to 1, in the order in which it is shown."""
    points = {
        point: 0.5 * float(sensed.position_confidence[point] + sensed.orientation_confidence[point])
        for point in Point
    }
    bones, face = sensed.rotation_confidence, sensed.face_confidence
    fingers = bones[HAND_BONES].reshape(2, -1).mean(axis=1)
    return {
        "head": points[Point.HEAD],
        "left hand": points[Point.LEFT_HAND],
        "right hand": points[Point.RIGHT_HAND],
        "left fingers": float(fingers[0]),
        "right fingers": float(fingers[1]),
        "hips": points[Point.HIPS],
        "left foot": points[Point.LEFT_FOOT],
        "right foot": points[Point.RIGHT_FOOT],
        "trunk": _mean(bones, [i for i, name in enumerate(BONES) if name in _TRUNK]),
        "arms": _mean(bones, _named(BONES, ("Shoulder", "Arm"))),
        "legs": _mean(bones, _named(BONES, ("Leg",))),
        "brows and lids": _mean(face, _named(SHAPES, ("eyeBlink", "eyeSquint", "eyeWide", "brow"))),
        "mouth": _mean(face, _named(SHAPES, ("jaw", "mouth", "tongue"))),
        "cheeks and nose": _mean(face, _named(SHAPES, ("cheek", "nose"))),
        "gaze": float(sensed.gaze_confidence),
    }


def tracking_table(readings: Sequence[Reading], fused: Sensed | None) -> RenderableType:
    """A column for each sensor, and one for what all of them know together."""
    table = Table(title="Tracking", title_justify="left", expand=False)
    table.add_column("")
    for reading in readings:
        table.add_column(escape(reading.name), min_width=_CELLS + 4)
    if len(readings) > 1:
        table.add_column("together", min_width=_CELLS + 4)
    last = [""] * (len(readings) > 1)
    table.add_row("values a second", *(_hertz(reading) for reading in readings), *last)
    table.add_row("age", *(_age(reading) for reading in readings), *last, end_section=True)
    sensed = [reading.sensed for reading in readings] + [fused] * (len(readings) > 1)
    columns = [part_confidences(one) if one is not None and one.present else {} for one in sensed]
    for part in part_confidences(Sensed.nothing(0)):
        table.add_row(part, *(_bar(column.get(part, 0.0)) for column in columns))
    problems = [
        Text.assemble((f"{reading.name}: ", "bold yellow"), (reading.problem, "yellow"))
        for reading in readings
        if reading.problem
    ]
    return Group(table, *problems)


def _named(names: Sequence[str], words: tuple[str, ...]) -> list[int]:
    return [i for i, name in enumerate(names) if any(word in name for word in words)]


def _mean(confidence: Floats, indices: list[int]) -> float:
    return float(np.mean(confidence[indices]))


def _bar(confidence: float) -> str:
    if confidence <= 0.0:
        return "[dim]–[/]"
    full = min(max(round(confidence * _CELLS), 1), _CELLS)
    colour = "green" if confidence >= _SURE else "yellow"
    bar = f"[{colour}]{'▮' * full}[/][dim]{'▯' * (_CELLS - full)}[/]"
    return f"{bar} {100.0 * confidence:3.0f}"


def _hertz(reading: Reading) -> str:
    return f"{reading.hz:.0f}" if reading.hz > 0.0 else "[dim]–[/]"


def _age(reading: Reading) -> str:
    if reading.age_ns is None:
        return "[dim]nothing[/]"
    if reading.sensed is not None and not reading.sensed.present:
        return "[yellow]nobody there[/]"
    return f"{reading.age_ns / MILLISECOND:.0f} ms"
