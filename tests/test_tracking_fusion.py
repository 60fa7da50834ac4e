"""Joining sensors: each part from who is surest, and no seam where another takes over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from presence.clock import MILLISECOND, SECOND
from presence.pose.face import SHAPE_INDEX
from presence.pose.quaternion import quat_angle, quat_from_axis_angle, quat_mul, quat_rotate
from presence.pose.rigid import UP
from presence.pose.skeleton import INDEX
from presence.tracking.fusion import CROSSING_NS, FADING_NS, FRESH_NS, Fusion
from presence.tracking.sensed import Point, Sensed

RATE = 72
HAND = Point.LEFT_HAND
HEAD_AT = np.array([0.1, 1.6, 0.05])


def at(k):
    return (k + 1) * SECOND // RATE


def sensed(k, points=None, **changes):
    """What a sensor knows at the k-th frame: points by where they are and how sure that is."""
    nothing = Sensed.nothing(at(k))
    positions, orientations = nothing.positions.copy(), nothing.orientations.copy()
    sure = np.zeros(len(Point))
    for point, (position, turn, confidence) in (points or {}).items():
        positions[point], orientations[point], sure[point] = position, turn, confidence
    values = {
        "positions": positions,
        "orientations": orientations,
        "position_confidence": sure,
        "orientation_confidence": sure,
    }
    return replace(nothing, **(values | changes))


def turned(yaw):
    return quat_from_axis_angle(UP, yaw)


def elsewhere(points, yaw, shift):
    """The same in another's place, which lies turned and moved against this one."""
    return {
        point: (quat_rotate(turned(yaw), position) + shift, quat_mul(turned(yaw), turn), sure)
        for point, (position, turn, sure) in points.items()
    }


def face(value, sure=1.0):
    return {"face": np.full(52, value), "face_confidence": np.full(52, sure)}


def test_one_sensor_alone_is_said_as_it_is():
    given = sensed(0, {HAND: ((0.1, 1.0, -0.3), turned(0.4), 0.8)}, **face(0.3, 0.7))
    said = Fusion().fuse([given], at(0))
    assert np.allclose(said.positions, given.positions)
    assert np.allclose(said.orientations, given.orientations)
    assert np.allclose(said.position_confidence, given.position_confidence)
    assert np.allclose(said.face, given.face)
    assert said.capture_ns == given.capture_ns


def test_a_headset_gives_the_body_and_a_camera_the_face():
    fusion = Fusion()
    for k in range(5):
        headset = sensed(k, {Point.HEAD: (HEAD_AT, turned(0.0), 1.0)})
        camera = sensed(k, {Point.HEAD: (HEAD_AT + 0.1, turned(0.2), 0.6)}, **face(0.5))
        said = fusion.fuse([headset, camera], at(k))
    assert np.allclose(said.positions[Point.HEAD], HEAD_AT)
    assert np.allclose(said.face, 0.5)


def test_another_program_gives_the_body_and_a_telephone_the_face():
    rotations = Sensed.nothing(0).rotations.copy()
    rotations[INDEX["leftUpperArm"]] = turned(0.7)
    body = sensed(0, rotations=rotations, rotation_confidence=np.ones(55), **face(0.1, 0.5))
    telephone = sensed(0, **face(0.9, 1.0))
    said = Fusion().fuse([body, telephone], at(0))
    assert np.allclose(said.face, 0.9)
    assert np.allclose(said.rotations, rotations)


def hand_way(k):
    """A hand that goes to and fro at up to a metre a second."""
    return np.array([-0.3 + 0.2 * np.sin(5.0 * k / RATE), 1.1, -0.3])


def watched_hand(fusion, frames, lost, *, camera_error, yaw=0.0, shift=(0.0, 0.0, 0.0)):
    """Where the hand was said to be while the headset lost it in ``lost``."""
    said = []
    for k in range(frames):
        points = {
            Point.HEAD: (HEAD_AT, turned(0.1), 1.0),
            HAND: (hand_way(k), turned(0.3), 1.0),
        }
        seen = dict(points)
        seen[HAND] = (hand_way(k) + camera_error, turned(0.5), 0.6)
        seen[Point.HEAD] = (HEAD_AT, turned(0.1), 0.6)
        if k in lost:
            del points[HAND]
        result = fusion.fuse(
            [sensed(k, points), sensed(k, elsewhere(seen, yaw, np.array(shift)))], at(k)
        )
        said.append((result.positions[HAND], result.orientations[HAND], result))
    return said


