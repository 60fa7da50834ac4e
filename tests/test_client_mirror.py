"""The mirror: left is left in it, and the camera's picture is in its corner."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from capsule_person import capsule_person

from presence.client import mirror
from presence.client.mirror import Mirror, MirrorWindow, in_a_mirror
from presence.client.studio import standing
from presence.pose.face import SHAPE_INDEX
from presence.pose.kinematics import forward_kinematics
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import quat_angle, quat_from_rotvec
from presence.pose.sample import PoseSample
from presence.pose.skeleton import INDEX, MIRROR
from presence.render.picture import read_picture
from presence.render.target import Target
from presence.render.window import Doings
from presence.scene.gltf import load_glb
from presence.scene.shipped import shipped_person
from presence.tracking.performer import Performer

BODY = default_proportions()
SIZE = (144, 180)


def joints(sample):
    return forward_kinematics(sample.rotations, sample.root_position, BODY.offsets)[0]


def test_in_a_mirror_every_joint_is_on_the_other_side():
    sample = Performer(4).sample(3_000_000_000)
    there, here = joints(in_a_mirror(sample)), joints(sample)
    assert np.allclose(there, here[MIRROR] * [-1.0, 1.0, 1.0], atol=1e-9)


def test_a_mirror_of_a_mirror_is_what_it_was():
    sample = Performer(4).sample(5_000_000_000)
    twice = in_a_mirror(in_a_mirror(sample))
    assert quat_angle(twice.rotations, sample.rotations).max() < 1e-9
    assert np.array_equal(twice.face, sample.face)
    assert np.allclose(twice.gaze_direction, sample.gaze_direction)
    assert np.array_equal(twice.tracked, sample.tracked)


def test_the_face_changes_sides_too():
    face = np.zeros(52)
    face[SHAPE_INDEX["eyeBlinkLeft"]], face[SHAPE_INDEX["mouthRight"]] = 1.0, 0.5
    face[SHAPE_INDEX["jawOpen"]] = 0.25
    seen = in_a_mirror(replace(PoseSample.at_rest(0, 0.9), face=face)).face
    assert seen[SHAPE_INDEX["eyeBlinkRight"]] == 1.0
    assert seen[SHAPE_INDEX["mouthLeft"]] == 0.5
    assert seen[SHAPE_INDEX["jawOpen"]] == 0.25
    assert seen.sum() == 1.75


@pytest.fixture
def drawn(gl):
    target = Target(gl, SIZE)
    reflecting = Mirror(gl, load_glb(shipped_person("ada")))

    def picture(sample, camera=None):
        reflecting.draw(target, sample, 0, camera)
        return read_picture(target).astype(int)

    yield picture, reflecting
    reflecting.release()
    target.release()


def raised(side):
    """Somebody who holds one arm out to its side."""
    sample = standing(load_glb(shipped_person("ada")))
    rotations = sample.rotations.copy()
    sign = 1.0 if side == "left" else -1.0
    rotations[INDEX[side + "UpperArm"]] = quat_from_rotvec(np.array([0.0, 0.0, -0.3 * sign]))
    return replace(sample, rotations=rotations)


def test_the_left_hand_is_on_the_left_of_the_mirror(drawn):
    picture, _ = drawn
    at_rest = picture(standing(load_glb(shipped_person("ada"))))
    for side, half in (("left", np.s_[:, :60]), ("right", np.s_[:, -60:])):
        other = np.s_[:, -60:] if side == "left" else np.s_[:, :60]
        changed = np.abs(picture(raised(side)) - at_rest).sum(axis=-1) > 60
        assert changed[half].sum() > 50
        assert changed[other].sum() < 0.1 * changed[half].sum()


def test_the_cameras_picture_is_upright_in_the_corner(drawn):
    picture, _ = drawn
    sample = standing(load_glb(shipped_person("ada")))
    camera = np.zeros((30, 40, 3), dtype=np.uint8)
    camera[:15, :, 0] = 255
    camera[15:, :, 2] = 255
    without, seen = picture(sample), picture(sample, camera)
    changed = np.argwhere(np.abs(seen - without).sum(axis=-1) > 30)
    top, left = changed.min(axis=0)
    bottom, right = changed.max(axis=0)
    assert left > 0.6 * SIZE[0] and top > 0.6 * SIZE[1]
    # Its own shape, whatever the window's.
    assert (right - left + 1) / (bottom - top + 1) == pytest.approx(4 / 3, rel=0.08)
    middle = (left + right) // 2
    assert tuple(seen[top + 3, middle]) == (255, 0, 0)
    assert tuple(seen[bottom - 3, middle]) == (0, 0, 255)
    # What is drawn next is as it was.
    assert np.array_equal(picture(sample), without)


def test_one_comes_nearer_by_the_wheel_and_never_turns(drawn):
    picture, reflecting = drawn
    sample = standing(load_glb(shipped_person("ada")))
    far = picture(sample)
    reflecting.do(Doings(struck=("left", "space"), dragged=(0.4, 0.0)))
    assert np.array_equal(picture(sample), far)
    reflecting.do(Doings(wheel=4.0))
    assert np.abs(picture(sample) - far).mean() > 3.0


def test_a_window_is_open_until_it_is_closed(monkeypatch, x_display):
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", x_display)
    monkeypatch.setattr(mirror, "SIZE", (64, 80))
    window = MirrorWindow(capsule_person(segments=6, rings=4))
    sample = PoseSample.at_rest(0, 0.9)
    assert window.show(sample, 0, None)
    assert window.show(sample, 1, np.zeros((3, 4, 3), dtype=np.uint8))
    window.close()
