"""What a microphone's sound goes through."""

import logging

import numpy as np
import pytest
from binaural import level_db, noise, tone
from spoken import sentence

from presence.errors import UsageError
from presence.voice import processing
from presence.voice.block import BLOCK, RATE
from presence.voice.processing import (
    ProcessingSettings,
    WebRtcProcessing,
    open_processing,
)

OFF = ProcessingSettings(high_pass=False, echo_canceller=False, noise_suppression=False, gain=False)


def only(name):
    return open_processing(
        ProcessingSettings(**{each: each == name for each in ProcessingSettings.__slots__})
    )


def processed(one, blocks):
    return np.concatenate([one.process(block) for block in blocks])


def echo_of(mix, delay, seed=7):
    """What a microphone hears of both ears' sound, in a small room: delay in samples."""
    random = np.random.default_rng(seed)
    echo = np.zeros(len(mix))
    for ear in range(2):
        response = random.standard_normal(4800) * np.exp(-np.arange(4800) / 700.0)
        response *= 0.3 / np.sqrt(np.sum(response**2))
        size = 1 << (len(mix) + 4800).bit_length()
        product = np.fft.rfft(mix[:, ear], size) * np.fft.rfft(response, size)
        echo += np.fft.irfft(product, size)[: len(mix)]
    return np.concatenate([np.zeros(delay), echo])[: len(mix)].astype(np.float32)


def test_echo_of_both_ears_is_taken_out():
    voice = np.concatenate([sentence(n) for n in (0, 1, 2)]).reshape(-1)
    swing = 0.5 + 0.4 * np.sin(np.arange(len(voice)) / RATE)
    mix = np.stack([voice * swing, voice * (1.0 - swing)], axis=-1).astype(np.float32)
    echo = echo_of(mix, delay=round(0.06 * RATE))
    one = only("echo_canceller")
    left = []
    for begin in range(0, len(echo), BLOCK):
        one.reference(mix[begin : begin + BLOCK])
        left.append(one.process(echo[begin : begin + BLOCK], delay_ns=60_000_000))
    after = slice(3 * RATE, None)
    assert level_db(np.concatenate(left)[after]) < level_db(echo[after]) - 25.0


def test_a_voice_passes_where_nothing_is_played():
    blocks = sentence()
    one = only("echo_canceller")
    for _ in blocks:
        one.reference(np.zeros((BLOCK, 2), dtype=np.float32))
    heard = processed(one, blocks)
    assert abs(level_db(heard) - level_db(blocks)) < 1.0


def test_rumble_is_taken_out_and_speech_is_not():
    one = only("high_pass")
    rumble, voice = tone(1.0, 30.0), tone(1.0, 300.0)
    assert level_db(processed(one, rumble)[RATE // 2 :]) < level_db(rumble) - 10.0
    assert abs(level_db(processed(one, voice)[RATE // 2 :]) - level_db(voice)) < 1.0


def test_noise_that_goes_on_is_taken_out_and_speech_is_not():
    one = only("noise_suppression")
    hiss = noise(4.0, level=0.01)
    left = processed(one, hiss)[3 * RATE :]
    assert level_db(left) < level_db(hiss) - 8.0
    blocks = sentence()
    assert abs(level_db(processed(one, blocks)) - level_db(blocks)) < 2.0


def test_who_speaks_softly_is_made_louder():
    one = only("gain")
    soft = np.concatenate([0.05 * sentence(n) for n in (0, 2, 3)])
    heard = processed(one, soft)
    half = len(heard) // 2
    assert level_db(heard[half:]) > level_db(soft.reshape(-1)[half:]) + 6.0


def test_all_of_it_may_be_off_and_then_nothing_is_changed():
    one = open_processing(OFF)
    assert one.kind == "none"
    block = tone(0.02)[0]
    one.reference(np.zeros((BLOCK, 2), dtype=np.float32))
    np.testing.assert_array_equal(one.process(block), block)


def test_whatever_it_is_given_stays_within_bounds():
    one = open_processing()
    assert one.kind == "webrtc"
    for level in (0.0, 1.0, 5.0):
        one.reference(np.full((BLOCK, 2), level, dtype=np.float32))
        heard = one.process(np.full(BLOCK, -level, dtype=np.float32), delay_ns=10**12)
        assert heard.shape == (BLOCK,)
        assert heard.dtype == np.float32
        assert np.abs(heard).max() <= 1.0
    one.process(np.zeros(BLOCK, dtype=np.float32), delay_ns=-5)


def test_what_is_no_sound_is_refused():
    one = open_processing()
    with pytest.raises(UsageError, match="20 ms"):
        one.reference(np.zeros((480, 2), dtype=np.float32))
    with pytest.raises(UsageError, match="not a number"):
        one.process(np.full(BLOCK, np.nan, dtype=np.float32))


def test_without_the_package_sound_passes_and_the_log_says_so_once(monkeypatch, caplog):
    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(processing.importlib, "import_module", missing)
    processing._say_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        first, second = open_processing(), open_processing()
    assert first.kind == second.kind == "none"
    block = tone(0.02)[0]
    np.testing.assert_array_equal(first.process(block), block)
    (record,) = caplog.records
    assert "headphones" in record.getMessage()
    with pytest.raises(UsageError, match="extra voice"):
        WebRtcProcessing()
    processing._say_once.cache_clear()


def test_webrtcs_canceller_is_as_late_as_ours_waits_for_it():
    one = WebRtcProcessing(ProcessingSettings(False, True, False, False))
    sound = noise(3.0, level=0.05)
    sound[::2] = 0.0
    late = []
    for block in sound:
        # Until it is told of something, it waits for less.
        one.reference(np.zeros((BLOCK, 2), dtype=np.float32))
        late.append(one.process(block))
    late = np.concatenate(late)
    said = sound.reshape(-1)
    alike = [float(late[delay:] @ said[: len(said) - delay]) for delay in range(600)]
    assert int(np.argmax(alike)) == processing._SUPPRESSOR_DELAY
