"""What is said in a turn, without the words: phrases, and the sounds and stresses of each.

It follows from the script alone, so that listeners know as well as the speaker where a phrase
ends or a word weighs: that is where they nod and raise their brows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.tracking.acting.conversation import Conversation
from presence.tracking.acting.seeded import draws, pick

SYLLABLE_S = 0.19
"""How long a syllable lasts that is neither stressed nor last: people speak four to six a second
(J. L. Flanagan and others count 3 to 8; the middle of casual speech is near 5)."""

VOWEL_COUNT = 5
"""Open a, spread e, narrow i, rounded o, pursed u."""
LIPS, TEETH_ON_LIP, TONGUE, HISS, HUSH, THROAT = range(6)
"""Kinds of consonants by what the mouth shows: m b p · f v · t d n l · s z · sh ch · k g."""
_CONSONANT_SHARE = (0.2, 0.1, 0.34, 0.14, 0.07, 0.15)
_ONSET_SHARE = 0.42
"""Of a syllable, that its consonant takes."""
_FINAL_STRETCH = (1.9, 1.2)
"""Of the last syllable of a phrase and the one before: everybody slows down before a pause (D. H.
Klatt, "Vowel lengthening is syntactically determined in a connected discourse", J. Phonetics 3,
1975)."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Said in one breath, seconds since the call began."""

    start_s: float
    end_s: float
    accent_s: float
    """When its weightiest syllable begins."""
    asks: bool
    """Whether its voice rises at the end."""


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """Everything said in one turn. Rows of sounds end with silence."""

    phrases: tuple[Phrase, ...]
    sound_s: tuple[float, ...]
    """When each sound begins."""
    sound_widths_s: tuple[float, ...]
    """How long the mouth takes to get to each."""
    sounds: tuple[int, ...]
    """Of each: a vowel below ``VOWEL_COUNT``; a consonant's kind above; −1 for silence."""
    weights: Floats
    """``(n,)`` how far the jaw goes for each sound, about 0.5 to 1.2."""
    stress_s: tuple[float, ...]
    """When each stressed vowel begins."""
    stresses: tuple[float, ...]
    """How much each weighs, 0 to 1."""
    closures_s: tuple[tuple[float, float], ...]
    """When the lips have to be shut, from and until."""


_SILENT = Utterance((), (), (), (), frozen(np.zeros(0)), (), (), ())


class Script:
    """What is said in each turn of a conversation. Holds a cache and no other state."""

    def __init__(self, conversation: Conversation) -> None:
        """The same conversation says the same for everyone in it."""
        self._conversation = conversation
        self.utterance = lru_cache(maxsize=32)(self._utterance)

    def around(self, seconds: float) -> tuple[Utterance, Utterance]:
        """The utterance of the turn that is on, and the one before."""
        number = self._conversation.turn_at(seconds).number
        return self.utterance(number), self.utterance(number - 1)

    def _utterance(self, number: int) -> Utterance:
        turn = self._conversation.turn(number)
        if turn.speaker is None:
            return _SILENT
        made = _Making(self._conversation.seed, number)
        start, part = turn.start_s, 0
        while start < turn.end_s - 0.5:
            long, breath, asks, *_ = draws(made.seed, f"phrase {part}", number)
            end = start + 1.1 + 1.9 * long
            if end > turn.end_s - 0.9:
                end = turn.end_s
            made.phrase(part, start, end, asks < 0.22)
            start, part = end + 0.24 + 0.4 * breath, part + 1
        return made.finished() if part else _SILENT


class _Making:
    """An utterance in the making. State: what has been said so far."""

    def __init__(self, seed: int, number: int) -> None:
        self.seed, self._number = seed, number
        self._phrases: list[Phrase] = []
        self._sounds: list[tuple[float, float, int, float]] = []
        self._stresses: list[tuple[float, float]] = []
        self._closures: list[tuple[float, float]] = []

    def phrase(self, part: int, start: float, end: float, asks: bool) -> None:
        count = max(2, round((end - start) / (1.18 * SYLLABLE_S)))
        dice = [draws(self.seed, f"syllable {part}.{i}", self._number) for i in range(count)]
        stressed = self._stress_pattern(dice)
        lengths = [
            (1.25 if weight > 0.0 else 0.95) * (0.85 + 0.3 * die[0])
            for weight, die in zip(stressed, dice, strict=True)
        ]
        for back, stretch in enumerate(_FINAL_STRETCH, start=1):
            lengths[-back] *= stretch
        scale = (end - start) / math.fsum(lengths)
        when, accent = start, start
        for i, (length, weight, die) in enumerate(zip(lengths, stressed, dice, strict=True)):
            lasts = scale * length
            # The voice starts strong and sinks as the breath goes.
            jaw = (0.62 + 0.5 * weight) * (1.06 - 0.22 * i / count)
            vowel = self._syllable(when, lasts, jaw, die)
            if weight > 0.0:
                self._stresses.append((vowel, weight))
                accent = when if weight >= max(stressed) else accent
            when += lasts
        self._sounds.append((end - 0.02, 0.2, -1, 0.0))
        self._phrases.append(Phrase(start, end, accent, asks))

    def _stress_pattern(self, dice: list[tuple[float, ...]]) -> list[float]:
        """Every second to fourth syllable is stressed; the last of these weighs most."""
        weights = [0.0] * len(dice)
        at = 1 if dice[0][6] < 0.6 else 0
        last = at
        while at < len(dice):
            weights[at] = 0.25 + 0.5 * dice[at][5]
            last = at
            at += 2 + int(2.4 * dice[at][6])
        weights[last] = max(0.85, weights[last])
        return weights

    def _syllable(self, when: float, lasts: float, jaw: float, dice: tuple[float, ...]) -> float:
        """Add a consonant and a vowel; returns when the vowel begins."""
        onset = _ONSET_SHARE * lasts
        kind = pick(dice[1], _CONSONANT_SHARE)
        if dice[2] < 0.9:
            self._sounds.append((when, max(1.25 * onset, 0.075), VOWEL_COUNT + kind, jaw))
            if kind == LIPS:
                self._closures.append((when + 0.35 * onset, when + max(onset, 0.075)))
        else:
            onset = 0.0
        vowel = int(dice[3] * VOWEL_COUNT)
        self._sounds.append((when + onset, 1.2 * _ONSET_SHARE * lasts + 0.02, vowel, jaw))
        return when + onset

    def finished(self) -> Utterance:
        starts, widths, sounds, jaws = zip(*self._sounds, strict=True)
        stress_s, stresses = zip(*self._stresses, strict=True)
        return Utterance(
            phrases=tuple(self._phrases),
            sound_s=starts,
            sound_widths_s=widths,
            sounds=sounds,
            weights=frozen(np.array(jaws)),
            stress_s=stress_s,
            stresses=stresses,
            closures_s=tuple(self._closures),
        )
