"""From samples to frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.codec.encoding import encode
from presence.codec.frame import Frame
from presence.codec.layout import (
    CORE_LIMIT,
    FORMER_SIZE,
    FRAME_LIMIT,
    MEMORY_SIZE,
    REACH,
    START,
    TARGET_BITS,
)
from presence.codec.model import trained_model
from presence.codec.person import person_of
from presence.codec.precision import MOST_OVER, PrecisionControl
from presence.codec.ready import make_ready
from presence.codec.settings import CodecSettings
from presence.pose.arrays import Ints
from presence.pose.packed import SAMPLE_SIZE, pack
from presence.pose.proportions import Proportions
from presence.pose.sample import PoseSample
from presence.pose.skeleton import BONE_COUNT, FINGERTIP_BONES

_DEFAULTS = CodecSettings()
_VERTICES = 3 * (BONE_COUNT + len(FINGERTIP_BONES))
_ROOM = 2048
"""Bytes: more than any section takes before it is found too large."""

_UNTRACED: Ints = np.empty((0, 0), dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    """What frames may refer to."""

    sequence: int
    memory: Ints


class Encoder:
    """Encodes one person.

    State: the next sequence number, the newest reference frame, what of the frame before bears on
    the next, and the precision of late.
    """

    def __init__(
        self,
        proportions: Proportions,
        settings: CodecSettings = _DEFAULTS,
        model: Ints | None = None,
    ) -> None:
        """``model`` is for those who train one; both sides must have the same."""
        make_ready()
        self._settings = settings
        self._person = person_of(proportions, swing=settings.swing)
        self._model = trained_model() if model is None else model
        self._control = PrecisionControl(settings.bound_m)
        self._face_step = settings.face_step
        self._habits = (float(settings.thrift), float(settings.calm))
        self._packed = np.zeros(SAMPLE_SIZE)
        self._sequence = 0
        self._golden_requested = False
        self._was_golden = False
        self._newest = _Reference(0, START)
        self._new: Ints = np.empty(MEMORY_SIZE, dtype=np.int64)
        self._core = np.empty(_ROOM, dtype=np.uint8)
        self._detail = np.empty(_ROOM, dtype=np.uint8)
        self._result = np.zeros(6)
        self._former, self._now = np.zeros(FORMER_SIZE), np.zeros(FORMER_SIZE)
        self._former_ns = 0
        self._moving = False

    def request_golden(self) -> None:
        """Make the next frame golden, whatever its number: somebody misses one."""
        self._golden_requested = True

    def encode(self, sample: PoseSample, trace: Ints = _UNTRACED) -> Frame:
        """The next frame.

        Args:
            sample: what the person does.
            trace: ``(206, 22)`` is filled with what the model saw of each value, for training.

        Raises:
            ValueError: a number is not finite, the root is more than 100 m from the place's
                origin, or the attention is on something that is no stream number. No sequence
                number is used up.
        """
        settings, sequence = self._settings, self._sequence
        golden = self._golden_requested or sequence % settings.golden_interval == 0
        reference = golden or sequence % settings.anchor_interval == 0
        refers_to = _Reference(sequence, START) if golden else self._newest
        self._pack(sample)
        result, bound = self._result, float(settings.bound_m)
        jumps = golden and self._moving and not self._was_golden
        precision = self._control.first(golden=jumps)
        thrift, calm = self._habits
        still = 0.0 if self._moving else 1.0
        # Whoever stands still must find themselves nearest to their golden.
        habits = (0.0, calm * (1.0 - still), 0.0) if golden else (thrift, calm, still)
        coarser = False
        while True:
            self._now[:] = self._former
            finite = encode(
                self._packed,
                self._person,
                self._now,
                refers_to.memory,
                sequence - refers_to.sequence,
                reference,
                precision,
                self._face_step,
                habits,
                bound,
                self._model,
                self._new,
                self._core,
                self._detail,
                result,
                trace,
            )
            if not finite:
                raise ValueError("a sample holds a number that is not finite; pass it to checked()")
            worst, over, core_bytes, detail_bytes, moved, way = result.tolist()
            # The size is a promise, the bound gives way to it.
            if core_bytes > CORE_LIMIT or core_bytes + detail_bytes > FRAME_LIMIT:
                coarser = True
                precision -= 1
            elif (
                not coarser
                and (worst > 2.0 * bound or (golden and over > MOST_OVER * _VERTICES))
                and (finer := self._control.finer(precision)) > precision
            ):
                precision = finer
            else:
                break
        self._former, self._now = self._now, self._former
        seconds = (sample.capture_ns - self._former_ns) / 1e9
        self._former_ns = sample.capture_ns
        speed = way / seconds if sequence and seconds > 0.0 else 0.0
        self._moving = speed > 0.0
        self._control.observe(over / _VERTICES, speed, moved=not golden and moved > 0)
        if reference:
            self._newest = _Reference(sequence, self._new.copy())
        self._was_golden = golden
        if golden:
            self._golden_requested = False
        self._sequence += 1
        return Frame(
            sequence=sequence,
            refers_to=refers_to.sequence,
            capture_ns=(sample.capture_ns + 500) // 1000 * 1000,
            core=self._core[: int(core_bytes)].tobytes(),
            detail=self._detail[: int(detail_bytes)].tobytes(),
            reference=reference,
        )

    def _pack(self, sample: PoseSample) -> None:
        x, y, z = sample.root_position.tolist()
        if not (abs(x) <= REACH and abs(y) <= REACH and abs(z) <= REACH):
            raise ValueError(
                f"the root is at {sample.root_position} m; keep it within 100 m of its place's "
                "origin"
            )
        if not 0 <= sample.attention.target < 1 << TARGET_BITS:
            raise ValueError(
                f"attention is on stream {sample.attention.target}, which is no stream number"
            )
        pack(sample, self._packed)
