"""Pictures of an avatar: what is in them, and that nothing is cut off."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from capsule_person import capsule_person

from presence.client.contact_sheet import WIDTH, sheet, sheet_of_people
from presence.client.poses import POSES
from presence.client.studio import (
    BACKDROP,
    Studio,
    figure_framing,
    portrait_framing,
    standing,
    with_face,
)
from presence.pose.derive import EYE_PITCH_RANGE, EYE_YAW_RANGE, with_derived
from presence.pose.face import SHAPES
from presence.pose.kinematics import joints_in_place
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import quat_angle, quat_from_axis_angle
from presence.pose.rigid import RIGHT
from presence.pose.skeleton import INDEX
from presence.scene.avatar import Strand
from presence.scene.triangle import triangle_avatar

BODY = capsule_person()


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
    seen = ink(studio.full_body(BODY, size=(120, 240)))
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    assert 2 <= rows[0] < 30
    assert 210 < rows[-1] < 238
    assert columns[0] > 2
    assert columns[-1] < 117
    assert abs(columns.mean() - 60) < 4


def test_a_turned_person_shows_the_side_that_was_asked_for(studio):
    # Somebody who turns to their left looks to the viewer's right.
    left, right = (studio.portrait(BODY, yaw=yaw, size=(96, 96)) for yaw in (0.9, -0.9))
    difference = np.abs(left.astype(int) - right[:, ::-1].astype(int)).mean()
    assert difference < 12.0, "the two are mirror images but for the light"
    assert np.abs(left.astype(int) - right.astype(int)).mean() > 2 * difference


@pytest.mark.parametrize("framing", [figure_framing, portrait_framing])
def test_hair_that_rises_high_is_not_cut_off(framing):
    top = BODY.mesh.positions[:, 1].argmax()
    positions = BODY.mesh.positions.copy()
    positions[top, 1] += 0.3
    tall = replace(BODY, mesh=replace(BODY.mesh, positions=positions))
    seen = framing(tall)
    assert seen.middle[1] + seen.half_height > positions[top, 1]
    assert seen.half_height > framing(BODY).half_height


@pytest.mark.parametrize("shape", [s for s in SHAPES if s.startswith("eyeLook")])
def test_a_look_turns_the_eyes_its_whole_way(shape):
    measures = default_proportions()
    sample = with_derived(with_face(standing(BODY), {shape: 1.0}), measures)
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
    body = BODY
    one = sheet(body, studio=studio)
    assert one.shape[1] == WIDTH
    assert one.shape[0] > 3000
    two = sheet_of_people([body, BODY], studio=studio)
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


def test_hair_hangs_as_it_does_in_the_pose(studio, monkeypatch):
    plait = Strand(
        "plait", INDEX["head"], np.array([[0, 0.1, 0.1], [0, -0.1, 0], [0, -0.1, 0]]), gravity=0.5
    )
    body = replace(triangle_avatar(), strands=(plait,))
    seen = []
    monkeypatch.setattr(studio._renderer, "draw", lambda stage, _: seen.append(stage.people[0]))
    lying = standing(body).rotations.copy()
    lying[0] = quat_from_axis_angle(RIGHT, 1.5)
    for pose, yaw in ((None, 0.0), (lying, 0.0), (lying, 2.0)):
        studio.full_body(body, pose, yaw=yaw, size=(8, 8))
    upright, prone, again = (person.swings for person in seen)
    # The plait falls off the back of somebody who lies down, whoever looks.
    assert quat_angle(prone, upright).max() > 0.05
    assert np.array_equal(prone, again)
