"""What a source is: anything that knows what a person does at a time."""

from __future__ import annotations

from typing import Protocol

from presence.pose import PoseSample, Proportions


class Source(Protocol):
    """One person, as a file, a performer or a sensor knows them."""

    @property
    def proportions(self) -> Proportions:
        """The person's measures; they never change while a source lives."""
        ...

    def sample(self, time_ns: int) -> PoseSample | None:
        """What the person does at ``time_ns`` by the sender's clock; None: nothing is tracked.

        Files and performers are pure functions of the time: any times may be asked for, in any
        order and as often as wanted, and the same time gives the same sample.
        """
        ...
