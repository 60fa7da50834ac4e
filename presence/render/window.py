"""A window on the screen to draw into."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import glfw
import moderngl

from presence.errors import RenderError
from presence.render.context import REQUIRED_VERSION
from presence.render.target import Target

_DEFAULT_RATE = 60.0


@dataclass(frozen=True, slots=True)
class Doings:
    """What the person did at a window since it was last asked."""

    dragged: tuple[float, float] = (0.0, 0.0)
    """How far the pointer was dragged with its left button, right and up, in window heights."""
    wheel: float = 0.0
    """Steps that the wheel was turned away from the person."""
    struck: tuple[str, ...] = ()
    """Keys that were pressed or repeated: ``left``, ``right``, ``up``, ``down``, ``space``."""


_KEYS = {
    glfw.KEY_LEFT: "left",
    glfw.KEY_RIGHT: "right",
    glfw.KEY_UP: "up",
    glfw.KEY_DOWN: "down",
    glfw.KEY_SPACE: "space",
}


class Window:
    """A window with a context of its own, current on the thread that opens it.

    State: the window, its context, a target that follows its size, and what the person did lately.
    Escape, or the window's own button, closes it.
    """

    def __init__(
        self,
        title: str,
        size: tuple[int, int],
        *,
        samples: int = 0,
        wait_for_screen: bool = True,
        instead: str = "take --view offscreen",
    ) -> None:
        """Open a window.

        Args:
            title: shown on its frame.
            size: width and height in the screen's units; the person may change them.
            samples: samples a pixel, 0 for one.
            wait_for_screen: let ``show`` wait for the screen's next refresh.
            instead: what somebody without a screen can do, for the error.

        Raises:
            RenderError: there is no screen, or no OpenGL 3.3 on it.
        """
        self._stack = ExitStack()
        reasons: list[str] = []

        def note(code: int, text: Any) -> None:
            reasons.append(text.decode(errors="replace"))

        glfw.set_error_callback(note)
        try:
            if not glfw.init():
                raise RenderError(_without_window("no screen was found", reasons, instead))
            self._stack.callback(glfw.terminate)
            for hint, value in (
                (glfw.CONTEXT_VERSION_MAJOR, REQUIRED_VERSION // 100),
                (glfw.CONTEXT_VERSION_MINOR, REQUIRED_VERSION // 10 % 10),
                (glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE),
                (glfw.OPENGL_FORWARD_COMPAT, True),
                (glfw.SAMPLES, samples),
                (glfw.DEPTH_BITS, 24),
            ):
                glfw.window_hint(hint, value)
            self._window = glfw.create_window(*size, title, None, None)
            if not self._window:
                raise RenderError(_without_window("no window could be opened", reasons, instead))
            self._stack.callback(glfw.destroy_window, self._window)
            glfw.make_context_current(self._window)
            glfw.swap_interval(1 if wait_for_screen else 0)
            self.ctx = moderngl.create_context(require=REQUIRED_VERSION)
            self._stack.callback(self.ctx.release)
        except BaseException:
            self._stack.close()
            raise
        self._doings = Doings()
        self._pointer: tuple[float, float] | None = None
        glfw.set_key_callback(self._window, self._on_key)
        glfw.set_cursor_pos_callback(self._window, self._on_pointer)
        glfw.set_scroll_callback(self._window, self._on_wheel)

    @property
    def target(self) -> Target:
        """What to draw into, of the size that the window has now."""
        width, height = glfw.get_framebuffer_size(self._window)
        return Target.window(self.ctx, (max(width, 1), max(height, 1)))

    @property
    def refresh_rate(self) -> float:
        """Refreshes a second of the first screen."""
        monitor = glfw.get_primary_monitor()
        mode = glfw.get_video_mode(monitor) if monitor else None
        return float(mode.refresh_rate) if mode and mode.refresh_rate > 0 else _DEFAULT_RATE

    def show(self) -> bool:
        """Show what was drawn and hear the person; False once they have closed the window."""
        glfw.swap_buffers(self._window)
        glfw.poll_events()
        return not glfw.window_should_close(self._window)

    def close(self) -> None:
        """Close the window and give everything back."""
        self._stack.close()

    def doings(self) -> Doings:
        """What the person did since this was last asked; ``show`` hears it."""
        done, self._doings = self._doings, Doings()
        return done

    def _on_key(self, window: Any, key: int, scancode: int, action: int, mods: int) -> None:
        if key == glfw.KEY_ESCAPE and action == glfw.PRESS:
            glfw.set_window_should_close(window, True)
        elif key in _KEYS and action != glfw.RELEASE:
            done = self._doings
            self._doings = replace(done, struck=(*done.struck, _KEYS[key]))

    def _on_pointer(self, window: Any, x: float, y: float) -> None:
        before, self._pointer = self._pointer, (x, y)
        held = glfw.get_mouse_button(window, glfw.MOUSE_BUTTON_LEFT) == glfw.PRESS
        if held and before is not None:
            height = max(glfw.get_window_size(window)[1], 1)
            right, up = self._doings.dragged
            moved = (right + (x - before[0]) / height, up - (y - before[1]) / height)
            self._doings = replace(self._doings, dragged=moved)

    def _on_wheel(self, window: Any, right: float, up: float) -> None:
        self._doings = replace(self._doings, wheel=self._doings.wheel + up)


def _without_window(what: str, reasons: list[str], instead: str) -> str:
    because = f" ({'; '.join(reasons)})" if reasons else ""
    return f"{what} for a window{because}; start from a desktop session, or {instead}"
