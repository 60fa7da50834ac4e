"""This machine's sound devices, by PortAudio: which there are, and opening them.

PortAudio looks for devices when it begins and never again, so to see new ones it has to begin anew
(``refresh``), which ends all streams. On a device that is gone even closing may never return
(PortAudio's issues 600, 1037), so that is done beside, with patience that ends.

What it tells of times is not believed for each piece: some of its hosts tell none (its issues 121,
531), and PulseAudio, by ALSA, was seen to be half a second wrong for a second. What we go by is
when our code is called; from what is told, only how long before a sound was heard, or how long
after it will be, is taken, and only where that is near what the stream claims.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from typing import Any

import numpy as np

from presence.clock import MILLISECOND, SECOND, Clock
from presence.errors import SoundError
from presence.voice.block import RATE, Samples
from presence.voice.choosing import DeviceInfo
from presence.voice.headphones import Headphones
from presence.voice.line import InputLine, OutputLine
from presence.voice.microphone import Microphone

_SETTLE_NS = 100 * MILLISECOND
_SILENT_NS = 1500 * MILLISECOND
"""A device that says nothing for so long is gone, whatever it says about that."""
_FIRST_NS = 3 * SECOND
"""How long it may take to begin."""
_CLOSE_S = 2.0
_PIECES_A_SECOND = 100
_LEAST_LATENCY_S = 0.02
"""What is asked of a device at first: less, and desktop systems do not keep up."""
_GREATEST_LATENCY_S = 0.08
_TROUBLE = 8
"""So many losses of sound …"""
_TROUBLE_NS = 10 * SECOND
"""… within this are too many: the device is opened anew, with twice the latency."""
_WINDOW_NS = 10 * SECOND
_NEARLY_NS = 1 * MILLISECOND

_log = logging.getLogger(__name__)


def load_sounddevice() -> Any:
    """The module ``sounddevice``, with PortAudio begun.

    Raises:
        SoundError: it is not installed, or PortAudio is not; with the cure.
    """
    try:
        import sounddevice
    except ImportError:
        raise SoundError(
            "sounddevice is not installed, which microphones and headphones need: "
            "pip install 'presence[voice]'"
        ) from None
    except OSError:
        raise SoundError(
            "PortAudio is not installed, which microphones and headphones need; on Debian or "
            "Ubuntu: sudo apt install libportaudio2"
        ) from None
    except Exception as error:
        raise SoundError(f"PortAudio cannot begin: {error}") from None
    return sounddevice


class SoundSystem:
    """See the module. State: PortAudio, streams that refused to close, latencies that are kept."""

    def __init__(self, clock: Clock, sounddevice: Any | None = None) -> None:
        """Raises SoundError as :func:`load_sounddevice` does.

        Args:
            clock: what stamps are told by.
            sounddevice: a module that stands for it, in tests.
        """
        self._clock = clock
        self._sounddevice = sounddevice or load_sounddevice()
        self._stuck = 0
        self._latency_s: dict[str, float] = {}

    def devices(self) -> list[DeviceInfo]:
        """The devices that there were when PortAudio began.

        Raises:
            SoundError: PortAudio cannot say.
        """
        module = self._sounddevice
        try:
            hosts = module.query_hostapis()
            listed = module.query_devices()
            defaults = [_default(module, kind) for kind in ("input", "output")]
        except module.PortAudioError as error:
            raise SoundError(f"the list of sound devices cannot be had: {error}") from None
        return [
            DeviceInfo(
                index=index,
                name=str(info["name"]),
                host=str(hosts[info["hostapi"]]["name"]),
                inputs=int(info["max_input_channels"]),
                outputs=int(info["max_output_channels"]),
                rate=round(info["default_samplerate"]),
                default_input=index == defaults[0],
                default_output=index == defaults[1],
            )
            for index, info in enumerate(listed)
        ]

    def refresh(self) -> bool:
        """See which devices there are now; everything that was opened must be closed before.

        Returns:
            Whether that was possible.
        """
        if self._stuck:
            return False
        module = self._sounddevice
        with contextlib.suppress(module.PortAudioError):
            module._terminate()
        try:
            module._initialize()
        except module.PortAudioError as error:
            _log.warning("PortAudio cannot begin anew: %s", error)
            return False
        return True

    def open_microphone(self, info: DeviceInfo) -> Microphone:
        """Begin to hear.

        Raises:
            SoundError: it cannot be opened.
        """
        rate = self._rate(info, self._sounddevice.check_input_settings, 1)
        line = InputLine(rate)
        return Microphone(_Input(self, info, line), line)

    def open_headphones(self, info: DeviceInfo) -> Headphones:
        """Begin to play.

        Raises:
            SoundError: they cannot be opened.
        """
        channels = min(2, info.outputs)
        rate = self._rate(info, self._sounddevice.check_output_settings, channels)
        line = OutputLine(rate)
        return Headphones(_Output(self, info, line), line)

    def _rate(self, info: DeviceInfo, check: Any, channels: int) -> int:
        """Ours, if the device has it, else its own."""
        try:
            check(device=info.index, channels=channels, dtype="float32", samplerate=RATE)
        except self._sounddevice.PortAudioError:
            return info.rate
        return RATE


def _default(module: Any, kind: str) -> int:
    """The number of a default device; −1 where there is none."""
    try:
        return int(module.query_devices(kind=kind)["index"])
    except module.PortAudioError:
        return -1


class _Stream:
    """A stream of PortAudio. State: the stream, and when it last said anything."""

    settle_ns = _SETTLE_NS

    def __init__(self, system: SoundSystem, info: DeviceInfo, kind: str, channels: int) -> None:
        self.name = info.name
        self._system = system
        self._clock = system._clock
        self._ended = False
        self._late_ns = self._clock.now_ns() + _FIRST_NS
        self._kind = kind
        self._lost_ns: deque[int] = deque(maxlen=_TROUBLE)
        asked_s = system._latency_s.get(info.name, _LEAST_LATENCY_S)
        module = system._sounddevice
        make = module.InputStream if kind == "microphone" else module.OutputStream
        try:
            self._stream = make(
                samplerate=self._line_rate(),
                blocksize=self._line_rate() // _PIECES_A_SECOND,
                device=info.index,
                channels=channels,
                dtype="float32",
                latency=asked_s,
                callback=self._called,
                finished_callback=self._finished,
            )
            self._asked_s = asked_s
            self._latency = _Latency(float(self._stream.latency), later=kind == "headphones")
            self._stream.start()
        except module.PortAudioError as error:
            raise SoundError(
                f"the {kind} {info.name!r} cannot be opened: {error}; "
                "see that no other program holds it, or choose another"
            ) from None

    @property
    def alive(self) -> bool:
        """Whether it still says something now and then."""
        return not self._ended

    def run(self, now_ns: int) -> None:
        """See whether it has fallen silent; it has a thread of its own for the rest."""
        if now_ns > self._late_ns:
            self._ended = True
        losses = self._lost_ns
        if len(losses) < _TROUBLE or losses[-1] - losses[0] > _TROUBLE_NS or self._ended:
            return
        if self._asked_s < _GREATEST_LATENCY_S:
            self._system._latency_s[self.name] = min(2.0 * self._asked_s, _GREATEST_LATENCY_S)
            _log.info("the %s %r loses sound; opened anew, more slowly", self._kind, self.name)
            self._ended = True

    def close(self) -> None:
        """Give the device back, unless that takes for ever."""
        self._ended = True
        closing = threading.Thread(
            target=self._stream.close, name="closing a sound device", daemon=True
        )
        closing.start()
        closing.join(_CLOSE_S)
        if closing.is_alive():
            self._system._stuck += 1
            _log.warning("the sound device %r does not let itself be closed", self.name)

    def _line_rate(self) -> int:
        raise NotImplementedError

    def _called(self, sound: Samples, frames: int, time: Any, status: Any) -> None:
        raise NotImplementedError

    def _finished(self) -> None:
        self._ended = True

    def _told(self, now_ns: int, lost: bool) -> bool:
        """It says something; whether sound was lost before."""
        self._late_ns = now_ns + _SILENT_NS
        if lost:
            self._lost_ns.append(now_ns)
        return lost


class _Latency:
    """How long before it was given, or after it was asked for, sound is heard.

    State: the best that was told in this and the last while: that of a call that was not late.
    """

    def __init__(self, claimed_s: float, *, later: bool) -> None:
        self._claimed_ns = round(claimed_s * SECOND)
        self._sign = -1 if later else 1
        self._best: int | None = None
        self._best_before: int | None = None
        self._since_ns = 0

    def ns(self, now_ns: int, sooner_s: float, later_s: float, piece_ns: int) -> int:
        """By a stream's two times, if they make sense; else by what it claims in general."""
        if now_ns - self._since_ns > _WINDOW_NS:
            self._since_ns, self._best_before, self._best = now_ns, self._best, None
        told_ns = round((later_s - sooner_s) * SECOND)
        # A piece is given after its end, and asked for before its beginning.
        least_ns = piece_ns - _NEARLY_NS if self._sign > 0 else 0
        makes_sense = sooner_s > 0.0 and least_ns <= told_ns <= 2 * (self._claimed_ns + piece_ns)
        if makes_sense and (self._best is None or (told_ns - self._best) * self._sign < 0):
            self._best = told_ns
        told = [best for best in (self._best, self._best_before) if best is not None]
        if not told:
            return self._claimed_ns
        return min(told) if self._sign > 0 else max(told)


