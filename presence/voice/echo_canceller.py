"""Takes out of a microphone's sound what it hears of loudspeakers: linearly, so that voices stay.

The path from either loudspeaker to the microphone is learned, in partitions of 10 ms and for each
frequency apart, by a Kalman filter: G. Enzner and P. Vary, "Frequency-domain adaptive Kalman filter
for acoustic echo control in hands-free telephones" (2006), in the partitions of F. Kuech,
E. Mabande and G. Enzner, "State-space architecture of the partitioned-block-based acoustic echo
controller" (ICASSP 2014), with the covariance of both ears' paths, since both play nearly the same.
It knows how sure it is of the path and how much else is heard, so it need not be told when somebody
speaks here. It delays nothing.

The two devices' crystals differ; by how much is read from what is left, whose phase leads that of
the echo's estimate ever more, the higher the frequency, when the echo comes ever later (after
M. Pawig, G. Enzner and P. Vary, "Adaptive sampling rate correction for acoustic echo control in
voice-over-IP", 2010).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from presence.voice import echo_loops
from presence.voice.block import BLOCK, Samples, checked_block
from presence.voice.echo_reference import EchoReference

HALF = BLOCK // 2
"""10 ms, which is done at a time."""
BINS = HALF + 1
_PARTS = 30
"""Of 10 ms each: as long as a room reverberates audibly."""
_HIGH_PARTS, _HIGH = 10, 171
"""Beyond 8.5 kHz a shorter path is learned: there is little echo, and walls swallow it."""
_STAYS = 0.9993**2
"""Of a path's power, from one step to the next: what else there is, is change."""
_PRIOR, _PRIOR_FALL = 0.1, 0.97
"""How strong a path may be in its first partition, and how fast that falls."""
_SLOW = 0.2
"""The part of the way to the present in how much else is heard, in each step."""
_WIDTH: Any = np.hanning(9)[1:-1] / np.hanning(9).sum()
"""Bins, 350 Hz, over which that is smoothed."""
_LISTENED = slice(6, 120)
"""Bins, 300 Hz to 6 kHz, from which drift is read."""
_RATE_GAIN, _PLACE_GAIN, _SURE = 0.004, 0.2, 3.0
_FASTEST = 0.25
"""Samples in 10 ms: 520 ppm, more than two crystals differ."""
_LOOK_EVERY, _BEFORE = 50, 3
"""Steps from one look at where the path begins to the next, and partitions that stay before it."""
_SILENT = 1e-5
"""A sample of what is played that no loudspeaker makes heard: −100 dB."""
_LOUDER, _INAUDIBLE = 2.0, 1e-6 * HALF
"""Of the power that was heard, beyond what matters."""
_GIVE_UP = 50
"""Steps, half a second, in which taking the echo out made sound louder: begin anew."""


