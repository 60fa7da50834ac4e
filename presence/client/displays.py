"""What a view draws on: a headset, a window or pictures in memory, each with its own beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from presence.pose.rigid import Rigid
from presence.render.eye import Fov
from presence.render.picture import Picture
from presence.scene.stage import Stage

STILL_SAMPLES = 4
"""Samples a pixel of a still; the call's frames are drawn with one or two, to keep the beat."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One frame to draw. Times are the machine's."""

    woke_ns: int
    """When the display said that it is time to draw."""
    display_ns: int
    """When what is drawn now is predicted to be displayed."""
    period_ns: int
    """Between displayed frames."""


class Display(Protocol):
    """Something that asks for frames, one at a time."""

    runtime: str
    """Name and version of the OpenXR runtime; ``offscreen`` or ``window`` without one."""
    renderer: str
    """What OpenGL says it is."""
    size: tuple[int, int]
    """Width and height of each eye's image rectangle during the call, pixels."""
    still_size: tuple[int, int]
    """The same, of a still."""

    def wait(self) -> Beat | None:
        """Wait until it is time to draw; None when the display has ended."""

    def draw(self, stage: Stage, *, keep_left: bool) -> Picture | None:
        """Draw and submit the frame that was waited for; the left eye's picture if asked."""

    def draw_still(self, stage: Stage) -> tuple[Picture, Picture] | None:
        """Like ``draw``, larger and smoother: what both eyes saw; None when nothing was drawn."""

    def head(self, machine_ns: int) -> Rigid | None:
        """The view in ``local`` at a time; None while it is not tracked. For any thread."""

    def close(self) -> None:
        """Give everything back."""


def image_rectangle(fov: Fov, longer_side: int) -> tuple[int, int]:
    """Width and height in pixels, both even, with square pixels for the field of view."""
    left, right, down, up = fov.tangents
    width, height = right - left, up - down
    scale = longer_side / max(width, height)
    return 2 * round(width * scale / 2), 2 * round(height * scale / 2)
