"""From frames to samples."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from presence.codec.frame import Frame
from presence.codec.golden import CORE_START, DETAIL_START, CoreReference, DetailReference
from presence.codec.layout import BODY_COUNT, CORE_LIMIT, FRAME_LIMIT, PITCHES, SENT_BONES
from presence.codec.levels import face_shapes, gaze, root_position, state_values
from presence.codec.rotations import angle_steps, dequantise
from presence.codec.sections import unpack_core, unpack_detail
from presence.errors import CodecError, MissingReferenceError
from presence.pose.arrays import Floats, frozen
from presence.pose.derive import with_derived
from presence.pose.proportions import Proportions
from presence.pose.quaternion import IDENTITY
from presence.pose.sample import PoseSample
from presence.pose.skeleton import BONE_COUNT

KEPT_REFERENCES = 16
"""How many reference frames a decoder remembers, those last used: late frames may refer to others
than the newest, and a golden is referred to for as long as its anchors come."""

_BODY, _HANDS = SENT_BONES[:BODY_COUNT], SENT_BONES[BODY_COUNT:]
_STEPS: tuple[Floats, ...] = tuple(angle_steps(precision) for precision in range(len(PITCHES)))


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    core: CoreReference
    detail: DetailReference | None
    """None when its detail section was dropped on the way, or that of what it refers to."""


_START = _Reference(CORE_START, DETAIL_START)


class Decoder:
    """Decodes one person. State: a few reference frames, and the last hands, face and gaze."""

    def __init__(self, proportions: Proportions) -> None:
        self._proportions = proportions
        self._references: OrderedDict[int, _Reference] = OrderedDict()
        self._held = DETAIL_START

    def decode(self, frame: Frame) -> PoseSample:
        """The sample that the frame holds; eye and jaw bones and eyeLook shapes are derived.

        Frames may come in any order that has their references first. When the detail section was
        dropped, or its reference's was, hands, face and gaze stay as they were last decoded.

        Raises:
            MissingReferenceError: what the frame refers to has not been decoded, or is long past.
            CodecError: the frame is not one that an encoder made.
        """
        if len(frame.core) > CORE_LIMIT or len(frame.core) + len(frame.detail) > FRAME_LIMIT:
            raise CodecError(
                f"a frame of {len(frame.core)} and {len(frame.detail)} bytes is larger than "
                "any encoder makes; drop it"
            )
        if not 0 <= frame.refers_to <= frame.sequence:
            raise CodecError(f"frame {frame.sequence} refers to frame {frame.refers_to}; drop it")
        reference = self._reference_of(frame)
        core = self._core(frame, reference.core)
        detail = self._detail(frame, reference.detail)
        position = root_position(core.root)
        shown = detail or self._held
        face, (gaze_direction, gaze_distance) = face_shapes(shown.face), gaze(shown.gaze)
        # Nothing is remembered of a frame until all of it has proved sound.
        if detail is not None:
            self._held = detail
        if not frame.golden:
            self._references.move_to_end(frame.refers_to)
        if frame.reference:
            self._references[frame.sequence] = _Reference(core, detail)
            while len(self._references) > KEPT_REFERENCES:
                self._references.popitem(last=False)

        rotations = np.empty((BONE_COUNT, 4))
        rotations[:] = IDENTITY
        rotations[_BODY] = core.body
        rotations[_HANDS] = shown.hands
        contacts, tracked, attention = state_values(core.state)
        return with_derived(
            PoseSample(
                capture_ns=frame.capture_ns,
                root_position=frozen(position),
                rotations=rotations,
                face=face,
                gaze_direction=frozen(gaze_direction),
                gaze_distance=gaze_distance,
                attention=attention,
                tracked=frozen(tracked),
                contacts=contacts,
            ),
            self._proportions,
        )

    def _reference_of(self, frame: Frame) -> _Reference:
        if frame.golden:
            return _START
        try:
            return self._references[frame.refers_to]
        except KeyError:
            raise MissingReferenceError(
                f"frame {frame.sequence} needs frame {frame.refers_to}, which has not been "
                "received; ask for it",
                frame.refers_to,
            ) from None

    def _core(self, frame: Frame, reference: CoreReference) -> CoreReference:
        """The frame's root, body and state."""
        part = unpack_core(frame.core)
        if part.state is None and frame.golden:
            raise CodecError(f"golden frame {frame.sequence} has no state; drop it")
        return CoreReference(
            root=reference.root + part.root,
            body=dequantise(part.body, reference.body, _STEPS[part.precision][:BODY_COUNT]),
            state=part.state or reference.state,
        )

    def _detail(self, frame: Frame, reference: DetailReference | None) -> DetailReference | None:
        """The frame's hands, face and gaze; None when they cannot be known."""
        if not frame.detail:
            return None
        part = unpack_detail(frame.detail)
        if reference is None:
            return None
        return DetailReference(
            hands=dequantise(part.hands, reference.hands, _STEPS[part.precision][BODY_COUNT:]),
            face=reference.face + part.face,
            gaze=reference.gaze + part.gaze,
        )
