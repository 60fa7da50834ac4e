"""Playing files as a person."""

import numpy as np
import pytest
from bvh_writer import write_bvh

from presence.clock import SECOND
from presence.errors import SourceError
from presence.pose import (
    INDEX,
    SHAPE_INDEX,
    SHAPES,
    Contact,
    Part,
    default_proportions,
    joints_in_place,
)
from presence.pose.quaternion import quat_angle, quat_from_rotvec
from presence.tracking import ground
from presence.tracking.motion import MotionSource, back_and_forth, cubic_weights
from presence.tracking.performer import Performer

BODY = default_proportions(1.7)
EPOCH = 3_600 * SECOND


def write_face(path, rows):
    """A face file whose jaw opens as ``rows`` say."""
    eyes = ["LeftEyeYaw", "LeftEyePitch", "RightEyeYaw", "RightEyePitch"]
    columns = [*SHAPES, *eyes]
    table = [[jaw if column == "jawOpen" else 0.0 for column in columns] for jaw in rows]
    path.write_text("\n".join(",".join(map(str, row)) for row in [columns, *table]))
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Six seconds of a performer's greeting at 30 frames a second."""
    performer = Performer(2, proportions=BODY)
    samples = [performer.sample(int(k / 30 * SECOND)) for k in range(181)]
    file = tmp_path_factory.mktemp("motion") / "clip.bvh"
    file.write_text(
        write_bvh(
            BODY,
            np.stack([s.rotations for s in samples]),
            np.stack([s.root_position for s in samples]),
            frame_time=1 / 30,
        )
    )
    return file


@pytest.fixture(scope="module")
def source(clip):
    return MotionSource(clip, epoch_ns=EPOCH)


def at(source, seconds):
    return source.sample(EPOCH + round(seconds * SECOND))


def hand(source, seconds):
    return joints_in_place(at(source, seconds), source.proportions)[0][INDEX["rightHand"]]


def test_the_clip_plays_forward_and_then_the_same_way_back(source):
    assert source.duration_s == pytest.approx(6.0, abs=1e-3)
    whole = source.duration_s + 0.5
    for since in (0.7, 1.9, 4.2):
        np.testing.assert_allclose(hand(source, since), hand(source, 2 * whole - since), atol=1e-6)
        np.testing.assert_allclose(hand(source, since), hand(source, since + 20 * whole), atol=1e-6)


def test_playing_covers_the_whole_clip_and_never_jumps_in_place_or_speed():
    times = np.arange(0, 40, 0.001)
    places = np.array([back_and_forth(t, 6.0) for t in times])
    speeds = np.diff(places) / 0.001
    assert places.min() == pytest.approx(0.0, abs=1e-6)
    assert places.max() == pytest.approx(6.0, abs=1e-6)
    assert np.abs(speeds).max() < 1.0 + 1e-9
    assert np.abs(np.diff(speeds)).max() < 0.0021
    assert np.mean(np.abs(np.abs(speeds) - 1.0) < 1e-6) > 0.8


@pytest.mark.parametrize("duration", [0.0, 0.02, 0.4])
def test_clips_too_short_to_turn_round_at_leisure_still_play(duration):
    places = np.array([back_and_forth(t, duration) for t in np.arange(0, 3, 0.01)])
    assert places.min() >= 0.0
    assert places.max() <= duration + 1e-12


def test_frames_are_joined_smoothly():
    values = np.random.default_rng(1).normal(size=40)
    places = np.linspace(0, 39, 39_001)
    curve = []
    for place in places:
        indices, weights = cubic_weights(place, 40)
        curve.append(weights @ values[indices])
    curve = np.array(curve)
    np.testing.assert_allclose(curve[::1000], values, atol=1e-9)
    assert np.abs(np.diff(curve, n=2)).max() < 1e-4


def test_the_same_time_gives_the_same_sample_in_any_order(clip, source):
    other = MotionSource(clip, epoch_ns=EPOCH)
    times = [5.0, 0.1, 100.3, 5.0, -2.0, 0.1]
    first = [at(source, t) for t in times]
    second = [at(other, t) for t in reversed(times)][::-1]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.rotations, b.rotations)
        np.testing.assert_array_equal(a.face, b.face)
        assert a.capture_ns == b.capture_ns
        assert a.contacts == b.contacts


def test_nothing_jumps_from_sample_to_sample(source):
    samples = [at(source, k / 60) for k in range(60 * 15)]
    rotations = np.stack([s.rotations for s in samples])
    body = [i for i in range(55) if i not in (INDEX["leftEye"], INDEX["rightEye"])]
    turns = np.degrees(quat_angle(rotations[1:, body], rotations[:-1, body]))
    assert turns.max() < 10.0
    roots = np.stack([s.root_position for s in samples])
    assert np.linalg.norm(np.diff(roots, axis=0), axis=-1).max() < 0.005


