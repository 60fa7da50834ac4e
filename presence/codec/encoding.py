"""One frame from a pose: the inner loop of the encoder.

Each bone is aimed with what the decoder will have above it: for the orientation that the bone
should have in the place, so that errors of rotation do not add up along an arm, and a little
towards where its child should be, so that errors of position do not either. Each value is chosen by
what it costs and by how far off the body is with it.
"""

from __future__ import annotations

import numpy as np

from presence.codec.ans import (
    SPAN,
    TOTAL,
    below,
    bit_length,
    put,
    put_bits,
    put_value,
    write,
)
from presence.codec.expectation import (
    ENERGY,
    FEATURES,
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
    DIOPTRE_STEPS,
    DISTANCE,
    FACE,
    FACE_AT,
    FACE_COUNT,
    FACE_GROUPS_AT,
    FACE_ONE,
    FACE_STEP,
    FEATURE_COUNT,
    FIRST,
    GAZE,
    GAZE_AT,
    GAZE_GROUP,
    GAZE_STEPS,
    GROUPS,
    HEAD_ROW,
    ONE,
    PARENT_ROWS,
    PRECISION,
    QUATS,
    ROOT,
    ROOT_STEPS_NM,
    ROTATION_STEPS,
    SCALE_COUNT,
    SENT_BONES,
    SENT_COUNT,
    STATE,
    STEEPNESSES,
    SURENESS_STEPS,
    VALUE_COUNT,
)
from presence.codec.metric import LEVER
from presence.codec.person import AIM_WEIGHTS, AIMS, FIXED, OFFSETS, TIP_ROWS, TIPS
from presence.codec.turns import turn, unit
from presence.compiled import compiled, inlined, inner
from presence.pose.face import SENT_SHAPES
from presence.pose.loops import back_mul, mul, rotate
from presence.pose.packed import (
    SAMPLE_FACE,
    SAMPLE_GAZE,
    SAMPLE_ROOT,
    SAMPLE_STATE,
    SAMPLE_TURNS,
    STATE_COUNT,
)
from presence.pose.sample import FAR_GAZE, NEAR_GAZE

_REST_SQUARED = 0.75
"""Half a cube's diagonal, squared: nearest to a golden's grid may be so many steps away."""


@inlined
def _choose(x, off, mean, scale, habits, model):
    """The whole number for ``x``: near it, cheap, and as far ``off`` as the frame before was.

    Never further than 0.72 away.
    """
    thrift, calm, _ = habits
    low = np.int64(np.floor(x))
    part = x - low
    if part < 0.28 or part > 0.72 or scale >= SCALE_COUNT or thrift + calm == 0.0:
        return low + (1 if part > 0.5 else 0)
    whole = (mean + 8) >> 4
    symbol = min(max(low - whole, -SPAN), SPAN - 1)
    odd, steepness = mean - 16 * whole, model[STEEPNESSES + scale]
    middle = below(symbol + 1, odd, steepness, model)
    share = middle - below(symbol, odd, steepness, model)
    share_above = below(symbol + 2, odd, steepness, model) - middle
    # part² + calm · (part - off)² + thrift · bits, against the same of the one above.
    above = (2.0 * part - 1.0) * (1.0 + calm) - 2.0 * calm * off
    return low + (1 if above > thrift * np.log2(share / share_above) else 0)


@inner
def _send(group, xs, offs, habits, work, memory, trace, pieces, count, model):
    """Choose a group's values for ``xs`` and put them among the pieces."""
    first = GROUPS[group, FIRST]
    kind = CLASS_OF[first]
    expect_group(group, kind, work, memory, model)
    for axis in range(GROUPS[group, COUNT]):
        i = first + axis
        expect(group, kind, axis, work, memory, model)
        off = min(max(offs[axis], -0.72), 0.72)
        value = _choose(xs[axis], off, work[MEAN], work[SCALE], habits, model)
        work[i] = value
        offs[axis] = xs[axis] - value
        work[SUMS + i + 1] = work[SUMS + i] + abs(value)
        if len(trace):
            for feature in range(FEATURE_COUNT + 1):
                trace[i, feature] = work[FEATURES + feature]
            trace[i, FEATURE_COUNT + 1] = value
        count = put_value(pieces, count, value, work[MEAN], work[SCALE], model)
    return count


