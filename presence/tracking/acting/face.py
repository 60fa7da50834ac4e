"""What a face does besides talking: it blinks, smiles, raises its brows, is never quite still."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.face import SHAPE_COUNT
from presence.tracking.acting.gaze import EYES_S
from presence.tracking.acting.laughter import NONE as NO_LAUGH
from presence.tracking.acting.laughter import Laugh
from presence.tracking.acting.seeded import Beats, Noise, Track, draws, pulse
from presence.tracking.acting.speech import shape_values
from presence.tracking.acting.thinking import NONE as NO_THOUGHT
from presence.tracking.acting.thinking import Thought

_BLINK = shape_values({"eyeBlink": 1.0, "eyeSquint": 0.12, "browDown": 0.06})
_SMILE = shape_values(
    {"mouthSmile": 0.75, "cheekSquint": 0.4, "eyeSquint": 0.2, "mouthDimple": 0.15}
)
_BROWS = shape_values({"browInnerUp": 0.5, "browOuterUp": 0.4, "eyeWide": 0.12})
_FROWN = shape_values({"browDown": 0.45, "mouthPress": 0.12, "eyeSquint": 0.1})
# A laugh that is meant reaches the eyes (P. Ekman, R. J. Davidson and W. V. Friesen, "The Duchenne
# smile", J. Personality and Social Psychology 58, 1990).
_GLEE = shape_values(
    {"mouthSmile": 0.82, "cheekSquint": 0.7, "eyeSquint": 0.7, "mouthUpperUp": 0.16}
    | {"mouthLowerDown": 0.1, "browInnerUp": 0.12, "eyeBlink": 0.12}
)
_LAUGHING = shape_values(
    {"jawOpen": 0.27, "mouthUpperUp": 0.08, "mouthLowerDown": 0.1, "eyeBlink": 0.1}
)
_BURST = shape_values({"jawOpen": 0.13, "noseSneer": 0.12})
_POUT = shape_values({"mouthPress": 0.3, "mouthShrugLower": 0.22, "mouthPucker": 0.12})
_KNIT = shape_values({"browDown": 0.4, "eyeSquint": 0.18})
_WONDER = shape_values({"browInnerUp": 0.42, "browOuterUp": 0.2})
_ASIDE = shape_values({"mouthLeft": 0.16}), shape_values({"mouthRight": 0.16})
_WANDERING = np.stack(
    [
        shape_values({"mouthPress": 0.08, "mouthShrugLower": 0.05}),
        shape_values({"browInnerUp": 0.06, "browOuterUp": 0.04}),
        shape_values({"mouthLeft": 0.05, "mouthSmileLeft": 0.05}),
        shape_values({"mouthRight": 0.05, "mouthSmileRight": 0.05}),
    ]
)


class Blinks:
    """When the lids close. Holds no state."""

    def __init__(self, seed: int) -> None:
        """With those that go with the gaze, people blink about seventeen times a minute.

        A. R. Bentivoglio et al., "Analysis of blink rate patterns in normal subjects", Movement
        Disorders 12(6), 1997, counted 17 at rest.
        """
        self._beats = Beats(seed, "blinks", 4.5 + 1.6 * draws(seed, "blink rate", 0)[0], 0.9)

    def at(self, seconds: float, shifts: list[float]) -> float:
        """How far the lids are closed, 0 to 1.

        Args:
            seconds: the time.
            shifts: when the gaze last shifted with a blink.
        """
        beat = self._beats.at(seconds)
        starts = [self._beats.start(beat), self._beats.start(beat - 1), *shifts]
        open_ = 1.0
        for start in starts:
            open_ *= 1.0 - pulse(seconds - start, 0.085, 0.025, 0.19)
        return 1.0 - open_


class Expression:
    """One person's face but for the mouth's talking. Holds caches and no other state."""

    def __init__(self, seed: int) -> None:
        """Some smile more than others, all the time."""
        own = draws(seed, "expression", 0)
        self._base_smile = 0.04 + 0.16 * own[0]
        self._liveliness = 0.7 + 0.6 * own[1]
        self.blinks = Blinks(seed)
        self._wandering = Noise(seed, "face", 4, 0.5)
        moods = Beats(seed, "moods", 6.5)
        self._moods = Track(moods, lambda k: _mood(moods.dice(k)))

    def at(
        self,
        seconds: float,
        blink: float,
        *,
        warmth: float = 0.0,
        brows: float = 0.0,
        laugh: Laugh = NO_LAUGH,
        thought: Thought = NO_THOUGHT,
        voiced: float = 0.0,
    ) -> Floats:
        """``(52,)`` coefficients.

        Args:
            seconds: the time.
            blink: how far the lids are closed, 0 to 1.
            warmth: a reason to smile, 0 to 1.
            brows: a reason to raise the brows, 0 to 1.
            laugh: what there is to laugh about.
            thought: what has to be thought about.
            voiced: how far the mouth is busy speaking, which leaves less of a smile.
        """
        busy = 1.0 - (1.0 - laugh.smile) * (1.0 - thought.much)
        smile, mood_brows, frown = (self._liveliness * self._moods.at(seconds, 1.3)).tolist()
        # Reasons to smile join without a corner where one overtakes another.
        smile = 1.0 - (1.0 - self._base_smile) * (1.0 - smile) * (1.0 - 0.75 * warmth)
        smile *= (1.0 - laugh.smile) * (1.0 - 0.7 * thought.much) * (1.0 - 0.4 * voiced)
        wandering = (1.0 - 0.5 * busy) * (0.5 + 0.5 * self._wandering.at(seconds))
        face: Floats = (
            blink * _BLINK
            + smile * _SMILE
            + (mood_brows + 0.6 * self._liveliness * brows) * _BROWS
            + (frown * (1.0 - busy)) * _FROWN
            + wandering @ _WANDERING
        )
        if laugh.smile > 0.0:
            face += laugh.smile * _GLEE + laugh.much * _LAUGHING + laugh.breath * _BURST
        if thought.much > 0.0:
            face += thought.knit * _KNIT + thought.wonder * _WONDER + thought.pout * _POUT
            face += thought.pout * _ASIDE[thought.side > 0.0]
        return face


class QuietFace:
    """The face of somebody whose face is not recorded: at rest, alive. Holds no state."""

    def __init__(self, seed: int) -> None:
        """Faces of different seeds blink at different times."""
        self._expression = Expression(seed)
        self._wander = Beats(seed, "quiet gaze", 1.6)
        self._gaze = Track(self._wander, self._direction)

    def at(self, seconds: float) -> tuple[Floats, Floats]:
        """``shapes (52,)`` and ``gaze (3,)``, a direction in ``head``."""
        blink = self._expression.blinks.at(seconds, [])
        face = self._expression.at(seconds, blink)
        return np.clip(face, 0.0, 1.0), self._gaze.at(seconds, EYES_S)

    def _direction(self, beat: int) -> Floats:
        across, up, *_ = self._wander.dice(beat)
        return np.array([0.16 * (across - 0.5), 0.1 * (up - 0.6), -1.0])


def _mood(dice: tuple[float, ...]) -> Floats:
    """``(3,)`` smile, brows and frown of one mood; most are hardly any."""
    smile = 0.65 * max(dice[0] - 0.35, 0.0)
    brows = 0.35 * max(dice[1] - 0.5, 0.0)
    frown = 0.5 * max(dice[2] - 0.7, 0.0) if smile < 0.1 else 0.0
    return np.array([smile, brows, frown])


assert _WANDERING.shape == (4, SHAPE_COUNT)
