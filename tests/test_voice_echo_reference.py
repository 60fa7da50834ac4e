"""What was played is read where a microphone's samples meet it."""

import numpy as np
import pytest

from presence.voice.block import BLOCK, RATE
from presence.voice.echo_reference import EchoReference

MS = RATE // 1000


def rumble(samples):
    """So slow that it can be compared by value, and never the same twice."""
    noise = np.random.default_rng(1).standard_normal(samples + 199)
    smooth = np.convolve(np.hanning(200), noise, "valid")
    return (0.3 * smooth / np.abs(smooth).max()).astype(np.float32)


def place(read, sound):
    """Where in ``sound`` that lies."""
    rows = np.lib.stride_tricks.sliding_window_view(sound, 480)[:, ::8]
    errors = np.abs(rows - read[::8, 0]).max(axis=1)
    at = int(np.argmin(errors))
    assert errors[at] < 0.01
    return at


def told(sound, counts=None, piece=BLOCK):
    reference = EchoReference()
    for number, at in enumerate(range(0, len(sound), piece)):
        counted_ns = None if counts is None else round(counts[number] * 1e9 / RATE)
        reference.tell(sound[at : at + piece], counted_ns)
    return reference


@pytest.mark.parametrize("piece", [BLOCK, BLOCK // 2])
def test_it_is_read_as_long_before_as_devices_tell_but_somewhat_newer(piece):
    sound = rumble(50 * BLOCK)
    reference = told(sound, piece=piece)
    read = reference.read(reference.meet(100_000_000, None), 480)
    assert read.shape == (480, 2)
    # 100 ms before the end of what was told, give or take a block, less 20 ms.
    assert 48000 - 120 * MS <= place(read, sound) <= 48000 - 60 * MS


@pytest.mark.parametrize("stretch", [0.995, 1.0, 1.005])
def test_it_is_read_where_the_counts_say_however_blocks_lie_in_them(stretch):
    sound = rumble(50 * BLOCK)
    reference = told(sound, counts=np.arange(50) * BLOCK * stretch)
    begin = reference.meet(200_000_000, 0)
    first = place(reference.read(begin, 480), sound)
    later = place(reference.read(begin + 5 * BLOCK * stretch, 480), sound)
    assert later - first == pytest.approx(5 * BLOCK, abs=1)


def test_later_means_older():
    sound = rumble(50 * BLOCK)
    reference = told(sound)
    begin = reference.meet(100_000_000, 0)
    first = reference.read(begin, 480)
    reference.shift(5.0)
    later = reference.read(begin + 5.0, 480)
    np.testing.assert_allclose(first, later, atol=1e-5)


def test_what_was_not_told_yet_is_silence():
    reference = told(np.ones(10 * BLOCK, dtype=np.float32))
    begin = reference.meet(100_000_000, 0)
    assert np.abs(reference.read(begin + RATE, 480)).max() == 0.0
    assert EchoReference().meet(0, 0) is None
