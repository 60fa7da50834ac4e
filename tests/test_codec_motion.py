"""The codec on people who really moved, and on one made by code."""

from __future__ import annotations

import numpy as np
import pytest
from smooth_motion import SECOND

from presence.codec import Decoder, Encoder, vertex_errors
from presence.tracking.motion import MotionSource
from presence.tracking.performer import Performer


def assert_small_and_close(source, seconds: int) -> None:
    encoder, decoder = Encoder(source.proportions), Decoder(source.proportions)
    sizes, errors = [], []
    for k in range(60 * seconds):
        sample = source.sample(3 * SECOND + k * SECOND // 60)
        frame = encoder.encode(sample)
        sizes.append(len(frame.core) + len(frame.detail))
        errors.append(vertex_errors(decoder.decode(frame), sample, source.proportions))
    assert np.mean(sizes) <= 150
    assert max(sizes) <= 320
    assert np.percentile(errors, 99) <= 0.002
    assert np.max(errors) <= 0.004


@pytest.mark.data
@pytest.mark.parametrize("clip", ["wave_hello", "climb", "dance"])
def test_recorded_people_are_small_and_close(clip, outside_data):
    motion = outside_data / "motion"
    assert_small_and_close(MotionSource(motion / f"{clip}.bvh", motion / "face.csv"), 6)


def test_the_performer_is_small_and_close():
    assert_small_and_close(Performer(1), 3)
