"""The link to a relay: everybody in the room at once, heard and spoken to over one carrier."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from presence.clock import MILLISECOND, Clock
from presence.transport.carrier import Carrier
from presence.transport.link import LOST_AFTER_NS, Link, LinkEnd, Patience, Seals
from presence.wire.control import (
    Bye,
    Control,
    GoldenRequest,
    HeardByRelay,
    Ping,
    Pong,
    ProfileRequest,
    RepairRequest,
    decode_control,
)
from presence.wire.envelope import Envelope, Kind
from presence.wire.relaying import (
    Again,
    Newest,
    RelayBye,
    Relaying,
    RelayMove,
    RelayPing,
    RelayPong,
    decode_relaying,
    encode_relaying,
)

RELAY = 0
"""The relay's place among links, whose streams count from 1."""
ASK_ALL_NS = 500 * MILLISECOND
"""What the relay does not hold is asked of the sender, which all hear, once in so long."""


class RelayLink(Link):
    """All who come to the same relay. State: besides a link's, when each of them was heard."""

    patience = Patience(
        bundles_per_s=3000.0,
        bundles_at_once=6000.0,
        keys_per_s=200.0,
        keys_at_once=1000.0,
        held=2048,
    )

    def __init__(
        self,
        own_stream: int,
        carrier: Carrier,
        clock: Clock,
        on_envelope: Callable[[Envelope, int], None],
        on_end: Callable[[LinkEnd], None],
        *,
        is_member: Callable[[int], bool],
        on_move: Callable[[], None],
        control_numbers: Iterator[int],
        route: str = "",
        seals: Seals | None = None,
    ) -> None:
        """As :class:`Link`.

        ``is_member`` says of whom envelopes are of any use; ``on_move`` is told that the relay is
        going, and that another connection beside this one should be made to the next.
        """
        self._is_member = is_member
        self._on_move = on_move
        self._heard: dict[int, int] = {}
        self._asked: dict[int, int] = {}
        self._numbers = itertools.count()
        super().__init__(
            own_stream,
            RELAY,
            carrier,
            clock,
            on_envelope,
            on_end,
            control_numbers=control_numbers,
            route=route,
            seals=seals,
        )

    def hears(self, stream: int, within_ns: int = LOST_AFTER_NS) -> bool:
        """Whether somebody was heard by the relay within that time."""
        heard_ns = self._heard.get(stream)
        return heard_ns is not None and self._clock.now_ns() - heard_ns < within_ns

    def ask(self, request: Control) -> None:
        """Have a request about somebody's stream answered, by the relay where it can."""
        match request:
            case RepairRequest(stream, missing, known):
                self.say(Again(stream, missing, known))
            case GoldenRequest(stream) | ProfileRequest(stream):
                self.say(Newest(stream))
                now_ns = self._clock.now_ns()
                if now_ns - self._asked.get(stream, -ASK_ALL_NS) >= ASK_ALL_NS:
                    self._asked[stream] = now_ns
                    self.send_control(request)
            case _:
                # What others lose is between them and the relay.
                return
        self.flush()

    def say(self, *messages: Relaying) -> None:
        """Have something said to the relay itself by the next :meth:`flush`."""
        self.send(
            Envelope.single(
                Kind.RELAY,
                self.own_stream,
                sequence=next(self._numbers),
                capture_ns=self._clock.now_ns(),
                payload=encode_relaying(messages),
            )
        )

    def forget(self, stream: int) -> None:
        """Somebody is in the room no more."""
        self._heard.pop(stream, None)
        self._asked.pop(stream, None)

    def leave(self) -> None:
        """Say goodbye: to the others, and to the relay."""
        self.send_control(Bye())
        self.say(RelayBye())
        self.flush()

    def _carries(self, envelope: Envelope, arrival_ns: int) -> bool:
        if envelope.stream == self.own_stream:
            return envelope.kind == Kind.RELAY
        if envelope.kind == Kind.RELAY or not self._is_member(envelope.stream):
            return False
        self._heard[envelope.stream] = arrival_ns
        return True

    def _open(self, envelope: Envelope, arrival_ns: int, *, late: bool = False) -> None:
        if envelope.kind != Kind.RELAY:
            super()._open(envelope, arrival_ns, late=late)
            return
        for message in decode_relaying(envelope.core):
            match message:
                case RelayPong(token):
                    self._ponged(token, arrival_ns)
                case RelayMove():
                    self._on_move()
                case RelayBye():
                    self._end("the relay said goodbye")
                case _:
                    pass

    def _take(self, envelope: Envelope, arrival_ns: int, *, late: bool = False) -> None:
        if envelope.kind != Kind.CONTROL:
            self._on_envelope(envelope, arrival_ns)
            return
        messages = decode_control(envelope.core)
        if Bye() in messages:
            self._heard.pop(envelope.stream, None)
        # Signs of life are between two, and nobody has to answer for all.
        if not all(isinstance(one, Ping | Pong | Bye | HeardByRelay) for one in messages):
            self._on_envelope(envelope, arrival_ns)

    def _send_ping(self, token: int) -> None:
        self.say(RelayPing(token))

    def _count_malformed(self) -> None:
        # Whoever it is from, the others are not to go without the relay for it.
        self._counters.malformed += 1
