"""How late packets of a voice come, and how long it therefore pays to wait for them.

A lost packet is made good if the next one, which holds a copy of it, comes in time: so each block
*needs* the sooner of its own packet and the one after. Which delay is best depends on what a gap is
worth: a price in milliseconds turns the choice into a sum that is smallest somewhere.
"""

from __future__ import annotations

import numpy as np

from presence.playout.clock_map import ClockMap
from presence.pose.arrays import Floats, Ints

_REMEMBERED = 1024
"""Packets; at 50 a second, 20 s of speech."""
_FEWEST = 20
_FADING = 400.0
"""After so many further packets one counts for 1/e …"""
_FADING_NS = 20e9
"""… and after so long: who says a word now and then sends few in a minute."""
_NEVER = np.inf


class Lateness:
    """What came when. State: the stamps and arrivals of the last packets, by their numbers."""

    def __init__(self) -> None:
        self._numbers: Ints = np.full(_REMEMBERED, -1, dtype=np.int64)
        self._stamps: Ints = np.zeros(_REMEMBERED, dtype=np.int64)
        self._arrivals: Ints = np.zeros(_REMEMBERED, dtype=np.int64)
        self._first = 0
        self._newest = -1

    def clear(self) -> None:
        """Forget everything: the sender restarted."""
        self._numbers[:] = -1
        self._newest = -1

    def add(self, sequence: int, stamp_ns: int, arrival_ns: int) -> bool:
        """Take in an arrival; False: it came before, or is too old to say.

        Args:
            sequence: the packet's number.
            stamp_ns: when what it holds was complete, by the sender's clock.
            arrival_ns: when it came, by this machine's.
        """
        if self._newest < 0 or sequence - self._newest > _REMEMBERED:
            self.clear()
            self._first = self._newest = sequence
        elif sequence <= self._newest - _REMEMBERED:
            return False
        slot = sequence % _REMEMBERED
        if self._numbers[slot] == sequence:
            return False
        self._numbers[slot] = sequence
        self._stamps[slot] = stamp_ns
        self._arrivals[slot] = arrival_ns
        self._first = min(self._first, sequence)
        self._newest = max(self._newest, sequence)
        return True

    def uncovered(self, waits_ns: Floats, clock: ClockMap, block_ns: int) -> Floats | None:
        """The share of blocks that would not be there, for each wait behind the fastest packets.

        Blocks that no wait would bring are not counted. None while too little is known.
        """
        oldest = max(self._first, self._newest - _REMEMBERED + 1)
        numbers = np.arange(oldest, self._newest + 1)
        if len(numbers) < _FEWEST:
            return None
        slots = numbers % _REMEMBERED
        arrivals = self._arrivals[slots]
        late = (arrivals - clock.offsets_at(arrivals) - self._stamps[slots]).astype(np.float64)
        there = self._numbers[slots] == numbers
        late[~there] = _NEVER
        # What was lost is as old as what came before it.
        came = np.maximum.accumulate(np.where(there, arrivals, arrivals[there].min()))
        since_ns = came[-1] - came
        weights = np.exp((numbers - self._newest) / _FADING - since_ns / _FADING_NS)[:-1]
        lost = float(weights[late[:-1] == _NEVER].sum() / weights.sum())
        by_next = late[1:] + block_ns
        by_either = np.minimum(late[:-1], by_next)
        # Any packet might have been lost as well as those that were, so each tells of both cases:
        # losses are few, and what was needed after them alone would be a matter of chance.
        needed = np.concatenate([by_either, by_next])
        weights = np.concatenate([weights * (late[:-1] < _NEVER), lost * weights])
        order = np.argsort(needed)
        needed, weights = needed[order], weights[order]
        sums = np.concatenate([[0.0], np.cumsum(weights)])
        finite = int(np.searchsorted(needed, _NEVER))
        covered = sums[np.minimum(np.searchsorted(needed, waits_ns, side="right"), finite)]
        shares: Floats = (sums[finite] - covered) / sums[-1]
        return shares
