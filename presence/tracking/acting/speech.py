"""Talking: a mouth that makes syllables, and the stress that hands, brows and head go with."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX
from presence.tracking.acting.conversation import Conversation
from presence.tracking.acting.seeded import Beats, Track, draws, pick

SOUND_S = 0.105
"""A consonant or a vowel; two make a syllable, and people speak four to six of those a second."""

_PHRASE_S = 2.3

_VOWELS: tuple[dict[str, float], ...] = (
    {"jawOpen": 0.42, "mouthLowerDown": 0.22, "mouthUpperUp": 0.12, "mouthStretch": 0.08},
    {"jawOpen": 0.24, "mouthStretch": 0.22, "mouthSmile": 0.12, "mouthLowerDown": 0.2},
    {"jawOpen": 0.12, "mouthStretch": 0.28, "mouthSmile": 0.18, "mouthUpperUp": 0.1},
    {"jawOpen": 0.28, "mouthFunnel": 0.42, "mouthPucker": 0.18},
    {"jawOpen": 0.12, "mouthPucker": 0.55, "mouthFunnel": 0.2},
)
_CONSONANTS: tuple[dict[str, float], ...] = (
    {"mouthPress": 0.3, "mouthRollLower": 0.2, "mouthRollUpper": 0.18},  # m, b, p
    {"jawOpen": 0.06, "mouthRollLower": 0.32, "mouthUpperUp": 0.2},  # f, v
    {"jawOpen": 0.1, "mouthLowerDown": 0.14, "mouthUpperUp": 0.08},  # t, d, n, l
    {"jawOpen": 0.05, "mouthStretch": 0.2, "mouthLowerDown": 0.16},  # s, z
    {"jawOpen": 0.07, "mouthFunnel": 0.35, "mouthPucker": 0.15},  # sh, ch
    {"jawOpen": 0.16, "mouthLowerDown": 0.08},  # k, g
)
_CONSONANT_SHARE = (0.2, 0.1, 0.34, 0.14, 0.07, 0.15)

_REST = frozen(np.zeros(SHAPE_COUNT))


def shape_values(named: dict[str, float], scale: float = 1.0) -> Floats:
    """``(52,)`` from coefficients by name; a name without its side stands for both."""
    values = np.zeros(SHAPE_COUNT)
    for name, value in named.items():
        sides = [name] if name in SHAPE_INDEX else [name + "Left", name + "Right"]
        for side in sides:
            values[SHAPE_INDEX[side]] = scale * value
    return frozen(values)


_VOWEL_SHAPES = [shape_values(vowel) for vowel in _VOWELS]
_CONSONANT_SHAPES = [shape_values(consonant) for consonant in _CONSONANTS]


class Speech:
    """One person's mouth while they have the word. Holds caches and no other state."""

    def __init__(self, seed: int, conversation: Conversation, seat: int) -> None:
        """The mouth of whoever takes ``seat`` in the conversation."""
        self._seed = seed
        self._conversation = conversation
        self._seat = seat
        self._phrases = Beats(seed, "phrases", _PHRASE_S)
        self._sounds = Beats(seed, "sounds", SOUND_S, 0.5)
        self._stresses = Beats(seed, "stresses", 0.62)
        self._mouth = Track(self._sounds, self._shape)
        self._stress = Track(self._stresses, self._weight)
        self._liveliness = 0.8 + 0.4 * draws(seed, "liveliness", 0)[0]

    def voiced(self, seconds: float) -> bool:
        """Whether a sound is being made: in one's turn, between pauses for breath."""
        if self._conversation.speaker_at(seconds) != self._seat:
            return False
        phrase = self._phrases.at(seconds)
        pause, breath, *_ = self._phrases.dice(phrase)
        silent_s = 0.2 + 0.35 * breath if pause < 0.75 else 0.0
        return seconds - self._phrases.start(phrase) >= silent_s

    def mouth(self, seconds: float) -> Floats:
        """``(52,)`` coefficients to add to the face's."""
        return self._mouth.at(seconds, 1.25 * SOUND_S)

    def stress(self, seconds: float) -> float:
        """How much weight the voice puts on the moment, 0 to 1."""
        return float(self._stress.at(seconds, 0.34)[0])

    def _shape(self, sound: int) -> Floats:
        if not self.voiced(self._sounds.start(sound)):
            return _REST
        which, loud, *_ = self._sounds.dice(sound)
        if sound % 2:
            vowel = _VOWEL_SHAPES[int(which * len(_VOWEL_SHAPES))]
            return vowel * (self._liveliness * (0.55 + 0.6 * loud))
        return _CONSONANT_SHAPES[pick(which, _CONSONANT_SHARE)]

    def _weight(self, beat: int) -> Floats:
        voiced = self.voiced(self._stresses.start(beat))
        return np.array([self._stresses.dice(beat)[0] ** 2 if voiced else 0.0])
