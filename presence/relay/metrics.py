"""What a relay tells Prometheus, read from its counts when it is asked.

Every name and label is in ``docs/operating.md``. No label stands for a person, a room or an
address: whoever watches a relay learns how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from presence.relay.account import Account, Counts

if TYPE_CHECKING:
    from presence.relay.node import Node
    from presence.relay.server import Relay

_P = "presence_relay_"
OUTCOMES = (
    "welcome",
    "token",
    "full",
    "busy",
    "elsewhere",
    "transport",
    "malformed",
    "silent",
    "gone",
)
DEPARTURES = ("left", "lost", "flood", "malformed", "replaced", "closed")

_COUNTERS: dict[str, tuple[str, Callable[[Account], float]]] = {
    "envelopes_received": ("Envelopes that came from senders.", lambda a: a.received),
    "envelopes_forwarded": ("Envelopes that left, once for each receiver.", lambda a: a.forwarded),
    "bundles_sent": ("Datagrams or messages in which they left.", lambda a: a.bundles),
    "worker_cpu_seconds": ("Processor time that a worker took.", lambda a: a.cpu_s),
}
_GAUGES: dict[str, tuple[str, Callable[[Account], float]]] = {
    "rooms": ("Rooms that somebody is in.", lambda a: a.rooms),
    "participants": ("People in all rooms.", lambda a: a.people),
    "worker_resident_memory_bytes": ("Memory that a worker holds.", lambda a: a.memory_bytes),
    "worker_open_fds": ("File descriptors that a worker has open.", lambda a: a.descriptors),
    "worker_max_fds": ("The most that it may have open.", lambda a: a.most_descriptors),
}
_SPLIT_COUNTERS: dict[str, tuple[str, Callable[[Account], dict[str, int]], tuple[str, ...]]] = {
    "envelopes_dropped": ("Envelopes that went nowhere, by why.", lambda a: a.dropped, ()),
    "datagrams_dropped": (
        "Datagrams of which nothing was made, by why.",
        lambda a: a.datagrams_dropped,
        (),
    ),
    "departures": ("People who are gone, by why.", lambda a: a.departures, DEPARTURES),
}
CLUSTER_GAUGES: dict[str, tuple[str, Callable[[Node], float]]] = {
    "cluster_connected": ("1 if the bus is there.", lambda node: float(node.connected)),
    "cluster_relays": ("Other relays that are heard on the bus.", lambda node: node.others),
    "cluster_trunks": ("Links of rooms to other relays.", lambda node: node.trunks),
}
"""Told by a relay of several alone."""
_HISTOGRAMS: dict[str, tuple[str, Callable[[Account], Counts]]] = {
    "queue_delay_seconds": (
        "How long what waits longest for a receiver has waited, looked at four times a second.",
        lambda a: a.queued,
    ),
    "receiver_loss_ratio": (
        "Share of packets that a receiver loses, looked at four times a second.",
        lambda a: a.loss,
    ),
    "loop_late_seconds": ("How late a worker gets to its work.", lambda a: a.late),
}


class Metrics:
    """State: where they are read from."""

    def __init__(self, relay: Relay) -> None:
        """Of a relay that runs."""
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_RelayCollector(relay))
        # Of the process at the door; workers tell of themselves.
        ProcessCollector(registry=self._registry)

    def page(self, accept: str) -> tuple[str, str]:
        """The page, and what kind of text it is, for who says that they ``accept`` so."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry).decode(), content_type


class _RelayCollector(Collector):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def collect(self) -> Iterator[Metric]:
        relay = self._relay
        accounts = relay.staff.accounts
        yield InfoMetricFamily(
            _P + "build", "Which version runs.", value={"version": version("presence")}
        )
        ready = relay.door.why_not_ready() is None
        yield GaugeMetricFamily(_P + "ready", "1 if new rooms can be opened.", float(ready))
        yield GaugeMetricFamily(
            _P + "connections", "Connections of who is coming.", relay.door.connections.total
        )
        joins = CounterMetricFamily(
            _P + "joins", "People who came, by what became of it.", labels=["outcome"]
        )
        for outcome in OUTCOMES:
            joins.add_metric([outcome], relay.door.outcomes[outcome])
        yield joins
        if relay.certificate is not None:
            yield GaugeMetricFamily(
                _P + "certificate_expiry_timestamp_seconds",
                "When the certificate that is shown runs out.",
                relay.certificate.expires_s,
            )
        cluster = relay.cluster
        if cluster is not None:
            for name, (text, read) in CLUSTER_GAUGES.items():
                yield GaugeMetricFamily(_P + name, text, read(cluster))
        up = GaugeMetricFamily(_P + "worker_up", "1 if a worker runs.", labels=["worker"])
        restarts = CounterMetricFamily(
            _P + "worker_restarts", "How often a worker was started again.", labels=["worker"]
        )
        for number, known in accounts.items():
            up.add_metric([str(number)], float(known is not None))
            restarts.add_metric([str(number)], relay.staff.restarts.get(number, 0))
        yield up
        yield restarts
        yield from _of_workers({str(n): a for n, a in accounts.items() if a is not None})


def _of_workers(accounts: Mapping[str, Account]) -> Iterator[Metric]:
    for name, (text, read) in _COUNTERS.items():
        counter = CounterMetricFamily(_P + name, text, labels=["worker"])
        for worker, account in accounts.items():
            counter.add_metric([worker], read(account))
        yield counter
    for name, (text, read) in _GAUGES.items():
        gauge = GaugeMetricFamily(_P + name, text, labels=["worker"])
        for worker, account in accounts.items():
            gauge.add_metric([worker], read(account))
        yield gauge
    for name, (text, reasons, always) in _SPLIT_COUNTERS.items():
        split = CounterMetricFamily(_P + name, text, labels=["worker", "reason"])
        for worker, account in accounts.items():
            # A reason stands there before it first happened, so that its rate is known.
            for reason, count in (dict.fromkeys(always, 0) | reasons(account)).items():
                split.add_metric([worker, reason], count)
        yield split
    latency = HistogramMetricFamily(
        _P + "forward_latency_seconds",
        "From reading an envelope to having sent it; of what leaves together, the longest.",
        labels=["worker", "priority"],
    )
    for worker, account in accounts.items():
        for priority, counts in (("urgent", account.at_once), ("held", account.held)):
            latency.add_metric([worker, priority], *_buckets(counts))
    yield latency
    for name, (text, counts_of) in _HISTOGRAMS.items():
        histogram = HistogramMetricFamily(_P + name, text, labels=["worker"])
        for worker, account in accounts.items():
            histogram.add_metric([worker], *_buckets(counts_of(account)))
        yield histogram


def _buckets(counts: Counts) -> tuple[list[tuple[str, float]], float]:
    """As Prometheus has them: each bound with all that lies below it."""
    total = 0
    buckets = []
    for bound, count in zip((*counts.bounds, float("inf")), counts.counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else repr(float(bound)), float(total)))
    return buckets, counts.total
