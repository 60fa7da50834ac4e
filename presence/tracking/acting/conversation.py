"""Who is speaking: a turn-taking script that everyone in the cast knows and that never ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from presence.tracking.acting.seeded import Beats

TURN_S = 5.2
"""The mean length of a turn; turns last between two fifths and eight fifths of it."""
HELLO_S = 3.0
"""At the start of a call people greet one another before anybody talks."""

_SILENCE = 0.03


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's turn to speak, seconds since the call began."""

    number: int
    speaker: int | None
    """The seat of whoever speaks; None: nobody."""
    start_s: float
    """When they begin, after a short gap."""
    end_s: float
    """When they end; the next turn begins a little later."""


class Conversation:
    """The script of a call. Holds a cache and no other state."""

    def __init__(self, seed: int, cast: int) -> None:
        """``cast`` people take the seats 0 to cast − 1."""
        self.cast = max(cast, 1)
        self._beats = Beats(seed, f"turns of {self.cast}", TURN_S)
        self.turn = lru_cache(maxsize=256)(self._turn)

    def turn_at(self, seconds: float) -> Turn:
        """The turn that is on, from just before it begins to just before the next."""
        return self.turn(self._beats.at(seconds))

    def speaker_at(self, seconds: float) -> int | None:
        """Whose voice is heard."""
        turn = self.turn_at(seconds)
        return turn.speaker if turn.start_s <= seconds < turn.end_s else None

    def _turn(self, number: int) -> Turn:
        quiet, _, gap, pause, *_ = self._beats.dice(number)
        speaker, before = self._draw(number), self._draw(number - 1)
        if speaker == before and self.cast > 1:
            # Rather someone else than the same again.
            speaker = (speaker + 1 + int(quiet * 997.0) % (self.cast - 1)) % self.cast
        start = self._beats.start(number) + 0.1 + 0.3 * gap
        end = self._beats.start(number + 1) - 0.05 - 0.35 * pause
        silent = quiet < _SILENCE or start < HELLO_S <= end or end < HELLO_S
        if silent and end > HELLO_S + 1.5 and quiet >= _SILENCE:
            # A turn that the greeting overlaps begins when it is over.
            start, silent = max(start, HELLO_S), False
        return Turn(number, None if silent else speaker, start, end)

    def _draw(self, number: int) -> int:
        return int(self._beats.dice(number)[1] * self.cast)
