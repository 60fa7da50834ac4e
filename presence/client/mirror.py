"""A mirror: the person's own avatar as they would see it in one, and what their camera sees."""

from __future__ import annotations

from dataclasses import replace

import moderngl
import numpy as np

from presence.client.turntable import Turntable
from presence.pose.arrays import Floats, Ints, frozen
from presence.pose.derive import with_derived
from presence.pose.face import SHAPE_INDEX, SHAPES
from presence.pose.sample import Part, PoseSample
from presence.pose.skeleton import MIRROR
from presence.render.picture import Picture
from presence.render.programs import load_program, uniform
from presence.render.renderer import Renderer, View
from presence.render.target import Target
from presence.render.window import Doings, Window
from presence.scene.avatar import Avatar
from presence.scene.springs import Springs
from presence.scene.stage import Person, Stage

SIZE = (720, 900)
"""Width and height of the window at first, in the screen's units."""
_CORNER = 0.3
"""The width of the camera's picture, over the window's."""
_MARGIN = 0.02
_TURN: Floats = np.array([1.0, -1.0, -1.0, 1.0])
_POINT: Floats = np.array([-1.0, 1.0, 1.0])


def _mirrored_shapes() -> Ints:
    def other(name: str) -> str:
        if name.endswith("Left"):
            return name[:-4] + "Right"
        return name[:-5] + "Left" if name.endswith("Right") else name

    return np.array([SHAPE_INDEX[other(name)] for name in SHAPES], dtype=np.int64)


_SHAPES = _mirrored_shapes()
_PARTS = [
    Part.HEAD, Part.TORSO, Part.RIGHT_ARM, Part.LEFT_ARM, Part.RIGHT_HAND, Part.LEFT_HAND,
    Part.LEGS, Part.FACE, Part.EYES,
]  # fmt: skip


def in_a_mirror(sample: PoseSample) -> PoseSample:
    """What somebody does whose left is this person's right: left and right change places."""
    return replace(
        sample,
        root_position=frozen(sample.root_position * _POINT),
        rotations=frozen(sample.rotations[MIRROR] * _TURN),
        face=frozen(sample.face[_SHAPES]),
        gaze_direction=frozen(sample.gaze_direction * _POINT),
        tracked=frozen(sample.tracked[_PARTS]),
    )


class Mirror:
    """Draws somebody as in a mirror. State: a renderer, how the hair hangs, how near one stands,
    and the camera's picture on the card.
    """

    def __init__(self, ctx: moderngl.Context, avatar: Avatar) -> None:
        """Set up on a context that is current on this thread.

        Raises:
            RenderError: the driver refuses a shader.
        """
        self._ctx = ctx
        self._avatar = avatar
        self._renderer = Renderer(ctx)
        self._springs = Springs()
        self._stand = Turntable(turns=False)
        self._program = load_program(ctx, "corner.vert", "corner.frag")
        self._corner = ctx.vertex_array(self._program, [])
        self._texture: moderngl.Texture | None = None

    def do(self, doings: Doings) -> None:
        """The wheel and the arrows up and down come nearer; nobody turns round in a mirror."""
        self._stand = replace(self._stand.after(0.0, doings), yaw=0.0, turns=False)

    def draw(
        self, target: Target, sample: PoseSample, time_ns: int, camera: Picture | None = None
    ) -> None:
        """Draw the person, and what the camera sees in the corner below.

        Args:
            target: into it.
            sample: what the person does.
            time_ns: when, for the hair to swing by.
            camera: ``(height, width, 3)`` sRGB, the first row on top; None: none.
        """
        measures = self._avatar.proportions
        shown = with_derived(in_a_mirror(sample), measures)
        person = Person(self._avatar, shown, measures, self._stand.place)
        stage = self._springs.swung(Stage([person]), ["you"], time_ns)
        self._renderer.draw(stage, [View(self._stand.eye(measures, target.size), target)])
        if camera is not None:
            self._draw_corner(target, camera)

    def _draw_corner(self, target: Target, camera: Picture) -> None:
        height, width = camera.shape[:2]
        if self._texture is None or self._texture.size != (width, height):
            if self._texture is not None:
                self._texture.release()
            self._texture = self._ctx.texture((width, height), 3, alignment=1)
        self._texture.write(np.ascontiguousarray(camera))
        across = 2.0 * _CORNER
        # In the unit of clip space, in which the window is two high whatever its shape.
        up = across * height / width * target.size[0] / target.size[1]
        margin = 2.0 * _MARGIN
        uniform(self._program, "u_corner").value = (1.0 - margin - across, -1.0 + margin)
        uniform(self._program, "u_size").value = (across, up)
        target.image.use()
        self._texture.use(0)
        self._ctx.disable(moderngl.DEPTH_TEST | moderngl.CULL_FACE | moderngl.BLEND)
        self._corner.render(moderngl.TRIANGLE_STRIP, vertices=4)

    def release(self) -> None:
        """Give everything on the card back."""
        if self._texture is not None:
            self._texture.release()
        self._corner.release()
        self._program.release()
        self._renderer.release()


class MirrorWindow:
    """A mirror in a window on the screen. State: the window, and what is drawn in it."""

    def __init__(self, avatar: Avatar) -> None:
        """Open it.

        Raises:
            RenderError: there is no screen; the message says what to do without one.
        """
        self._window = Window(
            "presence · mirror · wheel or arrows come nearer, Esc ends",
            SIZE,
            samples=4,
            instead="leave --mirror out",
        )
        try:
            self._mirror = Mirror(self._window.ctx, avatar)
        except BaseException:
            self._window.close()
            raise

    def show(self, sample: PoseSample, time_ns: int, camera: Picture | None) -> bool:
        """Show what the person does; False once they have closed the window."""
        self._mirror.do(self._window.doings())
        self._mirror.draw(self._window.target, sample, time_ns, camera)
        return self._window.show()

    def close(self) -> None:
        """Close it."""
        self._mirror.release()
        self._window.close()
