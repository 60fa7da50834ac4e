"""Nodding while somebody else speaks."""

from __future__ import annotations

import math

from presence.tracking.acting.conversation import Conversation
from presence.tracking.acting.seeded import Beats, draws, pulse

_PERIOD_S = 3.4


class Nods:
    """One listener's nods. Holds no state."""

    def __init__(self, seed: int, conversation: Conversation, seat: int) -> None:
        """Some nod more than others."""
        self._beats = Beats(seed, "nods", _PERIOD_S)
        self._conversation = conversation
        self._seat = seat
        self._share = 0.35 + 0.4 * draws(seed, "nodding", 0)[0]

    def at(self, seconds: float) -> float:
        """Radians by which the head is pitched up; a nod goes down and comes back."""
        beat = self._beats.at(seconds)
        return self._nod(beat, seconds) + self._nod(beat - 1, seconds)

    def _nod(self, beat: int, seconds: float) -> float:
        start = self._beats.start(beat)
        often, deep, many, fast, *_ = self._beats.dice(beat)
        speaker = self._conversation.speaker_at(start)
        if often > self._share or speaker is None or speaker == self._seat:
            return 0.0
        count = 1 + int(2.6 * many)
        rate_hz = 1.5 + 0.7 * fast
        since, lasts = seconds - start, count / rate_hz
        if not 0.0 < since < lasts:
            return 0.0
        depth = 0.05 + 0.08 * deep
        fading = pulse(since, 0.25 * lasts, 0.15 * lasts, 0.6 * lasts)
        return -depth * fading * 0.5 * (1.0 - math.cos(math.tau * rate_hz * since))
