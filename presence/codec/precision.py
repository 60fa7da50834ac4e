"""How fine a frame's steps are, so that the error stays at its bound."""

from __future__ import annotations

from math import log2

from presence.codec.layout import PITCH_COUNT, PITCHES_NM

_FIRST_SHARE = 0.7
"""The first frame's pitch, in bounds."""
MOST_OVER = 0.01
"""The share of vertices that may be further off than the bound."""
_AIM = 0.0085
"""What is aimed at, a little less."""
_GAIN = 8.0
"""Steps of precision that a frame wholly beyond the bound makes finer."""
_SLOW, _FAST = 0.1, 0.3
"""Metres a second: slower than the one, steps are finest; faster than the other, as coarse as can
be."""
_SLOW_FINER = 7.0
"""Steps of precision, an eighth of an octave each."""
_GOLDEN_FINER = 7.0
"""Steps of precision by which a golden is finer, so that the error does not jump in step with them:
a golden has nothing in common with the frame before it, and nothing of its error. It costs 0.1
kbit/s."""
_FINER = 2
"""Steps of precision by which a frame is made anew whose worst vertex is too far off."""


class PrecisionControl:
    """Chooses the precision of frame after frame.

    State: the precision that has proved right, in parts of a step, and how much finer than that the
    next frame is to be. The first follows how many vertices are further off than the bound: slowly
    finer while more than a hundredth are, slowly coarser while fewer are. Where a person moves
    slowly, errors that change from frame to frame show as trembling, and finer steps cost little:
    there the precision is up to :data:`_SLOW_FINER` steps finer. Somebody who does not move is left
    alone: their golden was made so fine that the bound holds for it by itself.
    """

    def __init__(self, bound_m: float) -> None:
        """Begin about where people usually end, with somebody who does not move."""
        coarsest_m = PITCHES_NM[0] / 1e9
        self._precision = min(max(8.0 * log2(coarsest_m / (_FIRST_SHARE * bound_m)), 0.0), 63.0)
        self._finer = _SLOW_FINER

    def first(self, *, golden: bool) -> int:
        """What to try first for the next frame, if somebody moves in it."""
        finer = self._finer + (_GOLDEN_FINER if golden else 0.0)
        return min(round(self._precision + finer), PITCH_COUNT - 1)

    @staticmethod
    def finer(precision: int) -> int:
        """What to try next; the same if there is nothing finer."""
        return min(precision + _FINER, PITCH_COUNT - 1)

    def observe(self, share_over: float, speed: float, *, moved: bool) -> None:
        """Take in how a frame came out.

        Args:
            share_over: of its vertices, those further off than the bound.
            speed: of its joints in the mean, metres a second.
            moved: whether it differs at all from what it refers to.
        """
        if share_over > MOST_OVER or (moved and self._finer < 1.0):
            wanted = self._precision + _GAIN * (share_over - _AIM)
            self._precision = min(max(wanted, 0.0), PITCH_COUNT - 1.0)
        fast = (speed - _SLOW) / (_FAST - _SLOW)
        self._finer = _SLOW_FINER * (1.0 - min(max(fast, 0.0), 1.0))
