"""Whether loss comes of sending too much: the share lost of late, and a trial of sending less.

Most loss on the way to a home is radio's, and sending less does not lessen it. But a hop that keeps
no queue and drops what is over its rate looks just the same, as nothing is ever late there. So when
much is lost, less is sent for a moment: if that does not help, nothing of it is congestion.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from enum import Enum

from presence.clock import MILLISECOND, SECOND
from presence.transport.ledger import Fate

WINDOW_NS = 5 * SECOND
LEAST = 30
"""Of fewer packets no share is stated."""
SUSPICIOUS = 0.15
"""Over this share lost in :data:`SUSPICIOUS_NS`, and half of it in each part of that, there is a
trial: an outage is no reason for one."""
SUSPICIOUS_NS = 4 * SECOND
_PARTS = 4
TRIAL_NS = 2_400 * MILLISECOND
SETTLE_NS = 400 * MILLISECOND
"""What was sent so soon after the trial began does not count yet."""
TRIAL_SHARE = 0.6
"""Of what is sent otherwise, so much is meanwhile."""
_HELPED = 0.5
"""Sending less helped if less than this share of the loss is left,"""
_SURE = 2.0
"""and if so little is by so many standard deviations less than chance would leave."""
_MOST_SENT = 0.85
"""A trial in which more than this share was sent tried nothing."""
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
        self._fates: deque[tuple[int, bool]] = deque()
        self._lost = 0
        self._began_ns: int | None = None
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
    def cap_bps(self) -> float | None:
        """What may be sent during the present trial; None: there is none."""
        return None if self._began_ns is None else TRIAL_SHARE * self._bps_before

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
            self._fates.append((fate.sent_ns, fate.came))
            self._lost += not fate.came
        newest_ns = self._fates[-1][0] if self._fates else 0
        while self._fates and self._fates[0][0] < newest_ns - WINDOW_NS:
            self._lost -= not self._fates.popleft()[1]

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
        if now_ns < self._began_ns + TRIAL_NS:
            return None
        helped = sent_bps < _MOST_SENT * self._bps_before and self._helped(now_ns)
        self._began_ns = None
        self._judged_ns = now_ns
        if helped:
            self._innocent_ns = _INNOCENT_NS
            return Verdict.CONGESTION
        self._innocent_until_ns = now_ns + self._innocent_ns
        self._innocent_ns = min(2 * self._innocent_ns, _INNOCENT_MOST_NS)
        self._innocent_share = self._before
        return Verdict.INNOCENT

    def abandon(self, now_ns: int) -> None:
        """End a trial, if there is one, without a verdict; what was lost so far is explained."""
        self._began_ns = None
        self._judged_ns = now_ns

    def between(self, since_ns: int, until_ns: int) -> float | None:
        """The share lost of what was sent meanwhile; None: that was too little to say."""
        came = [came for sent_ns, came in self._fates if since_ns <= sent_ns < until_ns]
        return came.count(False) / len(came) if len(came) >= LEAST // 2 else None

    def _helped(self, now_ns: int) -> bool:
        """Whether clearly less was lost in the trial than before it."""
        assert self._began_ns is not None
        since_ns = self._began_ns + SETTLE_NS
        came = [came for sent_ns, came in self._fates if since_ns <= sent_ns < now_ns]
        lost, expected = came.count(False), self._before * len(came)
        chance = math.sqrt(expected * (1.0 - self._before))
        return lost < min(_HELPED * expected, expected - _SURE * chance)

    def _persistent(self, now_ns: int) -> float:
        """The share lost that is reason for a trial; 0: none is."""
        # So little lost in all leaves no part of it for long.
        if (self.share or 0.0) < SUSPICIOUS / 2:
            return 0.0
        began_ns = now_ns - SUSPICIOUS_NS
        if not self._fates or max(self._fates[0][0], self._judged_ns) > began_ns:
            return 0.0
        part_ns = SUSPICIOUS_NS // _PARTS
        shares = [
            self.between(began_ns + part * part_ns, began_ns + (part + 1) * part_ns) or 0.0
            for part in range(_PARTS)
        ]
        return sum(shares) / _PARTS if min(shares) >= SUSPICIOUS / 2 else 0.0
