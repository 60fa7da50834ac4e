"""A decoder with patience: a frame that comes before its reference waits for it."""

from __future__ import annotations

from typing import Protocol

from presence.codec.frame import Frame
from presence.errors import CodecError, MissingReferenceError
from presence.pose.sample import PoseSample

WINDOW = 60
"""Frames so far behind the newest, and further, are of no use to anybody any more: so many wait at
most."""
TOUCH = 30
"""Who has no reference frame of the last so many frames is sooner helped by a golden than by all
references since."""


class Decodes(Protocol):
    """A decoder, or what a measurement puts in its place."""

    def decode(self, frame: Frame) -> PoseSample:
        """The sample; CodecError, MissingReferenceError among them, as a decoder raises them."""
        ...


class PatientDecoder:
    """Decodes one person, whatever was lost, came late or came twice.

    State: the decoder, the frames that wait for a reference, and which were decoded of late.
    """

    def __init__(self, decoder: Decodes) -> None:
        """``decoder`` is this one's alone from now on."""
        self.refused = 0
        """Frames that had waited and proved unsound when their reference came."""
        self._decoder = decoder
        self._waiting: dict[int, Frame] = {}
        self._decoded: set[int] = set()
        self._newest = 0
        """Of all frames that were decoded or wait."""
        self._newest_decoded = -1
        self._newest_reference = -1

    @property
    def waiting(self) -> int:
        """How many frames wait for their reference."""
        return len(self._waiting)

    @property
    def in_touch(self) -> bool:
        """Whether a reference frame of late was decoded, so that a few may mend the rest."""
        return self._newest_reference >= 0 and self._newest - self._newest_reference < TOUCH

    @property
    def known(self) -> int | None:
        """The newest reference frame that was decoded; None if none was."""
        return self._newest_reference if self._newest_reference >= 0 else None

    @property
    def missing(self) -> int | None:
        """The reference frame to ask for now: with it the newest frame could be decoded.

        None while nothing waits that is newer than what was decoded.
        """
        sequence = max(self._waiting, default=-1)
        if sequence < self._newest_decoded or sequence < 0:
            return None
        # An anchor that waits for its own reference is here; that one is what is missing.
        while sequence in self._waiting:
            sequence = self._waiting[sequence].refers_to
        return sequence

    def push(self, frame: Frame) -> list[tuple[Frame, PoseSample]]:
        """What can be decoded now that this frame is there.

        Returns:
            The frame with its sample, then all that waited for it, in order of their sequence;
            nothing if the frame has to wait, was there before, or is older than :data:`WINDOW`
            and awaited by none.

        Raises:
            CodecError: the frame is not one that an encoder made. Others are not affected.
        """
        if self._useless(frame.sequence):
            return []
        try:
            sample = self._decoder.decode(frame)
        except MissingReferenceError as missing:
            if missing.sequence in self._decoded:
                # It refers to one that nobody may refer to, or that is long past.
                raise CodecError(f"{missing}; it was, and was not kept; drop it") from None
            self._wait(frame)
            return []
        out = [(frame, sample)]
        self._remember(frame)
        if frame.reference and self._waiting:
            out += self._freed(frame.sequence)
        return out

    def _useless(self, sequence: int) -> bool:
        """Whether a frame was there before, or is too old to be shown or referred to."""
        if sequence in self._decoded or sequence in self._waiting:
            return True
        if sequence > self._newest - WINDOW:
            return False
        return all(frame.refers_to != sequence for frame in self._waiting.values())

    def _freed(self, reference: int) -> list[tuple[Frame, PoseSample]]:
        """Decode all that waited for a reference, and for those that waited for it themselves."""
        there = {reference}
        out = []
        # Nothing refers to a later frame, so once through in order finds all.
        for sequence in sorted(self._waiting):
            frame = self._waiting[sequence]
            if frame.refers_to not in there:
                continue
            del self._waiting[sequence]
            try:
                out.append((frame, self._decoder.decode(frame)))
            except CodecError:
                self.refused += 1
                continue
            self._remember(frame)
            if frame.reference:
                there.add(sequence)
        return out

    def _remember(self, frame: Frame) -> None:
        self._decoded.add(frame.sequence)
        self._newest_decoded = max(self._newest_decoded, frame.sequence)
        if frame.reference:
            self._newest_reference = max(self._newest_reference, frame.sequence)
        self._advance(frame.sequence)

    def _wait(self, frame: Frame) -> None:
        self._waiting[frame.sequence] = frame
        self._advance(frame.sequence)

    def _advance(self, sequence: int) -> None:
        self._newest = max(self._newest, sequence)
        oldest = self._newest - WINDOW
        for old in [waiting for waiting in self._waiting if waiting <= oldest]:
            del self._waiting[old]
        if len(self._decoded) > 2 * WINDOW:
            self._decoded = {decoded for decoded in self._decoded if decoded > oldest}
