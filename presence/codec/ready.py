"""Machine code before the first frame: made, or fetched from where it was kept."""

from __future__ import annotations

from functools import cache

import numpy as np

from presence.codec.decoding import decode
from presence.codec.encoding import encode
from presence.codec.layout import (
    FORMER_SIZE,
    MEMORY_SIZE,
    START,
)
from presence.codec.model import trained_model
from presence.codec.person import person_of
from presence.codec.showing import show
from presence.pose.packed import (
    SAMPLE_FACE,
    SAMPLE_SIZE,
    SAMPLE_TURNS,
)
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import IDENTITY
from presence.pose.skeleton import BONE_COUNT


@cache
def make_ready() -> None:
    """Do everything once that the first frame would otherwise wait for.

    The first time on a machine, and after every change of version, this takes up to a minute; later
    some tenths of a second; a second time in a process nothing.
    """
    # Somebody who stands still is encoded, decoded and shown.
    sample = np.zeros(SAMPLE_SIZE)
    sample[SAMPLE_TURNS:SAMPLE_FACE] = np.tile(IDENTITY, BONE_COUNT)
    person, model = person_of(default_proportions()), trained_model()
    memory = np.empty(MEMORY_SIZE, dtype=np.int64)
    core, detail = np.zeros(2048, dtype=np.uint8), np.zeros(2048, dtype=np.uint8)
    result, untraced = np.zeros(6), np.empty((0, 0), dtype=np.int64)
    encode(
        sample, person, np.zeros(FORMER_SIZE), START, 0, True, 20, 2, (0.1, 0.5, 0.0), 0.001, model,
        memory, core, detail, result, untraced,
    )  # fmt: skip
    core_size, detail_size = int(result[2]), int(result[3])
    data = np.concatenate([core[:core_size], detail[:detail_size]])
    eyes = np.zeros((3, 3))
    decode(
        data, core_size, core_size + detail_size, START, 0, True, model, memory, eyes, sample
    )  # fmt: skip
    show(memory, eyes, sample)
