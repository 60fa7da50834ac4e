"""What a frame says: the inner loop of the decoder."""

from __future__ import annotations

import numpy as np

from presence.codec.ans import (
    TOTAL,
    advance,
    closed,
    get_bits,
    get_value,
    open_section,
)
from presence.codec.expectation import (
    ENERGY,
    FRAME_PRECISION,
    MEAN,
    SCALE,
    SUMS,
    WORK_SIZE,
    begin,
    expect,
    expect_group,
    remember,
)
from presence.codec.layout import (
    BODY_COUNT,
    BONES_AT,
    CHAINED,
    CLASS_OF,
    COUNT,
    DISTANCE,
    FACE,
    FACE_AT,
    FACE_COUNT,
    FACE_GROUPS_AT,
    FACE_ONE,
    FACE_STEP,
    FIRST,
    GAZE,
    GAZE_AT,
    GAZE_GROUP,
    GAZE_STEPS,
    GROUPS,
    NEAREST_STEPS,
    ONE,
    PITCH_COUNT,
    PRECISION,
    QUATS,
    ROOT,
    ROOT_LIMIT_NM,
    ROOT_STEPS_NM,
    ROTATION_STEPS,
    SENT_COUNT,
    STATE,
)
from presence.codec.showing import show
from presence.codec.turns import (
    turn,
)
from presence.compiled import compiled, inner
from presence.pose.packed import (
    STATE_COUNT,
)

DAMAGED, OUT_OF_RANGE = -1, -2


@inner
def _receive(group, data, reader, work, memory, model):
    first = GROUPS[group, FIRST]
    kind = CLASS_OF[first]
    expect_group(group, kind, work, memory, model)
    for axis in range(GROUPS[group, COUNT]):
        i = first + axis
        expect(group, kind, axis, work, memory, model)
        work[i] = get_value(data, reader, work[MEAN], work[SCALE], model)
        work[SUMS + i + 1] = work[SUMS + i] + abs(work[i])


@inner
def _receive_bones(first, last, data, reader, work, memory, new, model):
    for row in range(first, last):
        at, to = BONES_AT + 3 * row, QUATS + 4 * row
        step = ROTATION_STEPS[work[FRAME_PRECISION], row]
        _receive(1 + row, data, reader, work, memory, model)
        for k in range(at, at + 3):
            if abs(work[k]) * step > ONE + step:
                return False
        turn(memory, to, new, to, work[at], work[at + 1], work[at + 2], step)
    return True


@compiled
def decode(data, core_size, size, memory, distance, reference, model, new, eyes, out):
    """What the sections say, into ``new``; 0, or what is wrong with them.

    The core is ``data[:core_size]``, the detail is what follows up to ``size``. An empty detail
    leaves its part of ``new`` alone; so does a frame that is no ``reference`` with what only those
    remember. Of a sound frame :func:`show` makes a sample, into ``out``.
    """
    # No constants: numba compiles a function anew for each constant among its arguments.
    root, gaze = np.int64(0), np.int64(GAZE_GROUP)
    start, body, end = np.int64(0), np.int64(BODY_COUNT), np.int64(SENT_COUNT)
    core, detail = data[:core_size], data[core_size:size]
    work = np.zeros(WORK_SIZE, np.int64)
    reader = np.zeros(2, np.uint64)
    if not open_section(core, reader):
        return DAMAGED
    if distance == 0:
        precision = get_bits(core, reader, 6)
    else:
        precision = memory[PRECISION] + get_value(core, reader, 0, 0, model)
    if not 0 <= precision < PITCH_COUNT:
        return OUT_OF_RANGE
    begin(work, memory, distance, precision, model)
    changed = distance == 0
    if distance:
        slot = np.int64(reader[0] & np.uint64(TOTAL - 1))
        changed = slot >= TOTAL - 512
        advance(core, reader, TOTAL - 512 if changed else 0, 512 if changed else TOTAL - 512)
    for k in range(STATE_COUNT):
        new[STATE + k] = memory[STATE + k]
    if changed:
        new[STATE] = get_bits(core, reader, 6)
        for k in range(1, 10):
            new[STATE + k] = get_bits(core, reader, 4)
        bits = get_bits(core, reader, 6)
        if bits > 32:
            return OUT_OF_RANGE
        new[STATE + 10] = get_bits(core, reader, bits)
        new[STATE + 11] = get_bits(core, reader, 4)
    new[PRECISION], new[DISTANCE] = precision, distance
    new[CHAINED] = 0 if distance == 0 else memory[CHAINED] + 1
    _receive(root, core, reader, work, memory, model)
    for k in range(3):
        new[ROOT + k] = memory[ROOT + k] + work[k] * ROOT_STEPS_NM[precision]
        if abs(new[ROOT + k]) > ROOT_LIMIT_NM:
            return OUT_OF_RANGE
    if not _receive_bones(start, body, core, reader, work, memory, new, model):
        return OUT_OF_RANGE
    if not closed(reader):
        return DAMAGED
    if reference:
        remember(work, memory, distance, new, start, 1 + body, model)
    if len(detail) == 0:
        show(new, eyes, out)
        return 0

    if not open_section(detail, reader):
        return DAMAGED
    face_step = memory[FACE_STEP]
    if distance == 0:
        face_step = get_bits(detail, reader, 2)
    new[FACE_STEP] = face_step
    work[ENERGY] = get_bits(detail, reader, 4)
    if not _receive_bones(body, end, detail, reader, work, memory, new, model):
        return OUT_OF_RANGE
    for k in range(FACE_COUNT):
        _receive(FACE_GROUPS_AT + k, detail, reader, work, memory, model)
        shape = memory[FACE + k] + (work[FACE_AT + k] << face_step)
        new[FACE + k] = min(max(shape, 0), FACE_ONE)
    _receive(gaze, detail, reader, work, memory, model)
    for k in range(3):
        new[GAZE + k] = memory[GAZE + k] + work[GAZE_AT + k]
    yaw, pitch, near = new[GAZE], new[GAZE + 1], new[GAZE + 2]
    if abs(yaw) > GAZE_STEPS // 2 or abs(pitch) > GAZE_STEPS // 4 or not 0 <= near <= NEAREST_STEPS:
        return OUT_OF_RANGE
    if not closed(reader):
        return DAMAGED
    if reference:
        remember(work, memory, distance, new, 1 + BODY_COUNT, len(GROUPS), model)
    show(new, eyes, out)
    return 0
