"""Sound devices made of memory, and what came of using them for a while."""

import numpy as np

from presence.clock import SECOND
from presence.voice.block import BLOCK, RATE
from presence.voice.clocked_device import ClockedInput, ClockedOutput
from presence.voice.headphones import Headphones
from presence.voice.line import InputLine, OutputLine
from presence.voice.microphone import Microphone

BEGUN_NS = 3_000_000_000_123
PITCH, SLOW = 1000.0, 4.0
"""Of two tones: one tells the time finely, the other which of its waves it is."""


def tones(seconds):
    """What is true at some times, in seconds."""
    turns = 2.0 * np.pi * np.asarray(seconds)
    return (0.5 * np.sin(PITCH * turns) + 0.3 * np.sin(SLOW * turns)).astype(np.float32)


def true_tones(crystal):
    """What a device gives that hears tones which began with it: by its own crystal."""

    def hear(first, count):
        return tones((first + np.arange(count)) / (crystal.rate * (1.0 + crystal.ppm * 1e-6)))

    return hear


def microphone(crystal, hear=None):
    line = InputLine(crystal.rate)
    driver = ClockedInput("memory", crystal, line, hear or true_tones(crystal), BEGUN_NS)
    return Microphone(driver, line)


def listen(mic, seconds, *, begin_ns=BEGUN_NS):
    """Every block that a microphone gives in a while, and how old each was by then."""
    now_ns, blocks, ages = begin_ns, [], []
    while now_ns < begin_ns + seconds * SECOND:
        captured = mic.read(now_ns)
        if captured is None:
            now_ns = mic.ready_ns(now_ns)
        else:
            blocks.append(captured)
            ages.append(now_ns - captured.capture_ns)
    return blocks, np.array(ages)


def against_tones(samples, times_ns):
    """How tones differ from the true ones: lateness in ns, level, and what else there is.

    Args:
        samples: some of them, ``(n,)``.
        times_ns: when each was said or heard, after the true ones began.
    """
    turns = 2.0 * np.pi * np.asarray(times_ns) / SECOND
    waves = [wave(pitch * turns) for pitch in (PITCH, SLOW) for wave in (np.sin, np.cos)]
    basis = np.stack(waves, axis=1)
    found, *_ = np.linalg.lstsq(basis, samples.astype(np.float64), rcond=None)
    rest = samples - basis @ found
    fine, coarse = (
        -np.arctan2(cosine, sine) / (2.0 * np.pi * pitch) * SECOND
        for pitch, sine, cosine in ((PITCH, *found[:2]), (SLOW, *found[2:]))
    )
    wave_ns = SECOND / PITCH
    late_ns = fine + wave_ns * round((coarse - fine) / wave_ns)
    return late_ns, np.hypot(*found[:2]), np.sqrt((rest**2).mean())


def stamp_errors(blocks):
    """By how much each block's stamp is early, in ns, told by the tone in it."""
    offsets = np.arange(BLOCK) * (SECOND / RATE)
    return np.array(
        [against_tones(b.samples, b.capture_ns - BEGUN_NS + offsets)[0] for b in blocks]
    )


def headphones(crystal):
    """Headphones, and the pieces that are heard by and by."""
    line = OutputLine(crystal.rate)
    heard = []
    driver = ClockedOutput("memory", crystal, line, lambda out: heard.append(out.copy()), BEGUN_NS)
    return Headphones(driver, line), heard


def play(phones, seconds, *, begin_ns=BEGUN_NS, first=0, late_ns=lambda block: 0):
    """Play a tone for a while; when each block was said to be heard, and how far ahead that was."""
    now_ns, told, ahead = begin_ns, [], []
    while now_ns < begin_ns + seconds * SECOND:
        wanted_ns = phones.wanted_ns(now_ns)
        if wanted_ns > now_ns:
            now_ns = wanted_ns
            continue
        now_ns += late_ns(len(told))
        tone = tones(((first + len(told)) * BLOCK + np.arange(BLOCK)) / RATE)
        told.append(phones.write(np.stack([tone, -tone], axis=1), now_ns))
        ahead.append(told[-1] - now_ns)
    return np.array(told), np.array(ahead)
