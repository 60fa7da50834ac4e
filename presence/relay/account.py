"""What one relay process says of itself, to whoever asks how it is; it goes between processes."""

from __future__ import annotations

import msgspec

from presence.relay import own_process
from presence.relay.histogram import Histogram
from presence.relay.tally import BUNDLES, DROPS, FORWARDED, RECEIVED, Tally


class Counts(msgspec.Struct, frozen=True):
    """A histogram at one time."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    @classmethod
    def of(cls, histogram: Histogram) -> Counts:
        """What it says now."""
        return cls(histogram.bounds, tuple(histogram.counts), histogram.total)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """All counts are since the process began."""

    rooms: int
    people: int
    received: int
    """Envelopes from senders, as far as they were looked at."""
    forwarded: int
    """Envelopes to receivers, each once for each of them."""
    bundles: int
    """That left."""
    dropped: dict[str, int]
    """Envelopes that went nowhere, by why."""
    datagrams_dropped: dict[str, int]
    """That nobody who is here sent, or that are nothing, by why."""
    departures: dict[str, int]
    """By why."""
    at_once: Counts
    held: Counts
    queued: Counts
    loss: Counts
    late: Counts
    cpu_s: float
    memory_bytes: int
    descriptors: int
    most_descriptors: int


def account(
    tally: Tally,
    counted: dict[str, int],
    datagrams_dropped: dict[str, int],
    *,
    rooms: int,
    people: int,
) -> Account:
    """How this process is now.

    Args:
        tally: Of its rooms.
        counted: Everything that its members counted, by name.
        datagrams_dropped: Of which its port made nothing, by why.
        rooms: That somebody is in.
        people: In all of them.
    """
    return Account(
        rooms=rooms,
        people=people,
        received=counted.get(RECEIVED, 0),
        forwarded=counted.get(FORWARDED, 0),
        bundles=counted.get(BUNDLES, 0),
        dropped={reason: counted.get(reason, 0) for reason in DROPS},
        datagrams_dropped=datagrams_dropped,
        departures=dict(tally.departures),
        at_once=Counts.of(tally.at_once),
        held=Counts.of(tally.held),
        queued=Counts.of(tally.queued),
        loss=Counts.of(tally.loss),
        late=Counts.of(tally.late),
        cpu_s=own_process.cpu_s(),
        memory_bytes=own_process.memory_bytes(),
        descriptors=own_process.open_descriptors(),
        most_descriptors=own_process.most_descriptors(),
    )
