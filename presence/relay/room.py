"""A room of a relay: sealed envelopes come in by sender, and bundles go out by receiver.

What has the highest priority, voice and control, leaves at once, before all else. What may wait
does so for four milliseconds, or until a bundle is full: so an envelope costs each receiver an
eighth of a datagram. The clear header decides alone, with what receivers ask and what their paths
carry.

Sans-IO but for the carriers that it is given: the time is passed in, and somebody else is told when
to call :meth:`Room.flush`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from presence.clock import MILLISECOND, SECOND
from presence.errors import WireError
from presence.relay.histogram import Histogram
from presence.relay.limits import RelayLimits
from presence.relay.member import Expelled, Member
from presence.relay.source import Source, frame
from presence.relay.tally import Tally
from presence.relay.thinning import DECIDE_NS
from presence.relay.trunk import NOBODY, Trunk
from presence.transport.carrier import Carrier
from presence.transport.shedding import PACKET_BYTES
from presence.wire.bundle import BUNDLE_LIMIT, unpack_bundle
from presence.wire.envelope import (
    SEQUENCE_PERIOD,
    Envelope,
    Kind,
    decode_envelope,
    encode_envelope,
)
from presence.wire.relaying import (
    WHOLE,
    Again,
    Newest,
    RelayBye,
    Relaying,
    RelayMove,
    RelayPing,
    RelayPong,
    Want,
    Wants,
    decode_relaying,
    encode_relaying,
)
from presence.wire.unwrap import unwrap

HOLD_NS = 4 * MILLISECOND
"""For so long an envelope may wait for its bundle to fill."""
MOST_HOLD_NS = 12 * MILLISECOND
"""And so long at most when there is more to do than time for it."""
_BUSY = 3
"""Sending takes at most one part of time in so many and one."""
_SMOOTHING = 8
TICK_NS = 50 * MILLISECOND
"""How often :meth:`Room.tick` is to be called."""
URGENT = 3
"""What has this priority leaves at once."""
PING_NS = SECOND // 2
"""How often another relay is told that this one is there."""
ANYBODY = 1
"""Stands where a stream must, between relays, where it means nothing."""
AGAIN_NS = 50 * MILLISECOND
"""Each reference goes again to the same receiver once in so long."""
_ANSWERS_KEPT = 256
_VOICES_A_SECOND = 50.0
_SEALED_KINDS = (Kind.POSE, Kind.VOICE, Kind.CONTROL, Kind.PROFILE)
USUAL_LIMITS = RelayLimits()


class Room:
    """Who is here. State: the members, what is to leave, and when."""

    def __init__(
        self,
        wake: Callable[[int], None],
        limits: RelayLimits = USUAL_LIMITS,
        *,
        hold_ns: int = HOLD_NS,
        tally: Tally | None = None,
    ) -> None:
        """Nobody is here yet.

        Args:
            wake: Is told in how many nanoseconds, perhaps 0, to call :meth:`flush`.
            limits: What each member is allowed.
            hold_ns: For how long an envelope may wait for its bundle to fill.
            tally: Counts what happens here, and perhaps elsewhere.
        """
        self.tally = Tally() if tally is None else tally
        self.members: dict[int, Member] = {}
        self.trunks: dict[str, Trunk] = {}
        """By node: the other relays that this room is at."""
        self._wake = wake
        self._limits = limits
        self._hold_ns = self._least_hold_ns = hold_ns
        self._flush_ns = 0
        """How long sending takes of late."""
        self._due_ns: int | None = None
        self._headers: dict[bytes, Envelope] = {}
        self._bytes = 0
        """That wait for a bundle to fill, of those who are sent most."""
        self._urgent, self._urgent_ns = 0, 0
        """Envelopes that leave at once with the next flush, and when the first of them came."""
        self._held, self._held_ns = 0, 0
        self._leaving: list[tuple[Histogram, int, int]] = []
        """What was flushed and not yet counted: where, how many, and how long they waited."""
        self._numbers = itertools.count()
        self._decided_ns: int | None = None

    @property
    def full(self) -> bool:
        """Whether nobody else can come."""
        return len(self.members) >= self._limits.capacity

    def join(
        self, stream: int, carrier: Carrier, on_end: Callable[[Expelled], None], now_ns: int
    ) -> Member:
        """Somebody comes; who had the number before goes.

        Args:
            stream: Their number, for which they showed a token.
            carrier: How they are reached.
            on_end: Is told when the room parts from them, and why.
            now_ns: The time.
        """
        before = self.members.pop(stream, None)
        if before is not None:
            before.end(Expelled("replaced", "you came once more, and that connection is used"))
            self.tally.member_gone(before, "replaced")
        member = Member(stream, carrier, on_end, self._limits, now_ns)
        for source in self._sources():
            if source.stream != stream:
                self._hand_over(source, member, now_ns)
        self.members[stream] = member
        self._reconnect()
        carrier.on_bundle = lambda bundle, arrival_ns: self.heard(member, bundle, arrival_ns)
        carrier.on_ready = member.listener.drain
        carrier.on_closed = lambda: self.leave(
            member, Expelled("lost", "the connection to you was closed")
        )
        member.listener.drain()
        return member

    def open_trunk(
        self, node: str, carrier: Carrier, on_end: Callable[[Expelled], None], now_ns: int
    ) -> Trunk:
        """The room is at another relay as well; what was open to the same before gives way.

        Args:
            node: That relay.
            carrier: How it is reached.
            on_end: Is told when the room parts from it, and why.
            now_ns: The time.
        """
        before = self.trunks.pop(node, None)
        if before is not None:
            before.end(Expelled("replaced", "this relay is linked to once more"))
        trunk = Trunk(node, carrier, on_end, self._limits, now_ns)
        for member in self.members.values():
            self._hand_over(member.source, trunk, now_ns)
        self.trunks[node] = trunk
        self._reconnect()
        carrier.on_bundle = lambda bundle, arrival_ns: self.heard(trunk, bundle, arrival_ns)
        carrier.on_ready = trunk.listener.drain
        carrier.on_closed = lambda: self.leave(trunk, Expelled("lost", "the trunk was closed"))
        trunk.listener.drain()
        return trunk

    def ask_to_move(self, stream: int, now_ns: int) -> None:
        """Ask somebody to come once more, since this relay is going."""
        member = self.members.get(stream)
        if member is not None:
            self._say(member, RelayMove(), now_ns)

    def leave(self, member: Member, why: Expelled) -> None:
        """Somebody goes, or a trunk ends."""
        if isinstance(member, Trunk):
            if self.trunks.get(member.node) is member:
                del self.trunks[member.node]
                self._reconnect()
        elif self.members.get(member.stream) is member:
            del self.members[member.stream]
            for other in self._everyone():
                other.listener.thinning.forget(member.stream)
            self._reconnect()
            self.tally.member_gone(member, (member.ended or why).code)
        member.end(why)

    def close(self, why: Expelled, now_ns: int) -> None:
        """Say goodbye to everybody, and part from them."""
        for member in self._everyone():
            self._say(member, RelayBye(), now_ns)
        self.flush(now_ns)
        for member in self._everyone():
            self.leave(member, why)

    def heard(self, member: Member, bundle: bytes, now_ns: int) -> None:
        """A bundle came from somebody, or by a trunk."""
        if self._shown_out(member):
            return
        if not member.bundle_came(now_ns):
            self._shown_out(member)
            return
        try:
            parts = unpack_bundle(bundle)
        except WireError:
            member.not_understood(now_ns)
            self._shown_out(member)
            return
        for data in parts:
            try:
                header = decode_envelope(data)
                if header.kind == Kind.RELAY and member.stream in (header.stream, NOBODY):
                    self._asked(member, header, now_ns)
                elif not self._speaks_for(member, header.stream):
                    member.foreign += 1
                elif not header.epoch and header.kind in _SEALED_KINDS:
                    member.not_understood(now_ns)
                elif member.envelope_came(len(data), now_ns):
                    self._pass_on(member, data, header, now_ns)
            except WireError:
                member.not_understood(now_ns)
            if self._shown_out(member):
                return

    def flush(self, now_ns: int) -> None:
        """Send what is to leave."""
        self._due_ns = None
        headers, self._headers = self._headers, {}
        self._bytes = 0
        held = False
        if self._urgent:
            self._leaving.append((self.tally.at_once, self._urgent, now_ns - self._urgent_ns))
        if self._held:
            self._leaving.append((self.tally.held, self._held, now_ns - self._held_ns))
        self._urgent = self._held = 0
        # A carrier may find itself closed, and its member leave.
        for member in self._everyone():
            listener = member.listener
            if listener.later or listener.at_once:
                listener.flush(headers, now_ns)
                held = held or bool(listener.later)
        if held:
            self._due(now_ns + self._hold_ns, now_ns)

    def flush_took(self, passed_ns: int) -> None:
        """Sending took so long: where there is much to do, bundles are let fill for longer.

        So sending never takes more than a part of the time, and overload costs some milliseconds
        of a pose's latency instead of everybody's frames.
        """
        for histogram, count, waited_ns in self._leaving:
            histogram.add((waited_ns + passed_ns) / SECOND, count)
        self._leaving.clear()
        self._flush_ns += (passed_ns - self._flush_ns) // _SMOOTHING
        self._hold_ns = min(max(self._least_hold_ns, _BUSY * self._flush_ns), MOST_HOLD_NS)

    def tick(self, now_ns: int) -> None:
        """Time has passed: see who fell silent, and whose path carries how much."""
        for member in self._everyone():
            if isinstance(member, Trunk):
                self._ping(member, now_ns)
                if member.forget_silent(now_ns):
                    self._reconnect()
            if member.gone or member.lost(now_ns):
                self.leave(member, Expelled("lost", "nothing was heard of you any more"))
            else:
                member.listener.drain()
        if self._decided_ns is None or now_ns - self._decided_ns >= DECIDE_NS:
            self._decided_ns = now_ns
            self._decide(now_ns)

    def _pass_on(self, member: Member, data: bytes, header: Envelope, now_ns: int) -> None:
        source = member.source_of(header.stream, now_ns)
        source.meter.add(len(data), header)
        if header.kind in (Kind.POSE, Kind.PROFILE):
            source.cache.take(data, header)
        if source.stale:
            # What came by a trunk goes by none.
            source.connect(
                other.listener.outlet(source.stream)
                for other in (self.members.values() if member.elsewhere else self._everyone())
                if other is not member
            )
        framed = frame(data)
        if header.kind == Kind.KEY and len(header.core) >= 2:
            self._pass_key(member, framed, header, now_ns)
            return
        urgent = header.priority == URGENT
        if self._bytes + len(framed) > BUNDLE_LIMIT:
            self.flush(now_ns)
        self._note(framed, header)
        if urgent:
            self._urgent_ns = self._urgent_ns if self._urgent else now_ns
            self._urgent += 1
        else:
            self._held_ns = self._held_ns if self._held else now_ns
            self._held += 1
        source.pass_on(framed, header, urgent, self._note_short)
        self._bytes += len(framed)
        self._due(now_ns if urgent else now_ns + self._hold_ns, now_ns)

    def _pass_key(self, member: Member, framed: bytes, header: Envelope, now_ns: int) -> None:
        """What is about keys goes to its receiver alone, whose number stands before it in clear."""
        to = int.from_bytes(header.core[:2], "big")
        others: list[Member] = [self.members[to]] if to in self.members else []
        if not others and not member.elsewhere:
            at = [trunk for trunk in self.trunks.values() if to in trunk.sources]
            # Nothing may have come of them yet.
            others = [*(at or self.trunks.values())]
        for other in others:
            if other is not member:
                self._note(framed, header)
                other.listener.at_once.append(framed)
                self._due(now_ns, now_ns)

    def _note(self, framed: bytes, header: Envelope) -> None:
        self._headers[framed] = header

    def _note_short(self, framed: bytes) -> None:
        self._headers[framed] = decode_envelope(framed[2:])

    def _due(self, at_ns: int, now_ns: int) -> None:
        if self._due_ns is None or at_ns < self._due_ns:
            self._due_ns = at_ns
            self._wake(at_ns - now_ns)

    def _shown_out(self, member: Member) -> bool:
        """Whether somebody is gone; if so, they are no member any more."""
        if member.gone and self.members.get(member.stream) is member:
            self.leave(member, Expelled("left", "you left"))
        return member.gone

    def _reconnect(self) -> None:
        for source in self._sources():
            source.stale = True

    def _everyone(self) -> tuple[Member, ...]:
        """Those to whom something may be sent."""
        return *self.members.values(), *self.trunks.values()

    def _sources(self) -> Iterator[Source]:
        """Those of whom something is known, here and at the other relays."""
        for member in self.members.values():
            yield member.source
        for trunk in self.trunks.values():
            yield from trunk.sources.values()

    def _source(self, stream: int) -> Source | None:
        """Whoever has that number; who is here goes before who is said to be elsewhere."""
        return next((source for source in self._sources() if source.stream == stream), None)

    def _speaks_for(self, member: Member, stream: int) -> bool:
        """Whether envelopes of a stream may come from there.

        Who goes over from one relay to another is at both for a moment, and may be heard by either.
        """
        return member.elsewhere or stream == member.stream

    def _hand_over(self, source: Source, newcomer: Member, now_ns: int) -> None:
        """Give a newcomer what is kept of somebody."""
        for data, header in source.cache.everything():
            newcomer.listener.offer(data, header, now_ns)

    def _ping(self, trunk: Trunk, now_ns: int) -> None:
        """Have the other relay know that this one is there, though nobody here says a word."""
        if now_ns - trunk.pinged_ns >= PING_NS:
            trunk.pinged_ns = now_ns
            self._say(trunk, RelayPing(0), now_ns)

    # What participants ask of the relay itself.

    def _asked(self, member: Member, header: Envelope, now_ns: int) -> None:
        for message in decode_relaying(header.core):
            if not member.request_came(now_ns):
                member.dropped += 1
                return
            self._answer(member, header, message, now_ns)

    def _answer(self, member: Member, header: Envelope, message: Relaying, now_ns: int) -> None:
        match message:
            case Wants():
                newest = member.asked_sequence
                if newest is not None and unwrap(header.sequence, SEQUENCE_PERIOD, newest) < newest:
                    return
                member.asked_sequence = header.sequence
                if member.listener.thinning.ask(message):
                    self._reconnect()
            case Again(stream, missing, known):
                self._send_again(member, stream, missing, known, now_ns)
            case Newest(stream):
                source = self._source(stream)
                if source is not None and stream != member.stream:
                    self._hand_over(source, member, now_ns)
                    member.listener.drain()
            case RelayPing(token):
                self._say(member, RelayPong(token), now_ns)
            case RelayBye():
                self.leave(member, Expelled("left", "you left"))
            case _:
                pass

    def _send_again(
        self, member: Member, stream: int, missing: int, known: int, now_ns: int
    ) -> None:
        source = self._source(stream)
        if source is None or stream == member.stream:
            return
        for data in source.cache.answer(missing, known):
            header = decode_envelope(data)
            key = stream, header.sequence
            sent_ns = member.answered.pop(key, None)
            if sent_ns is not None and now_ns - sent_ns < AGAIN_NS:
                member.answered[key] = sent_ns
                continue
            member.answered[key] = now_ns
            framed = frame(data)
            self._note(framed, header)
            member.listener.at_once.append(framed)
            self._due(now_ns, now_ns)
        while len(member.answered) > _ANSWERS_KEPT:
            del member.answered[next(iter(member.answered))]

    def _say(self, member: Member, message: Relaying, now_ns: int) -> None:
        envelope = Envelope.single(
            Kind.RELAY,
            member.stream or ANYBODY,
            sequence=next(self._numbers),
            capture_ns=now_ns,
            payload=encode_relaying([message]),
        )
        framed = frame(encode_envelope(envelope))
        self._note(framed, envelope)
        member.listener.at_once.append(framed)
        self._due(now_ns, now_ns)

    def _decide(self, now_ns: int) -> None:
        for source in self._sources():
            source.meter.fold(now_ns)
        for member in self._everyone():
            self.tally.look_at(member, now_ns)
        changed = False
        # Who is sent everything, and has room for more than that, need not be reckoned apart.
        most_bps = self._around_bps(
            sum(source.meter.bytes_a_second(WHOLE) for source in self._sources())
        )
        for member in self._everyone():
            listener = member.listener
            budget_bps = listener.carrier.budget_bps
            if not listener.thinning.cut and (budget_bps is None or most_bps <= budget_bps):
                continue

            def cost(want_of: Callable[[int], Want], member: Member = member) -> float:
                return self._cost_bps(member, want_of)

            changed |= listener.thinning.decide(budget_bps, cost, now_ns)
        if changed:
            self._reconnect()

    def _cost_bps(self, member: Member, want_of: Callable[[int], Want]) -> float:
        weight = sum(
            source.meter.bytes_a_second(want_of(source.stream)) for source in self._sent_to(member)
        )
        return self._around_bps(weight)

    def _around_bps(self, weight: float) -> float:
        """Bits a second on the path of so many bytes a second in bundles.

        Bundles fill: so many datagrams it takes at least, and one each hold at most.
        """
        datagrams = min(SECOND / self._least_hold_ns, weight / BUNDLE_LIMIT + _VOICES_A_SECOND)
        return 8.0 * (weight + PACKET_BYTES * datagrams)

    def _sent_to(self, member: Member) -> Iterator[Source]:
        if member.elsewhere:
            return (other.source for other in self.members.values())
        return (source for source in self._sources() if source is not member.source)
