"""Reading the CSV files that the Live Link Face app records: a face, the head's and eyes' turns.

Columns are found by name: Apple's order of the 52 shapes is not the file's (there, right comes
before left in JawRight, JawLeft and MouthRight, MouthLeft).
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from presence.errors import SourceError
from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPES
from presence.tracking.limbs import unit

MAX_BYTES = 200_000_000
USUAL_RATE = 60
"""Rows a second that the app records."""

_RATES = (24, 25, 30, 48, 50, 60, 90, 120, 240)
_EYES = ("LeftEyeYaw", "LeftEyePitch", "RightEyeYaw", "RightEyePitch")


@dataclass(frozen=True, slots=True, eq=False)
class FaceTrack:
    """A recorded face."""

    times_s: Floats
    """``(T,)`` from the first row, rising."""
    shapes: Floats
    """``(T, 52)`` ARKit coefficients in the order of ``SHAPES``."""
    gaze: Floats
    """``(T, 3)`` unit directions in ``head``, midway between the eyes'."""

    @property
    def duration_s(self) -> float:
        """From the first row to the last."""
        return float(self.times_s[-1])


def read_live_link(path: Path) -> FaceTrack:
    """Read a face file.

    Raises:
        SourceError: the file cannot be read, lacks a column, or holds what is not a number; the
            message names file, line and cure.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(f"{path} has over {MAX_BYTES // 1_000_000} MB; cut it into parts")
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror}); check the path and its permissions"
        ) from error
    return parse_live_link(text, path)


def parse_live_link(text: str, path: Path) -> FaceTrack:
    """The face that ``text`` describes; ``path`` is for messages. Raises SourceError."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or "," not in lines[0]:
        raise SourceError(f"{path} is not a Live Link Face CSV; give the .csv of a recording")
    try:
        table = list(csv.reader(lines, strict=True))
    except csv.Error as error:
        raise SourceError(
            f"{path} cannot be read as CSV ({error}); export it from the app again"
        ) from error
    head, rows = table[0], table[1:]
    columns = {name.strip().lower(): i for i, name in enumerate(head)}
    wanted = [*SHAPES, *_EYES]
    missing = [name for name in wanted if name.lower() not in columns]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise SourceError(
            f"{path}, line 1: the columns lack {', '.join(missing[:3])}{more}; "
            "record with Live Link Face in ARKit mode, and keep every column"
        )
    if not rows:
        raise SourceError(f"{path} has columns but no rows; record again")
    picked = [columns[name.lower()] for name in wanted]
    values = np.array([_numbers(path, i + 2, row, picked, head) for i, row in enumerate(rows)])
    at = columns.get("timecode")
    codes = [row[at] for row in rows] if at is not None else []
    return FaceTrack(
        times_s=frozen(_times(codes, len(rows))),
        shapes=frozen(np.clip(values[:, : len(SHAPES)], 0.0, 1.0)),
        gaze=frozen(_gaze(values[:, len(SHAPES) :])),
    )


def _numbers(
    path: Path, line: int, row: list[str], picked: list[int], head: list[str]
) -> list[float]:
    numbers = []
    for column in picked:
        try:
            number = float(row[column])
        except (ValueError, IndexError):
            number = math.nan
        if not math.isfinite(number):
            what = f"{row[column]!r} is not a number" if column < len(row) else "the row ends early"
            raise SourceError(
                f"{path}, line {line}: {head[column]}: {what}; the file was cut off or edited: "
                "export it again"
            )
        numbers.append(number)
    return numbers


def _gaze(angles: Floats) -> Floats:
    """``(T, 3)`` from ``(T, 4)`` radians: each eye's yaw to the person's right and pitch down."""
    yaw = 0.5 * (angles[:, 0] + angles[:, 2])
    pitch = 0.5 * (angles[:, 1] + angles[:, 3])
    return unit(
        np.stack(
            [np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)], axis=-1
        )
    )


def _times(codes: list[str], count: int) -> Floats:
    """``(T,)`` seconds from timecodes HH:MM:SS:FF.fff, or at the usual rate if they do not rise."""
    even = np.arange(count) / USUAL_RATE
    try:
        parts = np.array([[float(p) for p in code.replace(";", ":").split(":")] for code in codes])
    except ValueError:
        return even
    if parts.shape != (count, 4) or not np.isfinite(parts).all():
        return even
    most = float(parts[:, 3].max())
    # A recording under a second may not reach its last frame number, so 60 unless it must be more.
    long_enough = np.ptp(parts[:, 2]) > 1.5 or count > 2 * USUAL_RATE
    rate = next((r for r in _RATES if r > most and (long_enough or r >= USUAL_RATE)), USUAL_RATE)
    times: Floats = parts @ np.array([3600.0, 60.0, 1.0, 1.0 / rate])
    times = times - times[0]
    return times if count == 1 or np.diff(times).min() > 0.0 else even
