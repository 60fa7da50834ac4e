"""Voices in the room by numpy alone, where OpenAL Soft is missing: a rigid sphere for a head.

What one ear hears of a voice is later and duller the farther round the head it has to go. Lateness:
R. S. Woodworth's formula, as in C. P. Brown and R. O. Duda, "A structural model for binaural sound
synthesis", IEEE Trans. Speech and Audio Processing 6(5), 1998; dullness: the same paper's shadow of
one pole and one zero, whose pole is the same for all directions, so one low-pass serves both ears.
A sphere sounds alike before and behind; voices from behind are made duller in both ears, which is a
weaker cue than a real ear's. There is no room, and height is heard no other way than as distance
from the ears' axis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from presence.pose.arrays import Floats
from presence.pose.quaternion import quat_conjugate, quat_rotate
from presence.pose.rigid import Rigid
from presence.voice.block import RATE, Samples, ramp
from presence.voice.spatialiser import (
    FARTHEST_M,
    REFERENCE_M,
    Sounds,
)

_HEAD_M = 0.0875
_SOUND_M_S = 343.0
_AROUND = _HEAD_M / _SOUND_M_S * RATE
"""Samples that sound takes for the radius of a head."""
_PAST = 64
"""Samples kept of each voice; the farther ear is at most 36 behind."""
_POLE = float(np.exp(-2.0 * _SOUND_M_S / _HEAD_M / RATE))
_BEHIND = 0.45
"""How much of the high frequencies a voice right behind loses: some 5 dB."""
_PIECE = 48
_POWERS: Samples = (_POLE ** np.arange(1, _PIECE + 1)).astype(np.float32)
_LOWPASS: Samples = np.array(
    [
        [(1.0 - _POLE) * _POLE ** (n - k) if n >= k else 0.0 for n in range(_PIECE)]
        for k in range(_PIECE)
    ],
    dtype=np.float32,
)
_EARS: Floats = np.array([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])


class PlainSpatialiser:
    """See the module. State: of each slot, the last samples for each ear, and the low-pass."""

    kind = "numpy"

    def __init__(self, slots: int = 64) -> None:
        self._shaded = np.zeros((2, slots, _PAST), dtype=np.float32)
        self._dull = np.zeros(slots, dtype=np.float32)

    def start(self, slot: int) -> None:
        """A voice will be heard in this slot: nothing was, before."""
        self._shaded[:, slot] = 0.0
        self._dull[slot] = 0.0

    def stop(self, slot: int) -> None:
        """The voice in this slot is gone; there is nothing to give back."""

    def close(self) -> None:
        """There is nothing to give back."""

    def render(self, sounds: Sounds, heads: tuple[Rigid, Rigid]) -> Samples:
        """The next block ``(samples, 2)``."""
        samples = sounds.blocks.shape[1]
        out = np.zeros((samples, 2), dtype=np.float32)
        slots = np.asarray(sounds.slots, dtype=np.intp)
        if not len(slots):
            return out
        dull = self._dulled(sounds.blocks, slots)
        bright = sounds.blocks - dull
        ends = [_heard(sounds.positions[end], heads[end]) for end in range(2)]
        for ear in range(2):
            delays, shares, gains = (
                _ramp(before[ear], after[ear], samples) for before, after in zip(*ends, strict=True)
            )
            # Shaded as it is said, at most 0.8 ms before it is heard: then it is delayed but once.
            shaded = np.concatenate([self._shaded[ear, slots], dull + shares * bright], axis=1)
            self._shaded[ear, slots] = shaded[:, -_PAST:]
            out[:, ear] = (_delayed(shaded, delays) * gains).sum(axis=0)
        return out

    def _dulled(self, blocks: Samples, slots: NDArray[np.intp]) -> Samples:
        """Blocks ``(n, samples)`` after the head's low-pass, in pieces: each is a small matrix."""
        pieces = blocks.reshape(len(blocks), -1, _PIECE) @ _LOWPASS
        carry = self._dull[slots]
        for k in range(pieces.shape[1]):
            pieces[:, k] += carry[:, None] * _POWERS
            carry = pieces[:, k, -1]
        self._dull[slots] = carry
        dulled: Samples = pieces.reshape(blocks.shape)
        return dulled


def _heard(positions: Floats, head: Rigid) -> tuple[Floats, Floats, Floats]:
    """What each ear hears: delays in samples, shares of bright sound, and gains, ``(2, n)``."""
    way = positions - head.translation
    distance = np.linalg.norm(way, axis=-1)
    in_head = quat_rotate(quat_conjugate(head.rotation), way)
    far = np.maximum(distance, 1e-6)
    # Who is inside the head is heard as from right before it.
    direction = np.where(
        (distance > 1e-6)[:, None], in_head / far[:, None], np.array([0.0, 0.0, -1.0])
    )
    along = np.clip(direction @ _EARS.T, -1.0, 1.0).T
    angle = np.arccos(along)
    beyond = np.maximum(angle - 0.5 * np.pi, 0.0)
    # Straight to a near ear, round the sphere to a far one; never less than nothing.
    delay = 2.0 + _AROUND * (1.0 + np.where(angle < 0.5 * np.pi, -along, beyond))
    # 1.05 + 0.95 cos(1.2 angle): twice as bright at the near ear, a tenth at the far one.
    bright = 1.05 + 0.95 * np.cos(angle * 1.2)
    bright = bright * (1.0 - _BEHIND * np.maximum(direction[:, 2], 0.0))
    gain = REFERENCE_M / np.clip(distance, REFERENCE_M, FARTHEST_M)
    return delay, bright, np.broadcast_to(gain, delay.shape)


def _ramp(before: Floats, after: Floats, samples: int) -> Samples:
    """From one value to the next over a block: ``(n, samples)``."""
    start = before.astype(np.float32)[:, None]
    return start + (after - before).astype(np.float32)[:, None] * ramp(samples)


def _delayed(sound: Samples, delays: Samples) -> Samples:
    """The end of sound ``(n, 64 + m)``, as it was ``delays (n, m)`` samples before.

    Between samples by Lagrange's cubic through the four about that moment.
    """
    times = np.arange(_PAST, sound.shape[1], dtype=np.float32) - delays
    whole = times.astype(np.intp)
    part = times - whole
    starts = np.arange(len(sound))[:, None] * sound.shape[1]
    first = whole + (starts - 1)
    flat = sound.ravel()
    b, c, d = part, part - 1.0, part - 2.0
    a = part + 1.0
    bc, ad = b * c, a * d
    out: Samples = np.take(flat, first) * (bc * d * np.float32(-1 / 6))
    out += np.take(flat, first + 1) * (ad * c * np.float32(0.5))
    out -= np.take(flat, first + 2) * (ad * b * np.float32(0.5))
    out += np.take(flat, first + 3) * (bc * a * np.float32(1 / 6))
    return out
