"""What makes one generated person differ from another, drawn from a seed."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats


class HairStyle(enum.Enum):
    """How the hair is worn."""

    BALD = "bald"
    BUZZ = "buzz"
    """Shaved to a few millimetres."""
    RECEDING = "receding"
    """A wreath about a bare crown."""
    CROP = "crop"
    SIDE_PART = "side-part"
    QUIFF = "quiff"
    CURLS = "curls"
    """Short and curly."""
    AFRO = "afro"
    PIXIE = "pixie"
    BOB = "bob"
    LONG = "long"
    WAVES = "waves"
    """Long and wavy."""
    PONYTAIL = "ponytail"
    BUN = "bun"
    BRAIDS = "braids"
    """Two plaits over the shoulders."""
    SCARF = "scarf"
    """Covered by a headscarf."""


class Beard(enum.Enum):
    """Hair on the face."""

    NONE = "none"
    STUBBLE = "stubble"
    MOUSTACHE = "moustache"
    SHORT = "short"
    FULL = "full"


class Glasses(enum.Enum):
    """Glasses, by the shape of their rims."""

    NONE = "none"
    ROUND = "round"
    SQUARE = "square"


class Top(enum.Enum):
    """What is worn above the waist."""

    TSHIRT = "t-shirt"
    SHIRT = "shirt"
    """With a collar, a placket and buttons."""
    SWEATER = "sweater"
    HOODIE = "hoodie"
    TUNIC = "tunic"
    """A long loose blouse to the middle of the thighs."""


class Bottom(enum.Enum):
    """What is worn below the waist."""

    TROUSERS = "trousers"
    JEANS = "jeans"
    SHORTS = "shorts"
    SKIRT = "skirt"
    """To the knee, over tights."""


class Shoes(enum.Enum):
    """What is worn on the feet."""

    SNEAKERS = "sneakers"
    BOOTS = "boots"
    FLATS = "flats"


class Pattern(enum.Enum):
    """What the top's cloth shows."""

    PLAIN = "plain"
    STRIPES = "stripes"
    CHECKS = "checks"
    DOTS = "dots"
    YOKE = "yoke"
    """Two colours, parted across the chest."""
    PRINT = "print"
    """A round print on the chest."""


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """One person's looks. Measures are factors of the average unless they say otherwise."""

    height: float
    """Metres from floor to crown, when nobody gave proportions."""
    age: float
    """Years, 6 to 85."""
    softness: float
    """0 (broad shoulders, straight waist, square jaw) to 1 (wide hips, slim waist, round jaw)."""
    build: float
    """−1 (slim) to 1 (heavy)."""
    face_width: float
    jaw_width: float
    chin_length: float
    cheek_fullness: float
    nose_length: float
    nose_width: float
    nose_bridge: float
    """How high the bridge of the nose is."""
    lip_fullness: float
    mouth_width: float
    eye_size: float
    eye_tilt: float
    """Radians by which the outer corners of the eyes are raised."""
    lid_fold: float
    """0 (a deep crease above the eye) to 1 (a smooth upper lid)."""
    brow_weight: float
    brow_height: float
    """Head units by which the brows sit higher than usual."""
    ear_size: float
    hair_style: HairStyle
    hair_curl: float
    """0 (straight) to 1 (tightly curled)."""
    beard: Beard
    glasses: Glasses
    top: Top
    bottom: Bottom
    footwear: Shoes
    pattern: Pattern
    sleeve: float
    """Where the sleeves end: 0 at the shoulder, 1 at the elbow, 2 at the wrist."""
    freckles: float
    """0 to 1."""
    skin: Floats
    """Colours: ``(3,)`` sRGB, 0 to 1."""
    lips: Floats
    iris: Floats
    hair: Floats
    shirt: Floats
    trim: Floats
    trousers: Floats
    shoes: Floats
    soles: Floats
    scarf: Floats
    frames: Floats
    """Of the glasses."""

    @property
    def girth(self) -> float:
        """How wide trunk and limbs are."""
        return 1.0 + 0.16 * self.build

    @property
    def youth(self) -> float:
        """1 for a young child, 0 for anyone grown up."""
        return float(np.clip((17.0 - self.age) / 11.0, 0.0, 1.0))

    @property
    def wear(self) -> float:
        """How much the years show: 0 up to thirty, 1 from eighty on."""
        return float(np.clip((self.age - 30.0) / 50.0, 0.0, 1.0))


