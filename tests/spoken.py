"""Speech for tests: espeak-ng's, of which scripts/setup.py sees that it is there."""

import functools

import pytest

from presence.bench.espeak import SENTENCES, conversation, say
from presence.errors import UsageError
from presence.voice.block import BLOCK


@functools.cache
def sentence(number=0, voice="en-gb"):
    """One sentence in blocks ``(n, 960)``, without silence before or after."""
    try:
        sound = say(SENTENCES[number], voice=voice)
    except UsageError as error:
        pytest.skip(str(error))
    return sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)


@functools.cache
def sentences(count, voice="en-gb"):
    """Some, with pauses of 0.6 s around them."""
    try:
        return conversation(count, voice=voice)
    except UsageError as error:
        pytest.skip(str(error))
