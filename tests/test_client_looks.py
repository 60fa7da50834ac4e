"""Looks in plain words: each is understood, and what is not is answered with what would be."""

import re

import numpy as np
import pytest
from typer.testing import CliRunner

from presence.cli import app
from presence.client.looks import (
    BUILDS,
    COLOURS,
    EYE_COLOURS,
    FIGURES,
    HAIR_COLOURS,
    SKINS,
    Wishes,
    shown_height,
    traits_of,
)
from presence.errors import UsageError
from presence.scene.body.drawing import draw_traits
from presence.scene.body.traits import (
    Beard,
    Bottom,
    Glasses,
    HairStyle,
    Pattern,
    Shoes,
    Top,
    colour,
)


def same(a, b):
    return all(np.array_equal(getattr(a, n), getattr(b, n)) for n in a.__slots__)


def test_without_wishes_it_is_the_person_of_the_seed():
    assert same(traits_of(5, Wishes()), draw_traits(5))


@pytest.mark.parametrize("text", ["1.72", "172", "172cm", "1,72 m", "172 CM"])
def test_a_height_is_metres_or_centimetres(text):
    assert shown_height(traits_of(1, Wishes(height=text))) == pytest.approx(1.72, abs=0.001)


@pytest.mark.parametrize(("text", "build"), [("heavy", BUILDS["heavy"]), ("-0.25", -0.25)])
def test_a_build_is_a_word_or_a_number(text, build):
    assert traits_of(1, Wishes(build=text)).build == build


def test_hair_takes_a_style_a_colour_or_both():
    drawn = draw_traits(4)
    both = traits_of(4, Wishes(hair="bob:auburn"))
    assert both.hair_style is HairStyle.BOB
    assert np.array_equal(both.hair, colour(HAIR_COLOURS["auburn"]))
    shade = traits_of(4, Wishes(hair=":#102030"))
    assert shade.hair_style is drawn.hair_style
    assert np.array_equal(shade.hair, np.array([16, 32, 48]) / 255.0)
    style = traits_of(4, Wishes(hair="Afro"))
    assert style.hair_style is HairStyle.AFRO
    assert np.array_equal(style.hair, drawn.hair)
    scarf = traits_of(4, Wishes(hair="scarf:teal"))
    assert np.array_equal(scarf.scarf, colour(COLOURS["teal"]))
    assert np.array_equal(scarf.hair, drawn.hair)


def test_clothes_name_garments_for_their_places_in_any_order():
    worn = traits_of(2, Wishes(clothes="boots:brown+ hoodie:teal + stripes:white+skirt"))
    assert (worn.top, worn.bottom, worn.footwear) == (Top.HOODIE, Bottom.SKIRT, Shoes.BOOTS)
    assert worn.pattern is Pattern.STRIPES
    for trait, name in (("shirt", "teal"), ("shoes", "brown"), ("trim", "white")):
        assert np.array_equal(getattr(worn, trait), colour(COLOURS[name]))
    assert np.array_equal(worn.trousers, draw_traits(2).trousers)


def test_lips_keep_to_the_skin():
    drawn, wished = draw_traits(3), traits_of(3, Wishes(skin="deep"))
    assert np.allclose(wished.lips / wished.skin, drawn.lips / drawn.skin)


def test_a_child_is_as_small_as_a_child_and_has_no_beard():
    grown = traits_of(6, Wishes(age="40", beard="full"))
    child = traits_of(6, Wishes(age="8"))
    assert grown.beard is Beard.FULL
    assert child.beard is Beard.NONE
    assert shown_height(child) < 0.8 * shown_height(grown)
    assert shown_height(traits_of(6, Wishes(age="8", height="1.5"))) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        (Wishes(age="5"), "6 to 85"),
        (Wishes(age="old"), "6 to 85"),
        (Wishes(age="nan"), "6 to 85"),
        (Wishes(height="3m"), "0.90 to 2.30 metres"),
        (Wishes(height="tall"), "172cm"),
        (Wishes(build="huge"), "slim, average, sturdy, heavy"),
        (Wishes(build="2"), "from -1 to 1"),
        (Wishes(figure="x"), "broad, even, curved"),
        (Wishes(skin="#12345"), "#rrggbb"),
        (Wishes(hair="mohawk"), "ponytail"),
        (Wishes(hair=""), "ponytail"),
        (Wishes(hair="bob:mauve"), "auburn"),
        (Wishes(beard="goatee"), "none, stubble, moustache, short, full"),
        (Wishes(eyes="pink"), "hazel"),
        (Wishes(glasses="star"), "none, round, square"),
        (Wishes(clothes="toga"), "hoodie"),
        (Wishes(clothes=":red"), "say what is to be red"),
        (Wishes(clothes="hoodie+jeans+shirt"), "two things for one place"),
    ],
)
def test_what_is_not_understood_is_answered_with_what_would_be(wishes, told):
    with pytest.raises(UsageError, match=re.escape(told)) as error:
        traits_of(1, wishes)
    assert "\n" not in str(error.value)


def test_the_help_names_every_word_that_is_understood():
    shown = CliRunner().invoke(app, ["avatar", "new", "--help"], env={"COLUMNS": "300"}).output
    words = {w for kind in (HairStyle, Beard, Glasses, Top, Bottom, Shoes, Pattern) for w in kind}
    names = [word.value for word in words]
    for table in (BUILDS, FIGURES, SKINS, HAIR_COLOURS, EYE_COLOURS, COLOURS):
        names += table
    said = set(re.findall(r"[\w-]+", shown))
    assert [name for name in names if name not in said] == []
