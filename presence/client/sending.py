"""From a source to envelopes: sample, encode, wrap, count."""

from __future__ import annotations

import numpy as np

from presence.client.logs import Columns
from presence.clock import MILLISECOND, SkewedClock
from presence.codec import Encoder, encode_profile
from presence.codec.layout import REACH
from presence.tracking.source import Source
from presence.wire.envelope import Envelope, Kind

GOLDEN_HOLDOFF_NS = 100 * MILLISECOND
"""Requests for a golden frame that come within this time of the last one are one request."""


class Sender:
    """One participant's own stream. State: the encoder, and what was sent."""

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
        self.bytes_sent = 0

    def capture(self, machine_ns: int) -> Envelope | None:
        """The envelope of what the person does now.

        None while nothing is tracked, or while they are further from their place than can be sent.
        """
        sample = self.source.sample(self._clock.from_machine_ns(machine_ns) // 1000 * 1000)
        if sample is None or np.abs(sample.root_position).max() > REACH:
            return None
        frame = self._encoder.encode(sample)
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

    def request_golden(self, now_ns: int) -> None:
        """Someone cannot decode: make the next frame golden."""
        if now_ns - self._golden_ns >= GOLDEN_HOLDOFF_NS:
            self._golden_ns = now_ns
            self._encoder.request_golden()
