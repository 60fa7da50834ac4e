"""The headset as a sensor: what the view process knows of the person, for the media process."""

from __future__ import annotations

from dataclasses import replace

from presence.client.view_process import ViewProcess
from presence.clock import SECOND, SkewedClock
from presence.tracking.sensed import Point, Sensed

STALE_NS = SECOND // 2
"""What is older than this says nothing of the person any more: the view hangs, or has ended."""


class HeadsetSensor:
    """A person's headset, by the view that looks through it. State: what is wrong with it.

    `place` is the headset's ``local``: whoever recentres it is at their own place again.
    """

    name = "headset"

    def __init__(self, view: ViewProcess, clock: SkewedClock) -> None:
        """Follow whoever wears the headset of ``view``, by this participant's ``clock``."""
        self._view = view
        self._clock = clock
        self._problem = ""

    @property
    def problem(self) -> str:
        """What was wrong when it was last asked."""
        return self._problem

    def sense(self, time_ns: int) -> Sensed | None:
        """The newest that the headset knows; None when that is nothing, or too long ago."""
        newest = self._view.sensed()
        if newest is None:
            self._problem = "the headset is being started; see that it is switched on"
            return None
        # As fine as it is sent: a sample that is sent and the one that was sensed are the same.
        capture_ns = self._clock.from_machine_ns(newest.capture_ns) // 1000 * 1000
        if time_ns - capture_ns > STALE_NS:
            self._problem = "the headset is not heard of any more; see whether its view still runs"
            return None
        if not newest.present:
            self._problem = (
                "nobody wears the headset, or its menu is open; put it on, or close that"
            )
        elif newest.point(Point.HEAD) is None:
            self._problem = "the headset does not know where it is; look round in a bright room"
        else:
            self._problem = ""
        return replace(newest, capture_ns=capture_ns)

    def close(self) -> None:
        """Nothing: the view ends by itself."""
