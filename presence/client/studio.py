"""A studio: pictures of one avatar, posed, against a plain backdrop."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import TracebackType

import moderngl
import numpy as np

from presence.clock import SECOND
from presence.headset.frames import FieldOfView
from presence.pose.arrays import Floats
from presence.pose.derive import EYE_PITCH_RANGE, EYE_YAW_RANGE, with_derived
from presence.pose.face import SHAPE_INDEX
from presence.pose.quaternion import quat_from_rotvec, quat_rotate
from presence.pose.rigid import FORWARD, Rigid
from presence.pose.sample import FAR_GAZE, PoseSample, checked
from presence.pose.skeleton import BODY_BONES, INDEX
from presence.render.context import offscreen_context, release_offscreen
from presence.render.eye import Eye
from presence.render.picture import Picture, read_picture
from presence.render.renderer import Background, Renderer, View
from presence.render.target import Target
from presence.scene.avatar import Avatar
from presence.scene.springs import Springs
from presence.scene.stage import Person, Stage

BACKDROP: Floats = np.array([0.905, 0.890, 0.870])
"""``(3,)`` sRGB, 0 to 1: what is seen where nobody is."""

PORTRAIT_DISTANCE = 1.2
"""Metres from which a face is seen: that of a conversation."""
FIGURE_DISTANCE = 4.5
"""Metres from which a whole person is seen."""
_SETTLING_FRAMES = 45
"""Of a sixtieth of a second, in which hair comes to rest."""
_EASED = np.radians(64.0)
"""How far upper arms hang down from the T-pose."""


@dataclass(frozen=True, slots=True)
class Framing:
    """The window through which a person is seen, upright and square to the view."""

    middle: Floats
    """``(3,)`` metres in the person's place: what is in the middle of the picture."""
    half_height: float
    """Metres from the middle to the upper edge."""
    distance: float
    """Metres from the eye to the middle."""


def portrait_framing(avatar: Avatar) -> Framing:
    """Head and collar: everyone at the same scale, but for hair that would not fit."""
    measures = avatar.proportions
    head = measures.rest_positions()[INDEX["head"]]
    eyes = head + measures.eyes
    unit = measures.crown[1] - measures.eyes[1]
    hair = _reach(avatar, head + measures.crown * 0.5)
    top = max(eyes[1] + 1.35 * unit, float(hair) + 0.12 * unit)
    bottom = eyes[1] - 1.75 * unit
    # The middle of the skull, about which a head is seen to turn.
    middle = np.array([0.0, 0.5 * (top + bottom), head[2]])
    return Framing(middle, 0.5 * (top - bottom), PORTRAIT_DISTANCE)


def close_up_framing(avatar: Avatar) -> Framing:
    """From brows to chin: where the face moves."""
    measures = avatar.proportions
    eyes = measures.rest_positions()[INDEX["head"]] + measures.eyes
    unit = measures.crown[1] - measures.eyes[1]
    return Framing(eyes - [0.0, 0.3 * unit, 0.0], 0.92 * unit, PORTRAIT_DISTANCE)


def figure_framing(avatar: Avatar, *, headroom: float = 0.1) -> Framing:
    """The whole person, with ``headroom`` metres to spare above whatever is highest."""
    top = max(avatar.proportions.height, float(avatar.mesh.positions[:, 1].max())) + headroom
    # What is nearer than the middle of the person is seen lower.
    bottom = -0.11
    return Framing(
        np.array([0.0, 0.5 * (top + bottom), 0.0]), 0.5 * (top - bottom), FIGURE_DISTANCE
    )


def _reach(avatar: Avatar, above: Floats) -> float:
    """How high the highest vertex over the head is, metres."""
    positions = avatar.mesh.positions
    near = np.hypot(positions[:, 0] - above[0], positions[:, 2] - above[2]) < 0.3
    return float(positions[near, 1].max(initial=float(above[1])))


def standing(avatar: Avatar) -> PoseSample:
    """At ease: the arms down, the fingers half-curled."""
    from presence.tracking.hands import relaxed_fingers

    rotations = relaxed_fingers()
    for side, sign in (("left", 1.0), ("right", -1.0)):
        rotations[INDEX[side + "Shoulder"]] = quat_from_rotvec(np.array([0, 0, 0.06 * sign]))
        rotations[INDEX[side + "UpperArm"]] = quat_from_rotvec(np.array([0, 0, _EASED * sign]))
        rotations[INDEX[side + "LowerArm"]] = quat_from_rotvec(np.array([0, -0.16 * sign, 0]))
    at_rest = PoseSample.at_rest(0, avatar.proportions.hips_height)
    return checked(replace(at_rest, rotations=rotations))


def with_face(sample: PoseSample, shapes: Mapping[str, float]) -> PoseSample:
    """The sample with a face of these shapes by name; eyeLook shapes turn the gaze.

    Raises:
        KeyError: a shape is none of ARKit's.
    """
    face = np.zeros(len(SHAPE_INDEX))
    for name, value in shapes.items():
        face[SHAPE_INDEX[name]] = value
    look = {name: value for name, value in shapes.items() if name.startswith("eyeLook") and value}
    if not look:
        return replace(sample, face=face)
    pitch, yaws = 0.0, []
    for name, value in look.items():
        way, left = name[7:].removesuffix("Left").removesuffix("Right"), name.endswith("Left")
        if way in ("Up", "Down"):
            pitch = value * EYE_PITCH_RANGE * (1 if way == "Up" else -1)
        else:
            yaws.append(value * EYE_YAW_RANGE * (1 if (way == "Out") == left else -1))
    yaw = float(np.mean(yaws)) if yaws else 0.0
    turn = quat_from_rotvec(np.array([0.0, yaw, 0.0]))
    nod = quat_from_rotvec(np.array([pitch, 0.0, 0.0]))
    gaze = quat_rotate(turn, quat_rotate(nod, FORWARD))
    return replace(sample, face=face, gaze_direction=gaze, gaze_distance=FAR_GAZE)


