"""A face detector that was trained on photographs of people finds the faces of ours, and sees them
move as they do: mediapipe's face mesh, on pictures drawn by our own renderer."""

import contextlib
import os
import sys
import warnings

import numpy as np
import pytest
from twenty_people import GENEROUS

from presence.client.studio import Studio, close_up_framing

pytestmark = GENEROUS

SIZE = (384, 384)
YAW = np.radians(30.0)
GLIMPSES = np.radians([-3.5, 0.0, 3.5])
"""Each face is seen thus turned and the landmarks are averaged: from picture to picture of one face
they waver by up to 0.02 eye widths, the more so behind glasses and under a moustache."""

SMILE = {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}
FACES = {
    "rest": {},
    "jaw": {"jawOpen": 0.8},
    "blink left": {"eyeBlinkLeft": 1.0},
    "blink right": {"eyeBlinkRight": 1.0},
    "smile": SMILE,
    "gaze left": {"eyeLookOutLeft": 0.7, "eyeLookInRight": 0.7},
    "gaze right": {"eyeLookInLeft": 0.7, "eyeLookOutRight": 0.7},
    "gaze up": {"eyeLookUpLeft": 0.8, "eyeLookUpRight": 0.8},
    "gaze down": {"eyeLookDownLeft": 0.8, "eyeLookDownRight": 0.8},
}

# Of the 478 landmarks (github.com/google-ai-edge/mediapipe, canonical_face_model_uv_visualization).
# The person's own left is at the right of a picture.
UPPER_LIP, LOWER_LIP = 13, 14
CORNER = {"left": 291, "right": 61}
LIDS = {"left": (386, 374), "right": (159, 145)}
OUTER = {"left": 263, "right": 33}
INNER = {"left": 362, "right": 133}
IRIS = {"left": 473, "right": 468}
BROW = {"left": 334, "right": 105}
SIDES = ("left", "right")


@pytest.fixture(scope="module")
def face_mesh():
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mediapipe = pytest.importorskip("mediapipe")
        with mediapipe.solutions.face_mesh.FaceMesh(
            static_image_mode=True, refine_landmarks=True, max_num_faces=1
        ) as mesh:
            yield mesh


