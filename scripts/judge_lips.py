"""Judge lips by a person's recordings, whose sounds a recogniser has found in time.

    python scripts/judge_lips.py FOLDER

FOLDER holds prompts of a telephone exchange, as Debian's package asterisk-core-sounds-en-g722 has
them in ``/usr/share/asterisk/sounds/en_US_f_Allison``: numbers, days, months and the letters of the
spelling alphabet, said one by one by one woman. What each file says follows from its name. Needs
``pip install pocketsphinx``, which aligns the words; its times are good to some 20 ms.
"""

from __future__ import annotations

import sys
from pathlib import Path

import av
import numpy as np
from pocketsphinx import Decoder
from rich.console import Console
from scipy.signal import resample_poly

from presence.bench.lips import Case, recall_row
from presence.bench.result import BenchResult
from presence.bench.spoken import Phone, Spoken
from presence.voice.block import RATE, Samples

ROOMY_S = 0.25
"""Silence about each prompt."""
GIVEN_RATE = 16_000
NUMBERS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen"""
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
DAYS = "sunday monday tuesday wednesday thursday friday saturday"
MONTHS = """january february march april may june july august september october november
december"""
SPELLED = """alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november
oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu"""
OTHERS = {
    "digits/hundred": "hundred",
    "digits/thousand": "thousand",
    "digits/million": "million",
    "digits/today": "today",
    "digits/tomorrow": "tomorrow",
    "digits/yesterday": "yesterday",
    "vm-goodbye": "goodbye",
    "all-circuits-busy-now": "all circuits are busy now",
    "call-waiting": "call waiting",
    "queue-thankyou": "thank you for your patience",
    "please-try-again": "please try again",
    "agent-pass": "please enter your password followed by the pound key",
}


def prompts() -> dict[str, str]:
    """What is said, by the file's name."""
    return {
        **{f"digits/{i}": word for i, word in enumerate(NUMBERS.split())},
        **{f"digits/{20 + 10 * i}": word for i, word in enumerate(TENS.split())},
        **{f"digits/day-{i}": word for i, word in enumerate(DAYS.split())},
        **{f"digits/mon-{i}": word for i, word in enumerate(MONTHS.split())},
        **{f"phonetic/{word[0]}_p": word.replace("xray", "x ray") for word in SPELLED.split()},
        **OTHERS,
    }


def aligned(path: Path, words: str) -> Spoken:
    """What a file says, and when."""
    with av.open(str(path), format="g722") as file:
        pieces = [frame.to_ndarray().ravel() for frame in file.decode(audio=0)]
    around = np.zeros(round(ROOMY_S * GIVEN_RATE), dtype=np.int16)
    samples = np.concatenate([around, *pieces, around]).astype(np.int16)
    decoder = Decoder(samprate=GIVEN_RATE, lm=None, loglevel="FATAL")
    decoder.set_align_text(words)
    _listen(decoder, samples)
    decoder.set_alignment()
    _listen(decoder, samples)
    phones = [
        Phone(phone.start / 100, (phone.start + phone.duration) / 100, _symbol(phone.name))
        for word in decoder.get_alignment()
        for phone in word
    ]
    sound = resample_poly(samples / 32768.0, RATE // GIVEN_RATE, 1)
    return Spoken(sound.astype(np.float32), tuple(phones))


def _listen(decoder: Decoder, samples: Samples) -> None:
    decoder.start_utt()
    decoder.process_raw(samples.tobytes(), full_utt=True)
    decoder.end_utt()


def _symbol(name: str) -> str:
    return "" if name == "SIL" or not name.isalpha() else name.lower()


def one_after_another(said: list[Spoken]) -> Spoken:
    """As one person says it who pauses between words."""
    phones, start = [], 0.0
    for each in said:
        phones += [Phone(start + p.start, start + p.end, p.symbol) for p in each.phones]
        start += len(each.sound) / RATE
    return Spoken(np.concatenate([each.sound for each in said]), tuple(phones))


def main() -> None:
    """Run the script."""
    folder = Path(sys.argv[1])
    said = [
        aligned(path, words)
        for name, words in prompts().items()
        if (path := folder / f"{name}.g722").exists()
    ]
    person = one_after_another(said)
    rows = [recall_row(Case(f"a person, {len(said)} prompts", (person,), noise=n)) for n in (0, 1)]
    rows[1]["what"] += ", noise at 20 dB"
    BenchResult("lips", {"folder": str(folder)}, rows, []).print(Console())


if __name__ == "__main__":
    main()