def test_a_hand_that_the_headset_loses_goes_on_by_the_camera_without_a_jump():
    error = np.array([0.0, 0.12, 0.0])
    said = watched_hand(Fusion(), 300, range(100, 200), camera_error=error)
    places = np.array([place for place, _, _ in said])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=-1)
    own = np.linalg.norm(np.diff([hand_way(k) for k in range(300)], axis=0), axis=-1).max()
    # Twelve centimetres fade over 0.3 s: at most one and a half times their mean speed.
    fading = 1.5 * 0.12 / (CROSSING_NS / SECOND) / RATE
    assert steps.max() < own + fading + 1e-4
    turns = np.array([turn for _, turn, _ in said])
    assert quat_angle(turns[:-1], turns[1:]).max() < 1.5 * 0.2 / 0.3 / RATE + 1e-3
    # By the end of it, each is believed wholly.
    assert np.allclose(places[150], hand_way(150) + error, atol=1e-3)
    assert np.allclose(places[299], hand_way(299), atol=1e-3)


def test_a_cameras_place_is_laid_on_the_headsets_by_the_head():
    said = watched_hand(
        Fusion(), 200, range(100, 200), camera_error=0.0, yaw=0.7, shift=(1.0, -0.3, 2.0)
    )
    for k in (150, 199):
        assert np.linalg.norm(said[k][0] - hand_way(k)) < 0.002
        assert quat_angle(said[k][1], turned(0.5)) < 0.01


def test_after_the_headset_was_recentred_the_cameras_place_follows_at_once():
    fusion = Fusion()
    for k in range(120):
        yaw, shift = (0.0, np.zeros(3)) if k < 60 else (1.2, np.array([1.5, 0.0, -0.8]))
        head = {Point.HEAD: (HEAD_AT, turned(0.1), 1.0)}
        seen = {**head, HAND: (np.array([-0.3, 1.1, -0.3]), turned(0.5), 0.6)}
        said = fusion.fuse([sensed(k, elsewhere(head, yaw, shift)), sensed(k, seen)], at(k))
        if k in (59, 60, 119):
            there = elsewhere({HAND: seen[HAND]}, yaw, shift)[HAND]
            assert np.allclose(said.positions[HAND], there[0], atol=1e-6)
            assert quat_angle(said.orientations[HAND], there[1]) < 1e-6


def test_turns_that_are_told_in_the_place_are_laid_there_too_and_others_are_not():
    rotations = Sensed.nothing(0).rotations.copy()
    rotations[0] = turned(0.9)
    rotations[INDEX["leftLowerArm"]] = turned(0.4)
    fusion = Fusion()
    for k in range(3):
        headset = sensed(k, {Point.HEAD: (HEAD_AT, turned(0.1), 1.0)})
        head = {Point.HEAD: (HEAD_AT, turned(0.9), 0.5)}
        body = sensed(k, head, rotations=rotations, rotation_confidence=np.ones(55))
        said = fusion.fuse([headset, body], at(k))
    assert quat_angle(said.rotations[0], turned(0.1)) < 1e-6
    assert quat_angle(said.rotations[INDEX["leftLowerArm"]], turned(0.4)) < 1e-6


def test_a_head_that_the_headset_loses_goes_on_by_the_camera_where_it_was():
    fusion = Fusion()
    places = []
    for k in range(240):
        head = HEAD_AT + np.array([0.05 * np.sin(2.0 * k / RATE), 0.0, 0.0])
        points = {Point.HEAD: (head, turned(0.1), 1.0)}
        seen = elsewhere({Point.HEAD: (head, turned(0.1), 0.6)}, 0.5, np.array([0.4, 0.2, -1.0]))
        headset = None if 80 <= k < 160 else sensed(k, points)
        places.append(fusion.fuse([headset, sensed(k, seen)], at(k)).positions[Point.HEAD])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=-1)
    assert steps.max() < 0.004
    assert abs(places[150][0] - HEAD_AT[0]) < 0.06


def test_sensors_that_are_as_sure_as_one_another_do_not_take_turns():
    rng = np.random.default_rng(0)
    fusion = Fusion()
    places = []
    for k in range(8 * RATE):
        one = {HAND: ((0.0, 1.0, 0.0), turned(0.0), rng.uniform(0.4, 0.6))}
        other = {HAND: ((0.1, 1.0, 0.0), turned(0.0), rng.uniform(0.4, 0.6))}
        places.append(fusion.fuse([sensed(k, one), sensed(k, other)], at(k)).positions[HAND][0])
    changes = np.abs(np.diff(np.round(np.array(places) / 0.1))).sum()
    assert changes == 0


