"""Thinking before one answers: eyes up and aside, brows knit or raised, lips pressed."""

from __future__ import annotations

from dataclasses import dataclass

from presence.tracking.acting.conversation import Conversation
from presence.tracking.acting.seeded import draws, pulse


@dataclass(frozen=True, slots=True)
class Thought:
    """How somebody thinks at a moment."""

    much: float = 0.0
    """0 to 1; each of the three below is a part of it."""
    knit: float = 0.0
    wonder: float = 0.0
    pout: float = 0.0
    hand: float = 0.0
    """How far a hand is at the chin, 0 to 1."""
    side: float = 1.0
    """To which side the head is cocked and the mouth drawn, −1 or 1 (the person's right)."""


NONE = Thought()


class Thinking:
    """One person's thoughtful moments. Holds no state."""

    def __init__(self, seed: int, conversation: Conversation, seat: int) -> None:
        """The script says when the speaker of a turn has to think; the seed, how it looks."""
        self._seed, self._seat = seed, seat
        self._conversation = conversation

    def at(self, seconds: float) -> Thought:
        """The thought at a time."""
        number = self._conversation.turn_at(seconds).number
        found = NONE
        for turn in (self._conversation.turn(number), self._conversation.turn(number + 1)):
            if turn.speaker != self._seat or not turn.thinks:
                continue
            since = seconds - turn.ready_s + 0.25
            lasts = turn.start_s - turn.ready_s - 0.2
            if not -0.4 < since < lasts + 1.4:
                continue
            much = pulse(since, 0.4, lasts, 0.45)
            how, side, *_ = draws(self._seed, "thought", turn.number)
            hand = 0.0
            if lasts > 0.75 and how > 0.4:
                hand = pulse(since + 0.35, 0.8, lasts + 0.1, 0.8)
            found = Thought(
                much,
                knit=much * (0.9 if how < 0.45 else 0.0),
                wonder=much * (0.9 if how >= 0.55 else 0.0),
                pout=much * (0.8 if 0.25 < how < 0.8 else 0.15),
                hand=hand,
                side=-1.0 if side < 0.5 else 1.0,
            )
        return found
