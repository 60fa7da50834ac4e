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


class CaptureTimes:
    """Follows one sender's capture times, of all kinds. State: the newest of one kind or another.

    The first is taken as it stands; later ones are right unless nothing was heard for 35 minutes.
    """

    def __init__(self) -> None:
        self._newest_us: int | None = None

    def unwrap(self, capture_us: int) -> int:
        """The whole time, in microseconds, of one that came just now."""
        if self._newest_us is None:
            self._newest_us = capture_us
        whole = unwrap(capture_us, CAPTURE_PERIOD, self._newest_us)
        self._newest_us = max(self._newest_us, whole)
        return whole


class Unwrapper:
    """Follows the counters of one stream and kind. State: the newest sequence, and capture times.

    The first envelope is taken as it stands, so numbers from before it may be negative. Later ones
    are right whatever is lost or reordered, unless nothing was heard for 35 minutes.
    """

    def __init__(self, times: CaptureTimes | None = None) -> None:
        """``times`` are given when other kinds of the same stream are followed, too."""
        self._sequence: int | None = None
        self._times = times or CaptureTimes()

    def unwrap(self, envelope: Envelope) -> Unwrapped:
        """The whole counters of an envelope of this stream and kind."""
        if self._sequence is None:
            self._sequence = envelope.sequence
        sequence = unwrap(envelope.sequence, SEQUENCE_PERIOD, self._sequence)
        self._sequence = max(self._sequence, sequence)
        return Unwrapped(
            sequence,
            sequence - envelope.reference_distance,
            self._times.unwrap(envelope.capture_us) * MICROSECOND,
        )
