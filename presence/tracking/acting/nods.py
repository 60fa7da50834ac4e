"""What a listener's head says: nods where the speaker comes to an end of something, and a tilt.

Listeners nod at the ends of phrases more than anywhere (V. H. Yngve, "On getting a word in
edgewise", Chicago Linguistic Society 6, 1970).
"""

from __future__ import annotations

import math

import numpy as np

from presence.tracking.acting.conversation import Conversation
from presence.tracking.acting.seeded import Beats, Track, draws, pulse
from presence.tracking.acting.utterance import Phrase, Script


class Nods:
    """One listener's nods. Holds caches and no other state."""

    def __init__(self, seed: int, conversation: Conversation, script: Script, seat: int) -> None:
        """Some nod more than others."""
        self._seed = seed
        self._script = script
        self._conversation = conversation
        self._seat = seat
        own = draws(seed, "nodding", 0)
        self._share = 0.22 + 0.28 * own[0]
        self._tilt = Track(Beats(seed, "tilts", 7.0), self._tilt_of)

    def at(self, seconds: float) -> tuple[float, float, float]:
        """Radians by which the head is pitched up and rolled, and how far the brows are raised.

        A nod goes down and comes back.
        """
        number = self._conversation.turn_at(seconds).number
        pitch, brows = 0.0, 0.0
        for turn in (number, number - 1):
            speaker = self._conversation.turn(turn).speaker
            if speaker is None or speaker == self._seat:
                continue
            for part, phrase in enumerate(self._script.utterance(turn).phrases):
                if phrase.accent_s < seconds < phrase.end_s + 3.2:
                    dice = draws(self._seed, f"heard {part}", turn)
                    pitch += self._nod(phrase, dice, seconds)
                    brows += _raised(phrase, dice, seconds)
        return pitch, float(self._tilt.at(seconds, 1.3)[0]), brows

    def _nod(self, phrase: Phrase, dice: tuple[float, ...], seconds: float) -> float:
        often, deep, many, fast, late, *_ = dice
        if often > self._share:
            return 0.0
        count = 1 + int(2.6 * many)
        rate_hz = 1.5 + 0.7 * fast
        since = seconds - phrase.end_s + 0.2 - 0.4 * late
        lasts = count / rate_hz
        if not 0.0 < since < lasts:
            return 0.0
        depth = 0.05 + 0.08 * deep
        fading = pulse(since, 0.25 * lasts, 0.15 * lasts, 0.6 * lasts)
        return -depth * fading * 0.5 * (1.0 - math.cos(math.tau * rate_hz * since))

    def _tilt_of(self, beat: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """``(1,)`` radians: a head that listens is held a little askew, one that talks is not."""
        start = self._tilt.beats.start(beat)
        turn = self._conversation.turn_at(start + 0.3)
        across, much, *_ = self._tilt.beats.dice(beat)
        listens = turn.speaker is not None and turn.speaker != self._seat
        size = (0.035 + 0.075 * much) if listens else 0.02
        return np.array([size if across < 0.5 else -size])


def _raised(phrase: Phrase, dice: tuple[float, ...], seconds: float) -> float:
    """Brows that go up at something weighty that was said just now."""
    if dice[5] > 0.28:
        return 0.0
    return (0.35 + 0.4 * dice[6]) * pulse(seconds - phrase.accent_s - 0.3, 0.25, 0.3, 0.6)
