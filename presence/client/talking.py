"""What one participant says: from a microphone's blocks to packets that are sent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.voice.activity import Activity
from presence.voice.block import Samples
from presence.voice.gate import Gate
from presence.voice.microphone import Captured
from presence.voice.opus import VoiceEncoder
from presence.voice.processing import Processing

QUIETEST_DB, LOUDEST_DB = -50.0, -14.0
"""Levels that are shown as nobody speaking and as loud as people speak."""


@dataclass(frozen=True, slots=True)
class Said:
    """A packet to send."""

    opus: bytes
    capture_ns: int
    """When the first of its samples was spoken, by this participant's clock."""


class Talking:
    """See the module. State: the processing, the gate, the encoder, how loud one speaks,
    and half a block that was played and not told of yet.

    One thread uses it; ``gate`` and ``level`` are for any.
    """

    def __init__(self, processing: Processing, gate: Gate) -> None:
        """Begin with nothing heard."""
        self.gate = gate
        self.level = 0.0
        """How loud the person speaks, 0 to 1: into the microphone, whether it is sent or not."""
        self._processing = processing
        self._encoder = VoiceEncoder()
        self._activity = Activity()
        self._ahead_ns = 0
        self._played: tuple[Samples, int, int | None] | None = None

    @property
    def problem(self) -> str:
        """A sentence for the person where echo cannot be taken out; empty while it can."""
        return self._processing.problem

    def played(
        self, mix: Samples, written_ns: int, heard_ns: int, counted_ns: int | None = None
    ) -> None:
        """Tell what was given to the headphones.

        Args:
            mix: the sound ``(480, 2)``.
            written_ns: when it was given.
            heard_ns: when it will be heard.
            counted_ns: where it begins by the device's own count of samples.
        """
        if self._played is None:
            self._played = mix, heard_ns, counted_ns
            return
        # The processing takes 20 ms at a time: what was given first is told of somewhat later.
        first, first_heard_ns, first_counted_ns = self._played
        self._played = None
        self._processing.reference(np.concatenate([first, mix]), first_counted_ns)
        self._ahead_ns = first_heard_ns - written_ns

    def take(self, captured: Captured, now_ns: int) -> Said | None:
        """The packet of 20 ms from the microphone; None: nothing of them is sent."""
        # From writing a sound to reading it again: what waits in both devices.
        delay_ns = self._ahead_ns + now_ns - captured.capture_ns
        block = self._processing.process(captured.samples, delay_ns, captured.counted_ns)
        self.level = shown_level(self._activity.hear(block).level_db)
        passed = self.gate.take(block)
        if passed is None:
            return None
        opus = self._encoder.encode(passed)
        return Said(opus, captured.capture_ns) if opus is not None else None


def shown_level(level_db: float) -> float:
    """A level as it is shown, 0 (nobody speaks) to 1."""
    return min(max((level_db - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB), 0.0), 1.0)
