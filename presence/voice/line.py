"""What a sound device's thread and ours hand to each other: sound, and when it was told of.

The device's side (``put``, ``fill``) waits for nothing, and is all of our code that runs in the
device's thread.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

from presence.voice.block import Samples
from presence.voice.ring import Ring
from presence.voice.seams import SEAM, ending

_SECONDS = 2
"""Of sound that a line holds."""
_MOST_TOLD = 4096


class Told(NamedTuple):
    """What a device says as it takes or gives a piece of sound."""

    first: int
    """The number of its first sample."""
    samples: int
    now_ns: int
    """When it said so."""
    first_ns: int
    """When the first sample was said or will be heard."""
    lost: bool
    """Whether sound was lost just before."""


class InputLine:
    """From a microphone. State: its last two seconds, what it told, how many samples it gave."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.ring = Ring(_SECONDS * rate)
        self.told: deque[Told] = deque(maxlen=_MOST_TOLD)
        self._given = 0

    def put(self, sound: Samples, now_ns: int, first_ns: int, *, lost: bool = False) -> None:
        """The device gives sound, mono ``(n,)``; ``first_ns`` is when its first sample was said."""
        first = self._given
        self.ring.write(first, sound)
        self._given = first + len(sound)
        self.told.append(Told(first, len(sound), now_ns, first_ns, lost))


class OutputLine:
    """To headphones. State: what waits, what the device told, how many samples it asked for."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.ring = Ring(_SECONDS * rate, 2)
        self.told: deque[Told] = deque(maxlen=_MOST_TOLD)
        self.asked = 0
        """The number of the sample that the device will ask for next."""
        self.dry = 0
        """How often it asked for more than waited, after something had."""

    def fill(self, out: Samples, now_ns: int, first_ns: int, *, lost: bool = False) -> None:
        """The device asks for sound, stereo ``(n, 2)``; what has not come in time is silence.

        ``first_ns`` is when its first sample will be heard.
        """
        first, after = self.asked, self.asked + len(out)
        there, end = self.ring.span
        begin = max(first, there)
        out[:] = 0.0
        if begin < min(after, end):
            self.ring.read_into(begin, out[begin - first : end - first])
        if there < end < after:
            self.dry += end >= first
            tail = self._ending(there, end)[max(first - end, 0) : after - end]
            at = max(end - first, 0)
            out[at : at + len(tail)] = tail
        # Only now, so that nothing is written where it is just being read.
        self.asked = after
        self.told.append(Told(first, len(out), now_ns, first_ns, lost))

    def rest(self, number: int) -> Samples:
        """What of an ending remains to be heard from a number on: ``(n, 2)``, mostly none."""
        there, end = self.ring.span
        return self._ending(there, end)[max(number - end, 0) :]

    def _ending(self, there: int, end: int) -> Samples:
        if end - there <= SEAM:
            return self.ring.read(there, 0)
        return ending(self.ring.read(end - SEAM - 1, SEAM + 1))


class Driver(Protocol):
    """A sound device at the other end of a line."""

    name: str
    """Which device it is, for people."""
    settle_ns: int
    """For how long its clock has to be listened to before it is believed."""

    @property
    def alive(self) -> bool:
        """Whether it is still there."""
        ...

    def run(self, now_ns: int) -> None:
        """Do what should be done by now, if it has no thread of its own."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...
