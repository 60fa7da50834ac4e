"""What the lips do in each shape of the mouth.

Lips go by their place in the loop, never by where they are: upper and lower lip lie on each other
at rest and must part, or stay together. Displacements are in head units: right, up, forward. Of
shapes with a left and a right form these are the right ones.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.rig import Lips
from presence.scene.body.sculpt import smoothstep

LipField = Callable[[Lips], Floats]


def _moved(right: Floats | float, up: Floats | float, forward: Floats | float) -> Floats:
    moved: Floats = np.stack(np.broadcast_arrays(right, up, forward), axis=1)
    return moved


def _corner(lips: Lips, start: float = -0.15) -> Floats:
    """``(N,)`` 1 in the right corner, falling off towards the left half."""
    return smoothstep(start, 1.0, lips.place)


def _half(lips: Lips) -> Floats:
    """``(N,)`` 1 over the right half, blending into the left."""
    return smoothstep(-0.45, 0.45, lips.place)


def _round(lips: Lips) -> Floats:
    """``(N,)`` 1 in the middle, 0 in the corners."""
    return np.abs(lips.bow)


def _red(lips: Lips) -> Floats:
    """``(N,)`` how high each is above the meeting line."""
    return lips.points[:, 1] - lips.line[:, 1]


def smile(lips: Lips) -> Floats:
    """The corner goes up and out; the lips thin as they stretch over the teeth."""
    k = _corner(lips)
    thin = -0.16 * _red(lips) * k
    flat = -0.45 * lips.pillow * smoothstep(-0.3, 0.6, lips.place) * _round(lips)
    return _moved(0.62 * k, 0.09 * _half(lips) + 0.64 * k**1.5 + thin, -0.06 - 0.52 * k**1.5 + flat)


def frown(lips: Lips) -> Floats:
    """The corner goes down; the lower lip's middle is pushed up a little."""
    k = _corner(lips)
    pushed = 0.07 * _half(lips) * _round(lips)
    return _moved(0.06 * k, pushed - 0.60 * k**1.6, -0.16 * k)


def dimple(lips: Lips) -> Floats:
    """The corner is drawn straight back."""
    k = _corner(lips, 0.25)
    return _moved(0.34 * k, 0.06 * k, -0.46 * k)


def stretch(lips: Lips) -> Floats:
    """The corner is drawn aside and a little down; the lips go thin and flat."""
    k = _corner(lips)
    thin = -0.26 * _red(lips) * smoothstep(-0.5, 0.7, lips.place)
    flat = -0.5 * lips.pillow * smoothstep(-0.3, 0.6, lips.place) * _round(lips)
    return _moved(0.74 * k, -0.24 * k**2 + thin, -0.50 * k**1.5 + flat)


def press(lips: Lips) -> Floats:
    """Both lips are pressed upon each other: their red all but goes."""
    half = _half(lips)
    hold = np.where(lips.bow > 0.0, 0.34, 0.43) * half
    flat = -0.5 * lips.pillow * half * _round(lips)
    return _moved(0.10 * _corner(lips), -hold * _red(lips) + 0.04 * half, flat)


def lower_down(lips: Lips) -> Floats:
    """The lower lip goes down on one side and shows the lower teeth."""
    side = _half(lips) * (lips.bow < 0.0) * _round(lips) ** 1.5
    return _moved(0.10 * side, -0.62 * side, -0.02 * side)


def upper_up(lips: Lips) -> Floats:
    """The upper lip goes up on one side and shows the upper teeth."""
    side = _half(lips) * (lips.bow > 0.0) * _round(lips) ** 1.5
    return _moved(0.08 * side, (0.56 - 0.10 * lips.depth) * side, 0.05 * side)


