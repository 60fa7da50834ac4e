"""A person, from what networks found in picture after picture."""

import numpy as np
import pytest
from test_tracking_camera_body import BODY, found_body, posed
from test_tracking_camera_face import LEFT_LIDS, MODEL, head, landmarks, moved

from presence.clock import SECOND
from presence.pose.face import SHAPE_INDEX
from presence.pose.quaternion import quat_angle
from presence.tracking.camera.found import Found, FoundPose
from presence.tracking.camera.mounting import eyes_at_rest
from presence.tracking.camera.person import GONE_AFTER_NS, NEW_AFTER_NS, Person
from presence.tracking.camera.plan import LEAST_RATE, Plan
from presence.tracking.camera.preview import pack_picture, small_picture, unpack_picture
from presence.tracking.camera.task import PREVIEW_BYTES, CameraSettings
from presence.tracking.sensed import Point

FRAME = SECOND // 30


class Camera:
    """Pictures of one person. State: the time."""

    def __init__(self, **settings):
        self.person = Person(CameraSettings(**settings), BODY)
        self.now = 7 * SECOND

    def sees(self, face=None, pictures=1, **found):
        for _ in range(pictures):
            self.now += FRAME
            sensed = self.person.follow(Found(640, 480, face=face, **found), self.now)
        return sensed


FACE = landmarks(head())


def test_somebody_who_is_first_seen_sits_over_the_middle_of_their_place_and_looks_ahead():
    # The camera stands lower, looks up, and aside.
    sensed = Camera().sees(landmarks(head(-12.0, 10.0, 0.0, (0.1, 0.2, -0.8))), 60)
    at = sensed.point(Point.HEAD)
    assert np.linalg.norm(at.translation - eyes_at_rest(BODY, seated=True)) < 0.002
    assert np.degrees(quat_angle(at.rotation, np.array([0, 0, 0, 1.0]))) < 2.5
    assert sensed.present and sensed.capture_ns == 7 * SECOND + 60 * FRAME


def test_whoever_stands_has_their_eyes_at_their_own_height():
    sensed = Camera(seated=False).sees(FACE, 60)
    assert sensed.positions[Point.HEAD, 1] == pytest.approx(BODY.eye_height, abs=0.002)


@pytest.mark.parametrize("yaw", [20.0, -20.0])
def test_a_head_that_turns_to_its_left_turns_left_and_one_that_moves_there_moves_there(yaw):
    camera = Camera()
    camera.sees(FACE, 60)
    # Who faces a camera has their left at the right of its picture.
    sensed = camera.sees(landmarks(head(yaw, at=(np.sign(yaw) * 0.1, 0.0, -0.7))))
    _, y, _, w = sensed.orientations[Point.HEAD]
    assert np.degrees(2.0 * np.arctan(y / w)) == pytest.approx(yaw, abs=0.5)
    assert sensed.positions[Point.HEAD, 0] * np.sign(yaw) < -0.08


def test_a_blink_is_told_surely_once_the_faces_own_rest_is_known_and_half_as_surely_before():
    camera = Camera(neutral_s=1.0)
    blink = SHAPE_INDEX["eyeBlinkLeft"]
    early = camera.sees(FACE, 3)
    assert early.face_confidence[blink] == pytest.approx(0.5)
    camera.sees(FACE, 40)
    assert camera.person.neutral
    sensed = camera.sees(landmarks(head(), moved([LEFT_LIDS], (0.0, -8.0))))
    assert sensed.face_confidence[blink] == pytest.approx(1.0)
    assert sensed.face[blink] > 0.5 > sensed.face[SHAPE_INDEX["eyeBlinkRight"]]
    assert sensed.face_confidence[SHAPE_INDEX["cheekPuff"]] == 0.0
    # A face in profile tells nothing of what it does.
    aside = camera.sees(landmarks(head(48.0)))
    assert 0.0 < aside.face_confidence[blink] < 0.5


