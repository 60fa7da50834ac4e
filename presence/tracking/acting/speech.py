"""Talking: a mouth that makes syllables, and the stress that hands, brows and head go with."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX
from presence.tracking.acting.conversation import Conversation
from presence.tracking.acting.seeded import draws, pulse, smooth
from presence.tracking.acting.utterance import VOWEL_COUNT, Script, Utterance

# What each sound shows, said plainly; a vowel's jaw goes with the stress.
_VOWELS: tuple[dict[str, float], ...] = (
    {"jawOpen": 0.46, "mouthLowerDown": 0.14, "mouthUpperUp": 0.06},
    {"jawOpen": 0.31, "mouthStretch": 0.14, "mouthSmile": 0.06, "mouthLowerDown": 0.16}
    | {"mouthUpperUp": 0.06},
    {"jawOpen": 0.17, "mouthStretch": 0.22, "mouthSmile": 0.12, "mouthLowerDown": 0.14}
    | {"mouthUpperUp": 0.1},
    {"jawOpen": 0.34, "mouthFunnel": 0.46, "mouthPucker": 0.24},
    {"jawOpen": 0.17, "mouthClose": 0.09, "mouthPucker": 0.62, "mouthFunnel": 0.18},
)
_CONSONANTS: tuple[dict[str, float], ...] = (
    {"jawOpen": 0.08},  # m, b, p: the lips are shut apart from this
    {"jawOpen": 0.07, "mouthRollLower": 0.34, "mouthUpperUp": 0.16},  # f, v
    {"jawOpen": 0.12, "mouthLowerDown": 0.08, "mouthUpperUp": 0.03},  # t, d, n, l
    {"jawOpen": 0.06, "mouthStretch": 0.16, "mouthLowerDown": 0.18, "mouthUpperUp": 0.1},  # s, z
    {"jawOpen": 0.09, "mouthClose": 0.04, "mouthFunnel": 0.36, "mouthPucker": 0.22},  # sh, ch
    {"jawOpen": 0.19, "mouthLowerDown": 0.05},  # k, g
)
_PRESSED: dict[str, float] = {"mouthPress": 0.22, "mouthRollLower": 0.12, "mouthRollUpper": 0.1}
_CLOSE_S, _PART_S = 0.06, 0.07
_JAW, _SEAL = SHAPE_INDEX["jawOpen"], SHAPE_INDEX["mouthClose"]
_BETWEEN_LIPS = [
    SHAPE_INDEX[name]
    for name in (
        *("mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
        "mouthFunnel",
    )
]
"""What would keep the lips apart when they have to be shut."""

_REST = frozen(np.zeros(SHAPE_COUNT))


def shape_values(named: dict[str, float], scale: float = 1.0) -> Floats:
    """``(52,)`` from coefficients by name; a name without its side stands for both."""
    values = np.zeros(SHAPE_COUNT)
    for name, value in named.items():
        sides = [name] if name in SHAPE_INDEX else [name + "Left", name + "Right"]
        for side in sides:
            values[SHAPE_INDEX[side]] = scale * value
    return frozen(values)


# The row −1, after all others, is silence.
_SHAPES = frozen(np.stack([*map(shape_values, (*_VOWELS, *_CONSONANTS)), _REST]))
_LIPS_PRESSED = shape_values(_PRESSED)


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """What comes with speaking at a moment."""

    mouth: Floats
    """``(52,)`` coefficients to add to the face's."""
    stress: float
    """How much weight the voice puts on the moment, 0 to 1."""
    lift: float
    """How far head and brows rise with the phrase's beginning and sink at its end, −1 to 1."""
    asking: float
    """How far the voice rises to a question, 0 to 1."""
    voiced: float
    """How far the mouth is busy with a phrase, 0 to 1."""


