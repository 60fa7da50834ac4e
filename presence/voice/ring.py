"""Sound between two threads without a lock: one writes, the other reads."""

from __future__ import annotations

import numpy as np

from presence.voice.block import Samples


class Ring:
    """The last samples of a device, by their numbers. State: the samples, and which are there.

    Which are there is one tuple that is replaced after the samples are written, so a reader sees
    what was before or what is after, and waits for nothing.
    """

    def __init__(self, capacity: int, channels: int | None = None) -> None:
        """``channels``: None is mono, ``(n,)``; else sound is ``(n, channels)``."""
        self._samples: Samples = np.zeros(
            capacity if channels is None else (capacity, channels), dtype=np.float32
        )
        self._span = (0, 0)

    @property
    def span(self) -> tuple[int, int]:
        """The numbers of the first sample that is there and of the one after the last."""
        return self._span

    @property
    def capacity(self) -> int:
        """How many samples can be there."""
        return len(self._samples)

    def write(self, number: int, sound: Samples) -> None:
        """Put sound in, at most as much as there is room for, over the oldest.

        What does not follow what is there takes its place.
        """
        first, end = self._span
        after = number + len(sound)
        if number != end:
            first = number
        # What is about to be written over is given up first.
        first = max(first, after - len(self._samples))
        self._span = (min(first, number), number)
        at = number % len(self._samples)
        head = sound[: len(self._samples) - at]
        self._samples[at : at + len(head)] = head
        self._samples[: len(sound) - len(head)] = sound[len(head) :]
        self._span = (first, after)

    def read_into(self, number: int, out: Samples) -> None:
        """Copy samples out, which must be there."""
        at = number % len(self._samples)
        head = min(len(out), len(self._samples) - at)
        out[:head] = self._samples[at : at + head]
        out[head:] = self._samples[: len(out) - head]

    def read(self, number: int, count: int) -> Samples:
        """A copy of samples, which must be there."""
        out = np.empty((count, *self._samples.shape[1:]), dtype=np.float32)
        self.read_into(number, out)
        return out