@inner
def _hand_energy(sample, memory, precision, room):
    """About how large the hands' values are going to be, in sixteen grades."""
    base, local, _ = room
    total = 0.0
    for row in range(BODY_COUNT, SENT_COUNT):
        unit(memory, row, base)
        at = SAMPLE_TURNS + 4 * SENT_BONES[row]
        back_mul(base, sample[at : at + 4], local)
        scale = ONE / (ROTATION_STEPS[precision, row] * (1.0 + abs(local[3])))
        for k in range(3):
            total += np.floor(abs(local[k]) * scale + 0.4)
    mean = total / (3 * (SENT_COUNT - BODY_COUNT))
    return min(max(np.int64(np.rint(1.5 * np.log2(0.05 + mean))) + 7, 0), 15)


@inlined
def _difference(true_turn, sent_turn, out):
    """``out (9,)``: the matrix of one rotation less that of another."""
    for sign, (x, y, z, w) in ((1.0, true_turn), (-1.0, sent_turn)):
        if sign > 0.0:
            out[:] = 0.0
        out[0] += sign * (1.0 - 2.0 * (y * y + z * z))
        out[1] += sign * 2.0 * (x * y - w * z)
        out[2] += sign * 2.0 * (x * z + w * y)
        out[3] += sign * 2.0 * (x * y + w * z)
        out[4] += sign * (1.0 - 2.0 * (x * x + z * z))
        out[5] += sign * 2.0 * (y * z - w * x)
        out[6] += sign * 2.0 * (x * z - w * y)
        out[7] += sign * 2.0 * (y * z + w * x)
        out[8] += sign * (1.0 - 2.0 * (x * x + y * y))


@inner
def _send_bones(
    first,
    last,
    sample,
    person,
    former,
    pose,
    work,
    memory,
    trace,
    habits,
    pieces,
    count,
    new,
    model,
):
    """Aim each bone with what the decoder will have above it, and send it."""
    true_turns, sent_turns, errors, differences, places, (wanted, local, arm) = pose
    for row in range(first, last):
        parent = PARENT_ROWS[row]
        true_turn, error = true_turns[row], errors[row]
        at = SAMPLE_TURNS + 4 * SENT_BONES[row]
        if parent < 0:
            for k in range(4):
                true_turn[k] = sample[at + k]
            for k in range(3):
                places[row, k] = sample[SAMPLE_ROOT + k]
        else:
            mul(true_turns[parent], sample[at : at + 4], true_turn)
            offset, off = person[OFFSETS + row], differences[parent]
            rotate(true_turns[parent], offset, places[row])
            for k in range(3):
                places[row, k] += places[parent, k]
                error[k] = errors[parent, k]
                for a in range(3):
                    error[k] += off[3 * k + a] * offset[a]
        for k in range(4):
            wanted[k] = true_turn[k]
        weight = person[AIM_WEIGHTS + row, 0]
        if weight > 0.0:
            # Swung by the small angle that takes part of a child's position error back.
            rotate(true_turn, person[AIMS + row], arm)
            half = 0.5 * weight
            local[0] = half * (arm[1] * error[2] - arm[2] * error[1])
            local[1] = half * (arm[2] * error[0] - arm[0] * error[2])
            local[2] = half * (arm[0] * error[1] - arm[1] * error[0])
            local[3] = 1.0
            mul(local, true_turn, wanted)
        if parent >= 0:
            back_mul(sent_turns[parent], wanted, wanted)
        unit(memory, row, local)
        back_mul(local, wanted, local)
        length = np.sqrt(local[0] ** 2 + local[1] ** 2 + local[2] ** 2 + local[3] ** 2)
        if local[3] < 0.0:
            length = -length
        step = ROTATION_STEPS[work[FRAME_PRECISION], row]
        scale = ONE / (step * (length + local[3]))
        square = 0.0
        for k in range(3):
            local[k] *= scale
            square += local[k] * local[k]
        if habits[2] > 0.0 and square < _REST_SQUARED:
            local[:] = 0.0
        i, to = BONES_AT + 3 * row, QUATS + 4 * row
        offs = former[i : i + 3]
        count = _send(1 + row, local, offs, habits, work, memory, trace, pieces, count, model)
        turn(memory, to, new, to, work[i], work[i + 1], work[i + 2], step)
        unit(new, row, local)
        if parent < 0:
            for k in range(4):
                sent_turns[row, k] = local[k]
        else:
            mul(sent_turns[parent], local, sent_turns[row])
        _difference(true_turn, sent_turns[row], differences[row])
    return count


