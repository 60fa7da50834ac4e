"""Following many noisy things at once: each by a Kalman filter that notices when it moves.

Every row is a point, a turn or a number that is measured over and over. Its filter believes that
it goes on as fast as it went, so that it does not lag behind what moves (R. E. Kalman, "A New
Approach to Linear Filtering and Prediction Problems", J. Basic Engineering 82, 1960; constant
velocity with white noise of acceleration: Y. Bar-Shalom, X.-R. Li and T. Kirubarajan, "Estimation
with Applications to Tracking and Navigation", 2001, section 6.3). How much acceleration it expects
is what makes it calm or quick: next to none at rest, more the faster the row moves, and much when
measurements stray to one side of what was expected for several frames. How noisy a row is, is
measured from the third differences of what comes, in which movement hardly counts.
"""

from __future__ import annotations

import numpy as np

from presence.compiled import compiled, inlined
from presence.pose.loops import back_mul, mul

# What is expected of a row, in its own unit: metres, radians, or none.
DIRECTIONS = 0
"""In how many it can move."""
NOISE, LEAST_NOISE, MOST_NOISE = 1, 2, 3
"""Standard deviation of its measurements: what is believed at first, and between what."""
CALM = 4
"""Acceleration at rest, a second squared."""
SPEED = 5
"""A second: how fast it may be going when it is first seen."""
JUMP = 6
"""A second: what strays faster than so from what was expected is an error, unless the next
measurement strays likewise."""

# What is known of a row.
PLACE = 0
"""Three or four numbers, as it is measured."""
VELOCITY = 4
"""Three numbers; of turns in their own axes."""
STRAYED = 7
"""Three: the running mean of how far measurements were from what was expected."""
LAST = 10
"""Four: the last measurement."""
RATE, FORMER_RATE = 14, 17
"""Three each: how fast measurements changed, a second."""
P00, P01, P11 = 20, 21, 22
"""The covariance of place and velocity, alike in all directions."""
VARIANCE = 23
"""Of the noise."""
KNOWN = 24
"""1 while it is followed; set it to 0, and it starts anew."""
DOUBTFUL = 25
"""1 after a measurement that was taken for an error."""
SEEN = 26
"""Measurements in a row."""
ROW_SIZE = 27

STRAYING = 0.3
"""The share of a new innovation in the running mean that tells movement from noise."""
NOTICED = 5.0
"""How many times its expected square that mean's must be before it counts as movement."""
ATTACK = 0.5
AHEAD_OF_NOISE = 2.0
"""A speed counts as movement from so many of its own standard deviations."""
BENDING = 6.0
"""A second: the acceleration that goes with a speed, over that speed. Hands that go to and fro
once a second have 2π."""
USUAL_STEP_S = 1.0 / 72.0
NOISE_SHARE = 0.02
"""Of a new third difference in the noise that is believed: measured over some fifty frames."""
SPIKE = 9.0
"""A third difference counts for no more than so many times the square that is believed."""
THIRD = 20.0
"""The square of a third difference of white noise, over that of the noise: 1 + 9 + 9 + 1."""
OUTLYING = 6.0
"""Standard deviations."""
LEAST_CONFIDENCE = 0.05


@compiled
def follow(measured, confidence, vectors, kinds, rows, step_s, out):
    """Take measurements in, and say where each row is by all that is known.

    Args:
        measured: ``(N, 4)``: the first ``vectors`` rows are vectors of three, the others unit
            quaternions xyzw.
        confidence: ``(N,)``; 0 where nothing was measured: such a row is forgotten.
        vectors: how many are.
        kinds: ``(N, KIND_SIZE)``.
        rows: ``(N, ROW_SIZE)`` what is known, changed in place.
        step_s: seconds since the last measurements; more than 0.
        out: ``(N, 4)``; rows without confidence are as they were measured.
    """
    innovation = np.empty(3)
    small = np.empty(4)
    for i in range(len(rows)):
        row, kind, seen, turns = rows[i], kinds[i], measured[i], i >= vectors
        out[i] = seen
        if confidence[i] <= 0.0:
            row[KNOWN] = 0.0
            continue
        spread = max(row[VARIANCE], kind[LEAST_NOISE] ** 2) / max(confidence[i], LEAST_CONFIDENCE)
        if row[KNOWN] == 0.0:
            _start(row, kind, seen, spread)
            continue
        _expect(row, kind, spread, turns, step_s, innovation, small)
        _apart(row[PLACE : PLACE + 4], seen, turns, innovation, small)
        total = row[P00] + spread
        jump = kind[JUMP] * step_s
        if _square(innovation) > max(OUTLYING * OUTLYING * total, jump * jump):
            # Twice in a row is no error: it is elsewhere.
            if row[DOUBTFUL] > 0.0:
                _start(row, kind, seen, spread)
            else:
                row[DOUBTFUL] = 1.0
                row[SEEN] = 0.0
                out[i] = row[PLACE : PLACE + 4]
                _keep(row, seen)
            continue
        row[DOUBTFUL] = 0.0
        share, pull = row[P00] / total, row[P01] / total
        for k in range(3):
            row[VELOCITY + k] += pull * innovation[k]
            row[STRAYED + k] += STRAYING * (innovation[k] - row[STRAYED + k])
            innovation[k] *= share
        _shift(row, innovation, turns, small)
        row[P11] -= pull * row[P01]
        row[P01] *= 1.0 - share
        row[P00] *= 1.0 - share
        _measure_noise(row, kind, seen, turns, step_s, innovation, small)
        out[i] = row[PLACE : PLACE + 4]


