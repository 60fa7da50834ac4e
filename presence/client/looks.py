"""A person's looks in plain words: ``bob:chestnut``, ``172cm``, ``hoodie:teal+jeans``."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from presence.errors import UsageError
from presence.pose.arrays import Floats
from presence.scene.body.drawing import draw_traits
from presence.scene.body.measures import draw_measures
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

BUILDS = {"slim": -0.7, "average": 0.0, "sturdy": 0.45, "heavy": 0.9}
"""Of ``Traits.build``."""
FIGURES = {"broad": 0.1, "even": 0.5, "curved": 0.9}
"""Of ``Traits.softness``."""
SKINS = {
    "pale": "f4d6c3",
    "fair": "eabf9f",
    "tan": "d9a07c",
    "olive": "bd8a60",
    "brown": "99633f",
    "dark": "6b4430",
    "deep": "4c2f24",
}
HAIR_COLOURS = {
    "black": "221c1a",
    "brown": "4a3020",
    "chestnut": "6e3f26",
    "auburn": "7c3f22",
    "red": "a3532b",
    "blond": "b98d52",
    "grey": "8f8a86",
    "white": "dcd8d2",
}
EYE_COLOURS = {
    "brown": "5a3822",
    "dark": "38241a",
    "hazel": "7a6234",
    "green": "66803f",
    "blue": "4a76a4",
    "grey": "75858c",
}
COLOURS = {
    "white": "f1eee8",
    "cream": "e9dfc8",
    "beige": "cdb792",
    "grey": "8a8d92",
    "black": "26272b",
    "navy": "2d3a5a",
    "blue": "4a6fb0",
    "teal": "3f7f86",
    "green": "6f9a62",
    "olive": "77784a",
    "yellow": "e2b64f",
    "orange": "d9803f",
    "red": "b8433c",
    "pink": "d08aa2",
    "purple": "77588f",
    "brown": "6f4e38",
}
"""Of clothes and glasses."""

SMALLEST, TALLEST = 0.9, 2.3
"""Metres."""
YOUNGEST, OLDEST = 6.0, 85.0
"""Years."""

# The median height of boys and girls, over that of the grown-up (WHO growth reference 5 to 19
# years, 2007: https://www.who.int/tools/growth-reference-data-for-5to19-years).
_GROWING_YEARS = (6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0)
_GROWN_SHARE = (0.68, 0.75, 0.82, 0.89, 0.95, 0.99, 1.0)

_Kind = TypeVar("_Kind", bound=enum.Enum)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody asked for, in their words; None leaves it to the seed."""

    age: str | None = None
    height: str | None = None
    build: str | None = None
    figure: str | None = None
    skin: str | None = None
    hair: str | None = None
    beard: str | None = None
    eyes: str | None = None
    glasses: str | None = None
    clothes: str | None = None


def traits_of(seed: int, wishes: Wishes) -> Traits:
    """The looks that a seed stands for, with what was wished for.

    Raises:
        UsageError: a wish is not understood; the message lists what is.
    """
    drawn = draw_traits(seed)
    changes: dict[str, Any] = {}
    if wishes.age is not None:
        changes |= _age(drawn, wishes.age)
    if wishes.height is not None:
        changes["height"] = _height(wishes.height)
    if wishes.build is not None:
        changes["build"] = _measure("--build", wishes.build, BUILDS, -1.0, 1.0)
    if wishes.figure is not None:
        changes["softness"] = _measure("--figure", wishes.figure, FIGURES, 0.0, 1.0)
    if wishes.skin is not None:
        skin = _colour("--skin", wishes.skin, SKINS)
        # Lips stay as much redder and darker than the skin as they were.
        changes |= {"skin": skin, "lips": np.clip(drawn.lips * skin / drawn.skin, 0.0, 1.0)}
    if wishes.hair is not None:
        changes |= _hair(wishes.hair)
    if wishes.beard is not None:
        changes["beard"] = _member("--beard", wishes.beard, Beard)
    if wishes.eyes is not None:
        changes["iris"] = _colour("--eyes", wishes.eyes, EYE_COLOURS)
    if wishes.glasses is not None:
        changes |= _styled(
            "--glasses", wishes.glasses, {"glasses": Glasses}, {"glasses": "frames"}, COLOURS
        )
    if wishes.clothes is not None:
        changes |= _clothes(wishes.clothes)
    return replace(drawn, **changes)


def shown_height(traits: Traits) -> float:
    """Metres from floor to crown of the person with these looks."""
    return draw_measures(traits).height