class EchoCanceller:
    """See the module. State: what was played of late, the path, how sure it is, the drift."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._reference = EchoReference()
        self._forget()

    def _forget(self) -> None:
        """Know nothing of the path."""
        shape = (2, _PARTS, BINS)
        self._path_re, self._path_im, self._past_re, self._past_im = (
            np.zeros(shape, dtype=np.float32) for _ in range(4)
        )
        prior = _PRIOR * _PRIOR_FALL ** np.arange(_PARTS)[:, None]
        self._left = np.ascontiguousarray(np.broadcast_to(prior, shape[1:]), dtype=np.float32)
        self._right = self._left.copy()
        self._both_re, self._both_im = (np.zeros(shape[1:], dtype=np.float32) for _ in range(2))
        self._bins = np.where(np.arange(_PARTS) < _HIGH_PARTS, BINS, _HIGH)
        self._newest = 0
        self._turn = 0
        self._quiet = 0
        self._louder = 0
        self._steps = 0
        self._played: Any = np.zeros((2, HALF), dtype=np.float32)
        self._re, self._im, self._doubt = (np.zeros(BINS, dtype=np.float32) for _ in range(3))
        self._other: Any = np.full(BINS, 1e-4, dtype=np.float32)
        self._drift = 0.0
        self._omega = 2.0 * np.pi * np.arange(BINS)[_LISTENED] / BLOCK

    @property
    def ppm(self) -> float:
        """By how much the loudspeakers' crystal is thought faster than the microphone's."""
        return -self._drift / HALF * 1e6

    def reference(self, mix: Samples, counted_ns: int | None = None) -> None:
        """Tell what is played: ``(960, 2)`` or ``(960,)``; see :class:`EchoReference`."""
        self._reference.tell(mix, counted_ns)

    def cancel(self, block: Samples, delay_ns: int, counted_ns: int | None = None) -> Samples:
        """The block ``(960,)`` without its echo; see :meth:`Processing.process` for the rest."""
        heard = checked_block(block)
        begin = self._reference.meet(delay_ns, counted_ns)
        if begin is None:
            return heard
        halves = [
            self._half(heard[:HALF], begin),
            self._half(heard[HALF:], begin + HALF),
        ]
        left: Samples = np.concatenate(halves)
        return left

    def _half(self, heard: Samples, begin: float) -> Samples:
        self._reference.shift(self._drift)
        self._steps += 1
        if self._steps % _LOOK_EVERY == 0:
            self._centre(begin)
        played = self._reference.read(begin, HALF).T
        self._quiet = self._quiet + 1 if np.abs(played).max() < _SILENT else 0
        if self._quiet > _PARTS:
            # Nothing that was played can be heard any more, so nothing can be learned.
            return heard
        spectrum = np.fft.rfft(np.concatenate([self._played, played], axis=1))
        self._played = played
        self._newest = (self._newest - 1) % _PARTS
        self._past_re[:, self._newest] = spectrum.real
        self._past_im[:, self._newest] = spectrum.imag
        known = (self._path_re, self._path_im)
        past = (self._past_re, self._past_im, self._newest, self._bins)
        echo_loops.predict(*known, *past, self._re, self._im)
        echo = np.fft.irfft(self._re + 1j * self._im)[HALF:]
        left = (heard - echo).astype(np.float32)
        # A path that makes sound louder is wrong; it may yet be learned, but is not used.
        louder = float(left @ left) > _LOUDER * float(heard @ heard) + _INAUDIBLE
        self._louder = self._louder + 1 if louder else 0
        self._learn(known, past, left, echo)
        if self._louder >= _GIVE_UP:
            self._forget()
        return heard if louder else left

    def _centre(self, begin: float) -> None:
        """Where devices delay by more than they tell, the path begins late: go there."""
        strength = (self._path_re[:, :, :_HIGH] ** 2 + self._path_im[:, :, :_HIGH] ** 2).sum((0, 2))
        ahead = int(np.argmax(strength)) - _BEFORE
        if ahead < _BEFORE:
            return
        for each in (self._path_re, self._path_im):
            each[:, :-ahead] = each[:, ahead:].copy()
            each[:, -ahead:] = 0.0
        for each in (self._left, self._right, self._both_re, self._both_im):
            each[:-ahead] = each[ahead:].copy()
            each[-ahead:] = each[-ahead - 1]
        self._reference.shift(float(ahead * HALF))
        self._newest = 0
        sound = self._reference.read(begin - (_PARTS + 1) * HALF, (_PARTS + 1) * HALF)
        halves = sound.T.reshape(2, _PARTS + 1, HALF)
        spectra = np.fft.rfft(np.concatenate([halves[:, :-1], halves[:, 1:]], axis=2))
        self._past_re[:], self._past_im[:] = spectra.real[:, ::-1], spectra.imag[:, ::-1]
        self._played = halves[:, -1].copy()

    def _learn(self, known: Any, past: Any, left: Any, echo: Any) -> None:
        padded = np.zeros((2, BLOCK))
        padded[0, HALF:], padded[1, HALF:] = left, echo
        error, estimate = np.fft.rfft(padded)
        power = np.convolve(np.abs(error) ** 2, _WIDTH, "same").astype(np.float32)
        self._other += _SLOW * (power - self._other)
        covariance = (self._left, self._right, self._both_re, self._both_im)
        echo_loops.doubt(*past, *covariance, self._doubt)
        echo_loops.learn(
            *known,
            *past,
            *covariance,
            self._doubt,
            self._other,
            error.real.astype(np.float32),
            error.imag.astype(np.float32),
            _STAYS,
        )
        self._confine()
        self._follow(error[_LISTENED], estimate[_LISTENED])

    def _confine(self) -> None:
        """Partitions, in turn, are made no longer than they are: products of spectra wrap round."""
        some = slice(self._turn, None, 4)
        self._turn = (self._turn + 1) % 4
        path = np.fft.irfft(self._path_re[:, some] + 1j * self._path_im[:, some])
        path[..., HALF:] = 0.0
        spectra = np.fft.rfft(path)
        self._path_re[:, some], self._path_im[:, some] = spectra.real, spectra.imag

    def _follow(self, error: Any, estimate: Any) -> None:
        """How much later than thought does the echo come?"""
        weight = self._omega / (self._other[_LISTENED] + 1e-9)
        lag = -float(weight @ (np.conj(estimate) * error).imag)
        sure = float((weight * self._omega) @ np.abs(estimate) ** 2)
        late = min(max(lag / (sure + _SURE), -1.0), 1.0)
        self._drift = min(max(self._drift + _RATE_GAIN * late, -_FASTEST), _FASTEST)
        self._reference.shift(_PLACE_GAIN * late)


@functools.cache
def make_ready() -> None:
    """Do once what the first block would otherwise wait for."""
    canceller = EchoCanceller()
    silence: Samples = np.zeros((BLOCK, 2), dtype=np.float32)
    for _ in range(4):
        canceller.reference(silence)
    canceller.cancel(silence[:, 0].copy(), 40_000_000)
