"""Frames that wait for what they refer to, while the codec has nothing that does."""

from __future__ import annotations

from typing import Protocol

from presence.codec import Frame
from presence.errors import MissingGoldenError
from presence.pose.sample import PoseSample

_MOST = 16
_OLDEST = 60


class Decodes(Protocol):
    """A decoder, or something in its place."""

    def decode(self, frame: Frame) -> PoseSample:
        """The sample; MissingGoldenError when what it refers to was not decoded."""
        ...


class Patience:
    """Wraps a decoder. State: the frames that wait."""

    def __init__(self, decoder: Decodes) -> None:
        self._decoder = decoder
        self._waiting: dict[int, Frame] = {}
        self._newest = -1
        self._done: set[int] = set()

    def push(self, frame: Frame) -> list[tuple[Frame, PoseSample]]:
        """What can be decoded now."""
        if frame.sequence in self._done:
            return []
        self._newest = max(self._newest, frame.sequence)
        self._waiting[frame.sequence] = frame
        out = []
        for sequence in sorted(self._waiting):
            try:
                out.append((self._waiting[sequence], self._decoder.decode(self._waiting[sequence])))
            except MissingGoldenError:
                continue
            del self._waiting[sequence]
            self._done.add(sequence)
        for sequence in sorted(self._waiting):
            if sequence < self._newest - _OLDEST or len(self._waiting) > _MOST:
                del self._waiting[sequence]
        self._done = {done for done in self._done if done >= self._newest - 4 * _OLDEST}
        return out

    @property
    def missing(self) -> int | None:
        """Which frame to ask for."""
        return max((frame.golden_sequence for frame in self._waiting.values()), default=None)
