"""Drawing a person's looks from a seed: what goes together, and how it varies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.traits import (
    Beard,
    Bottom,
    Glasses,
    HairStyle,
    Pattern,
    Shoes,
    Top,
    Traits,
    colour,
)

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class _Stock:
    """Features that are often found together; every one varies about these."""

    skins: tuple[str, ...]
    hairs: tuple[str, ...]
    irises: tuple[str, ...]
    face_width: float = 1.0
    nose_width: float = 1.0
    nose_bridge: float = 1.0
    nose_length: float = 1.0
    lips: float = 1.0
    tilt: float = 0.05
    fold: float = 0.15
    brows: float = 1.0
    curl: float = 0.2


# Picked by eye so that skin, hair and eyes go together. People of every part of the world; no name
# is given to them, because nobody is a kind.
_STOCKS = (
    _Stock(
        ("f3d3bf", "efc9b0", "e8bd9f"),
        ("6b4426", "8a5a30", "b98a4e", "d0a768", "94492a", "3f2a1c"),
        ("4f7d96", "5f8a78", "6f7a4c", "5b7fa8", "6b4a2a"),
        nose_width=0.93, nose_bridge=1.08, lips=0.92, fold=0.10, brows=0.92,
    ),
    _Stock(
        ("e3b48f", "d6a176", "c98f64"),
        ("2a1d15", "35241a", "4a3020"),
        ("5a3a20", "4a2f1c", "6f6034"),
        nose_bridge=1.16, nose_length=1.06, fold=0.10, brows=1.18, curl=0.35,
    ),
    _Stock(
        ("f1d2b2", "e9c19b", "dcae84"),
        ("1f1a19", "262020", "33261f"),
        ("3a2418", "4a2e1c"),
        face_width=1.035, nose_width=1.02, nose_bridge=0.84, tilt=0.095, fold=0.92, curl=0.0,
    ),
    _Stock(
        ("c68d60", "a8734b", "8d5c3b"),
        ("1c1614", "241a16"),
        ("3d2415", "4a2d18"),
        nose_bridge=1.10, nose_length=1.03, lips=1.08, fold=0.12, brows=1.15,
    ),
    _Stock(
        ("946143", "7a4f36", "64402c", "573726"),
        ("171312", "1f1815"),
        ("33200f", "40281a"),
        nose_width=1.20, nose_bridge=0.86, lips=1.26, tilt=0.06, fold=0.20, curl=0.95,
    ),
    _Stock(
        ("d7a377", "bf885c", "a5714a"),
        ("1f1815", "2c1f18", "3d291c"),
        ("3f2616", "5a3b22"),
        face_width=1.03, nose_width=1.07, nose_bridge=1.04, lips=1.06, fold=0.35,
    ),
    _Stock(
        ("c99468", "b27c52", "dcab80"),
        ("1d1715", "2a1e19"),
        ("3a2415",),
        face_width=1.03, nose_width=1.14, nose_bridge=0.92, lips=1.15, fold=0.45, curl=0.3,
    ),
)  # fmt: skip
_OUTFITS = (  # shirt, trim, trousers, shoes
    ("3f7f86", "e9e4d8", "34404f", "e8e4dc"),
    ("c4603f", "f0dcc2", "3b3f4a", "8a5a3c"),
    ("e0b04c", "fff0cf", "40546e", "f0ede6"),
    ("5d6fae", "dfe5f3", "55504a", "c9563f"),
    ("7fa06a", "eef0de", "4a3f39", "efe9dd"),
    ("b5708c", "f6e3ea", "39445c", "ece7e4"),
    ("e7e1d6", "a98f70", "4d6076", "7a5238"),
    ("2f4a63", "e7c46a", "8b7a62", "3a2f2a"),
    ("9b4a4a", "f1e0d2", "2e3640", "d9d2c6"),
    ("f0e7da", "3f6f8f", "3f4f46", "b5623f"),
    ("6a5a8c", "f2d7a8", "4a4f58", "efe8de"),
    ("44705a", "f0e6c8", "6b5848", "e6dfd2"),
    ("d98c6a", "fdf1e3", "4a5a78", "8f6b4a"),
    ("8fb3c9", "fbf7ee", "3d4658", "c2503e"),
)
_SCARVES = ("c9b8a4", "7d8fa3", "a86f6a", "5f7d72", "d8cbb8", "6a5a7a")
_FRAMES = ("2b2522", "5a3a26", "7a2e2a", "3b4a5a", "8c8478")
_YEARS = np.array([5.0, 6.0, 10.0, 14.0, 17.5])
_GROWN = np.array([0.63, 0.675, 0.80, 0.925, 1.0])
"""How tall children are, of what they will be (WHO growth reference, 2007)."""

_SOFT_HAIR = {
    HairStyle.LONG: 3.0, HairStyle.WAVES: 3.0, HairStyle.BOB: 2.5, HairStyle.PONYTAIL: 2.5,
    HairStyle.BUN: 2.0, HairStyle.PIXIE: 1.5, HairStyle.BRAIDS: 0.8, HairStyle.SIDE_PART: 0.3,
}  # fmt: skip
_BROAD_HAIR = {
    HairStyle.CROP: 2.5, HairStyle.SIDE_PART: 3.0, HairStyle.QUIFF: 2.5, HairStyle.BUZZ: 1.0,
    HairStyle.BUN: 0.2, HairStyle.WAVES: 0.25,
}  # fmt: skip
_CURLY_HAIR = {HairStyle.CURLS: 3.0, HairStyle.AFRO: 2.0, HairStyle.BUZZ: 1.2}
_PATTERNS = {
    Top.TSHIRT: {Pattern.PLAIN: 2.0, Pattern.PRINT: 2.0, Pattern.STRIPES: 1.5, Pattern.YOKE: 0.7},
    Top.SHIRT: {Pattern.PLAIN: 2.5, Pattern.CHECKS: 2.5, Pattern.STRIPES: 0.6, Pattern.DOTS: 0.5},
    Top.SWEATER: {Pattern.PLAIN: 2.5, Pattern.STRIPES: 1.3, Pattern.YOKE: 1.5},
    Top.HOODIE: {Pattern.PLAIN: 3.0, Pattern.YOKE: 0.8, Pattern.PRINT: 0.6},
    Top.TUNIC: {Pattern.PLAIN: 2.0, Pattern.DOTS: 2.0, Pattern.CHECKS: 0.4, Pattern.YOKE: 0.4},
}


class _Dice:
    """What chance says for one seed. State: the generator, which moves on with every draw."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 0x6B0D])

    def about(self, mean: float, spread: float) -> float:
        """Near ``mean``, seldom more than two spreads away and never further."""
        return mean + spread * float(np.clip(self._rng.standard_normal(), -2.0, 2.0))

    def chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def between(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))

    def one_of(self, things: Sequence[Kind]) -> Kind:
        return things[int(self._rng.integers(len(things)))]

    def weighed(self, things: dict[Kind, float]) -> Kind:
        shares = np.cumsum(list(things.values()))
        place = int(np.searchsorted(shares, self._rng.random() * shares[-1], side="right"))
        return list(things)[place]


