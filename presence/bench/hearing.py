"""How well a voice is heard that came over a network: gaps, delay, and what listeners would say.

A gap is heard where somebody speaks, as the same voice without any network shows, and what is
played is more than 12 dB fainter; and wherever something that was spoken is left out.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import numpy as np

from presence.bench.speech import Carried
from presence.pose.arrays import Floats
from presence.voice.block import BLOCK, PIECE, RATE, Samples
from presence.voice.tape import LONGEST, Kind

_FAINTER_DB = 12.0
_SPEAKS_DB = -30.0
"""Somebody speaks in what is no fainter than that, against their loudest block."""
_RATE_OF_MEASURES = 16_000


def gaps(carried: Carried, clear: Samples) -> dict[str, float]:
    """What is not heard of somebody, in per cent of the time for which they speak.

    Args:
        carried: what is heard.
        clear: what is heard where there is no network, sample by sample of what was spoken.
    """
    loudest_db = max(
        _level_db(block) for block in clear[: len(clear) // PIECE * PIECE].reshape(-1, PIECE)
    )
    speaks_db = loudest_db + _SPEAKS_DB
    spoken = sum(
        _level_db(clear[at : at + PIECE]) > speaks_db for at in range(0, len(clear) - PIECE, PIECE)
    )
    gone = made_up = 0.0
    due: int | None = None
    for heard, at, after in zip(
        carried.heard, carried.spoken_at, _next_known(carried.spoken_at), strict=True
    ):
        if at is None:
            # In a pause: if it hides speech, something is wrong.
            if due is None or after is None or due + PIECE > after:
                continue
            at = due
        elif due is not None and at - due > LONGEST + BLOCK // 20:
            # More is missing than what makes sound a little shorter.
            gone += sum(
                _level_db(clear[begin : begin + PIECE]) > speaks_db
                for begin in range(due, at - PIECE // 2, PIECE)
            )
        due = at + PIECE
        level_db = _level_db(clear[at : at + PIECE])
        if level_db > speaks_db:
            made_up += float((heard.kinds == Kind.CONCEALED).mean())
            gone += _level_db(heard.block) < level_db - _FAINTER_DB
    return {"gaps_percent": 100.0 * gone / spoken, "concealed_percent": 100.0 * made_up / spoken}


def opinions(spoken: Samples, heard: Samples) -> dict[str, float]:
    """What measures say of what is heard, beside what was spoken; both begin together.

    ``pesq`` (ITU-T P.862.2, 1 to 4.6) is there if the package of that name is installed, which
    takes a C compiler; ``estoi`` (intelligibility, 0 to 1) if ``pystoi`` is, as for the tests.
    """
    from scipy.signal import resample_poly

    length = min(len(spoken), len(heard))
    clean, degraded = (
        resample_poly(sound[:length].astype(np.float64), _RATE_OF_MEASURES, RATE)
        for sound in (spoken, heard)
    )
    said: dict[str, float] = {}
    if importlib.util.find_spec("pesq") is not None:
        said["pesq"] = float(_measure("pesq").pesq(_RATE_OF_MEASURES, clean, degraded, "wb"))
    if importlib.util.find_spec("pystoi") is not None:
        said["estoi"] = float(
            _measure("pystoi").stoi(clean, degraded, _RATE_OF_MEASURES, extended=True)
        )
    return said


def _measure(name: str) -> Any:
    importlib.import_module(name)
    return sys.modules[name]


def _next_known(spoken_at: list[int | None]) -> list[int | None]:
    """Of each block: where the next one that is no pause was spoken."""
    known: list[int | None] = []
    after = None
    for at in reversed(spoken_at):
        known.append(after)
        after = after if at is None else at
    return known[::-1]


def _level_db(block: Samples) -> float:
    return (
        float(10.0 * np.log10(np.mean(np.square(block, dtype=np.float64)) + 1e-12))
        if len(block)
        else -120.0
    )


def aligned(spoken: Samples, heard: Samples) -> Samples:
    """What is heard, begun where it is most like what was spoken; measures want no long delay."""
    size = 1 << (len(spoken) + len(heard)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(spoken, size))
    likeness: Floats = np.fft.irfft(product, size)[:RATE]
    return heard[int(np.argmax(likeness)) :]
