"""A person made by code: what they do, and that it never repeats, jumps or slides."""

import functools
from itertools import pairwise

import numpy as np
import pytest

from presence.clock import SECOND
from presence.pose import (
    INDEX,
    SHAPE_INDEX,
    Contact,
    default_proportions,
    forward_kinematics,
    joints_in_place,
)
from presence.pose.kinematics import fingertips_in_place
from presence.pose.quaternion import quat_angle, quat_conjugate, quat_rotate
from presence.tracking.acting.conversation import HELLO_S, Conversation
from presence.tracking.acting.laughter import Laughter
from presence.tracking.performer import Performer, eyes_of_others, within_the_orbit

EPOCH = 5_000 * SECOND
RATE = 30
SEEDS = (1, 7)


def performer(seed, seat=0, **how):
    return Performer(seed, seat=seat, epoch_ns=EPOCH, **how)


def at(person, seconds):
    return person.sample(EPOCH + round(seconds * SECOND))


@functools.lru_cache
def recording(seed, seconds=55, seat=0):
    """Most of a minute of a performer: the body, samples, and where every joint is and turns."""
    person = performer(seed, seat)
    samples = [at(person, k / RATE) for k in range(seconds * RATE)]
    rotations = np.stack([s.rotations for s in samples])
    roots = np.stack([s.root_position for s in samples])
    points, turns = forward_kinematics(rotations, roots, person.proportions.offsets)
    return person.proportions, samples, points, turns


def speaking(seat, seconds=55):
    script = Conversation(0, 3)
    return np.array([script.speaker_at(k / RATE) == seat for k in range(seconds * RATE)])


