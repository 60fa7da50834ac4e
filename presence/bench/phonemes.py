"""What a mouth does for each sound of a language: IPA and flite's names to ``MouthSound``."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from presence.bench.spoken import BREATH, Spoken
from presence.voice.mouth_sounds import MouthSound

_BY_LETTER: dict[MouthSound, str] = {
    MouthSound.SHUT: "mbpɱ",
    MouthSound.BITTEN: "fvʋ",
    MouthSound.HISSED: "szɕʑ",
    MouthSound.HUSHED: "ʃʒʂʐ",
    MouthSound.TONGUED: "tdnlɾrɹɻʁʀkɡgŋhxçχɣɦθðɲʎʝʔqɫʈɖɭɳcɟ" + BREATH,
    MouthSound.OPEN: "aɑæʌ",
    MouthSound.MID: "eɛəɐɜɚɝɘ",
    MouthSound.SPREAD: "iɪjɨᵻ",
    MouthSound.PUCKERED: "uʊwyʏøɥʉɯ",
    MouthSound.ROUND: "oɔɒœɵɤ",
}
_LETTERS = {letter: sound for sound, letters in _BY_LETTER.items() for letter in letters}
_FLITE = (
    "aa ɑ ae æ ah ʌ ao ɔ aw aʊ ax ə ay aɪ b b ch tʃ d d dh ð eh ɛ er ɚ ey eɪ f f g ɡ hh h ih ɪ "
    "iy i jh dʒ k k l l m m n n ng ŋ ow oʊ oy ɔɪ p p r ɹ s s sh ʃ t t th θ uh ʊ uw u v v w w "
    "y j z z zh ʒ"
)
_BY_NAME = dict(pair.split() for pair in re.findall(r"\S+ \S+", _FLITE))
_GLIDE_FROM = 0.6
"""The part of a diphthong that its first vowel has."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A mouth's doing for a time."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    sound: MouthSound


def sounds_of(symbol: str) -> list[MouthSound]:
    """What the mouth does for one symbol of espeak-ng's, in order; nothing for what is unknown."""
    plain = unicodedata.normalize("NFD", symbol)
    if plain[:2] in ("tʃ", "dʒ", "tɕ", "dʑ"):
        return [MouthSound.HUSHED]
    if plain[:2] in ("ts", "dz"):
        return [MouthSound.HISSED]
    if plain[:2] == "pf":
        return [MouthSound.SHUT, MouthSound.BITTEN]
    sounds = [_LETTERS[letter] for letter in plain if letter in _LETTERS]
    return [sound for i, sound in enumerate(sounds) if i == 0 or sound != sounds[i - 1]]


def moments(spoken: Spoken) -> list[Moment]:
    """What the mouth of who said this did."""
    found: list[Moment] = []
    for phone in spoken.phones:
        if not phone.symbol:
            found.append(Moment(phone.start, phone.end, MouthSound.PAUSE))
            continue
        sounds = sounds_of(_BY_NAME.get(phone.symbol, phone.symbol))
        if not sounds:
            continue
        lasts = phone.end - phone.start
        edges = [0.0, 1.0] if len(sounds) == 1 else [0.0, _GLIDE_FROM, 1.0]
        for sound, start, end in zip(sounds, edges, edges[1:], strict=False):
            found.append(Moment(phone.start + start * lasts, phone.start + end * lasts, sound))
    return found
