"""From the header's short counters back to whole sequence numbers and times."""

from __future__ import annotations

from dataclasses import dataclass

from presence.wire.envelope import CAPTURE_PERIOD, MICROSECOND, SEQUENCE_PERIOD, Envelope


def unwrap(short: int, period: int, reference: int) -> int:
    """The number nearest to ``reference`` that is ``short`` modulo ``period``.

    Of two that are equally near, the smaller.
    """
    half = period // 2
    return reference + (short - reference + half) % period - half


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """An envelope's counters, whole."""

    sequence: int
    refers_to: int
    """The envelope that this one refers to; its own ``sequence`` if it is golden."""
    capture_ns: int
    """By the sender's clock, but for a multiple of 71.6 minutes that stays the same while the
    receiver listens."""


class Unwrapper:
    """Follows the counters of one stream and kind. State: the newest sequence and capture time.

    The first envelope is taken as it stands, so numbers from before it may be negative. Later ones
    are right whatever is lost or reordered, unless nothing was heard for 35 minutes.
    """

    def __init__(self) -> None:
        self._sequence: int | None = None
        self._capture_us = 0

    def unwrap(self, envelope: Envelope) -> Unwrapped:
        """The whole counters of an envelope of this stream and kind."""
        if self._sequence is None:
            sequence, capture_us = envelope.sequence, envelope.capture_us
        else:
            sequence = unwrap(envelope.sequence, SEQUENCE_PERIOD, self._sequence)
            capture_us = unwrap(envelope.capture_us, CAPTURE_PERIOD, self._capture_us)
        if self._sequence is None or sequence > self._sequence:
            self._sequence, self._capture_us = sequence, capture_us
        refers_to = sequence - envelope.reference_distance
        return Unwrapped(sequence, refers_to, capture_us * MICROSECOND)
