"""What is expected of a value, from those before it in the frame and from the reference frame.

For each value two things are foreseen: what it will be, and the scale of a logistic distribution
about that. The scale is a weighted sum of features, mostly logarithms of how large other values
are; the weights are learned (``model.json``). All of it is in whole numbers.
"""

from __future__ import annotations

from presence.codec.layout import (
    BESIDE,
    BIASES,
    CHAINED,
    CLASSES,
    CONFIDENCES,
    COUNT,
    DISTANCE,
    DISTANCES,
    FEATURE_COUNT,
    FIRST,
    GRANDPARENT,
    GROUP_LEVEL,
    GROUP_LOG,
    GROUPS,
    LEVELS,
    LOG_COUNT,
    LOGS,
    MEANS,
    NEAR,
    NEAR_END,
    PARENT,
    RECENT,
    RECENT_LOG,
    SCALE_COUNT,
    SIGN,
    SMALL_LOGS,
    TIE_COUNT,
    TIE_OF,
    TWIN,
    USUAL,
    USUAL_LOG,
    VALUE_COUNT,
    WEIGHTS,
)
from presence.compiled import inlined, inner

_GROUP_FEATURES = 12
_FINGER = CLASSES.index("finger")
_WIDEST = SCALE_COUNT - 1 + 4 * 24

# A row of whole numbers to work in: the frame's values, the running sum of their sizes, the
# features of the one at hand and how it is expected to move, what is expected of it, and facts of
# the frame.
SUMS = VALUE_COUNT
FEATURES = SUMS + VALUE_COUNT + 1
MOVED = FEATURES + FEATURE_COUNT
MEAN = MOVED + 1
SCALE = MEAN + 1
FRAME_DISTANCE = SCALE + 1
FRAME_PRECISION = FRAME_DISTANCE + 1
ENERGY = FRAME_PRECISION + 1
MOTION_RATIO = ENERGY + 1
DISTANCE_LOG = MOTION_RATIO + 1
SUBTOTAL = DISTANCE_LOG + 1
SURE = SUBTOTAL + 1
WORK_SIZE = SURE + 1


@inner
def begin(work, memory, distance, precision, model):
    """Facts of a frame; the motion since its reference is in 2^-16 of the reference's own."""
    former = memory[DISTANCE]
    work[FRAME_DISTANCE], work[FRAME_PRECISION], work[ENERGY] = distance, precision, 0
    work[MOTION_RATIO] = (distance << 16) // former if former > 0 and distance > 0 else 0
    work[DISTANCE_LOG] = model[DISTANCES + distance]


@inlined
def _log(work, first, count, model):
    """16 · log2(1 + 2 · the mean size) of one to three values that came one after another."""
    total = work[SUMS + first + count] - work[SUMS + first]
    return model[LOGS + count * LOG_COUNT + min(total, LOG_COUNT - 1)]


@inlined
def _add(scale, feature, value, weights, work, model):
    """``scale`` with one more feature; what it is stays in ``work`` for training."""
    work[FEATURES + feature] = value
    return scale + model[weights + feature] * value


@inlined
def expect_group(group, kind, work, memory, model):
    """What features that a group's values share add to the scale, in 4096ths of log2."""
    first, count = GROUPS[group, FIRST], GROUPS[group, COUNT]
    parent, above = GROUPS[group, PARENT], GROUPS[group, GRANDPARENT]
    twin, beside = GROUPS[group, TWIN], GROUPS[group, BESIDE]
    near, near_end = GROUPS[group, NEAR], GROUPS[group, NEAR_END]
    ratio, distance_log = work[MOTION_RATIO], work[DISTANCE_LOG]
    w = WEIGHTS + FEATURE_COUNT * (kind + (len(CLASSES) if work[FRAME_DISTANCE] else 0))
    for feature in range(_GROUP_FEATURES):
        work[FEATURES + feature] = 0
    scale = 0
    if parent >= 0:
        scale = _add(scale, 0, _log(work, parent, 3, model), w, work, model)
    if above >= 0:
        scale = _add(scale, 1, _log(work, above, 3, model), w, work, model)
    if twin >= 0:
        scale = _add(scale, 2, _log(work, twin, count, model), w, work, model)
    if beside >= 0:
        scale = _add(scale, 3, _log(work, beside, 3, model), w, work, model)
    if near < near_end:
        mean = 3 * (work[SUMS + near_end] - work[SUMS + near]) // (near_end - near)
        mean_log = model[LOGS + 3 * LOG_COUNT + min(mean, LOG_COUNT - 1)]
        scale = _add(scale, 4, mean_log, w, work, model)
    scale = _add(scale, 5, distance_log, w, work, model)
    work[SURE] = 0
    if ratio:
        moved = (memory[GROUP_LEVEL + first] * ratio) >> 16
        moved_log = model[LOGS + count * LOG_COUNT + min(moved, LOG_COUNT - 1)]
        sure = model[CONFIDENCES + min(memory[CHAINED], 6)]
        usual = (sure * (memory[GROUP_LOG + first] + distance_log)) >> 4
        work[SURE] = sure
        scale = _add(scale, 6, 16, w, work, model)
        scale = _add(scale, 7, moved_log, w, work, model)
        scale = _add(scale, 8, sure, w, work, model)
        scale = _add(scale, 9, usual, w, work, model)
    scale = _add(scale, 10, 2 * work[FRAME_PRECISION], w, work, model)
    if kind == _FINGER:
        scale = _add(scale, 11, 11 * work[ENERGY], w, work, model)
    work[SUBTOTAL] = scale


