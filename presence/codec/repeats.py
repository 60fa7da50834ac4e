"""Which reference frames a sender keeps, and which it sends again unasked.

A round trip is longer than anybody would wait for a frame, so on a bad path what others refer to
is sent again before it is missed; on a good one that would only cost.
"""

from __future__ import annotations

from presence.codec.frame import Frame

REPEATS = ((0.01, 2), (0.10, 4))
"""Over this share of frames lost, a reference is sent again with so manieth frame after it."""


class Repeater:
    """What may be sent again of one stream.

    State: the number of the newest frame, and the reference frames since the golden before the
    newest golden; those may still be asked for by who does not have the newest yet.
    """

    def __init__(self) -> None:
        self._newest = -1
        self._golden = -1
        self._references: dict[int, Frame] = {}

    def sent(self, frame: Frame) -> None:
        """A frame is sent, for the first time; they come in order."""
        self._newest = frame.sequence
        if frame.golden:
            for old in [one for one in self._references if one < self._golden]:
                del self._references[old]
            self._golden = frame.sequence
        if frame.reference:
            self._references[frame.sequence] = frame

    def due(self, loss: float) -> list[Frame]:
        """The reference frames to send again together with the newest frame.

        What is before the newest golden is needed no more.

        Args:
            loss: the share of frames that the receiver loses, 0 to 1, as it reports.
        """
        due = [self._newest - offset for limit, offset in REPEATS if loss > limit]
        return [self._references[k] for k in due if k >= self._golden and k in self._references]

    def find(self, sequence: int, period: int) -> Frame | None:
        """The reference frame whose number is ``sequence`` modulo ``period``; None: not kept."""
        for kept, frame in self._references.items():
            if kept % period == sequence:
                return frame
        return None
