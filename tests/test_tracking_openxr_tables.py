"""The table of shapes in the documentation is the one that is used."""

import re
from pathlib import Path

from presence.pose.face import SHAPES
from presence.tracking.openxr.face_tables import COMMON_SHARES, HTC_SHARES

DOCS = Path(__file__).parents[1] / "docs" / "headset.md"


def cell(parts):
    """A cell of the table for these shares."""
    names = [f"`{name}`" for name in parts]
    if len(names) > 1 and all(share < 1.0 for share in parts.values()):
        return "mean of " + ", ".join(names)
    return " + ".join(names) or "–"


def test_the_documented_table_of_shapes_is_the_one_in_use():
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", DOCS.read_text(), re.MULTILINE)
    told = {shape: cells for shape, *cells in rows if shape in SHAPES}
    assert list(told) == list(SHAPES)
    for shape, cells in told.items():
        assert cells == [cell(COMMON_SHARES[shape]), cell(HTC_SHARES.get(shape, {}))]


def test_shares_of_a_mean_are_a_whole():
    for shares in (COMMON_SHARES, HTC_SHARES):
        for parts in shares.values():
            assert (
                all(share == 1.0 for share in parts.values()) or abs(sum(parts.values()) - 1) < 1e-9
            )
