"""A frame: one PoseSample, compressed, in two sections that can be sealed and dropped apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded sample. A dependent frame refers to one golden frame and to nothing else."""

    sequence: int
    """Counts the sender's frames from 0."""
    golden_sequence: int
    """The golden frame that this one needs; its own ``sequence`` if it is golden itself."""
    capture_ns: int
    """When the sample was captured, by the sender's clock, a whole number of microseconds."""
    core: bytes
    """Root, head and body; decodable without ``detail``."""
    detail: bytes
    """Hands, face and gaze; may refer to ``core``; empty when it was dropped on the way."""

    @property
    def golden(self) -> bool:
        """Whether the frame is self-contained."""
        return self.golden_sequence == self.sequence
