"""Where a recorded person stands: the floor, a moment of standing, and when feet are down."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions
from presence.pose.quaternion import quat_from_axis_angle, quat_rotate
from presence.pose.rigid import FORWARD, UP
from presence.pose.sample import Contact
from presence.pose.skeleton import INDEX

SLOW = 0.25
"""Metres a second under which a foot may be standing; captured feet creep at 0.05 to 0.07."""
NEAR_FLOOR = 0.03
TOGETHER = 0.16
"""Metres between wrists under which two hands touch."""

_FEET = [INDEX["leftFoot"], INDEX["rightFoot"]]
_TOES = [INDEX["leftToes"], INDEX["rightToes"]]
_HANDS = [INDEX["leftHand"], INDEX["rightHand"]]
_SMOOTHING_S = 0.1
_LONGEST_JUMP_S = 0.5
"""Half the time for which both feet may be off the floor."""
_STANDING_SLACK = 0.01


def sole_heights(positions: Floats, orientations: Floats, body: Proportions) -> Floats:
    """``(T, 2)`` metres: the lowest point of each foot, of the heel's and the ball's.

    Args:
        positions: ``(T, 55, 3)`` joints with +Y up.
        orientations: ``(T, 55, 4)`` of the bones.
        body: the person's measures.
    """
    heels = positions[:, _FEET] + quat_rotate(orientations[:, _FEET], body.soles)
    ball = np.zeros((2, 3))
    ball[:, 1] = body.soles[:, 1] - body.offsets[_TOES, 1]
    balls = positions[:, _TOES] + quat_rotate(orientations[:, _FEET], ball)
    lowest: Floats = np.minimum(heels[..., 1], balls[..., 1])
    return lowest


def speeds(points: Floats, frame_time_s: float) -> Floats:
    """``(T, ...)`` metres a second of points ``(T, ..., 3)``, over a tenth of a second."""
    step = max(1, round(0.5 * _SMOOTHING_S / frame_time_s))
    if len(points) <= 2 * step:
        return np.zeros(points.shape[:-1])
    apart = np.linalg.norm(points[2 * step :] - points[: -2 * step], axis=-1)
    inner = apart / (2 * step * frame_time_s)
    return np.pad(inner, [(step, step)] + [(0, 0)] * (inner.ndim - 1), mode="edge")


def floor_height(soles: Floats, foot_speeds: Floats) -> float:
    """Metres: the height at which feet rest, of those that rest lowest.

    Args:
        soles: ``(T, 2)`` metres.
        foot_speeds: ``(T, 2)`` metres a second.
    """
    lowest = float(np.percentile(soles, 2.0))
    resting = soles[(foot_speeds < SLOW) & (soles < lowest + 2.0 * NEAR_FLOOR)]
    return float(np.median(resting)) if len(resting) >= 5 else lowest


def standing_frame(
    positions: Floats, orientations: Floats, soles: Floats, foot_speeds: Floats
) -> int:
    """The frame at which the person most plainly stands, the earliest of equals.

    Upright, legs straight, both feet on the floor and still.
    """
    trunk = positions[:, INDEX["neck"]] - positions[:, 0]
    upright = trunk[:, 1] / np.linalg.norm(trunk, axis=-1)
    legs = positions[:, 0, 1] - positions[:, _FEET, 1].mean(axis=1)
    reach = legs / max(float(legs.max()), 1e-6)
    uneven = np.abs(soles[:, 0] - soles[:, 1])
    cost = (
        4.0 * (1.0 - upright)
        + 3.0 * (1.0 - reach)
        + 4.0 * uneven
        + 0.2 * foot_speeds.mean(axis=-1)
        + 0.3 * (1.0 - np.abs(quat_rotate(orientations[:, 0], UP)[:, 1]))
        + 0.02 * np.linspace(0.0, 1.0, len(positions))
    )
    return int(np.argmin(cost))


def place_from_file(hips: Floats, orientation: Floats, floor: float) -> tuple[Floats, Floats]:
    """The turn ``(4,)`` and then the move ``(3,)`` that bring someone onto their place.

    Whoever has the hips at ``hips (3,)``, turned by ``orientation (4,)``, stands on the origin
    afterwards and faces −Z.
    """
    ahead = quat_rotate(orientation, FORWARD)
    flat = np.hypot(ahead[0], ahead[2])
    heading = np.arctan2(-ahead[0], -ahead[2]) if flat > 1e-3 else 0.0
    turn = quat_from_axis_angle(UP, -heading)
    spot = np.array([hips[0], floor, hips[2]])
    return turn, -quat_rotate(turn, spot)


def drift(soles: Floats, frame_time_s: float) -> Floats:
    """``(T,)`` metres by which the ground of a recording has left the floor.

    Nobody stays in the air: where no foot has come down for longer than a jump takes, the
    recording has drifted, or the person stands on something that is not in a call. The drift is
    the lower envelope of both soles, smoothed so that it never presses a foot into the floor.

    Args:
        soles: ``(T, 2)`` metres above the floor.
        frame_time_s: seconds from frame to frame.
    """
    lowest = np.maximum(soles.min(axis=1) - _STANDING_SLACK, 0.0)
    half = min(round(_LONGEST_JUMP_S / frame_time_s), len(lowest) - 1)
    if half < 1:
        unchanged: Floats = lowest
        return unchanged
    padded = np.pad(lowest, half, mode="edge")
    envelope = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1).min(axis=-1)
    # Each value under the bell is a minimum over a window that holds its middle.
    bell = np.hanning(2 * half + 3)[1:-1]
    smooth: Floats = np.convolve(np.pad(envelope, half, mode="edge"), bell / bell.sum(), "valid")
    return smooth


def contacts(
    positions: Floats, soles: Floats, foot_speeds: Floats, frame_time_s: float
) -> list[Contact]:
    """What touches what in each frame, with the floor at zero; flickers are smoothed away."""
    down = (soles < NEAR_FLOOR) & (foot_speeds < SLOW)
    hands = positions[:, _HANDS]
    together = np.linalg.norm(hands[:, 0] - hands[:, 1], axis=-1) < TOGETHER
    flags = np.concatenate([down, together[:, None]], axis=1).astype(np.float64)
    width = max(1, 2 * round(0.5 * _SMOOTHING_S / frame_time_s) + 1)
    if width < len(flags):
        padded = np.pad(flags, [(width // 2, width // 2), (0, 0)], mode="edge")
        sums = np.cumsum(np.pad(padded, [(1, 0), (0, 0)]), axis=0)
        flags = (sums[width:] - sums[:-width]) / width
    meanings = (Contact.LEFT_FOOT, Contact.RIGHT_FOOT, Contact.HANDS_TOGETHER)
    result = []
    for row in flags > 0.5:
        held = Contact.NONE
        for meaning, on in zip(meanings, row, strict=True):
            held |= meaning if on else Contact.NONE
        result.append(held)
    return result
