"""Pictures of an avatar: what is in them, and that nothing is cut off."""

import subprocess
import sys
from functools import lru_cache

import numpy as np
import pytest

from presence.client.contact_sheet import WIDTH, sheet, sheet_of_people
from presence.client.poses import POSES
from presence.client.studio import BACKDROP, Studio, figure_framing, standing, with_face
from presence.pose.derive import EYE_PITCH_RANGE, EYE_YAW_RANGE, with_derived
from presence.pose.face import SHAPES
from presence.pose.kinematics import joints_in_place
from presence.pose.proportions import default_proportions
from presence.pose.skeleton import INDEX
from presence.scene.body import generate_body

BODY = lru_cache(generate_body)


@pytest.fixture
def studio(gl):
    with Studio(gl, samples=0) as studio:
        yield studio


def ink(picture):
    """Where a picture differs from the backdrop by more than a shadow's hue."""
    colour = picture.astype(float) / 255.0
    grey = colour.mean(axis=-1, keepdims=True)
    return np.abs(colour - grey - (BACKDROP - BACKDROP.mean())).max(axis=-1) > 0.04


def test_a_person_stands_whole_in_the_middle_of_the_picture(studio):
    seen = ink(studio.full_body(BODY(3), size=(120, 240)))
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    assert 2 <= rows[0] < 30
    assert 210 < rows[-1] < 238
    assert columns[0] > 2
    assert columns[-1] < 117
    assert abs(columns.mean() - 60) < 4


def test_a_turned_person_shows_the_side_that_was_asked_for(studio):
    # Somebody who turns to their left looks to the viewer's right.
    left, right = (studio.portrait(BODY(3), yaw=yaw, size=(96, 96)) for yaw in (0.9, -0.9))
    difference = np.abs(left.astype(int) - right[:, ::-1].astype(int)).mean()
    assert difference < 12.0, "the two are mirror images but for the light"
    assert np.abs(left.astype(int) - right.astype(int)).mean() > 2 * difference


def test_hair_that_rises_high_is_not_cut_off(studio):
    body = BODY(3)
    tall = figure_framing(body)
    assert tall.middle[1] + tall.half_height > body.mesh.positions[:, 1].max() + 0.05


@pytest.mark.parametrize("shape", [s for s in SHAPES if s.startswith("eyeLook")])
def test_a_look_turns_the_eyes_its_whole_way(shape):
    measures = default_proportions()
    sample = with_derived(with_face(standing(BODY(3)), {shape: 1.0}), measures)
    assert sample.face[SHAPES.index(shape)] == pytest.approx(1.0, abs=0.01)
    assert EYE_YAW_RANGE > EYE_PITCH_RANGE > 0.5


@pytest.mark.parametrize("name", POSES)
@pytest.mark.parametrize("height", [1.2, 1.9])
def test_in_every_pose_the_feet_are_on_the_floor(name, height):
    measures = default_proportions(height)
    positions, _ = joints_in_place(POSES[name](measures), measures)
    for i, side in enumerate(("left", "right")):
        ankle = positions[INDEX[side + "Foot"]]
        assert ankle[1] == pytest.approx(-measures.soles[i][1], abs=0.012 * height)


def test_palms_are_joined_and_crossed_arms_cross():
    measures = default_proportions()
    joined, _ = joints_in_place(POSES["palms together"](measures), measures)
    gap = np.linalg.norm(joined[INDEX["leftHand"]] - joined[INDEX["rightHand"]])
    assert 0.03 < gap < 0.09
    crossed, _ = joints_in_place(POSES["arms crossed"](measures), measures)
    assert crossed[INDEX["leftHand"]][0] > 0.0 > crossed[INDEX["rightHand"]][0]


@pytest.mark.slow
def test_a_sheet_holds_every_shape_and_people_stand_side_by_side(studio):
    body = BODY(3)
    one = sheet(body, studio=studio)
    assert one.shape[1] == WIDTH
    assert one.shape[0] > 3000
    two = sheet_of_people([body, BODY(4)], studio=studio)
    assert two.shape[1] == WIDTH
    # Each has a column of the first row, and the rest of it is paper.
    row = ink(two[200:800])
    columns = [row[:, i * WIDTH // 4 : (i + 1) * WIDTH // 4].any() for i in range(3)]
    assert columns == [True, True, False]


def test_after_a_studio_a_window_can_be_opened(monkeypatch, x_display):
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", x_display)
    # In a process of its own: the X server ends one whose window it refuses.
    script = (
        "from presence.client.studio import Studio\n"
        "from presence.render.window import Window\n"
        "Studio().close()\n"
        "window = Window('after', (64, 64))\n"
        "print(window.show())\n"
        "window.close()\n"
    )
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (child.returncode, child.stdout, child.stderr) == (0, "True\n", "")