@inlined
def _vertices(error, off, arm, loose, bound, result):
    """The three vertices about a point that ``arm`` leads to from a joint, into ``result``."""
    x = error[0] + off[0] * arm[0] + off[1] * arm[1] + off[2] * arm[2]
    y = error[1] + off[3] * arm[0] + off[4] * arm[1] + off[5] * arm[2]
    z = error[2] + off[6] * arm[0] + off[7] * arm[1] + off[8] * arm[2]
    for a in range(3):
        ex, ey, ez = x + LEVER * off[a], y + LEVER * off[3 + a], z + LEVER * off[6 + a]
        square = ex * ex + ey * ey + ez * ez
        result[0] = max(result[0], np.sqrt(square) + loose)
        # Counted as it most probably is, not as it is at worst.
        if square + 0.25 * loose * loose > bound * bound:
            result[1] += 1.0


@inner
def _measure(person, pose, loose, bound, result):
    """Sets ``result``: the worst vertex's error, and how many are further off than ``bound``.

    Eyes and jaw turn with the head, and by what gaze and face are off: ``loose`` metres at most.
    """
    _, _, errors, differences, _, (_, _, here) = pose
    result[0] = result[1] = 0.0
    here[:] = 0.0
    for row in range(SENT_COUNT):
        _vertices(errors[row], differences[row], here, 0.0, bound, result)
        if TIP_ROWS[row] >= 0:
            tip = person[TIPS + TIP_ROWS[row]]
            _vertices(errors[row], differences[row], tip, 0.0, bound, result)
    for k in range(3):
        error, off = errors[HEAD_ROW], differences[HEAD_ROW]
        _vertices(error, off, person[FIXED + k], loose, bound, result)


@inner
def _moved(places, former):
    """Metres that the joints moved in the mean since the frame before; ``former`` is brought up."""
    total = 0.0
    for row in range(SENT_COUNT):
        square = 0.0
        for k in range(3):
            square += (places[row, k] - former[3 * row + k]) ** 2
            former[3 * row + k] = places[row, k]
        total += np.sqrt(square)
    return total / SENT_COUNT


