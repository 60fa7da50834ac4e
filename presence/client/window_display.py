"""A window on the screen to look through: one eye, standing still at one's own place."""

from __future__ import annotations

import time

import numpy as np

from presence.client.displays import STILL_SAMPLES, Beat, image_rectangle, warmed_renderer
from presence.clock import SECOND
from presence.headset.frames import FieldOfView
from presence.pose.proportions import default_proportions
from presence.pose.rigid import Rigid
from presence.render.context import finish
from presence.render.eye import Eye
from presence.render.picture import Picture, read_picture
from presence.render.renderer import View
from presence.render.target import Target
from presence.render.window import Window
from presence.scene.stage import Stage
from presence.tracking.sensed import Sensed

_HALF_HEIGHT = np.radians(34.0)
"""Half the angle from the window's lower to its upper edge."""


class WindowDisplay:
    """One eye in a window. State: the window, and whether the person closed it."""

    runtime = "window"

    def __init__(self, eye_pixels: int, still_pixels: int, samples: int) -> None:
        """Open a window.

        Args:
            eye_pixels: the longer side of the window at first.
            still_pixels: the longer side of a still.
            samples: samples a pixel; 0 for one.

        Raises:
            RenderError: there is no screen, or no OpenGL on it.
        """
        self.size = (eye_pixels, eye_pixels * 9 // 16)
        self._window = Window("presence", self.size, samples=samples)
        self.renderer = str(self._window.ctx.info["GL_RENDERER"])
        self._renderer = warmed_renderer(self._window.ctx, samples)
        self._head = Rigid.from_yaw(0.0, np.array([0.0, default_proportions().eye_height, 0.0]))
        self._period_ns = round(SECOND / self._window.refresh_rate)
        self.still_size = image_rectangle(self._fov(self.size), (still_pixels, still_pixels))
        self._open = True

    def wait(self) -> Beat | None:
        """The next refresh of the screen; showing the last frame waited for it."""
        if not self._open:
            return None
        woke = time.monotonic_ns()
        return Beat(woke, woke + self._period_ns, self._period_ns)

    def draw(self, stage: Stage, *, keep_left: bool) -> Picture | None:
        """Draw and show; the picture is what the window shows."""
        target = self._window.target
        self.size = target.size
        eye = Eye(self._head, self._fov(target.size))
        self._renderer.draw(stage, [View(eye, target)])
        finish()
        picture = read_picture(target) if keep_left else None
        self._open = self._window.show()
        return picture

    def draw_still(self, stage: Stage) -> tuple[Picture, Picture] | None:
        """A larger, smoother picture of the same view, twice: a window has one eye."""
        self.draw(stage, keep_left=False)
        target = Target(self._window.ctx, self.still_size, samples=STILL_SAMPLES)
        self._renderer.draw(stage, [View(Eye(self._head, self._fov(self.still_size)), target)])
        picture = read_picture(target)
        target.release()
        return picture, picture

    def sense(self, machine_ns: int) -> Sensed | None:
        """Nobody is followed."""
        return None

    def close(self) -> None:
        """Close the window."""
        self._renderer.release()
        self._window.close()

    @staticmethod
    def _fov(size: tuple[int, int]) -> FieldOfView:
        half_width = np.arctan(np.tan(_HALF_HEIGHT) * size[0] / size[1])
        return FieldOfView.symmetric(float(half_width), float(_HALF_HEIGHT))