@inlined
def expect(group, kind, axis, work, memory, model):
    """The value expected, in 16ths of a step, and the index of the scale about it."""
    first = GROUPS[group, FIRST]
    parent, twin, beside = GROUPS[group, PARENT], GROUPS[group, TWIN], GROUPS[group, BESIDE]
    ratio, distance_log = work[MOTION_RATIO], work[DISTANCE_LOG]
    i = first + axis
    depends = 1 if work[FRAME_DISTANCE] else 0
    tie = TIE_OF[i] + depends * TIE_COUNT
    means = MEANS + 4 * tie
    one = LOGS + LOG_COUNT
    w = WEIGHTS + FEATURE_COUNT * (kind + depends * len(CLASSES))
    for feature in range(_GROUP_FEATURES, FEATURE_COUNT + 1):
        work[FEATURES + feature] = 0
    scale = work[SUBTOTAL] + model[BIASES + tie]
    mean = 0
    if axis:
        scale = _add(scale, 12, _log(work, first, axis, model), w, work, model)
    else:
        scale = _add(scale, 13, 16, w, work, model)
    if parent >= 0:
        other = work[parent + axis]
        scale = _add(scale, 14, model[one + min(abs(other), LOG_COUNT - 1)], w, work, model)
        mean += 16 * model[means + 2] * other
    if twin >= 0:
        other = work[twin + axis]
        scale = _add(scale, 15, model[one + min(abs(other), LOG_COUNT - 1)], w, work, model)
        mean += 16 * model[means + 3] * (-other if axis and GROUPS[group, SIGN] < 0 else other)
    if beside >= 0:
        other = work[beside + axis]
        scale = _add(scale, 16, model[one + min(abs(other), LOG_COUNT - 1)], w, work, model)
        mean += 16 * model[means + 1] * other
    if ratio:
        moved = (memory[LEVELS + i] * ratio) >> 12
        usual = (work[SURE] * (memory[USUAL_LOG + i] + distance_log)) >> 4
        recent = memory[RECENT_LOG + i] + distance_log
        mean += model[means] * moved
        work[MOVED] = moved
        scale = _add(scale, 17, model[one + min(abs(moved) >> 4, LOG_COUNT - 1)], w, work, model)
        scale = _add(scale, 18, usual, w, work, model)
        scale = _add(scale, 19, recent, w, work, model)
    work[MEAN] = (mean + 128) >> 8
    work[SCALE] = min(max((scale + 512) >> 10, 0), _WIDEST)


@inner
def remember(work, memory, distance, new, first_group, last_group, model):
    """What a reference frame adds to what is known of its values' sizes."""
    chained = memory[CHAINED]
    share = max(16 // (chained + 1), 2)
    for group in range(first_group, last_group):
        first = GROUPS[group, FIRST]
        last = first + GROUPS[group, COUNT]
        total, level = 0, 0
        for i in range(first, last):
            if distance == 0:
                new[LEVELS + i] = new[RECENT + i] = new[USUAL + i] = 0
                new[RECENT_LOG + i] = new[USUAL_LOG + i] = 0
                continue
            size = (384 * abs(work[i])) // distance
            new[LEVELS + i] = work[i]
            new[RECENT + i] = size if chained == 0 else (memory[RECENT + i] + size) >> 1
            new[USUAL + i] = (memory[USUAL + i] * (16 - share) + size * share) >> 4
            new[RECENT_LOG + i] = model[SMALL_LOGS + min(new[RECENT + i] >> 2, LOG_COUNT - 1)]
            new[USUAL_LOG + i] = model[SMALL_LOGS + min(new[USUAL + i] >> 2, LOG_COUNT - 1)]
            total += new[USUAL + i]
            level += abs(work[i])
        new[GROUP_LEVEL + first] = level
        new[GROUP_LOG + first] = model[
            SMALL_LOGS + min(total // (4 * (last - first)), LOG_COUNT - 1)
        ]
