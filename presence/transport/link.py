"""A link: one other participant, heard and spoken to over a carrier.

Sans-IO but for the carrier it is given: it reads the clock that it is given and is told by
:meth:`Link.tick` that time has passed.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from presence.allowance import Allowance
from presence.clock import MILLISECOND, SECOND, Clock
from presence.errors import EnvelopeError, UnknownKeyError, WireError
from presence.transport.carrier import Carrier
from presence.transport.gate import Gate
from presence.transport.shedding import Shedder
from presence.wire.bundle import pack_bundles, unpack_bundle
from presence.wire.control import (
    Bye,
    Control,
    HeardByRelay,
    Ping,
    Pong,
    decode_control,
    encode_control,
)
from presence.wire.envelope import Envelope, Kind, decode_envelope, encode_envelope

TICK_NS = 100 * MILLISECOND
"""How often :meth:`Link.tick` is to be called."""
PING_INTERVAL_NS = 500 * MILLISECOND
PROBE_AFTER_NS = 300 * MILLISECOND
"""After so long without a word every tick asks for a sign of life: a lost ping is no silence."""
SUSPECT_AFTER_NS = 600 * MILLISECOND
"""A link on which nothing was heard for so long, and a round trip, may be dead."""
LOST_AFTER_NS = 1500 * MILLISECOND
"""A link on which nothing was heard for so long is lost."""
MALFORMED_A_SECOND = 20
"""Malformed bundles and envelopes a second that a link puts up with."""
MALFORMED_LIMIT = 100
"""How many more than those end it."""
BUNDLES_A_SECOND = 600
"""Bundles a second that a link takes, several times what anybody has a use for."""
FLOOD_LIMIT = 1200
"""How many more than those end it."""
_ROUND_TRIP_SMOOTHING = 8
"""The smoothed round trip moves by one part in so many towards each new one (as in RFC 6298)."""
_PINGS_KEPT = 16
"""Pings whose answer is still of use, at most."""
KEYS_A_SECOND = 10
"""Envelopes about keys a second that a link takes for long; membership changes more slowly."""
KEYS_AT_ONCE = 50
"""So many more than those count as malformed."""
HELD_LIMIT = 128
"""Envelopes that wait for the key that opens them, at most: some two seconds of poses."""
HELD_NS = SECOND
"""How long they wait."""


class Seals(Protocol):
    """Seals what this participant sends, and opens what the others sent."""

    control_numbers: Iterator[int]
    """Numbers this participant's control envelopes, over all links that there ever are."""

    def seal(self, envelope: Envelope) -> Envelope:
        """The same envelope, sealed."""

    def open(self, envelope: Envelope, now_ns: int) -> Envelope | None:
        """What was sealed; None if it is of no use, though nobody is to blame.

        Raises:
            UnknownKeyError: its key has not come yet.
            SealError: it is not from whom it claims to be.
        """


@dataclass(slots=True)
class Counters:
    """What went over a link so far, in each direction."""

    sent_bundles: int = 0
    sent_envelopes: int = 0
    received_bundles: int = 0
    received_envelopes: int = 0
    malformed: int = 0
    """Bundles, envelopes and control messages that were not what they claimed to be."""
    foreign: int = 0
    """Envelopes of a stream that is not the other participant's own."""
    repeated: int = 0
    """Envelopes that came before, or long after they were of use."""
    unopened: int = 0
    """Envelopes whose key did not come in time."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Envelopes that never left, by reason."""


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """Why a link is of no use any more."""

    reason: str
    """As half a sentence: ``nothing was heard for 1.5 s``."""
    left: bool = False
    """Whether the other participant said goodbye, so that there is nobody to reach any more."""
    hostile: bool = False
    """Whether they do harm, so that it is better not to reach them for a while."""


