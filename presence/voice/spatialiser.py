"""What turns voices and where they are into what two ears hear: the interface of both ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from presence.pose.arrays import Floats
from presence.pose.rigid import Rigid
from presence.voice.block import Samples

REFERENCE_M = 1.0
"""The distance at which a voice has its own level; twice as far is half as loud."""
FARTHEST_M = 20.0
"""Beyond this nothing gets quieter."""


@dataclass(frozen=True, slots=True, eq=False)
class Sounds:
    """A block of every voice, and where each came from and went to while it was played."""

    slots: Sequence[int]
    """``n`` slots that were started, each once."""
    blocks: Samples
    """``(n, samples)``, without gaps in memory: at each call a whole number of 5 ms, up to 20."""
    positions: Floats
    """Where mouths are as the block begins and as it ends: ``(2, n, 3)`` metres, in the room."""


class Spatialiser(Protocol):
    """Renders voices in slots for one listener, one block after the other."""

    kind: str
    """``"openal"`` or ``"numpy"``."""

    def start(self, slot: int) -> None:
        """A voice will be heard in this slot from the next block on."""

    def stop(self, slot: int) -> None:
        """The voice in this slot has fallen silent and is gone."""

    def render(self, sounds: Sounds, heads: tuple[Rigid, Rigid]) -> Samples:
        """The next block ``(samples, 2)``.

        Args:
            sounds: of all the slots that were started.
            heads: the listener's head in the room as the block begins and as it ends.
        """

    def close(self) -> None:
        """Give back what it holds."""
