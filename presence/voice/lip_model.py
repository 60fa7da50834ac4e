"""What was learned of how voices sound when mouths move: numbers in ``lip_model.json``.

A network with one hidden layer looks at what was heard about a moment, from 60 ms before to 20 ms
after, and says how likely each ``MouthSound`` is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from presence.pose.arrays import Floats, Ints, frozen
from presence.voice.lip_features import CEPSTRA, FEATURES
from presence.voice.mouth_sounds import SOUND_COUNT

OFFSETS: tuple[int, ...] = (-6, -4, -3, -2, -1, 0, 1, 2)
"""The looks that are weighed, in hops of 10 ms from the moment that is judged."""
INPUTS = len(OFFSETS) * FEATURES
UNIT = 1024.0
"""What is written as a whole number counts this much less."""


@dataclass(frozen=True, slots=True, eq=False)
class LipModel:
    """The network."""

    average: Floats
    """``(12,)`` what a voice's cepstra are on average."""
    inner: Floats
    """``(112, hidden)``."""
    inner_bias: Floats
    """``(hidden,)``."""
    outer: Floats
    """``(hidden, 11)``."""
    outer_bias: Floats
    """``(11,)``."""

    def likely(self, looks: Floats) -> Floats:
        """How likely each sound is, in all 1.

        Args:
            looks: ``(n, 112)`` the features at each offset, one after another.

        Returns:
            ``(n, 11)``.
        """
        hidden = np.tanh(looks @ self.inner + self.inner_bias)
        scores = hidden @ self.outer + self.outer_bias
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        likely: Floats = powers / powers.sum(axis=1, keepdims=True)
        return likely


def model_of(learned: dict[str, Ints]) -> LipModel:
    """A model from its whole numbers.

    Args:
        learned: each array of the model by its name, in 1024ths.
    """
    arrays = {name: frozen(np.array(values) / UNIT) for name, values in learned.items()}
    model = LipModel(**arrays)
    hidden = len(model.inner_bias)
    assert model.average.shape == (CEPSTRA,)
    assert model.inner.shape == (INPUTS, hidden)
    assert model.outer.shape == (hidden, SOUND_COUNT)
    assert model.outer_bias.shape == (SOUND_COUNT,)
    return model


@cache
def trained_model() -> LipModel:
    """The model of this version."""
    text = files("presence.voice").joinpath("lip_model.json").read_text("utf-8")
    return model_of(json.loads(text))
