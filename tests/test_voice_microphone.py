"""Blocks of a microphone and their times, whatever its rate, its crystal and its thread do."""

import numpy as np
import pytest
from binaural import sharpest
from clocked_devices import BEGUN_NS, against_tones, listen, microphone, stamp_errors, true_tones

from presence.clock import MILLISECOND, SECOND
from presence.voice.block import BLOCK, RATE
from presence.voice.clocked_device import Crystal
from presence.voice.line import InputLine
from presence.voice.microphone import BLOCK_NS, Microphone


def test_a_perfect_device_is_heard_as_it_is_a_block_each_twenty_milliseconds():
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, RATE).astype(np.float32)
    mic = microphone(Crystal(), lambda first, count: sound[first : first + count])
    blocks, ages = listen(mic, 0.9)
    heard = np.concatenate([block.samples for block in blocks])
    # The first half millisecond is from before the device began.
    np.testing.assert_allclose(heard[24:], sound[: len(heard) - 24], atol=1e-6)
    assert blocks[0].capture_ns == BEGUN_NS - SECOND // 2000
    assert (ages == BLOCK_NS + SECOND // 2000).all()


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
def test_any_rate_becomes_48_khz_of_this_machines_clock(rate):
    blocks, _ = listen(microphone(Crystal(rate=rate, piece=rate // 100)), 2.0)
    assert {block.samples.shape for block in blocks} == {(BLOCK,)}
    for block in blocks[5:]:
        times = block.capture_ns - BEGUN_NS + np.arange(BLOCK) * (SECOND / RATE)
        late_ns, level, rest = against_tones(block.samples, times)
        assert abs(late_ns) < 200
        assert level == pytest.approx(0.5, abs=1e-3)
        assert rest < 1e-5


@pytest.mark.parametrize("ppm", [-100.0, 100.0])
def test_drift_is_resampled_away_and_stamps_are_right_while_the_device_tells_late(ppm):
    mic = microphone(Crystal(ppm=ppm, late_ns=5 * MILLISECOND, seed=3))
    blocks, _ = listen(mic, 20.0)
    stamps = np.array([block.capture_ns for block in blocks])
    assert (np.diff(stamps) == BLOCK_NS).all()
    wrong = stamp_errors(blocks)
    assert np.abs(wrong).max() < 1_000_000
    assert np.sqrt((wrong[500:] ** 2).mean()) < 60_000
    assert mic.ppm == pytest.approx(ppm, abs=20.0)
    assert (mic.lost, mic.jumps) == (0, 0)
    # A tone is still one: nothing is cut out or put in.
    sound = np.concatenate([block.samples for block in blocks[1:]])
    assert sharpest(sound) < 1.1 * 0.5 * (2 * np.pi * 1000 / RATE) ** 2


class Faulty:
    """A sound device driven by hand, as PortAudio's thread would."""

    name, settle_ns, alive = "by hand", 0, True

    def __init__(self):
        self.line = InputLine(RATE)
        self.hear = true_tones(Crystal())
        self.sample = 0

    def run(self, now_ns):
        pass

    def close(self):
        self.alive = False

    def give(self, *, lost=False):
        """The next piece, as soon as it was said."""
        first_ns = BEGUN_NS + self.sample * SECOND // RATE
        self.sample += 480
        end_ns = BEGUN_NS + self.sample * SECOND // RATE
        self.line.put(self.hear(self.sample - 480, 480), end_ns, first_ns, lost=lost)
        return end_ns

    def lose(self, samples):
        self.sample += samples


def read_all(mic, now_ns):
    blocks = []
    while (captured := mic.read(now_ns)) is not None:
        blocks.append(captured)
    return blocks


@pytest.mark.parametrize("told", [True, False])
def test_after_an_overflow_the_stamps_are_right_and_what_is_missing_is_silent(told):
    device = Faulty()
    mic = Microphone(device, device.line)
    blocks = []
    for number in range(300):
        if number == 100:
            device.lose(4800)
        blocks += read_all(mic, device.give(lost=told and number == 100))
    stamps = np.array([block.capture_ns for block in blocks])
    assert (np.diff(stamps) == BLOCK_NS).all()
    assert mic.lost == pytest.approx(4800, abs=2)
    assert mic.jumps == 0
    wrong = stamp_errors(blocks)
    # Told of, the gap is where it was; else it comes half a second late.
    silent = slice(48, 60) if told else slice(48, 90)
    assert np.abs(np.delete(wrong, np.r_[silent])[1:]).max() < 40_000
    sound = np.concatenate([block.samples for block in blocks[1:]])
    quiet = (np.abs(sound.reshape(-1, 48)).max(axis=1) == 0.0).sum()
    assert 90 <= quiet <= 100
    if told:
        assert sharpest(sound) < 2.5 * 0.5 * (2 * np.pi * 1000 / RATE) ** 2


def test_who_reads_late_by_a_second_goes_on_with_what_is_new_and_right_stamps():
    device = Faulty()
    mic = Microphone(device, device.line)
    for _ in range(20):
        read_all(mic, device.give())
    for _ in range(100):
        now_ns = device.give()
    blocks = read_all(mic, now_ns)
    assert len(blocks) <= 2
    assert (blocks[0].capture_ns - BEGUN_NS + SECOND // 2000) % BLOCK_NS == 0
    assert BLOCK_NS < now_ns - blocks[-1].capture_ns < 2 * BLOCK_NS
    assert mic.lost / RATE == pytest.approx(1.0 - 0.02, abs=0.03)
    for _ in range(10):
        blocks += read_all(mic, device.give())
    assert np.abs(stamp_errors(blocks[1:])).max() < 200


def test_who_reads_late_by_less_than_a_fifth_of_a_second_misses_nothing():
    device = Faulty()
    mic = Microphone(device, device.line)
    for _ in range(20):
        read_all(mic, device.give())
    for _ in range(17):
        now_ns = device.give()
    assert 7 <= len(read_all(mic, now_ns)) <= 9
    assert mic.lost == 0


def test_who_reads_later_than_the_line_is_long_goes_on_with_right_stamps():
    device = Faulty()
    mic = Microphone(device, device.line)
    for _ in range(20):
        read_all(mic, device.give())
    for _ in range(700):
        now_ns = device.give()
    blocks = read_all(mic, now_ns)
    assert BLOCK_NS < now_ns - blocks[-1].capture_ns < 2 * BLOCK_NS
    assert mic.lost / RATE == pytest.approx(7.0 - 0.02, abs=0.03)
    for _ in range(10):
        blocks += read_all(mic, device.give())
    assert np.abs(stamp_errors(blocks[1:])).max() < 200


def test_a_device_that_says_nothing_gives_nothing():
    device = Faulty()
    mic = Microphone(device, device.line)
    assert mic.read(BEGUN_NS) is None
    assert mic.ready_ns(BEGUN_NS) > BEGUN_NS
    mic.close()
    assert not mic.alive