def _age(drawn: Traits, text: str) -> dict[str, Any]:
    """An age, and what comes with it: children are smaller, and have no beards."""
    age = _number(text)
    if age is None or not YOUNGEST <= age <= OLDEST:
        raise UsageError(f"--age {text!r} is none; give {YOUNGEST:.0f} to {OLDEST:.0f} years")
    shares = np.interp([drawn.age, age], _GROWING_YEARS, _GROWN_SHARE)
    changes: dict[str, Any] = {"age": age, "height": float(drawn.height * shares[1] / shares[0])}
    if age < 17.0:
        changes["beard"] = Beard.NONE
    return changes


def _height(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*(m|cm)?", text.strip().lower())
    if match:
        number = float(match[1].replace(",", "."))
        # Nobody is three metres tall, so a number above that is in centimetres.
        metres = number / 100.0 if match[2] == "cm" or (not match[2] and number > 3.0) else number
        if SMALLEST <= metres <= TALLEST:
            return metres
    raise UsageError(
        f"--height {text!r} is none; give {SMALLEST:.2f} to {TALLEST:.2f} metres, as 1.72 or 172cm"
    )


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _measure(option: str, text: str, words: Mapping[str, float], low: float, high: float) -> float:
    """A measure by a word or by its number."""
    word = text.strip().lower()
    number = words.get(word, _number(word))
    if number is None or not low <= number <= high:
        raise UsageError(
            f"{option} {text!r} is none; give {_listed(words)}, or a number from {low:g} to "
            f"{high:g}"
        )
    return number


def _hex(text: str) -> Floats | None:
    return colour(text[1:]) if re.fullmatch(r"#[0-9a-fA-F]{6}", text) else None


def _colour(option: str, text: str, names: Mapping[str, str]) -> Floats:
    """A colour by its name or as ``#rrggbb``."""
    word = text.strip().lower()
    if word in names:
        return colour(names[word])
    if (own := _hex(word)) is not None:
        return own
    raise UsageError(f"{option}: {text!r} is no colour here; give {_listed(names)}, or #rrggbb")


def _member(option: str, text: str, kind: type[_Kind]) -> _Kind:
    for member in kind:
        if member.value == text.strip().lower():
            return member
    raise UsageError(f"{option} {text!r} is none; give {_listed(m.value for m in kind)}")


def _styled(
    option: str,
    text: str,
    styles: Mapping[str, type[enum.Enum]],
    colours_of: Mapping[str, str],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """What one word says, as ``style``, ``style:colour`` or ``:colour``.

    Args:
        option: who asks.
        text: the word.
        styles: by the trait that a style would set, the styles that it has.
        colours_of: by the trait of a style, the trait of its colour.
        names: the colours that go with it.

    Raises:
        UsageError: the word is none of these; the message lists them.
    """
    style, colon, shade = (part.strip().lower() for part in text.partition(":"))
    changes: dict[str, Any] = {}
    traits = list(styles)
    if style or not colon:
        found = [(t, m) for t, kind in styles.items() for m in kind if m.value == style]
        if not found:
            known = _listed(m.value for kind in styles.values() for m in kind)
            raise UsageError(
                f"{option}: {style!r} is none; give {known}, each with a colour if you like, as "
                f"{next(m.value for kind in styles.values() for m in kind)}:{next(iter(names))}"
            )
        ((trait, member),) = found[:1]
        changes[trait], traits = member, [trait]
    if colon:
        for trait in traits:
            if trait not in colours_of:
                raise UsageError(f"{option}: {style} has no colour of its own; leave :{shade} out")
            changes[colours_of[trait]] = _colour(option, shade, names)
    return changes


def _hair(text: str) -> dict[str, Any]:
    """How the hair is worn, and its colour; that of a scarf is a colour of cloth."""
    if text.partition(":")[0].strip().lower() == HairStyle.SCARF.value:
        palette, shown = COLOURS, "scarf"
    else:
        palette, shown = HAIR_COLOURS, "hair"
    return _styled("--hair", text, {"hair_style": HairStyle}, {"hair_style": shown}, palette)


_GARMENTS: dict[str, type[enum.Enum]] = {
    "top": Top,
    "bottom": Bottom,
    "footwear": Shoes,
    "pattern": Pattern,
}
_GARMENT_COLOURS = {
    "top": "shirt",
    "bottom": "trousers",
    "footwear": "shoes",
    "pattern": "trim",
}


def _clothes(text: str) -> dict[str, Any]:
    """What is worn: garments and a pattern joined by +, each with a colour if wanted."""
    changes: dict[str, Any] = {}
    for part in text.split("+"):
        if part.strip().startswith(":"):
            raise UsageError(f"--clothes: say what is to be {part.strip()[1:]}, as hoodie{part}")
        said = _styled("--clothes", part, _GARMENTS, _GARMENT_COLOURS, COLOURS)
        if twice := [changes[trait] for trait in said if trait in changes]:
            raise UsageError(
                f"--clothes {text!r} names two things for one place: {part.strip()!r}"
                f" and {getattr(twice[0], 'value', 'another')!r}; leave one out"
            )
        changes |= said
    return changes


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