def test_shut_eyes_tell_no_glance():
    camera = Camera(neutral_s=1.0)
    camera.sees(FACE, 40)
    both = landmarks(head(), moved([LEFT_LIDS, (159, 158, 160)], (0.0, -9.0)))
    assert camera.sees(FACE).gaze_confidence == pytest.approx(1.0)
    assert camera.sees(both).gaze_confidence == 0.0


def told(**named):
    """What a network tells that knows all shapes but the tongue."""
    shapes = np.zeros(52)
    shapes[SHAPE_INDEX["tongueOut"]] = np.nan
    for name, value in named.items():
        shapes[SHAPE_INDEX[name]] = value
    return shapes


def gaze_of(sensed):
    """Degrees to the left, and up."""
    x, y, z = sensed.gaze_direction
    return np.degrees([np.arctan2(-x, -z), np.arcsin(y)])


def test_shapes_of_a_network_that_a_user_fetched_go_before_those_of_landmarks():
    camera = Camera()
    camera.sees(FACE, 60, shapes=told())
    shapes = told(cheekPuff=0.7, eyeLookOutLeft=0.5, eyeLookInRight=0.5)
    sensed = camera.sees(FACE, shapes=shapes)
    assert sensed.face[SHAPE_INDEX["cheekPuff"]] == 0.7
    # Left eye out, right eye in: to the person's left.
    np.testing.assert_allclose(gaze_of(sensed), [20.0, 0.0], atol=0.1)


def test_a_shape_that_the_network_does_not_tell_is_not_known():
    sensed = Camera().sees(FACE, 60, shapes=told())
    tongue = SHAPE_INDEX["tongueOut"]
    assert sensed.face_confidence[tongue] == 0.0 and sensed.face[tongue] == 0.0
    assert np.delete(sensed.face_confidence, tongue).min() == pytest.approx(1.0)


DOWN = {"eyeLookDownLeft": 0.3, "eyeLookDownRight": 0.3}
RESTING = {"browInnerUp": 0.95, "mouthPressLeft": 0.3, **DOWN}


def test_what_the_network_tells_of_a_face_at_rest_is_rest():
    camera = Camera()
    half = camera.sees(FACE, 3, shapes=told(**RESTING))
    assert half.face_confidence[SHAPE_INDEX["jawOpen"]] == pytest.approx(0.5)
    # A blink among what is learned from is no matter.
    camera.sees(FACE, 4, shapes=told(**RESTING, eyeBlinkLeft=0.9, eyeBlinkRight=0.9))
    rest = camera.sees(FACE, 60, shapes=told(**RESTING))
    assert camera.person.neutral
    assert rest.face.max() == 0.0
    np.testing.assert_allclose(gaze_of(rest), 0.0, atol=0.1)
    lively = camera.sees(FACE, shapes=told(**RESTING | {"mouthPressLeft": 0.65, "jawOpen": 0.8}))
    assert lively.face[SHAPE_INDEX["jawOpen"]] == pytest.approx(0.8)
    # Half of what is left of it; but of brows that are all but raised, little is left but noise.
    assert lively.face[SHAPE_INDEX["mouthPressLeft"]] == pytest.approx(0.5)
    raised = camera.sees(FACE, shapes=told(**RESTING | {"browInnerUp": 1.0}))
    assert raised.face[SHAPE_INDEX["browInnerUp"]] == pytest.approx(0.1, abs=0.01)


def test_eyes_that_rise_from_a_low_rest_are_told_to():
    camera = Camera()
    camera.sees(FACE, 60, shapes=told(**DOWN))
    for level, up in ((told(), True), (told(eyeLookDownLeft=0.6, eyeLookDownRight=0.6), False)):
        _, pitch = gaze_of(camera.sees(FACE, shapes=level))
        assert (pitch > 5.0) == up and abs(pitch) > 5.0


