"""Whether somebody speaks, and how loud: for rings over heads, and for what should know of a pause.

Whether it is speech is WebRTC's judgement (by the package ``webrtcvad-wheels``). It takes many
noises for speech, so what is hardly louder than the room has been of late is none, either.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from presence.errors import UsageError
from presence.voice.block import BLOCK, RATE, Samples, checked_block

FLOOR_DB = -96.0
"""The level of silence."""
_STRICTNESS = 2
"""Of WebRTC's judgement: 0 takes nearly everything for speech, 3 hardly anything."""
_HANG_BLOCKS = 12
"""Between words nobody stops speaking: for 0.24 s."""
_OVER_ROOM_DB = 6.0
_FAINTEST_DB = -60.0
_ROOM_RISE_DB = 0.02
"""How fast the room may get louder: a decibel a second, lest it follow a voice."""
_ROOM_FALL = 0.2
_ATTACK, _RELEASE = 0.6, 0.12
"""The part of the way to a new level in each block: some 20 ms up, 160 ms down."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """What is known of a voice after a block."""

    speaks: bool
    """Whether somebody speaks, or did a moment ago."""
    level_db: float
    """How loud, smoothed as an eye wants it: 0 dB is the loudest square wave, −96 is silence.
    Silence, too, while nobody speaks."""


class Activity:
    """See the module. State: WebRTC's, the room's level, the smoothed level, the time since."""

    def __init__(self) -> None:
        """Begin anew.

        Raises:
            UsageError: the package is not installed.
        """
        try:
            module: Any = importlib.import_module("webrtcvad")
        except ImportError:
            raise UsageError(
                "nothing here tells speech from noise: install presence with its extra voice"
            ) from None
        self._judge = module.Vad(_STRICTNESS)
        self._room_db = _FAINTEST_DB
        self._level_db = FLOOR_DB
        self._left = 0

    def hear(self, block: Samples) -> Speaking:
        """Take in the next 20 ms ``(960,)``."""
        block = checked_block(block)
        level_db = loudness_db(block)
        sound = np.rint(np.clip(block, -1.0, 1.0) * 32767.0).astype(np.int16).tobytes()
        heard = self._judge.is_speech(sound, RATE)
        loud = level_db > max(self._room_db + _OVER_ROOM_DB, _FAINTEST_DB)
        if level_db < self._room_db:
            self._room_db += _ROOM_FALL * (max(level_db, FLOOR_DB) - self._room_db)
        else:
            self._room_db += min(_ROOM_RISE_DB, level_db - self._room_db)
        self._left = _HANG_BLOCKS if heard and loud else max(self._left - 1, 0)
        aim_db = level_db if self._left else FLOOR_DB
        share = _ATTACK if aim_db > self._level_db else _RELEASE
        self._level_db += share * (aim_db - self._level_db)
        return Speaking(self._left > 0, self._level_db)


def loudness_db(block: Samples) -> float:
    """How loud a block ``(960,)`` is: 0 dB is the loudest square wave."""
    power = float(np.dot(block, block)) / BLOCK
    return max(10.0 * math.log10(power), FLOOR_DB) if power > 0.0 else FLOOR_DB
