"""Which reference frames a sender keeps, and which it sends again unasked.

A round trip is longer than anybody would wait for a frame, so on a bad path what others refer to
is sent again before it is missed; on a good one that would only cost.
"""

from __future__ import annotations

from presence.codec.frame import Frame

REPEATS = ((0.01, 2), (0.10, 4))
"""Over this share of frames lost, a reference is sent again with so manieth frame after it."""
REPAIR_LIMIT = 8
"""Frames of one repair, at most; instead of more a golden is smaller, and there as soon."""


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
        return [self._references[k] for k in due if self.needed(k) and k in self._references]

    def needed(self, sequence: int) -> bool:
        """Whether anything sent from now on needs that frame: none was golden since."""
        return sequence >= self._golden

    def repair(self, missing: int, known: int, period: int) -> list[Frame]:
        """The reference frames that make up for a missing one, oldest first.

        They are the missing one, what it refers to, what that refers to, and so on: to what is
        known, that left out, or to a golden.

        Args:
            missing: the number of the missing reference frame, modulo ``period``.
            known: that of the newest which the receiver has; the same as ``missing`` if none.
            period: after how many the numbers begin anew.

        Returns:
            None of them if one is not kept any more, or if they are more than
            :data:`REPAIR_LIMIT`: then only a golden helps.
        """
        at = next((k for k in self._references if k % period == missing), None)
        frames: list[Frame] = []
        while at is not None and len(frames) < REPAIR_LIMIT:
            frame = self._references.get(at)
            if frame is None:
                return []
            frames.insert(0, frame)
            at = frame.refers_to
            if frame.golden or (at % period == known and known != missing):
                return frames
        return []
