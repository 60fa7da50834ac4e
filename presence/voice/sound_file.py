"""Sound in files: any that PyAV reads, and WAV files written."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from presence.errors import SourceError
from presence.voice.block import Samples


def read_sound(path: Path) -> tuple[Samples, int]:
    """All of a file's sound as mono ``(n,)``, and its samples a second.

    Raises:
        SourceError: it cannot be read, or holds no sound.
    """
    import av
    import av.error

    pieces: list[Samples] = []
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise SourceError(f"{path} holds no sound: give a file that does, such as a WAV")
            stream = container.streams.audio[0]
            rate = int(stream.rate)
            # Only as floats, channel by channel: mixed by it, two alike would be louder than one.
            floats = av.AudioResampler(format="fltp")
            for frame in [*container.decode(stream), None]:
                pieces += [each.to_ndarray().mean(axis=0) for each in floats.resample(frame)]
    except (OSError, av.error.FFmpegError) as error:
        why = getattr(error, "strerror", None) or error
        raise SourceError(f"{path} cannot be read as sound: {why}") from None
    if not pieces:
        raise SourceError(f"{path} holds no sound at all: give a file that does")
    return np.concatenate(pieces).astype(np.float32, copy=False), rate


def read_wav(path: Path) -> tuple[Samples, int]:
    """What a :class:`WavWriter` wrote, ``(n, channels)``, and its samples a second."""
    with wave.open(str(path)) as file:
        whole = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        sound = whole.reshape(-1, file.getnchannels()).astype(np.float32) / np.float32(32768.0)
        return sound, file.getframerate()


class WavWriter:
    """A WAV file that is right after each piece, even if no more comes. State: the open file."""

    def __init__(self, path: Path, rate: int, channels: int) -> None:
        """Raises SourceError if the file cannot be made."""
        try:
            self._bytes = path.open("wb")
        except OSError as error:
            raise SourceError(f"{path} cannot be written: {error.strerror}") from None
        self._file = wave.open(self._bytes, "wb")  # noqa: SIM115
        self._file.setnchannels(channels)
        self._file.setsampwidth(2)
        self._file.setframerate(rate)

    def write(self, sound: Samples) -> None:
        """Add sound, ``(n,)`` or ``(n, channels)``; beyond −1 and 1 it is clipped."""
        whole = np.clip(np.rint(sound * 32768.0), -32768, 32767).astype("<i2")
        self._file.writeframes(whole.tobytes())

    def close(self) -> None:
        """End the file."""
        self._file.close()
        self._bytes.close()
