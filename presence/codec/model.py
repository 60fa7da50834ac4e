"""What the codec has learned of how people move: numbers in ``model.json``, made by training."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np

from presence.codec.layout import (
    CLASSES,
    FARTHEST,
    FEATURE_COUNT,
    LOG_COUNT,
    SCALE_COUNT,
    SIGMOID_COUNT,
    TIE_COUNT,
)
from presence.pose.arrays import Ints


def model_of(weights: Ints, biases: Ints, means: Ints) -> Ints:
    """A model in one row: what was learned, and the tables that every model shares.

    Args:
        weights: ``(2, classes, features)``, in 256ths.
        biases: ``(2, ties)``, in 4096ths.
        means: ``(2, ties, 4)``, in 256ths.
    """
    assert weights.shape == (2, len(CLASSES), FEATURE_COUNT)
    assert biases.shape == (2, TIE_COUNT)
    assert means.shape == (2, TIE_COUNT, 4)
    n = np.arange(LOG_COUNT)
    counts = np.arange(4)[:, None].clip(1)
    tables = (
        16.0 * np.log2(1.0 + 2.0 * n / counts),
        16.0 * np.log2(0.08 + n / 16.0),
        16.0 * np.arange(7) / (np.arange(7) + 1.5),
        2.0 ** (18.0 - np.arange(SCALE_COUNT) / 4.0),
        65536.0 / (1.0 + np.exp(-np.arange(SIGMOID_COUNT) / 64.0)),
        16.0 * np.log2(np.arange(FARTHEST + 1).clip(1) / 6.0),
    )
    whole = [np.rint(table).astype(np.int64) for table in tables]
    return np.concatenate([part.ravel() for part in (weights, biases, means, *whole)])


def untrained_model() -> Ints:
    """A model to begin with: values are as large as those around them."""
    weights = np.zeros((2, len(CLASSES), FEATURE_COUNT), dtype=np.int64)
    weights[:, :, [0, 4]] = 80
    weights[1, :, 5] = 120
    biases = np.full((2, TIE_COUNT), 12 * 1024, dtype=np.int64)
    biases[0] = 22 * 1024
    return model_of(weights, biases, np.zeros((2, TIE_COUNT, 4), dtype=np.int64))


@cache
def trained_model() -> Ints:
    """The model that every encoder and decoder of this version uses."""
    learned = json.loads(files("presence.codec").joinpath("model.json").read_text("utf-8"))
    return model_of(
        *(np.array(learned[name], dtype=np.int64) for name in ("weights", "biases", "means"))
    )
