"""Pictures in memory to look at: a view for machines without a headset or a screen."""

from __future__ import annotations

import numpy as np

from presence.client.displays import STILL_SAMPLES, Beat, image_rectangle, warmed_renderer
from presence.client.metronome import Metronome
from presence.headset.frames import FieldOfView
from presence.pose.proportions import default_proportions
from presence.pose.rigid import Rigid
from presence.render.context import finish, offscreen_context, release_offscreen
from presence.render.eye import stereo_eyes
from presence.render.picture import Picture, read_picture
from presence.render.renderer import View
from presence.render.target import Target
from presence.scene.stage import Stage
from presence.tracking.sensed import Sensed


class OffscreenDisplay:
    """Pictures in memory, for machines without a headset. State: targets, and the next beat."""

    runtime = "offscreen"

    def __init__(self, eye_pixels: int, still_pixels: int, samples: int, rate: float) -> None:
        """A still pair of eyes at the height of an average adult's.

        Args:
            eye_pixels: the longer side of an eye's image rectangle during the call.
            still_pixels: the longer side of a still's.
            samples: samples a pixel during the call; 0 for one.
            rate: simulated displays a second.

        Raises:
            RenderError: there is no OpenGL.
        """
        self._context = offscreen_context()
        self.renderer = str(self._context.info["GL_RENDERER"])
        self._renderer = warmed_renderer(self._context, samples)
        fov = FieldOfView.symmetric(np.radians(45.0))
        self.size = image_rectangle(fov, (eye_pixels, eye_pixels))
        self.still_size = image_rectangle(fov, (still_pixels, still_pixels))
        self._head = Rigid.from_yaw(0.0, np.array([0.0, default_proportions().eye_height, 0.0]))
        self._eyes = stereo_eyes(self._head, fov)
        self._targets = [Target(self._context, self.size, samples=samples) for _ in self._eyes]
        self._metronome = Metronome(rate)

    def wait(self) -> Beat | None:
        """Sleep until the next beat."""
        return self._metronome.wait()

    def draw(self, stage: Stage, *, keep_left: bool) -> Picture | None:
        """Draw both eyes."""
        self._draw(stage, self._targets)
        return read_picture(self._targets[0]) if keep_left else None

    def draw_still(self, stage: Stage) -> tuple[Picture, Picture] | None:
        """Draw both eyes larger, and read both back."""
        targets = [
            Target(self._context, self.still_size, samples=STILL_SAMPLES) for _ in self._eyes
        ]
        self._draw(stage, targets)
        left, right = (read_picture(target) for target in targets)
        for target in targets:
            target.release()
        return left, right

    def sense(self, machine_ns: int) -> Sensed | None:
        """Nobody is followed."""
        return None

    def close(self) -> None:
        """Give everything back."""
        for target in self._targets:
            target.release()
        self._renderer.release()
        release_offscreen(self._context)

    def _draw(self, stage: Stage, targets: list[Target]) -> None:
        views = [View(eye, target) for eye, target in zip(self._eyes, targets, strict=True)]
        self._renderer.draw(stage, views)
        finish()
