"""Cloth: its weave, its pattern, its seams and how it has been worn."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.draft import Paint
from presence.scene.body.noise import fractal, noise
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep
from presence.scene.body.traits import Bottom, Pattern, Top


def paint_cloth(paint: Paint, points: Floats, grain: Floats, plan: Plan) -> Floats:
    """``(N, 3)`` sRGB of cloth at ``points (N, 3)``, metres, ``grain (N, 2)`` across and along."""
    t = plan.traits
    base = {Paint.SHIRT: t.shirt, Paint.TRIM: t.trim, Paint.TROUSERS: t.trousers}[paint]
    cloth = np.broadcast_to(base, points.shape).copy()
    if paint is Paint.SHIRT:
        cloth = _patterned(cloth, points, grain, plan)
    if paint is Paint.TROUSERS and t.bottom in (Bottom.JEANS, Bottom.SHORTS):
        cloth = _denim(cloth, points, grain, plan)
    elif paint is not Paint.TROUSERS and t.top in (Top.SWEATER, Top.HOODIE):
        cloth = _knitted(cloth, grain, ribbed=paint is Paint.TRIM or t.top is Top.SWEATER)
    else:
        cloth *= 1.0 + 0.018 * noise(grain, (0.0022, 0.0060), 1)[:, None]
    cloth *= 1.0 + 0.020 * fractal(points, 0.11, 3)[:, None]
    return np.clip(cloth, 0.0, 1.0)


def _mix(a: Floats, b: Floats, share: Floats) -> Floats:
    mixed: Floats = a + (b - a) * share[:, None]
    return mixed


def _patterned(cloth: Floats, points: Floats, grain: Floats, plan: Plan) -> Floats:
    t, s = plan.traits, plan.scale
    across, along = grain.T / s
    if t.pattern is Pattern.STRIPES:
        wave = np.abs((along / 0.052) % 1.0 - 0.5)
        return _mix(cloth, t.trim, smoothstep(0.34, 0.37, wave))
    if t.pattern is Pattern.CHECKS:
        for line, width, strength in ((0.075, 0.17, 0.45), (0.0375, 0.06, 0.25)):
            for value in (across, along):
                wave = np.abs((value / line) % 1.0 - 0.5)
                cloth = _mix(cloth, t.trim, strength * smoothstep(width, width - 0.03, wave))
        return cloth
    if t.pattern is Pattern.DOTS:
        u, v = across / 0.045, along / 0.045
        u = u + 0.5 * (np.floor(v) % 2)
        gap = np.hypot(u % 1.0 - 0.5, v % 1.0 - 0.5)
        return _mix(cloth, t.trim, smoothstep(0.20, 0.155, gap))
    if t.pattern is Pattern.YOKE:
        line = plan.at("rightUpperArm")[1] - 0.085 * s
        wool = smoothstep(line - 0.0015 * s, line + 0.0015 * s, points[:, 1])
        band = smoothstep(0.009 * s, 0.007 * s, np.abs(points[:, 1] - line + 0.022 * s))
        return _mix(cloth, t.trim, np.maximum(wool, band))
    if t.pattern is Pattern.PRINT:
        middle = plan.at("upperChest")[1] + 0.015 * s
        x, y = np.abs(points[:, 0]) / s, (points[:, 1] - middle) / s
        front = points[:, 2] < plan.at("upperChest")[2]
        # A sun over waves: a print that is its own mirror image.
        away, soft = np.hypot(x, y), 0.0012
        ring = smoothstep(0.0045 + soft, 0.0045 - soft, np.abs(away - 0.052))
        sun = smoothstep(0.036 + soft, 0.036 - soft, away)
        wave = np.abs(((y + 0.006 * np.cos(x / 0.011)) / 0.014) % 1.0 - 0.5)
        water = smoothstep(0.27, 0.17, wave) * smoothstep(-0.002, -0.006, y)
        shown = np.maximum(ring, sun * (1.0 - water)) * front
        return _mix(cloth, t.trim, shown)
    return cloth


def _knitted(cloth: Floats, grain: Floats, *, ribbed: bool) -> Floats:
    across = grain[:, 0]
    rib = 0.5 + 0.5 * np.cos(2.0 * np.pi * across / (0.0085 if ribbed else 0.0045))
    strength = 0.085 if ribbed else 0.03
    wool = noise(grain, (0.004, 0.006), 2)
    knit: Floats = cloth * (1.0 - strength * (1.0 - rib) + 0.025 * wool)[:, None]
    return knit


def _denim(cloth: Floats, points: Floats, grain: Floats, plan: Plan) -> Floats:
    s = plan.scale
    twill = noise(grain @ np.array([[0.8, -0.6], [0.6, 0.8]]), (0.0016, 0.02), 3)
    # Washed out over the thighs and the knees, where cloth is rubbed.
    hip, knee = plan.at("rightUpperLeg"), plan.at("rightLowerLeg")
    x, y = np.abs(points[:, 0]) - hip[0], points[:, 1]
    front = smoothstep(0.02 * s, -0.05 * s, points[:, 2] - hip[2])
    long = smoothstep(knee[1] - 0.12 * s, knee[1] + 0.10 * s, y)
    long = long * smoothstep(hip[1], hip[1] - 0.16 * s, y)
    faded = front * long * np.exp(-((x / (0.055 * s)) ** 2))
    light = cloth + (np.array([0.86, 0.89, 0.93]) - cloth) * (0.22 * faded)[:, None]
    worn: Floats = light * (1.0 + 0.05 * twill)[:, None]
    return worn
