"""An echo is taken out by the path that it was heard to go, and a voice stays as it is."""

import numpy as np
import pytest
from binaural import level_db

from presence.voice.block import BLOCK, RATE
from presence.voice.echo_canceller import EchoCanceller

DELAY_NS = 60_000_000
DELAY = 2880


def speech(seconds, seed, channels=None):
    """Noise that comes and goes as syllables do, and sounds as deep as voices."""
    random = np.random.default_rng(seed)
    count = round(seconds * 50) * BLOCK
    levels = np.repeat(random.choice([0.01, 0.3, 1.0], count // 4800 + 1), 4800)[:count]
    shape = (count,) if channels is None else (count, channels)
    noise = random.standard_normal(shape)
    deep = noise.copy()
    deep[1:] += 0.9 * noise[:-1]
    scaled = 0.05 * deep * (levels if channels is None else levels[:, None])
    return scaled.astype(np.float32)


def room(seed=7):
    """From two loudspeakers to a microphone: ``(2, n)``."""
    random = np.random.default_rng(seed)
    return random.standard_normal((2, 4800)) * np.exp(-np.arange(4800) / 700.0) * 0.02


def echo_of(mix, path):
    size = 1 << (len(mix) + path.shape[1]).bit_length()
    heard = sum(
        np.fft.irfft(np.fft.rfft(mix[:, ear], size) * np.fft.rfft(path[ear], size), size)
        for ear in range(2)
    )
    return np.concatenate([np.zeros(DELAY), heard])[: len(mix)].astype(np.float32)


def cancelled(one, mix, heard, ppm=0.0):
    """What is left, where the microphone's crystal is faster by ``ppm``."""
    left = []
    for number in range(len(heard) // BLOCK):
        part = slice(number * BLOCK, (number + 1) * BLOCK)
        counted_ns = number * 20_000_000
        one.reference(mix[part], counted_ns)
        left.append(one.cancel(heard[part], DELAY_NS, round(counted_ns * (1.0 + ppm * 1e-6))))
    return np.concatenate(left)


def test_an_echo_of_both_ears_is_taken_out_within_seconds():
    mix = speech(5.0, 1, channels=2)
    echo = echo_of(mix, room())
    left = cancelled(EchoCanceller(), mix, echo)
    after = slice(3 * RATE, None)
    assert level_db(left[after]) < level_db(echo[after]) - 20.0


def test_a_voice_in_the_echo_stays_as_it_is():
    mix, voice = speech(8.0, 2, channels=2), speech(8.0, 3)
    voice[: 3 * RATE] = 0.0
    echo = echo_of(mix, room())
    left = cancelled(EchoCanceller(), mix, echo + voice)
    after = slice(3 * RATE, None)
    # What is added to or missing from the voice is much less than the echo was.
    assert level_db(left[after] - voice[after]) < level_db(echo[after]) - 10.0


def test_a_voice_passes_where_nothing_is_played():
    voice = speech(1.0, 4)
    left = cancelled(EchoCanceller(), np.zeros((len(voice), 2), dtype=np.float32), voice)
    np.testing.assert_array_equal(left, voice)


def test_it_delays_nothing():
    mix, voice = speech(4.0, 5, channels=2), np.zeros(4 * RATE, dtype=np.float32)
    voice[3 * RATE] = 0.9
    left = cancelled(EchoCanceller(), mix, echo_of(mix, room()) + voice)
    assert int(np.argmax(np.abs(left))) == 3 * RATE


@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_devices_with_two_crystals_are_followed(ppm):
    mix = speech(8.0, 6, channels=2)
    echo = echo_of(mix, room())
    # The microphone takes its samples a little sooner or later each time.
    places = np.arange(len(echo)) / (1.0 + ppm * 1e-6)
    heard = between(echo, places)
    one = EchoCanceller()
    left = []
    for number in range(len(heard) // BLOCK):
        part = slice(number * BLOCK, (number + 1) * BLOCK)
        one.reference(mix[part], number * 20_000_000)
        left.append(one.cancel(heard[part], DELAY_NS, number * 20_000_000))
    after = slice(5 * RATE, len(heard) // BLOCK * BLOCK)
    assert level_db(np.concatenate(left)[5 * RATE :]) < level_db(heard[after]) - 15.0
    assert one.ppm == pytest.approx(-ppm, abs=30.0)


def between(sound, places):
    """Sound read between its samples, well enough for this: by eight times as many."""
    size = len(sound)
    spectrum = np.fft.rfft(sound)
    dense = np.fft.irfft(spectrum, 8 * size) * 8
    at = places[places < size - 2] * 8
    return np.interp(at, np.arange(8 * size), dense).astype(np.float32)


def test_a_path_that_turns_out_wrong_makes_nothing_louder_and_is_learned_anew():
    mix = speech(10.0, 8, channels=2)
    echo = echo_of(mix, room())
    echo[4 * RATE :] *= -1.0
    left = cancelled(EchoCanceller(), mix, echo)
    turned = slice(4 * RATE, 5 * RATE)
    assert level_db(left[turned]) < level_db(echo[turned]) + 3.0
    after = slice(8 * RATE, None)
    assert level_db(left[after]) < level_db(echo[after]) - 15.0


def test_devices_that_begin_anew_are_met_anew():
    mix = speech(9.0, 9, channels=2)
    echo = echo_of(mix, room())
    half = 4 * RATE
    one = EchoCanceller()
    cancelled(one, mix[:half], echo[:half])
    # Both count from nothing again.
    left = cancelled(one, mix[half:], echo[half:])
    assert level_db(left[3 * RATE :]) < level_db(echo[half + 3 * RATE :]) - 15.0


def test_what_is_no_number_does_not_stay():
    mix = speech(5.0, 10, channels=2)
    echo = echo_of(mix, room())
    broken = mix.copy()
    broken[RATE] = np.nan
    left = cancelled(EchoCanceller(), broken, echo)
    assert np.isfinite(left).all()
    assert level_db(left[4 * RATE :]) < level_db(echo[4 * RATE :]) - 15.0


def test_a_delay_that_no_device_tells_of_is_found():
    mix = speech(6.0, 11, channels=2)
    untold = 4800
    echo = np.concatenate([np.zeros(untold, dtype=np.float32), echo_of(mix, room())])[: len(mix)]
    one = EchoCanceller()
    left = cancelled(one, mix, echo)
    after = slice(4 * RATE, None)
    assert level_db(left[after]) < level_db(echo[after]) - 15.0
    # It begins within the first few partitions.
    strength = (one._path_re**2 + one._path_im**2).sum((0, 2))
    assert int(np.argmax(strength)) <= 5
