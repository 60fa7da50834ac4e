"""What a playout puts on show."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from presence.pose.sample import PoseSample


class ShownState(enum.Enum):
    """How sure a shown pose is."""

    LIVE = "live"
    """Between two frames that were received."""
    EXTRAPOLATING = "extrapolating"
    """A little past the newest frame."""
    HOLDING = "holding"
    """Nothing newer for too long; the person stands still."""
    FADING = "fading"
    """Nothing heard for seconds; the person is becoming transparent."""
    GONE = "gone"
    """Nothing heard for longer than that; nobody is to be drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A person at one display time."""

    sample: PoseSample
    """The pose; its ``capture_ns`` is ``sender_ns``."""
    sender_ns: int
    """The instant on show, by the sender's clock; never goes back, but after a restart."""
    older_sequence: int
    """The frame before that instant."""
    newer_sequence: int
    """The frame after it; the same as ``older_sequence`` when there is none."""
    fraction: float
    """0 to 1: where the instant lies between the two."""
    extrapolated_ns: int
    """How far past the newest frame the instant lies; 0 when it does not."""
    opacity: float
    """1 (there) to 0 (gone)."""
    state: ShownState
    estimate_ns: int
    """The playout's own estimate of the time from capture to display.

    It cannot know how long the fastest frame was on its way, and leaves that out."""
