"""A headset to look through: OpenXR's session, and the renderer drawing into its images."""

from __future__ import annotations

from presence.client.displays import (
    SOFTWARE_PIXELS,
    STILL_SAMPLES,
    Beat,
    draws_in_software,
    image_rectangle,
    warmed_renderer,
)
from presence.headset.session import LEFT, RIGHT, Headset
from presence.render.context import finish, offscreen_context
from presence.render.eye import Eye
from presence.render.picture import Picture, read_picture
from presence.render.renderer import View
from presence.render.target import Target
from presence.scene.stage import Stage
from presence.tracking.openxr.sensing import HeadsetSenses
from presence.tracking.sensed import Sensed


class HeadsetDisplay:
    """A headset, through OpenXR. State: the session, and targets over its swapchains' images."""

    def __init__(
        self, eye_pixels: int | None, still_pixels: int, samples: int, *, whole: bool
    ) -> None:
        """Open a session.

        Args:
            eye_pixels: the longer side of an eye's image rectangle during the call; None takes
                what the headset recommends, or less where a software rasteriser draws.
            still_pixels: the longer side of a still's.
            samples: samples a pixel during the call; 0 for one.
            whole: follow the whole person; False: the head alone, for ears.

        Raises:
            HeadsetError: there is no runtime or no headset.
            RenderError: there is no OpenGL.
        """
        context = offscreen_context()
        self._context = context
        self.renderer = str(context.info["GL_RENDERER"])
        if eye_pixels is None and draws_in_software(self.renderer):
            eye_pixels = SOFTWARE_PIXELS
        if eye_pixels is None:
            self._headset = Headset(whole=whole)
            self._within = {False: self._headset.size, True: self._headset.size}
        else:
            side = max(eye_pixels, still_pixels)
            self._headset = Headset((side, side), whole=whole)
            self._within = {
                False: (eye_pixels, eye_pixels),
                True: (still_pixels, still_pixels),
            }
        self._renderer = warmed_renderer(context, samples)
        self._samples = {False: samples, True: STILL_SAMPLES}
        self._targets: dict[tuple[int, tuple[int, int], int], Target] = {}
        self.runtime = f"{self._headset.runtime_name} {self._headset.runtime_version}"
        # Until the runtime has told the field of view.
        self.size, self.still_size = self._within[False], self._within[True]
        self._should_render = False
        self._senses = HeadsetSenses()

    def wait(self) -> Beat | None:
        """Wait for the runtime."""
        timing = self._headset.wait()
        if timing is None:
            return None
        self._should_render = timing.should_render
        return Beat(timing.woke_ns, timing.predicted_display_ns, timing.period_ns)

    def draw(self, stage: Stage, *, keep_left: bool) -> Picture | None:
        """Draw both eyes into the runtime's images and submit them."""
        pictures = self._submit(stage, still=False, keep=(LEFT,) if keep_left else ())
        return pictures[0] if pictures else None

    def draw_still(self, stage: Stage) -> tuple[Picture, Picture] | None:
        """Draw both eyes larger, submit them, and read both back."""
        pictures = self._submit(stage, still=True, keep=(LEFT, RIGHT))
        return (pictures[0], pictures[1]) if pictures else None

    def sense(self, machine_ns: int) -> Sensed | None:
        """What the headset's sensors know; None once it is closed."""
        readings = self._headset.sense(machine_ns)
        return self._senses.sensed(readings, machine_ns) if readings is not None else None

    def close(self) -> None:
        """Give everything back, which ends the session."""
        for target in self._targets.values():
            target.release()
        self._renderer.release()
        self._headset.close()
        self._context.release()

    def _submit(self, stage: Stage, *, still: bool, keep: tuple[int, ...]) -> list[Picture]:
        headset = self._headset
        headset.begin()
        eyes = headset.locate()
        if eyes is None or not self._should_render:
            headset.end()
            return []
        rectangle = image_rectangle(eyes[LEFT].fov, self._within[still])
        if still:
            self.still_size = rectangle
        else:
            self.size = rectangle
        views = []
        for side, eye in zip((LEFT, RIGHT), eyes, strict=True):
            target = self._target(headset.acquire(side), rectangle, self._samples[still])
            views.append(View(Eye(eye.local_from_eye, eye.fov), target))
        self._renderer.draw(stage, views)
        pictures = [read_picture(views[side].target) for side in keep]
        finish()
        for side in (LEFT, RIGHT):
            headset.release(side)
        headset.end(eyes, rectangle)
        return pictures

    def _target(self, texture: int, rectangle: tuple[int, int], samples: int) -> Target:
        key = (texture, rectangle, samples)
        if key not in self._targets:
            self._targets[key] = Target.external(
                self._context, texture, self._headset.size, size=rectangle, samples=samples
            )
        return self._targets[key]
