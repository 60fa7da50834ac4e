"""Sound between two threads."""

import threading

import numpy as np
import pytest

from presence.voice.line import OutputLine
from presence.voice.ring import Ring


def counting(first, count):
    return np.arange(first, first + count, dtype=np.float32)


def test_what_was_written_is_read_round_the_end_too():
    ring = Ring(100)
    for first in range(0, 990, 30):
        ring.write(first, counting(first, 30))
    there, end = ring.span
    assert (there, end) == (890, 990)
    np.testing.assert_array_equal(ring.read(there, 100), counting(890, 100))


def test_what_does_not_follow_takes_the_place_of_what_is_there():
    ring = Ring(100, 2)
    ring.write(0, np.ones((50, 2), dtype=np.float32))
    ring.write(70, np.full((20, 2), 2.0, dtype=np.float32))
    assert ring.span == (70, 90)
    assert (ring.read(70, 20) == 2.0).all()


def test_a_reader_in_another_thread_sees_nothing_that_is_half_written():
    ring = Ring(4096)
    done = threading.Event()

    def write():
        for first in range(0, 2_000_000, 480):
            ring.write(first, counting(first, 480))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    looks = 0
    while not done.is_set():
        there, end = ring.span
        if end - there < 2000:
            continue
        number = end - 480
        out = ring.read(number, 480)
        if number >= ring.span[0]:
            np.testing.assert_array_equal(out, counting(number, 480))
            looks += 1
    writer.join()
    assert looks > 10


@pytest.mark.parametrize("piece", [64, 100, 480])
def test_sound_that_breaks_off_fades_over_several_pieces(piece):
    line = OutputLine(48_000)
    line.ring.write(0, np.full((960, 2), 0.5, dtype=np.float32))
    heard = []
    while line.asked < 2000:
        out = np.full((piece, 2), 9.0, dtype=np.float32)
        line.fill(out, 0, 0)
        heard.append(out)
    sound = np.concatenate(heard)
    assert np.abs(np.diff(sound, axis=0)).max() < 0.01
    assert not sound[1200:].any()
    assert line.dry == 1
