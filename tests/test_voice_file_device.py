"""Microphones and headphones that are files, or nothing."""

import wave

import numpy as np
import pytest
from clocked_devices import BEGUN_NS, listen, play

from presence.clock import MILLISECOND, SECOND
from presence.errors import SourceError
from presence.voice.block import BLOCK, RATE
from presence.voice.clocked_device import Crystal
from presence.voice.file_device import (
    file_headphones,
    file_microphone,
    null_headphones,
    null_microphone,
)
from presence.voice.sound_file import WavWriter, read_sound


def write(path, sound, rate=RATE):
    writer = WavWriter(path, rate, 1 if sound.ndim == 1 else sound.shape[1])
    writer.write(sound)
    writer.close()
    return path


def heard(mic, seconds):
    return np.concatenate([block.samples for block in listen(mic, seconds)[0]])


NOISE = np.random.default_rng(2).uniform(-0.5, 0.5, RATE // 2).astype(np.float32)


def test_a_file_is_heard_once_and_then_silence(tmp_path):
    mic = file_microphone(write(tmp_path / "noise.wav", NOISE), BEGUN_NS)
    sound = heard(mic, 1.0)
    np.testing.assert_allclose(sound[24 : 24 + len(NOISE)], NOISE, atol=2e-5)
    assert not sound[24 + len(NOISE) + 24 :].any()
    mic.close()
    assert not mic.alive


def test_a_file_is_heard_again_and_again(tmp_path):
    mic = file_microphone(write(tmp_path / "noise.wav", NOISE), BEGUN_NS, loop=True)
    sound = heard(mic, 1.2)[24:]
    np.testing.assert_allclose(sound[len(NOISE) : 2 * len(NOISE)], NOISE, atol=2e-5)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_files_rate_is_converted_and_both_its_channels_are_heard(tmp_path, rate):
    tone = 0.4 * np.sin(2 * np.pi * 500.0 * np.arange(rate) / rate).astype(np.float32)
    path = write(tmp_path / "tone.wav", np.stack([tone, 0.5 * tone], axis=1), rate)
    sound = heard(file_microphone(path, BEGUN_NS), 0.9)[960:]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert np.argmax(spectrum) * RATE / len(sound) == pytest.approx(500.0, abs=2.0)
    assert np.abs(sound).max() == pytest.approx(0.3, abs=0.01)


def test_a_crystal_that_is_fast_ends_the_file_sooner(tmp_path):
    path = write(tmp_path / "long.wav", np.ones(10 * RATE, dtype=np.float32) * 0.5)
    mic = file_microphone(path, BEGUN_NS, crystal=Crystal(ppm=10_000.0))
    blocks, _ = listen(mic, 10.5)
    last = [block for block in blocks if np.abs(block.samples).max() > 0.25][-1]
    ended = (last.capture_ns - BEGUN_NS) / SECOND
    assert ended == pytest.approx(10.0 / 1.01, abs=0.03)


def test_headphones_leave_what_they_played_in_a_file(tmp_path):
    path = tmp_path / "heard.wav"
    phones = file_headphones(path, BEGUN_NS, crystal=Crystal(latency_ns=10 * MILLISECOND))
    play(phones, 1.0)
    before_closing, _ = read_sound(path)
    phones.close()
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, RATE)
        assert file.getnframes() == pytest.approx(RATE, abs=2 * BLOCK)
        sound = np.frombuffer(file.readframes(RATE), dtype="<i2").reshape(-1, 2) / 32768
    # It was whole before it was closed, in case that never comes.
    assert len(before_closing) == len(sound)
    assert np.abs(sound[BLOCK:, 0]).max() == pytest.approx(0.8, abs=0.01)
    np.testing.assert_allclose(sound[:, 0], -sound[:, 1], atol=1e-4)


def test_nothing_is_heard_and_played_at_the_pace_of_a_device():
    blocks, ages = listen(null_microphone(BEGUN_NS), 1.0)
    assert 48 <= len(blocks) <= 50
    assert not any(block.samples.any() for block in blocks)
    assert ages.max() < 21 * MILLISECOND
    phones = null_headphones(BEGUN_NS)
    told, _ = play(phones, 1.0)
    assert 50 <= len(told) <= 52
    assert phones.dry == 0


def test_a_file_that_is_none_is_named(tmp_path):
    (tmp_path / "words.wav").write_text("no sound at all")
    with pytest.raises(SourceError, match=r"words\.wav cannot be read as sound"):
        file_microphone(tmp_path / "words.wav", BEGUN_NS)
    with pytest.raises(SourceError, match=r"missing\.wav cannot be read as sound: No such file"):
        file_microphone(tmp_path / "missing.wav", BEGUN_NS)
    with pytest.raises(SourceError, match="cannot be written: No such file"):
        file_headphones(tmp_path / "no" / "folder.wav", BEGUN_NS)
