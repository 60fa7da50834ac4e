"""Filling in: a whole, living body from the few points that are known."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from three_points import (
    BODY,
    EYES,
    FOOT,
    HAND,
    HANG,
    HANGING,
    RATE,
    eyes_of,
    filled,
    joints,
    sensed,
    soles_of,
    standing,
    yaw,
)

from presence.clock import SECOND
from presence.pose.kinematics import joints_in_place
from presence.pose.quaternion import (
    IDENTITY,
    quat_angle,
    quat_from_axis_angle,
    quat_from_rotvec,
    quat_mul,
    quat_rotate,
)
from presence.pose.rigid import RIGHT, UP
from presence.pose.sample import Contact, Part
from presence.pose.skeleton import BODY_BONES, INDEX, MIRROR
from presence.tracking.filling import Filler
from presence.tracking.performer import Performer
from presence.tracking.sensed import Point, Sensed


def test_head_and_hands_are_where_they_were_seen():
    hands = np.array([[-0.3, 1.1, 0.0], [0.25, 1.25, 0.05]])
    turns = quat_from_rotvec(np.array([[0.3, 0.2, 0.4], [0.1, -0.3, -0.5]]))
    turn = quat_from_rotvec(np.array([0.2, 0.4, -0.1]))
    (sample,) = filled([sensed((0.1, 1.5, 0.2), turn, hands, turns)])
    eyes, head = eyes_of(sample)
    positions, orientations = joints_in_place(sample, BODY)
    assert np.allclose(eyes, (0.1, 1.5, 0.2), atol=1e-6)
    assert quat_angle(head, turn) < 1e-6
    for i, bone in enumerate(HAND):
        assert np.allclose(positions[INDEX[bone]], hands[i], atol=5e-3)
        assert quat_angle(orientations[INDEX[bone]], turns[i]) < 1e-6
    assert sample.tracked[Part.HEAD] == sample.tracked[Part.LEFT_ARM] == 1.0
    assert sample.tracked[Part.LEGS] == sample.tracked[Part.TORSO] == 0.0


def test_whoever_stands_stands_on_both_feet_upright_and_still():
    samples = filled([standing(k / RATE) for k in range(120)])
    positions, orientations = joints(samples)
    assert samples[-1].contacts == Contact.LEFT_FOOT | Contact.RIGHT_FOOT
    assert np.abs(soles_of(samples)).max() < 0.02
    feet = positions[:, [INDEX[foot] for foot in FOOT]]
    assert np.ptp(feet[60:], axis=0).max() < 1e-6
    up = quat_rotate(orientations[-1, [0, INDEX["upperChest"]]], UP)
    assert (up[:, 1] > np.cos(np.radians(15.0))).all()
    hips = positions[-1, 0]
    assert np.hypot(hips[0], hips[2]) < 0.08
    knees, hip_joints = positions[-1, INDEX["leftLowerLeg"]], positions[-1, INDEX["leftUpperLeg"]]
    assert knees[2] < 0.5 * (hip_joints[2] + feet[-1, 0, 2]) + 1e-6, "a knee bends forward"


def test_each_side_has_its_own_hand_and_left_stays_left():
    samples = filled([standing(k / RATE) for k in range(3)])
    positions, _ = joints(samples)
    for bone in ("Hand", "LowerArm", "UpperArm", "LowerLeg", "Foot"):
        assert positions[-1, INDEX["left" + bone], 0] < positions[-1, INDEX["right" + bone], 0]


MIRRORED = np.array([-1.0, 1.0, 1.0])
FLIPPED = np.array([1.0, -1.0, -1.0, 1.0])
"""What a mirror makes of a rotation."""


def mirrored(frame):
    swap = [0, 2, 1, 3, 5, 4]
    return replace(
        frame,
        positions=frame.positions[swap] * MIRRORED,
        orientations=frame.orientations[swap] * FLIPPED,
        position_confidence=frame.position_confidence[swap],
        orientation_confidence=frame.orientation_confidence[swap],
    )


def wandering(seed, count=200):
    """Somebody who walks about, looks about, and moves the hands, evenly but at random."""
    rng = np.random.default_rng(seed)
    waves = rng.uniform(-1.0, 1.0, (3, 3, 4))
    speeds = rng.uniform(0.5, 2.5, (3, 3, 4))
    phases = rng.uniform(0.0, 6.28, (3, 3, 4))
    frames = []
    for k in range(count):
        t = k / RATE
        a, b, c = (waves * np.sin(speeds * t + phases)).sum(axis=-1)
        heading = 0.6 * a[0] + 0.5
        middle = np.array([0.4 * a[1] + 0.1, EYES - 0.1 - 0.08 * abs(a[2]), 0.4 * b[0]])
        turn = quat_mul(yaw(heading), quat_from_rotvec(0.2 * c))
        hands = HANGING + 0.15 * np.stack([b, c]) + np.array([0.0, 0.3, -0.2])
        hands = quat_rotate(yaw(heading), hands) + middle * (1.0, 0.0, 1.0)
        turns = quat_mul(yaw(heading), quat_mul(HANG, quat_from_rotvec(0.4 * np.stack([a, b]))))
        frames.append(sensed(middle, turn, hands, turns))
    return frames


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_mirrored_person_is_filled_in_as_the_mirror_image(seed):
    frames = wandering(seed)
    # One hand is lost for a while.
    frames[60:110] = [
        replace(f, position_confidence=np.array([1.0, 0, 1, 0, 0, 0])) for f in frames[60:110]
    ]
    one = filled(frames)
    other = filled([mirrored(frame) for frame in frames])
    for a, b in zip(one, other, strict=True):
        assert np.allclose(a.root_position * MIRRORED, b.root_position, atol=1e-9)
        turns = (a.rotations * FLIPPED)[MIRROR][BODY_BONES]
        same = np.abs(np.sum(turns * b.rotations[BODY_BONES], axis=-1))
        assert np.allclose(same, 1.0, atol=1e-9)


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_no_foot_is_ever_under_the_floor_and_whatever_stands_stands_still(seed):
    samples = filled(wandering(seed, 400))
    soles = soles_of(samples)
    assert soles.min() > -0.005
    positions, _ = joints(samples)
    for foot, contact in zip(FOOT, (Contact.LEFT_FOOT, Contact.RIGHT_FOOT), strict=True):
        down = np.array([bool(sample.contacts & contact) for sample in samples])
        both = down[1:] & down[:-1]
        toes = positions[:, INDEX[foot.replace("Foot", "Toes")]]
        assert np.linalg.norm(np.diff(toes, axis=0), axis=-1)[both].max() < 1e-3


@pytest.mark.parametrize("seed", [7, 8, 11])
def test_nothing_moves_faster_than_people_do(seed):
    samples = filled(wandering(seed, 400))
    positions, orientations = joints(samples)
    speeds = np.linalg.norm(np.diff(positions, axis=0), axis=-1) * RATE
    assert speeds.max() < 10.0
    turned = quat_angle(orientations[1:, BODY_BONES], orientations[:-1, BODY_BONES]) * RATE
    assert turned.max() < 40.0


def hostile_frames():
    unit = (
        st.tuples(*[st.floats(-1.0, 1.0)] * 4)
        .map(np.array)
        .map(lambda q: q / np.linalg.norm(q) if np.linalg.norm(q) > 0.05 else IDENTITY)
    )
    place = st.tuples(*[st.floats(-3.0, 3.0)] * 3).map(np.array)
    sure = st.tuples(*[st.sampled_from([0.0, 0.3, 1.0])] * 3)
    frame = st.builds(
        lambda h, q, a, b, p, r, c: sensed(h, q, np.stack([a, b]), np.stack([p, r]), c),
        place, unit, place, place, unit, unit, sure,
    )  # fmt: skip
    away = st.sampled_from([None, Sensed.nothing(0, present=False), Sensed.nothing(0)])
    return st.lists(st.one_of(frame, frame, away), min_size=1, max_size=12)


@settings(max_examples=60)
@given(hostile_frames())
def test_whatever_comes_a_body_comes_of_it(frames):
    for sample in filled(frames, Filler(BODY, 1)):
        assert np.isfinite(sample.rotations).all()
        assert np.isfinite(sample.root_position).all()
        assert np.allclose(np.linalg.norm(sample.rotations, axis=-1), 1.0)


@pytest.mark.parametrize(
    "frame",
    [
        sensed(turn=quat_from_axis_angle(RIGHT, np.pi)),
        sensed(turn=quat_from_axis_angle(RIGHT, -0.5 * np.pi)),
        sensed(hands=np.array([[0.0, 1.2, -0.3]] * 2)),
        sensed(hands=np.array([[-0.2, 1.0, 0.5], [0.2, 1.0, 0.5]])),
        sensed(hands=np.array([[0.0, EYES, -0.07]] * 2)),
        sensed(head=(0.0, -2.0, 0.0)),
        sensed(head=(0.0, 0.2, 0.0)),
        sensed(head=(np.nan, 1.6, 0.0)),
        sensed(turn=np.zeros(4)),
        sensed(hands=np.full((2, 3), np.inf)),
    ],
    ids=[
        "upside down",
        "looks straight down",
        "hands at one place",
        "hands behind",
        "hands in the head",
        "under the floor",
        "lies",
        "not a number",
        "no turn",
        "endless",
    ],
)
def test_hostile_input_makes_a_body_all_the_same(frame):
    samples = filled([standing(0.0), frame, frame, standing(0.0)], Filler(BODY, 1))
    assert all(np.isfinite(sample.rotations).all() for sample in samples)
    assert soles_of(samples).min() > -0.02


def test_a_lost_hand_eases_to_rest_and_back_from_where_it_is_seen_again():
    raised = np.array([[-0.3, 1.5, -0.4], [0.26, 0.80, -0.05]])
    seen = sensed(hands=raised)
    lost = sensed(hands=raised * 0.0, sure=(1, 0, 1))
    samples = filled([seen] * 30 + [lost] * 60 + [seen] * 60)
    hand = joints(samples)[0][:, INDEX["leftHand"]]
    steps = np.linalg.norm(np.diff(hand, axis=0), axis=-1)
    assert steps.max() * RATE < 7.0, "it goes there, it does not jump"
    at_rest = hand[89]
    assert at_rest[1] < 0.95 and at_rest[0] < -0.1
    assert np.linalg.norm(hand[29 + RATE // 2] - at_rest) < 0.01, "within half a second"
    assert np.linalg.norm(hand[89 + RATE // 2] - raised[0]) < 0.01
    assert np.linalg.norm(hand, axis=-1).min() > 0.5, "never by way of the origin"
    assert samples[60].tracked[Part.LEFT_ARM] == 0.0 < samples[60].tracked[Part.RIGHT_ARM]


def test_arms_of_which_nothing_is_known_hang_beside_the_body():
    (sample,) = filled([sensed(sure=(1, 0, 0))])
    positions, _ = joints_in_place(sample, BODY)
    for side, out in (("left", -1.0), ("right", 1.0)):
        hand = positions[INDEX[side + "Hand"]]
        shoulder = positions[INDEX[side + "UpperArm"]]
        assert hand[1] < shoulder[1] - 0.4
        assert 0.15 < out * hand[0] < 0.4


def test_a_jump_of_the_place_takes_the_whole_body_along_at_once():
    moved = np.array([2.0, 0.0, 1.0])
    turn = yaw(np.pi / 2)
    before = [standing(0.0)] * 40
    one = standing(0.0)
    after = replace(
        one,
        positions=quat_rotate(turn, one.positions) + moved,
        orientations=quat_mul(turn, one.orientations),
    )
    samples = filled(before + [after] * 30)
    positions, _ = joints(samples)
    expected = quat_rotate(turn, positions[39]) + moved
    assert np.linalg.norm(positions[40] - expected, axis=-1).max() < 0.02
    assert np.linalg.norm(positions[-1] - positions[40], axis=-1).max() < 0.02
    assert samples[40].contacts == samples[39].contacts


def test_whoever_walks_steps_with_one_foot_after_the_other():
    samples = filled([standing(k / RATE, walk=(0.0, -1.2)) for k in range(300)])
    contacts = [sample.contacts for sample in samples[60:]]
    down = np.array([[bool(c & Contact.LEFT_FOOT), bool(c & Contact.RIGHT_FOOT)] for c in contacts])
    assert down.any(axis=1).all(), "nobody who walks is in the air"
    lifts = [(int(k), i) for i in (0, 1) for k in np.flatnonzero(down[:-1, i] & ~down[1:, i])]
    order = [foot for _, foot in sorted(lifts)]
    assert len(order) >= 5
    assert all(a != b for a, b in pairwise(order))
    positions, _ = joints(samples)
    apart = positions[60:, INDEX["leftFoot"], 2] - positions[60:, INDEX["rightFoot"], 2]
    assert np.abs(apart).max() < 1.1, "no splits"
    hips = positions[60:, 0, 2]
    middle = 0.5 * (positions[60:, INDEX["leftFoot"], 2] + positions[60:, INDEX["rightFoot"], 2])
    assert np.abs(hips - middle).mean() < 0.25, "feet are under the body"


def test_whoever_turns_round_turns_the_feet_by_steps():
    frames = [standing(0.0, heading=min(k / RATE, 1.5) * 1.2) for k in range(240)]
    samples = filled(frames)
    _, orientations = joints(samples)
    for foot in FOOT:
        ahead = quat_rotate(orientations[-1, INDEX[foot]], np.array([0.0, 0.0, -1.0]))
        assert abs(np.arctan2(-ahead[0], -ahead[2]) - 1.8) < 0.7


def sitting(t):
    """Sits down within a second and a half, and stays."""
    u = min(t / 1.5, 1.0)
    u = u * u * (3.0 - 2.0 * u)
    down = np.array([0.0, -0.4 * u, 0.35 * u])
    return sensed(np.array([0.0, EYES - 0.02, -0.07]) + down, hands=HANGING + down)


def test_whoever_sits_down_is_seen_to_sit_and_is_up_again_on_rising():
    frames = [sitting(k / RATE) for k in range(240)]
    samples = filled(frames + frames[::-1] + [frames[0]] * 60)
    on = [bool(sample.contacts & Contact.SEAT) for sample in samples]
    assert not any(on[:80])
    assert all(on[200:260])
    assert not any(on[-60:])
    sits = samples[235]
    positions, orientations = joints_in_place(sits, BODY)
    for side in ("left", "right"):
        thigh = positions[INDEX[side + "LowerLeg"]] - positions[INDEX[side + "UpperLeg"]]
        assert abs(thigh[1]) < 0.6 * np.linalg.norm(thigh), "thighs lie on the seat"
        assert thigh[2] < -0.2
    assert quat_rotate(orientations[INDEX["upperChest"]], UP)[1] > 0.85
    assert soles_of([sits]).min() > -0.005


def test_whoever_sits_to_begin_with_sits_at_once():
    low = sensed(np.array([0.0, EYES - 0.4, 0.0]), hands=HANGING - np.array([0.0, 0.25, 0.2]))
    samples = filled([low] * 3)
    assert samples[0].contacts & Contact.SEAT
    assert soles_of(samples).min() > -0.005


def test_whoever_leaves_the_floor_is_in_the_air_and_comes_down():
    def jump(t):
        up = max(0.0, 3.0 * t - 4.9 * t * t) if t > 0.0 else 0.0
        return sensed((0.0, EYES + up, -0.07), hands=HANGING + np.array([0.0, up, 0.0]))

    samples = filled([jump(k / RATE - 0.2) for k in range(100)])
    contacts = [sample.contacts for sample in samples]
    feet = Contact.LEFT_FOOT | Contact.RIGHT_FOOT
    assert contacts[10] == feet
    assert contacts[28] == Contact.NONE
    assert contacts[-1] == feet
    assert soles_of(samples)[28].min() > 0.1


def test_whoever_is_gone_stays_where_they_were_at_rest_and_untracked():
    walked = [standing(k / RATE, walk=(1.0, 0.0)) for k in range(120)]
    samples = filled(walked + [None] * 60 + [Sensed.nothing(0, present=False)] * 60)
    last = samples[-1]
    positions, orientations = joints_in_place(last, BODY)
    assert abs(positions[0, 0] - 2.0) < 0.2
    assert positions[INDEX["leftHand"], 1] < 1.0
    assert quat_rotate(orientations[INDEX["head"]], UP)[1] > 0.99
    assert (last.tracked == 0.0).all()
    hips = joints(samples)[0][:, 0]
    assert np.linalg.norm(np.diff(hips, axis=0), axis=-1).max() * RATE < 3.0


def test_of_whom_nothing_was_ever_known_stands_at_ease_on_the_place():
    (sample,) = filled([None])
    positions, _ = joints_in_place(sample, BODY)
    assert positions[0, 1] > 0.8
    assert np.hypot(positions[0, 0], positions[0, 2]) < 0.1
    assert soles_of([sample]).min() > -0.005


def test_eyes_that_are_not_tracked_blink_and_those_that_are_do_as_they_do():
    blink = [i for i in range(52) if i in (0, 7)]
    quiet = filled([standing(0.0)] * 600, Filler(BODY, 3))
    lids = np.array([sample.face[blink].max() for sample in quiet])
    assert (lids > 0.8).any() and np.median(lids) < 0.2
    face = np.zeros(52)
    face[17] = 0.7
    known = replace(
        standing(0.0),
        face=face,
        face_confidence=np.ones(52),
        gaze_direction=np.array([0.2, 0.1, -0.97]),
        gaze_confidence=1.0,
    )
    seen = filled([known] * 30, Filler(BODY, 3))[-1]
    assert abs(seen.face[17] - 0.7) < 1e-6
    assert seen.face[blink].max() < 1e-6
    assert seen.tracked[Part.FACE] == seen.tracked[Part.EYES] == 1.0
    assert np.allclose(seen.gaze_direction, known.gaze_direction / np.linalg.norm([0.2, 0.1, 0.97]))


def test_fingers_that_are_tracked_are_as_they_are_tracked():
    bone = INDEX["leftIndexProximal"]
    rotations = np.tile(IDENTITY, (55, 1))
    rotations[bone] = quat_from_rotvec(np.array([0.0, 0.0, 0.9]))
    confidence = np.zeros(55)
    confidence[bone] = 1.0
    known = replace(standing(0.0), rotations=rotations, rotation_confidence=confidence)
    sample = filled([known] * 3)[-1]
    assert quat_angle(sample.rotations[bone], rotations[bone]) < 1e-6


def test_the_same_seed_and_input_make_the_same():
    frames = wandering(9, 60)
    one, other = filled(frames, Filler(BODY, 5)), filled(frames, Filler(BODY, 5))
    for a, b in zip(one, other, strict=True):
        assert (a.rotations == b.rotations).all()
    different = filled(frames, Filler(BODY, 6))
    assert not (one[-1].rotations == different[-1].rotations).all()


def test_hands_together_and_hands_at_the_face_are_said():
    together = sensed(hands=np.array([[-0.04, 1.1, -0.3], [0.04, 1.1, -0.3]]))
    assert filled([together])[0].contacts & Contact.HANDS_TOGETHER
    chin = np.array([[-0.02, EYES - 0.16, -0.16], [0.26, 0.8, -0.05]])
    up = np.stack([quat_from_rotvec(np.array([0.0, 0.0, -0.5 * np.pi])), HANG[1]])
    touching = filled([sensed(hands=chin, turns=up)])[0].contacts
    assert touching & Contact.LEFT_HAND_TO_FACE
    assert not touching & Contact.RIGHT_HAND_TO_FACE


def with_points(frame, points):
    """The same with more points known: ``{point: (position, rotation)}``."""
    positions, orientations = frame.positions.copy(), frame.orientations.copy()
    sure = frame.position_confidence.copy()
    for point, (at, turn) in points.items():
        positions[point], orientations[point], sure[point] = at, turn, 1.0
    return replace(
        frame,
        positions=positions,
        orientations=orientations,
        position_confidence=sure,
        orientation_confidence=sure,
    )


def test_hips_that_are_tracked_are_where_they_are_seen_and_the_head_stays():
    head = np.array([0.05, EYES - 0.25, -0.25])
    hips = np.array([0.0, 0.76, 0.07]), quat_mul(yaw(0.3), quat_from_axis_angle(RIGHT, -0.3))
    frame = with_points(sensed(head, yaw(0.2)), {Point.HIPS: hips})
    sample = filled([frame] * 30)[-1]
    assert np.linalg.norm(sample.root_position - hips[0]) < 0.03
    assert quat_angle(sample.rotations[0], hips[1]) < 1e-6
    assert np.allclose(eyes_of(sample)[0], head, atol=1e-6)
    assert sample.tracked[Part.TORSO] == 1.0


def test_feet_that_are_tracked_are_where_they_are_seen_and_stand_there_once_they_are_lost():
    left = np.array([-0.15, 0.08, -0.04]), yaw(0.2)
    raised = np.array([0.2, 0.35, -0.1]), quat_from_axis_angle(RIGHT, -0.4)
    low = sensed((0.0, EYES - 0.06, -0.07))
    frame = with_points(low, {Point.LEFT_FOOT: left, Point.RIGHT_FOOT: raised})
    samples = filled([frame] * 30 + [low] * 30)
    positions, orientations = joints(samples)
    for bone, (at, turn) in zip(FOOT, (left, raised), strict=True):
        assert np.linalg.norm(positions[29, INDEX[bone]] - at) < 0.01
        assert quat_angle(orientations[29, INDEX[bone]], turn) < 1e-6
    assert samples[29].contacts == Contact.LEFT_FOOT
    assert samples[29].tracked[Part.LEGS] == 1.0
    feet = positions[:, [INDEX[foot] for foot in FOOT]]
    assert np.linalg.norm(feet[-1, 0] - left[0]) < 0.02, "it stays where it stood"
    assert soles_of(samples)[-1].max() < 0.01, "the other one comes down"
    assert np.linalg.norm(np.diff(feet, axis=0), axis=-1).max() * RATE < 4.0


def test_a_whole_body_that_is_tracked_is_as_it_is_tracked():
    performer = Performer(3, proportions=BODY)
    for seconds in (4.0, 9.0, 20.0):
        truth = performer.sample(round(seconds * SECOND))
        positions, orientations = joints_in_place(truth, BODY)
        bones = ("head", *HAND, "hips", *FOOT)
        points = {
            Point(i): (positions[INDEX[bone]], orientations[INDEX[bone]])
            for i, bone in enumerate(bones)
        }
        points[Point.HEAD] = eyes_of(truth)
        frame = replace(
            with_points(Sensed.nothing(0), points),
            rotations=truth.rotations,
            rotation_confidence=np.ones(55),
        )
        sample = filled([frame] * 3)[-1]
        solved, turned = joints_in_place(sample, BODY)
        assert np.linalg.norm(solved - positions, axis=-1)[BODY_BONES].max() < 0.01
        arms = [INDEX[s + b] for s in ("left", "right") for b in ("LowerArm", "UpperArm")]
        rest = [bone for bone in BODY_BONES if bone not in arms]
        assert quat_angle(turned[rest], orientations[rest]).max() < np.radians(1.5)
        assert (sample.tracked[: Part.FACE] == 1.0).all()


def test_a_body_that_is_no_longer_tracked_is_filled_in_without_a_jump():
    performer = Performer(3, proportions=BODY)
    truth = performer.sample(9 * SECOND)
    positions, orientations = joints_in_place(truth, BODY)
    eyes = eyes_of(truth)
    hands = [INDEX[hand] for hand in HAND]
    plain = sensed(*eyes, positions[hands], orientations[hands])
    known = replace(plain, rotations=truth.rotations, rotation_confidence=np.ones(55))
    moved = joints(filled([known] * 30 + [plain] * 60 + [known] * 30))[0]
    assert np.linalg.norm(np.diff(moved, axis=0), axis=-1).max() * RATE < 4.0


def test_a_trunk_that_is_tracked_hangs_from_the_head_where_that_is_seen():
    rotations = np.tile(IDENTITY, (55, 1))
    rotations[0] = quat_from_axis_angle(RIGHT, -0.5)
    bones = [INDEX[bone] for bone in ("hips", "spine", "chest", "upperChest")]
    confidence = np.zeros(55)
    confidence[bones] = 1.0
    head = np.array([0.1, EYES - 0.2, -0.3])
    frame = replace(sensed(head), rotations=rotations, rotation_confidence=confidence)
    sample = filled([frame] * 3)[-1]
    assert quat_angle(sample.rotations[0], rotations[0]) < 1e-6
    eyes, turn = eyes_of(sample)
    assert np.allclose(eyes, head, atol=1e-6)
    assert quat_angle(turn, IDENTITY) < 1e-6
