"""Speech whose sounds are known: said by a synthesizer that tells when each of them begins.

Synthetic speech is easy speech: nobody hurries, mumbles or turns away from the microphone.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import io
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from presence.errors import UsageError
from presence.voice.block import RATE, Samples

_SYNCHRONOUS = 2
_PHONEME_EVENTS_IN_IPA = 0x0003
_END, _PHONEME = 0, 7
_UTF8 = 1
_SPEED, _PITCH = 1, 3

BREATH = "ʰ"
"""The symbol of what follows the burst of a plosive."""
_PLOSIVES = tuple("pbtdkɡgʈɖcɟ")
_SHORTEST_CLOSURE, _LONGEST_CLOSURE, _BURST = 0.01, 0.15, 0.005
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One sound of a language."""

    start: float
    """Seconds from the beginning."""
    end: float
    """Seconds."""
    symbol: str
    """In IPA, as the synthesizer writes it; empty for a pause."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """Something said."""

    sound: Samples
    """``(n,)`` at 48 kHz."""
    phones: tuple[Phone, ...]


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """espeak_EVENT of espeak-ng's ``speak_lib.h``."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@cache
def _espeak() -> tuple[ctypes.CDLL, int]:
    """The library, set up once in a process as it demands, and its samples a second."""
    name = ctypes.util.find_library("espeak-ng")
    if name is None:
        raise UsageError(
            "speech for measuring is made by espeak-ng, which is not here: "
            "install it (Debian: apt-get install libespeak-ng1)"
        )
    library = ctypes.CDLL(name)
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS_IN_IPA)
    if rate <= 0:
        raise UsageError("espeak-ng has no data: install them (Debian: espeak-ng-data)")
    return library, rate


def say(text: str, voice: str = "en-us", *, words_a_minute: int = 160, pitch: int = 50) -> Spoken:
    """Have espeak-ng say something.

    Args:
        text: what.
        voice: a language, and a variant if wanted: ``"de"``, ``"en-us+f2"``.
        words_a_minute: how fast.
        pitch: 0 to 100.

    Raises:
        UsageError: there is no espeak-ng, or no such voice.
    """
    library, rate = _espeak()
    sounds: list[Samples] = []
    begun: list[tuple[float, str]] = []

    def take(samples: ctypes._Pointer[ctypes.c_short], count: int, events: object) -> int:
        if samples and count:
            block = np.ctypeslib.as_array(samples, (count,)).astype(np.float32)
            sounds.append(block / 32768.0)
        for event in _until_end(events):
            if event.type == _PHONEME:
                symbol = bytes(event.id.string).decode("utf-8", "ignore")
                begun.append((event.audio_ms / 1000.0, symbol))
        return 0

    callback = _Callback(take)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise UsageError(f"espeak-ng has no voice {voice!r}: see espeak-ng --voices")
    library.espeak_SetParameter(_SPEED, words_a_minute, 0)
    library.espeak_SetParameter(_PITCH, pitch, 0)
    data = text.encode()
    library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
    whole = np.concatenate(sounds)
    ends = [start for start, _ in begun[1:]] + [len(whole) / rate]
    phones = [
        Phone(start, end, symbol)
        for (start, symbol), end in zip(begun, ends, strict=True)
        if end > start
    ]
    return Spoken(_at_rate(whole, rate), tuple(_with_closures(phones, whole, rate)))


def _until_end(events: object) -> Iterator[_Event]:
    number = 0
    while (event := events[number]).type != _END:  # type: ignore[index]
        yield event
        number += 1


def _with_closures(phones: list[Phone], sound: Samples, rate: int) -> list[Phone]:
    """Give plosives the silence before them: espeak-ng tells when they burst, not when lips meet.

    The breath after the burst becomes a sound of its own. Of a plosive that follows a pause there
    is nothing but the breath: nobody could hear when, in the pause, the lips met.
    """
    silent = np.concatenate([[False], np.abs(sound) < 1e-4])
    mended: list[Phone] = []
    for phone in phones:
        before = mended[-1] if mended else Phone(0.0, 0.0, "")
        if phone.symbol[:1] in _PLOSIVES and not before.symbol:
            phone = Phone(phone.start, phone.end, BREATH)
        elif phone.symbol[:1] in _PLOSIVES:
            first = last = round(phone.start * rate)
            while last - first < _LONGEST_CLOSURE * rate and silent[first]:
                first -= 1
            if last - first > _SHORTEST_CLOSURE * rate and first > before.start * rate:
                burst = min(phone.start + _BURST, phone.end)
                mended[-1] = Phone(before.start, first / rate, before.symbol)
                mended.append(Phone(first / rate, burst, phone.symbol))
                phone = Phone(burst, phone.end, BREATH)
        mended.append(phone)
    return [phone for phone in mended if phone.end > phone.start]


def has_flite() -> bool:
    """Whether flite is here, whose voices were learned from people's recordings."""
    return shutil.which("flite") is not None


def recite(text: str, voice: str, *, stretch: float = 1.0) -> Spoken:
    """Have flite say something in English, by a voice learned from a person's recordings.

    Args:
        text: what.
        voice: ``"slt"``, ``"rms"``, ``"awb"``.
        stretch: how much longer than usual each sound lasts.

    Raises:
        UsageError: there is no flite.
    """
    if not has_flite():
        raise UsageError("flite is not here: install it (Debian: apt-get install flite)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        words = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}", "-psdur"]
        said = subprocess.run(
            [*words, "-t", text, str(path)], capture_output=True, text=True, check=True
        )
        with contextlib.closing(wave.open(io.BytesIO(path.read_bytes()))) as file:
            rate = file.getframerate()
            data = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    phones: list[Phone] = []
    start = 0.0
    for word in said.stdout.split():
        symbol, end = word.rsplit(":", 1)
        symbol = "" if symbol == "pau" else symbol
        if symbol in ("p", "t", "k") and (not phones or not phones[-1].symbol):
            symbol = BREATH
        phones.append(Phone(start, float(end), symbol))
        start = float(end)
    sound = data.astype(np.float32) / 32768.0
    return Spoken(
        _at_rate(sound, rate), tuple(phone for phone in phones if phone.end > phone.start)
    )


def _at_rate(sound: Samples, rate: int) -> Samples:
    common = int(np.gcd(rate, RATE))
    resampled = resample_poly(sound.astype(np.float64), RATE // common, rate // common)
    return np.asarray(resampled, dtype=np.float32)