@inlined
def _start(row, kind, seen, spread):
    """Be where the measurement is, with no way to get there."""
    for k in range(4):
        row[PLACE + k] = seen[k]
    for k in range(3):
        row[VELOCITY + k] = 0.0
        row[STRAYED + k] = 0.0
    row[P00], row[P01], row[P11] = spread, 0.0, kind[SPEED] ** 2
    row[KNOWN], row[DOUBTFUL], row[SEEN] = 1.0, 0.0, 0.0
    _keep(row, seen)


@inlined
def _keep(row, seen):
    for k in range(4):
        row[LAST + k] = seen[k]


@inlined
def _expect(row, kind, spread, turns, step_s, step, small):
    """Go on to now by the velocity, and grow less sure."""
    speed = np.sqrt(_square(row[VELOCITY : VELOCITY + 3]))
    moving = max(speed - AHEAD_OF_NOISE * np.sqrt(max(row[P11], 0.0)), 0.0)
    bend = kind[CALM] + BENDING * moving
    usual = (row[P00] + spread) * (kind[DIRECTIONS] * STRAYING / (2.0 - STRAYING))
    strayed = _square(row[STRAYED : STRAYED + 3]) / usual
    surprise = max(strayed - NOTICED, 0.0) * ATTACK * ATTACK * spread / step_s**4
    gain = (bend * bend + surprise) * step_s * USUAL_STEP_S
    row[P00] += step_s * (2.0 * row[P01] + step_s * (row[P11] + 0.25 * gain))
    row[P01] += step_s * (row[P11] + 0.5 * gain)
    row[P11] += gain
    # In doubt nothing moves: an error must not be sailed past on the speed before it.
    if row[DOUBTFUL] == 0.0:
        for k in range(3):
            step[k] = row[VELOCITY + k] * step_s
        _shift(row, step, turns, small)


@inlined
def _shift(row, by, turns, small):
    """Move the place; turns by a small rotation vector in their own axes."""
    if not turns:
        for k in range(3):
            row[PLACE + k] += by[k]
        return
    place = row[PLACE : PLACE + 4]
    small[0], small[1], small[2], small[3] = 0.5 * by[0], 0.5 * by[1], 0.5 * by[2], 1.0
    mul(place, small, place)
    length = np.sqrt(place[0] ** 2 + place[1] ** 2 + place[2] ** 2 + place[3] ** 2)
    for k in range(4):
        place[k] /= length


@inlined
def _apart(start, end, turns, out, small):
    """From one to the other; turns as a rotation vector in the axes of ``start``.

    Twice the sine of half the angle stands for the angle: what differs by much is an outlier.
    """
    if not turns:
        for k in range(3):
            out[k] = end[k] - start[k]
        return
    back_mul(start, end, small)
    twice = -2.0 if small[3] < 0.0 else 2.0
    for k in range(3):
        out[k] = small[k] * twice


@inlined
def _measure_noise(row, kind, seen, turns, step_s, rate, small):
    _apart(row[LAST : LAST + 4], seen, turns, rate, small)
    square = 0.0
    for k in range(3):
        rate[k] /= step_s
        third = (rate[k] - 2.0 * row[RATE + k] + row[FORMER_RATE + k]) * step_s
        square += third * third
        row[FORMER_RATE + k] = row[RATE + k]
        row[RATE + k] = rate[k]
    _keep(row, seen)
    row[SEEN] += 1.0
    if row[SEEN] >= 3.0:
        share = max(NOISE_SHARE, 1.0 / (row[SEEN] + 10.0))
        square = min(square / (THIRD * kind[DIRECTIONS]), SPIKE * row[VARIANCE])
        variance = row[VARIANCE] + share * (square - row[VARIANCE])
        row[VARIANCE] = min(max(variance, kind[LEAST_NOISE] ** 2), kind[MOST_NOISE] ** 2)


@inlined
def _square(vector):
    return vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2
