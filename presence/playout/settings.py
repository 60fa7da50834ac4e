"""What a playout may be told."""

from __future__ import annotations

from dataclasses import dataclass

_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class PlayoutSettings:
    """How one person heard is played out. Times are integer nanoseconds."""

    uncovered: float = 0.015
    """The part of recent time, 0 to 1, for which the delay need not have sufficed: there the pose
    is extrapolated. Smaller is smoother and later."""
    window_ns: int = 8_000 * _MS
    """How far back arrivals count when the delay is chosen."""
    margin_ns: int = 2 * _MS
    """Added to the delay for the time from a frame's arrival to its being pushed."""
    first_delay_ns: int = 25 * _MS
    """The delay behind the fastest frames before there are enough arrivals to choose one by."""
    greatest_delay_ns: int = 1_000 * _MS
    """The delay behind the fastest frames never grows beyond this."""
    outage_ns: int = 300 * _MS
    """A longer silence is an outage: no delay is meant to cover it."""
    slow_down: float = 0.05
    """While the delay grows, shown time runs slower by at most this part."""
    speed_up: float = 0.02
    """While the delay shrinks, shown time runs faster by at most this part."""
    settle_ns: int = 1_000 * _MS
    """For this long after a person appears, the delay may change five times as fast; it may grow
    so fast whenever frames are wanting, where motion is made up anyway."""
    jump_ns: int = 250 * _MS
    """A change of delay beyond this is made at once, and eased like a return."""

    extrapolate_ns: int = 120 * _MS
    """How far past the newest frame a pose is extrapolated, before it is held."""
    body_tau_ns: int = 80 * _MS
    """The time in which extrapolated motion decays to 1/e."""
    hand_share: float = 0.3
    """How much of their motion extrapolated fingers keep."""
    ease_ns: int = 200 * _MS
    """After an interruption, what was on show turns into what is true within this."""

    fade_after_ns: int = 3_000 * _MS
    """A person not heard for this long begins to fade."""
    gone_after_ns: int = 3_900 * _MS
    """A person not heard for this long is gone."""
    appear_ns: int = 200 * _MS
    """How long a person takes to appear, at first and after having been gone."""
