"""A bare timer: a display's beat with nothing to draw, to show what the machine itself misses."""

from __future__ import annotations

import gc
import json
import sys
import time

from presence.client.metronome import Metronome
from presence.clock import SECOND


def missed_beats(woke_ns: list[int], done_ns: list[int], period_ns: int) -> int:
    """How many displayed frames had nothing new: beats that were skipped, or ended too late.

    Args:
        woke_ns: when each beat woke.
        done_ns: when what it woke for was done.
        period_ns: between beats.
    """
    if len(woke_ns) < 2:
        return 0
    skipped = round((woke_ns[-1] - woke_ns[0]) / period_ns) - (len(woke_ns) - 1)
    late = sum(done - woke > period_ns for woke, done in zip(woke_ns, done_ns, strict=True))
    # A frame that ends after its time also makes the next beat be skipped: count it once.
    return max(skipped, late)


def main(rate: float, begins_ns: int, seconds: float) -> None:
    """Wait for beats, and print how many there were and how many were missed."""
    time.sleep(max(0, begins_ns - time.monotonic_ns()) / SECOND)
    gc.collect()
    gc.freeze()
    metronome = Metronome(rate)
    woke = []
    ends = time.monotonic_ns() + round(seconds * SECOND)
    while time.monotonic_ns() < ends:
        woke.append(metronome.wait().woke_ns)
    print(json.dumps([len(woke), missed_beats(woke, woke, metronome.period_ns)]))


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
