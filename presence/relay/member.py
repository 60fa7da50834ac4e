"""One participant in a room of a relay: what they send, what they hear, what they are allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from presence.clock import SECOND
from presence.relay.limits import Level, RelayLimits
from presence.relay.listener import Listener
from presence.relay.source import Source
from presence.transport.carrier import Carrier

_MALFORMED_SECONDS, _FLOOD_SECONDS, _KIB_SECONDS = 5.0, 2.0, 1.0
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Expelled:
    """Why the relay parts from somebody."""

    code: str
    """``left``, ``lost``, ``flood``, ``malformed``, ``replaced`` or ``closed``: the relay ended."""
    sentence: str


class Member:
    """One participant. State: both directions, when they were heard, and what they may still do."""

    elsewhere = False
    """Whether these are people at another relay."""

    def __init__(
        self,
        stream: int,
        carrier: Carrier,
        on_end: Callable[[Expelled], None],
        limits: RelayLimits,
        now_ns: int,
    ) -> None:
        """They have just come."""
        self.stream = stream
        self.source = Source(stream, now_ns)
        self.listener = Listener(stream, carrier)
        self.heard_ns = now_ns
        self.asked_sequence: int | None = None
        """Of the newest message to the relay by which they said what they want."""
        self.answered: dict[tuple[int, int], int] = {}
        """When each reference was last sent again to them, by stream and sequence."""
        self.dropped = 0
        """Envelopes beyond what is allowed."""
        self.malformed = 0
        self.foreign = 0
        """Envelopes of a stream that is not theirs."""
        self.received = 0
        self.ended: Expelled | None = None
        """Why the relay parted from them."""
        self._on_end: Callable[[Expelled], None] | None = on_end
        self._bundles = Level(limits.bundles_per_s, _FLOOD_SECONDS * limits.bundles_per_s, now_ns)
        self._envelopes = Level(limits.envelopes_per_s, limits.envelopes_per_s, now_ns)
        self._bytes = Level(_KIB * limits.kib_per_s, _KIB_SECONDS * _KIB * limits.kib_per_s, now_ns)
        self._malformed = Level(
            limits.malformed_per_s, _MALFORMED_SECONDS * limits.malformed_per_s, now_ns
        )
        self._requests = Level(limits.requests_per_s, limits.requests_per_s, now_ns)
        self.lost_ns = round(limits.lost_after_s * SECOND)
        """For so long without a word they are not gone yet."""

    def source_of(self, stream: int, now_ns: int) -> Source:
        """Whose an envelope of that stream is which came from here."""
        return self.source

    @property
    def gone(self) -> bool:
        """Whether they are shown out already."""
        return self._on_end is None

    def bundle_came(self, now_ns: int) -> bool:
        """Whether a bundle of theirs is still looked at."""
        self.heard_ns = now_ns
        if self._bundles.add(1.0, now_ns):
            return True
        self.end(Expelled("flood", "you send more bundles than anybody has a use for"))
        return False

    def envelope_came(self, size: int, now_ns: int) -> bool:
        """Whether an envelope of theirs may be passed on."""
        self.received += 1
        if self._envelopes.add(1.0, now_ns) and self._bytes.add(size, now_ns):
            return True
        self.dropped += 1
        return False

    def request_came(self, now_ns: int) -> bool:
        """Whether a message of theirs to the relay is listened to."""
        return self._requests.add(1.0, now_ns)

    def not_understood(self, now_ns: int) -> None:
        """Something of theirs made no sense."""
        self.malformed += 1
        if not self._malformed.add(1.0, now_ns):
            self.end(Expelled("malformed", "you send nothing that can be understood"))

    def lost(self, now_ns: int) -> bool:
        """Whether nothing was heard of them for so long that they are gone."""
        return now_ns - self.heard_ns > self.lost_ns

    def end(self, why: Expelled) -> None:
        """Part from them; once."""
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            self.ended = why
            carrier = self.listener.carrier
            carrier.on_bundle = carrier.on_ready = carrier.on_closed = None
            on_end(why)
