"""The codec's ideas one by one: the same clips with each of them added in turn.

A step is a way of coding a clip, like any other: the codec without some of its parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from presence.bench.clips import Clip
from presence.bench.judged import error_figures
from presence.codec import CodecSettings, Decoder, Encoder
from presence.codec.model import trained_model, untrained_model
from presence.pose.sample import PoseSample


@dataclass(frozen=True, slots=True)
class Step:
    """The codec with some of its parts."""

    name: str
    code: Callable[[Clip, float], tuple[list[int], list[PoseSample]]]
    """For a clip and a bound in millimetres: bytes of each frame, and each sample as decoded."""


def steps() -> tuple[Step, ...]:
    """From the plainest codec to the whole, in order; each has what the one before it has.

    All of them aim each bone with what the decoder has above it, and keep the error at the bound.
    """
    plain = CodecSettings(golden_interval=12, anchor_interval=12, swing=False, thrift=0.0)
    chained = replace(plain, golden_interval=120, anchor_interval=6)
    swung = replace(chained, swing=True)
    return (
        Step("every frame by itself", _coding(plain, learned=False, all_golden=True)),
        Step("the others refer to a golden, every 12th", _coding(plain, learned=False)),
        Step("a chain of anchors, every 6th; golden every 120th", _coding(chained, learned=False)),
        Step("bones swung towards their children", _coding(swung, learned=False)),
        Step("what is learned of motion", _coding(swung, learned=True)),
        Step("thrift in choosing: the whole codec", _coding(CodecSettings(), learned=True)),
    )


def _coding(
    settings: CodecSettings, *, learned: bool, all_golden: bool = False
) -> Callable[[Clip, float], tuple[list[int], list[PoseSample]]]:
    def code(clip: Clip, bound_mm: float) -> tuple[list[int], list[PoseSample]]:
        model = trained_model() if learned else untrained_model()
        bound = replace(settings, bound_m=bound_mm / 1e3)
        encoder, decoder = Encoder(clip.proportions, bound, model), Decoder(clip.proportions, model)
        sizes, shown = [], []
        for sample in clip.samples:
            if all_golden:
                encoder.request_golden()
            frame = encoder.encode(sample)
            sizes.append(len(frame.core) + len(frame.detail))
            shown.append(decoder.decode(frame))
        return sizes, shown

    return code


def step_figures(step: Step, clip: Clip, bound_mm: float) -> dict[str, Any]:
    """Sizes and errors of a clip coded with that much of the codec."""
    sizes, shown = step.code(clip, bound_mm)
    size = float(np.mean(sizes))
    return {
        "bytes": size,
        "frames_kbps": 8e-3 * size * clip.rate,
        **error_figures(shown, clip.samples, clip.proportions),
    }
