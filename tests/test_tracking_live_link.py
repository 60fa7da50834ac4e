"""Reading Live Link Face recordings."""

from pathlib import Path

import numpy as np
import pytest

from presence.errors import SourceError
from presence.pose import SHAPE_INDEX, SHAPES
from presence.tracking.live_link import parse_live_link, read_live_link

PATH = Path("face.csv")
EYES = ["LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll"]


def apple_name(shape):
    return shape[0].upper() + shape[1:]


def file_order():
    """Apple's order, but for the two pairs in which the app writes right before left."""
    names = [apple_name(s) for s in SHAPES]
    for pair in (("JawLeft", "JawRight"), ("MouthLeft", "MouthRight")):
        i, j = map(names.index, pair)
        names[i], names[j] = names[j], names[i]
    return names


def recording(rows, columns=None):
    columns = columns or ["Timecode", "BlendShapeCount", *file_order(), "HeadYaw", *EYES]
    lines = [",".join(columns)]
    for i, row in enumerate(rows):
        code = f"10:00:{i // 60:02d}:{i % 60:02d}.{0:03d}"
        values = {"Timecode": code, "BlendShapeCount": "61", **row}
        lines.append(",".join(str(values.get(c, 0.0)) for c in columns))
    return "\n".join(lines) + "\n"


def test_columns_are_found_by_name_whatever_their_order():
    text = recording([{"JawLeft": 0.3, "JawRight": 0.1, "MouthLeft": 0.7, "TongueOut": 0.9}])
    shapes = parse_live_link(text, PATH).shapes[0]
    assert shapes[SHAPE_INDEX["jawLeft"]] == 0.3
    assert shapes[SHAPE_INDEX["jawRight"]] == 0.1
    assert shapes[SHAPE_INDEX["mouthLeft"]] == 0.7
    assert shapes[SHAPE_INDEX["mouthRight"]] == 0.0
    assert shapes[SHAPE_INDEX["tongueOut"]] == 0.9


def test_positive_eye_yaw_looks_to_the_right_and_positive_pitch_down():
    gaze = parse_live_link(
        recording([{"LeftEyeYaw": 0.2, "RightEyeYaw": 0.2}, {"LeftEyePitch": 0.1}]), PATH
    ).gaze
    np.testing.assert_allclose(gaze[0], [np.sin(0.2), 0.0, -np.cos(0.2)], atol=1e-12)
    assert gaze[1, 1] == pytest.approx(-np.sin(0.05))


def test_timecodes_at_sixty_frames_a_second_become_seconds():
    times = parse_live_link(recording([{}] * 121), PATH).times_s
    np.testing.assert_allclose(times, np.arange(121) / 60.0, atol=1e-9)


def test_timecodes_that_do_not_rise_give_way_to_the_usual_rate():
    text = recording([{}, {}, {}]).replace("00:00:00:02", "00:00:00:01").replace("10:", "bad:")
    np.testing.assert_allclose(parse_live_link(text, PATH).times_s, np.arange(3) / 60.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a Live Link Face CSV"),
        ("\x00\x01binary", "not a Live Link Face CSV"),
        (recording([]), "columns but no rows"),
        (recording([{}]).replace("JawOpen", "JawOpening"), "line 1: the columns lack jawOpen"),
        (recording([{}], ["Timecode", "JawOpen"]), "and 52 more"),
        (recording([{"JawOpen": "wide"}]), "line 2: JawOpen: 'wide' is not a number"),
        (recording([{"JawOpen": "nan"}]), "line 2: JawOpen: 'nan' is not a number"),
        (recording([{}, {}])[:-30], "line 3: .*the row ends early"),
    ],
)
def test_what_is_wrong_is_said_with_the_line_and_what_to_do(text, says):
    with pytest.raises(SourceError, match=says) as caught:
        parse_live_link(text, PATH)
    assert "face.csv" in str(caught.value)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        read_live_link(tmp_path / "none.csv")


@pytest.mark.data
def test_a_real_recording_agrees_with_itself(outside_data):
    track = read_live_link(outside_data / "motion" / "face.csv")
    assert track.duration_s == pytest.approx(119 / 60, abs=1e-6)
    inward, outward = (track.shapes[:, SHAPE_INDEX[f"eyeLook{w}Left"]] for w in ("In", "Out"))
    # Where the left eye looks outwards, to the person's left, the gaze has negative X.
    assert np.corrcoef(outward - inward, track.gaze[:, 0])[0, 1] < -0.7
    down = track.shapes[:, SHAPE_INDEX["eyeLookDownLeft"]]
    assert np.corrcoef(down, track.gaze[:, 1])[0, 1] < -0.9
    jaw = track.shapes[:, SHAPE_INDEX["jawOpen"]]
    assert 0.05 < jaw.max() < 1.0
