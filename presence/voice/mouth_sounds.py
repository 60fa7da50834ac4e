"""The kinds of sound that lips tell apart: what a listener could read from a mouth, and no more."""

from __future__ import annotations

import enum

import numpy as np

from presence.pose.arrays import Floats, Ints, frozen
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX


class MouthSound(enum.IntEnum):
    """What a mouth does at a moment. The order is that of the model's scores."""

    PAUSE = 0
    SHUT = 1
    """The lips meet: m, b, p."""
    BITTEN = 2
    """The lower lip at the upper teeth: f, v."""
    HISSED = 3
    """The teeth nearly meet: s, z, ts."""
    HUSHED = 4
    """The lips forward, the teeth nearly shut: the sounds of *she*, *measure*, *cheap*, *job*."""
    TONGUED = 5
    """The tongue does it, and the lips only follow: t, d, n, l, r, k, g, h, th."""
    OPEN = 6
    """The vowels of *father*, *cat*, *cup*."""
    MID = 7
    """The vowels of *bed*, *bird*, *about*."""
    SPREAD = 8
    """The vowels of *see* and *sit*, and the y of *yes*."""
    PUCKERED = 9
    """The vowels of *blue* and *put*, the French and German ones of *rue* and *peu*, and w."""
    ROUND = 10
    """The vowels of *go* and *law*."""


SOUND_COUNT = len(MouthSound)

_SHOWN: dict[MouthSound, dict[str, float]] = {
    MouthSound.PAUSE: {},
    # The jaw does not shut with the lips: what seals them is told apart.
    MouthSound.SHUT: {"jawOpen": 0.1},
    MouthSound.BITTEN: {"jawOpen": 0.05, "mouthRollLower": 0.6, "mouthUpperUp": 0.2},
    MouthSound.HISSED: {"jawOpen": 0.06, "mouthStretch": 0.16, "mouthLowerDown": 0.18}
    | {"mouthUpperUp": 0.1},
    MouthSound.HUSHED: {"jawOpen": 0.09, "mouthFunnel": 0.4, "mouthPucker": 0.22},
    MouthSound.TONGUED: {"jawOpen": 0.14, "mouthLowerDown": 0.09, "mouthUpperUp": 0.03},
    MouthSound.OPEN: {"jawOpen": 0.5, "mouthLowerDown": 0.14, "mouthUpperUp": 0.06},
    MouthSound.MID: {"jawOpen": 0.3, "mouthStretch": 0.12, "mouthLowerDown": 0.14}
    | {"mouthUpperUp": 0.06},
    MouthSound.SPREAD: {"jawOpen": 0.16, "mouthStretch": 0.26, "mouthSmile": 0.14}
    | {"mouthLowerDown": 0.14, "mouthUpperUp": 0.1},
    MouthSound.PUCKERED: {"jawOpen": 0.15, "mouthPucker": 0.66, "mouthFunnel": 0.2},
    MouthSound.ROUND: {"jawOpen": 0.34, "mouthFunnel": 0.46, "mouthPucker": 0.26},
}

VOWELS = (
    MouthSound.OPEN,
    MouthSound.MID,
    MouthSound.SPREAD,
    MouthSound.PUCKERED,
    MouthSound.ROUND,
)
"""With these the jaw goes with the loudness."""


def _values(named: dict[str, float]) -> Floats:
    """``(52,)`` from coefficients by name; a name without its side stands for both."""
    values = np.zeros(SHAPE_COUNT)
    for name, value in named.items():
        sides = [name] if name in SHAPE_INDEX else [name + "Left", name + "Right"]
        for side in sides:
            values[SHAPE_INDEX[side]] = value
    return frozen(values)


SHOWN = frozen(np.stack([_values(_SHOWN[sound]) for sound in MouthSound]))
"""``(11, 52)`` the ARKit shapes of each sound, said as loudly as usual."""

PRESSED = _values({"mouthPress": 0.26, "mouthRollLower": 0.12, "mouthRollUpper": 0.1})
"""``(52,)`` what is added where the lips meet."""

PARTING: Ints = np.array(
    [
        SHAPE_INDEX[name]
        for name in (
            *("mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft"),
            *("mouthUpperUpRight", "mouthFunnel"),
        )
    ]
)
"""What would keep lips apart that have to meet."""