def draw_traits(seed: int) -> Traits:
    """The looks that a seed stands for; the same for ever."""
    dice = _Dice(seed)
    stock = dice.one_of(_STOCKS)
    # A person's looks cluster softly about two builds rather than at the bland middle.
    softness = float(np.clip(dice.about(dice.one_of((0.12, 0.88)), 0.11), 0.0, 1.0))
    low, high = dice.weighed({(6.0, 14.0): 1.5, (15.0, 26.0): 2.0, (26.0, 52.0): 4.0,
                              (52.0, 84.0): 3.0})  # fmt: skip
    age = dice.between(low, high)
    grown = age >= 17.5
    stature = dice.about(1.75 - 0.125 * softness, 0.055)
    # Growing up, builds part slowly; growing old costs a little height.
    softness = 0.5 + (softness - 0.5) * (1.0 if grown else 0.55)
    height = stature * float(np.interp(age, _YEARS, _GROWN)) - 0.02 * max(age - 55.0, 0.0) / 25.0
    build = float(np.clip(dice.about(0.06 if grown else -0.1, 0.36), -1.0, 1.0))
    skin = colour(dice.one_of(stock.skins)) * dice.about(1.0, 0.018)
    fair = float(np.clip((skin.mean() - 0.35) / 0.4, 0.0, 1.0))
    curl = float(np.clip(dice.about(stock.curl, 0.18), 0.0, 1.0))
    hair_style = _hair_style(dice, softness, age, curl)
    shirt, trim, trousers, shoes = (colour(code) for code in dice.one_of(_OUTFITS))
    top, bottom, footwear, sleeve = _clothes(dice, softness, age, hair_style)
    tint = np.array([0.93, 0.72, 0.70]) - np.array([0.0, 0.06, 0.03]) * softness * fair
    lips = skin * (tint + (1.0 - fair) * np.array([-0.04, 0.07, 0.11]))
    traits = Traits(
        height=height,
        age=age,
        softness=softness,
        build=build,
        face_width=dice.about(stock.face_width, 0.03),
        jaw_width=dice.about(1.03 - 0.12 * softness, 0.04),
        chin_length=dice.about(1.03 - 0.06 * softness, 0.032),
        cheek_fullness=dice.about(1.0, 0.045),
        nose_length=dice.about(stock.nose_length, 0.06),
        nose_width=dice.about(stock.nose_width * (1.02 - 0.05 * softness), 0.055),
        nose_bridge=dice.about(stock.nose_bridge, 0.06),
        lip_fullness=dice.about(stock.lips * (0.88 + 0.24 * softness), 0.08),
        mouth_width=dice.about(1.0, 0.05),
        eye_size=dice.about(1.04 + 0.06 * softness, 0.025) * (1.0 if grown else 1.03),
        eye_tilt=dice.about(stock.tilt, 0.03),
        lid_fold=float(np.clip(dice.about(stock.fold, 0.12), 0.0, 1.0)),
        brow_weight=dice.about(stock.brows * (1.15 - 0.38 * softness), 0.10),
        brow_height=dice.about(0.10 * softness, 0.10),
        ear_size=dice.about(1.0, 0.06) * (1.0 + 0.10 * max(age - 40.0, 0.0) / 40.0),
        hair_style=hair_style,
        hair_curl=curl,
        beard=_beard(dice, softness, age),
        glasses=_glasses(dice, age),
        top=top,
        bottom=bottom,
        footwear=footwear,
        pattern=dice.weighed(_PATTERNS[top]),
        sleeve=sleeve,
        freckles=dice.between(0.4, 1.0) if fair > 0.8 and dice.chance(0.35) else 0.0,
        skin=np.clip(skin, 0.0, 1.0),
        lips=np.clip(lips, 0.0, 1.0),
        iris=colour(dice.one_of(stock.irises)),
        hair=_aged(colour(dice.one_of(stock.hairs)), age),
        shirt=shirt,
        trim=trim,
        trousers=trousers,
        shoes=shoes,
        soles=colour("f4f1ea"),
        scarf=colour(dice.one_of(_SCARVES)),
        frames=colour(dice.one_of(_FRAMES)),
    )
    # Knits of one colour have ribs of that colour, more often than not.
    knit = top in (Top.SWEATER, Top.HOODIE) and traits.pattern is Pattern.PLAIN
    if knit and dice.chance(0.7):
        traits = replace(traits, trim=0.84 * traits.shirt)
    return traits


