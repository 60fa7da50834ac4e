"""Speech to measure with: sentences by espeak-ng, which says them alike every time."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave

import numpy as np

from presence.errors import UsageError
from presence.voice.block import BLOCK, RATE, Samples

SENTENCES = (
    "The old clock in the hall struck nine just as everybody sat down to supper.",
    "Would you mind passing me that blue folder, please?",
    "Seven ships sailed south, past the shallow shores, with hardly any wind.",
    "My brother bought a pair of brown boots, and a bag of apples for the way home.",
    "It is far too early to tell, but I think we should try it again tomorrow.",
    "Fresh bread, a bit of cheese, and good company: what more could one want?",
)
_PEAK = 0.3
_PAUSE_S = 0.6


def say(text: str, *, voice: str = "en-gb", words_per_minute: int = 160) -> Samples:
    """What a voice of espeak-ng's says: ``(n,)`` at 48 kHz, its loudest sample at 0.3.

    Raises:
        UsageError: the program is not installed.
    """
    # Part of what draws, which a bench may want and a call need not have.
    from scipy.signal import resample_poly

    program = shutil.which("espeak-ng")
    if program is None:
        raise UsageError(
            "nobody is here to speak: install espeak-ng (Debian's package has that name)"
        )
    command = [program, "-v", voice, "-s", str(words_per_minute), "--stdout", text]
    spoken = subprocess.run(command, capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(spoken)) as file:
        rate = file.getframerate()
    # Written to a pipe, the file does not know how long it is.
    sound = np.frombuffer(spoken[44:], dtype="<i2").astype(np.float64)
    divisor = int(np.gcd(rate, RATE))
    sound = resample_poly(sound, RATE // divisor, rate // divisor)
    scaled: Samples = (_PEAK / np.abs(sound).max() * sound).astype(np.float32)
    return scaled


def conversation(sentences: int, *, voice: str = "en-gb") -> Samples:
    """Sentences with pauses between them, in blocks ``(n, 960)``; then they are said again."""
    pause = np.zeros(round(_PAUSE_S * RATE), dtype=np.float32)
    parts = [pause]
    said: dict[str, Samples] = {}
    for number in range(sentences):
        text = SENTENCES[number % len(SENTENCES)]
        if text not in said:
            said[text] = say(text, voice=voice)
        parts += [said[text], pause]
    sound = np.concatenate(parts)
    return sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)
