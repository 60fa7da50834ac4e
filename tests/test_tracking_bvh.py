"""Reading BVH: what is read, and what is refused with a sentence."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.errors import SourceError
from presence.pose.quaternion import quat_rotate
from presence.tracking.bvh import bvh_kinematics, parse_bvh, read_bvh

PATH = Path("clip.bvh")
SMALL = """HIERARCHY
ROOT Bip01 Pelvis
{
  OFFSET 0 90 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Bip01 Spine {
    OFFSET 0 10 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 20 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.0333333
1 2 3 0 0 0 0 0 0
1 2 3 90 0 0 0 90 0
"""


def parsed(text):
    return parse_bvh(text, PATH)


def test_names_with_spaces_braces_on_any_line_and_end_sites_are_read():
    clip = parsed(SMALL)
    assert clip.names == ("Bip01 Pelvis", "Bip01 Spine")
    assert clip.parents.tolist() == [-1, 0]
    assert clip.offsets.tolist() == [[0, 90, 0], [0, 10, 0]]
    assert np.isnan(clip.ends[0]).all()
    assert clip.ends[1].tolist() == [0, 20, 0]
    assert clip.rotations.shape == (2, 2, 4)
    assert clip.frame_time_s == pytest.approx(1 / 30, rel=1e-4)


def test_channels_turn_in_the_order_in_which_they_are_listed():
    positions, turns = bvh_kinematics(parsed(SMALL), {0})
    np.testing.assert_allclose(positions[0], [[1, 2, 3], [1, 12, 3]])
    # Turned by 90° about Z, the spine lies along −X; then by 90° about its own X.
    np.testing.assert_allclose(positions[1], [[1, 2, 3], [-9, 2, 3]], atol=1e-12)
    np.testing.assert_allclose(quat_rotate(turns[1, 1], np.eye(3)[1]), [0, 0, 1], atol=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text.replace("  ", "\t"),
        lambda text: text.replace("rotation", "ROTATION").replace("End Site", "End site"),
        lambda text: text.replace("Frames: 2", "Frames:\t2").replace("Time: ", "Time:"),
        lambda text: text + "\n\n",
    ],
)
def test_the_habits_of_different_programs_are_understood(tmp_path, change):
    file = tmp_path / "clip.bvh"
    file.write_bytes(change(SMALL).encode())
    clip = read_bvh(file)
    np.testing.assert_array_equal(clip.rotations, parsed(SMALL).rotations)


def test_a_joint_without_an_offset_has_the_length_that_its_position_channels_say():
    text = SMALL.replace("OFFSET 0 10 0", "OFFSET 0 0 0").replace(
        "CHANNELS 3 Zrotation", "CHANNELS 6 Xposition Yposition Zposition Zrotation"
    )
    text = text.replace("1 2 3 0 0 0 0 0 0", "1 2 3 0 0 0 0 11 0 0 0 0")
    text = text.replace("1 2 3 90 0 0 0 90 0", "1 2 3 90 0 0 0 11 0 0 90 0")
    assert parsed(text).offsets[1].tolist() == [0, 11, 0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: "", "is empty"),
        (lambda t: "solid cube\n" + t, r"line 1: a BVH file begins with HIERARCHY"),
        (lambda t: t.split("MOTION")[0], "ends before MOTION"),
        (lambda t: t.replace("  }\n}\n", "  }\n"), "MOTION begins before every joint's brace"),
        (lambda t: t.replace("MOTION", "}\nMOTION"), r"line 15: a brace closes nothing"),
        (lambda t: t.replace("OFFSET 0 10 0", "OFFSET 0 10"), r"line 7: OFFSET has 2 numbers"),
        (lambda t: t.replace("OFFSET 0 10 0", "OFFSET 0 ten 0"), "line 7: OFFSET holds"),
        (lambda t: t.replace("CHANNELS 3", "CHANNELS 4"), "line 8: CHANNELS names 3 .* counts 4"),
        (lambda t: t.replace("Yrotation\n    End", "Wrotation\n    End"), "no channel 'Wrotation'"),
        (lambda t: t.replace("ROOT Bip01 Pelvis\n{", "ROOT Bip01 Pelvis\n"), "brace is missing"),
        (lambda t: t.replace("JOINT", "BONE"), "line 6: 'BONE Bip01 Spine' means nothing"),
        (lambda t: t.replace("Frames: 2", "Frames: 3"), "ends after 2 of 3 frames"),
        (lambda t: t.replace("Frames: 2", "Frames: 1e12"), "Frames is 1e\\+12"),
        (lambda t: t.replace("Frames: 2", "Frames: -1"), "Frames is -1"),
        (lambda t: t.replace("0.0333333", "0"), "Frame Time is 0"),
        (lambda t: t.replace("0.0333333", "nan"), "Frame Time holds 'nan'"),
        (lambda t: t[:-8], "line 19: frame 2 has 6 numbers where the skeleton has 9"),
        (lambda t: t.replace("1 2 3 90", "1 2 inf 90"), "line 19: the frame holds"),
        (lambda t: t.replace("1 2 3 90", "1 2 x 90"), "line 19: the frame holds"),
    ],
)
def test_what_is_wrong_is_said_with_the_line_and_what_to_do(change, says):
    with pytest.raises(SourceError, match=says) as caught:
        parsed(change(SMALL))
    assert "clip.bvh" in str(caught.value)
    assert ";" in str(caught.value), "there should be a cure"


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        read_bvh(tmp_path / "none.bvh")
    with pytest.raises(SourceError, match="cannot be read"):
        read_bvh(tmp_path)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SMALL)), st.integers(0, len(SMALL)), st.text(max_size=12))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(start, length, put):
    damaged = SMALL[:start] + put + SMALL[start + length :]
    try:
        clip = parsed(damaged)
    except SourceError:
        return
    assert np.isfinite(clip.rotations).all()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused(tmp_path_factory, data):
    file = tmp_path_factory.getbasetemp() / "random.bvh"
    file.write_bytes(data)
    with pytest.raises(SourceError):
        read_bvh(file)
