"""Face shapes under other names: as files spell them, and as VRM's expressions group them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from presence.pose.face import SHAPE_INDEX, SHAPES
from presence.scene.glb import Json

PRESETS: Mapping[str, Mapping[str, float]] = {
    "happy": {"mouthSmile": 0.9, "cheekSquint": 0.6, "eyeSquint": 0.3},
    "angry": {"browDown": 1.0, "noseSneer": 0.5, "mouthPress": 0.4, "mouthFrown": 0.3},
    "sad": {"browInnerUp": 1.0, "mouthFrown": 0.8, "mouthShrugLower": 0.4},
    "relaxed": {"mouthSmile": 0.4, "eyeBlink": 0.25, "browInnerUp": 0.2},
    "surprised": {"browInnerUp": 1.0, "browOuterUp": 1.0, "eyeWide": 0.8, "jawOpen": 0.4},
    "aa": {"jawOpen": 0.7, "mouthLowerDown": 0.2},
    "ih": {"jawOpen": 0.2, "mouthStretch": 0.5, "mouthUpperUp": 0.2},
    "ou": {"mouthPucker": 0.9, "jawOpen": 0.15},
    "ee": {"jawOpen": 0.35, "mouthStretch": 0.4, "mouthSmile": 0.2},
    "oh": {"mouthFunnel": 0.8, "jawOpen": 0.4},
    "blink": {"eyeBlink": 1.0},
    "blinkLeft": {"eyeBlinkLeft": 1.0},
    "blinkRight": {"eyeBlinkRight": 1.0},
    "lookUp": {"eyeLookUp": 1.0},
    "lookDown": {"eyeLookDown": 1.0},
    "lookLeft": {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0},
    "lookRight": {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0},
    "neutral": {},
}
"""Each preset of VRM 1.0 as weights of face shapes; a name without its side stands for both."""

_OVERRIDES: Mapping[str, Json] = {
    "happy": {"overrideBlink": "blend"},
    "relaxed": {"overrideBlink": "blend"},
    "surprised": {"overrideMouth": "blend"},
}
"""What a preset already does in part, so that it is not done twice."""

STAND_INS: Mapping[str, tuple[str, ...]] = {
    "blinkLeft": ("eyeBlinkLeft",),
    "blinkRight": ("eyeBlinkRight",),
    "blink": ("eyeBlink",),
    "aa": ("jawOpen",),
    "ou": ("mouthPucker",),
    "oh": ("mouthFunnel",),
    "ih": ("mouthStretch",),
    "happy": ("mouthSmile",),
    "angry": ("browDown",),
    "sad": ("mouthFrown",),
    "surprised": ("browOuterUp",),
    "lookUp": ("eyeLookUp",),
    "lookDown": ("eyeLookDown",),
    "lookLeft": ("eyeLookOutLeft", "eyeLookInRight"),
    "lookRight": ("eyeLookInLeft", "eyeLookOutRight"),
}
"""The face shapes that a preset comes nearest to, for files that have no shapes by name."""


def sided(name: str) -> tuple[str, ...]:
    """A shape's name, or both names of one whose side is left out."""
    return (name,) if name in SHAPE_INDEX else (f"{name}Left", f"{name}Right")


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_SPELLINGS = {_bare(name): i for i, name in enumerate(SHAPES)} | {
    # eyeBlink_L, and no clash: no shape's name ends in a lone l or r otherwise.
    _bare(name)[: -len(side)] + side[0]: i
    for i, name in enumerate(SHAPES)
    for side in ("left", "right")
    if _bare(name).endswith(side)
}


def shape_named(name: str) -> int | None:
    """The face shape that a file calls so: ``EyeBlinkLeft``, ``eyeBlink_L``, ``Face.jawOpen``."""
    for spelling in (name, re.split(r"[.:|/]", name)[-1]):
        found = _SPELLINGS.get(_bare(spelling))
        if found is not None:
            return found
    return None


def expressions(node: int | None, shapes: list[int]) -> Json:
    """The ``expressions`` of a file.

    Args:
        node: the index of the node with the morph targets; None when nothing moves.
        shapes: the face shape of each target, in the targets' order.
    """
    target_of = {SHAPES[shape]: target for target, shape in enumerate(shapes)}

    def bound(weights: Mapping[str, float]) -> Json:
        binds = [
            {"node": node, "index": target_of[name], "weight": weight}
            for group, weight in weights.items()
            for name in sided(group)
            if name in target_of
        ]
        return {"morphTargetBinds": binds} if binds else {}

    return {
        "preset": {
            name: bound(weights) | _OVERRIDES.get(name, {}) for name, weights in PRESETS.items()
        },
        "custom": {name: bound({name: 1.0}) for name in SHAPES if name in target_of},
    }
