"""Two ends with open loudspeakers, each of which hears itself by way of the other."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from presence.bench.echo_end import BEGIN_NS, Devices, EchoEnd
from presence.bench.echo_room import make_room
from presence.bench.espeak import say
from presence.clock import SECOND
from presence.pose.arrays import Floats
from presence.voice.block import BLOCK, RATE, Samples
from presence.voice.processing import NoProcessing, open_processing

_BURST_S = 2.0
_ON_THE_WAY = 4
"""Blocks, 80 ms, from one end to the other."""
LOUD, LOUDER = 0.5, 0.8
"""Of the loudspeakers: 6 and 10 dB over what an echo is judged by elsewhere. By either, what one
end sends comes back to it louder, without a canceller."""
_SILENCE: Samples = np.zeros(BLOCK, dtype=np.float32)


def loop_row(
    *, cancelled: bool, seconds: float, level: float = LOUD, rt60_s: float = 0.4
) -> dict[str, Any]:
    """Somebody speaks for two seconds, then nobody: does what goes round get louder or fainter?

    The canceller has learned nothing when it begins, which is the worst that can be.
    """
    random = np.random.default_rng(3)
    near = (2e-4 * random.standard_normal(round(seconds * RATE))).astype(np.float32)
    burst = say("Would you mind passing me that blue folder, please?")[: round(_BURST_S * RATE)]
    ways: list[deque[Samples]] = [deque([_SILENCE] * _ON_THE_WAY) for _ in range(2)]
    ends = []
    for own in range(2):
        nearby = near.copy()
        if own == 0:
            nearby[: len(burst)] += burst
        ends.append(
            EchoEnd(
                make_room(rt60_s),
                Devices(40.0, 100.0 - 200.0 * own, -100.0 + 200.0 * own),
                open_processing() if cancelled else NoProcessing(),
                _taker(ways[own]),
                nearby,
                voices=1,
                level=level,
            )
        )
    levels: list[Samples] = []
    now_ns, end_ns = BEGIN_NS, BEGIN_NS + round(seconds * SECOND)
    try:
        while now_ns < end_ns:
            for own, end in enumerate(ends):
                for sent in end.step(now_ns):
                    ways[1 - own].append(sent.samples)
                    if own == 0:
                        levels.append(sent.samples)
            now_ns = min(end.next_ns(now_ns) for end in ends)
    finally:
        for end in ends:
            end.close()
    return _figures(np.concatenate(levels), cancelled, level)


def _taker(way: deque[Samples]) -> Any:
    return lambda number: [way.popleft() if way else _SILENCE]


def _figures(sound: Samples, cancelled: bool, level: float) -> dict[str, Any]:
    """How loud the burst was, and each second after it."""
    begin = round((_BURST_S + 0.5) * RATE)
    after: Floats = np.array(
        [_level_db(sound[at : at + RATE]) for at in range(begin, len(sound) - RATE + 1, RATE)]
    )
    return {
        "table": "two open ends",
        "what": ("processed" if cancelled else "not processed")
        + (", 4 dB louder" if level > LOUD else ""),
        "burst_db": _level_db(sound[: round(_BURST_S * RATE)]),
        "first_second_after_db": float(after[0]),
        "last_second_db": float(after[-1]),
        # Against what was said: from there it may only fall.
        "rise_db": float(after.max()) - _level_db(sound[: round(_BURST_S * RATE)]),
    }


def _level_db(sound: Samples) -> float:
    power = float(np.mean(np.square(sound, dtype=np.float64)))
    return 10.0 * float(np.log10(max(power, 1e-12)))
