"""A simulated room in which loudspeakers play and a microphone hears them: how sound gets there.

By pyroomacoustics' image sources: a shoebox with a table's worth of distance between loudspeakers,
microphone and whoever speaks. Only this benchmark wants that package.
"""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from presence.errors import UsageError
from presence.pose.arrays import Floats
from presence.voice.block import RATE

_SIZE = (4.2, 3.6, 2.6)
_LOUDSPEAKERS = ((1.8, 1.5, 1.1), (2.4, 1.5, 1.1))
_MOUTH = (2.1, 2.1, 1.2)
_MICROPHONE = (2.13, 1.55, 0.95)
"""Metres: some 0.35 m from either loudspeaker, nearer to one, and 0.6 m from the mouth."""


@dataclass(frozen=True, slots=True, eq=False)
class EchoRoom:
    """What becomes of a click."""

    rt60_s: float
    """How long sound takes to fall by 60 dB, measured on the response of a loudspeaker."""
    loudspeakers: Floats
    """``(2, n)``: from each loudspeaker, left then right, to the microphone, at 48 kHz."""
    mouth: Floats
    """``(n,)``: from the mouth of whoever sits there."""


@functools.lru_cache(maxsize=4)
def make_room(rt60_s: float) -> EchoRoom:
    """A room that reverberates for about so long.

    Raises:
        UsageError: pyroomacoustics is not installed.
    """
    try:
        acoustics: Any = importlib.import_module("pyroomacoustics")
    except ImportError:
        raise UsageError(
            "rooms are simulated by pyroomacoustics, which is not here: pip install pyroomacoustics"
        ) from None
    absorption, order = acoustics.inverse_sabine(rt60_s, _SIZE)
    room = acoustics.ShoeBox(
        _SIZE, fs=RATE, materials=acoustics.Material(absorption), max_order=order
    )
    for place in (*_LOUDSPEAKERS, _MOUTH):
        room.add_source(place)
    room.add_microphone(_MICROPHONE)
    room.compute_rir()
    responses = [np.asarray(response, dtype=np.float64) for response in room.rir[0]]
    measured_s = float(acoustics.experimental.measure_rt60(responses[0], RATE))
    length = max(map(len, responses))
    padded = np.stack([np.pad(each, (0, length - len(each))) for each in responses])
    return EchoRoom(measured_s, padded[:2], padded[2])


class Convolver:
    """Puts pieces of sound through responses as they come. State: the pieces that still sound.

    By overlap-save in uniform partitions of one piece's length (T. G. Stockham, 1966).
    """

    def __init__(self, responses: Floats, piece: int) -> None:
        """``responses``: ``(channels, n)``; what all channels make is added up."""
        channels, length = responses.shape
        parts = -(-length // piece)
        padded = np.pad(responses, ((0, 0), (0, parts * piece - length)))
        spectra = np.fft.rfft(padded.reshape(channels, parts, piece), 2 * piece)
        self._piece = piece
        # Twice, so that whichever place is the newest, what it meets lies in one row.
        self._spectra = np.concatenate([spectra, spectra], axis=1)
        self._past = np.zeros_like(spectra)
        self._newest = 0
        self._before = np.zeros((channels, piece))

    def take(self, sound: Floats) -> Floats:
        """What is heard ``(piece,)`` while ``(channels, piece)`` are played."""
        both = np.concatenate([self._before, sound], axis=1)
        self._before = np.array(sound)
        parts = self._past.shape[1]
        self._newest = (self._newest - 1) % parts
        self._past[:, self._newest] = np.fft.rfft(both)
        begin = parts - self._newest
        met = self._spectra[:, begin : begin + parts]
        out: Floats = np.fft.irfft((self._past * met).sum(axis=(0, 1)))[self._piece :]
        return out
