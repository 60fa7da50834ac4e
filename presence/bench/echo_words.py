"""Sentences of known words, and how many of them a recogniser still hears.

The recogniser is pocketsphinx, whose wheel carries a model of American English; it is told by a
grammar what may be said, so that it hears words and not sense.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from presence.bench.espeak import say
from presence.errors import UsageError
from presence.voice.block import RATE, Samples

_WORDS = (
    ("bring", "carry", "follow", "push"),
    ("yellow", "purple", "green", "orange"),
    ("window", "basket", "ladder", "paper"),
    ("door", "house", "table", "river"),
    ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
)
_SENTENCE = "{} the {} {} to {} number {}"
_HEARING_RATE = 16_000
_AROUND_S = 0.35
_HISS = 0.001
"""In all that is recognised alike, against a loudest sample of 0.3: 50 dB under it."""
_BEAMS = {"beam": 1e-120, "wbeam": 1e-100, "pbeam": 1e-120}
"""How unlikely what was heard may look before it is given up: nearly anything."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Sentences one after another."""

    sound: Samples
    """``(n,)`` at 48 kHz, its loudest sample at 0.3."""
    words: tuple[tuple[str, ...], ...]
    """Of each sentence, those that were drawn."""
    spans: tuple[tuple[int, int], ...]
    """Of each sentence: its first sample and the one after its last."""


def tell(sentences: int, *, voice: str, begin_s: float, seed: int = 0) -> Told:
    """Have sentences said, the first after ``begin_s``, with pauses between them.

    Raises:
        UsageError: espeak-ng is not installed.
    """
    random = np.random.default_rng(seed)
    parts = [np.zeros(round(begin_s * RATE), dtype=np.float32)]
    at = len(parts[0])
    words, spans = [], []
    for _ in range(sentences):
        drawn = tuple(str(random.choice(choice)) for choice in _WORDS)
        sound = say(_SENTENCE.format(*drawn), voice=voice, words_per_minute=150)
        pause = np.zeros(round(0.8 * RATE), dtype=np.float32)
        words.append(drawn)
        spans.append((at, at + len(sound)))
        at += len(sound) + len(pause)
        parts += [sound, pause]
    return Told(np.concatenate(parts), tuple(words), tuple(spans))


class Listener:
    """See the module. State: the recogniser's, which begins anew with each sentence."""

    def __init__(self) -> None:
        """Load the model.

        Raises:
            UsageError: pocketsphinx is not installed.
        """
        try:
            module: Any = importlib.import_module("pocketsphinx")
        except ImportError:
            raise UsageError(
                "words are recognised by pocketsphinx, which is not here: pip install pocketsphinx"
            ) from None
        self._decoder = module.Decoder(samprate=_HEARING_RATE, lm=None, loglevel="FATAL", **_BEAMS)
        self._decoder.add_jsgf_string("told", _grammar())
        self._decoder.activate_search("told")

    def heard(self, told: Told, sound: Samples) -> list[bool]:
        """Of each word that was drawn, whether it is recognised in its place.

        Args:
            told: what was said.
            sound: what is heard, at 48 kHz, from the same beginning (or 0.1 s later, no matter).
        """
        recognised = []
        around = round(_AROUND_S * RATE)
        for words, (begin, end) in zip(told.words, told.spans, strict=True):
            said = self._words(sound[max(0, begin - around) : end + around])
            recognised += [
                place < len(said) and said[place] == word for place, word in enumerate(words)
            ]
        return recognised

    def _words(self, sound: Samples) -> list[str]:
        from scipy.signal import resample_poly

        slow = resample_poly(sound.astype(np.float64), 1, RATE // _HEARING_RATE)
        # A recogniser wants a voice as loud as it learned; this changes nothing between words.
        slow *= 0.3 / max(float(np.abs(slow).max()), 1e-6)
        # Silence that is quite empty, as a suppressor leaves it, is nothing that it learned.
        slow += _HISS * np.random.default_rng(1).standard_normal(len(slow))
        self._decoder.start_utt()
        self._decoder.process_raw(np.rint(32767.0 * slow).astype(np.int16).tobytes(), full_utt=True)
        self._decoder.end_utt()
        best = self._decoder.hyp()
        drawn = {word for choice in _WORDS for word in choice}
        return [word for word in (best.hypstr.split() if best else []) if word in drawn]


def _grammar() -> str:
    rules = [f"<w{place}> = {' | '.join(choice)};" for place, choice in enumerate(_WORDS)]
    whole = _SENTENCE.format(*(f"<w{place}>" for place in range(len(_WORDS))))
    return "#JSGF V1.0;\ngrammar told;\n" + "\n".join([f"public <told> = {whole};", *rules]) + "\n"
