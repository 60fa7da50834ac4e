"""From frames to samples."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from presence.codec.decoding import DAMAGED, decode
from presence.codec.frame import Frame
from presence.codec.layout import (
    CORE_LIMIT,
    FACE,
    FARTHEST,
    FRAME_LIMIT,
    HAND_QUATS,
    LEVELS,
    ROOT,
    START,
)
from presence.codec.model import trained_model
from presence.codec.ready import make_ready
from presence.codec.showing import show
from presence.errors import CodecError, MissingReferenceError
from presence.pose.arrays import Ints
from presence.pose.packed import SAMPLE_SIZE, unpack
from presence.pose.proportions import Proportions
from presence.pose.sample import PoseSample
from presence.pose.skeleton import DERIVED_BONES

KEPT_REFERENCES = 24
"""How many reference frames a decoder remembers, those last used: late frames may refer to others
than the newest, and these reach back over a whole golden interval."""


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    memory: Ints
    whole: bool
    """False when its detail section was dropped on the way, or that of what it refers to."""


_START = _Reference(START, True)


class Decoder:
    """Decodes one person. State: a few reference frames, and the last hands, face and gaze."""

    def __init__(self, proportions: Proportions, model: Ints | None = None) -> None:
        """``model`` is for those who train one; both sides must have the same."""
        make_ready()
        self._eyes = np.vstack([proportions.offsets[DERIVED_BONES[:2]], proportions.eyes])
        self._model = trained_model() if model is None else model
        self._references: OrderedDict[int, _Reference] = OrderedDict()
        # The last memory with hands, face and gaze; and two that no reference needs, the first of
        # them to decode into: the other may be the one that is held.
        self._held: Ints = START
        self._free, self._spare = START.copy(), START.copy()
        # Both sections, in an array that may be written: of those numba finds the type far sooner.
        data = bytearray(FRAME_LIMIT)
        self._data, self._bytes = np.frombuffer(data, np.uint8), memoryview(data)

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
        if not 0 <= frame.sequence - frame.refers_to <= FARTHEST:
            raise CodecError(f"frame {frame.sequence} refers to frame {frame.refers_to}; drop it")
        reference = self._reference_of(frame)
        out = np.empty(SAMPLE_SIZE)
        memory = reference.memory.copy() if frame.reference else self._free
        # What refers to a detail that never came says nothing of its own.
        detail = frame.detail if reference.whole else b""
        core_size = len(frame.core)
        size = core_size + len(detail)
        self._bytes[:core_size] = frame.core
        self._bytes[core_size:size] = detail
        problem = decode(
            self._data,
            core_size,
            size,
            reference.memory,
            frame.sequence - frame.refers_to,
            frame.reference,
            self._model,
            memory,
            self._eyes,
            out,
        )
        if problem:
            what = "damaged" if problem == DAMAGED else "out of range"
            raise CodecError(f"frame {frame.sequence} is {what}; drop it")
        # Nothing is remembered of a frame until all of it has proved sound.
        if not frame.golden:
            self._references.move_to_end(frame.refers_to)
        if frame.reference:
            self._references[frame.sequence] = _Reference(memory, bool(detail))
            while len(self._references) > KEPT_REFERENCES:
                self._references.popitem(last=False)
        if detail:
            self._held = memory
            if memory is self._free:
                self._free, self._spare = self._spare, memory
        else:
            shown = memory.copy()
            shown[HAND_QUATS:ROOT] = self._held[HAND_QUATS:ROOT]
            shown[FACE:LEVELS] = self._held[FACE:LEVELS]
            show(shown, self._eyes, out)
        return unpack(out, frame.capture_ns)

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
