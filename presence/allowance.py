"""How often something may be done: so many times a second over time, and some at once.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from presence.clock import SECOND


class Allowance:
    """A token bucket. State: how much may still be done, and when that was last known."""

    def __init__(self, per_s: float, at_once: float, now_ns: int = 0) -> None:
        """``per_s`` a second over time, and ``at_once`` together, which may be done now."""
        self._per_s = per_s
        self._at_once = at_once
        self._left = at_once
        self._known_ns = now_ns

    def take(self, now_ns: int, amount: float = 1.0) -> bool:
        """Whether so much more is allowed at a time; if so it is taken."""
        self.refill(max(0, now_ns - self._known_ns))
        self._known_ns = max(self._known_ns, now_ns)
        return self.spend(amount)

    def refill(self, passed_ns: int) -> None:
        """Time has passed, for who counts it by themselves and never says what time it is."""
        self._left = min(self._at_once, self._left + self._per_s * passed_ns / SECOND)

    def spend(self, amount: float = 1.0) -> bool:
        """Whether so much more is allowed as of then; if so it is taken."""
        if self._left < amount:
            return False
        self._left -= amount
        return True
