"""From a source to envelopes: sample, encode, wrap, count, and send again."""

from __future__ import annotations

import numpy as np

from presence.client.logs import Columns
from presence.clock import MILLISECOND, SECOND, SkewedClock
from presence.codec import Encoder, Frame, Repeater, encode_profile
from presence.codec.layout import REACH
from presence.tracking.source import Source
from presence.wire.envelope import SEQUENCE_PERIOD, Envelope, Kind

GOLDEN_HOLDOFF_NS = 100 * MILLISECOND
"""Requests for a golden frame that come within this time of the last one are one request."""
REPAIR_HOLDOFF_NS = 50 * MILLISECOND
"""Requests of one participant for one frame that come within this time are one request."""
LOSS_HOLDS_NS = 2 * SECOND
"""How long a participant's report of loss is believed."""


class Sender:
    """One participant's own stream.

    State: the encoder, the frames that may have to be sent again, and what the others asked for and
    lose.
    """

    def __init__(
        self, stream: int, source: Source, clock: SkewedClock, log: Columns | None = None
    ) -> None:
        """Send what ``source`` does as stream ``stream``; each frame gets a row of ``log``."""
        self.stream = stream
        self.source = source
        self._clock = clock
        self._encoder = Encoder(source.proportions)
        self._golden_ns = 0
        self._profiles = 0
        self._log = log
        self._repeater = Repeater()
        self._losses: dict[int, tuple[float, int]] = {}
        """By participant: the share they lose, and when they said so."""
        self._repaired: dict[tuple[int, int], int] = {}
        """By participant and frame: when it was sent again on request, a moment ago."""
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
        self._repeater.sent(frame)
        envelope = Envelope.pose(self.stream, frame)
        self.bytes_sent += envelope.size
        if self._log is not None:
            self._log.add(
                frame.sequence, frame.capture_ns, machine_ns, envelope.size, int(frame.golden)
            )
        return envelope

    def profile(self, machine_ns: int) -> Envelope:
        """The envelope of the person's measures."""
        self._profiles += 1
        return Envelope.single(
            Kind.PROFILE,
            self.stream,
            sequence=self._profiles,
            capture_ns=self._clock.from_machine_ns(machine_ns),
            payload=encode_profile(self.source.proportions),
        )

    def repair(self, asker: int, sequence: int, now_ns: int) -> Envelope | None:
        """The reference frame that a participant asks for again.

        None if they were sent it a moment ago; or if it is not kept, which makes the next frame
        golden.

        Args:
            asker: the participant.
            sequence: the frame's number as an envelope carries it.
            now_ns: by the machine's clock.
        """
        frame = self._repeater.find(sequence, SEQUENCE_PERIOD)
        if frame is None:
            self.request_golden(now_ns)
            return None
        before = self._repaired.get((asker, frame.sequence))
        if before is not None and now_ns - before < REPAIR_HOLDOFF_NS:
            return None
        self._repaired = {
            at: ns for at, ns in self._repaired.items() if now_ns - ns < REPAIR_HOLDOFF_NS
        }
        self._repaired[asker, frame.sequence] = now_ns
        return self._again(frame)

    def loses(self, stream: int, share: float, now_ns: int) -> None:
        """A participant reports which share of the frames, 0 to 1, they lose."""
        self._losses[stream] = share, now_ns

    def repeats(self, stream: int, now_ns: int) -> list[Envelope]:
        """What a participant is sent again with the frame captured last, given what they lose."""
        share, since_ns = self._losses.get(stream, (0.0, now_ns))
        if now_ns - since_ns > LOSS_HOLDS_NS:
            return []
        return [self._again(frame) for frame in self._repeater.due(share)]

    def forget(self, stream: int) -> None:
        """A participant is in the room no more."""
        self._losses.pop(stream, None)

    def _again(self, frame: Frame) -> Envelope:
        envelope = Envelope.pose(self.stream, frame)
        self.bytes_sent += envelope.size
        return envelope

    def request_golden(self, now_ns: int) -> None:
        """Someone cannot decode: make the next frame golden."""
        if now_ns - self._golden_ns >= GOLDEN_HOLDOFF_NS:
            self._golden_ns = now_ns
            self._encoder.request_golden()
