"""A mouth from a voice: what the lips of somebody do whose face nothing tracks."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from presence.errors import UsageError
from presence.pose.arrays import Floats, Ints, frozen
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX
from presence.voice.block import BLOCK, Samples
from presence.voice.lip_features import LipFeatures
from presence.voice.lip_model import OFFSETS, LipModel, trained_model
from presence.voice.mouth_sounds import PARTING, PRESSED, SHOWN, SOUND_COUNT, VOWELS, MouthSound

LATENCY_NS = 40_000_000
"""How long before the end of a block the mouth was as it is given for it: 30 ms because what
follows tells a sound, and some 10 ms by which lips and jaw follow."""

_ABOUT: Ints = np.array([[i - OFFSETS[0] + offset for offset in OFFSETS] for i in range(2)])
"""Which of the looks that are kept are about the two moments that a block decides."""

_JAW, _SEAL = SHAPE_INDEX["jawOpen"], SHAPE_INDEX["mouthClose"]
_SMILES: Ints = np.array([SHAPE_INDEX["mouthSmileLeft"], SHAPE_INDEX["mouthSmileRight"]])
_CERTAIN_PAUSE = frozen(np.eye(SOUND_COUNT)[MouthSound.PAUSE])
_VOWELS_JAW = frozen(np.where(np.isin(np.arange(SOUND_COUNT), VOWELS), SHOWN[:, _JAW], 0.0))

_QUIET, _QUIET_HOPS = -60.0, 15
"""Decibels below which nobody speaks, and for how long: within a p or t, too, there is silence."""
_FOLLOWS, _FOLLOWS_IN_PAUSES = 0.5, 0.2
"""The part of the way that a mouth goes in 10 ms to what a sound shows, and to rest."""
_SEALS, _PARTS = 0.75, 0.5
"""The same of lips that meet and part."""
_MEETS, _LETS_GO = 0.4, 0.2
"""How likely an m, b or p has to be for lips to meet, and not to part again."""
_HOLD = 4
"""Hops for which lips that meet stay shut at least: seen by displays of 60 Hz, and by who is sent
20 poses a second."""
_USUAL = -28.0
"""Decibels: how loud a voice is that was brought to level, while it speaks."""
_USUAL_FOLLOWS = 1.0 / 300.0
"""The part of the way that what is usual of somebody goes in each hop: 3 s."""
_EFFORT_DB, _STRENGTH_DB = 24.0, 48.0
"""Decibels over which the jaw's opening doubles: beside what is usual of late, and of everybody."""
_LEAST_EFFORT, _MOST_EFFORT = 0.4, 1.4
_EFFORT_FOLLOWS = 0.2


