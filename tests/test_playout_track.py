"""Where somebody was, between frames and a little past them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from smooth_motion import MS, PERSON, SECOND, SmoothMotion

from presence.codec import vertex_errors
from presence.playout.motion import MOTION_SIZE, between, extrapolated, motion_between, moved
from presence.playout.ready import make_ready
from presence.playout.settings import PlayoutSettings
from presence.playout.track import Track
from presence.pose import INDEX, Attention, Contact, PoseSample
from presence.pose.packed import SAMPLE_SIZE, pack, unpack
from presence.pose.quaternion import quat_angle, quat_from_rotvec, quat_slerp
from presence.pose.skeleton import HAND_BONES

SETTINGS = PlayoutSettings()
MOTION = SmoothMotion(seed=2)


def track_of(samples) -> Track:
    track = Track(SETTINGS)
    for sequence, sample in enumerate(samples):
        track.add(sample, sequence)
    return track


def moving(times_ns) -> Track:
    return track_of([MOTION.at(t) for t in times_ns])


def packed(sample: PoseSample):
    row = np.empty(SAMPLE_SIZE)
    pack(sample, row)
    return row


def error_mm(track: Track, time_ns: int) -> float:
    shown = track.at(time_ns).sample
    return 1000 * vertex_errors(shown, MOTION.at(time_ns), PERSON).max()


def raised_arm(time_ns: int, angle: float) -> PoseSample:
    rest = PoseSample.at_rest(time_ns, PERSON.hips_height)
    rotations = rest.rotations.copy()
    rotations[INDEX["leftUpperArm"]] = quat_from_rotvec(np.array([0.0, 0.0, angle]))
    return replace(rest, rotations=rotations)


def angle_of(sample: PoseSample) -> float:
    return float(2 * np.arctan2(*sample.rotations[INDEX["leftUpperArm"], 2:]))


def test_a_frame_is_shown_as_it_came():
    track = moving(range(0, 100 * MS, 20 * MS))
    found = track.at(40 * MS)
    assert vertex_errors(found.sample, MOTION.at(40 * MS), PERSON).max() < 1e-9
    assert (found.older_sequence, found.newer_sequence, found.fraction) == (2, 3, 0.0)


@pytest.mark.parametrize(("step_ms", "most_mm"), [(16, 0.05), (33, 0.5), (66, 7.0)])
def test_curves_beat_slerp_by_far(step_ms, most_mm):
    times = [k * step_ms * MS for k in range(40)]
    track = moving(times)
    curve, straight = [], []
    for a, b in pairwise(times[5:31]):
        middle = (a + b) // 2
        curve.append(error_mm(track, middle))
        one, two, truth = MOTION.at(a), MOTION.at(b), MOTION.at(middle)
        slerped = replace(
            one,
            rotations=quat_slerp(one.rotations, two.rotations, 0.5),
            root_position=0.5 * (one.root_position + two.root_position),
        )
        straight.append(1000 * vertex_errors(slerped, truth, PERSON).max())
    assert np.percentile(curve, 95) < most_mm
    assert np.percentile(curve, 95) < 0.4 * np.percentile(straight, 95)


def test_uneven_frames_are_interpolated_as_well():
    times = np.cumsum(np.random.default_rng(0).integers(8, 50, 40)) * MS
    track = moving(times.tolist())
    errors = [error_mm(track, int(0.5 * (a + b))) for a, b in pairwise(times[3:-3])]
    assert np.percentile(errors, 95) < 2.0


def test_a_sign_flip_of_a_quaternion_is_no_motion():
    one = raised_arm(0, 1.0)
    two = replace(raised_arm(16 * MS, 1.0), rotations=-one.rotations)
    track = track_of([one, two, raised_arm(32 * MS, 1.0)])
    for t in range(32):
        assert quat_angle(track.at(t * MS).sample.rotations, one.rotations).max() < 1e-6


def test_a_sudden_turn_overshoots_little():
    angles = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    track = track_of([raised_arm(k * 16 * MS, angle) for k, angle in enumerate(angles)])
    seen = [angle_of(track.at(t * MS).sample) for t in range(80)]
    assert min(seen) > -0.1
    assert max(seen) < 1.1


def test_a_gap_is_crossed_straight_whatever_came_before():
    fast = [raised_arm(k * 16 * MS, 0.2 * k) for k in range(5)]
    track = track_of([*fast, raised_arm(900 * MS, 0.8), raised_arm(916 * MS, 0.8)])
    seen = [angle_of(track.at(t * MS).sample) for t in range(64, 900, 7)]
    assert max(seen) < 0.8 + 1e-6
    assert min(seen) > 0.8 - 1e-6


def test_faces_stay_in_range():
    random = np.random.default_rng(0)
    samples = [
        replace(raised_arm(k * 16 * MS, 0.0), face=(random.random(52) > 0.5) * 1.0)
        for k in range(10)
    ]
    track = track_of(samples)
    for t in range(160):
        face = track.at(t * MS).sample.face
        assert face.min() >= 0.0
        assert face.max() <= 1.0


def test_order_of_arrival_and_copies_make_no_difference():
    times = [k * 16 * MS for k in range(12)]
    samples = list(enumerate(MOTION.at(t) for t in times))
    straight, shuffled = Track(SETTINGS), Track(SETTINGS)
    for k, sample in samples:
        straight.add(sample, k)
    for k in [3, 1, 0, 2, 2, 7, 5, 4, 6, 11, 9, 10, 8, 3, 11]:
        shuffled.add(samples[k][1], k)
        shuffled.at(20 * MS)
    assert len(shuffled) == 12
    for t in range(170):
        a, b = straight.at(t * MS), shuffled.at(t * MS)
        assert np.array_equal(a.pose, b.pose)
        assert (a.older_sequence, a.newer_sequence) == (b.older_sequence, b.newer_sequence)


def test_extrapolation_goes_on_slows_down_and_stops():
    track = track_of([raised_arm(k * 16 * MS, 0.032 * k) for k in range(6)])
    newest = 80 * MS
    seen = [track.at(newest + t * MS) for t in range(0, 300, 4)]
    angles = np.array([angle_of(found.sample) for found in seen])
    steps = np.diff(angles)
    assert steps[0] == pytest.approx(0.008, rel=0.1)
    assert (np.diff(steps) < 1e-12).all()
    assert angles[-1] - 0.16 < 2.0 * 0.080
    assert seen[-1].extrapolated_ns == SETTINGS.extrapolate_ns
    assert angles[-1] == angles[SETTINGS.extrapolate_ns // (4 * MS) + 1]


def test_fingers_are_extrapolated_less_than_arms_and_faces_not_at_all():
    track = moving([k * 16 * MS for k in range(6)])
    last = MOTION.at(80 * MS)
    shown = track.at(120 * MS).sample
    truth = MOTION.at(120 * MS)
    real = quat_angle(truth.rotations, last.rotations)
    made_up = quat_angle(shown.rotations, last.rotations)
    assert made_up[HAND_BONES].sum() < 0.5 * real[HAND_BONES].sum()
    arms = [INDEX["leftUpperArm"], INDEX["rightLowerArm"], INDEX["head"]]
    assert made_up[arms].sum() > 0.5 * real[arms].sum()
    assert np.array_equal(shown.face, last.face)


def test_what_is_over_is_forgotten():
    track = Track(SETTINGS)
    for k in range(2000):
        track.add(raised_arm(k * MS, 0.0), k)
    assert len(track) <= 240
    track.forget_before(track.newest_ns)
    assert len(track) == 3


def test_a_motion_takes_one_pose_to_another():
    a, b, there = packed(MOTION.at(0)), packed(MOTION.at(2 * SECOND)), np.empty(SAMPLE_SIZE)
    motion = np.empty(MOTION_SIZE)
    motion_between(a, b, motion)
    moved(a, motion, 1.0, there)
    assert vertex_errors(unpack(there, 0), unpack(b, 0), PERSON).max() < 1e-9
    assert np.abs(unpack(there, 0).face - unpack(b, 0).face).max() < 1e-9
    halfway = np.empty(SAMPLE_SIZE)
    moved(a, motion, 0.5, halfway)
    slerped = quat_slerp(unpack(a, 0).rotations, unpack(b, 0).rotations, 0.5)
    assert quat_angle(unpack(halfway, 0).rotations, slerped).max() < 1e-7


def test_gaze_turns_evenly_and_survives_opposite_directions():
    ahead = replace(raised_arm(0, 0.0), gaze_distance=1.0)
    aside = replace(
        raised_arm(30 * MS, 0.0), gaze_direction=np.array([1.0, 0.0, 0.0]), gaze_distance=4.0
    )
    behind = replace(aside, gaze_direction=np.array([0.0, 0.0, 1.0]))
    third = track_of([ahead, aside]).at(10 * MS).sample
    assert third.gaze_direction == pytest.approx([0.5, 0.0, -np.sqrt(0.75)])
    assert third.gaze_distance == pytest.approx(1 / 0.75)
    halfway = track_of([ahead, behind]).at(15 * MS).sample
    assert np.linalg.norm(halfway.gaze_direction) == pytest.approx(1.0)


def test_what_has_no_between_is_that_of_the_frame_before():
    one = replace(raised_arm(0, 0.0), attention=Attention(7, 0.5), contacts=Contact.SEAT)
    two = raised_arm(30 * MS, 1.0)
    track = track_of([one, two])
    before, after = track.at(29 * MS).sample, track.at(31 * MS).sample
    assert (before.attention, before.contacts) == (one.attention, one.contacts)
    assert (after.attention, after.contacts) == (two.attention, two.contacts)
    assert np.array_equal(after.tracked, two.tracked)


def test_no_pose_waits_for_a_compiler():
    make_ready()
    loops = (between, extrapolated, motion_between, moved)
    assert [len(loop.signatures) for loop in loops] == [1, 1, 1, 1]
    track = moving([0, 16 * MS, 33 * MS, 400 * MS, 416 * MS])
    for t in (0, 8, 20, 200, 410, 430, 600):
        track.at(t * MS)
    assert [len(loop.signatures) for loop in loops] == [1, 1, 1, 1]
