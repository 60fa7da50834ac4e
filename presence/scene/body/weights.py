"""Skin weights: which bones carry each vertex, and how much."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.scene.body.garments import top_cut
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep
from presence.scene.body.torso import limb_girth, thigh_girth

INFLUENCES = 4
"""Bones that may carry one vertex."""
_SHARE_STEPS = 1024.0
_ELBOW, _KNEE = (0.073, 0.012), (0.128, 0.018)
"""Metres to either side over which elbow and knee bend, inside and outside, on an average body."""


def only(bone: str) -> Floats:
    """``(55,)`` the weights of what one bone carries alone."""
    row = np.zeros(BONE_COUNT)
    row[INDEX[bone]] = 1.0
    return row


def hinge(points: Floats, joint: Floats, normal: Sequence[float], width: float) -> Floats:
    """``(N,)`` the share of the bone beyond ``joint``, which rises along ``normal``.

    It goes from 0 to 1 over ``width`` metres to either side of the joint's plane.
    """
    n = np.asarray(normal, dtype=np.float64)
    return smoothstep(-width, width, (points - joint) @ (n / np.linalg.norm(n)))


def chain(bones: Sequence[str], shares: Sequence[Floats]) -> Floats:
    """``(N, 55)`` weights along a chain of bones.

    ``shares[i] (N,)`` is how much of what ``bones[i]`` carries its child ``bones[i + 1]`` takes.
    """
    rows = np.zeros((len(shares[0]), BONE_COUNT))
    left = np.ones(len(shares[0]))
    for bone, share in zip(bones, shares, strict=False):
        rows[:, INDEX[bone]] = left * (1.0 - share)
        left = left * share
    rows[:, INDEX[bones[-1]]] = left
    return rows


def spine_weights(points: Floats, plan: Plan) -> Floats:
    """``(N, 55)`` weights of trunk, neck and head, by where a vertex is at rest."""
    s = plan.scale
    up = (0.0, 1.0, 0.0)
    # Nape and throat lean forward: the nape belongs to the lower bone from higher up.
    leaning = (0.0, 1.0, -0.35)
    neck = plan.at("neck") + np.array([0.0, 0.02 * s, 0.0])
    head = plan.at("head") + np.array([0.0, -0.015 * s, 0.0])
    return chain(
        ("hips", "spine", "chest", "upperChest", "neck", "head"),
        [
            hinge(points, plan.at("spine"), up, 0.07 * s),
            hinge(points, plan.at("chest"), up, 0.06 * s),
            hinge(points, plan.at("upperChest"), up, 0.06 * s),
            hinge(points, neck, leaning, 0.035 * s),
            hinge(points, head, leaning, 0.024 * s),
        ],
    )


def _ramp(t: Floats) -> Floats:
    """``(N,)`` 0 below −1, 1 above 1, between them straighter than a smooth step.

    Where skin is pressed together its steepest place folds first.
    """
    eased: Floats = 0.5 * np.clip(0.5 + 0.5 * t, 0.0, 1.0) + 0.5 * smoothstep(-1.0, 1.0, t)
    return eased


def bend(along: Floats, outer: Floats, inside: Floats | float, outside: float) -> Floats:
    """``(N,)`` the share of the bone beyond a joint that bends one way.

    The skin inside the bend must be spread wide or it folds through itself: for a limb of radius r
    bent by an angle a, over r·tan(a/2) to either side. Outside it must be narrow, or linear
    blending flattens elbow and kneecap.

    Args:
        along: metres beyond the joint.
        outer: −1 at the skin inside the bend to 1 at the skin outside it.
        inside: metres to either side over which the share rises, inside the bend.
        outside: likewise outside it.
    """
    width = inside + (outside - inside) * smoothstep(-1.0, 1.0, outer)
    return _ramp(along / width)


def leg_share(points: Floats, plan: Plan) -> Floats:
    """``(N,)`` how much the thigh carries of a point about the hip, by where it is at rest."""
    s, hip = plan.scale, plan.at("rightUpperLeg")
    # The groin folds where the thigh meets the trunk, the seat farther down; what lies between the
    # legs stays with the pelvis.
    between = 1.0 - smoothstep(0.0, 0.085 * s, points[:, 0])
    outward = np.clip((points[:, 0] - hip[0]) / (0.09 * s), 0.0, 1.0)
    behind = np.clip((points[:, 2] - hip[2]) / (0.09 * s), -1.0, 1.0)
    between = between * smoothstep(-1.0, 0.0, behind)
    along = hip[1] - points[:, 1] - (0.030 + 0.050 * between - 0.020 * outward) * s
    # A belly presses against the thighs from farther out.
    depth = np.maximum(hip[2] - points[:, 2], 0.0)
    front = np.maximum(0.190 * max(thigh_girth(plan), 1.0) * s, 2.0 * depth)
    share = bend(along, behind, front, 0.085 * s)
    waist = plan.at("spine")[1]
    return share * smoothstep(waist + 0.07 * s, waist - 0.07 * s, points[:, 1])


def skirt_weights(points: Floats, plan: Plan) -> Floats:
    """``(N, 55)`` weights of cloth that hangs about both legs.

    It goes with the thighs under it as much as they go themselves. In front and behind, where it
    spans from one leg to the other, both carry it.
    """
    s = plan.scale
    side = points.copy()
    before = points[:, 2] < plan.at("rightUpperLeg")[2]
    side[before, 0] = np.maximum(side[before, 0], plan.at("rightUpperLeg")[0])
    legs = leg_share(side, plan)
    # Wider at the hem, where the legs part farthest.
    depth = np.maximum(plan.at("rightUpperLeg")[1] - points[:, 1], 0.0)
    right = 0.5 + 0.5 * np.clip(points[:, 0] / (0.050 * s + 0.06 * depth), 0.0, 1.0)
    rows = spine_weights(points, plan) * (1.0 - legs[:, None])
    rows[:, INDEX["rightUpperLeg"]] += legs * right
    rows[:, INDEX["leftUpperLeg"]] += legs * (1.0 - right)
    return rows


def body_weights(points: Floats, plan: Plan) -> Floats:
    """``(N, 55)`` weights of trunk, right arm and right leg, by where a vertex is at rest."""
    s = plan.scale
    down, out = (0.0, -1.0, 0.0), (1.0, 0.0, 0.0)
    at = plan.at

    def beside(bone: str, axis: int, half: float) -> Floats:
        share: Floats = np.clip((points[:, axis] - at(bone)[axis]) / (half * s), -1.0, 1.0)
        return share

    trunk = spine_weights(points, plan)
    limb, thigh = limb_girth(plan) * s, thigh_girth(plan) * s
    # Thick sleeves are pressed together more.
    inside = _ELBOW[0] * limb + 1.2 * top_cut(plan.traits).ease * s
    elbow = points[:, 0] - at("rightLowerArm")[0]
    arm = chain(
        ("rightUpperArm", "rightLowerArm", "rightHand"),
        [
            bend(
                elbow,
                beside("rightLowerArm", 2, 0.042 * limb / s),
                inside,
                _ELBOW[1] * limb,
            ),
            hinge(points, at("rightHand"), out, 0.034 * s),
        ],
    )
    knee = at("rightLowerLeg")[1] - points[:, 1]
    leg = chain(
        ("rightUpperLeg", "rightLowerLeg", "rightFoot", "rightToes"),
        [
            bend(
                knee,
                -beside("rightLowerLeg", 2, 0.062 * thigh / s),
                _KNEE[0] * thigh,
                _KNEE[1] * thigh,
            ),
            hinge(points, at("rightFoot") + np.array([0.0, 0.012 * s, 0.0]), down, 0.030 * s),
            hinge(points, at("rightToes"), (0.0, 0.0, -1.0), 0.025 * s),
        ],
    )
    shoulder = at("rightUpperArm")
    # The armpit stays with the trunk when the arm comes down: the plane leans inwards at the top.
    # Below and before the joint, where arms fold against the trunk, it is spread wider.
    off = points - shoulder
    under = smoothstep(-0.5, 1.0, -off[:, 1] / (0.070 * s))
    before = smoothstep(-0.3, 1.0, -off[:, 2] / (0.050 * s))
    width = 0.030 * s + (0.058 * under + 0.022 * before) * limb
    beyond = off @ np.array([1.0, 0.70, 0.0]) / np.hypot(1.0, 0.70) - 0.010 * s
    arm_share = _ramp(beyond / width)
    girdle = np.zeros_like(trunk)
    girdle[:, INDEX["rightShoulder"]] = 1.0
    above = smoothstep(-0.10 * s, 0.0, points[:, 1] - shoulder[1])
    girdle_share = smoothstep(0.05 * s, 0.14 * s, points[:, 0]) * above

    def mix(a: Floats, b: Floats, share: Floats) -> Floats:
        part = share[:, None]
        return np.add(a * (1.0 - part), b * part)

    legs = leg_share(points, plan)
    return mix(mix(mix(trunk, girdle, girdle_share), leg, legs), arm, arm_share)


def level_edges(weights: Floats, points: Floats, rows: Sequence[Ints], gap: float) -> None:
    """Give vertices of neighbouring rows that lie within ``gap`` metres the same weights, in place.

    The edge of a hem is narrower than a finger and must not shear when the cloth about it bends.
    """
    for first, second in pairwise(rows):
        known = (first >= 0) & (second >= 0)
        a, b = first[known], second[known]
        near = np.linalg.norm(points[a] - points[b], axis=1) < gap
        a, b = a[near], b[near]
        weights[b] = weights[a]


def strongest(weights: Floats) -> tuple[Ints, Floats]:
    """The four bones that carry each vertex most, ``(V, 4)``, and their shares.

    Shares are whole multiples of 1/1024, so that each row sums to exactly 1 in single precision.
    """
    order = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES]
    shares = np.take_along_axis(weights, order, axis=1)
    steps = np.round(shares / shares.sum(axis=1, keepdims=True) * _SHARE_STEPS)
    steps[:, 0] += _SHARE_STEPS - steps.sum(axis=1)
    return np.where(steps > 0.0, order, 0), steps / _SHARE_STEPS
