"""The skeleton, and the page that describes it."""

import itertools
import re
from pathlib import Path

import numpy as np

from presence.pose.skeleton import (
    BODY_BONES,
    BONE_COUNT,
    BONES,
    DERIVED_BONES,
    FINGERTIP_BONES,
    HAND_BONES,
    INDEX,
    LEVELS,
    MIRROR,
    PARENTS,
)

CONVENTIONS = Path(__file__).parents[1] / "docs" / "conventions.md"
FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")


def names(indices):
    return [BONES[i] for i in indices]


def test_there_are_55_different_bones():
    assert BONE_COUNT == len(set(BONES)) == 55
    assert all(BONES[INDEX[name]] == name for name in BONES)


def test_parents_come_before_their_children_and_only_the_hips_have_none():
    assert PARENTS[INDEX["hips"]] == -1
    assert all(0 <= PARENTS[i] < i for i in range(1, BONE_COUNT))


def test_levels_hold_every_bone_once_one_step_below_its_parent():
    assert sorted(np.concatenate(LEVELS)) == list(range(BONE_COUNT))
    for above, level in itertools.pairwise(LEVELS):
        assert set(PARENTS[level]) <= set(above)


def test_a_mirror_image_of_a_mirror_image_is_the_bone_itself():
    np.testing.assert_array_equal(MIRROR[MIRROR], np.arange(BONE_COUNT))
    np.testing.assert_array_equal(MIRROR[PARENTS[1:]], PARENTS[MIRROR[1:]])
    for name, other in zip(BONES, names(MIRROR), strict=True):
        if name.startswith("left"):
            assert other == name.replace("left", "right")
        elif not name.startswith("right"):
            assert other == name


def test_the_sent_and_derived_bones_are_the_whole_skeleton():
    groups = [*BODY_BONES, *HAND_BONES, *DERIVED_BONES]
    assert sorted(groups) == list(range(BONE_COUNT))
    assert names(DERIVED_BONES) == ["leftEye", "rightEye", "jaw"]
    assert len(HAND_BONES) == 30


def test_fingertips_run_from_thumb_to_little_finger_left_hand_first():
    expected = [f"{side}{finger}Distal" for side in ("left", "right") for finger in FINGERS]
    assert names(FINGERTIP_BONES) == expected


def test_each_finger_hangs_from_its_own_hand():
    for i in HAND_BONES:
        root = i
        while root in HAND_BONES:
            root = PARENTS[root]
        side = "left" if BONES[i].startswith("left") else "right"
        assert BONES[root] == f"{side}Hand"


def test_the_documented_table_is_the_skeleton():
    rows = re.findall(
        r"^\| (\d+) \| `(\w+)` \| (?:`(\w+)`|the place) \|$", CONVENTIONS.read_text(), re.M
    )
    assert [(int(i), bone) for i, bone, _ in rows] == list(enumerate(BONES))
    assert [INDEX.get(parent, -1) for _, _, parent in rows] == PARENTS.tolist()
