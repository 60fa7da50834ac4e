"""What a decoder remembers of a frame, as the numbers of a sample.

Every operation here is one that IEEE 754 rounds the same on every machine (no libm), so the sample
is the same to the last bit everywhere.
"""

from __future__ import annotations

import numpy as np

from presence.codec.layout import (
    DIOPTRE_STEPS,
    FACE,
    FACE_ONE,
    GAZE,
    GAZE_STEPS,
    ROOT,
    SENT_BONES,
    SENT_COUNT,
    STATE,
    SURENESS_STEPS,
)
from presence.codec.turns import unit
from presence.compiled import compiled, inlined
from presence.pose.derive import EYE_PITCH_RANGE, EYE_YAW_RANGE, JAW_RANGE
from presence.pose.face import SENT_SHAPES, SHAPE_INDEX
from presence.pose.packed import (
    SAMPLE_FACE,
    SAMPLE_GAZE,
    SAMPLE_ROOT,
    SAMPLE_STATE,
    SAMPLE_TURNS,
    STATE_COUNT,
)
from presence.pose.sample import FAR_GAZE
from presence.pose.skeleton import INDEX

_LEFT_EYE, _RIGHT_EYE, _JAW = INDEX["leftEye"], INDEX["rightEye"], INDEX["jaw"]
_JAW_OPEN = SHAPE_INDEX["jawOpen"]
_LOOKS = np.array(
    [
        [SHAPE_INDEX[f"eyeLook{way}{side}"] for way in ("Down", "In", "Out", "Up")]
        for side in ("Left", "Right")
    ]
)
_YAW, _PITCH, _JAW_TURN = float(EYE_YAW_RANGE), float(EYE_PITCH_RANGE), float(JAW_RANGE)
_GAZE_ANGLE = 2.0 * np.pi / GAZE_STEPS


@inlined
def _sine_cosine(angle, out):
    """By the series at an eighth of the angle, then doubled; exact to 1e-15 within a turn."""
    x = angle / 8.0
    square = x * x
    sine = x * (
        1.0
        - square
        / 6.0
        * (
            1.0
            - square
            / 20.0
            * (
                1.0
                - square
                / 42.0
                * (1.0 - square / 72.0 * (1.0 - square / 110.0 * (1.0 - square / 156.0)))
            )
        )
    )
    # One less than the cosine, so that nothing cancels.
    less = (
        -square
        / 2.0
        * (
            1.0
            - square
            / 12.0
            * (
                1.0
                - square
                / 30.0
                * (1.0 - square / 56.0 * (1.0 - square / 90.0 * (1.0 - square / 132.0)))
            )
        )
    )
    for _ in range(3):
        sine, less = 2.0 * sine * (1.0 + less), -2.0 * sine * sine
    out[0], out[1] = sine, 1.0 + less


@inlined
def _arctangent(y, x):
    """The angle of (x, y) for x > 0, by halving it four times and the series."""
    for _ in range(4):
        x += np.sqrt(x * x + y * y)
    t = y / x
    square = t * t
    series = 1.0 / 13.0 - square / 15.0
    for k in (11.0, 9.0, 7.0, 5.0, 3.0, 1.0):
        series = 1.0 / k - square * series
    return 16.0 * t * series


@compiled
def show(memory, eyes, out):
    """Fills ``out (SAMPLE_SIZE,)`` with a sample, what is derived included.

    Args:
        memory: of the frame.
        eyes: ``(3, 3)`` from the head's joint to both eyes, and to the point between them.
        out: see ``SAMPLE_ROOT`` and what follows it in the layout.
    """
    local = np.empty(2)
    face = out[SAMPLE_FACE:SAMPLE_GAZE]
    gaze = out[SAMPLE_GAZE:SAMPLE_STATE]
    for k in range(3):
        out[SAMPLE_ROOT + k] = memory[ROOT + k] / 1e9
    for row in range(SENT_COUNT):
        at = SAMPLE_TURNS + 4 * SENT_BONES[row]
        unit(memory, row, out[at : at + 4])
    for k in range(len(SENT_SHAPES)):
        face[SENT_SHAPES[k]] = memory[FACE + k] / FACE_ONE
    _sine_cosine(memory[GAZE + 1] * _GAZE_ANGLE, local)
    gaze[1], level = local[0], local[1]
    _sine_cosine(memory[GAZE] * _GAZE_ANGLE, local)
    gaze[0], gaze[2] = -local[0] * level, -local[1] * level
    near = memory[GAZE + 2]
    gaze[3] = min(DIOPTRE_STEPS / near, FAR_GAZE) if near else FAR_GAZE
    for k in range(STATE_COUNT):
        whole = k in (0, STATE_COUNT - 2)
        out[SAMPLE_STATE + k] = memory[STATE + k] / (1.0 if whole else SURENESS_STEPS)

    # Derived, as presence.pose.derive says.
    _sine_cosine(-0.5 * _JAW_TURN * face[_JAW_OPEN], local)
    jaw = out[SAMPLE_TURNS + 4 * _JAW : SAMPLE_TURNS + 4 * _JAW + 4]
    jaw[0], jaw[1], jaw[2], jaw[3] = local[0], 0.0, 0.0, local[1]
    for side in range(2):
        x = eyes[2, 0] + gaze[0] * gaze[3] - eyes[side, 0]
        y = eyes[2, 1] + gaze[1] * gaze[3] - eyes[side, 1]
        z = eyes[2, 2] + gaze[2] * gaze[3] - eyes[side, 2]
        # What lies behind is beyond the eye's range on that side.
        behind = -np.pi if x > 0.0 else np.pi
        yaw = _arctangent(-x, -z) if z < 0.0 else behind
        yaw = min(max(yaw, -_YAW), _YAW)
        flat = np.sqrt(x * x + z * z)
        pitch = _arctangent(y, flat) if flat > 0.0 else (np.pi if y > 0.0 else -np.pi)
        pitch = min(max(pitch, -_PITCH), _PITCH)
        _sine_cosine(0.5 * yaw, local)
        sy, cy = local[0], local[1]
        _sine_cosine(0.5 * pitch, local)
        sx, cx = local[0], local[1]
        at = SAMPLE_TURNS + 4 * (_LEFT_EYE if side == 0 else _RIGHT_EYE)
        eye = out[at : at + 4]
        eye[0], eye[1], eye[2], eye[3] = cy * sx, sy * cx, -sy * sx, cy * cx
        outward = yaw if side == 0 else -yaw
        face[_LOOKS[side, 0]] = max(-pitch, 0.0) / _PITCH
        face[_LOOKS[side, 1]] = max(-outward, 0.0) / _YAW
        face[_LOOKS[side, 2]] = max(outward, 0.0) / _YAW
        face[_LOOKS[side, 3]] = max(pitch, 0.0) / _PITCH
