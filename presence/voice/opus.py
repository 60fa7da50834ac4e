"""A voice as packets of Opus (RFC 6716), 20 ms each, and back again.

A packet carries, beside its own 20 ms, a coarser copy of those before (in-band forward error
correction, RFC 6716 §2.1.7), from which a lost packet is made good if the next one comes in time.
While nobody speaks, hardly any packet is made (discontinuous transmission, §2.1.9).
"""

from __future__ import annotations

import ctypes
import math
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np

from presence.errors import CodecError
from presence.voice import opus_library as opus
from presence.voice.block import BLOCK, RATE, Samples, checked_block
from presence.voice.opus_library import load_opus

LARGEST_PACKET = 1275
"""Bytes: no frame of Opus is larger (RFC 6716 §3.2.1)."""
LOOK_AHEAD = 312
"""Samples by which what is decoded lags what was encoded: 6.5 ms."""
_FALL: Samples = (0.5 + 0.5 * np.cos(np.pi * (np.arange(120) + 0.5) / 120)).astype(np.float32)
"""How what was made up fades into what came: over 2.5 ms."""
_MARK = 2
"""A packet of so few bytes holds no sound: it says that there is none for now."""


@dataclass(frozen=True, slots=True)
class OpusSettings:
    """How a voice is packed."""

    bitrate_bps: int = 28_000
    """Bits a second while somebody speaks, without headers."""
    complexity: int = 8
    """How hard the encoder tries, 0 to 10: see the table in ``docs/voice.md``."""
    expected_loss: float = 0.1
    """The share of packets that get lost, 0 to 1: what the copies of former packets are made for.
    With none expected there are no copies."""
    pauses: bool = True
    """Whether hardly anything is sent while nobody speaks."""

    def __post_init__(self) -> None:
        if not 6_000 <= self.bitrate_bps <= 128_000:
            raise ValueError(f"a voice takes 6,000 to 128,000 bit/s, not {self.bitrate_bps}")
        if not 0 <= self.complexity <= 10:
            raise ValueError(f"Opus has complexities from 0 to 10, not {self.complexity}")
        if not 0.0 <= self.expected_loss <= 1.0:
            raise ValueError(f"a share of loss lies between 0 and 1, not at {self.expected_loss}")


class VoiceEncoder:
    """Packs a voice. State: the codec's, and whether somebody is speaking."""

    def __init__(self, settings: OpusSettings = OpusSettings()) -> None:
        """Open an encoder.

        Raises:
            OpusMissingError: there is no library.
        """
        self._opus = load_opus()
        error = ctypes.c_int()
        self._state = ctypes.c_void_p(
            self._opus.opus_encoder_create(RATE, 1, opus.APPLICATION_VOIP, ctypes.byref(error))
        )
        _check(self._opus, error.value)
        weakref.finalize(self, self._opus.opus_encoder_destroy, self._state)
        self._packet = ctypes.create_string_buffer(LARGEST_PACKET)
        self._marked = False
        for number, value in (
            (opus.SET_SIGNAL, opus.SIGNAL_VOICE),
            (opus.SET_BITRATE, settings.bitrate_bps),
            (opus.SET_COMPLEXITY, settings.complexity),
            (opus.SET_DTX, int(settings.pauses)),
        ):
            self._set(number, value)
        self.expect_loss(settings.expected_loss)

    def expect_loss(self, share: float) -> None:
        """Say how much of late has been lost, 0 to 1, so that copies take as much as they should.

        From 0 on nothing is copied, and a loss can only be concealed.
        """
        self._set(opus.SET_INBAND_FEC, int(share > 0.0))
        self._set(opus.SET_PACKET_LOSS_PERC, min(max(round(100.0 * share), 0), 100))

    def encode(self, block: Samples) -> bytes | None:
        """The packet for a block ``(960,)``; None: nothing needs to be sent, for nobody speaks.

        Every pause begins with a packet of a byte or two that says so, and every 0.4 s of it a
        packet tells how the room sounds now. Packets must be numbered as they are sent.

        Raises:
            UsageError: it is no block.
        """
        block = checked_block(block)
        size = self._opus.opus_encode_float(
            self._state, block.ctypes.data, BLOCK, self._packet, LARGEST_PACKET
        )
        _check(self._opus, size)
        if size > _MARK:
            self._marked = False
        elif self._marked:
            return None
        else:
            self._marked = True
        return self._packet.raw[:size]

    def _set(self, number: int, value: int) -> None:
        _check(self._opus, self._opus.opus_encoder_ctl(self._state, number, ctypes.c_int32(value)))


