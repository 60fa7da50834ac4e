"""What microphones and headphones have in common: a driver, and a clock that counts its samples."""

from __future__ import annotations

from presence.clock import SECOND
from presence.voice.line import Driver
from presence.voice.sample_clock import SampleClock


class SoundDevice:
    """One end of a line to a device. State: the device's clock, and how many samples it lost.

    One thread uses it.
    """

    def __init__(self, driver: Driver, rate: int) -> None:
        """``rate``: samples a second that the device claims to have."""
        self._driver = driver
        self._rate = rate
        self._clock = SampleClock(rate, settle_ns=driver.settle_ns)
        self._missing = 0

    @property
    def name(self) -> str:
        """Which device it is."""
        return self._driver.name

    @property
    def alive(self) -> bool:
        """Whether the device is still there."""
        return self._driver.alive

    @property
    def ppm(self) -> float:
        """By how much the device's crystal is fast, in parts per million; 0 until it is known."""
        if not self._clock.settled:
            return 0.0
        at_ns = self._clock.heard_of_ns
        measured = self._clock.sample_at(at_ns + SECOND) - self._clock.sample_at(at_ns)
        return (measured / self._rate - 1.0) * 1e6

    def close(self) -> None:
        """Give the device back."""
        self._driver.close()
