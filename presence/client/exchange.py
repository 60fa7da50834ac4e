"""What goes between one participant and the others: poses, voice, profiles, requests, keys."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from presence.client.logs import Columns
from presence.client.receiving import REPORT_NS, Receiver
from presence.client.records import Record, VoicePacket
from presence.client.sending import Sender
from presence.client.trust import Trust
from presence.clock import Clock, SkewedClock
from presence.errors import WireError
from presence.transport.mesh import Mesh
from presence.transport.relay_link import RELAY
from presence.wire.control import (
    Control,
    GoldenRequest,
    LossReport,
    ProfileRequest,
    RepairRequest,
    decode_control,
)
from presence.wire.envelope import Envelope, Kind
from presence.wire.key_package import read_key_payload
from presence.wire.signalling import KeyPackage, KeyRequest, Pairing


class Exchange:
    """Sends, hears and answers. State: the sender, the receiver, and what is to be said of keys."""

    mesh: Mesh
    """The links of now; set before anything is sent, and anew with another number of one's own."""

    def __init__(
        self,
        sender: Sender,
        trust: Trust,
        machine: Clock,
        clock: SkewedClock,
        tell: Callable[[Record], None],
        log: Columns | None = None,
        *,
        listen: Callable[[VoicePacket], None] = lambda packet: None,
    ) -> None:
        """Nobody is heard yet.

        Args:
            sender: this participant's own stream.
            trust: whom one believes, and the keys.
            machine: the clock of arrivals and deadlines.
            clock: this participant's own, which captures are stamped by.
            tell: takes records for the view.
            log: gets a row for each decoded frame.
            listen: takes packets of voices.
        """
        self.sender = sender
        self.trust = trust
        self.receiver = Receiver(
            clock, tell, self._ask, log, round_trip_ns=self._round_trip_ns, listen=listen
        )
        self.keys: asyncio.Queue[KeyPackage | KeyRequest | Pairing] = asyncio.Queue()
        """What is to be said about keys through the host."""
        self._machine = machine
        self._relay_seen_ns = 0

    # -- out -------------------------------------------------------------------------------------

    def send(self, now_ns: int) -> None:
        """Send everyone what the person does now, and again what some may have lost."""
        if self.trust.tick(now_ns):
            self.use_new_key(now_ns)
        self.say_about_keys()
        self._look_at_relay(now_ns)
        envelope = self.sender.capture(now_ns)
        if envelope is None:
            return
        for stream, link in self.mesh.links.items():
            # On a path that is full, more of the same would only add to what gets lost.
            if link.ready:
                for again in self.sender.repeats(stream, now_ns):
                    link.send(again)
        self.mesh.broadcast(envelope)

    def speak(self, packet: bytes, capture_ns: int) -> None:
        """Send everyone 20 ms of the person's voice, at once."""
        self.mesh.broadcast(self.sender.voice(packet, capture_ns))

    def say_profile(self, now_ns: int) -> None:
        """Say the measures again, and to the view who is here."""
        self.receiver.introduce_all()
        self.mesh.broadcast(self.sender.profile(now_ns))

    def use_new_key(self, now_ns: int) -> None:
        """Whoever knows only the newest key needs the measures and a golden sealed by it."""
        self.sender.new_key()
        self.mesh.broadcast(self.sender.profile(now_ns))

    def say_about_keys(self) -> None:
        """Say what there is to say about keys by both ways, for either may be down."""
        for message in self.trust.collect():
            self.keys.put_nowait(message)
            said = self.sender.about_keys(message, self._machine.now_ns())
            self.mesh.send_to(message.to, said)

    def _look_at_relay(self, now_ns: int) -> None:
        """What is lost on the way to the relay, nobody has: that is sent again for all."""
        relay = self.mesh.relay
        if relay is None or now_ns - self._relay_seen_ns < REPORT_NS:
            return
        self._relay_seen_ns = now_ns
        if relay.loss is not None:
            self.sender.loses(RELAY, relay.loss, now_ns)

    def link_up(self, stream: int) -> None:
        """A newcomer needs the measures first, then one golden frame; a relay keeps them."""
        now = self._machine.now_ns()
        if self.trust.link_up(stream):
            self.use_new_key(now)
        self.mesh.send_to(stream, self.sender.profile(now))
        self.sender.request_golden(now)

    def _ask(self, stream: int, request: Control) -> None:
        urgent = not isinstance(request, LossReport)
        self.mesh.send_control(stream, request, urgent=urgent)

    def _round_trip_ns(self, stream: int) -> int | None:
        link = self.mesh.link_to(stream)
        return link.round_trip_ns if link is not None else None

    # -- in --------------------------------------------------------------------------------------

    def hear(self, envelope: Envelope, arrival_ns: int) -> None:
        """Take in one envelope, opened."""
        if envelope.kind == Kind.KEY:
            self._hear_key(envelope)
            return
        if envelope.kind != Kind.CONTROL:
            self.receiver.hear(envelope, arrival_ns)
            return
        with contextlib.suppress(WireError):
            # Each once, however often it stands there: an envelope has room for hundreds.
            for message in dict.fromkeys(decode_control(envelope.core)):
                self._answer(envelope.stream, message)

    def learn_key(self, stream: int, box: bytes | None) -> None:
        """A member's key came or, without one, their request for one's own."""
        if box is None:
            self.trust.asked(stream, self._machine.now_ns())
            self.say_about_keys()
        elif self.trust.package(stream, box):
            self.mesh.keys_came(stream)

    def _hear_key(self, envelope: Envelope) -> None:
        """Somebody says of keys what they also say through the host, which may be away."""
        with contextlib.suppress(WireError):
            to, box = read_key_payload(envelope.core)
            if to == self.sender.stream:
                self.learn_key(envelope.stream, box)

    def _answer(self, stream: int, message: Control) -> None:
        sender, mesh = self.sender, self.mesh
        now = self._machine.now_ns()
        match message:
            case GoldenRequest(asked) if asked == sender.stream:
                sender.request_golden(now)
            case RepairRequest(asked, missing, known) if asked == sender.stream:
                for envelope in sender.repair(stream, missing, known, now):
                    mesh.send_to(stream, envelope)
            case LossReport(asked) if asked == sender.stream:
                # The receiver cannot tell what got lost from what was never sent to it.
                link = mesh.links.get(stream)
                lost = link.loss if link is not None else None
                sender.loses(stream, message.share if lost is None else lost, now)
            case ProfileRequest(asked) if asked == sender.stream:
                mesh.send_to(stream, sender.profile(now))