class Lips:
    """Reads one voice. State: what was heard in the last 90 ms, how the mouth is, how loud the
    voice has been.
    """

    def __init__(self, model: LipModel | None = None) -> None:
        """Begin with a mouth at rest.

        Args:
            model: what was learned of voices; the one that ships when None.
        """
        self._model = trained_model() if model is None else model
        self._features = LipFeatures(self._model.average)
        # Before the first block there was silence: all bands alike, 50 dB under the loudest.
        rest = np.concatenate([-self._model.average, [-5.0, 0.0]])
        self._looks = deque([rest] * (OFFSETS[-1] - OFFSETS[0]), OFFSETS[-1] - OFFSETS[0] + 2)
        self._levels = deque([-90.0] * OFFSETS[-1], OFFSETS[-1] + 2)
        self._mouth = np.zeros(SHAPE_COUNT)
        self._sealed = 0.0
        self._met = self._quiet = 0
        self._effort = 1.0
        self._usual = _USUAL
        self._likely: Floats = _CERTAIN_PAUSE

    @property
    def likely(self) -> Floats:
        """``(11,)`` how likely each ``MouthSound`` is, 30 ms before the end of the last block."""
        return self._likely

    def feed(self, block: Samples) -> Floats:
        """Hear 20 ms of a voice, and say how the mouth is.

        What is no number counts as silence, and what passes 1 as clipped: a fault of a microphone
        is no reason to end a call.

        Args:
            block: ``(960,)``.

        Returns:
            ``(52,)`` ARKit coefficients, all but the mouth's 0, ``LATENCY_NS`` before the block's
            end.

        Raises:
            UsageError: the block has another shape.
        """
        sound = np.asarray(block, dtype=np.float32)
        if sound.shape != (BLOCK,):
            raise UsageError(
                f"lips are read from mono blocks of {BLOCK} samples, and this has the shape "
                f"{sound.shape}: cut the sound into blocks of 20 ms at 48 kHz"
            )
        if not math.isfinite(np.dot(sound, sound)):
            sound = np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0)
        looks, levels = self._features.look(np.minimum(np.maximum(sound, -1.0), 1.0))
        self._looks.extend(looks)
        self._levels.extend(levels.tolist())
        likely = self._model.likely(np.array(self._looks)[_ABOUT].reshape(2, -1))
        for i in range(2):
            self._move(likely[i], self._levels[i])
        self._likely = frozen(likely[1].copy())
        return frozen(self._shapes())

    def _move(self, likely: Floats, level: float) -> None:
        """Go on by 10 ms."""
        self._quiet = self._quiet + 1 if level < _QUIET else 0
        if self._quiet > _QUIET_HOPS:
            likely = _CERTAIN_PAUSE
        pause = float(likely[MouthSound.PAUSE])
        self._usual += (1.0 - pause) * _USUAL_FOLLOWS * (level - self._usual)
        effort = 1.0 + (level - self._usual) / _EFFORT_DB + (self._usual - _USUAL) / _STRENGTH_DB
        effort = min(max(effort, _LEAST_EFFORT), _MOST_EFFORT)
        self._effort += _EFFORT_FOLLOWS * (effort - self._effort)

        target = likely @ SHOWN
        target[_JAW] += (self._effort - 1.0) * float(likely @ _VOWELS_JAW)
        follows = pause * _FOLLOWS_IN_PAUSES + (1.0 - pause) * _FOLLOWS
        self._mouth += follows * (target - self._mouth)

        shut = float(likely[MouthSound.SHUT])
        self._met = self._met + 1 if self._met else int(shut > _MEETS)
        if self._met > _HOLD and shut < _LETS_GO:
            self._met = 0
        meets = self._met > 0
        goal = 1.0 if meets else 0.0
        self._sealed += (_SEALS if meets else _PARTS) * (goal - self._sealed)

    def _shapes(self) -> Floats:
        shapes = self._mouth.copy()
        shapes[PARTING] *= 1.0 - self._sealed
        shapes[_SEAL] += self._sealed * (shapes[_JAW] - shapes[_SEAL])
        shapes += self._sealed * PRESSED
        return np.minimum(shapes, 1.0)


DRIVEN: Ints = np.array(
    [i for i in range(SHAPE_COUNT) if np.any(SHOWN[:, i]) or PRESSED[i] > 0.0 or i == _SEAL]
)
"""The shapes that a voice moves."""
_REPLACED: Ints = np.setdiff1d(DRIVEN, _SMILES)


def blend(face: Floats, lips: Floats, confidence: float) -> Floats:
    """A face with the mouth that a voice gave it, as far as nothing better is known.

    A face that is tracked keeps its mouth; of one that is not, a voice moves what it can and the
    rest stays: eyes, brows, frowns. Smiles add up, for people smile while they speak.

    Args:
        face: ``(52,)`` what was tracked, or made up.
        lips: ``(52,)`` what ``Lips.feed`` gave.
        confidence: 0 to 1, how surely the mouth is tracked; it should change over some tenths
            of a second, or the mouth jumps.

    Returns:
        ``(52,)``.
    """
    sure = min(max(confidence, 0.0), 1.0) if np.isfinite(confidence) else 0.0
    blended = np.array(face, dtype=np.float64)
    blended[_REPLACED] = sure * blended[_REPLACED] + (1.0 - sure) * lips[_REPLACED]
    blended[_SMILES] = np.clip(blended[_SMILES] + (1.0 - sure) * lips[_SMILES], 0.0, 1.0)
    return blended
