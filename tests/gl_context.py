"""One OpenGL context for all render tests, and what they draw again and again."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from presence.headset.frames import FieldOfView
from presence.pose.derive import with_derived
from presence.pose.face import SHAPE_INDEX
from presence.pose.proportions import Proportions
from presence.pose.quaternion import quat_from_axis_angle
from presence.pose.rigid import FORWARD, RIGHT, UP, Rigid
from presence.pose.sample import PoseSample, checked
from presence.pose.skeleton import INDEX
from presence.render.context import offscreen_context
from presence.render.eye import Eye
from presence.render.picture import read_picture
from presence.render.renderer import Renderer, View
from presence.render.target import Target
from presence.scene.avatar import Avatar
from presence.scene.stage import Person, Stage

EYE_HEIGHT = 1.6


@pytest.fixture(scope="session")
def gl_context():
    context = offscreen_context()
    yield context
    context.release()


@pytest.fixture
def gl(gl_context):
    """The context, current; whoever uses it leaves no OpenGL error behind."""
    with gl_context:
        gl_context.clear_errors()
        yield gl_context
        assert gl_context.error == "GL_NO_ERROR"


@pytest.fixture
def renderer(gl):
    renderer = Renderer(gl)
    yield renderer
    renderer.release()


def pose(proportions: Proportions, *, face: dict[str, float] | None = None, **gaze) -> PoseSample:
    """Standing with the arms down."""
    sample = PoseSample.at_rest(0, proportions.hips_height)
    rotations = sample.rotations.copy()
    for side, sign in (("left", 1.0), ("right", -1.0)):
        rotations[INDEX[side + "UpperArm"]] = quat_from_axis_angle(-FORWARD, 1.2 * sign)
    shapes = np.zeros(52)
    for name, value in (face or {}).items():
        shapes[SHAPE_INDEX[name]] = value
    return with_derived(
        checked(replace(sample, rotations=rotations, face=shapes, **gaze)), proportions
    )


def facing_viewer(distance: float = 1.5, aside: float = 0.0) -> Rigid:
    """A place ``distance`` metres ahead, turned to the viewer."""
    return Rigid.from_yaw(np.pi, np.array([aside, 0.0, -distance]))


def person(avatar: Avatar, place: Rigid | None = None, *, opacity: float = 1.0, **how) -> Person:
    return Person(
        avatar=avatar,
        sample=pose(avatar.proportions, **how),
        proportions=avatar.proportions,
        own_place_from_place=place or facing_viewer(),
        opacity=opacity,
    )


def eye(at=(0.0, EYE_HEIGHT, 0.0), *, half=np.pi / 4, yaw=0.0, pitch=0.0) -> Eye:
    turn = Rigid(quat_from_axis_angle(UP, yaw), np.array(at, dtype=float))
    nod = Rigid(quat_from_axis_angle(RIGHT, pitch), np.zeros(3))
    return Eye(turn @ nod, FieldOfView.symmetric(half))


def picture_of(
    renderer: Renderer, people: Sequence[Person], seen_by: Eye | None = None, size=(160, 160), **how
):
    """What an eye sees of some people, with alpha if asked."""
    samples = how.pop("samples", 0)
    target = Target(renderer.ctx, size, samples=samples)
    try:
        renderer.draw(Stage(people), [View(seen_by or eye(), target)])
        return read_picture(target, **how)
    finally:
        target.release()