class VoiceDecoder:
    """Unpacks a voice, and makes up for what is missing.

    State: the codec's, room for a copy of it, whether the last block was made up.
    """

    def __init__(self) -> None:
        """Open a decoder.

        Raises:
            OpusMissingError: there is no library.
        """
        self._opus = load_opus()
        error = ctypes.c_int()
        self._state = ctypes.c_void_p(self._opus.opus_decoder_create(RATE, 1, ctypes.byref(error)))
        _check(self._opus, error.value)
        weakref.finalize(self, self._opus.opus_decoder_destroy, self._state)
        self._size = self._opus.opus_decoder_get_size(1)
        self._former = ctypes.create_string_buffer(self._size)
        self._gap = False

    def decode(self, packet: bytes) -> Samples:
        """The block ``(960,)`` that a packet holds; a mark of a pause gives the room's noise.

        Raises:
            CodecError: it is no packet of one frame of 20 ms, or is damaged.
        """
        check_packet(packet)
        gap, self._gap = self._gap, False
        if not gap or is_mark(packet):
            return self._decode(packet, recover=False)
        # The decoder's return from what was missing can tick (a tone of 200 Hz: a second difference
        # of 0.034 instead of 0.009), so what went before goes on for a moment, by a copy of the
        # decoder, and fades. A longer fade would cost more of the voice than it mends.
        ctypes.memmove(self._former, self._state, self._size)
        block = self._decode(packet, recover=False)
        tail = self._decode(None, recover=False, state=self._former, samples=len(_FALL))
        block[: len(_FALL)] += _FALL * (tail - block[: len(_FALL)])
        return block

    def recover(self, following: bytes) -> Samples:
        """The block that was lost before ``following``, from the copy there; concealed without one.

        ``following`` must be decoded after that.

        Raises:
            CodecError: it is no packet of one frame of 20 ms, or is damaged.
        """
        check_packet(following)
        self._gap = True
        return self._decode(following, recover=True)

    def conceal(self, samples: int = BLOCK) -> Samples:
        """Sound that goes on as that before it did: for what is lost, or in a pause.

        ``samples``: of a block, or half of one.
        """
        self._gap = True
        return self._decode(None, recover=False, samples=samples)

    def _decode(
        self, packet: bytes | None, *, recover: bool, state: Any = None, samples: int = BLOCK
    ) -> Samples:
        block = np.empty(samples, dtype=np.float32)
        count = self._opus.opus_decode_float(
            self._state if state is None else state,
            packet,
            0 if packet is None else len(packet),
            block.ctypes.data_as(ctypes.POINTER(ctypes.c_float)),
            samples,
            int(recover),
        )
        if count != samples:
            raise CodecError(
                f"a packet of a voice cannot be decoded ({_said(self._opus, count)}): drop it"
            )
        if not math.isfinite(float(np.dot(block, block))):
            block[:] = 0.0
        return np.clip(block, -1.0, 1.0, out=block)


def check_packet(packet: bytes) -> None:
    """See that something is one packet of one frame of 20 ms, without decoding it.

    Raises:
        CodecError: it is not.
    """
    if not 0 < len(packet) <= LARGEST_PACKET:
        raise CodecError(
            f"a packet of a voice has 1 to {LARGEST_PACKET} bytes, and this has {len(packet)}: "
            "drop it"
        )
    first = packet[0]
    # The table of contents (RFC 6716 §3.1): a configuration, stereo, and how many frames.
    if first & 0b11:
        raise CodecError("a packet of a voice holds one frame, and this claims more: drop it")
    if first & 0b100:
        raise CodecError("a voice is mono, and this packet is stereo: drop it")
    if not _lasts_20_ms(first >> 3):
        raise CodecError("a packet of a voice lasts 20 ms, and this does not: drop it")


def is_mark(packet: bytes) -> bool:
    """Whether a packet holds no sound, but says that a pause begins."""
    return len(packet) <= _MARK


def _lasts_20_ms(configuration: int) -> bool:
    """By RFC 6716 §3.1, table 2: SILK in 10, 20, 40, 60 ms, hybrid in 10, 20, CELT in 2.5 to 20."""
    if configuration < 12:
        return configuration % 4 == 1
    if configuration < 16:
        return configuration % 2 == 1
    return configuration % 4 == 3


def _check(library: Any, code: int) -> None:
    if code < 0:
        # We asked for something that cannot be: no user and no network can bring this about.
        raise RuntimeError(f"Opus refused: {_said(library, code)}")


def _said(library: Any, code: int) -> str:
    return library.opus_strerror(code).decode() if code < 0 else f"{code} samples"