class Studio:
    """Takes pictures. State: an OpenGL context, a renderer, targets by size, and how the hair of
    whom it saw last hangs; a context manager.

    The light comes from behind the viewer's shoulder, however the person is turned.
    """

    def __init__(
        self,
        context: moderngl.Context | None = None,
        *,
        backdrop: Floats = BACKDROP,
        samples: int = 4,
    ) -> None:
        """Set up.

        Args:
            context: a context that is current on this thread; None makes one without a window.
            backdrop: ``(3,)`` sRGB.
            samples: samples a pixel.

        Raises:
            RenderError: there is no OpenGL here.
        """
        self._stack = ExitStack()
        if context is None:
            context = offscreen_context()
            self._stack.callback(release_offscreen, context)
        self._context, self._backdrop, self._samples = context, backdrop, samples
        self._renderer = Renderer(context, background=Background.TRANSPARENT)
        self._stack.callback(self._renderer.release)
        self._targets: dict[tuple[int, int], Target] = {}
        self._hair: tuple[Avatar, bytes, Floats | None] | None = None

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give everything on the card back."""
        for target in self._targets.values():
            target.release()
        self._targets.clear()
        self._stack.close()

    def portrait(
        self,
        avatar: Avatar,
        shapes: Mapping[str, float] | None = None,
        *,
        yaw: float = 0.0,
        size: tuple[int, int] = (320, 320),
        framing: Framing | None = None,
    ) -> Picture:
        """Head and collar, from the distance of a conversation.

        Args:
            avatar: who.
            shapes: face shapes by name, 0 to 1; eyeLook shapes turn the eyes.
            yaw: radians by which the person is turned to their left: their right side shows.
            size: width and height, pixels.
            framing: what to show; ``portrait_framing`` when None.
        """
        sample = with_face(standing(avatar), shapes or {})
        return self.picture(avatar, sample, framing or portrait_framing(avatar), yaw=yaw, size=size)

    def full_body(
        self,
        avatar: Avatar,
        pose: Floats | PoseSample | None = None,
        *,
        yaw: float = 0.0,
        size: tuple[int, int] = (240, 480),
        framing: Framing | None = None,
    ) -> Picture:
        """The whole person.

        Args:
            avatar: who.
            pose: a sample, or ``(55, 4)`` xyzw parent-relative; at ease when None.
            yaw: radians by which the person is turned to their left.
            size: width and height, pixels.
            framing: what to show; ``figure_framing`` when None.
        """
        if pose is None:
            sample = standing(avatar)
        elif isinstance(pose, PoseSample):
            sample = pose
        else:
            at_rest = PoseSample.at_rest(0, avatar.proportions.hips_height)
            sample = checked(replace(at_rest, rotations=pose))
        return self.picture(avatar, sample, framing or figure_framing(avatar), yaw=yaw, size=size)

    def picture(
        self,
        avatar: Avatar,
        sample: PoseSample,
        framing: Framing,
        *,
        yaw: float = 0.0,
        size: tuple[int, int] = (320, 320),
    ) -> Picture:
        """``(height, width, 3)`` of an avatar in a pose, as ``framing`` shows it."""
        turned = Rigid.from_yaw(np.pi + yaw, np.zeros(3))
        aside = turned.apply(framing.middle * [1.0, 0.0, 1.0])
        place = Rigid(turned.rotation, np.array([0.0, 0.0, -framing.distance]) - aside)
        person = Person(
            avatar, with_derived(checked(sample), avatar.proportions), avatar.proportions, place
        )
        up = float(np.arctan2(framing.half_height, framing.distance))
        along = float(np.arctan2(framing.half_height * size[0] / size[1], framing.distance))
        eye = Eye(
            Rigid(Rigid.identity().rotation, np.array([0.0, framing.middle[1], 0.0])),
            FieldOfView.symmetric(along, up),
        )
        target = self._targets.get(size)
        if target is None:
            target = self._targets[size] = Target(self._context, size, samples=self._samples)
        self._renderer.draw(Stage([self._settled(person)]), [View(eye, target)])
        return self._on_backdrop(read_picture(target, alpha=True))

    def _settled(self, person: Person) -> Person:
        """Somebody whose hair has come to hang as it does in their pose."""
        if not person.avatar.strands:
            return person
        # It hangs on how the body stands, not on what the face does, nor on the view.
        pose = person.sample.rotations[BODY_BONES].tobytes()
        if self._hair is None or self._hair[0] is not person.avatar or self._hair[1] != pose:
            springs, stage = Springs(), Stage([person])
            for frame in range(_SETTLING_FRAMES):
                stage = springs.swung(Stage([person]), ["sitter"], frame * SECOND // 60)
            self._hair = (person.avatar, pose, stage.people[0].swings)
        return replace(person, swings=self._hair[2])

    def _on_backdrop(self, picture: Picture) -> Picture:
        """Lay a picture with premultiplied alpha on the backdrop, a little darker below."""
        shade = np.linspace(1.0, 0.955, len(picture))[:, None, None] * self._backdrop * 255.0
        behind = 1.0 - picture[..., 3:].astype(np.float32) / 255.0
        whole = picture[..., :3] + behind * shade
        return np.clip(whole + 0.5, 0.0, 255.0).astype(np.uint8)