@contextlib.contextmanager
def quiet():
    """Without what native code writes to standard error."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def landmarks_of(mesh, picture):
    """``(478, 2)`` pixels, right and down; None where no face was found."""
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = mesh.process(picture).multi_face_landmarks
    if not found:
        return None
    size = np.array(picture.shape[1::-1])
    return np.array([(p.x, p.y) for p in found[0].landmark]) * size


def averaged(glimpses):
    """The mean of landmarks; None where a face was not found in each glimpse."""
    return None if any(each is None for each in glimpses) else np.mean(glimpses, axis=0)


@pytest.fixture(scope="module")
def seen(face_mesh, twenty_people, gl_context):
    """By seed: the landmarks of each face, and of the face at rest turned to either side."""
    all_seen = {}
    with gl_context, Studio(gl_context) as studio:
        for person in twenty_people:
            near = close_up_framing(person.avatar)
            views = {
                name: [
                    studio.portrait(person.avatar, shapes, yaw=yaw, size=SIZE, framing=near)
                    for yaw in GLIMPSES
                ]
                for name, shapes in FACES.items()
            }
            for name, yaw in (("turned left", YAW), ("turned right", -YAW)):
                views[name] = [studio.portrait(person.avatar, yaw=yaw, size=SIZE, framing=near)]
            all_seen[person.seed] = {
                name: averaged([landmarks_of(face_mesh, each) for each in pictures])
                for name, pictures in views.items()
            }
    return all_seen


def failures(seen, judge):
    """``{seed: what it measured}`` of those whom ``judge(at_rest, views)`` finds wanting."""
    wanting = {}
    for seed, views in seen.items():
        if any(points is None for points in views.values()):
            wanting[seed] = f"no face: {[n for n, points in views.items() if points is None]}"
        elif (measured := judge(views)) is not None:
            wanting[seed] = measured
    return wanting


def scale(points):
    """Between the outer corners of the eyes, pixels: what all else is measured in."""
    return np.linalg.norm(points[OUTER["left"]] - points[OUTER["right"]])


def lip_gap(points):
    return (points[LOWER_LIP] - points[UPPER_LIP])[1] / scale(points)


def openness(points, side):
    upper, lower = LIDS[side]
    width = np.linalg.norm(points[OUTER[side]] - points[INNER[side]])
    return (points[lower] - points[upper])[1] / width


def iris(points, side):
    """Where the iris is from the middle of its eye: to the right, and down, in eye widths."""
    corners = points[OUTER[side]], points[INNER[side]]
    return (points[IRIS[side]] - np.mean(corners, axis=0)) / np.linalg.norm(corners[0] - corners[1])


def test_a_face_is_found_from_the_front(seen):
    assert [seed for seed, views in seen.items() if views["rest"] is None] == []


@pytest.mark.parametrize("way", ["turned left", "turned right"])
def test_a_face_is_found_at_thirty_degrees(seen, way):
    assert [seed for seed, views in seen.items() if views[way] is None] == []


def test_a_turned_face_is_seen_turned(seen):
    def judge(views):
        noses = []
        for way in ("turned left", "rest", "turned right"):
            points = views[way]
            ends = points[OUTER["right"]][0], points[OUTER["left"]][0]
            noses.append((points[1][0] - ends[0]) / (ends[1] - ends[0]))
        # Who turns to their left turns their nose to the picture's right.
        return None if noses[0] > noses[1] + 0.1 > noses[2] + 0.2 else noses

    assert failures(seen, judge) == {}


def test_an_open_jaw_is_seen(seen):
    def judge(views):
        rest, opened = lip_gap(views["rest"]), lip_gap(views["jaw"])
        return None if opened > rest + 0.15 else (rest, opened)

    assert failures(seen, judge) == {}


@pytest.mark.parametrize("side", SIDES)
def test_a_blink_is_seen_on_its_side(seen, side):
    other = SIDES[SIDES[0] == side]

    def judge(views):
        rest, shut = views["rest"], views[f"blink {side}"]
        own = openness(shut, side) / openness(rest, side)
        others = openness(shut, other) / openness(rest, other)
        return None if own < 0.5 and others > own + 0.25 else (own, others)

    assert failures(seen, judge) == {}


def smile(views):
    """How much the corners of the mouth rise, left and right, and how much it widens."""
    height, width = [], []
    for points in (views["rest"], views["smile"]):
        eyes = points[[OUTER[side] for side in SIDES], 1].mean()
        height.append([(eyes - points[CORNER[side]][1]) / scale(points) for side in SIDES])
        across = points[CORNER["left"]] - points[CORNER["right"]]
        width.append(np.linalg.norm(across) / scale(points))
    return np.subtract(*height[::-1]), width[1] - width[0]


def test_a_smile_is_seen_in_both_corners_of_the_mouth(seen):
    def judge(views):
        rise, wider = smile(views)
        return None if rise.min() > 0.005 and wider > 0.03 else (rise, wider)

    assert failures(seen, judge) == {}
    # A moustache hides most of it from the mesh; nobody else's smile is small.
    rises = [smile(views)[0].min() for views in seen.values()]
    assert np.median(rises) > 0.04


def moved(views, gaze, other, axis):
    """Eye widths by which each iris is further right, or down, in one gaze than in another."""
    return [(iris(views[gaze], side) - iris(views[other], side))[axis] for side in SIDES]


def test_sidelong_glances_are_seen_in_both_eyes(seen):
    def judge(views):
        # The person's left is the picture's right.
        ways = [
            *moved(views, "gaze left", "rest", 0),
            *moved(views, "rest", "gaze right", 0),
        ]
        return None if min(ways) > 0.06 else ways

    assert failures(seen, judge) == {}


def test_looks_up_and_down_are_seen_in_both_eyes(seen):
    # The mesh tells these faintly: of the 0.3 eye widths between 24 degrees up and as many down it
    # reports 0.06 to 0.16.
    def judge(views):
        apart = moved(views, "gaze down", "gaze up", 1)
        ways = [
            np.mean(moved(views, gaze, other, 1))
            for gaze, other in (("rest", "gaze up"), ("gaze down", "rest"))
        ]
        return None if min(apart) > 0.04 and min(ways) > 0.01 else (apart, ways)

    assert failures(seen, judge) == {}
