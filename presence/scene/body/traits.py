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


def colour(code: str) -> Floats:
    """``(3,)`` sRGB from six hexadecimal digits."""
    return np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)]) / 255.0
