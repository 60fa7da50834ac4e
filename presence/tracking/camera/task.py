"""What a camera's process is told, and what it says of itself."""

from __future__ import annotations

import math

import msgspec

from presence.pose.arrays import frozen
from presence.pose.proportions import Proportions
from presence.shared_memory import Block
from presence.tracking.camera.lens import USUAL_DIAGONAL


class CameraSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a camera is looked through."""

    device: str = "default"
    """``default``, a number, a path as ``/dev/video2``, a part of a camera's name, or
    ``file:PATH``: a video or a folder of pictures, played over and over."""
    mirrored: bool = False
    """Whether the pictures that come are mirrored already, as some programs' are."""
    diagonal: float = USUAL_DIAGONAL
    """Radians that the lens takes in from corner to corner."""
    width: int = 640
    height: int = 480
    """Pixels to ask a camera for."""
    rate: float = 30.0
    """Pictures a second to ask a camera for, and of a folder of pictures."""
    seated: bool = True
    """Whether the person sits."""
    tilt: float | None = None
    """Radians by which the camera looks upwards; None: so that the person's head is level on the
    whole while they are first seen."""
    turn: float | None = None
    """Radians by which the camera is turned to its left away from facing the person squarely; None:
    so that they face ahead on the whole while they are first seen."""
    face_model: str | None = None
    """The file of the network that tells the 52 shapes; None: they come from landmarks."""
    neutral_s: float = 2.0
    """Seconds in which a face's own rest is learned, and where the person is."""


class Measures(msgspec.Struct, frozen=True):
    """A body's measures, as JSON can hold them."""

    offsets: list[list[float]]
    fingertips: list[list[float]]
    toes: list[list[float]]
    soles: list[list[float]]
    crown: list[float]

    @staticmethod
    def of(body: Proportions) -> Measures:
        """The measures of a body."""
        return Measures(
            body.offsets.tolist(),
            body.fingertips.tolist(),
            body.toes.tolist(),
            body.soles.tolist(),
            body.crown.tolist(),
        )

    def proportions(self) -> Proportions:
        """The body."""
        import numpy as np

        arrays = (self.offsets, self.fingertips, self.toes, self.soles, self.crown)
        return Proportions(*(frozen(np.array(array, dtype=np.float64)) for array in arrays))


class CameraTask(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is started with."""

    settings: CameraSettings
    measures: Measures
    sensed: Block
    """What is known of the person, by the machine's clock: see ``pack_sensed``."""
    status: Block
    """A ``CameraStatus`` as JSON."""
    preview: Block
    """A small picture with what was found drawn into it, where one was asked for."""


class CameraStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the process says of itself, four times a second."""

    beat: int
    """Counts up, as long as the process lives."""
    camera: str = ""
    """What is looked through, for people."""
    problem: str = ""
    """A sentence that says what is wrong and what to do; empty while nothing is."""
    note: str = ""
    """A sentence about what is left out for want of time; empty while nothing is."""
    hz: float = 0.0
    """Pictures a second that were looked at."""
    cpu_ms: float = 0.0
    """Milliseconds of processor time a picture."""
    rates: dict[str, float] = {}
    """How often each network looked, a second: ``face``, ``pose``, ``hands``."""
    cost_ms: dict[str, float] = {}
    """Milliseconds that each network takes to look once."""
    neutral: bool = False
    """Whether the face's own rest has been learned."""


FAILED = 2
"""How the process ends when it has said why, in one sentence, on standard error."""

PREVIEW_SIZE = (320, 240)
"""Pixels: width and height that a preview fits into."""
PREVIEW_BYTES = 3 * math.prod(PREVIEW_SIZE) + 64
