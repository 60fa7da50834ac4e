"""The values of one displayed frame: when it will be seen, and from where each eye looks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from presence.pose.rigid import Rigid


@dataclass(frozen=True, slots=True)
class FrameTiming:
    """What the runtime said about the next frame. Times are on the machine's monotonic clock."""

    predicted_display_ns: int
    """When the middle of the frame will be shown."""
    period_ns: int
    """The time between two displayed frames."""
    woke_ns: int
    """When the runtime let the frame begin."""
    should_render: bool
    """False while nobody sees the frame: it must be begun and ended all the same."""

    @property
    def lead_ns(self) -> int:
        """How far ahead the runtime predicts."""
        return self.predicted_display_ns - self.woke_ns


@dataclass(frozen=True, slots=True)
class FieldOfView:
    """The four half-angles of an eye's view in radians; left and down are usually negative."""

    left: float
    right: float
    up: float
    down: float

    @staticmethod
    def symmetric(horizontal: float, vertical: float | None = None) -> FieldOfView:
        """The same to each side: half-angles in radians; the vertical like the horizontal."""
        vertical = horizontal if vertical is None else vertical
        return FieldOfView(-horizontal, horizontal, vertical, -vertical)

    @property
    def tangents(self) -> tuple[float, float, float, float]:
        """Where the edges of the image lie at distance 1: left, right, down, up."""
        return math.tan(self.left), math.tan(self.right), math.tan(self.down), math.tan(self.up)


@dataclass(frozen=True, slots=True)
class EyeView:
    """From where and how widely one eye looks. The eye looks along its own -Z."""

    local_from_eye: Rigid
    fov: FieldOfView
