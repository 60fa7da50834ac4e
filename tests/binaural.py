"""What tests hear with: voices to mix, and measures of what two ears are given."""

import itertools

import numpy as np

from presence.voice.block import BLOCK, RATE


def noise(seconds, seed=0, level=0.05):
    """White noise in blocks ``(n, 960)``, the same for the same seed."""
    blocks = round(seconds * RATE / BLOCK)
    samples = np.random.default_rng(seed).standard_normal((blocks, BLOCK))
    return (level * samples).astype(np.float32)


def tone(seconds, hertz=200.0, level=0.3):
    """A tone in blocks ``(n, 960)``: what clicks would be heard beside."""
    times = np.arange(round(seconds * RATE / BLOCK) * BLOCK) / RATE
    return (level * np.sin(2 * np.pi * hertz * times)).astype(np.float32).reshape(-1, BLOCK)


def heard(mixer, blocks, *, stream=1, before=None):
    """What is rendered ``(n, 2)`` while a stream's blocks are played; ``None`` is no block."""
    out = []
    for number, block in enumerate(blocks):
        if before is not None:
            before(number)
        if block is not None:
            mixer.write(stream, block)
        out.append(mixer.render())
    return np.concatenate(out)


def level_db(sound):
    """The level of a sound: its mean square."""
    return 10 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-20)


def level_difference_db(sound):
    """How much louder the left ear hears it."""
    return level_db(sound[:, 0]) - level_db(sound[:, 1])


def lead_us(sound):
    """How much earlier the left ear hears it: by the peak of the ears' correlation."""
    left, right = sound.astype(np.float64).T
    size = 1 << (2 * len(left)).bit_length()
    product = np.fft.rfft(right, size) * np.conj(np.fft.rfft(left, size))
    correlation = np.fft.irfft(product, size)
    lags = np.arange(-60, 61)
    return 1e6 * lags[np.argmax(correlation[lags])] / RATE


def bands_db(sound, edges=(500, 1000, 2000, 4000, 6000, 8000, 11000, 16000)):
    """The level in each band, both ears together."""
    power = (np.abs(np.fft.rfft(sound.astype(np.float64), axis=0)) ** 2).sum(axis=1)
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    pairs = itertools.pairwise(edges)
    return np.array([10 * np.log10(power[(hertz >= a) & (hertz < b)].mean()) for a, b in pairs])


def sharpest(sound):
    """The greatest second difference: what a click is, and a tone of low pitch is not."""
    return float(np.abs(np.diff(sound.astype(np.float64), n=2, axis=0)).max())


def splatter_db(sound):
    """What lies two octaves and more above a tone of 200 Hz, beside all of it."""
    window = np.blackman(len(sound))[:, None]
    power = (np.abs(np.fft.rfft(sound * window, axis=0)) ** 2).sum(axis=1)
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    return 10 * np.log10(power[hertz > 800.0].sum() / power.sum())
