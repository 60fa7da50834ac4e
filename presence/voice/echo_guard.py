"""What is left of an echo is turned down, and where cancelling does not hold, the person is.

A canceller leaves little of an echo and much of whoever speaks here, so how much it takes out tells
which of the two was heard. What it took nearly all of is turned down further, before any gain could
make it louder. If what it leaves rises and falls with what is played, for seconds, it has failed
(loudspeakers that are overdriven, a device that lies, no canceller at all): then what is sent is
turned down while others are heard, and there is a sentence for the person.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from presence.pose.arrays import Floats
from presence.voice.block import BLOCK, RAMP, Samples

SENTENCE = (
    "your microphone hears your loudspeakers more than can be taken out, so you are turned down "
    "while others speak: turn the loudspeakers down, move the microphone away from them, or use "
    "headphones"
)
_SILENT_DB = -60.0
"""Fainter than that nothing is said by anybody."""
_FLOOR_DB = -80.0
_DUCK_DB = -24.0
_FAILED_DUCK_DB = -30.0
_VOICE_DB, _ECHO_DB = -8.0, -14.0
"""Of what was heard, at least so much is left of a voice, and at most so much of an echo."""
_OPEN, _CLOSE = 1.0, 0.35
"""The part of the way to another loudness in each block: at once when somebody begins to speak."""
_SOUNDS_BLOCKS = 20
"""What was played may still be heard: for 0.4 s, the devices' delay and the room's."""
_WINDOW = 200
"""Blocks, 4 s, over which what is left is compared with what was played."""
_LAGS = 16
"""Blocks by which it may come later."""
_LEAST_PLAYED = 0.3
"""Of the window, before anything is said of it."""
_FAILED, _HOLDS = 0.75, 0.45
"""Correlations of the levels: above the one cancelling has failed, below the other it holds."""
_EVERY = 10
"""Blocks from one look to the next."""


class EchoGuard:
    """See the module. State: levels of the last seconds, the loudness now, whether it failed."""

    def __init__(self) -> None:
        """Begin with nothing played."""
        self.failed = False
        """Whether cancelling does not hold at present."""
        self._played: deque[float] = deque([_FLOOR_DB] * (_WINDOW + _LAGS), _WINDOW + _LAGS)
        self._left: deque[float] = deque([_FLOOR_DB] * _WINDOW, _WINDOW)
        self._kept: deque[float] = deque([0.0] * _WINDOW, _WINDOW)
        self._told_db = _FLOOR_DB
        self._gain = 1.0
        self._blocks = 0

    @property
    def problem(self) -> str:
        """A sentence for the person; empty while cancelling holds."""
        return SENTENCE if self.failed else ""

    def reference(self, mix: Samples) -> None:
        """Tell what is played: ``(960,)`` or ``(960, 2)``."""
        self._told_db = max(self._told_db, _level_db(mix))

    def duck(self, heard: Samples, left: Samples) -> Samples:
        """The block as it should be sent ``(960,)``.

        Args:
            heard: what the microphone heard.
            left: what the canceller left of it.
        """
        heard_db, left_db = _level_db(heard), _level_db(left)
        self._played.append(self._told_db)
        self._told_db = _FLOOR_DB
        self._left.append(left_db)
        self._kept.append(left_db - heard_db)
        self._blocks += 1
        if self._blocks % _EVERY == 0:
            self._look()
        before = self._gain
        aim_db = self._aim_db(heard_db, left_db)
        aim = before if aim_db is None else 10.0 ** (aim_db / 20.0)
        self._gain += (_OPEN if aim > before else _CLOSE) * (aim - before)
        if before == self._gain == 1.0:
            return left
        ducked: Samples = left * (before + (self._gain - before) * RAMP)
        return ducked

    def _aim_db(self, heard_db: float, left_db: float) -> float | None:
        """Where to go; None where nothing is heard that could tell."""
        recent = max(list(self._played)[-_SOUNDS_BLOCKS:])
        if recent < _SILENT_DB:
            return 0.0
        if self.failed:
            return _FAILED_DUCK_DB
        if heard_db < _SILENT_DB:
            return None
        share = (_VOICE_DB - (left_db - heard_db)) / (_VOICE_DB - _ECHO_DB)
        return _DUCK_DB * min(max(share, 0.0), 1.0)

    def _look(self) -> None:
        """Does what is left rise and fall with what was played?"""
        played = np.array(self._played)
        sounding = played[_LAGS:] > _SILENT_DB
        if sounding.mean() < _LEAST_PLAYED:
            return
        left = np.maximum(np.array(self._left), _SILENT_DB)
        kept = np.array(self._kept)[sounding & (left > _SILENT_DB)]
        if not len(kept) or np.median(kept) < _ECHO_DB:
            self.failed = False
            return
        played = np.maximum(played, _SILENT_DB)
        alike = max(_alike(played[_LAGS - lag :][:_WINDOW], left) for lag in range(_LAGS + 1))
        self.failed = alike > (_HOLDS if self.failed else _FAILED)


def _alike(one: Floats, other: Floats) -> float:
    """The correlation of two rows of levels; 0 where one of them does not change."""
    a, b = one - one.mean(), other - other.mean()
    size = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / size if size > 1e-6 else 0.0


def _level_db(block: Samples) -> float:
    flat = block.reshape(-1)
    power = float(np.dot(flat, flat)) / BLOCK
    return max(10.0 * math.log10(power), _FLOOR_DB) if power > 0.0 else _FLOOR_DB
