"""What a view draws on: a headset, a window or pictures in memory, each with its own beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import moderngl

from presence.headset.frames import FieldOfView
from presence.pose.rigid import Rigid
from presence.render.eye import Eye
from presence.render.picture import Picture
from presence.render.renderer import Renderer, View
from presence.render.target import Target
from presence.scene.stage import Stage
from presence.tracking.sensed import Sensed

STILL_SAMPLES = 4
"""Samples a pixel of a still; the call's frames are drawn with one or two, to keep the beat."""

SOFTWARE_PIXELS = 512
"""The longer side of an eye's image rectangle that a software rasteriser draws in time."""
_SOFTWARE_RASTERISERS = ("llvmpipe", "softpipe", "swrast", "SwiftShader")


def draws_in_software(renderer: str) -> bool:
    """Whether what OpenGL calls itself is a software rasteriser."""
    return any(name in renderer for name in _SOFTWARE_RASTERISERS)


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

    def sense(self, machine_ns: int) -> Sensed | None:
        """What it knows of the person at a time, in ``local``; None: it follows nobody.

        For any thread but one at a time, which only a headset's view starts.

        Raises:
            HeadsetError: the session or the runtime was lost.
        """

    def close(self) -> None:
        """Give everything back."""


def warmed_renderer(context: moderngl.Context, samples: int) -> Renderer:
    """A renderer that has drawn for each kind of target before anybody looks."""
    renderer = Renderer(context)
    eye = Eye(Rigid.identity(), FieldOfView.symmetric(0.7))
    for count in {samples, STILL_SAMPLES}:
        target = Target(context, (64, 64), samples=count)
        renderer.warm_up([View(eye, target)])
        target.release()
    return renderer


def image_rectangle(fov: FieldOfView, within: tuple[int, int]) -> tuple[int, int]:
    """The largest rectangle with square pixels for a field of view.

    Args:
        fov: what an eye sees.
        within: width and height that it must fit into, pixels.

    Returns:
        Width and height in pixels, both even, as video wants them.
    """
    left, right, down, up = fov.tangents
    scale = min(within[0] / (right - left), within[1] / (up - down))
    return 2 * int((right - left) * scale / 2), 2 * int((up - down) * scale / 2)