def _aged(hair: Floats, age: float) -> Floats:
    """Hair pales as a whole late in life; before that strand by strand, which is painted."""
    pale = float(np.clip((age - 58.0) / 20.0, 0.0, 1.0))
    return hair + (np.array([0.86, 0.85, 0.83]) - hair) * (0.85 * pale)


def _hair_style(dice: _Dice, softness: float, age: float, curl: float) -> HairStyle:
    if softness > 0.6 and age > 16.0 and dice.chance(0.09):
        return HairStyle.SCARF
    if softness < 0.4 and age > 42.0 and dice.chance((age - 34.0) / 90.0):
        return dice.weighed({HairStyle.RECEDING: 3.0, HairStyle.BALD: 0.8, HairStyle.BUZZ: 1.2})
    if curl > 0.65:
        styles = dict(_CURLY_HAIR)
        if softness > 0.5:
            styles |= {HairStyle.BRAIDS: 1.5, HairStyle.BUN: 1.2, HairStyle.AFRO: 2.5}
            styles.pop(HairStyle.BUZZ)
        return dice.weighed(styles)
    styles = dict(_SOFT_HAIR if softness > 0.5 else _BROAD_HAIR)
    if age < 15.0 and softness > 0.5:
        styles |= {HairStyle.BRAIDS: 2.5, HairStyle.PONYTAIL: 3.0}
    if age > 60.0 and softness > 0.5:
        styles |= {HairStyle.PIXIE: 4.0, HairStyle.LONG: 0.7, HairStyle.BUN: 3.0}
        styles.pop(HairStyle.BRAIDS)
    if curl > 0.3:
        styles |= {HairStyle.CURLS: 1.5}
    return dice.weighed(styles)


