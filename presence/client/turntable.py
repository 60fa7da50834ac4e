"""A turntable: one person in a window, turning slowly, until the window is closed."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from presence.client.studio import PORTRAIT_DISTANCE
from presence.clock import SECOND
from presence.headset.frames import FieldOfView
from presence.pose.proportions import Proportions
from presence.pose.rigid import Rigid
from presence.render.eye import Eye
from presence.render.renderer import Renderer, View
from presence.render.window import Doings, Window
from presence.scene.avatar import Avatar
from presence.scene.springs import Springs
from presence.scene.stage import Person, Stage
from presence.tracking.performer import Performer

SIZE = (720, 900)
"""Width and height of the window at first, in the screen's units."""
TURN_S = 14.0
"""Seconds for a whole turn."""
_KEY_TURN = np.radians(15.0)
_DRAG_TURN = 4.0
"""Radians for dragging over a window's height."""
_STEPS = 8.0
"""Of a key or the wheel, from the whole person to the face."""


@dataclass(frozen=True, slots=True)
class Turntable:
    """How the person stands to the view."""

    yaw: float = 0.0
    """Radians by which they are turned to their left."""
    nearness: float = 0.0
    """0 (the whole person) to 1 (the face)."""
    turns: bool = True
    """By itself."""

    def after(self, seconds: float, doings: Doings) -> Turntable:
        """The same a little later: space stops it, arrows and pointer turn it and come nearer."""
        yaw, nearness, turns = self.yaw, self.nearness, self.turns
        for key in doings.struck:
            if key == "space":
                turns = not turns
            elif key in ("left", "right"):
                yaw += _KEY_TURN if key == "right" else -_KEY_TURN
                turns = False
            else:
                nearness += (1.0 if key == "up" else -1.0) / _STEPS
        if doings.dragged != (0.0, 0.0):
            yaw += _DRAG_TURN * doings.dragged[0]
            turns = False
        if turns:
            yaw += 2.0 * np.pi / TURN_S * seconds
        nearness = min(max(nearness + doings.wheel / _STEPS, 0.0), 1.0)
        return Turntable(float(yaw), nearness, turns)

    def eye(self, measures: Proportions, size: tuple[int, int]) -> Eye:
        """The eye that looks at somebody of these measures at ``place``, for a picture's size."""
        ease = self.nearness * self.nearness * (3.0 - 2.0 * self.nearness)
        whole, face = 0.56 * measures.height, 0.2 * measures.height / 1.7
        half = whole ** (1.0 - ease) * face**ease
        height = 0.5 * measures.height + ease * (measures.eye_height - 0.53 * measures.height)
        distance = self.distance
        up = np.arctan2(half, distance)
        along = np.arctan2(half * size[0] / size[1], distance)
        at = Rigid(Rigid.identity().rotation, np.array([0.0, height, 0.0]))
        return Eye(at, FieldOfView.symmetric(float(along), float(up)))

    @property
    def distance(self) -> float:
        """Metres from the eye to the person."""
        return 3.2 + (PORTRAIT_DISTANCE - 3.2) * self.nearness

    @property
    def place(self) -> Rigid:
        """The person's place in the viewer's own."""
        return Rigid.from_yaw(np.pi + self.yaw, np.array([0.0, 0.0, -self.distance]))


def turn(avatar: Avatar) -> None:
    """Show somebody in a window until it is closed; they stand and talk as people do.

    Raises:
        RenderError: there is no screen; the message says what to do without one.
    """
    window = Window(
        f"{avatar.name} · arrows or pointer turn, wheel comes nearer, space stops, Esc ends",
        SIZE,
        samples=4,
        instead="take --sheet PICTURE.png",
    )
    try:
        renderer = Renderer(window.ctx)
        acted = Performer(0, cast=2, proportions=avatar.proportions)
        springs = Springs()
        table, begun, before = Turntable(), time.perf_counter(), time.perf_counter()
        while True:
            now = time.perf_counter()
            table, before = table.after(now - before, window.doings()), now
            sample = acted.sample(round((now - begun) * SECOND))
            person = Person(avatar, sample, avatar.proportions, table.place)
            target = window.target
            eye = table.eye(avatar.proportions, target.size)
            stage = springs.swung(Stage([person]), [avatar.name], round(now * SECOND))
            renderer.draw(stage, [View(eye, target)])
            if not window.show():
                break
        renderer.release()
    finally:
        window.close()
