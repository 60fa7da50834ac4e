"""One's own head, as the view's headset tracks it."""

from __future__ import annotations

import asyncio

from presence.client.view_process import ViewProcess
from presence.clock import SECOND, SkewedClock
from presence.errors import HeadsetError
from presence.pose.proportions import default_proportions
from presence.pose.rigid import Rigid
from presence.tracking.head import HeadSource

_STALE_NS = SECOND // 2
_WAIT_SECONDS = 30.0
_LOOK_SECONDS = 0.05


async def head_source(view: ViewProcess, clock: SkewedClock) -> HeadSource:
    """The source that follows the head, once it is tracked.

    Raises:
        HeadsetError: it was not in time, or the view was closed.
        PresenceError: the view failed.
    """

    def head(now_ns: int) -> tuple[Rigid, int] | None:
        """The newest, by this participant's clock; None when it is not tracked any more."""
        tracked = view.head()
        if tracked is None:
            return None
        pose, machine_ns = tracked
        tracked_ns = clock.from_machine_ns(machine_ns) // 1000 * 1000
        return (pose, tracked_ns) if now_ns - tracked_ns < _STALE_NS else None

    for _ in range(round(_WAIT_SECONDS / _LOOK_SECONDS)):
        tracked = view.head()
        if tracked is not None:
            # Whoever puts a headset on stands: the height of the eyes scales the rest.
            body = default_proportions()
            standing = max(0.5, float(tracked[0].translation[1]))
            return HeadSource(head, body.scaled(standing / body.eye_height))
        if view.closed():
            break
        await asyncio.sleep(_LOOK_SECONDS)
    raise HeadsetError(
        f"the headset's position was not known within {_WAIT_SECONDS:.0f} s; put it on, "
        "look round once, and join again"
    )
