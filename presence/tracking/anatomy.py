"""What a file's joints mean: the constant turn from each joint's axes to its bone's.

A bone's orientation is its joint's, times a constant. That constant is the whole difference
between one file's rest pose and another's, and it is found from what every body has in common:
the line of the hips and of the shoulders, the way limbs point, the hinges of elbows and knees as
the motion shows them, the knuckles of a hand. A file's rest pose counts only where it looks like
a person.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_angle,
    quat_between,
    quat_conjugate,
    quat_from_matrix,
    quat_mul,
    quat_rotate,
)
from presence.pose.rigid import FORWARD, RIGHT, UP
from presence.pose.skeleton import INDEX
from presence.tracking.limbs import AXES, HINGES, aimed, cross, frame, twist_angle, twisted, unit
from presence.tracking.naming import FINGERS, SIDES
from presence.tracking.tracks import PLAUSIBLE, Tracks, angle_between

HINGE_PRIOR = 0.03
"""The weight of what is expected against what the motion shows; sin² of a bend of 10°."""

HINGE_SMOOTHING_S = 0.12


def bone_frame(
    above: Floats, direction: Floats | None, expected: Floats, believed: bool
) -> tuple[Floats, bool]:
    """The frame of a bone of the trunk, and whether the rest pose could be believed about it.

    Args:
        above: ``(4,)`` the frame of the bone above.
        direction: ``(3,)`` where the bone points in its joint's axes; None if it does not say.
        expected: ``(3,)`` where it points in a T-pose.
        believed: whether the rest pose has been believable so far.
    """
    if direction is None:
        return above, believed
    if believed and angle_between(quat_rotate(above, expected), direction) < PLAUSIBLE:
        return above, True
    return quat_mul(quat_between(quat_rotate(above, expected), direction), above), False


def without_quarter_turns(frame_: Floats, joint: Floats, above: Floats, axis: Floats) -> Floats:
    """The frame, turned about ``axis`` by as many right angles as it is off on average.

    Joints whose own axes are rolled against their parent's are off by right angles; a person
    who turns the head for a whole clip is not.

    Args:
        frame_: ``(4,)`` the bone's frame so far.
        joint: ``(T, 4)`` the joint's orientations.
        above: ``(T, 4)`` the orientations of the bone above.
        axis: ``(3,)`` unit, in the bone's own axes.
    """
    angles = twist_angle(above, quat_mul(joint, frame_), axis)
    mean = float(np.angle(np.exp(1j * angles).mean()))
    return twisted(frame_, axis, np.array(-round(mean / (0.5 * np.pi)) * 0.5 * np.pi))


def head_frame(rest: Floats, believed: bool, joint: Floats, above: Floats) -> Floats:
    """The head's frame: ``rest (4,)`` if the rest pose is believable and the motion agrees.

    Some files give the head axes of its own that neither its rest pose nor its End Site explain.
    It is then one of the 24 ways of lying square to the joint's axes: the one that makes the head
    follow the neck.

    Args:
        rest: what the bones below and the rest pose say.
        believed: whether the rest pose has been believable so far.
        joint: ``(T, 4)`` the head joint's orientations.
        above: ``(T, 4)`` the neck's orientations.
    """
    relative = quat_mul(quat_conjugate(above), joint)
    relative = relative * np.where(relative @ relative[0] < 0.0, -1.0, 1.0)[:, None]
    mean = unit(relative.mean(axis=0))
    turned = float(quat_angle(quat_mul(mean, rest), IDENTITY))
    if believed and turned < np.radians(60.0):
        return rest
    nearest: Floats = _SQUARE[np.argmax(np.abs(_SQUARE @ quat_conjugate(mean)))]
    return nearest


def _square_frames() -> Floats:
    """``(24, 4)`` the rotations that take axes to axes."""
    axes = [sign * axis for axis in np.eye(3) for sign in (1.0, -1.0)]
    return np.array(
        [quat_from_matrix(frame(a, b)) for a in axes for b in axes if abs(float(a @ b)) < 0.5]
    )


_SQUARE = _square_frames()


def chest_facing(frame_: Floats, shoulder_line: Floats) -> Floats:
    """The chest's frame, turned about its own up so that the shoulders are to its right."""
    across = quat_rotate(quat_conjugate(frame_), shoulder_line)
    if np.hypot(across[0], across[2]) < 1e-3:
        return frame_
    return twisted(frame_, UP, np.arctan2(-across[2], across[0]))


def solve_limb(
    limb: int,
    joint: Floats,
    points: tuple[Floats, Floats, Floats],
    expected_hinge: Floats,
    frame_time_s: float,
) -> tuple[Floats, Floats, Floats]:
    """How the two bones of an arm or a leg are turned, by the plane in which it bends.

    The hinge is nearly fixed in the upper joint's axes, so its mean is found first; then, as some
    files carry the upper arm's twist in the forearm, the plane of each moment is followed as far
    as the bend shows it, smoothly in time.

    Args:
        limb: ``LEFT_ARM`` and so on.
        joint: ``(T, 4)`` the orientations of the upper joint.
        points: ``(T, 3)`` three times, metres: the upper joint, the lower joint and the end.
        expected_hinge: ``(T, 3)`` where the hinge would be by all else that is known; shorter
            where less is known.
        frame_time_s: seconds from frame to frame.

    Returns:
        The orientations ``(T, 4)`` of the upper and the lower bone, and the upper joint's frame.
    """
    axis, hinge = AXES[limb], HINGES[limb]
    along = unit(points[1] - points[0])
    normal = cross(along, unit(points[2] - points[1]))
    weight = np.sum(normal * normal, axis=-1)
    back = quat_conjugate(joint)
    # |normal| is the sine of the bend, so |normal|·normal has the weight sin².
    seen = np.sqrt(weight)[:, None] * normal + HINGE_PRIOR * expected_hinge
    local_hinge = quat_rotate(back, seen).mean(axis=0)
    local_along = quat_rotate(back, along).mean(axis=0)
    turn = frame(local_along, local_hinge) @ frame(axis, hinge).T
    joint_frame = quat_from_matrix(turn)

    steady = aimed(quat_mul(joint, joint_frame), axis, along)
    now = quat_rotate(steady, hinge)
    angle = np.arctan2(np.sum(cross(now, normal) * along, axis=-1), np.sum(now * normal, axis=-1))
    followed = _smoothed(weight * np.exp(1j * angle), frame_time_s) + HINGE_PRIOR
    upper = twisted(steady, axis, np.angle(followed))
    return upper, aimed(upper, axis, points[2] - points[1]), joint_frame


