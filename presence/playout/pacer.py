"""Which instant of a person's time is on show at a display time."""

from __future__ import annotations

from collections import deque

from presence.playout.clock_map import ClockMap
from presence.playout.cover import Cover
from presence.playout.settings import PlayoutSettings

_REVIEW_NS = 100_000_000
"""How often the delay is chosen anew."""
_LEADS = 60
_LEAD_RANK = 0.9
"""The delay covers this part of the recent leads; an odd long one is let pass."""
_HURRY = 5.0


class Pacer:
    """Keeps shown time flowing. State: how far it lies behind the display, and what that aims at.

    The distance from display time to shown time holds everything at once: the clocks' offset, the
    way, the wait for frames, and how far ahead of now the display lies, since at the time of asking
    nothing newer than *now* can have come. It changes only by letting shown time run a little
    slower or faster.
    """

    def __init__(self, settings: PlayoutSettings, clock: ClockMap) -> None:
        self._settings = settings
        self._clock = clock
        self._cover = Cover(settings.window_ns, settings.outage_ns)
        self._leads: deque[int] = deque(maxlen=_LEADS)
        self._behind_ns: int | None = None
        self._wait_ns = 0
        self._review_ns = 0
        self._began_ns = 0
        self._display_ns = 0
        self._shown_ns: int | None = None
        self.least_ns = 0
        """The delay behind the fastest frames, display lead included, is at least so long."""
        self.jumped = False
        """Whether the last call of ``shown_at`` moved shown time at once."""

    @property
    def wait_ns(self) -> int:
        """The delay behind the fastest frames, display lead included, that frames alone call for.

        0 before it was chosen.
        """
        return self._wait_ns

    def heard(self, sender_ns: int, arrival_ns: int) -> None:
        """Take in when a frame came."""
        self._cover.observe(sender_ns, arrival_ns)

    def restart(self) -> None:
        """The sender's clock was set anew: nothing that was learned holds."""
        self._cover.clear()
        self._behind_ns = None
        self._shown_ns = None

    def shown_at(self, display_ns: int, now_ns: int, *, wanting: bool) -> int:
        """The sender's time on show at ``display_ns``; never before what was shown last.

        ``wanting``: nothing as new as what is on show has been received.
        """
        self._leads.append(display_ns - now_ns)
        if self._behind_ns is None:
            self._began_ns = now_ns
        if self._behind_ns is None or now_ns >= self._review_ns:
            self._review(now_ns)
        wait_ns = max(self._wait_ns, self.least_ns)
        target = self._clock.offset_at(display_ns) + wait_ns
        self.jumped = self._behind_ns is None or (
            abs(target - self._behind_ns) > self._settings.jump_ns
        )
        if self._behind_ns is None or self.jumped:
            self._behind_ns = target
        else:
            elapsed = max(display_ns - self._display_ns, 0)
            settling = now_ns - self._began_ns < self._settings.settle_ns
            slow = elapsed * self._settings.slow_down * (_HURRY if settling or wanting else 1.0)
            fast = elapsed * self._settings.speed_up * (_HURRY if settling else 1.0)
            self._behind_ns += round(min(max(target - self._behind_ns, -fast), slow))
        self._display_ns = display_ns
        shown = display_ns - self._behind_ns
        if self._shown_ns is not None:
            shown = max(shown, self._shown_ns)
        self._shown_ns = shown
        return shown

    def _review(self, now_ns: int) -> None:
        self._review_ns = now_ns + _REVIEW_NS
        leads = sorted(self._leads)
        lead = leads[int(_LEAD_RANK * (len(leads) - 1))]
        delay = self._cover.delay_ns(self._clock, self._settings.uncovered)
        if delay is None:
            delay = self._settings.first_delay_ns
        wait = lead + delay + self._settings.margin_ns
        self._wait_ns = min(wait, lead + self._settings.greatest_delay_ns)
