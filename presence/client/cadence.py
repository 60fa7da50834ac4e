"""When to sample: at a steady rate, and at a lower one where the machine cannot keep it."""

from __future__ import annotations

from presence.clock import SECOND

DIVISORS = (1, 2, 3)
"""Of the full rate: 60, 30, 20 Hz. Less would no longer be lifelike."""
_WATCHED = 60
"""Beats of the full rate that are watched before the rate changes."""
_LATE_SHARE = 0.2
_CALM_WATCHES = 5
"""Watches without lateness before the rate is raised again."""


class Cadence:
    """Decides on which beats to sample. State: the beat, and how late the last ones were.

    A process that is starved of the processor must do less, or what arrives waits ever longer to
    be read. So when a fifth of the beats of a second come later than half a beat, every other
    sample is left out; when five seconds went well, one step less is.
    """

    def __init__(self, rate: int, now_ns: int) -> None:
        """Beat ``rate`` times a second from ``now_ns`` on."""
        self._period_ns = SECOND // rate
        self._due_ns = now_ns
        self._beat = 0
        self._step = 0
        self._late = 0
        self._calm = 0

    @property
    def divisor(self) -> int:
        """The full rate is divided by this now."""
        return DIVISORS[self._step]

    def next_due_ns(self) -> int:
        """When to wake up for the next beat."""
        return self._due_ns

    def woke(self, now_ns: int) -> bool:
        """A beat was woken up for at ``now_ns``: whether to sample on it.

        Beats that were missed altogether are skipped and never made up for.
        """
        behind_ns = now_ns - self._due_ns
        missed = max(0, behind_ns // self._period_ns)
        self._due_ns += (missed + 1) * self._period_ns
        before = self._beat
        self._beat += missed + 1
        self._late += missed + (behind_ns > self._period_ns // 2)
        if self._beat // _WATCHED != before // _WATCHED:
            self._watch()
        return self._beat // self.divisor != before // self.divisor

    def _watch(self) -> None:
        if self._late > _LATE_SHARE * _WATCHED:
            self._step = min(self._step + 1, len(DIVISORS) - 1)
            self._calm = 0
        elif self._late == 0:
            self._calm += 1
            if self._calm >= _CALM_WATCHES:
                self._step = max(self._step - 1, 0)
                self._calm = 0
        self._late = 0