def test_who_is_plainly_surer_takes_over():
    fusion = Fusion()
    for k in range(100):
        one = {HAND: ((0.0, 1.0, 0.0), turned(0.0), 0.5)}
        other = {HAND: ((0.1, 1.0, 0.0), turned(0.0), 0.9 if k > 30 else 0.1)}
        said = fusion.fuse([sensed(k, one), sensed(k, other)], at(k))
    assert np.allclose(said.positions[HAND], (0.1, 1.0, 0.0))


def test_a_sensor_that_falls_silent_is_believed_less_and_less_and_then_not():
    fusion = Fusion()
    given = sensed(0, {HAND: ((0.0, 1.0, 0.0), turned(0.0), 0.8)})
    fusion.fuse([given], at(0))
    fresh = fusion.fuse([None], at(0) + FRESH_NS)
    assert fresh.position_confidence[HAND] == pytest.approx(0.8)
    half = fusion.fuse([None], at(0) + FRESH_NS + FADING_NS // 2)
    assert half.position_confidence[HAND] == pytest.approx(0.4)
    assert fusion.fuse([None], at(0) + FRESH_NS + FADING_NS) is None


def test_what_nobody_knew_before_is_at_once_where_it_is_seen():
    fusion = Fusion()
    for k in range(10):
        fusion.fuse([sensed(k, {Point.HEAD: (HEAD_AT, turned(0.0), 1.0)})], at(k))
    there = np.array([0.4, 1.2, -0.2])
    points = {Point.HEAD: (HEAD_AT, turned(0.0), 1.0), HAND: (there, turned(0.2), 1.0)}
    assert np.allclose(fusion.fuse([sensed(10, points)], at(10)).positions[HAND], there)


def test_somebody_who_took_the_headset_off_is_there_while_the_camera_sees_them():
    fusion = Fusion()
    off = sensed(0, {Point.HEAD: (HEAD_AT, turned(0.0), 1.0)}, present=False)
    seen = sensed(0, {HAND: ((0.0, 1.0, 0.0), turned(0.0), 0.6)})
    both = fusion.fuse([off, seen], at(0))
    assert both.present
    assert both.position_confidence[Point.HEAD] == 0.0
    assert not Fusion().fuse([off, None], at(0)).present


def test_a_part_comes_whole_from_one_sensor():
    # One knows the arm better on the whole, the other only the elbow: the arm is not torn apart.
    arm = [INDEX["left" + bone] for bone in ("Shoulder", "UpperArm", "LowerArm", "Hand")]
    sure, elbow = np.zeros(55), np.zeros(55)
    sure[arm], elbow[INDEX["leftLowerArm"]] = 0.6, 0.9
    bent = Sensed.nothing(0).rotations.copy()
    bent[INDEX["leftLowerArm"]] = turned(1.0)
    first = sensed(0, rotation_confidence=sure)
    second = sensed(0, rotations=bent, rotation_confidence=elbow)
    said = Fusion().fuse([first, second], at(0))
    assert quat_angle(said.rotations[INDEX["leftLowerArm"]], turned(0.0)) < 1e-9


def test_brows_and_mouth_may_come_from_different_sensors():
    eyes, mouth = np.zeros(52), np.zeros(52)
    for name, index in SHAPE_INDEX.items():
        (eyes if name.startswith(("eye", "brow")) else mouth)[index] = 1.0
    first = sensed(0, face=np.full(52, 0.2), face_confidence=eyes)
    second = sensed(0, face=np.full(52, 0.7), face_confidence=mouth)
    said = Fusion().fuse([first, second], at(0))
    assert said.face[SHAPE_INDEX["eyeBlinkLeft"]] == pytest.approx(0.2)
    assert said.face[SHAPE_INDEX["jawOpen"]] == pytest.approx(0.7)


def test_gaze_and_its_distance_come_from_the_same_sensor():
    aside = np.array([0.6, 0.0, -0.8])
    first = sensed(0, gaze_distance=9.0)
    second = sensed(0, gaze_direction=aside, gaze_distance=0.7, gaze_confidence=0.8)
    said = Fusion().fuse([first, second], at(0))
    assert np.allclose(said.gaze_direction, aside)
    assert said.gaze_distance == 0.7


def test_a_slow_sensor_does_not_lose_confidence_between_its_frames():
    fusion = Fusion()
    given = None
    for k in range(100):
        if k % 3 == 0:
            given = replace(
                sensed(k, {HAND: ((0.0, 1.0, 0.0), turned(0.0), 0.6)}),
                capture_ns=at(k) - 90 * MILLISECOND,
            )
        said = fusion.fuse([given], at(k))
        assert said.position_confidence[HAND] == pytest.approx(0.6)
