"""What a microphone's sound goes through before anybody hears it: echo, noise and loudness.

First what is played is taken out by the path that it was heard to go, which leaves voices as they
are (:class:`~presence.voice.echo_canceller.EchoCanceller`). Then comes WebRTC (high-pass, an echo
canceller that finds little left to do, noise suppression, gain), bound by the package ``livekit``,
of which nothing else is used: no server is asked and nothing is sent. Both cancellers must be told
of everything that is played: the mix for both ears as it was rendered, not the voices that went
into it. The gain comes last, after what is left of an echo was turned down
(:class:`~presence.voice.echo_guard.EchoGuard`): it would make that louder.
"""

from __future__ import annotations

import functools
import importlib
import logging
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from presence.errors import UsageError
from presence.voice.block import BLOCK, RAMP, RATE, Samples, checked_block
from presence.voice.double_talk import DoubleTalk
from presence.voice.echo_canceller import EchoCanceller
from presence.voice.echo_guard import EchoGuard

_FRAME = BLOCK // 2
"""The processing takes 10 ms at a time."""
_LARGEST_DELAY_MS = 500
_FULL = 32767.0
_SUPPRESSOR_DELAY = 430
"""Samples by which WebRTC's echo canceller alone delays: 9 ms."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProcessingSettings:
    """What is done to a microphone's sound."""

    high_pass: bool = True
    """Take out rumble and hum below speech."""
    echo_canceller: bool = True
    """Take out what this machine plays, as far as the microphone hears it."""
    noise_suppression: bool = True
    """Take out noise that goes on, such as a fan's."""
    gain: bool = True
    """Bring whoever speaks to an even loudness."""
    ducking: bool = True
    """Turn down what is left of an echo; and the person, while others are heard, where cancelling
    does not hold. Only beside the echo canceller."""


class Processing(Protocol):
    """A microphone's blocks in, better ones out."""

    @property
    def kind(self) -> str:
        """Who does it: ``"webrtc"``, or ``"none"``."""

    @property
    def problem(self) -> str:
        """A sentence for the person where echo cannot be taken out; empty while it can."""

    def reference(self, mix: Samples, counted_ns: int | None = None) -> None:
        """Tell what was given to the device to be played.

        Args:
            mix: ``(960, 2)``, or mono ``(960,)``.
            counted_ns: where it begins by the device's own count of samples, at the rate that it
                claims; None: right after the last.
        """

    def process(self, block: Samples, delay_ns: int = 0, counted_ns: int | None = None) -> Samples:
        """The block ``(960,)`` as it should be sent.

        Args:
            block: what the microphone heard.
            delay_ns: from the time when a reference was told to the time when the same sound,
                played and heard again, comes here: what waits in both devices, together.
            counted_ns: where it begins by the microphone's own count of samples, at the rate that
                it claims; None: right after the last.
        """


class WebRtcProcessing:
    """See the module. State: WebRTC's, which learns the room's echo and noise."""

    kind = "webrtc"
    problem = ""

    def __init__(self, settings: ProcessingSettings = ProcessingSettings()) -> None:
        """Begin anew, with nothing learned.

        Raises:
            UsageError: the package is not installed, or does not work on this machine.
        """
        try:
            module: Any = importlib.import_module("livekit.rtc.apm")
            frames: Any = importlib.import_module("livekit.rtc.audio_frame")
        except (ImportError, OSError) as error:
            raise UsageError(
                f"WebRTC's processing is not here ({error}): install presence with its extra "
                "voice, and use headphones until then"
            ) from None
        self._settings = settings
        self._make_frame = frames.AudioFrame
        self._module = module.AudioProcessingModule(
            high_pass_filter=settings.high_pass,
            echo_cancellation=settings.echo_canceller,
            noise_suppression=settings.noise_suppression,
            auto_gain_control=settings.gain,
        )

    def reference(self, mix: Samples, counted_ns: int | None = None) -> None:
        """Tell what is played."""
        if mix.shape not in ((BLOCK,), (BLOCK, 2)):
            raise UsageError(
                f"what is played is 20 ms for one ear or two, and this has the shape {mix.shape}"
            )
        if not self._settings.echo_canceller:
            return
        sound = _to_integers(mix)
        channels = 1 if mix.ndim == 1 else 2
        for half in (sound[:_FRAME], sound[_FRAME:]):
            self._module.process_reverse_stream(
                self._make_frame(bytearray(half.tobytes()), RATE, channels, _FRAME)
            )

    def process(self, block: Samples, delay_ns: int = 0, counted_ns: int | None = None) -> Samples:
        """The block as it should be sent."""
        sound = _to_integers(checked_block(block))
        delay_ms = min(max(round(delay_ns / 1e6), 0), _LARGEST_DELAY_MS)
        halves = []
        for half in (sound[:_FRAME], sound[_FRAME:]):
            frame = self._make_frame(bytearray(half.tobytes()), RATE, 1, _FRAME)
            if self._settings.echo_canceller:
                self._module.set_stream_delay_ms(delay_ms)
            self._module.process_stream(frame)
            halves.append(np.frombuffer(frame.data, dtype=np.int16))
        processed: Samples = np.concatenate(halves).astype(np.float32) / np.float32(_FULL)
        return np.clip(processed, -1.0, 1.0, out=processed)


