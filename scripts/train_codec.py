"""Learn how people move: makes ``presence/codec/model.json``.

    python scripts/train_codec.py --motion DIR --face FILE [--leave NAME] [--output FILE]

It encodes every BVH clip in DIR, and performers, at several bounds; looks at what the codec saw of
each value before it was coded; and fits, for each class of values, the scale of a logistic
distribution (a weighted sum of features, shared by a class, and a bias for each value that left and
right share) and what is expected of the value (a few weights for each). Twice, because what the
encoder chooses depends on the model. ``--leave NAME`` leaves one clip out, to judge the rest by it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from presence.codec import CodecSettings, Encoder
from presence.codec.layout import (
    BESIDE,
    BIASES,
    CLASS_OF,
    CLASSES,
    COUNT,
    FEATURE_COUNT,
    FIRST,
    GROUPS,
    LOGS,
    MEANS,
    PARENT,
    SIGN,
    TIE_COUNT,
    TIE_OF,
    TWIN,
    VALUE_COUNT,
    WEIGHTS,
)
from presence.codec.model import model_of, untrained_model
from presence.pose.arrays import Floats, Ints
from presence.tracking.motion import MotionSource
from presence.tracking.performer import Performer
from presence.tracking.source import Source

RATE = 60
BOUNDS_M = (0.001, 0.0005, 0.002, 0.005)
PERFORMERS = 3
PERFORMER_SECONDS = 15
PERFORMER_SHARE = 0.3
"""How much a performer's frame counts against a recorded one."""
ROUNDS = 2
GROUP_OF = np.repeat(np.arange(len(GROUPS)), GROUPS[:, COUNT])
STEPS = 250
TIE_PENALTY, WEIGHT_PENALTY = 100.0, 5.0


@dataclass(frozen=True)
class Row:
    """Frames of one source at one bound. ``features (n, 206, 21)``, ``values (n, 206)``."""

    features: Ints
    values: Ints
    golden: Ints
    share: float


def watch(source: Source, seconds: float, share: float, model: Ints, *, every: int) -> list[Row]:
    """Encode a source at every bound, and keep what the model saw."""
    samples = [source.sample(round(i * 1e9 / RATE)) for i in range(int(seconds * RATE))]
    rows = []
    for number, bound in enumerate(BOUNDS_M):
        encoder = Encoder(source.proportions, CodecSettings(bound_m=bound), model)
        seen = np.zeros((len(samples), VALUE_COUNT, FEATURE_COUNT + 2), dtype=np.int64)
        golden = np.zeros(len(samples), dtype=np.int64)
        for i, sample in enumerate(samples):
            assert sample is not None
            golden[i] = encoder.encode(sample, seen[i]).golden
        # The default bound counts whole, of the others some frames.
        kept = slice(None) if number == 0 else (np.arange(len(samples)) % every == 0) | (golden > 0)
        seen = seen[kept].astype(np.int32)
        rows.append(Row(seen[:, :, :-1], seen[:, :, -1], golden[kept], share))
    return rows


