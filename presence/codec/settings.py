"""What an encoder may be told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodecSettings:
    """The encoder's settings; a decoder needs none."""

    golden_interval: int = 120
    """Every how manieth frame is golden. A multiple of 6, so that a stream thinned from 60 to 30
    or 20 Hz stays evenly spaced; smaller recovers sooner, larger costs fewer bytes. At most 252,
    because an envelope counts back no further than 255 frames."""
    anchor_interval: int = 6
    """Every how manieth frame is at least an anchor, which refers to the golden before it and to
    which others refer. A multiple of 6 that divides the golden interval; the same as that: no
    frame is an anchor."""
    bound_m: float = 0.001
    """Metres: of all virtual vertices 99 in 100 are no further than this from where they should be,
    and none is further than twice this, unless the frame would otherwise grow past its limit."""
    swing: bool = True
    """Whether bones are swung towards where their children should be; all but a measurement do."""
    thrift: float = 0.1
    """Squared steps of error that a bit is worth; 0 does not care what a value costs."""
    calm: float = 0.5
    """How much a change of error since the frame before weighs against the error itself."""

    def __post_init__(self) -> None:
        """Raises ValueError for settings that no stream can have."""
        if not 6 <= self.golden_interval <= 252 or self.golden_interval % 6:
            raise ValueError(
                f"golden_interval is {self.golden_interval}; it must be a multiple of 6 from 6 "
                "to 252"
            )
        if (
            self.anchor_interval < 6
            or self.anchor_interval % 6
            or self.golden_interval % self.anchor_interval
        ):
            raise ValueError(
                f"anchor_interval is {self.anchor_interval}; it must be a multiple of 6 that "
                f"divides golden_interval, {self.golden_interval}"
            )
        if not self.bound_m > 0.0:
            raise ValueError(f"bound_m is {self.bound_m}; it must be more than 0 metres")

    @property
    def face_step(self) -> int:
        """Bits that the face's steps leave away: its error is at most 2^face_step / 256."""
        return 1 if self.bound_m < 0.00075 else 2 if self.bound_m < 0.0035 else 3
