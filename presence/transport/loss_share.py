"""Whether loss comes of sending too much: the share lost of late, and a trial of sending more.

Most loss on the way to a home is radio's, and sending less does not lessen it. But a hop that keeps
no queue and drops what is over its rate looks just the same, as nothing is ever late there. The two
differ in what becomes of more: radio loses the same share of it, such a hop all of it. So when much
is lost, packets are padded for a moment. That takes nothing from whoever is innocent, which is
nearly everybody, as sending less for a moment would.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from enum import Enum

from presence.clock import MILLISECOND, SECOND
from presence.transport.ledger import OVERTAKEN_NS, Fate

WINDOW_NS = 5 * SECOND
LEAST = 30
"""Of fewer packets no share is stated."""
SUSPICIOUS = 0.15
"""Over this share lost in :data:`SUSPICIOUS_NS`, and half of it in each part of that, there is a
trial: an outage is no reason for one."""
SUSPICIOUS_NS = 4 * SECOND
_PARTS = 4
TRIAL_NS = 2 * SECOND
SETTLE_NS = 200 * MILLISECOND
"""What was sent so soon after the trial began does not count yet."""
TRIAL_GAIN = 1.5
"""So many times what is sent otherwise is, meanwhile."""
_AWAIT_NS = 1_500 * MILLISECOND
"""News of the trial's packets is awaited for so long at most."""
_GREW = 0.5
"""It is congestion if the loss grew by this share of what it would, were all that is more lost,"""
_SURE = 2.0
"""and if that is by so many standard deviations more than chance would make of it."""
_LEAST_GAIN = 1.2
"""A trial in which less than so many times as much was sent tried nothing."""
_INNOCENT_NS, _INNOCENT_MOST_NS = 30 * SECOND, 240 * SECOND
"""After a trial that did not help there is none for so long, unless much more is lost; each time
twice as long."""
_MORE = 0.15


class Verdict(Enum):
    """What a trial found."""

    CONGESTION = "congestion"
    INNOCENT = "innocent"


class LossShare:
    """Losses of late. State: the packets of some seconds and their fates; the present trial."""

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self._fates: deque[Fate] = deque()
        self._lost = 0
        self._began_ns: int | None = None
        self._gain: float | None = None
        """How many times as much was sent in the trial; None: that is not over yet."""
        self._before = 0.0
        self._bps_before = 0.0
        self._judged_ns = 0
        """What was sent before is no reason for another trial."""
        self._innocent_ns = _INNOCENT_NS
        self._innocent_until_ns = 0
        self._innocent_share = 0.0

    @property
    def share(self) -> float | None:
        """Of the packets of the last seconds, 0 to 1; None while too few were sent to say."""
        return self._lost / len(self._fates) if len(self._fates) >= LEAST else None

    @property
    def trying(self) -> bool:
        """Whether there is a trial, or news of it is awaited."""
        return self._began_ns is not None

    @property
    def trial_bps(self) -> float | None:
        """What is to be sent now, with padding, for the trial's sake; None: what is sent anyway."""
        if self._began_ns is None or self._gain is not None:
            return None
        return TRIAL_GAIN * self._bps_before

    @property
    def bps_before(self) -> float:
        """What was sent before the trial."""
        return self._bps_before

    @property
    def share_before(self) -> float:
        """The share lost before the trial."""
        return self._before

    def add(self, fates: Iterable[Fate]) -> None:
        """What became of packets, in about the order of their sending."""
        for fate in fates:
            self._fates.append(fate)
            self._lost += not fate.came
        newest_ns = self._fates[-1].sent_ns if self._fates else 0
        while self._fates and self._fates[0].sent_ns < newest_ns - WINDOW_NS:
            self._lost -= not self._fates.popleft().came

    def judge(self, sent_bps: float, now_ns: int) -> Verdict | None:
        """Begin a trial if there is reason to, and end it when it is time.

        Args:
            sent_bps: What is sent of late.
            now_ns: The time.

        Returns:
            What a trial found, when it ends.
        """
        if self._began_ns is None:
            share = self._persistent(now_ns)
            innocent = now_ns < self._innocent_until_ns and share < self._innocent_share + _MORE
            if share > SUSPICIOUS and not innocent:
                self._began_ns, self._before, self._bps_before = now_ns, share, sent_bps
            return None
        ends_ns = self._began_ns + TRIAL_NS
        if now_ns < ends_ns:
            return None
        if self._gain is None:
            self._gain = sent_bps / max(1.0, self._bps_before)
        # What got lost is known of only when something later has come.
        known_ns = self._fates[-1].sent_ns - OVERTAKEN_NS if self._fates else 0
        if known_ns < ends_ns and now_ns < ends_ns + _AWAIT_NS:
            return None
        if self._gain >= _LEAST_GAIN and self._grew(min(ends_ns, known_ns)):
            self.abandon(now_ns)
            self._innocent_ns = _INNOCENT_NS
            return Verdict.CONGESTION
        self.acquit(now_ns)
        return Verdict.INNOCENT

    def acquit(self, now_ns: int) -> None:
        """End a trial: nothing of the loss is congestion, and there is no other for a while."""
        self.abandon(now_ns)
        self._innocent_until_ns = now_ns + self._innocent_ns
        self._innocent_ns = min(2 * self._innocent_ns, _INNOCENT_MOST_NS)
        self._innocent_share = self._before

    def abandon(self, now_ns: int) -> None:
        """End a trial, if there is one, without a verdict; what was lost so far is explained."""
        self._began_ns = self._gain = None
        self._judged_ns = now_ns

    def between(self, since_ns: int, until_ns: int) -> float | None:
        """The share lost of the bytes sent meanwhile; None: those were too few to say.

        Of bytes, since a hop that carries so many of them may well drop another share of packets.
        """
        meanwhile = self._meanwhile(since_ns, until_ns)
        return _share_of_bytes(meanwhile) if len(meanwhile) >= LEAST // 2 else None

    def _meanwhile(self, since_ns: int, until_ns: int) -> list[Fate]:
        return [fate for fate in self._fates if since_ns <= fate.sent_ns < until_ns]

    def _grew(self, until_ns: int) -> bool:
        """Whether so much more was lost in the trial than before it as if nothing more came."""
        assert self._began_ns is not None
        assert self._gain is not None
        meanwhile = self._meanwhile(self._began_ns + SETTLE_NS, until_ns)
        if not meanwhile:
            return False
        were_none_to_come = 1.0 - (1.0 - self._before) / self._gain
        chance = math.sqrt(self._before * (1.0 - self._before) / len(meanwhile))
        grown = max(_GREW * (were_none_to_come - self._before), _SURE * chance)
        return _share_of_bytes(meanwhile) > self._before + grown

    def _persistent(self, now_ns: int) -> float:
        """The share lost that is reason for a trial; 0: none is."""
        # So little lost in all leaves no part of it for long.
        if (self.share or 0.0) < SUSPICIOUS / 2:
            return 0.0
        began_ns = now_ns - SUSPICIOUS_NS
        if not self._fates or max(self._fates[0].sent_ns, self._judged_ns) > began_ns:
            return 0.0
        part_ns = SUSPICIOUS_NS // _PARTS
        shares = [
            self.between(began_ns + part * part_ns, began_ns + (part + 1) * part_ns) or 0.0
            for part in range(_PARTS)
        ]
        return sum(shares) / _PARTS if min(shares) >= SUSPICIOUS / 2 else 0.0


def _share_of_bytes(fates: list[Fate]) -> float:
    """The share of their bytes that got lost; of at least one packet."""
    return sum(f.size for f in fates if not f.came) / sum(f.size for f in fates)
