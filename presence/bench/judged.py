"""How far what is shown is from the truth: body in millimetres, face in shares, gaze in degrees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from presence.bench.clips import vertices_mm
from presence.pose.arrays import Floats
from presence.pose.face import SENT_SHAPES
from presence.pose.proportions import Proportions
from presence.pose.sample import PoseSample

Row = dict[str, Any]
"""A row of a benchmark: figures by name."""


def error_vectors_mm(
    shown: Sequence[PoseSample], truth: Sequence[PoseSample], proportions: Proportions
) -> Floats:
    """``(samples, 195, 3)`` millimetres: where each virtual vertex is, less where it should be."""
    return vertices_mm(shown, proportions) - vertices_mm(truth, proportions)


def error_figures(
    shown: Sequence[PoseSample], truth: Sequence[PoseSample], proportions: Proportions
) -> Row:
    """Percentiles over all virtual vertices, sent shapes and gazes of all samples."""
    distances = np.linalg.norm(error_vectors_mm(shown, truth, proportions), axis=-1)
    row: Row = {f"error_mm_p{p}": float(np.percentile(distances, p)) for p in (50, 95, 99)}
    row["error_mm_max"] = float(distances.max())
    faces = np.abs(_faces(shown) - _faces(truth))
    row["face_p99"] = float(np.percentile(faces, 99))
    row["face_max"] = float(faces.max())
    gazes = gaze_errors_degrees(shown, truth)
    row["gaze_deg_p99"] = float(np.percentile(gazes, 99))
    row["gaze_deg_max"] = float(gazes.max())
    return row


def gaze_errors_degrees(shown: Sequence[PoseSample], truth: Sequence[PoseSample]) -> Floats:
    """``(samples,)`` the angle between each gaze's direction and the true one."""
    a = np.stack([sample.gaze_direction for sample in shown])
    b = np.stack([sample.gaze_direction for sample in truth])
    # By the chord, which is exact where the cosine of a small angle is not.
    chord = np.linalg.norm(a - b, axis=-1)
    angles: Floats = np.degrees(2.0 * np.arcsin(np.minimum(0.5 * chord, 1.0)))
    return angles


def over_clips(rows: Iterable[Row], **names: str) -> Row:
    """One row for all clips: the mean of each figure, but of greatest ones the greatest."""
    rows = list(rows)
    mean: Row = dict(names)
    for name, value in rows[0].items():
        if isinstance(value, (int, float)):
            values = [row[name] for row in rows]
            mean[name] = float(max(values) if name.endswith("_max") else np.mean(values))
    return mean


def _faces(samples: Sequence[PoseSample]) -> Floats:
    return np.stack([sample.face for sample in samples])[:, SENT_SHAPES]
