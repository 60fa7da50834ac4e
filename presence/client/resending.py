"""What a sender sends again, to whom and when: by request, and unasked to those who lose much.

Sans-IO, and of frames alone, so that a measurement can use it as a call does.
"""

from __future__ import annotations

from presence.clock import MILLISECOND, SECOND
from presence.codec.frame import Frame
from presence.codec.repeats import Repeater
from presence.wire.envelope import SEQUENCE_PERIOD

GOLDEN_HOLDOFF_NS = 100 * MILLISECOND
"""Requests for a golden frame that come within this time of the last one are one request."""
REPAIR_HOLDOFF_NS = 50 * MILLISECOND
"""Requests of one participant for one frame that come within this time are one request."""
LOSS_HOLDS_NS = 2 * SECOND
"""How long a participant's report of loss is believed."""
REPAIRED_TWICE = 0.01
"""Over this share of frames lost, a repair goes a second time, with the next frame."""


class Resender:
    """What goes again of one stream.

    State: the frames that may have to, what each of the others asked for a moment ago, and what
    they lose.
    """

    def __init__(self) -> None:
        """Nothing was sent yet, and nothing asked for."""
        self._repeater = Repeater()
        self._losses: dict[int, tuple[float, int]] = {}
        """By participant: the share they lose, and when they said so."""
        self._repaired: dict[tuple[int, int], int] = {}
        """By participant and frame: when it was sent again on request, a moment ago."""
        self._once_more: dict[int, list[Frame]] = {}
        """By participant: what they were sent on request since the last frame."""
        self._golden_ns: int | None = None

    def sent(self, frame: Frame) -> None:
        """A frame is sent, for the first time; they come in order."""
        self._repeater.sent(frame)

    def loses(self, stream: int, share: float, now_ns: int) -> None:
        """A participant reports which share of the frames, 0 to 1, they lose."""
        self._losses[stream] = share, now_ns

    def due(self, stream: int, now_ns: int) -> list[Frame]:
        """What a participant is sent again with the frame sent last, oldest first."""
        share, since_ns = self._losses.get(stream, (0.0, now_ns))
        if now_ns - since_ns > LOSS_HOLDS_NS:
            share = 0.0
        repaired = self._once_more.pop(stream, []) if share > REPAIRED_TWICE else []
        frames = [one for one in repaired if self._repeater.needed(one.sequence)]
        frames += [one for one in self._repeater.due(share) if one not in frames]
        return sorted(frames, key=lambda frame: frame.sequence)

    def repair(self, asker: int, missing: int, known: int, now_ns: int) -> list[Frame] | None:
        """The reference frames for a participant who asks for one, oldest first.

        Those that they were sent a moment ago are left out.

        Args:
            asker: the participant.
            missing: the number of the frame that they ask for, as an envelope carries it.
            known: that of the newest reference frame which they have; the same if none.
            now_ns: by the machine's clock.

        Returns:
            None if only a golden helps them.
        """
        frames = self._repeater.repair(missing, known, SEQUENCE_PERIOD)
        if not frames:
            return None
        self._repaired = {
            at: ns for at, ns in self._repaired.items() if now_ns - ns < REPAIR_HOLDOFF_NS
        }
        frames = [one for one in frames if (asker, one.sequence) not in self._repaired]
        self._repaired |= {(asker, one.sequence): now_ns for one in frames}
        self._once_more[asker] = [*self._once_more.get(asker, []), *frames]
        return frames

    def makes_golden(self, now_ns: int) -> bool:
        """Someone asks for a golden: whether to make one, or one was made a moment ago."""
        if self._golden_ns is not None and now_ns - self._golden_ns < GOLDEN_HOLDOFF_NS:
            return False
        self._golden_ns = now_ns
        return True

    def forget(self, stream: int) -> None:
        """A participant is in the room no more."""
        self._losses.pop(stream, None)
        self._once_more.pop(stream, None)
