"""Laughing: at the end of something funny one begins, and the others join.

A laugh is a row of short voiced breaths, four to five a second, each weaker than the one before
(J.-A. Bachorowski, M. J. Smoski and M. J. Owren, "The acoustic features of human laughter",
J. Acoustical Society of America 110, 2001), with a smile that reaches the eyes and outlasts it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from presence.tracking.acting.conversation import Conversation, Turn
from presence.tracking.acting.seeded import draws, pulse

_FIRST_HZ, _SLOWING = 5.1, 0.45
"""Breaths a second at first, and how many fewer a second later."""


@dataclass(frozen=True, slots=True)
class Laugh:
    """How much somebody laughs at a moment."""

    much: float = 0.0
    """0 to 1."""
    breath: float = 0.0
    """The burst of breath, 0 to 1, already as weak as the laugh is."""
    smile: float = 0.0
    """0 to 1: begins before the laugh and goes on after it."""
    toss: float = 0.0
    """Which way head and trunk go: −1 forward to 1 back, as much as the laugh goes."""


NONE = Laugh()


class Laughter:
    """One person's laughs. Holds no state."""

    def __init__(self, seed: int, conversation: Conversation, seat: int) -> None:
        """Some laugh more easily than others."""
        self._seed, self._seat = seed, seat
        self._conversation = conversation
        self._easily = 0.8 + 0.3 * draws(seed, "humour", 0)[0]

    def at(self, seconds: float) -> Laugh:
        """The laugh at a time."""
        number = self._conversation.turn_at(seconds).number
        for turn in (self._conversation.turn(number), self._conversation.turn(number - 1)):
            # Never two turns in a row, so that there is one laugh at a time.
            if turn.joke and seconds > turn.end_s - 1.0:
                return self._laugh(turn, seconds)
        return NONE

    def _laugh(self, turn: Turn, seconds: float) -> Laugh:
        mine, late, long, how, *_ = draws(self._seed, "laugh", turn.number)
        level = turn.joke * self._easily * (0.75 + 0.4 * mine)
        # Whoever is first is known to all; the others catch it from them.
        first = int(draws(self._conversation.seed, "first laugh", turn.number)[0] * 97)
        order = (self._seat - first) % self._conversation.cast
        start = turn.end_s - 0.25 + (0.0 if order == 0 else 0.16 + 0.38 * late)
        since = seconds - start
        if since <= -0.5:
            return NONE
        lasts = 0.5 + 1.0 * long * level
        # Who finds it less funny smiles and does not laugh.
        laughs = min(max((level - 0.4) / 0.25, 0.0), 1.0)
        much = laughs * pulse(since, 0.3, lasts, 1.1)
        phase = math.tau * since * (_FIRST_HZ - 0.5 * _SLOWING * min(since, 3.5))
        breath = much * 0.5 * (1.0 - math.cos(phase)) if since > 0.0 else 0.0
        smile = (0.55 + 0.45 * laughs) * pulse(since + 0.35, 0.55, lasts + 0.6, 2.0)
        return Laugh(much, breath, smile, (1.0 if how < 0.55 else -1.0) * much)
