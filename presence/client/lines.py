"""What a performer says aloud: sentences in their turns of the script, by eSpeak NG.

A simulated voice for a simulated person, so that demos and tests have something to hear.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache

import numpy as np

from presence.errors import UsageError
from presence.tracking.acting.conversation import HELLO_S, Conversation, Turn
from presence.tracking.acting.seeded import draws
from presence.voice.block import Samples

RATE = 22_050
"""Hertz, of what eSpeak NG gives."""
_VOICES = (
    *(("en-gb+f3", 56), ("en-gb+m3", 40), ("en-us+f4", 62), ("en-us+m1", 46)),
    *(("en-gb-scotland+f2", 50), ("en-gb-x-rp+m7", 36)),
)
"""Names and pitches, 0 to 99."""
_WORDS_A_MINUTE = 165
_PAUSE_S = 0.25
_LOUD = 0.1
"""Root mean square of a sentence while it is spoken: −20 dB."""
_GREETINGS = ("Hello!", "Hi there!", "Good to see you!", "Hello everybody!")
_SENTENCES = (
    "Oh, lovely.",
    "Do you think so?",
    "I am not so sure about that.",
    "That reminds me of something.",
    "Well, it was warmer up on the mountain.",
    "We could try it again on Monday.",
    "My mother bakes them with pepper and plums.",
    "Have you been to see the boats by the bridge?",
    "It feels as if you were here, just across the room.",
    "The baby has begun to walk, and nobody can keep up with him.",
    "Maybe we should move the big table over to the window.",
    "I put five apples in the bag, and found four of them at home.",
    "You would never believe what happened to me on my way back from the market.",
    "First we painted the wall blue, then we found out that the lamp made it look green.",
    "If everybody brings something small, we have more than enough for the whole evening.",
    "Somebody played the violin beneath our window until the moon went down behind the hill.",
)


def lines(seed: int, seat: int, cast: int, seconds: float, *, script_seed: int = 0) -> Samples:
    """A performer's voice for the first ``seconds`` of a call, at ``RATE``.

    Args:
        seed: whose voice it is; the same seed sounds the same.
        seat: the performer's.
        cast: how many are in the script.
        seconds: for how long.
        script_seed: of the script, as the performer's.

    Raises:
        UsageError: eSpeak NG is missing, or fails.
    """
    voice = _VOICES[seed % len(_VOICES)]
    sound = np.zeros(round(seconds * RATE), dtype=np.float32)
    greeting = _GREETINGS[seed % len(_GREETINGS)]
    _put(sound, 0.6 + 1.4 * draws(seed, "greeting", 0)[0], _spoken(greeting, *voice))
    conversation = Conversation(script_seed, cast)
    number = conversation.turn_at(HELLO_S).number
    while (turn := conversation.turn(number)).ready_s < seconds:
        if turn.speaker == seat:
            _speak(sound, turn, seed, voice)
        number += 1
    return sound


def _speak(sound: Samples, turn: Turn, seed: int, voice: tuple[str, int]) -> None:
    """Fill a turn with as many sentences as it has room for."""
    at_s = turn.start_s
    order = draws(seed, "sentences", turn.number)
    for choice in order:
        sentence = _spoken(_SENTENCES[int(choice * len(_SENTENCES))], *voice)
        if at_s + len(sentence) / RATE <= turn.end_s:
            _put(sound, at_s, sentence)
            at_s += len(sentence) / RATE + _PAUSE_S
    if at_s == turn.start_s:
        _put(sound, at_s, _spoken(_SENTENCES[int(order[0] * 2)], *voice))


def _put(sound: Samples, at_s: float, sentence: Samples) -> None:
    begin = round(at_s * RATE)
    room = sound[begin : begin + len(sentence)]
    room += sentence[: len(room)]


@lru_cache(maxsize=256)
def _spoken(text: str, voice: str, pitch: int) -> Samples:
    """A sentence, without the silence around it."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise UsageError(
            "performers speak by eSpeak NG, which is not installed: "
            "sudo apt install espeak-ng, or leave --microphone lines out"
        )
    command = [program, "-v", voice, "-p", str(pitch), "-s", str(_WORDS_A_MINUTE)]
    # The text by standard input: as an argument, one that begins with a dash would be an option.
    said = subprocess.run([*command, "--stdout"], input=text.encode(), capture_output=True)
    # Its header holds no length, for it writes as it speaks.
    begin = said.stdout.find(b"data")
    if said.returncode or begin < 0:
        raise UsageError(
            f"eSpeak NG does not speak as {voice}: {said.stderr.decode(errors='replace').strip()}; "
            "install Debian's espeak-ng"
        )
    wave = np.frombuffer(said.stdout[begin + 8 :], dtype="<i2").astype(np.float32) / 32768.0
    loud = np.flatnonzero(np.abs(wave) > 1e-3)
    wave = wave[loud[0] : loud[-1] + 1] if len(loud) else wave
    return wave * np.float32(_LOUD / max(float(np.sqrt(np.mean(wave**2))), 1e-6))
