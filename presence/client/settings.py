"""What one participant is told to do."""

from __future__ import annotations

import msgspec

from presence.clock import SkewedClock


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One participant's settings; the media process hands them to its view as JSON."""

    link: str
    """The room's link, as the host printed it."""
    name: str = "guest"
    """What the others call this person."""
    source: str = "performer"
    """``performer``, ``file`` or ``headset``."""
    view: str = "window"
    """``headset``, ``window``, ``offscreen`` or ``none``."""
    motion: str | None = None
    """A BVH file, for ``source="file"``."""
    face: str | None = None
    """A Live Link Face CSV file beside the motion."""
    seed: int = 0
    """Of the performer's ways and of the body that the others draw."""
    seat: int | None = None
    """The seat to ask the host for; None takes the first that is free."""
    cast: int = 3
    """How many people a performer believes are in the room."""
    epoch_ns: int | None = None
    """When a performance begins, by this participant's clock; None: now."""
    rate: int = 60
    """Samples sent a second."""
    clock_offset_ns: int = 0
    """Nanoseconds by which this participant's clock is set apart from the machine's."""
    clock_drift_ppm: float = 0.0
    """Parts per million by which it runs fast."""
    eye_pixels: int | None = None
    """The longer side of the image rectangle drawn for each eye during the call, pixels.

    None: what the headset recommends, or 512 where a software rasteriser draws.
    """
    still_pixels: int = 1056
    """The longer side of the image rectangle of a still picture, pixels."""
    samples: int = 0
    """Samples a pixel during the call; 0 for one."""
    log_directory: str | None = None
    """Where to leave what was captured, sent, received and shown, for a report."""
    stills_after_s: float | None = None
    """Take a picture of both eyes so many seconds after the others are first seen."""
    video: bool = False
    """Keep the left eye's frames for a video."""
    duration_s: float | None = None
    """End by itself so many seconds after joining."""

    @property
    def clock(self) -> SkewedClock:
        """This participant's own clock."""
        return SkewedClock(self.clock_offset_ns, self.clock_drift_ppm)