def _smoothed(values: np.ndarray, frame_time_s: float) -> np.ndarray:  # type: ignore[type-arg]
    """Complex ``(T,)`` values, averaged over a bell of ``HINGE_SMOOTHING_S`` in time."""
    sigma = HINGE_SMOOTHING_S / frame_time_s
    half = min(int(3.0 * sigma), len(values) - 1)
    if half < 1:
        return values
    bell = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    padded = np.pad(values, half, mode="edge")
    result: np.ndarray = np.convolve(padded, bell / bell.sum(), mode="valid")  # type: ignore[type-arg]
    return result


def hand_frame(tracks: Tracks, side: str, body: Proportions) -> Floats | None:
    """The hand's frame from where its knuckles and thumb are; None with fewer than two of them.

    The turn that best takes an average hand's knuckles to this one's (W. Kabsch, "A solution for
    the best rotation to relate two sets of vectors", Acta Cryst. A32, 1976).
    """
    hand = side + "Hand"
    pairs = []
    for finger in FINGERS:
        knuckle = side + finger + ("Metacarpal" if finger == "Thumb" else "Proximal")
        if knuckle in tracks.positions:
            expected = body.offsets[INDEX[knuckle]]
            pairs.append((unit(expected), unit(tracks.between(hand, knuckle))))
    if len(pairs) < 2:
        return None
    covariance = sum(np.outer(seen, expected) for expected, seen in pairs)
    u, _, vt = np.linalg.svd(np.asarray(covariance))
    handed = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return quat_from_matrix(u @ handed @ vt)


def foot_frames(
    tracks: Tracks,
    side: str,
    hips: tuple[Floats, bool],
    shin: Floats,
    body: Proportions,
) -> tuple[Floats, Floats]:
    """The frames of foot and toes: flat on the floor at rest if the rest pose is believable there.

    Where it is not, foot and toes point down to the floor as an average body's do.

    Args:
        tracks: what the file says.
        side: left or right.
        hips: the hips' frame, and whether the rest pose is believable there.
        shin: ``(T, 4)`` the orientations of the lower leg.
        body: an average body.
    """
    foot, toes = side + "Foot", side + "Toes"
    expected = body.offsets[INDEX[toes]]
    if toes in tracks.positions:
        direction = tracks.between(foot, toes)
    elif foot in tracks.ends:
        direction = tracks.ends[foot]
    else:
        direction = quat_rotate(hips[0], expected)
    if hips[1] and angle_between(quat_rotate(hips[0], expected), direction) < PLAUSIBLE:
        sole = tracks.orientations[foot]
        foot_to_joint = without_quarter_turns(hips[0], sole, shin, unit(expected))
        if toes not in tracks.positions:
            return foot_to_joint, foot_to_joint
        above, tip = quat_mul(sole, foot_to_joint), unit(body.toes[SIDES.index(side)])
        return foot_to_joint, without_quarter_turns(hips[0], tracks.orientations[toes], above, tip)
    foot_to_joint = _across(tracks.orientations[foot], direction, expected, shin)
    if toes not in tracks.positions:
        return foot_to_joint, foot_to_joint
    tip = body.toes[SIDES.index(side)]
    return foot_to_joint, _across(tracks.orientations[toes], tracks.ends[toes], tip, shin)


def _across(joint: Floats, direction: Floats, expected: Floats, shin: Floats) -> Floats:
    """The frame that takes ``expected`` to ``direction``, and lies across as the knee's hinge does.

    Ankles hardly twist, so the hinge tells from side to side.
    """
    sideways = quat_rotate(quat_conjugate(joint), quat_rotate(shin, RIGHT)).mean(axis=0)
    return quat_from_matrix(frame(direction, sideways) @ frame(expected, RIGHT).T)


def expected_knee_hinge(tracks: Tracks, side: str, hips: Floats) -> Floats:
    """``(T, 3)`` a knee's hinge: to the body's left, and square to shin and toes."""
    expected = -0.5 * quat_rotate(hips, RIGHT)
    if side + "Toes" in tracks.positions:
        shin = unit(tracks.positions[side + "Foot"] - tracks.positions[side + "LowerLeg"])
        toes = unit(tracks.positions[side + "Toes"] - tracks.positions[side + "Foot"])
        expected = expected + cross(toes, shin)
    return expected


def expected_elbow_hinge(along: Floats, side: str, chest: Floats, hand: Floats | None) -> Floats:
    """``(T, 3)`` an elbow's hinge: forearms bend forward, and palms are mid-way in their range."""
    sign = 1.0 if side == SIDES[0] else -1.0
    expected = cross(along, quat_rotate(chest, FORWARD))
    if hand is not None:
        expected = expected - 0.5 * sign * quat_rotate(hand, UP)
    return expected
