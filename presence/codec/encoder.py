"""From samples to frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.codec.frame import Frame
from presence.codec.golden import CORE_START, DETAIL_START, CoreReference, DetailReference
from presence.codec.layout import (
    BODY_COUNT,
    CORE_LIMIT,
    FRAME_LIMIT,
    NOMINAL_PRECISION,
    PITCHES,
    SENT_BONES,
)
from presence.codec.levels import (
    face_levels,
    gaze_levels,
    root_levels,
    root_position,
    state_levels,
)
from presence.codec.rotations import Quantiser, angle_steps, dequantise
from presence.codec.sections import Core, Detail, pack_core, pack_detail
from presence.codec.settings import CodecSettings
from presence.pose.arrays import Ints
from presence.pose.proportions import Proportions
from presence.pose.sample import PoseSample

_DEFAULTS = CodecSettings()


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    """What frames may refer to."""

    sequence: int
    core: CoreReference
    detail: DetailReference


class Encoder:
    """Encodes one person. State: the next sequence number, the last golden and the last anchor."""

    def __init__(self, proportions: Proportions, settings: CodecSettings = _DEFAULTS) -> None:
        self._settings = settings
        self._quantiser = Quantiser(proportions)
        self._sequence = 0
        self._golden_requested = False
        start = _Reference(0, CORE_START, DETAIL_START)
        self._golden = start
        self._newest = start

    def request_golden(self) -> None:
        """Make the next frame golden, whatever its number: somebody misses one."""
        self._golden_requested = True

    def encode(self, sample: PoseSample) -> Frame:
        """The next frame.

        Raises:
            ValueError: a number is not finite, the root is more than 100 m from the place's
                origin, or the attention is on something that is no stream number. No sequence
                number is used up.
        """
        if not np.isfinite(
            sample.rotations.sum() + sample.face.sum() + sample.gaze_direction.sum()
        ):
            raise ValueError("a sample holds a number that is not finite; pass it to checked()")
        root, state = root_levels(sample), state_levels(sample)
        face, gaze = face_levels(sample), gaze_levels(sample)
        golden = self._golden_requested or self._sequence % self._settings.golden_interval == 0
        anchor = not golden and self._sequence % self._settings.anchor_interval == 0
        if golden:
            refers_to = _Reference(self._sequence, CORE_START, DETAIL_START)
        else:
            refers_to = self._golden if anchor else self._newest
        core, detail = refers_to.core, refers_to.detail

        def sections(precision: int, levels: Ints) -> tuple[bytes, bytes]:
            return (
                pack_core(
                    Core(
                        precision,
                        root=root - core.root,
                        body=levels[:BODY_COUNT],
                        state=state if golden or state != core.state else None,
                    )
                ),
                pack_detail(
                    Detail(
                        precision,
                        hands=levels[BODY_COUNT:],
                        face=face - detail.face,
                        gaze=gaze - detail.gaze,
                    )
                ),
            )

        truth = sample.rotations[SENT_BONES]
        reference = np.concatenate([core.body, detail.hands])
        root_error = sample.root_position - root_position(root)
        # Finer until the bound holds, then coarser while the frame is too large: the size is
        # a promise, the bound gives way to it.
        precision = NOMINAL_PRECISION
        while True:
            steps = angle_steps(precision)
            quantised = self._quantiser.quantise(truth, reference, steps, root_error)
            if quantised.error_m <= self._settings.bound_m or precision == len(PITCHES) - 1:
                break
            precision += 1
        packed = sections(precision, quantised.levels)
        while precision and not _fits(*packed):
            precision -= 1
            steps = angle_steps(precision)
            quantised = self._quantiser.quantise(truth, reference, steps, root_error)
            packed = sections(precision, quantised.levels)

        if golden or anchor:
            decoded = dequantise(quantised.levels, reference, steps)
            self._newest = _Reference(
                self._sequence,
                CoreReference(root, decoded[:BODY_COUNT], state),
                DetailReference(decoded[BODY_COUNT:], face, gaze),
            )
        if golden:
            self._golden = self._newest
            self._golden_requested = False
        frame = Frame(
            sequence=self._sequence,
            refers_to=refers_to.sequence,
            capture_ns=(sample.capture_ns + 500) // 1000 * 1000,
            core=packed[0],
            detail=packed[1],
            reference=golden or anchor,
        )
        self._sequence += 1
        return frame


def _fits(core: bytes, detail: bytes) -> bool:
    return len(core) <= CORE_LIMIT and len(core) + len(detail) <= FRAME_LIMIT
