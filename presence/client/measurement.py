"""Measuring whoever a sensor follows, while telling them what to do."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

from presence.clock import SECOND
from presence.tracking.measuring import Measured, Measuring
from presence.tracking.sensed import Sensor

_LOOK_S = 1.0 / 60.0


async def measure(
    sensor: Sensor,
    now_ns: Callable[[], int],
    sleep: Callable[[float], Awaitable[None]],
    say: Callable[[str], None],
    *,
    longest_s: float,
    arms_s: float = math.inf,
) -> Measured | None:
    """Measure whoever a sensor follows, until all is known or the time is up.

    Args:
        sensor: what follows them.
        now_ns: the time, by the sensor's clock.
        sleep: waits for seconds.
        say: is given each new sentence.
        longest_s: how long it may take; then what is known by then is the answer.
        arms_s: once the height is known, how long the arms are waited for: those that are never
            stretched are as long as is usual for the height.

    Returns:
        What they measure; None when nobody was seen to stand still for a moment.
    """
    measuring, said = Measuring(), ""
    begun = now_ns()
    height_ns: int | None = None
    while True:
        now = now_ns()
        measuring.take(sensor.sense(now))
        measured = measuring.measured()
        sentence = measuring.says if measured is not None else sensor.problem or measuring.says
        if sentence != said:
            say(sentence)
            said = sentence
        if measured is not None:
            height_ns = now if height_ns is None else height_ns
            whole = measuring.done and not measured.seated
            if whole or now - height_ns > arms_s * SECOND:
                return measured
        if now - begun > longest_s * SECOND:
            return measured
        await sleep(_LOOK_S)