def test_a_smile_that_was_taken_for_rest_is_forgotten_when_the_face_is_calm():
    camera = Camera()
    camera.sees(FACE, 60, shapes=told(mouthSmileLeft=0.8))
    camera.sees(FACE, 200, shapes=told())
    sensed = camera.sees(FACE, shapes=told(mouthSmileLeft=0.8))
    assert sensed.face[SHAPE_INDEX["mouthSmileLeft"]] > 0.7


def test_who_looks_aside_for_long_still_looks_aside():
    camera = Camera()
    camera.sees(FACE, 60, shapes=told())
    aside = told(eyeLookOutLeft=0.2, eyeLookInRight=0.2)
    first, last = camera.sees(FACE, shapes=aside), camera.sees(FACE, 200, shapes=aside)
    np.testing.assert_allclose(gaze_of(last), gaze_of(first), atol=0.1)


def test_somebody_else_has_a_rest_of_their_own():
    camera = Camera()
    camera.sees(FACE, 60, shapes=told(**RESTING))
    camera.person.recentre()
    assert not camera.person.neutral
    sensed = camera.sees(FACE, 60, shapes=told(browDownLeft=0.4))
    assert sensed.face.max() == 0.0


def test_a_head_that_leaps_is_believed_only_when_it_stays():
    camera = Camera()
    camera.sees(FACE, 60)
    elsewhere = landmarks(head(at=(0.35, 0.0, -0.7)))
    assert camera.sees(elsewhere).position_confidence[Point.HEAD] == 0.0
    assert camera.sees(FACE).position_confidence[Point.HEAD] > 0.5
    assert camera.sees(elsewhere, 4).positions[Point.HEAD, 0] == pytest.approx(-0.35, abs=0.03)