class NoProcessing:
    """Leaves sound as it is: for where nothing better is there, or wanted. It has no state."""

    kind = "none"
    problem = ""

    def reference(self, mix: Samples, counted_ns: int | None = None) -> None:
        """Nothing is done with it."""

    def process(self, block: Samples, delay_ns: int = 0, counted_ns: int | None = None) -> Samples:
        """The block itself."""
        return checked_block(block)


class CancellingProcessing:
    """The canceller by the path that is learned, WebRTC's, and what comes after both.

    WebRTC's suppresses whatever may be an echo, and who speaks here with it. Where somebody does,
    what our own canceller left is taken instead, as late as WebRTC's comes. State: theirs, and
    what was left of late.
    """

    def __init__(self, suppressor: Processing, then: Processing) -> None:
        """``suppressor`` is WebRTC's echo canceller and nothing else; ``then`` follows both."""
        self.kind = suppressor.kind
        self.problem = ""
        self._canceller = EchoCanceller()
        self._double_talk = DoubleTalk()
        self._suppressor = suppressor
        self._then = then
        self._late: Samples = np.zeros(_SUPPRESSOR_DELAY + BLOCK, dtype=np.float32)
        self._share = 0.0

    def reference(self, mix: Samples, counted_ns: int | None = None) -> None:
        """Tell what is played."""
        self._suppressor.reference(mix, counted_ns)
        self._canceller.reference(mix, counted_ns)

    def process(self, block: Samples, delay_ns: int = 0, counted_ns: int | None = None) -> Samples:
        """The block as it should be sent."""
        left = self._canceller.cancel(block, delay_ns, counted_ns)
        suppressed = self._suppressor.process(left, delay_ns)
        self._late[:-BLOCK] = self._late[BLOCK:]
        self._late[-BLOCK:] = left
        share = self._double_talk.share(block, left)
        part = self._share + (share - self._share) * RAMP
        self._share = share
        return self._then.process(suppressed + part * (self._late[:BLOCK] - suppressed))


class GuardedProcessing:
    """The canceller and the suppressor, then the guard of the echo, then the gain.

    State: theirs.
    """

    def __init__(self, canceller: Processing, gain: Processing) -> None:
        """``canceller`` is told what is played, ``gain`` is not."""
        self.kind = canceller.kind
        self._canceller = canceller
        self._guard = EchoGuard()
        self._gain = gain

    @property
    def problem(self) -> str:
        """A sentence for the person; empty while cancelling holds."""
        return self._guard.problem

    def reference(self, mix: Samples, counted_ns: int | None = None) -> None:
        """Tell what is played."""
        self._canceller.reference(mix, counted_ns)
        self._guard.reference(mix)

    def process(self, block: Samples, delay_ns: int = 0, counted_ns: int | None = None) -> Samples:
        """The block as it should be sent."""
        left = self._canceller.process(block, delay_ns, counted_ns)
        return self._gain.process(self._guard.duck(checked_block(block), left))


def open_processing(
    settings: ProcessingSettings = ProcessingSettings(),
) -> Processing:
    """The processing that this machine has; the log says so, once, if it has little of it."""
    cancelling = replace(settings, gain=False)
    if not settings.ducking or not settings.echo_canceller:
        return _open(settings)
    gaining = ProcessingSettings(False, False, False, settings.gain)
    return GuardedProcessing(_open(cancelling), _open(gaining))


def _open(settings: ProcessingSettings) -> Processing:
    if not any(
        (settings.high_pass, settings.echo_canceller, settings.noise_suppression, settings.gain)
    ):
        return NoProcessing()
    try:
        webrtc = WebRtcProcessing(settings)
    except UsageError as error:
        _say_once(str(error))
        return NoProcessing()
    if not settings.echo_canceller:
        return webrtc
    suppressor = WebRtcProcessing(ProcessingSettings(False, True, False, False))
    return CancellingProcessing(suppressor, _open(replace(settings, echo_canceller=False)))


@functools.cache
def _say_once(why: str) -> None:
    _log.warning("neither echo nor noise is taken out of your voice: %s", why)


def _to_integers(sound: Samples) -> Any:
    return np.rint(np.clip(sound, -1.0, 1.0) * _FULL).astype(np.int16)
