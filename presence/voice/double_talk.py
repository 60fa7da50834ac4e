"""Who is heard: only an echo, or somebody who speaks here, too?

What the canceller takes out of an echo alone, it took out of late; so it is known about how loud an
echo's rest may be. Louder than that is somebody who speaks here, and must not be suppressed. Until
something was taken out well, nothing is known, and all may be echo.
"""

from __future__ import annotations

import math

from presence.voice.block import BLOCK, Samples

_FLOOR_DB = -90.0
_FADES_DB = 0.7
"""In each block: how fast a room's echo fades at least."""
_FORGETS_DB = 0.06
"""In each block: how fast it is doubted that so much is still taken out."""
_LEAST_DB, _SURE_DB = 8.0, 12.0
"""What has to have been taken out to believe anything, and all."""
_ABOVE_DB, _WELL_ABOVE_DB = 7.0, 13.0
"""Over the rest of an echo: what may be a voice, and what is one."""
_AUDIBLE_DB = -50.0
_OPEN, _CLOSE = 1.0, 0.25
"""The part of the way to another answer in each block: at once when somebody begins to speak."""


class DoubleTalk:
    """See the module. State: how loud the echo was, how much was taken out, the last answer."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._echo_db = _FLOOR_DB
        self._taken_db = 0.0
        self._share = 0.0

    def share(self, heard: Samples, left: Samples) -> float:
        """How much of what is left is a voice, 0 to 1.

        Args:
            heard: what the microphone heard ``(960,)``.
            left: what the canceller left of it.
        """
        heard_db, left_db = _level_db(heard), _level_db(left)
        self._echo_db = max(self._echo_db - _FADES_DB, _level_db(heard - left))
        self._taken_db = max(self._taken_db - _FORGETS_DB, 0.0)
        if heard_db > _AUDIBLE_DB:
            self._taken_db = max(self._taken_db, heard_db - left_db)
        above = left_db - (self._echo_db - self._taken_db)
        voice = (above - _ABOVE_DB) / (_WELL_ABOVE_DB - _ABOVE_DB)
        known = (self._taken_db - _LEAST_DB) / (_SURE_DB - _LEAST_DB)
        aim = min(max(voice, 0.0), 1.0) * min(max(known, 0.0), 1.0)
        self._share += (_OPEN if aim > self._share else _CLOSE) * (aim - self._share)
        return self._share


def _level_db(block: Samples) -> float:
    power = float(block @ block) / BLOCK
    return max(10.0 * math.log10(power), _FLOOR_DB) if power > 0.0 else _FLOOR_DB
