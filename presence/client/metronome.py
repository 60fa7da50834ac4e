"""The beat of a simulated display."""

from __future__ import annotations

import time

from presence.client.displays import Beat
from presence.clock import SECOND


class Metronome:
    """Beats at a fixed rate by the machine's clock. State: when the next one is due."""

    def __init__(self, rate: float) -> None:
        """Beat ``rate`` times a second from now on."""
        self.period_ns = round(SECOND / rate)
        self._due_ns = time.monotonic_ns()

    def wait(self) -> Beat:
        """Sleep until the next beat; those that were missed are skipped, as displays skip them."""
        now = time.monotonic_ns()
        behind = max(0, now - self._due_ns)
        self._due_ns += -(-behind // self.period_ns) * self.period_ns
        time.sleep(max(0, self._due_ns - now) / SECOND)
        woke = time.monotonic_ns()
        self._due_ns += self.period_ns
        return Beat(woke, self._due_ns, self.period_ns)