def test_without_a_face_file_the_face_blinks_and_is_said_not_to_be_tracked(source):
    samples = [at(source, k / 30) for k in range(30 * 30)]
    lids = np.array([s.face[SHAPE_INDEX["eyeBlinkLeft"]] for s in samples])
    assert lids.max() > 0.9
    assert np.mean(lids < 0.2) > 0.4
    blinks = np.sum((lids[1:] > 0.5) & (lids[:-1] <= 0.5))
    assert 3 <= blinks <= 20
    assert samples[0].tracked[Part.FACE] == 0.0
    assert samples[0].tracked[Part.LEFT_HAND] == 1.0


def test_a_face_file_plays_beside_the_motion(clip, tmp_path):
    face = write_face(tmp_path / "face.csv", np.linspace(0.0, 1.0, 121))
    source = MotionSource(clip, face, epoch_ns=EPOCH)
    jaws = np.array([at(source, t).face[SHAPE_INDEX["jawOpen"]] for t in np.arange(0, 5, 0.01)])
    assert jaws[0] == pytest.approx(0.0, abs=1e-9)
    # Two seconds there, slowing down at the ends, and two back.
    assert jaws[250] == pytest.approx(1.0, abs=0.01)
    assert jaws[-1] == pytest.approx(0.0, abs=0.01)
    assert np.abs(np.diff(jaws)).max() < 0.006
    assert at(source, 1.0).tracked[Part.FACE] == 1.0


def test_the_jaw_bone_follows_the_face(clip, tmp_path):
    face = write_face(tmp_path / "face.csv", [0.5, 0.5])
    sample = at(MotionSource(clip, face, epoch_ns=EPOCH), 0.3)
    assert quat_angle(sample.rotations[INDEX["jaw"]], np.array([0.0, 0.0, 0.0, 1.0])) > 0.1


def test_a_clip_of_one_frame_stands_still(tmp_path):
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (1, 55, 1))
    rotations[:, INDEX["leftUpperArm"]] = quat_from_rotvec(np.array([0.0, 0.0, 1.2]))
    file = tmp_path / "one.bvh"
    file.write_text(write_bvh(BODY, rotations, np.array([[0.0, BODY.hips_height, 0.0]])))
    source = MotionSource(file)
    a, b = source.sample(0), source.sample(5 * SECOND)
    np.testing.assert_allclose(a.rotations[1:6], b.rotations[1:6])
    assert a.contacts == Contact.LEFT_FOOT | Contact.RIGHT_FOOT


def test_standing_feet_are_contacts(source):
    assert at(source, 3.0).contacts & (Contact.LEFT_FOOT | Contact.RIGHT_FOOT) == 3


def test_a_recording_whose_ground_drifts_is_kept_on_the_floor_and_a_jump_is_not():
    seconds = np.arange(0, 20, 0.01)
    drifting = 0.3 * np.clip((seconds - 5) / 8, 0, 1)
    jump = 0.4 * np.clip(1.0 - ((seconds - 17) / 0.25) ** 2, 0, None)
    soles = np.stack([drifting + jump, drifting + jump + 0.02], axis=-1)
    left = soles.min(axis=1) - ground.drift(soles, 0.01)
    assert left.min() > -1e-9
    assert np.abs(left[seconds < 16]).max() < 0.08
    assert np.median(left[seconds < 16]) < 0.02
    assert left.max() > 0.38


def test_files_that_cannot_be_used_are_refused(clip, tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        MotionSource(tmp_path / "none.bvh")
    with pytest.raises(SourceError, match="not a Live Link Face CSV"):
        empty = tmp_path / "face.csv"
        empty.write_text("")
        MotionSource(clip, empty)


@pytest.mark.data
@pytest.mark.parametrize("name", ["wave_hello", "climb", "dance"])
def test_real_clips_play_on_the_floor(outside_data, name):
    source = MotionSource(
        outside_data / "motion" / f"{name}.bvh", outside_data / "motion" / "face.csv"
    )
    body, soles, roots = source.proportions, [], []
    for t in np.arange(0, source.duration_s, 0.05):
        sample = source.sample(round(t * SECOND))
        points, turns = joints_in_place(sample, body)
        soles.append(ground.sole_heights(points[None], turns[None], body).min())
        roots.append(sample.root_position)
    assert min(soles) > -0.035
    # Except in a jump some foot is down; the dance is one of hops.
    assert np.mean(np.array(soles) < 0.05) > {"wave_hello": 0.99, "climb": 0.6, "dance": 0.2}[name]
    assert np.median(soles) < 0.12
    assert max(soles) < 0.5
    assert 0.6 < np.median(np.array(roots)[:, 1]) < 1.3