@dataclass(frozen=True, slots=True)
class LinkStats:
    """How a link is doing."""

    stream: int
    """The other participant's number."""
    carrier: str
    """The carrier's name, and the way that it found: ``data (direct, udp)``."""
    round_trip_ns: int | None
    """There and back, smoothed; None before the first answer."""
    silent_ns: int
    """How long nothing was heard."""
    queued: int
    """Envelopes that wait for the carrier."""
    queued_age_ns: int
    """How long the frame among them has waited that has waited longest."""
    budget_bps: float | None
    """What the path carries, all counted; None: the carrier does not know."""
    loss: float | None
    """The share of what was sent that the path lost of late; None: the carrier cannot say."""
    divisor: int
    """Of the frames that may be left out, one in so many is sent."""
    detail: bool
    """Whether those have their hands, face and gaze."""
    counters: Counters


@dataclass(frozen=True, slots=True)
class Patience:
    """How much a link puts up with."""

    bundles_per_s: float = BUNDLES_A_SECOND
    bundles_at_once: float = FLOOD_LIMIT
    keys_per_s: float = KEYS_A_SECOND
    keys_at_once: float = KEYS_AT_ONCE
    held: int = HELD_LIMIT


class Link:
    """One other participant. State: what waits to be sent, when they were heard, and counters."""

    patience = Patience()

    def __init__(
        self,
        own_stream: int,
        stream: int,
        carrier: Carrier,
        clock: Clock,
        on_envelope: Callable[[Envelope, int], None],
        on_end: Callable[[LinkEnd], None],
        *,
        control_numbers: Iterator[int],
        route: str = "",
        seals: Seals | None = None,
    ) -> None:
        """Take over a carrier that is open.

        Args:
            own_stream: This participant's number.
            stream: The other's; envelopes of any other stream are counted and dropped.
            carrier: Its callbacks become this link's.
            clock: Stamps what waits, and is the one that the carrier stamps arrivals by.
            on_envelope: Takes each envelope and when it arrived, but for control envelopes that
                say nothing besides what a link itself answers. It must not raise.
            on_end: Told once; closing the carrier is its business.
            control_numbers: Numbers this participant's control envelopes, over all links, because
                no two envelopes of one stream and kind may have the same number.
            route: The way that the carrier found, for :meth:`stats`.
            seals: Seals control envelopes, and opens whatever comes; what is sent besides is sealed
                already. None, for measurements of the transport alone: nothing is.
        """
        self.own_stream = own_stream
        self.stream = stream
        self.round_trip_ns: int | None = None
        self.heard_by_relay_ns: int | None = None
        """When the other participant last said that they hear this one by a relay as well."""
        self._carrier = carrier
        self._clock = clock
        self._on_envelope = on_envelope
        self._on_end: Callable[[LinkEnd], None] | None = on_end
        self._control_numbers = control_numbers
        self._route = route
        self._seals = seals
        self._held: deque[tuple[Envelope, int]] = deque()
        self._gate = Gate()
        self._shedder = Shedder()
        self._shed = 0
        self._counters = Counters()
        self._ticked_ns = clock.now_ns()
        self._silent_ns = 0
        self._ping_due_ns = self._ticked_ns
        self._tokens = itertools.count()
        self._pinged: dict[int, int] = {}
        self._malformed = Allowance(MALFORMED_A_SECOND, MALFORMED_LIMIT)
        patience = self.patience
        self._keys = Allowance(patience.keys_per_s, patience.keys_at_once)
        self._bundles = Allowance(patience.bundles_per_s, patience.bundles_at_once)
        carrier.on_bundle = self._hear
        carrier.on_ready = self.flush
        carrier.on_closed = lambda: self._end("the connection was closed by the other side")

    @property
    def suspect(self) -> bool:
        """Whether it is time to look for another way to the other participant.

        Probes are answered within a round trip, so one that takes long is no sign of death.
        """
        return self._silent_ns >= self.suspect_after_ns

    @property
    def suspect_after_ns(self) -> int:
        """After how long a silence that is; always before the link is lost."""
        return min(SUSPECT_AFTER_NS + (self.round_trip_ns or 0), LOST_AFTER_NS - 3 * TICK_NS)

    @property
    def silent_ns(self) -> int:
        """How long nothing was heard, as of the last tick."""
        return max(0, self._silent_ns)

    @property
    def ready(self) -> bool:
        """Whether what is sent now leaves with the next :meth:`flush`, and does not wait."""
        return self._carrier.ready

    @property
    def loss(self) -> float | None:
        """The share of what was sent of late that the path lost; None: the carrier cannot say."""
        return self._carrier.loss

    def send(self, envelope: Envelope) -> None:
        """Have an envelope sent by the next :meth:`flush`."""
        self.send_encoded(encode_envelope(envelope), envelope)

    def send_encoded(self, data: bytes, header: Envelope) -> None:
        """The same for one that is encoded already, so that many links share one encoding.

        What is more than the path carries is left out of it: see
        :mod:`~presence.transport.shedding`.

        Raises:
            ValueError: it does not fit a bundle.
        """
        now_ns = self._clock.now_ns()
        left = self._shedder.shed(data, header, self._carrier.budget_bps, now_ns)
        if left is None:
            self._shed += 1
        else:
            self._gate.offer(left, header, now_ns)

    def send_control(self, *messages: Control) -> None:
        """Have control messages sent by the next :meth:`flush`."""
        envelope = Envelope.single(
            Kind.CONTROL,
            self.own_stream,
            sequence=next(self._control_numbers),
            capture_ns=self._clock.now_ns(),
            payload=encode_control(messages),
        )
        self.send(envelope if self._seals is None else self._seals.seal(envelope))

    def flush(self) -> None:
        """Send what waits, together, as far as the carrier takes it; the rest waits on."""
        counters = self._counters
        while len(self._gate) and self._carrier.ready:
            envelopes = self._gate.take()
            (bundle,) = pack_bundles(envelopes)
            if self._carrier.send(bundle):
                counters.sent_bundles += 1
                counters.sent_envelopes += len(envelopes)

    def tick(self) -> None:
        """Time has passed: ask for a sign of life, or find that there is none."""
        now_ns = self._clock.now_ns()
        # A process that was held up heard nobody, which says nothing about them; so only time
        # in which the loop ran counts as silence.
        since_ns = now_ns - self._ticked_ns
        passed_ns = min(since_ns, 2 * TICK_NS)
        self._ticked_ns = now_ns
        self._silent_ns = max(0, self._silent_ns + passed_ns)
        self._malformed.refill(passed_ns)
        # What came while this process was held up lay in the socket, and comes at once.
        self._bundles.refill(since_ns)
        self._keys.refill(passed_ns)
        if self._silent_ns >= LOST_AFTER_NS:
            self._end(f"nothing was heard for {self._silent_ns / SECOND:.1f} s")
        elif now_ns >= self._ping_due_ns or self._silent_ns >= PROBE_AFTER_NS:
            self._ping_due_ns = now_ns + PING_INTERVAL_NS
            self._ping(now_ns)

    @property
    def queued_age_ns(self) -> int:
        """How long what has waited longest to be sent has waited; 0 if nothing waits."""
        return self._gate.oldest_age_ns(self._clock.now_ns())

    def stats(self) -> LinkStats:
        """How the link is doing now."""
        now_ns = self._clock.now_ns()
        dropped = {str(reason): count for reason, count in self._gate.dropped.items()}
        if self._shed:
            dropped["shed"] = self._shed
        step = self._shedder.step
        name = self._carrier.name
        return LinkStats(
            stream=self.stream,
            carrier=f"{name} ({self._route})" if self._route else name,
            round_trip_ns=self.round_trip_ns,
            silent_ns=max(0, self._silent_ns + now_ns - self._ticked_ns),
            queued=len(self._gate),
            queued_age_ns=self.queued_age_ns,
            budget_bps=self._carrier.budget_bps,
            loss=self._carrier.loss,
            divisor=step.divisor,
            detail=step.detail,
            counters=replace(self._counters, dropped=dropped),
        )

    def _ping(self, now_ns: int) -> None:
        token = next(self._tokens)
        self._pinged[token] = now_ns
        if len(self._pinged) > _PINGS_KEPT:
            del self._pinged[min(self._pinged)]
        self._send_ping(token)
        self.flush()

    def _send_ping(self, token: int) -> None:
        self.send_control(Ping(token))

    def leave(self) -> None:
        """Say goodbye."""
        self.send_control(Bye())
        self.flush()

    def _hear(self, bundle: bytes, arrival_ns: int) -> None:
        # Counted from here on, not from the tick before.
        self._silent_ns = self._ticked_ns - arrival_ns
        self._counters.received_bundles += 1
        if not self._bundles.spend():
            self._end("the other participant sends more than anybody could", hostile=True)
            return
        try:
            parts = unpack_bundle(bundle)
        except WireError:
            self._count_malformed()
            return
        for part in parts:
            try:
                envelope = decode_envelope(part)
                if self._carries(envelope, arrival_ns):
                    self._counters.received_envelopes += 1
                    self._open(envelope, arrival_ns)
                else:
                    self._counters.foreign += 1
            except WireError:
                self._count_malformed()
            if self._on_end is None:
                return

    def _carries(self, envelope: Envelope, arrival_ns: int) -> bool:
        """Whether what came may come this way."""
        return envelope.stream == self.stream

    def keys_came(self) -> None:
        """The other participant's keys are more than before: open what waited for them."""
        held, self._held = self._held, deque()
        now_ns = self._clock.now_ns()
        for envelope, arrival_ns in held:
            if now_ns - arrival_ns > HELD_NS:
                self._counters.unopened += 1
                continue
            try:
                self._open(envelope, arrival_ns, late=True)
            except WireError:
                self._count_malformed()
            if self._on_end is None:
                return

    def _open(self, envelope: Envelope, arrival_ns: int, *, late: bool = False) -> None:
        if self._seals is None:
            self._take(envelope, arrival_ns)
            return
        if envelope.kind == Kind.KEY and not envelope.epoch:
            if not self._keys.spend():
                # Each costs a signature's verification.
                raise EnvelopeError("more is said about keys than there could be to say")
            self._take(envelope, arrival_ns)
            return
        now_ns = self._clock.now_ns() if late else arrival_ns
        try:
            opened = self._seals.open(envelope, now_ns)
        except UnknownKeyError:
            self._hold(envelope, arrival_ns)
            return
        if opened is None:
            self._counters.repeated += 1
        elif opened.kind == Kind.CONTROL:
            self._take(opened, arrival_ns, late=late)
        else:
            # What had to wait is as good as just come: only now could it be shown.
            self._take(opened, now_ns)

    def _hold(self, envelope: Envelope, arrival_ns: int) -> None:
        self._held.append((envelope, arrival_ns))
        if len(self._held) > self.patience.held:
            self._held.popleft()
            self._counters.unopened += 1

    def _take(self, envelope: Envelope, arrival_ns: int, *, late: bool = False) -> None:
        if envelope.kind != Kind.CONTROL:
            self._on_envelope(envelope, arrival_ns)
            return
        for_others = False
        pings: list[Ping] = []
        for message in decode_control(envelope.core):
            match message:
                case Ping():
                    pings.append(message)
                case Pong(token):
                    self._ponged(token, arrival_ns)
                case Bye():
                    self._end("the other participant left", left=True)
                case HeardByRelay():
                    self.heard_by_relay_ns = arrival_ns
                case _:
                    for_others = True
        # Answered late, a ping would make the round trip seem longer than it is.
        if pings and not late:
            # One answer, however many were asked for: an envelope could ask for hundreds.
            self.send_control(Pong(pings[-1].token))
            self.flush()
        if for_others:
            self._on_envelope(envelope, arrival_ns)

    def _ponged(self, token: int, arrival_ns: int) -> None:
        pinged_ns = self._pinged.pop(token, None)
        if pinged_ns is None:
            return
        trip_ns = arrival_ns - pinged_ns
        if self.round_trip_ns is None:
            self.round_trip_ns = trip_ns
        else:
            self.round_trip_ns += (trip_ns - self.round_trip_ns) // _ROUND_TRIP_SMOOTHING

    def _count_malformed(self) -> None:
        self._counters.malformed += 1
        if not self._malformed.spend():
            self._end("the other participant sends nothing that can be understood", hostile=True)

    def _end(self, reason: str, *, left: bool = False, hostile: bool = False) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            carrier = self._carrier
            carrier.on_bundle = carrier.on_ready = carrier.on_closed = None
            on_end(LinkEnd(reason, left, hostile))