class _Input(_Stream):
    """A microphone's stream."""

    def __init__(self, system: SoundSystem, info: DeviceInfo, line: InputLine) -> None:
        self._line = line
        super().__init__(system, info, "microphone", 1)

    def _line_rate(self) -> int:
        return self._line.rate

    def _called(self, sound: Samples, frames: int, time: Any, status: Any) -> None:
        now_ns = self._clock.now_ns()
        lost = self._told(now_ns, status.input_overflow)
        piece_ns = frames * SECOND // self._line.rate
        ago_ns = self._latency.ns(now_ns, time.inputBufferAdcTime, time.currentTime, piece_ns)
        self._line.put(sound[:, 0], now_ns, now_ns - ago_ns, lost=lost)


class _Output(_Stream):
    """A stream to headphones."""

    def __init__(self, system: SoundSystem, info: DeviceInfo, line: OutputLine) -> None:
        self._line = line
        self._channels = min(2, info.outputs)
        super().__init__(system, info, "headphones", self._channels)

    def _line_rate(self) -> int:
        return self._line.rate

    def _called(self, sound: Samples, frames: int, time: Any, status: Any) -> None:
        now_ns = self._clock.now_ns()
        lost = self._told(now_ns, status.output_underflow)
        piece_ns = frames * SECOND // self._line.rate
        ahead_ns = self._latency.ns(now_ns, time.currentTime, time.outputBufferDacTime, piece_ns)
        stereo = sound if self._channels == 2 else np.empty((frames, 2), dtype=np.float32)
        self._line.fill(stereo, now_ns, now_ns + ahead_ns, lost=lost)
        if self._channels == 1:
            sound[:, 0] = 0.5 * (stereo[:, 0] + stereo[:, 1])