def _beard(dice: _Dice, softness: float, age: float) -> Beard:
    if softness > 0.45 or age < 19.0:
        return Beard.NONE
    return dice.weighed({
        Beard.NONE: 4.0, Beard.STUBBLE: 2.0, Beard.SHORT: 1.6, Beard.FULL: 1.0,
        Beard.MOUSTACHE: 0.6,
    })  # fmt: skip


def _glasses(dice: _Dice, age: float) -> Glasses:
    share = 0.10 if age < 17.0 else 0.22 if age < 50.0 else 0.42
    if not dice.chance(share):
        return Glasses.NONE
    return dice.one_of((Glasses.ROUND, Glasses.SQUARE))


def _clothes(
    dice: _Dice, softness: float, age: float, hair: HairStyle
) -> tuple[Top, Bottom, Shoes, float]:
    """What is worn above, below and on the feet, and where the sleeves end."""
    soft, young = softness > 0.5, age < 25.0
    tops = {Top.TSHIRT: 2.0, Top.SHIRT: 2.0, Top.SWEATER: 2.2, Top.HOODIE: 1.8 if young else 0.6}
    if soft:
        tops[Top.TUNIC] = 1.6
    if age > 60.0:
        tops |= {Top.TSHIRT: 0.6, Top.HOODIE: 0.1}
    top = dice.weighed(tops)
    bottoms = {Bottom.TROUSERS: 2.0, Bottom.JEANS: 2.5}
    if soft:
        bottoms[Bottom.SKIRT] = 1.2
    if age < 30.0 and top is Top.TSHIRT:
        bottoms[Bottom.SHORTS] = 1.5
    bottom = dice.weighed(bottoms)
    shoes = {Shoes.SNEAKERS: 3.0, Shoes.BOOTS: 1.2 if bottom is not Bottom.SHORTS else 0.1}
    if soft:
        shoes[Shoes.FLATS] = 1.5
    footwear = dice.weighed(shoes)
    sleeve = {
        Top.TSHIRT: dice.one_of((0.5, 0.6, 0.75)),
        Top.SHIRT: dice.one_of((0.6, 1.4, 1.9, 1.9)),
        Top.TUNIC: dice.one_of((0.7, 1.4, 1.9)),
    }.get(top, 1.9)
    return top, bottom, footwear, 1.9 if hair is HairStyle.SCARF else sleeve