# Picked by eye so that skin, hair and eyes go together, and clothes with one another.
_SKINS = ("f2cfb8", "e6b899", "d9a07c", "c08560", "99633f", "6e4530")
_HAIRS = ("2a211d", "3d2a20", "5b3a24", "7d5230", "b48650", "8f8a86")
_IRISES = ("4a3020", "6b4423", "6f7a3c", "4f7d86", "4a6f9e")
_OUTFITS = (  # shirt, trim, trousers, shoes
    ("3f7f86", "e9e4d8", "34404f", "e8e4dc"),
    ("c4603f", "f0dcc2", "3b3f4a", "8a5a3c"),
    ("e2b64f", "fff3d0", "40546e", "f0ede6"),
    ("5d6fae", "dfe5f3", "55504a", "c9563f"),
    ("7fa06a", "eef0de", "4a3f39", "efe9dd"),
    ("b5708c", "f6e3ea", "39445c", "ece7e4"),
    ("e7e1d6", "bfae94", "4d6076", "7a5238"),
)


def colour(code: str) -> Floats:
    """``(3,)`` sRGB from six hexadecimal digits."""
    return np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)]) / 255.0


def draw_traits(seed: int) -> Traits:
    """The looks that a seed stands for; the same for ever."""
    rng = np.random.default_rng([seed, 0x6B0D])

    def about(spread: float) -> float:
        return float(np.clip(1.0 + spread * rng.standard_normal(), 1 - 2 * spread, 1 + 2 * spread))

    def one_of(kind: type[enum.Enum]) -> enum.Enum:
        members = list(kind)
        return members[int(rng.integers(len(members)))]

    # A person's looks cluster softly about two builds rather than at the bland middle.
    softness = float(np.clip(rng.choice([0.12, 0.88]) + 0.12 * rng.standard_normal(), 0.0, 1.0))
    tone = int(rng.integers(len(_SKINS)))
    # Fair hair and light eyes are the fair-skinned people's; grey may come to anyone.
    grey = rng.random() < 0.1
    hair_choice = len(_HAIRS) - 1 if grey else int(rng.integers(max(2, 5 - tone)))
    iris_choice = int(rng.integers(max(2, 5 - tone)))
    shirt, trim, trousers, shoes = _OUTFITS[int(rng.integers(len(_OUTFITS)))]
    skin = colour(_SKINS[tone])
    return Traits(
        height=1.745 - 0.12 * softness + 0.055 * float(np.clip(rng.standard_normal(), -1.8, 1.8)),
        age=float(rng.uniform(18, 70)),
        softness=softness,
        build=float(np.clip(0.4 * rng.standard_normal(), -1.0, 1.0)),
        face_width=about(0.035),
        jaw_width=about(0.04) * (1.03 - 0.15 * softness),
        chin_length=about(0.04) * (1.03 - 0.06 * softness),
        cheek_fullness=about(0.05),
        nose_length=about(0.07),
        nose_width=about(0.10),
        nose_bridge=about(0.10),
        lip_fullness=about(0.10) * (0.88 + 0.26 * softness),
        mouth_width=about(0.05),
        eye_size=about(0.03) * (1.04 + 0.06 * softness),
        eye_tilt=0.05 + 0.04 * float(rng.standard_normal()),
        lid_fold=float(rng.random()),
        brow_weight=about(0.12) * (1.15 - 0.4 * softness),
        brow_height=0.0,
        ear_size=about(0.05),
        hair_style=HairStyle(one_of(HairStyle)),
        hair_curl=float(rng.random()),
        beard=Beard.NONE,
        glasses=Glasses.NONE,
        top=Top(one_of(Top)),
        bottom=Bottom(one_of(Bottom)),
        footwear=Shoes(one_of(Shoes)),
        pattern=Pattern(one_of(Pattern)),
        sleeve=float(rng.choice([0.55, 1.45, 1.9, 1.9])),
        freckles=0.0,
        skin=skin,
        lips=np.clip(
            skin * (np.array([0.92, 0.73, 0.71]) - np.array([0.0, 0.06, 0.04]) * softness), 0.0, 1.0
        ),
        iris=colour(_IRISES[iris_choice]),
        hair=colour(_HAIRS[hair_choice]),
        shirt=colour(shirt),
        trim=colour(trim),
        trousers=colour(trousers),
        shoes=colour(shoes),
        soles=colour("f4f1ea"),
        scarf=colour(shirt),
        frames=colour("2b2522"),
    )
