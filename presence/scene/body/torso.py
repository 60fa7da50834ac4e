"""The trunk's shape: pelvis, waist, chest, shoulders and the root of the neck, as one solid."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.garments import top_cut
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import Shape, capsule, ellipsoid, smooth_union, through

ARM_RADIUS = 0.0475
"""Of the upper arm at the shoulder, metres on a body of 1.70 m."""
ARM_DROP = 0.009
"""How far the arm's axis lies below the shoulder's joint: shoulders slope."""


def limb_girth(plan: Plan) -> float:
    """How thick arms and legs are, of the average."""
    t = plan.traits
    return (1.0 + 0.15 * t.build - 0.03 * t.wear) * (1.04 - 0.08 * t.softness)


def thigh_girth(plan: Plan) -> float:
    """How thick the thighs are, of the average."""
    t = plan.traits
    return (1.0 + 0.17 * t.build - 0.05 * t.wear) * (0.98 + 0.05 * t.softness * (1.0 - t.youth))


def trunk_shape(plan: Plan) -> Shape:
    """The body without head, hands and feet, as its clothes show it; symmetric in x."""
    s, t = plan.scale, plan.traits
    cut = top_cut(t)
    soft = t.softness * (1.0 - t.youth)
    grown, heavy = 1.0 - t.youth, max(t.build, 0.0)
    arm, hip = plan.at("rightUpperArm"), plan.at("rightUpperLeg")
    breadth = arm[0] / (0.160 * s)
    y = {bone: plan.at(bone)[1] for bone in ("hips", "spine", "chest", "upperChest", "neck")}
    wide = 1.0 + 0.11 * t.build
    belly = 0.040 * heavy + 0.016 * t.wear + 0.006 * t.youth
    seat = 0.96 + 0.06 * soft

    def between(broad: float, slim: float) -> float:
        return broad + (slim - broad) * soft

    # height; half width; depth before and behind the spine's line; that line.
    rows = [
        (hip[1] - 0.12 * s, 0.160, 0.086, 0.092, hip[2]),
        (hip[1] - 0.03 * s, between(0.156, 0.171), 0.096, 0.116 * seat, hip[2]),
        (y["hips"] + 0.030 * s, between(0.149, 0.159), 0.097, 0.108 * seat, hip[2]),
        (y["spine"] + 0.015 * s, between(0.141, 0.127), 0.097, 0.084, 0.003 * s),
        (y["chest"] - 0.030 * s, between(0.144, 0.122), 0.097, 0.083, 0.008 * s),
        (y["chest"] + 0.060 * s, between(0.160, 0.138), 0.107, 0.098, 0.013 * s),
        (y["upperChest"] + 0.010 * s, between(0.169, 0.143), 0.102, 0.105, 0.018 * s),
        (arm[1] - 0.030 * s, between(0.160, 0.142), 0.090, 0.103, 0.020 * s),
        (arm[1] + 0.012 * s, between(0.116, 0.104), 0.066, 0.088, 0.024 * s),
        (y["neck"] + 0.015 * s, between(0.065, 0.057), 0.055, 0.064, 0.024 * s),
        (y["neck"] + 0.060 * s, between(0.056, 0.049), 0.053, 0.054, 0.021 * s),
        (y["neck"] + 0.110 * s, between(0.055, 0.048), 0.053, 0.052, 0.019 * s),
    ]
    table = np.array(rows)
    # Cloth hangs over the waist from what stands out above and below it.
    for column in (1, 2, 3):
        hung = np.interp(table[1:6, 0], table[[1, 5], 0], table[[1, 5], column])
        table[1:6, column] += cut.loose * np.maximum(hung - table[1:6, column], 0.0)
    # Bones of unusual lengths may bring the heights out of order: each stays above the last.
    least = 0.012 * s * np.arange(len(table))
    knots = np.maximum.accumulate(table[:, 0] - least) + least
    values = table[:, 1:].copy()
    upper = np.clip((knots - y["chest"]) / (arm[1] - y["chest"]), 0.0, 1.0) * (knots < y["neck"])
    values[:, 0] *= 1.0 + (breadth - 1.0) * upper
    lower = knots < arm[1] - 0.02 * s
    values[lower, :3] *= wide
    round_waist = np.exp(-(((knots - y["spine"]) / (0.10 * s)) ** 2))
    values[:, 0] += (0.022 * heavy + 0.008 * t.wear) * round_waist
    values[:, 1] += belly * round_waist
    values[:, :3] *= s
    values[9:, :3] *= 1.0 + 0.09 * t.build - 0.06 * t.youth
    crotch = hip[1] - 0.098 * s
    elbow, wrist = plan.at("rightLowerArm"), plan.at("rightHand")
    knee, ankle = plan.at("rightLowerLeg"), plan.at("rightFoot")
    limb, thigh = limb_girth(plan) * s, thigh_girth(plan) * s
    root = arm - np.array([0.0, ARM_DROP * s, 0.0])
    chest_front = 0.020 * s - 0.080 * s * wide

    def shape(points: Floats) -> Floats:
        p = points.copy()
        p[:, 0] = np.abs(p[:, 0])
        half, front, back, line = through(knots, values, p[:, 1]).T
        half, front, back = (np.maximum(each, 0.03 * s) for each in (half, front, back))
        depth = np.where(p[:, 2] < line, front, back)
        power = 2.3
        ratio = ((p[:, 0] / half) ** power + (np.abs(p[:, 2] - line) / depth) ** power + 1e-12) ** (
            1.0 / power
        )
        d = (ratio - 1.0) * np.minimum(half, depth)
        # The trunk ends at the crotch; below it are the legs alone.
        d = -smooth_union(-d, p[:, 1] - crotch, 0.03 * s)
        if grown > 0.0:
            # Bust or chest muscles, bridged by the cloth over them.
            bust = (0.068 * s * breadth, y["chest"] + 0.062 * s, chest_front + 0.018 * s)
            size = (0.030 + 0.026 * soft + 0.008 * heavy) * s * grown
            d = smooth_union(
                d, ellipsoid(p, bust, (1.35 * size, 1.15 * size, 1.05 * size)), 0.050 * s
            )
            seats = (0.070 * s * wide, hip[1] - 0.030 * s, hip[2] + 0.052 * s)
            ball = (0.066 + 0.006 * soft) * s * wide
            d = smooth_union(d, ellipsoid(p, seats, (ball, 1.1 * ball, ball)), 0.04 * s)
        # From the root of the neck down to the shoulder's point.
        slope = capsule(
            p,
            (0.026 * s, y["neck"] + 0.004 * s, 0.034 * s),
            arm + np.array([-0.024, -0.008, 0.004]) * s,
            0.032 * s,
            0.041 * s,
        )
        d = smooth_union(d, slope, 0.040 * s)
        d = smooth_union(d, capsule(p, root, elbow, ARM_RADIUS * limb, 0.038 * limb), 0.030 * s)
        d = smooth_union(d, capsule(p, hip, knee, 0.084 * thigh, 0.060 * thigh), 0.030 * s)
        d = np.minimum(d, capsule(p, elbow, wrist, 0.038 * limb, 0.025 * limb))
        return np.minimum(d, capsule(p, knee, ankle, 0.058 * thigh, 0.048 * thigh))

    return shape
