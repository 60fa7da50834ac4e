"""Skin weights: which bones carry each vertex, and how much."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.scene.body.neighbours import averaged, edges_of
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep

INFLUENCES = 4
"""Bones that may carry one vertex."""
_SHARE_STEPS = 1024.0


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


def body_weights(points: Floats, plan: Plan) -> Floats:
    """``(N, 55)`` weights of trunk, right arm and right leg, by where a vertex is at rest."""
    s = plan.scale
    down, out = (0.0, -1.0, 0.0), (1.0, 0.0, 0.0)

    def at(bone: str) -> Floats:
        return plan.at(bone)

    trunk = spine_weights(points, plan)
    arm = chain(
        ("rightUpperArm", "rightLowerArm", "rightHand"),
        [
            hinge(points, at("rightLowerArm"), out, 0.038 * s),
            hinge(points, at("rightHand"), out, 0.030 * s),
        ],
    )
    leg = chain(
        ("rightUpperLeg", "rightLowerLeg", "rightFoot", "rightToes"),
        [
            hinge(points, at("rightLowerLeg"), down, 0.055 * s),
            hinge(points, at("rightFoot") + np.array([0.0, 0.01 * s, 0.0]), down, 0.025 * s),
            hinge(points, at("rightToes"), (0.0, 0.0, -1.0), 0.025 * s),
        ],
    )
    shoulder, hip = at("rightUpperArm"), at("rightUpperLeg")
    # The armpit stays with the trunk when the arm comes down: the plane leans inwards at the top.
    arm_share = hinge(
        points, shoulder + np.array([0.006 * s, 0.0, 0.0]), (1.0, 0.55, 0.0), 0.052 * s
    )
    leg_share = hinge(points, hip + np.array([0.0, -0.035 * s, 0.0]), (0.30, -1.0, 0.0), 0.075 * s)
    leg_share[points[:, 1] >= at("spine")[1]] = 0.0
    girdle = np.zeros_like(trunk)
    girdle[:, INDEX["rightShoulder"]] = 1.0
    above = smoothstep(-0.10 * s, 0.0, points[:, 1] - shoulder[1])
    girdle_share = smoothstep(0.03 * s, 0.13 * s, points[:, 0]) * above
    girdle_share = girdle_share * smoothstep(0.09 * s, 0.02 * s, points[:, 1] - shoulder[1])

    def mix(a: Floats, b: Floats, share: Floats) -> Floats:
        part = share[:, None]
        return np.add(a * (1.0 - part), b * part)

    return mix(mix(mix(trunk, girdle, girdle_share), leg, leg_share), arm, arm_share)


def smoothed(weights: Floats, triangles: Ints, free: Ints, rounds: int) -> Floats:
    """Weights averaged with those of the neighbours, ``rounds`` times, at the ``free`` vertices."""
    edges = edges_of(triangles)
    weights = weights.copy()
    for _ in range(rounds):
        weights[free] = 0.5 * (weights[free] + averaged(weights, edges)[free])
    return weights


def strongest(weights: Floats) -> tuple[Ints, Floats]:
    """The four bones that carry each vertex most, ``(V, 4)``, and their shares.

    Shares are whole multiples of 1/1024, so that each row sums to exactly 1 in single precision.
    """
    order = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES]
    shares = np.take_along_axis(weights, order, axis=1)
    steps = np.round(shares / shares.sum(axis=1, keepdims=True) * _SHARE_STEPS)
    steps[:, 0] += _SHARE_STEPS - steps.sum(axis=1)
    return np.where(steps > 0.0, order, 0), steps / _SHARE_STEPS