def laughing(seed, seat=0, seconds=55):
    """Whether they laugh, or laughed or will within a moment, in each frame."""
    laughter = Laughter(seed, Conversation(0, 3), seat)
    laughs = np.array([laughter.at(k / RATE).smile > 0.0 for k in range(seconds * RATE)])
    return laughs | np.roll(laughs, RATE // 2) | np.roll(laughs, -RATE // 2)


def same(a, b):
    return (
        np.array_equal(a.rotations, b.rotations)
        and np.array_equal(a.root_position, b.root_position)
        and np.array_equal(a.face, b.face)
        and np.array_equal(a.gaze_direction, b.gaze_direction)
        and (a.attention, a.contacts, a.capture_ns) == (b.attention, b.contacts, b.capture_ns)
    )


def test_the_same_seed_does_the_same_whatever_was_asked_before():
    first, second = performer(4), performer(4)
    times = [12.0, 0.3, 4000.7, 12.0, -3.0, 59.99, 0.3]
    forward = [at(first, t) for t in times]
    backward = [at(second, t) for t in reversed(times)][::-1]
    assert all(same(a, b) for a, b in zip(forward, backward, strict=True))
    assert same(forward[0], forward[3])


def test_the_epoch_moves_everything_in_time_and_changes_nothing():
    early, late = Performer(4, epoch_ns=0), Performer(4, epoch_ns=10**15)
    for t in (0, 3 * SECOND, 77 * SECOND):
        assert same(early.sample(t), late.sample(10**15 + t).at(t))


def test_different_seeds_are_different_people():
    bodies, poses = [], []
    for seed in (*SEEDS, 3, 4):
        body, _, points, _ = recording(seed) if seed in SEEDS else recording(seed, 10)
        bodies.append(body.height)
        poses.append(points[: 10 * RATE, [INDEX["leftHand"], INDEX["head"]]])
    assert np.ptp(bodies) > 0.05
    for i in range(4):
        for j in range(i):
            apart = np.linalg.norm(poses[i] - poses[j], axis=-1)
            assert np.median(apart) > 0.01


def test_a_given_body_is_used():
    body = default_proportions(1.9)
    assert performer(1, proportions=body).proportions is body


@pytest.mark.parametrize("seed", SEEDS)
def test_feet_that_bear_weight_stay_where_they_stand(seed):
    body, samples, points, turns = recording(seed)
    for i, side in enumerate(("left", "right")):
        flag = Contact.LEFT_FOOT if side == "left" else Contact.RIGHT_FOOT
        down = np.array([bool(s.contacts & flag) for s in samples])
        ankle = points[:, INDEX[side + "Foot"]]
        slid = np.linalg.norm(np.diff(ankle, axis=0), axis=-1)[down[1:] & down[:-1]]
        assert slid.max() < 0.001
        sole = ankle + quat_rotate(turns[:, INDEX[side + "Foot"]], body.soles[i])
        assert np.abs(sole[down, 1]).max() < 0.005
        # They step now and then, and stand nearly always.
        assert 0.9 < down.mean() < 1.0
        assert sole[~down, 1].max() > 0.015
    both = Contact.LEFT_FOOT | Contact.RIGHT_FOOT
    assert all(s.contacts & both for s in samples)


@pytest.mark.parametrize("seed", SEEDS)
def test_they_stand_upright_on_nearly_straight_legs_that_bend_forward(seed):
    body, _, points, turns = recording(seed)
    assert points[:, INDEX["head"], 1].min() > 0.93 * body.rest_positions()[INDEX["head"], 1]
    for side in ("left", "right"):
        hip, knee, ankle = (
            points[:, INDEX[side + bone]] for bone in ("UpperLeg", "LowerLeg", "Foot")
        )
        assert np.all(knee[:, 2] < 0.5 * (hip + ankle)[:, 2])
    up = quat_rotate(turns[:, INDEX["upperChest"]], np.array([0.0, 1.0, 0.0]))
    assert np.degrees(np.arccos(up[:, 1])).max() < 15.0


@pytest.mark.parametrize("seed", SEEDS)
def test_movement_is_smooth_and_no_faster_than_people_move(seed):
    _, samples, points, turns = recording(seed)
    velocity = np.diff(points, axis=0) * RATE
    speed = np.linalg.norm(velocity, axis=-1)
    hands = [INDEX["leftHand"], INDEX["rightHand"]]
    assert speed[:, hands].max() < 3.0
    assert speed[:, hands].max() > 0.4
    assert speed[:, INDEX["head"]].max() < 0.5
    # No jump in velocity: what changes within a frame is an acceleration, of waving fingers most.
    assert np.linalg.norm(np.diff(velocity, axis=0), axis=-1).max() * RATE < 40.0
    body = [i for i in range(55) if i not in (INDEX["leftEye"], INDEX["rightEye"])]
    turned = np.degrees(quat_angle(turns[1:, body], turns[:-1, body]))
    assert turned.max() * RATE < 700.0
    faces = np.stack([s.face for s in samples])
    assert np.abs(np.diff(faces, axis=0)).max() * RATE < 50.0


def test_nothing_jumps_between_times_that_are_closer_than_frames():
    person = performer(3)
    for start in (0.9, 7.0, 31.4):
        fine = [at(person, start + k * 1e-3) for k in range(400)]
        rotations = np.stack([s.rotations for s in fine])
        assert np.degrees(quat_angle(rotations[1:], rotations[:-1])).max() < 3.0
        velocity = np.diff(np.stack([s.root_position for s in fine]), axis=0) * 1000
        assert np.linalg.norm(np.diff(velocity, axis=0), axis=-1).max() < 0.01


@pytest.mark.parametrize("seed", SEEDS)
def test_hands_and_elbows_stay_out_of_the_trunk(seed):
    body, _, points, turns = recording(seed)
    chest = INDEX["upperChest"]
    width = body.offsets[INDEX["rightShoulder"], 0] + body.offsets[INDEX["rightUpperArm"], 0]
    back = quat_conjugate(turns[:, chest])
    for side in ("left", "right"):
        for bone, room in (("Hand", 1.1), ("MiddleProximal", 1.0), ("LowerArm", 0.85)):
            local = quat_rotate(back, points[:, INDEX[side + bone]] - points[:, chest])
            beside = np.hypot(local[:, 0] / (0.95 * width), local[:, 2] / (0.6 * width))
            trunk = (local[:, 1] < 0.1) & (local[:, 1] > -0.55)
            assert beside[trunk].min() > room, (side, bone)
    tips = np.stack([fingertips_in_place(p, t, body) for p, t in zip(points, turns, strict=True)])
    local = quat_rotate(back[:, None], tips - points[:, None, chest])
    beside = np.hypot(local[..., 0] / (0.9 * width), local[..., 2] / (0.55 * width))
    assert beside[np.abs(local[..., 1] + 0.2) < 0.3].min() > 0.85


@pytest.mark.parametrize("seed", SEEDS)
def test_hands_do_not_pass_through_one_another(seed):
    _, _, points, _ = recording(seed)
    apart = points[:, INDEX["leftHand"]] - points[:, INDEX["rightHand"]]
    assert np.linalg.norm(apart, axis=-1).min() > 0.08


@pytest.mark.parametrize("seed", SEEDS)
def test_at_rest_the_hands_are_down_and_the_fingers_relaxed(seed):
    _, samples, points, _ = recording(seed)
    quiet = ~speaking(0)
    quiet[: 6 * RATE] = False
    hands = points[:, [INDEX["leftHand"], INDEX["rightHand"]], 1]
    chest = points[:, INDEX["upperChest"], 1]
    assert np.mean((hands < chest[:, None] - 0.1)[quiet]) > 0.9
    curl = quat_angle(
        np.stack([s.rotations[INDEX["leftMiddleIntermediate"]] for s in samples]),
        np.array([0.0, 0.0, 0.0, 1.0]),
    )
    assert 15.0 < np.degrees(np.median(curl)) < 70.0


@pytest.mark.parametrize("seed", [1, 2, 3, 5, 8, 13])
def test_they_wave_hello_in_the_first_seconds_of_a_call(seed):
    person = performer(seed)
    raised, swings = [], []
    for k in range(5 * RATE):
        points, turns = joints_in_place(at(person, k / RATE), person.proportions)
        hands = points[[INDEX["leftHand"], INDEX["rightHand"]]]
        high = hands[:, 1] > points[INDEX["leftUpperArm"], 1] + 0.02
        raised.append(high)
        if high.any():
            side = int(np.argmax(high))
            hand = INDEX[("left", "right")[side] + "Hand"]
            swings.append(points[INDEX[("left", "right")[side] + "MiddleDistal"], 0])
            palm = quat_rotate(turns[hand], np.array([0.0, -1.0, 0.0]))
            assert palm[2] < 0.2, "the palm faces whoever is greeted"
    assert np.any(raised[: int(2.5 * RATE)])
    assert np.sum(np.any(raised, axis=1)) > 0.8 * RATE
    assert not np.any(raised[-RATE // 2 :])
    turns_round = np.sum(np.diff(np.sign(np.diff(swings))) != 0)
    assert 4 <= turns_round <= 20


def test_they_wave_now_and_then_later_too():
    person = performer(2)
    high = []
    for k in range(330 * 3):
        points, _ = joints_in_place(at(person, 10 + k / 3), person.proportions)
        hands = points[[INDEX["leftHand"], INDEX["rightHand"]], 1]
        high.append(hands.max() > points[INDEX["leftUpperArm"], 1] + 0.06)
    started = np.sum(np.diff(np.array(high, dtype=int)) == 1)
    assert 2 <= started <= 12


@pytest.mark.parametrize("seat", [0, 1, 2])
def test_they_look_at_whoever_speaks_most_of_the_time(seat):
    body, samples, points, turns = recording(1, seat=seat)
    others = eyes_of_others(seat, 3)
    head = INDEX["head"]
    eyes = points[:, head] + quat_rotate(turns[:, head], body.eyes)
    hits, said, off = [], [], []
    script = Conversation(0, 3)
    for k, sample in enumerate(samples):
        speaker = script.speaker_at(k / RATE)
        if speaker in (None, seat):
            continue
        sight = quat_rotate(turns[k, head], sample.gaze_direction)
        toward = others[speaker] - eyes[k]
        angle = np.arccos(np.clip(sight @ toward / np.linalg.norm(toward), -1, 1))
        hits.append(np.degrees(angle) < 6.0)
        said.append(sample.attention.target == speaker + 1)
        off.append(abs(sample.gaze_distance - np.linalg.norm(toward)))
    assert len(hits) > 10 * RATE
    assert np.mean(hits) > 0.7
    assert np.mean(said) > 0.75
    assert np.median(off) < 0.1
    assert np.mean(hits) < 1.0, "nobody stares"


def test_eyes_lead_and_heads_follow():
    _, samples, _, turns = recording(1)
    sights = np.stack([s.gaze_direction for s in samples])
    heads = quat_rotate(turns[:, INDEX["head"]], np.array([0.0, 0.0, -1.0]))
    world = quat_rotate(turns[:, INDEX["head"]], sights)
    eye_yaw = np.unwrap(np.arctan2(-world[:, 0], -world[:, 2]))
    head_yaw = np.unwrap(np.arctan2(-heads[:, 0], -heads[:, 2]))
    shift = int(0.15 * RATE)
    eye_speed, head_speed = np.diff(eye_yaw), np.diff(head_yaw)
    later = np.mean(np.abs(eye_speed[:-shift]) * np.abs(head_speed[shift:]))
    earlier = np.mean(np.abs(eye_speed[shift:]) * np.abs(head_speed[:-shift]))
    assert later > 1.5 * earlier
    assert 0.55 * np.ptp(eye_yaw) < np.ptp(head_yaw) < np.ptp(eye_yaw)


def test_the_eyes_turn_no_further_than_eyes_do():
    for seed in SEEDS:
        sights = np.stack([s.gaze_direction for s in recording(seed)[1]])
        assert np.degrees(np.arccos(-sights[:, 2])).max() <= 40.01
    ahead = within_the_orbit(np.array([0.1, 0.0, -2.0]))
    np.testing.assert_array_equal(ahead, [0.1, 0.0, -2.0])


def test_the_mouth_moves_in_ones_own_turn_and_is_still_in_others():
    for seed in SEEDS:
        _, samples, _, _ = recording(seed)
        jaw = np.array([s.face[SHAPE_INDEX["jawOpen"]] for s in samples])
        mine = speaking(0)
        assert np.mean(jaw[mine] > 0.08) > 0.35
        quiet = ~(mine | np.roll(mine, RATE // 2) | np.roll(mine, -RATE // 2) | laughing(seed))
        assert jaw[quiet].max() < 0.05
        # Syllables: the jaw opens and closes four to seven times a second while they speak.
        peaks = (jaw[1:-1] > jaw[2:]) & (jaw[1:-1] >= jaw[:-2]) & (jaw[1:-1] > 0.06)
        assert 2.0 < peaks[mine[1:-1]].sum() / (mine.sum() / RATE) < 7.0


def test_hands_do_more_while_talking_than_while_listening():
    for seed in SEEDS:
        _, _, points, _ = recording(seed)
        hands = points[:, [INDEX["leftHand"], INDEX["rightHand"]]]
        speed = np.linalg.norm(np.diff(hands, axis=0), axis=-1).max(axis=1) * RATE
        mine = speaking(0)[1:]
        later = np.arange(len(mine)) > 6 * RATE
        assert speed[mine & later].mean() > 1.5 * speed[~mine & later].mean()


@pytest.mark.parametrize("seed", SEEDS)
def test_they_blink_as_often_as_people_do(seed):
    _, samples, _, _ = recording(seed)
    lids = np.array([s.face[SHAPE_INDEX["eyeBlinkRight"]] for s in samples])
    blinks = np.sum((lids[1:] > 0.5) & (lids[:-1] <= 0.5))
    assert 10 <= blinks <= 40
    assert np.mean(lids > 0.5) < 0.15


@pytest.mark.parametrize("seed", SEEDS)
def test_they_are_never_quite_still(seed):
    _, _, points, _ = recording(seed)
    chest = points[:, INDEX["upperChest"]]
    moved = np.linalg.norm(chest[RATE:] - chest[:-RATE], axis=-1)
    assert np.percentile(moved, 2) > 1e-4


def test_no_ten_minutes_repeat():
    person = performer(1)
    rate, minutes = 2, 12
    poses = []
    for k in range(rate * 60 * minutes):
        sample = at(person, 10 + k / rate)
        hands = [INDEX["leftUpperArm"], INDEX["rightUpperArm"], INDEX["head"]]
        poses.append(np.concatenate([sample.rotations[hands].ravel(), sample.root_position]))
    series = np.array(poses) - np.mean(poses, axis=0)
    series /= series.std(axis=0) + 1e-9
    size = 2 * len(series)
    spectrum = np.fft.rfft(series, size, axis=0)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, size, axis=0).sum(axis=1)[: 60 * 10 * rate]
    overlap = len(series) - np.arange(len(correlation))
    correlation = correlation / overlap / (correlation[0] / len(series))
    assert correlation[60 * rate :].max() < 0.5


@pytest.mark.parametrize("cast", [1, 2, 5, 8])
def test_casts_of_any_size_work(cast):
    for seat in {0, cast - 1}:
        person = Performer(1, seat=seat, cast=cast)
        targets = {person.sample(round(t * SECOND)).attention.target for t in np.arange(0, 40, 1.0)}
        assert targets <= {0, *(s + 1 for s in range(cast) if s != seat)}
        assert cast == 1 or len(targets) > 1


def test_a_whole_cast_agrees_who_speaks():
    scripts = [Performer(seed, seat=seed, cast=3, script_seed=9) for seed in range(3)]
    jaws = np.array(
        [
            [p.sample(round(t * SECOND)).face[SHAPE_INDEX["jawOpen"]] for p in scripts]
            for t in np.arange(4, 60, 0.15)
        ]
    )
    laughs = [Laughter(seed, Conversation(9, 3), seed) for seed in range(3)]
    serious = [all(each.at(t).smile == 0.0 for each in laughs) for t in np.arange(4, 60, 0.15)]
    assert np.mean(serious) > 0.5
    assert np.mean(np.sum(jaws[serious] > 0.05, axis=1) > 1) < 0.02
    assert np.all(np.mean(jaws > 0.08, axis=0) > 0.02)


class TestConversation:
    def test_everyone_has_turns_and_nobody_speaks_at_once_with_another(self):
        script = Conversation(3, 4)
        turns = [script.turn(k) for k in range(2, 400)]
        speakers = [t.speaker for t in turns if t.speaker is not None]
        shares = np.bincount(speakers, minlength=4) / len(speakers)
        assert shares.min() > 0.15
        for before, after in pairwise(turns):
            assert before.start_s < before.end_s < after.start_s + 0.5
            assert before.end_s <= after.start_s

    def test_nobody_talks_while_people_say_hello(self):
        for seed in range(30):
            script = Conversation(seed, 3)
            assert all(script.speaker_at(t) is None for t in np.arange(0, HELLO_S - 0.01, 0.1))
            assert any(script.speaker_at(t) is not None for t in np.arange(HELLO_S, 20, 0.1))

    def test_the_same_person_seldom_goes_on(self):
        script = Conversation(1, 3)
        speakers = [script.turn(k).speaker for k in range(300)]
        again = np.mean([a == b for a, b in pairwise(speakers)])
        assert again < 0.3

    def test_other_seeds_are_other_scripts(self):
        said = [
            [Conversation(seed, 3).speaker_at(t) for t in np.arange(4, 60, 0.5)] for seed in (1, 2)
        ]
        assert np.mean([a == b for a, b in zip(*said, strict=True)]) < 0.7