class Speech:
    """One person's mouth while they have the word. Holds caches and no other state."""

    def __init__(self, seed: int, conversation: Conversation, seat: int) -> None:
        """The mouth of whoever takes ``seat`` in the conversation."""
        self.script = Script(conversation)
        self._conversation = conversation
        self._seat = seat
        self._liveliness = 0.82 + 0.36 * draws(seed, "liveliness", 0)[0]

    def at(self, seconds: float) -> Voice:
        """The mouth, and what else goes with the voice."""
        number = self._conversation.turn_at(seconds).number
        mouth: Floats = _REST
        quiet, lift, asking, voiced = 1.0, 0.0, 0.0, 0.0
        # The end of the last word and the breath before the first reach beyond a turn.
        for turn in (number - 1, number, number + 1):
            if self._conversation.turn(turn).speaker != self._seat:
                continue
            said = self.script.utterance(turn)
            if said.sound_s and said.sound_s[0] - 0.5 < seconds < said.sound_s[-1] + 1.2:
                mouth = mouth + self._mouth(said, seconds)
                quiet *= 1.0 - _stress(said, seconds)
                rise, question, busy = _contour(said, seconds)
                lift, asking = lift + rise, asking + question
                voiced += (1.0 - voiced) * busy
        return Voice(mouth, 1.0 - quiet, lift, asking, voiced)

    def _mouth(self, said: Utterance, seconds: float) -> Floats:
        i = bisect_right(said.sound_s, seconds) - 1
        mouth: Floats = np.zeros(SHAPE_COUNT)
        come = 0.0
        while i >= 0 and come < 1.0:
            before = smooth((seconds - said.sound_s[i]) / said.sound_widths_s[i])
            if before > come:
                sound = said.sounds[i]
                share = before - come
                come = before
                if 0 <= sound < VOWEL_COUNT:
                    # An unstressed vowel opens the jaw less, and keeps most of its rounding.
                    weight = self._liveliness * float(said.weights[i])
                    less = share * (0.5 * weight - 0.5)
                    mouth[_JAW] += less * _SHAPES[sound, _JAW]
                    mouth[_SEAL] += less * _SHAPES[sound, _SEAL]
                    share *= 0.5 + 0.5 * weight
                mouth += share * _SHAPES[sound]
            i -= 1
        shut = _shut(said, seconds)
        if shut > 0.0:
            # The lips come together whatever the jaw is doing on its way from vowel to vowel.
            mouth[_BETWEEN_LIPS] *= 1.0 - shut
            mouth[_SEAL] += shut * (mouth[_JAW] - mouth[_SEAL])
            mouth += shut * _LIPS_PRESSED
        return mouth


def _shut(said: Utterance, seconds: float) -> float:
    """How far the lips are shut for an m, b or p, 0 to 1."""
    apart = 1.0
    i = bisect_right(said.closures_s, (seconds + _CLOSE_S, 0.0)) - 1
    while i >= 0 and (since := seconds - said.closures_s[i][0] + _CLOSE_S) < 0.5:
        start, end = said.closures_s[i]
        apart *= 1.0 - pulse(since, _CLOSE_S, end - start, _PART_S)
        i -= 1
    return 1.0 - apart


def _stress(said: Utterance, seconds: float) -> float:
    light = 1.0
    i = bisect_right(said.stress_s, seconds + 0.14) - 1
    while i >= 0 and (since := seconds - said.stress_s[i] + 0.14) < 0.6:
        light *= 1.0 - said.stresses[i] * pulse(since, 0.19, 0.04, 0.3)
        i -= 1
    return 1.0 - light


def _contour(said: Utterance, seconds: float) -> tuple[float, float, float]:
    """How far the phrase lifts the head, how far it asks, and how far there is one."""
    lift, asking, voiced = 0.0, 0.0, 0.0
    for phrase in said.phrases:
        if phrase.start_s - 0.4 < seconds < phrase.end_s + 1.2:
            lift += pulse(seconds - phrase.start_s + 0.2, 0.4, 0.15, 0.8)
            end = pulse(seconds - phrase.end_s + 0.45, 0.45, 0.12, 0.6)
            if phrase.asks:
                asking += end
            else:
                lift -= end
            lasts = phrase.end_s - phrase.start_s
            voiced += (1.0 - voiced) * pulse(seconds - phrase.start_s + 0.2, 0.35, lasts, 0.5)
    return lift, asking, voiced