def _rounded(
    lips: Lips, width: float, red: float, forward: float, gap: tuple[float, float]
) -> Floats:
    """The mouth drawn together to ``width`` of its own, forward, and opened by ``gap``."""
    arch = np.sqrt(np.maximum(1.0 - lips.place**2, 0.0))
    above = lips.bow > 0.0
    share = np.abs(lips.line[:, 0]).max()
    middle = lips.line[np.abs(lips.place).argmin()]
    # The line straightens, and the red is as high beside the middle as in it.
    level = middle[1] - lips.line[:, 1]
    height = np.where(above, red, -red) * share * 0.33 * arch * lips.depth
    opened = np.where(above, gap[0], -gap[1]) * arch**1.5 * (lips.bow != 0.0)
    # The corners come up to the middle, and the lips turn out.
    even = 0.80 * (middle[2] - lips.line[:, 2])
    return _moved(
        (width - 1.0) * lips.line[:, 0],
        0.8 * level + (height - _red(lips)) * (lips.depth > 0.0) + opened,
        forward + even - 0.16 * lips.depth * arch,
    )


def pucker(lips: Lips) -> Floats:
    """A kiss: closed lips, drawn together and put forward."""
    return _rounded(lips, 0.42, 1.2, 0.82, (0.0, 0.0))


def funnel(lips: Lips) -> Floats:
    """An open, rounded mouth, as for "oh"."""
    return _rounded(lips, 0.58, 0.95, 0.56, (0.17, 0.22))


def _rolled(lips: Lips, mine: Floats) -> Floats:
    hold = mine * (1.0 - lips.place**4)
    # Every row goes to near where the lips meet, the border last; the flesh goes over the teeth.
    kept = np.interp(lips.depth, [0.0, 0.38, 0.73, 1.0], [0.0, 0.84, 0.78, 0.66]) * hold
    moved = kept[:, None] * (lips.line - lips.points)
    moved[:, 2] -= 0.10 * hold
    return moved


def roll_lower(lips: Lips) -> Floats:
    """The lower lip rolls in over the teeth."""
    moved = _rolled(lips, (lips.bow < 0.0).astype(np.float64))
    moved[:, 1] += 0.06 * (lips.bow < 0.0) * _round(lips)
    return moved


def roll_upper(lips: Lips) -> Floats:
    """The upper lip rolls in over the teeth."""
    moved = _rolled(lips, (lips.bow > 0.0).astype(np.float64))
    moved[:, 1] -= 0.06 * (lips.bow > 0.0) * _round(lips)
    return moved


def shrug_lower(lips: Lips) -> Floats:
    """The chin pushes the lower lip up and out; the upper lip gives way."""
    own = (lips.bow <= 0.0).astype(np.float64)
    out = _round(lips) ** 1.5
    up = np.where(own > 0.0, 0.24 + 0.06 * lips.depth, 0.24 - 0.16 * lips.depth)
    forward = np.where(own > 0.0, 0.20 + 0.16 * lips.depth, 0.12 - 0.10 * lips.depth)
    return _moved(0.0, up * out, forward * out)


def shrug_upper(lips: Lips) -> Floats:
    """The upper lip goes out and up; the lower stays with it where they meet."""
    own = (lips.bow >= 0.0).astype(np.float64)
    out = _round(lips) ** 1.5
    up = np.where(own > 0.0, 0.16 + 0.12 * lips.depth, 0.16 - 0.12 * lips.depth)
    forward = np.where(own > 0.0, 0.30 - 0.04 * lips.depth, 0.24 - 0.18 * lips.depth)
    return _moved(0.0, up * out, forward * out)


def aside(lips: Lips) -> Floats:
    """Both lips go to the right, round the teeth."""
    return _moved(0.72, 0.03 * lips.place, -0.06 - 0.26 * lips.place)


def parted(lips: Lips) -> Floats:
    """The lips let the tongue through."""
    above = np.where(lips.bow > 0.0, 0.24, -0.24)
    return _moved(0.0, above * (lips.bow != 0.0) * _round(lips) ** 3.0, 0.04)


def puffed(lips: Lips) -> Floats:
    """Closed lips, swollen a little by the air behind them."""
    return _moved(0.0, 0.0, 0.12 + 0.0 * lips.place)


def sneered(lips: Lips) -> Floats:
    """The upper lip's border goes up with the nose, without parting the lips."""
    side = _half(lips) * (lips.bow > 0.0) * _round(lips) ** 1.5
    return _moved(0.0, 0.20 * side * lips.depth, 0.04 * side * lips.depth)
