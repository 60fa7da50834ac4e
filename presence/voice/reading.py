"""Sound between its samples: the inner loop of resampling, compiled."""

from __future__ import annotations

import math

from presence.compiled import compiled

PLACES = 256
"""Between two samples, at which it is tabulated what those about a place count."""


@compiled
def read_between(sound, place, step, table, slopes, out):
    """Fills ``out (m, channels)`` with ``sound (n, channels)`` at places ``step`` apart.

    Args:
        sound: all of which lies about the places.
        place: the first, in samples of ``sound``.
        step: from one to the next.
        table: what samples count, ``(PLACES, taps)``; taps are a multiple of 2.
        slopes: how that changes until the next place.
        out: single floats, like all of these.
    """
    taps = table.shape[1]
    before = taps // 2 - 1
    for k in range(out.shape[0]):
        at = place + step * k
        whole = math.floor(at)
        part = (at - whole) * PLACES
        row = int(part)
        rest = part - row
        first = int(whole) - before
        counts, changes = table[row], slopes[row]
        for channel in range(out.shape[1]):
            # Two sums, so that one addition need not wait for the one before.
            even, odd = 0.0, 0.0
            for tap in range(0, taps, 2):
                even += (counts[tap] + rest * changes[tap]) * sound[first + tap, channel]
                odd += (counts[tap + 1] + rest * changes[tap + 1]) * sound[first + tap + 1, channel]
            out[k, channel] = even + odd
