"""Sound read at any places between its samples."""

import numpy as np
import pytest
from binaural import sharpest

from presence.voice.resampler import Resampler


def sine(pitch, rate, seconds=1.0):
    return np.sin(2 * np.pi * pitch * np.arange(int(rate * seconds)) / rate).astype(np.float32)


def resampled(sound, in_rate, out_rate, ppm=0.0, piece=480):
    resampler = Resampler(in_rate, out_rate, None if sound.ndim == 1 else sound.shape[1])
    step = in_rate / out_rate * (1.0 + ppm * 1e-6)
    out = []
    for at in range(0, len(sound), piece):
        resampler.push(sound[at : at + piece])
        out.append(resampler.pull(resampler.available(step), step))
    return np.concatenate(out), step


@pytest.mark.parametrize(
    ("in_rate", "out_rate"),
    [
        *((48_000, 48_000), (44_100, 48_000), (16_000, 48_000), (96_000, 48_000)),
        *((48_000, 44_100), (48_000, 96_000)),
    ],
)
def test_a_tone_stays_the_same_tone_and_90_decibels_above_all_else(in_rate, out_rate):
    for pitch in (200.0, 1000.0, 6000.0):
        out, step = resampled(sine(pitch, in_rate), in_rate, out_rate, ppm=100.0)
        true = np.sin(2 * np.pi * pitch * np.arange(len(out)) * step / in_rate)
        # The first half millisecond still has the beginning in it.
        wrong = (out - true)[200:]
        assert 10 * np.log10((true**2).mean() / (wrong**2).mean()) > (90 if pitch < 2000 else 85)


def test_what_the_slower_rate_cannot_hold_is_left_out():
    out, _ = resampled(sine(30_000.0, 96_000), 96_000, 48_000)
    assert np.abs(out[200:]).max() < 1e-3


def test_at_the_same_rate_and_on_the_samples_nothing_changes():
    sound = sine(1000.0, 48_000)
    out, _ = resampled(sound, 48_000, 48_000)
    np.testing.assert_allclose(out, sound[: len(out)], atol=1e-6)
    assert len(sound) - len(out) == Resampler(48_000, 48_000).half


def test_both_ears_are_read_at_the_same_places():
    sound = np.stack([sine(1000.0, 48_000), sine(400.0, 48_000)], axis=1)
    out, _ = resampled(sound, 48_000, 44_100)
    for ear in range(2):
        alone, _ = resampled(np.ascontiguousarray(sound[:, ear]), 48_000, 44_100)
        np.testing.assert_allclose(out[:, ear], alone, atol=1e-6)


def test_the_pieces_that_sound_comes_in_do_not_matter():
    sound = sine(440.0, 44_100)
    whole, _ = resampled(sound, 44_100, 48_000, piece=44_100)
    cut, _ = resampled(sound, 44_100, 48_000, piece=97)
    np.testing.assert_allclose(cut, whole, atol=1e-5)


def test_missing_samples_are_silence_without_a_click():
    resampler = Resampler(48_000, 48_000)
    sound = sine(300.0, 48_000, 0.1)
    resampler.push(sound)
    resampler.bridge(2000)
    resampler.push(sine(333.0, 48_000, 0.1))
    out = resampler.pull(resampler.available(1.0), 1.0)
    assert sharpest(out) < 2.5 * sharpest(sound)
    assert not out[4800 + 300 : 4800 + 1900].any()
    assert np.abs(out[4800 + 2300 :]).max() > 0.9


def test_an_hour_that_is_missing_costs_no_memory():
    resampler = Resampler(48_000, 48_000)
    resampler.push(sine(300.0, 48_000, 0.1))
    resampler.bridge(48_000 * 3600)
    resampler.push(sine(300.0, 48_000, 0.1))
    assert resampler.end == 48_000 * 3600 + 9600
    out = resampler.pull_from(resampler.end - 5000.0, 4900, 1.0)
    assert not out[:100].any()
    assert np.abs(out).max() > 0.9
    assert resampler._input.nbytes < 1e6


def test_going_on_elsewhere_makes_no_click():
    resampler = Resampler(48_000, 48_000)
    sound = sine(300.0, 48_000)
    resampler.push(sound)
    before = resampler.pull(960, 1.0)
    after = resampler.pull_from(20_040.0, 960, 1.0)
    assert sharpest(np.concatenate([before, after])) < 2.5 * sharpest(sound)
    np.testing.assert_allclose(after[240:], sound[20_280 : 20_040 + 960], atol=1e-6)
