"""Does what is played come out, and does the microphone hear? A chirp is played to find out."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import numpy as np

from presence.clock import MILLISECOND, SECOND, MonotonicClock
from presence.errors import PresenceError, SoundError
from presence.voice.block import BLOCK, RATE, Samples
from presence.voice.chirp import find_chirp, make_chirp
from presence.voice.choosing import Kind, default_of
from presence.voice.headphones import Headphones
from presence.voice.microphone import BLOCK_NS, Microphone
from presence.voice.sound_system import SoundSystem

_BEFORE = 25
"""Blocks of silence before the chirp, in which devices come to rest."""
_AFTER = 50
_PATIENCE_NS = 10 * SECOND
_LEAST_DB = -120.0


class ChirpResult(msgspec.Struct, frozen=True):
    """What came of a chirp."""

    microphone: str
    headphones: str
    noise_db: float
    """How loud the microphone's own silence is, against the loudest it could hear; −120 is none."""
    heard: bool
    delay_ms: float = 0.0
    """From when the chirp was said to be heard until the microphone heard it."""
    gain_db: float = 0.0
    """How loud it was heard, against how it was played."""
    dry: int = 0
    """How often the headphones ran dry meanwhile."""


class SoundReport(msgspec.Struct, frozen=True):
    """What there is on this machine, and what came of a chirp."""

    microphones: list[str]
    headphones: list[str]
    problem: str = ""
    """Why there was no chirp; empty if there was one."""
    chirp: ChirpResult | None = None


def chirp_through(
    microphone: Microphone,
    headphones: Headphones,
    now: Callable[[], int],
    wait_until: Callable[[int], None],
) -> ChirpResult:
    """Play a chirp and listen; takes some two seconds.

    Args:
        microphone: hears.
        headphones: play.
        now: the time.
        wait_until: returns at a time, or when time has come nearer to it.

    Raises:
        SoundError: a device does not begin, or ends.
    """
    chirp = make_chirp()
    blocks = _blocks(chirp)
    captured: list[Samples] = []
    first_ns = chirp_ns = 0
    written = 0
    begun_ns = now()
    end_ns = begun_ns + _PATIENCE_NS
    while (now_ns := now()) < end_ns:
        for device in (microphone, headphones):
            if not device.alive:
                raise SoundError(f"{device.name!r} ended: plug it in anew, or choose another")
        while headphones.wanted_ns(now_ns) <= now_ns:
            heard_ns = headphones.write(
                blocks[written] if written < len(blocks) else np.zeros_like(blocks[0]), now_ns
            )
            if written == _BEFORE:
                chirp_ns = heard_ns
                end_ns = heard_ns + len(chirp) * SECOND // RATE + _AFTER * BLOCK_NS
            written += 1
        while (block := microphone.read(now_ns)) is not None:
            first_ns = first_ns or block.capture_ns
            captured.append(block.samples)
        wait_until(min(headphones.wanted_ns(now_ns), microphone.ready_ns(now_ns)))
    if not chirp_ns or not captured:
        silent = headphones if not chirp_ns else microphone
        raise SoundError(f"{silent.name!r} does not begin: see that no other program holds it")
    sound = np.concatenate(captured)
    # From a little before it could be heard, so that nothing else is taken for it.
    begin = max(0, (chirp_ns - first_ns) * RATE // SECOND - RATE // 10)
    match = find_chirp(sound[begin:], chirp)
    quiet = sound[: max(begin, BLOCK)]
    result = ChirpResult(
        microphone.name, headphones.name, _decibels(float(np.std(quiet))), False, dry=headphones.dry
    )
    if match is None:
        return result
    delay_ns = first_ns + (begin + match.at) * SECOND // RATE - chirp_ns
    return msgspec.structs.replace(
        result, heard=True, delay_ms=delay_ns / MILLISECOND, gain_db=_decibels(match.gain)
    )


def check_sound(system: SoundSystem | None = None) -> SoundReport:
    """Which sound devices there are, and a chirp through those of the system's choice."""
    clock = MonotonicClock()
    try:
        system = system or SoundSystem(clock)
        devices = system.devices()
    except SoundError as error:
        return SoundReport([], [], str(error))
    hear = list(dict.fromkeys(d.name for d in devices if d.serves(Kind.MICROPHONE)))
    play = list(dict.fromkeys(d.name for d in devices if d.serves(Kind.HEADPHONES)))
    ear, ears = default_of(devices, Kind.MICROPHONE), default_of(devices, Kind.HEADPHONES)
    if ear is None or ears is None:
        return SoundReport(hear, play)
    opened: list[Microphone | Headphones] = []
    try:
        microphone = system.open_microphone(ear)
        opened.append(microphone)
        headphones = system.open_headphones(ears)
        opened.append(headphones)
        result = chirp_through(microphone, headphones, clock.now_ns, _sleep_until)
    except PresenceError as error:
        return SoundReport(hear, play, str(error))
    finally:
        for device in opened:
            device.close()
    return SoundReport(hear, play, chirp=result)


def print_report() -> None:
    """Look, and print what was found as JSON: what a child of the doctor does."""
    print(msgspec.json.encode(check_sound()).decode())


def _blocks(chirp: Samples) -> list[Samples]:
    """The chirp for both ears, after the silence before it."""
    length = -(-len(chirp) // BLOCK)
    mono = np.zeros((_BEFORE + length) * BLOCK, dtype=np.float32)
    mono[_BEFORE * BLOCK :][: len(chirp)] = chirp
    return list(np.stack([mono, mono], axis=1).reshape(-1, BLOCK, 2))


def _decibels(level: float) -> float:
    return max(_LEAST_DB, 20.0 * float(np.log10(max(level, 1e-9))))


def _sleep_until(time_ns: int) -> None:
    time.sleep(max(0.0, (time_ns - time.monotonic_ns()) / SECOND))
