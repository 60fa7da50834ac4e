"""From a source to envelopes: sample, encode, wrap, count, and send again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from presence.client.logs import Columns
from presence.client.resending import Resender
from presence.clock import SkewedClock
from presence.codec import Encoder, Frame, encode_profile
from presence.codec.layout import REACH
from presence.tracking.source import Source
from presence.wire.envelope import Envelope, Kind
from presence.wire.key_package import key_payload
from presence.wire.signalling import KeyPackage, KeyRequest

_SEALED_KEPT = 64
"""Reference frames whose sealed bytes are kept: more than are ever sent again."""


def _unsealed(envelope: Envelope) -> Envelope:
    return envelope


class Sender:
    """One participant's own stream. State: the encoder, and what may have to be sent again."""

    def __init__(
        self,
        stream: int,
        source: Source,
        clock: SkewedClock,
        log: Columns | None = None,
        *,
        seal: Callable[[Envelope], Envelope] = _unsealed,
    ) -> None:
        """Send what ``source`` does as stream ``stream``; each frame gets a row of ``log``.

        ``seal`` seals each envelope, once; by default, for measurements of the rest, nothing does.
        """
        self.stream = stream
        self.source = source
        self._clock = clock
        self._encoder = Encoder(source.proportions)
        self._profiles = 0
        self._packets = 0
        self._about_keys = 0
        self._log = log
        self._resender = Resender()
        self._seal = seal
        self._sealed: dict[int, Envelope] = {}
        """Reference frames as they were sent, by their whole number: to be sent again as they are,
        since no two plaintexts may ever be sealed under one number."""
        self.bytes_sent = 0
        """Of every envelope once, and of what was sent again each time."""

    def capture(self, machine_ns: int) -> Envelope | None:
        """The envelope of what the person does now.

        None while nothing is tracked, or while they are further from their place than can be sent.
        """
        sample = self.source.sample(self._clock.from_machine_ns(machine_ns) // 1000 * 1000)
        if sample is None or np.abs(sample.root_position).max() > REACH:
            return None
        frame = self._encoder.encode(sample)
        self._resender.sent(frame)
        envelope = self._seal(Envelope.pose(self.stream, frame))
        if frame.reference:
            self._sealed[frame.sequence] = envelope
            if len(self._sealed) > _SEALED_KEPT:
                del self._sealed[next(iter(self._sealed))]
        self.bytes_sent += envelope.size
        if self._log is not None:
            self._log.add(
                frame.sequence, frame.capture_ns, machine_ns, envelope.size, int(frame.golden)
            )
        return envelope

    def profile(self, machine_ns: int) -> Envelope:
        """The envelope of the person's measures."""
        self._profiles += 1
        return self._seal(
            Envelope.single(
                Kind.PROFILE,
                self.stream,
                sequence=self._profiles,
                capture_ns=self._clock.from_machine_ns(machine_ns),
                payload=encode_profile(self.source.proportions),
            )
        )

    def voice(self, packet: bytes, capture_ns: int) -> Envelope:
        """The envelope of one Opus packet, by this participant's clock."""
        self._packets += 1
        envelope = self._seal(
            Envelope.single(
                Kind.VOICE,
                self.stream,
                sequence=self._packets,
                capture_ns=capture_ns,
                payload=packet,
            )
        )
        self.bytes_sent += envelope.size
        return envelope

    def about_keys(self, message: KeyPackage | KeyRequest, machine_ns: int) -> Envelope:
        """The envelope of something about keys, which is not sealed: it is by itself."""
        self._about_keys += 1
        return Envelope.single(
            Kind.KEY,
            self.stream,
            sequence=self._about_keys,
            capture_ns=self._clock.from_machine_ns(machine_ns),
            payload=key_payload(message),
        )

    def repair(self, asker: int, missing: int, known: int, now_ns: int) -> list[Envelope]:
        """The reference frames for a participant who asks for one, oldest first.

        None of them if they were sent those a moment ago; or if only a golden helps them, which
        the next frame then is.

        Args:
            asker: the participant.
            missing: the number of the frame that they ask for, as an envelope carries it.
            known: that of the newest reference frame which they have; the same if none.
            now_ns: by the machine's clock.
        """
        frames = self._resender.repair(asker, missing, known, now_ns)
        if frames is None:
            self.request_golden(now_ns)
            return []
        envelopes = self._again(frames)
        if len(envelopes) < len(frames):
            self.request_golden(now_ns)
        return envelopes

    def loses(self, stream: int, share: float, now_ns: int) -> None:
        """A participant reports which share of the frames, 0 to 1, they lose."""
        self._resender.loses(stream, share, now_ns)

    def repeats(self, stream: int, now_ns: int) -> list[Envelope]:
        """What a participant is sent again with the frame captured last, given what they lose."""
        return self._again(self._resender.due(stream, now_ns))

    def new_key(self) -> None:
        """What is sealed from now on is sealed by another key: the next frame is golden."""
        self._encoder.request_golden()

    def forget(self, stream: int) -> None:
        """A participant is in the room no more."""
        self._resender.forget(stream)

    def _again(self, frames: list[Frame]) -> list[Envelope]:
        kept = (self._sealed.get(frame.sequence) for frame in frames)
        # Under a former number of one's own, they are nobody's any more.
        envelopes = [one for one in kept if one is not None and one.stream == self.stream]
        self.bytes_sent += sum(envelope.size for envelope in envelopes)
        return envelopes

    def request_golden(self, now_ns: int) -> None:
        """Someone cannot decode: make the next frame golden."""
        if self._resender.makes_golden(now_ns):
            self._encoder.request_golden()
