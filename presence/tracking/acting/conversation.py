"""Who is speaking: a turn-taking script that everyone in the cast knows and that never ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from presence.tracking.acting.seeded import Beats, draws

TURN_S = 5.2
"""The mean length of a turn; turns last between two fifths and eight fifths of it."""
HELLO_S = 3.0
"""At the start of a call people greet one another before anybody talks."""

_SILENCE = 0.03
_SHORTEST_S = 1.3
_FUNNY = 0.18
"""The share of turns that end with something to laugh about."""
_LAUGH_S = 1.1
"""For how long nobody speaks into a laugh."""
_WEIGHED = 0.34
"""The share of turns whose speaker has to think before answering."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's turn to speak, seconds since the call began."""

    number: int
    speaker: int | None
    """The seat of whoever speaks; None: nobody."""
    ready_s: float
    """When the turn has come to them; until ``start_s`` they think."""
    start_s: float
    """When they begin, after a short gap."""
    end_s: float
    """When they end; the next turn begins a little later."""
    joke: float
    """How funny its end is, 0 (not at all) to 1."""
    warmth: float
    """How friendly it is meant: the speaker smiles, and the others smile back."""

    @property
    def thinks(self) -> bool:
        """Whether the speaker thinks long enough for it to be seen."""
        return self.speaker is not None and self.start_s - self.ready_s > 0.6


class Conversation:
    """The script of a call. Holds a cache and no other state."""

    def __init__(self, seed: int, cast: int) -> None:
        """``cast`` people take the seats 0 to cast − 1."""
        self.cast = max(cast, 1)
        self.seed = seed
        self.beats = Beats(seed, f"turns of {self.cast}", TURN_S)
        self.turn = lru_cache(maxsize=256)(self._turn)

    def turn_at(self, seconds: float) -> Turn:
        """The turn that is on, from just before it begins to just before the next."""
        return self.turn(self.beats.at(seconds))

    def speaker_at(self, seconds: float) -> int | None:
        """Whose voice is heard."""
        turn = self.turn_at(seconds)
        return turn.speaker if turn.start_s <= seconds < turn.end_s else None

    def _turn(self, number: int) -> Turn:
        quiet, _, gap, pause, *_ = self.beats.dice(number)
        weighs, how_long, warm, *_ = draws(self.seed, "manner of turns", number)
        speaker, before = self._draw(number), self._draw(number - 1)
        if speaker == before and self.cast > 1:
            # Rather someone else than the same again.
            speaker = (speaker + 1 + int(quiet * 997.0) % (self.cast - 1)) % self.cast
        ready = self.beats.start(number) + 0.1 + 0.3 * gap
        end = self.beats.start(number + 1) - 0.05 - 0.35 * pause
        silent = quiet < _SILENCE or ready < HELLO_S <= end or end < HELLO_S
        if silent and end > HELLO_S + 1.5 and quiet >= _SILENCE:
            # A turn that the greeting overlaps begins when it is over.
            ready, silent = max(ready, HELLO_S), False
        latest = max(ready, end - _SHORTEST_S)
        if self._joke(number - 1):
            ready = min(ready + _LAUGH_S, latest)
        thinking = 0.8 + 0.9 * how_long if weighs < _WEIGHED else 0.0
        return Turn(
            number,
            speaker=None if silent else speaker,
            ready_s=ready,
            start_s=min(ready + thinking, latest),
            end_s=end,
            joke=0.0 if silent else self._joke(number),
            warmth=max(0.0, 1.6 * warm - 0.6),
        )

    def _draw(self, number: int) -> int:
        return int(self.beats.dice(number)[1] * self.cast)

    def _joke(self, number: int) -> float:
        funny, how, *_ = draws(self.seed, "jokes", number)
        # Whoever meets has something to laugh about soon; a laugh has died away before the next.
        if number != 1 and (number < 3 or funny >= _FUNNY or self._joke(number - 1)):
            return 0.0
        return 0.55 + 0.45 * how
