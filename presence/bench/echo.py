"""``presence bench echo``: what is left of others' voices where loudspeakers are open."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from presence.bench.echo_end import Devices, EchoEnd, Sent, run
from presence.bench.echo_loop import LOUD, LOUDER, loop_row
from presence.bench.echo_room import Convolver, EchoRoom, make_room
from presence.bench.echo_words import Listener, Told, tell
from presence.bench.espeak import conversation
from presence.bench.result import BenchResult, at_least, at_most
from presence.pose.arrays import Floats
from presence.voice.block import BLOCK, RATE, Samples
from presence.voice.processing import Processing, ProcessingSettings, open_processing

_FAR = ("en-gb", "en-us+f4")
_NEAR = "en-us+f3"
_FROM_S = 3.0
_NOISE_DB = -68.0
"""A quiet room: some 40 dB under who speaks in it."""
_NEAR_DB = -23.0
"""Somebody speaks: 6 dB over the echo, which is measured and told."""
_LEVEL = 0.25
"""Of the loudspeakers: with it the echo comes in at some −29 dB."""

ALONE = ProcessingSettings(noise_suppression=False, gain=False, ducking=False)
DUCKING = ProcessingSettings(noise_suppression=False, gain=False)
ALL = ProcessingSettings()


@dataclass(frozen=True, slots=True)
class Case:
    """A room and the devices in it."""

    rt60_s: float
    devices: Devices
    name: str = ""
    level: float = _LEVEL
    held: bool = True
    """Whether the bars are asked of it; else it is there to show what happens."""

    @property
    def what(self) -> str:
        """What a row is called."""
        if self.name:
            return self.name
        ppm = self.devices.played_ppm
        return f"{self.rt60_s:g} s, {self.devices.delay_ms:g} ms, {ppm:+g} ppm"


CASES = tuple(
    Case(rt60_s, Devices(delay_ms, ppm, -ppm))
    for rt60_s, delay_ms, ppm in (
        *((0.2, 20.0, 100.0), (0.4, 70.0, -100.0)),
        *((0.6, 120.0, 100.0), (0.6, 20.0, -100.0)),
    )
)
HARD = (
    Case(0.4, Devices(70.0, untold_ms=100.0), "100 ms that no device tells of"),
    Case(0.4, Devices(70.0), "echo 6 dB louder", 2.0 * _LEVEL, held=False),
    Case(0.4, Devices(70.0), "echo 12 dB louder", 4.0 * _LEVEL, held=False),
    Case(0.4, Devices(70.0, drive=8.0), "loudspeakers overdriven", held=False),
)


def bench_echo(*, quick: bool = False) -> BenchResult:
    """Measure.

    Raises:
        UsageError: espeak-ng, pyroomacoustics or pocketsphinx is not installed.
    """
    cases = (CASES[0], CASES[1]) if quick else (*CASES, *HARD)
    seconds, sentences = (8.0, 2) if quick else (12.0, 6)
    single = [single_row(case, seconds) for case in cases]
    double = [double_row(case, sentences) for case in cases]
    loop_s = 6.0 if quick else 12.0
    loops = [loop_row(cancelled=on, seconds=loop_s, level=LOUD) for on in (True, False)]
    if not quick:
        loops.append(loop_row(cancelled=True, seconds=loop_s, level=LOUDER))
    held = {case.what for case in cases if case.held}
    asked = [row for row in single if row["what"] in held]
    kept = [row for row in double if row["what"] in held]
    return BenchResult(
        bench="echo",
        args={"quick": quick},
        rows=[*single, *double, *loops],
        bars=[
            at_least(
                "dB of echo taken out, suppression and gain off",
                min(row["ducking_db"] for row in asked),
                25.0,
            ),
            at_least("dB, all on", min(row["all_db"] for row in asked), 30.0),
            at_least(
                "per cent of words kept in double talk",
                100.0 * sum(row["kept"] for row in kept) / sum(row["clean"] for row in kept),
                90.0,
            ),
            at_most("dB by which two open ends get louder", loops[0]["rise_db"], 0.0),
        ],
    )


def single_row(case: Case, seconds: float) -> dict[str, Any]:
    """Two far voices speak at once, and nobody here: what is taken out after three seconds."""
    row: dict[str, Any] = {"table": "single talk", "what": case.what}
    for name, settings in (("alone", ALONE), ("ducking", DUCKING), ("all", ALL)):
        processing = open_processing(settings)
        sent = _sent(case, processing, noise(seconds), seconds, voices=2)
        heard, out = _of(sent, "heard"), _of(sent, "samples")
        begin = round(_FROM_S * RATE)
        row["echo_db"] = level_db(heard[begin:])
        row["delay_told_ms"] = float(np.median([each.delay_ns for each in sent])) / 1e6
        row[f"{name}_db"] = level_db(heard[begin:]) - level_db(out[begin:])
        row[f"{name}_worst_second_db"] = _worst(heard[begin:], out[begin:])
        row["says"] = bool(processing.problem)
    return row


def double_row(case: Case, sentences: int) -> dict[str, Any]:
    """One at either end speaks, at once: how many of the near end's words are still recognised."""
    told = tell(sentences, voice=_NEAR, begin_s=4.0)
    seconds = len(told.sound) / RATE + 0.5
    room = make_room(case.rt60_s)
    near = noise(seconds)
    said = in_room(told, room)[: len(near)]
    near[: len(said)] += said
    processing = open_processing()
    sent = _sent(case, processing, near, seconds, voices=1)
    listener = Listener()
    clean = listener.heard(told, near)
    raw = listener.heard(told, _of(sent, "heard"))
    left = listener.heard(told, _of(sent, "samples"))
    kept = sum(a and b for a, b in zip(clean, left, strict=True))
    return {
        "table": "double talk",
        "what": case.what,
        "words": len(clean),
        "clean": sum(clean),
        "kept": kept,
        "kept_percent": 100.0 * kept / max(sum(clean), 1),
        "unprocessed_percent": 100.0
        * sum(a and b for a, b in zip(clean, raw, strict=True))
        / max(sum(clean), 1),
        "says": bool(processing.problem),
    }


