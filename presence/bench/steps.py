"""The codec's ideas one by one: the same clips with each of them added in turn.

A step is a way of coding a clip, like any other; whoever knows the codec's inside lists here what
it would be without some of its parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from presence.bench.clips import Clip
from presence.bench.judged import error_figures
from presence.pose.sample import PoseSample


@dataclass(frozen=True, slots=True)
class Step:
    """The codec with some of its parts."""

    name: str
    code: Callable[[Clip, float], tuple[list[int], list[PoseSample]]]
    """For a clip and a bound in millimetres: bytes of each frame, and each sample as decoded."""


def steps() -> tuple[Step, ...]:
    """From the plainest codec to the whole, in order. To be filled by the codec's own parts."""
    return ()


def step_figures(step: Step, clip: Clip, bound_mm: float) -> dict[str, Any]:
    """Sizes and errors of a clip coded with that much of the codec."""
    sizes, shown = step.code(clip, bound_mm)
    size = float(np.mean(sizes))
    return {
        "bytes": size,
        "frames_kbps": 8e-3 * size * clip.rate,
        **error_figures(shown, clip.samples, clip.proportions),
    }
