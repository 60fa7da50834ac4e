"""A person as sensors follow them, now: steadied, fused, and filled in.

Each sensor has a beat and a delay of its own. What is sent bears the time at which the person was
so, by the newest of what was sensed, and is sent when there is something newer: a camera's thirty
pictures a second make thirty samples, evenly spaced in time, for receivers to show smoothly. While
nothing comes, the person does not freeze: they ease to rest, and breathe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from presence.clock import MILLISECOND, SECOND
from presence.pose.proportions import Proportions
from presence.pose.sample import PoseSample
from presence.tracking.filling import Filler
from presence.tracking.fusion import Fusion
from presence.tracking.sensed import Sensed, Sensor
from presence.tracking.steadying import Steadying

STILL_NS = 100 * MILLISECOND
"""Once nothing came for so long, or for three beats, what is sent goes on without it."""
_SLOWEST_BEAT_NS = SECOND // 4
_RATE_NS = SECOND
"""Over about so long the rate of a sensor is reckoned."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one sensor has, for people to look at."""

    name: str
    sensed: Sensed | None
    """As it came; None: nothing fresh."""
    hz: float
    """New values a second of late."""
    age_ns: int | None
    """How long ago the person was so; None: nothing fresh."""
    problem: str
    """A sentence; empty while all is well."""


class _Followed:
    """One sensor. State: its filter, and when it had something new."""

    def __init__(self, sensor: Sensor) -> None:
        self.sensor = sensor
        self.steadying = Steadying()
        self.raw: Sensed | None = None
        self.steady: Sensed | None = None
        self.came: list[int] = []
        """When the last values were captured, oldest first."""

    def look(self, time_ns: int) -> bool:
        """Ask it; gives whether there was anything new."""
        self.raw = sensed = self.sensor.sense(time_ns)
        if sensed is None:
            self.steady = None
            return False
        if self.came and sensed.capture_ns <= self.came[-1]:
            return False
        self.steady = self.steadying.steady(sensed)
        self.came = [at for at in self.came if time_ns - at < _RATE_NS] + [sensed.capture_ns]
        return True

    def reading(self, time_ns: int) -> Reading:
        came = [at for at in self.came if time_ns - at < _RATE_NS]
        span = came[-1] - came[0] if len(came) > 1 else 0
        return Reading(
            name=self.sensor.name,
            sensed=self.raw,
            hz=(len(came) - 1) * SECOND / span if span else 0.0,
            age_ns=None if self.raw is None else time_ns - self.raw.capture_ns,
            problem=self.sensor.problem,
        )


class LiveSource:
    """A source that sensors make. State: what they last knew, and what was filled in since."""

    def __init__(self, sensors: Sequence[Sensor], proportions: Proportions, seed: int = 0) -> None:
        """Nothing was sensed yet.

        Args:
            sensors: the surest first; they are closed with :meth:`close`.
            proportions: the person's measures.
            seed: of how they breathe and blink where nothing is known of that.
        """
        self._followed = [_Followed(sensor) for sensor in sensors]
        self._fusion = Fusion()
        self._filler = Filler(proportions, seed)
        self._proportions = proportions
        self._asked_ns = self._sampled_ns = 0
        self._capture_ns = self._news_ns = 0
        self._beat_ns = 0
        self.sensed: Sensed | None = None
        """What all of them know, as it went into the last sample."""

    @property
    def proportions(self) -> Proportions:
        """The person's measures."""
        return self._proportions

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the sensors, a sentence each."""
        problems = (each.sensor.problem for each in self._followed)
        return tuple(problem for problem in problems if problem)

    def readings(self) -> tuple[Reading, ...]:
        """What each sensor had when a sample was last asked for."""
        return tuple(each.reading(self._asked_ns) for each in self._followed)

    def sample(self, time_ns: int) -> PoseSample | None:
        """What the person does; None while nothing is newer than the last sample."""
        self._asked_ns = time_ns
        looked = [each.look(time_ns) for each in self._followed]
        known = [each.steady for each in self._followed]
        newest_ns = max((one.capture_ns for one in known if one is not None), default=0)
        if any(looked):
            self._news_ns = time_ns
            # What was made up meanwhile may be stamped later: then time catches up with it first.
            if newest_ns <= self._capture_ns:
                return None
            self._beat_ns = min(newest_ns - self._capture_ns, _SLOWEST_BEAT_NS)
        elif time_ns - self._news_ns < max(STILL_NS, 3 * self._beat_ns):
            return None
        elif self._capture_ns:
            newest_ns = self._capture_ns + time_ns - self._sampled_ns
        else:
            newest_ns = time_ns
        self._capture_ns, self._sampled_ns = newest_ns, time_ns
        self.sensed = self._fusion.fuse(known, newest_ns)
        return self._filler.fill(self.sensed, newest_ns)

    def close(self) -> None:
        """Give the sensors back."""
        for each in self._followed:
            each.sensor.close()
