"""A room that is simulated: what headphones made of memory play reaches a microphone of memory."""

import numpy as np
from clocked_devices import BEGUN_NS

from presence.clock import SECOND
from presence.voice.block import RATE
from presence.voice.clocked_device import ClockedInput, ClockedOutput, Crystal
from presence.voice.headphones import Headphones
from presence.voice.line import InputLine, OutputLine
from presence.voice.microphone import Microphone


def echoes(delay_s, gain, reverberation_s=0.3, seed=8):
    """How a loudspeaker is heard across a room: the direct sound, then its dying echoes."""
    random = np.random.default_rng(seed)
    times = np.arange(round(reverberation_s * RATE)) / RATE
    tail = random.standard_normal(len(times)) * 10.0 ** (-3.0 * times / reverberation_s)
    tail *= 0.5 * gain / np.sqrt(np.square(tail).sum())
    tail[0] = gain
    return np.concatenate([np.zeros(round(delay_s * RATE)), tail])


class Room:
    """See the module. State: all that was played, as the mean of both ears."""

    def __init__(self, response, *, noise=1e-4, latency_ns=20_000_000):
        self._response = response
        self._noise = noise
        self._random = np.random.default_rng(3)
        self._played = np.zeros(0, dtype=np.float32)
        self._latency = round(latency_ns * RATE / SECOND)
        crystal = Crystal(latency_ns=latency_ns)
        line = OutputLine(RATE)
        self.headphones = Headphones(
            ClockedOutput("speakers", crystal, line, self._play, BEGUN_NS), line
        )
        line = InputLine(RATE)
        self.microphone = Microphone(
            ClockedInput("microphone", Crystal(), line, self._hear, BEGUN_NS), line
        )

    def _play(self, piece):
        self._played = np.concatenate([self._played, piece.mean(axis=1)])

    def _hear(self, first, count):
        heard = self._noise * self._random.standard_normal(count)
        if len(self._response):
            begin = first - self._latency - len(self._response) + 1
            end = first - self._latency + count
            assert end <= len(self._played), "heard before it was played"
            played = self._played[max(begin, 0) : max(end, 0)]
            played = np.concatenate([np.zeros(end - begin - len(played)), played])
            heard = heard + np.convolve(played, self._response, mode="valid")
        return heard.astype(np.float32)