def regressors(row: Row, value: int) -> Floats:
    """``(n, 4)`` what a value's expectation is made of, in steps."""
    features, values = row.features, row.values
    out = np.zeros((len(values), 4))
    out[:, 0] = features[:, value, FEATURE_COUNT] / 16.0
    group = GROUPS[GROUP_OF[value]]
    axis = value - group[FIRST]
    for k, column in enumerate((BESIDE, PARENT, TWIN)):
        if group[column] >= 0:
            out[:, 1 + k] = values[:, group[column] + axis]
    if axis:
        out[:, 3] *= group[SIGN]
    return out


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + e^-x), for any x."""
    result: Floats = 1.0 / (1.0 + np.exp(-np.clip(x, -40.0, 40.0)))
    return result


class Adam:
    """Adam (Kingma and Ba, arXiv:1412.6980). State: both moments of each parameter."""

    def __init__(self, parameters: list[Floats]) -> None:
        self.parameters = parameters
        self._first = [np.zeros_like(p) for p in parameters]
        self._second = [np.zeros_like(p) for p in parameters]
        self._steps = 0

    def step(self, gradients: list[Floats], rate: float) -> None:
        """Go down by one step."""
        self._steps += 1
        for p, g, m, v in zip(self.parameters, gradients, self._first, self._second, strict=True):
            m += 0.1 * (g - m)
            v += 0.01 * (g * g - v)
            p -= rate * (m / (1 - 0.9**self._steps)) / (np.sqrt(v / (1 - 0.99**self._steps)) + 1e-8)


def fit(
    rows: list[Row], golden: int, kind: int
) -> tuple[Floats, dict[int, float], dict[int, Floats]]:
    """Weights ``(features,)``, the bias of each tie and its means ``(4,)``, for one class."""
    blocks = []
    for value in np.flatnonzero(kind == CLASS_OF):
        for row in rows:
            chosen = row.golden == golden
            if chosen.any():
                blocks.append(
                    (
                        np.full(chosen.sum(), TIE_OF[value]),
                        row.features[chosen, value, :FEATURE_COUNT] / 16.0,
                        regressors(row, value)[chosen],
                        row.values[chosen, value].astype(float),
                        np.full(chosen.sum(), row.share),
                    )
                )
    tie, x, means, y, share = (np.concatenate(part) for part in zip(*blocks, strict=True))
    known, tie = np.unique(tie, return_inverse=True)
    middle, spread = x.mean(0), np.maximum(x.std(0), 0.05)
    size = means.std(0) + 0.3
    x, means = (x - middle) / spread, means / size
    bias, weights = np.zeros(len(known)), np.zeros(FEATURE_COUNT)
    mean = np.zeros((len(known), 4))
    base = np.array([np.log2(np.abs(y).mean() * 0.6 + 0.05)])
    total = share.sum()
    adam = Adam([bias, weights, mean, base])
    for step in range(STEPS):
        off = y - (means * mean[tie]).sum(1)
        side = np.where(off > 0.0, -1.0, 1.0)
        scale = 2.0 ** np.clip(base[0] + bias[tie] + x @ weights, -4.0, 9.0)
        # Both ends on the lower half, where a difference of sigmoids keeps its digits.
        upper, lower = (side * off + 0.5) / scale, (side * off - 0.5) / scale
        above, below = sigmoid(upper), sigmoid(lower)
        slope_above, slope_below = above * (1.0 - above), below * (1.0 - below)
        likelihood = np.maximum(above - below, 1e-7)
        by_mean = share * side * (slope_above - slope_below) / scale / likelihood
        by_scale = share * np.log(2.0) * (upper * slope_above - lower * slope_below) / likelihood
        adam.step(
            [
                (np.bincount(tie, by_scale, len(known)) + TIE_PENALTY * bias) * len(known) / total,
                (x.T @ by_scale + WEIGHT_PENALTY * weights) / total,
                (
                    np.stack(
                        [np.bincount(tie, by_mean * means[:, k], len(known)) for k in range(4)], 1
                    )
                    + TIE_PENALTY * mean
                )
                * len(known)
                / total,
                np.array([by_scale.sum() / total]),
            ],
            0.1 * (1.0 - step / STEPS) + 0.003,
        )
    level = float(base[0] - (weights * middle / spread).sum())
    return (
        weights / spread,
        {int(t): level + float(b) for t, b in zip(known, bias, strict=True)},
        {int(t): m / size for t, m in zip(known, mean, strict=True)},
    )


def train(rows: list[Row]) -> Ints:
    """Fit every class, and round."""
    weights = np.zeros((2, len(CLASSES), FEATURE_COUNT))
    biases, means = np.zeros((2, TIE_COUNT)), np.zeros((2, TIE_COUNT, 4))
    for depends in range(2):
        for kind in range(len(CLASSES)):
            weights[depends, kind], bias, mean = fit(rows, 1 - depends, kind)
            for tie, value in bias.items():
                biases[depends, tie] = value
                means[depends, tie] = mean[tie]
    return model_of(
        np.rint(256 * weights).astype(np.int64),
        np.rint(4096 * (biases + 4.0)).astype(np.int64),
        np.rint(256 * means).astype(np.int64),
    )


def mean_bytes(source: MotionSource, *, quiet: bool, model: Ints | None) -> float:
    """Bytes of a frame at the default bound; ``quiet``: face and gaze do not move."""
    encoder = Encoder(source.proportions, CodecSettings(), model)
    first = source.sample(0)
    sizes = []
    for i in range(int(source.duration_s * RATE)):
        sample = source.sample(round(i * 1e9 / RATE))
        if quiet:
            sample = replace(
                sample,
                face=first.face,
                gaze_direction=first.gaze_direction,
                gaze_distance=first.gaze_distance,
                attention=first.attention,
                contacts=first.contacts,
            )
        frame = encoder.encode(sample)
        sizes.append(len(frame.core) + len(frame.detail))
    return float(np.mean(sizes))


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--motion", type=Path, required=True)
    parser.add_argument("--face", type=Path, required=True)
    parser.add_argument("--leave", default="", help="a clip's name, without .bvh")
    parser.add_argument("--output", type=Path, default=Path("presence/codec/model.json"))
    arguments = parser.parse_args()
    sources: list[tuple[Source, float, float]] = []
    for clip in sorted(arguments.motion.glob("*.bvh")):
        if clip.stem != arguments.leave:
            recorded = MotionSource(clip, arguments.face)
            sources.append((recorded, recorded.duration_s, 1.0))
    for seed in range(PERFORMERS):
        performer = Performer(seed + 1, seat=seed)
        sources.append((performer, PERFORMER_SECONDS, PERFORMER_SHARE))
    model = untrained_model()
    for number in range(ROUNDS):
        rows = [
            row
            for source, seconds, share in sources
            for row in watch(source, seconds, share, model, every=3)
        ]
        print(f"round {number + 1}: {sum(len(row.values) for row in rows)} frames", flush=True)
        model = train(rows)
    if arguments.leave:
        left_out = MotionSource(arguments.motion / f"{arguments.leave}.bvh", arguments.face)
        for what, quiet in (("body and hands", True), ("everything", False)):
            learned, shipped = (
                mean_bytes(left_out, quiet=quiet, model=made) for made in (model, None)
            )
            print(
                f"{arguments.leave}, {what}: {learned:.1f} bytes a frame "
                f"({RATE * 8e-3 * learned:.1f} kbit/s) by a model that never saw it; "
                f"{shipped:.1f} by the one that is shipped",
                flush=True,
            )
    arguments.output.write_text(
        json.dumps(
            {
                "weights": model[WEIGHTS:BIASES].reshape(2, len(CLASSES), -1).tolist(),
                "biases": model[BIASES:MEANS].reshape(2, -1).tolist(),
                "means": model[MEANS:LOGS].reshape(2, -1, 4).tolist(),
            },
            separators=(",", ":"),
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