def test_nobody_is_there_two_seconds_after_they_were_last_seen():
    camera = Camera()
    assert "nobody" in camera.person.problem(camera.now)
    camera.sees(FACE, 60)
    assert camera.person.problem(camera.now) == ""
    gone = camera.sees(None, GONE_AFTER_NS // FRAME - 2)
    assert gone.present and not gone.position_confidence.any()
    gone = camera.sees(None, 4)
    assert not gone.present
    assert "nobody" in camera.person.problem(camera.now)
    assert camera.sees(FACE).present


def test_somebody_who_comes_after_a_while_is_somebody_new():
    camera = Camera()
    camera.sees(FACE, 60)
    camera.now += NEW_AFTER_NS + SECOND
    sensed = camera.sees(landmarks(head(at=(0.3, 0.1, -0.9))), 60)
    assert np.linalg.norm(
        sensed.positions[Point.HEAD] - eyes_at_rest(BODY, seated=True)
    ) == pytest.approx(0.0, abs=0.002)


def test_a_dark_picture_and_a_second_person_are_said():
    camera = Camera()
    camera.sees(FACE, 10, brightness=0.02)
    assert "dark" in camera.person.problem(camera.now)
    camera.sees(FACE, 1, faces=2)
    assert camera.person.problem(camera.now).startswith("2 people")
    # They are counted now and then; in between nothing is known to have changed.
    camera.sees(FACE, 3)
    assert camera.person.problem(camera.now).startswith("2 people")
    camera.sees(FACE, 1, faces=1)
    assert camera.person.problem(camera.now) == ""


def hand_up_camera():
    """Somebody whose left hand is up, as a camera in the middle of the set sees them."""
    positions, _ = posed(
        leftUpperArm=(0, 0, 1.0), leftLowerArm=(0, -2.2, 0), rightUpperArm=(0, 0, -1.2)
    )
    return found_body(positions)


def test_a_hand_is_where_it_is_seen_and_stays_while_no_network_looks_for_it():
    camera = Camera(seated=False, tilt=0.0, turn=0.0)
    camera.person._settings = CameraSettings(diagonal=np.radians(80.0))
    from test_tracking_camera_body import CAMERA, EYES, LENS

    in_camera = CAMERA.inverse().apply(MODEL.points * [1, 1, 1] + EYES)
    face = np.concatenate([LENS.pixels(in_camera), -in_camera[:, 2:] * 0.0], axis=1)
    face[:, 2] = -(in_camera[:, 2] + 1.2) * LENS.focal / 1.2
    pose = hand_up_camera()
    pose = FoundPose(pose.pixels.copy(), pose.metres, pose.visible)
    pose.pixels[0, :2] = face[1, :2]
    sensed = camera.sees(face, 70, pose=pose, pose_looked=True)
    left, right = sensed.positions[[Point.LEFT_HAND, Point.RIGHT_HAND]]
    # No iris is seen at its size here, so distances are right to a few per cent.
    assert left[0] < -0.05 and right[0] > 0.05
    assert left[1] > right[1] + 0.3
    assert sensed.position_confidence[Point.LEFT_HAND] > 0.7
    assert sensed.orientation_confidence[Point.LEFT_HAND] == 0.0
    later = camera.sees(face, 3)
    assert np.allclose(later.positions[Point.LEFT_HAND], left)
    lost = camera.sees(face, 10)
    assert lost.position_confidence[Point.LEFT_HAND] == 0.0
    none = camera.sees(face, 1, pose=None, pose_looked=True)
    assert none.position_confidence[Point.HEAD] > 0.5


def looks(plan, pictures, costs, hands=True):
    counts = {"pose": 0, "hands": 0}
    spent = 0.0
    for _ in range(pictures):
        turn = plan.turn(hands=hands)
        for name in ("face", *turn):
            plan.took(name, costs[name])
            spent += costs[name]
            if name in counts:
                counts[name] += 1
    return counts, spent / pictures


def test_a_fast_machine_looks_for_everything_as_often_as_wanted():
    counts, _ = looks(Plan(), 300, {"face": 3.0, "pose": 15.0, "hands": 8.0})
    assert counts["pose"] >= 295 and counts["hands"] >= 145


def test_a_slow_machine_keeps_its_rate_and_shares_what_is_left():
    counts, mean_ms = looks(Plan(), 600, {"face": 8.0, "pose": 40.0, "hands": 25.0})
    assert mean_ms <= 1000.0 / LEAST_RATE
    assert counts["pose"] > 150 and counts["hands"] > 50


@pytest.mark.parametrize("slower", [1.0, 1.5, 2.0])
def test_where_time_is_short_hands_are_left_out_before_the_body_and_the_face_never(slower):
    costs = {"face": 7.0 * slower, "pose": 23.0 * slower, "hands": 22.0 * slower}
    counts, mean_ms = looks(Plan(), 600, costs)
    assert mean_ms <= 1000.0 / LEAST_RATE
    assert counts["pose"] > 2.2 * counts["hands"] > 0


def test_what_a_machine_is_too_slow_for_is_said():
    plan = Plan()
    assert plan.note == ""
    looks(plan, 300, {"face": 60.0, "pose": 200.0, "hands": 100.0})
    assert "too slow to follow a face" in plan.note
    plan = Plan()
    looks(plan, 600, {"face": 28.0, "pose": 400.0, "hands": 300.0})
    assert "cannot be followed besides the face" in plan.note


def test_one_slow_look_does_not_rule_a_network_out():
    plan = Plan()
    plan.took("pose", 3000.0)
    counts, _ = looks(plan, 60, {"face": 3.0, "pose": 15.0, "hands": 8.0}, hands=False)
    assert counts["pose"] > 45 and counts["hands"] == 0


@pytest.mark.parametrize("size", [(480, 640), (720, 1280), (120, 160)])
def test_a_preview_is_small_and_shows_what_was_found(size):
    picture = np.zeros((*size, 3), dtype=np.uint8)
    face = FACE * [size[1] / 640, size[0] / 480, 1.0]
    small = small_picture(picture, Found(size[1], size[0], face=face))
    assert small.shape[0] <= 240 and small.shape[1] <= 320
    assert small.any() and not picture.any()
    packed = pack_picture(small)
    assert len(packed) <= PREVIEW_BYTES
    assert np.array_equal(unpack_picture(packed), small)
