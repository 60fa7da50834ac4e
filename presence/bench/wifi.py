"""A long-tailed network, as a busy wireless one is: seeded, the same every time.

Four things happen on such a network, one above the other:

- the medium is shared: each packet waits for others, exponentially, 3 ms on average;
- how busy it is changes slowly: that mean is multiplied by a log-normal factor (σ 0.7) that
  wanders with a time constant of two seconds;
- now and then it stalls, while the radio looks at other channels or somebody near it sends much: on
  average every three seconds, for a Pareto-distributed time of at least 25 ms (shape 1.5, at most
  250 ms). What is sent meanwhile waits, and comes together at the end;
- the radio itself sends again what is not acknowledged: one packet in twelve takes 8 ms more.

It is nobody's recording. The 50th, 95th, 99th and 99.9th percentiles of its delays are about 2, 18,
47 and 190 ms, and the tail above the stalls' least length is a power law, as recordings' are.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from presence.clock import MILLISECOND, SECOND

_STEP_NS = 2 * MILLISECOND
_WAIT_MS, _BUSY_SIGMA, _BUSY_S = 3.0, 0.7, 2.0
_STALL_EVERY_S, _STALL_MS, _STALL_SHAPE, _STALL_MOST_MS = 3.0, 25.0, 1.5, 250.0
_AGAIN, _AGAIN_MS = 1.0 / 12.0, 8.0


def wifi_trace(seconds: float, seed: int) -> Callable[[int], int]:
    """The further delay, nanoseconds, of what is sent at a time; it repeats after ``seconds``."""
    draw = random.Random(seed)
    steps = math.ceil(seconds * SECOND / _STEP_NS) + 1
    keep = math.exp(-_STEP_NS / (_BUSY_S * SECOND))
    busy = draw.gauss(0.0, 1.0)
    stalled_until_ns = 0
    delays = []
    for step in range(steps):
        at_ns = step * _STEP_NS
        busy = keep * busy + math.sqrt(1.0 - keep * keep) * draw.gauss(0.0, 1.0)
        if draw.random() < _STEP_NS / (_STALL_EVERY_S * SECOND):
            stall_ms = min(_STALL_MS * draw.paretovariate(_STALL_SHAPE), _STALL_MOST_MS)
            stalled_until_ns = max(stalled_until_ns, at_ns + round(stall_ms * MILLISECOND))
        wait_ms = _WAIT_MS * math.exp(_BUSY_SIGMA * busy) * draw.expovariate(1.0)
        wait_ms += _AGAIN_MS * (draw.random() < _AGAIN)
        delays.append(max(stalled_until_ns - at_ns, 0) + round(wait_ms * MILLISECOND))
    return lambda sent_ns: delays[sent_ns // _STEP_NS % len(delays)]
