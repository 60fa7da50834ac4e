"""What other programs call a face's shapes, and what their coarser expressions are made of.

Perfect Sync: an avatar has an expression for each of ARKit's 52 shapes, by its name. Others have
the presets of VRM 0.x or 1.0; which of them is which, the VMC protocol says
(https://protocol.vmc.info/english), and what a preset does to a face is our own choice.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX, SHAPES

PERFECT_SYNC: tuple[str, ...] = tuple(name[0].upper() + name[1:] for name in SHAPES)
"""The names by which they are sent."""

_REMEMBERED = 1024
"""Names: an avatar's come again with every frame; a stranger's are forgotten."""
_BY_NAME = {name.lower(): i for i, name in enumerate(SHAPES)}

_MADE_OF: dict[str, str] = {
    "aa": "jawOpen 0.7, mouthLowerDown 0.3, mouthUpperUp 0.15",
    "ih": "jawOpen 0.15, mouthStretch 0.5, mouthLowerDown 0.3",
    "ou": "jawOpen 0.1, mouthPucker 0.7, mouthFunnel 0.2",
    "ee": "jawOpen 0.3, mouthStretch 0.4, mouthLowerDown 0.3",
    "oh": "jawOpen 0.45, mouthFunnel 0.6",
    "happy": "mouthSmile 0.8, cheekSquint 0.5, eyeSquint 0.3",
    "angry": "browDown 0.8, noseSneer 0.3, mouthFrown 0.3, mouthPress 0.3",
    "sad": "browInnerUp 0.8, mouthFrown 0.6, mouthShrugLower 0.3",
    "relaxed": "mouthSmile 0.5, eyeSquint 0.2",
    "surprised": "browInnerUp 0.6, browOuterUp 0.7, eyeWide 0.6, jawOpen 0.3",
    "blink": "eyeBlink 1",
    "blinkleft": "eyeBlinkLeft 1",
    "blinkright": "eyeBlinkRight 1",
    "lookup": "eyeLookUp 1",
    "lookdown": "eyeLookDown 1",
    "lookleft": "eyeLookOutLeft 1, eyeLookInRight 1",
    "lookright": "eyeLookInLeft 1, eyeLookOutRight 1",
}
_VRM0 = {
    "a": "aa", "i": "ih", "u": "ou", "e": "ee", "o": "oh",
    "joy": "happy", "sorrow": "sad", "fun": "relaxed", "surprise": "surprised",
    "blinkl": "blinkleft", "blinkr": "blinkright",
}  # fmt: skip


def _recipe(text: str) -> Floats:
    shapes = np.zeros(SHAPE_COUNT)
    for part in text.split(", "):
        name, value = part.split()
        names = [name] if name in SHAPE_INDEX else [name + "Left", name + "Right"]
        shapes[[SHAPE_INDEX[each] for each in names]] = float(value)
    return shapes


PRESETS: dict[str, Floats] = {name: _recipe(text) for name, text in _MADE_OF.items()}
"""``(52,)`` what each preset of VRM 1.0 does, by its name in small letters."""


@lru_cache(maxsize=_REMEMBERED)
def shape_of(name: str) -> int | None:
    """The index of a shape by what a program calls it: any case, ``eyeBlink_L`` too."""
    plain = re.sub(r"[_\s.-]+(l|left)$", "left", name.strip().lower())
    plain = re.sub(r"[_\s.-]+(r|right)$", "right", plain)
    return _BY_NAME.get(re.sub(r"[_\s.-]+", "", plain))


@lru_cache(maxsize=_REMEMBERED)
def preset_of(name: str) -> str | None:
    """The preset of VRM 1.0 by what VRM 0.x or 1.0 call it, in any case."""
    plain = re.sub(r"[_\s.-]+", "", name.strip().lower())
    plain = _VRM0.get(plain, plain)
    return plain if plain in PRESETS else None
