"""The face shapes, and the page that lists them."""

import re
from pathlib import Path

import numpy as np

from presence.pose.face import DERIVED_SHAPES, SENT_SHAPES, SHAPE_COUNT, SHAPE_INDEX, SHAPES

CONVENTIONS = Path(__file__).parents[1] / "docs" / "conventions.md"


def test_there_are_52_shapes_in_apples_order():
    assert SHAPE_COUNT == len(set(SHAPES)) == 52
    assert (SHAPES[0], SHAPES[17], SHAPES[-1]) == ("eyeBlinkLeft", "jawOpen", "tongueOut")
    assert all(SHAPES[SHAPE_INDEX[name]] == name for name in SHAPES)


def test_every_left_shape_has_a_right_one():
    for name in SHAPES:
        if name.endswith("Left"):
            assert f"{name.removesuffix('Left')}Right" in SHAPES


def test_a_shape_is_either_sent_or_derived():
    assert sorted([*DERIVED_SHAPES, *SENT_SHAPES]) == list(range(SHAPE_COUNT))
    assert {SHAPES[i][:7] for i in DERIVED_SHAPES} == {"eyeLook"}
    assert len(np.unique(DERIVED_SHAPES)) == 8


def test_the_documented_table_lists_the_shapes_in_order():
    rows = re.findall(r"^\| (\d+) – \d+ \| (.+) \|$", CONVENTIONS.read_text(), re.M)
    listed = [name for _, cell in rows for name in re.findall(r"`(\w+)`", cell)]
    assert tuple(listed) == SHAPES
    assert [SHAPES[int(i)] for i, _ in rows] == [re.findall(r"`(\w+)`", c)[0] for _, c in rows]
