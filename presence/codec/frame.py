"""A frame: one PoseSample, compressed, in two sections that can be sealed and dropped apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded sample. It refers to one earlier frame at most, and that to one at most."""

    sequence: int
    """Counts the sender's frames from 0."""
    refers_to: int
    """The reference frame that this one needs; its own ``sequence`` if it is golden."""
    capture_ns: int
    """When the sample was captured, by the sender's clock, a whole number of microseconds."""
    core: bytes
    """Root, head and body; decodable without ``detail``."""
    detail: bytes
    """Hands, face and gaze; may refer to ``core``; empty when it was dropped on the way."""
    reference: bool
    """Whether others refer to it: always of a golden, and of an anchor. Any other may be lost or
    dropped without harm to the rest."""

    @property
    def golden(self) -> bool:
        """Whether the frame is self-contained."""
        return self.refers_to == self.sequence