@compiled
def encode(
    sample, person, former, memory, distance, reference, precision, face_step, habits, bound, model,
    new, core, detail, result, trace,
):  # fmt: skip
    """One frame at one precision; False: a number of the sample is not finite.

    Args:
        sample: ``(SAMPLE_SIZE,)`` a pose in one row.
        person: of :func:`presence.codec.person.person_of`.
        former: ``(FORMER_SIZE,)`` how far off each value was in the frame before, in steps, and
            where the joints were; is filled with the same of this one.
        memory: of the frame that this one refers to, ``distance`` frames back.
        distance: 0: the frame is golden, and ``memory`` is ``START``.
        reference: whether others will refer to it.
        precision: index of its pitch.
        face_step: bits that face values leave away.
        habits: squared steps that a bit is worth; how much a change of error weighs against the
            error itself; over 0: nobody moves, and bones stay where rounding may have put them.
        bound: metres; further off than that is counted.
        model: of :func:`presence.codec.model.model_of`.
        new: is filled with what the decoder will remember.
        core: is filled with the section's bytes.
        detail: likewise.
        result: worst error in metres, vertices further off than ``bound``, bytes of the core,
            bytes of the detail, the sum of all values' sizes, metres that joints moved in the mean.
        trace: ``(206, 22)`` is filled with features and value of each; ``(0, 0)`` is left alone.
    """
    if not np.isfinite(sample.sum()):
        return False
    # No constants: numba compiles a function anew for each constant among its arguments.
    root, gaze_group = np.int64(0), np.int64(GAZE_GROUP)
    start, body, end = np.int64(0), np.int64(BODY_COUNT), np.int64(SENT_COUNT)
    work = np.zeros(WORK_SIZE, np.int64)
    begin(work, memory, distance, precision, model)
    xs = np.empty(3)
    pieces = np.empty((8 * VALUE_COUNT, 2), np.int64)
    errors = np.empty((SENT_COUNT, 3))
    pose = (
        np.empty((SENT_COUNT, 4)),
        np.empty((SENT_COUNT, 4)),
        errors,
        np.empty((SENT_COUNT, 9)),
        np.empty((SENT_COUNT, 3)),
        (np.empty(4), np.empty(4), np.empty(3)),
    )
    nearest = (0.0, 0.0, 0.0)
    still = np.zeros(3)
    new[PRECISION], new[FACE_STEP], new[DISTANCE] = precision, face_step, distance
    new[CHAINED] = 0 if distance == 0 else memory[CHAINED] + 1

    count = 0
    if distance == 0:
        count = put_bits(pieces, count, precision, 6)
    else:
        count = put_value(pieces, count, precision - memory[PRECISION], 0, 0, model)
    changed = distance == 0
    for k in range(STATE_COUNT):
        stated = sample[SAMPLE_STATE + k]
        if k not in (0, STATE_COUNT - 2):
            stated = min(max(stated, 0.0), 1.0) * SURENESS_STEPS
        new[STATE + k] = np.int64(np.rint(stated))
        changed = changed or new[STATE + k] != memory[STATE + k]
    if distance:
        count = put(pieces, count, TOTAL - 512 if changed else 0, 512 if changed else TOTAL - 512)
    if changed:
        count = put_bits(pieces, count, new[STATE], 6)
        for k in range(1, 10):
            count = put_bits(pieces, count, new[STATE + k], 4)
        bits = bit_length(new[STATE + 10])
        count = put_bits(pieces, count, bits, 6)
        count = put_bits(pieces, count, new[STATE + 10], bits)
        count = put_bits(pieces, count, new[STATE + 11], 4)
    step = ROOT_STEPS_NM[precision]
    for k in range(3):
        xs[k] = (sample[SAMPLE_ROOT + k] * 1e9 - memory[ROOT + k]) / step
    count = _send(root, xs, former[:3], habits, work, memory, trace, pieces, count, model)
    for k in range(3):
        new[ROOT + k] = memory[ROOT + k] + work[k] * step
        errors[0, k] = sample[SAMPLE_ROOT + k] - new[ROOT + k] / 1e9
    count = _send_bones(
        start, body, sample, person, former, pose, work, memory, trace, habits, pieces, count,
        new, model,
    )  # fmt: skip
    result[2] = write(pieces, count, core)

    count = 0
    if distance == 0:
        count = put_bits(pieces, count, face_step, 2)
    work[ENERGY] = _hand_energy(sample, memory, precision, pose[5])
    count = put_bits(pieces, count, work[ENERGY], 4)
    count = _send_bones(
        body, end, sample, person, former, pose, work, memory, trace, habits, pieces,
        count, new, model,
    )  # fmt: skip
    for k in range(FACE_COUNT):
        shape = min(max(sample[SAMPLE_FACE + SENT_SHAPES[k]], 0.0), 1.0)
        xs[0] = (shape * FACE_ONE - memory[FACE + k]) / (1 << face_step)
        count = _send(
            FACE_GROUPS_AT + k, xs, still, nearest, work, memory, trace, pieces, count, model
        )
        sent = memory[FACE + k] + (work[FACE_AT + k] << face_step)
        new[FACE + k] = min(max(sent, 0), FACE_ONE)
    # Yaw to the person's left, pitch up, nearness.
    gaze = sample[SAMPLE_GAZE:SAMPLE_STATE]
    xs[0] = np.arctan2(-gaze[0], -gaze[2]) * (GAZE_STEPS / (2.0 * np.pi))
    xs[1] = np.arcsin(min(max(gaze[1], -1.0), 1.0)) * (GAZE_STEPS / (2.0 * np.pi))
    xs[2] = DIOPTRE_STEPS / min(max(gaze[3], NEAR_GAZE), FAR_GAZE)
    for k in range(3):
        xs[k] -= memory[GAZE + k]
    count = _send(gaze_group, xs, still, nearest, work, memory, trace, pieces, count, model)
    for k in range(3):
        new[GAZE + k] = memory[GAZE + k] + work[GAZE_AT + k]
    result[3] = write(pieces, count, detail)
    result[4] = work[SUMS + VALUE_COUNT]
    if reference:
        remember(work, memory, distance, new, start, len(GROUPS), model)
    # Each eye turns by the gaze's error and a little for its distance; the jaw by less.
    off = np.hypot(xs[0] - work[GAZE_AT], xs[1] - work[GAZE_AT + 1]) * (2.0 * np.pi / GAZE_STEPS)
    _measure(person, pose, LEVER * (off + 0.002), bound, result)
    result[5] = _moved(pose[4], former[FACE_AT:])
    return True
