"""What of a stream goes to somebody whose path carries less than all: detail goes, then rate.

Frames that others refer to are always sent. Of the rest the hands, face and gaze go first, then
every other frame, then two in three, in the end all; what was left out comes back step by step. The
header alone says what may go, so whoever forwards sealed envelopes can do the same.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from presence.clock import MILLISECOND, SECOND
from presence.wire.bundle import LENGTH_BYTES
from presence.wire.envelope import HEADER_LENGTH, Envelope, Kind

PACKET_BYTES = 56
"""What a datagram costs besides its bundle: IPv4, UDP, RTP, and the tag of SRTP."""
_WINDOW_NS = SECOND
"""What a step would cost is averaged over about so long."""
_FOLD_NS = 50 * MILLISECOND
"""How often it is reckoned and decided."""
_SURE_NS = SECOND // 2
"""Before so long nothing is left out: one golden frame would look like a torrent."""
RESTORE_NS = SECOND // 2
"""For so long more must have fitted before one step of it is sent again."""
_RESTORE_SHARE = 0.95
"""It must fit into this share of the budget."""


@dataclass(frozen=True, slots=True)
class Step:
    """How much of a stream is sent."""

    divisor: int
    """Of the frames that nothing refers to, one in so many."""
    detail: bool
    """Whether those have hands, face and gaze."""


STEPS = (Step(1, True), Step(1, False), Step(2, False), Step(3, False), Step(6, False))
"""From all of it to the least that is lifelike, as 60 Hz become 30, then 20; and for need, to what
others refer to alone."""

_POSE = int(Kind.POSE)
_OWN_DATAGRAM = (_POSE, int(Kind.VOICE))
_WITHOUT_DETAIL = tuple((n, step.divisor) for n, step in enumerate(STEPS) if not step.detail)


class Shedder:
    """Decides for one receiver. State: the present step, and what each step would cost.

    Costs are reckoned as if every pose had a datagram to itself, as it has in a mesh.
    """

    def __init__(self) -> None:
        """Everything is sent at first."""
        self._step = 0
        self._costs = [0.0] * len(STEPS)
        self._fresh = [0] * len(STEPS)
        """What each step would have cost since then, in bytes."""
        self._began_ns = 0
        self._folded_ns: int | None = None
        self._fits_since_ns: int | None = None

    @property
    def step(self) -> Step:
        """How much is sent now."""
        return STEPS[self._step]

    def shed(
        self, data: bytes, header: Envelope, budget_bps: float | None, now_ns: int
    ) -> bytes | None:
        """What of an encoded envelope to send; None: nothing.

        Args:
            data: The envelope.
            header: The same, decoded.
            budget_bps: Bits a second that the path carries, all counted; None: whatever is sent.
            now_ns: The time.
        """
        if budget_bps is None:
            self._step = 0
            return data
        self._count(data, header)
        if self._folded_ns is None:
            self._began_ns = self._folded_ns = now_ns
        elif now_ns - self._folded_ns >= _FOLD_NS:
            self._fold(self._folded_ns, now_ns)
            self._decide(budget_bps, now_ns)
        return data if self._step == 0 else _shed(data, header, STEPS[self._step])

    def _count(self, data: bytes, header: Envelope) -> None:
        """Note what an envelope costs at each step; for every frame, so without making any."""
        fresh = self._fresh
        kind = header.kind
        cost = LENGTH_BYTES + len(data)
        if kind in _OWN_DATAGRAM:
            cost += PACKET_BYTES
        if kind != _POSE or header.reference:
            self._fresh = [counted + cost for counted in fresh]
            return
        fresh[0] += cost
        cost -= len(header.detail)
        sequence = header.sequence
        for number, divisor in _WITHOUT_DETAIL:
            if sequence % divisor == 0:
                fresh[number] += cost

    def _fold(self, since_ns: int, now_ns: int) -> None:
        """Add what was noted to what each step cost before, which fades."""
        faded = math.exp((since_ns - now_ns) / _WINDOW_NS)
        pairs = zip(self._costs, self._fresh, strict=True)
        self._costs = [faded * cost + fresh for cost, fresh in pairs]
        self._fresh = [0] * len(STEPS)
        self._folded_ns = now_ns

    def _decide(self, budget_bps: float, now_ns: int) -> None:
        passed_ns = now_ns - self._began_ns
        if passed_ns < _SURE_NS:
            return
        # So much of the window has been seen.
        seen = 1.0 - math.exp(-passed_ns / _WINDOW_NS)
        budget = budget_bps / 8.0 * seen * _WINDOW_NS / SECOND
        last = len(STEPS) - 1
        fits = next((step for step in range(last) if self._costs[step] <= budget), last)
        if fits > self._step:
            self._step = fits
        if self._step == 0 or self._costs[self._step - 1] > _RESTORE_SHARE * budget:
            self._fits_since_ns = None
        elif self._fits_since_ns is None:
            self._fits_since_ns = now_ns
        elif now_ns - self._fits_since_ns >= RESTORE_NS:
            self._step -= 1
            self._fits_since_ns = None


def _shed(data: bytes, header: Envelope, step: Step) -> bytes | None:
    """What of an envelope is left at a step."""
    if header.kind != Kind.POSE or header.reference:
        return data
    if header.sequence % step.divisor:
        return None
    return data if step.detail else data[: HEADER_LENGTH + len(header.core)]
