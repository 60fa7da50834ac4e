"""What placing voices round a head costs: part of ``presence bench voice``.

Every voice speaks all the time, as noise, walks round the listener and faces them, and the listener
turns the head: nothing is left out because it stands still or is silent.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from presence.pose.rigid import Rigid
from presence.voice.block import BLOCK
from presence.voice.spatial import MOST_VOICES, Mixer, open_mixer

_SOUND_BLOCKS = 50
_WARM_UP = 10


def mixing_rows(blocks: int) -> list[dict[str, Any]]:
    """A row for each way of mixing that this machine has, and each number of voices; best first."""
    rows = [_row(kind, 8, blocks, room=kind == "openal") for kind in _kinds()]
    for kind in _kinds():
        rows.append(_row(kind, MOST_VOICES, blocks, room=False))
        if kind == "openal":
            rows.append(_row(kind, MOST_VOICES, blocks, room=True))
    return rows


def _kinds() -> list[str]:
    mixer = open_mixer()
    mixer.close()
    return list(dict.fromkeys([mixer.kind, "numpy"]))


def _row(kind: str, voices: int, blocks: int, *, room: bool) -> dict[str, Any]:
    mixer = open_mixer(room=room, openal=kind == "openal")
    try:
        costs_ms = 1e3 * np.array(_costs(mixer, voices, blocks))
    finally:
        mixer.close()
    return {
        "table": "mixing",
        "what": f"{voices} voices, {kind}" + (", room" if room else ""),
        "voices": voices,
        "kind": kind,
        "cpu_ms_p50": float(np.median(costs_ms)),
        "cpu_ms_p95": float(np.percentile(costs_ms, 95)),
        "core_percent": float(100.0 * np.median(costs_ms) / 20.0),
    }


def _costs(mixer: Mixer, voices: int, blocks: int) -> list[float]:
    """Seconds of CPU for each block: all that a call does for it, from moving to the mix."""
    sound = np.random.default_rng(1).standard_normal((_SOUND_BLOCKS, BLOCK)).astype(np.float32)
    sound *= 0.05
    for stream in range(voices):
        mixer.add(stream, np.array([0.0, 0.0, -2.0]))
    costs = []
    for number in range(_WARM_UP + blocks):
        angles = 2.0 * np.pi * np.arange(voices) / voices + 0.02 * number
        places = np.stack([2.0 * np.sin(angles), 0.0 * angles, -2.0 * np.cos(angles)], axis=-1)
        head = Rigid.from_yaw(np.sin(0.05 * number), np.zeros(3))
        begun = time.thread_time()
        mixer.listen(head)
        for stream, place in enumerate(places):
            mixer.move(stream, place, -place)
            mixer.write(stream, sound[(number + stream) % _SOUND_BLOCKS])
        mixer.render()
        costs.append(time.thread_time() - begun)
    return costs[_WARM_UP:]
