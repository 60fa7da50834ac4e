"""Microphones and headphones that are files, or nothing, and run by the clock passed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from presence.voice.block import Samples
from presence.voice.clocked_device import ClockedInput, ClockedOutput, Crystal
from presence.voice.headphones import Headphones
from presence.voice.line import InputLine, OutputLine
from presence.voice.microphone import Microphone
from presence.voice.sound_file import WavWriter, read_sound

_PIECES_A_SECOND = 100
_PLAIN = Crystal()


def file_microphone(
    path: Path, begun_ns: int, *, loop: bool = False, crystal: Crystal = _PLAIN
) -> Microphone:
    """A microphone that hears a file, once and then silence, or again and again.

    Args:
        path: any file that PyAV reads; it is heard at its own rate, as one channel.
        begun_ns: when its first sample is said.
        loop: whether it begins anew when it has ended.
        crystal: how fast it really runs; the rate and length of pieces are the file's.

    Raises:
        SourceError: it cannot be read.
    """
    sound, rate = read_sound(path)
    return sound_microphone(f"the file {path}", sound, rate, begun_ns, loop=loop, crystal=crystal)


def sound_microphone(
    name: str,
    sound: Samples,
    rate: int,
    begun_ns: int,
    *,
    loop: bool = False,
    crystal: Crystal = _PLAIN,
) -> Microphone:
    """A microphone that hears sound ``(n,)`` at ``rate``; else as :func:`file_microphone`."""
    crystal = replace(crystal, rate=rate, piece=max(1, rate // _PIECES_A_SECOND))
    line = InputLine(rate)
    hear = _played(sound, loop=loop)
    return Microphone(ClockedInput(name, crystal, line, hear, begun_ns), line)


def null_microphone(begun_ns: int) -> Microphone:
    """A microphone that hears silence from ``begun_ns`` on."""
    line = InputLine(_PLAIN.rate)
    silence = np.zeros(_PLAIN.piece, dtype=np.float32)
    driver = ClockedInput("no microphone", _PLAIN, line, lambda first, count: silence, begun_ns)
    return Microphone(driver, line)


def file_headphones(path: Path, begun_ns: int, *, crystal: Crystal = _PLAIN) -> Headphones:
    """Headphones that write what they play, from ``begun_ns`` on, into a WAV file.

    Raises:
        SourceError: it cannot be written.
    """
    line = OutputLine(crystal.rate)
    return Headphones(_FileOutput(path, crystal, line, begun_ns), line)


def null_headphones(begun_ns: int) -> Headphones:
    """Headphones that nobody hears, from ``begun_ns`` on."""
    line = OutputLine(_PLAIN.rate)
    return Headphones(
        ClockedOutput("no headphones", _PLAIN, line, lambda out: None, begun_ns), line
    )


class _FileOutput(ClockedOutput):
    """Headphones made of memory, which end a file when they are closed."""

    def __init__(self, path: Path, crystal: Crystal, line: OutputLine, begun_ns: int) -> None:
        self._file = WavWriter(path, crystal.rate, 2)
        super().__init__(f"the file {path}", crystal, line, self._file.write, begun_ns)

    def close(self) -> None:
        super().close()
        self._file.close()


def _played(sound: Samples, *, loop: bool) -> Callable[[int, int], Samples]:
    def hear(first: int, count: int) -> Samples:
        if loop:
            return np.take(sound, np.arange(first, first + count), mode="wrap")
        out = np.zeros(count, dtype=np.float32)
        piece = sound[first : first + count]
        out[: len(piece)] = piece
        return out

    return hear