def noise(seconds: float, seed: int = 5) -> Samples:
    """What a quiet room sounds like: a fan, more of it the lower, and a little hum."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(random.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(count, 1.0 / RATE), 40.0))
    sound = np.fft.irfft(spectrum, count)
    sound /= np.sqrt(np.mean(sound**2))
    sound += 0.3 * np.sin(2.0 * np.pi * 100.0 * np.arange(count) / RATE)
    made: Samples = (10.0 ** (_NOISE_DB / 20.0) * sound).astype(np.float32)
    return made


def in_room(told: Told, room: EchoRoom) -> Samples:
    """Sentences as the microphone hears them, from the mouth of who sits there."""
    convolver = Convolver(room.mouth[None], BLOCK)
    length = -(-len(told.sound) // BLOCK) * BLOCK
    dry: Floats = np.pad(told.sound, (0, length - len(told.sound))).astype(np.float64)
    heard = np.concatenate(
        [convolver.take(dry[None, at : at + BLOCK]) for at in range(0, length, BLOCK)]
    )
    spoken = np.concatenate([heard[begin:end] for begin, end in told.spans])
    made: Samples = (heard * 10.0 ** ((_NEAR_DB - level_db(spoken)) / 20.0)).astype(np.float32)
    return made


@functools.cache
def _far() -> tuple[Samples, ...]:
    return tuple(conversation(6, voice=voice) for voice in _FAR)


def _far_blocks(number: int) -> list[Samples]:
    """Two who talk at once, and on and on: there is hardly a pause in which nobody does."""
    return [blocks[(number + 37 * index) % len(blocks)] for index, blocks in enumerate(_far())]


def _sent(
    case: Case, processing: Processing, near: Samples, seconds: float, *, voices: int
) -> list[Sent]:
    end = EchoEnd(
        make_room(case.rt60_s),
        case.devices,
        processing,
        lambda number: _far_blocks(number)[:voices],
        near,
        voices=voices,
        level=case.level,
    )
    try:
        return run(end, seconds)
    finally:
        end.close()


def _of(sent: list[Sent], name: str) -> Samples:
    return np.concatenate([getattr(each, name) for each in sent])


def _worst(heard: Samples, out: Samples) -> float:
    """The second in which least was taken out, of those in which anything was to be heard."""
    rows = [
        level_db(heard[at : at + RATE]) - level_db(out[at : at + RATE])
        for at in range(0, len(heard) - RATE + 1, RATE // 2)
        if level_db(heard[at : at + RATE]) > _NOISE_DB + 20.0
    ]
    return min(rows)


def level_db(sound: Samples | Floats) -> float:
    """How loud: 0 dB is the loudest square wave."""
    power = float(np.mean(np.square(sound, dtype=np.float64)))
    return 10.0 * float(np.log10(max(power, 1e-12)))
