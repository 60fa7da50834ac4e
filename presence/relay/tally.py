"""What is counted in a relay's rooms: whole numbers, read only when somebody asks how it is.

Members count for themselves while they are here; what they counted is added up when they go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from presence.clock import SECOND
from presence.relay.histogram import Histogram
from presence.relay.member import Member

LATENCY_BOUNDS_S = (0.0005, 0.001, 0.002, 0.003, 0.004, 0.006, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)
WAIT_BOUNDS_S = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)
LOSS_BOUNDS = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


class Tally:
    """State: what those counted who are gone, and figures of everybody."""

    def __init__(self) -> None:
        """Nothing happened yet."""
        self.departures: Counter[str] = Counter()
        """By why the relay parted from them."""
        self.at_once = Histogram(LATENCY_BOUNDS_S)
        """Of envelopes that leave at once, the seconds from reading them to having sent them."""
        self.held = Histogram(LATENCY_BOUNDS_S)
        """The same of those that wait for a bundle to fill."""
        self.queued = Histogram(WAIT_BOUNDS_S)
        """For how long what has waited longest has waited, of each receiver some times a second."""
        self.loss = Histogram(LOSS_BOUNDS)
        """The share of packets that get lost, of each receiver some times a second."""
        self.late = Histogram(WAIT_BOUNDS_S)
        """How much later than planned this process gets to its work."""
        self._gone: Counter[str] = Counter()

    def member_gone(self, member: Member, code: str) -> None:
        """Somebody is no member any more."""
        self.departures[code] += 1
        self._gone += _counted(member)

    def look_at(self, member: Member, now_ns: int) -> None:
        """See how somebody is reached now."""
        listener = member.listener
        self.queued.add(listener.waited_ns(now_ns) / SECOND)
        loss = listener.carrier.loss
        if loss is not None:
            self.loss.add(loss)

    def everything(self, members: Iterable[Member]) -> Counter[str]:
        """All that was ever counted, by name; what was dropped stands by its reason."""
        counted = self._gone.copy()
        for member in members:
            counted += _counted(member)
        return counted


RECEIVED, FORWARDED, BUNDLES = "received", "forwarded", "bundles"
DROPS = ("superseded", "stale", "overflow", "allowance", "foreign", "malformed")
"""Why an envelope went nowhere: the gate's reasons, then what a sender did wrong."""


def _counted(member: Member) -> Counter[str]:
    listener = member.listener
    counted = Counter(
        {
            RECEIVED: member.received,
            FORWARDED: listener.forwarded,
            BUNDLES: listener.bundles,
            "allowance": member.dropped,
            "foreign": member.foreign,
            "malformed": member.malformed,
        }
    )
    counted.update({drop.value: count for drop, count in listener.gate.dropped.items()})
    return counted
