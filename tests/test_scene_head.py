from dataclasses import replace

import numpy as np
import pytest
from capsule_person import capsule_person

from presence.pose.proportions import default_proportions
from presence.pose.quaternion import quat_from_axis_angle, quat_to_matrix
from presence.pose.rigid import RIGHT
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.scene.avatar import Strand
from presence.scene.gltf import load_glb
from presence.scene.head import head_of
from presence.scene.shipped import SHIPPED, shipped_person
from presence.scene.triangle import triangle_avatar

HEAD = INDEX["head"]
AVATAR = capsule_person(default_proportions(1.7), segments=16, rings=12)


def palette(turn=None, shift=(0.0, 0.0, 0.0)):
    """What turns a head about its joint and then moves it."""
    joint = AVATAR.proportions.rest_positions()[HEAD]
    rotation = np.eye(3) if turn is None else quat_to_matrix(turn)
    moved = np.concatenate([rotation, (joint + shift - rotation @ joint)[:, None]], axis=1)
    return moved.astype(np.float32)


@pytest.mark.parametrize("name", SHIPPED)
def test_hardly_any_hair_reaches_beyond_the_points_found(name):
    avatar = load_glb(shipped_person(name))
    mesh = avatar.mesh
    of_head = mesh.positions[
        (mesh.joints[np.arange(len(mesh.joints)), mesh.weights.argmax(axis=1)] == HEAD)
    ]
    found = head_of(avatar).points
    assert len(found) < 100
    ways = np.random.default_rng(3).normal(size=(500, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    beyond = (of_head @ ways.T).max(axis=0) - (found @ ways.T).max(axis=0)
    assert beyond.max() < 0.01


def test_above_a_head_is_over_its_middle_as_high_as_it_reaches():
    head = head_of(AVATAR)
    joint = AVATAR.proportions.rest_positions()[HEAD]
    top = AVATAR.mesh.positions[:, 1].max()
    x, y, z = head.over(palette(shift=np.array([0.3, -0.2, 0.5])))
    assert (x, z) == pytest.approx((joint[0] + 0.3, joint[2] + 0.5), abs=1e-6)
    assert y == pytest.approx(top - 0.2, abs=0.003)


def test_a_bowed_head_reaches_less_high_and_its_middle_is_ahead():
    head = head_of(AVATAR)
    upright, bowed = (
        head.over(palette(quat_from_axis_angle(RIGHT, angle))) for angle in (0.0, -1.2)
    )
    assert bowed[1] < upright[1] - 0.03
    assert bowed[2] < upright[2] - 0.05, "people face -Z"


def test_hair_of_strands_counts_above_the_middle_of_the_head_only():
    mesh = AVATAR.mesh
    middle = head_of(AVATAR).middle
    bun, tail = middle + np.array([[0.0, 0.4, 0.0], [0.0, -0.4, 0.3]])
    carrier = BONE_COUNT * np.ones(2, dtype=np.uint8)

    def with_hair(at):
        joints = mesh.joints.copy()
        positions, weights = mesh.positions.copy(), mesh.weights.copy()
        positions[:2], joints[:2, 0], weights[:2] = at, carrier, [1.0, 0.0, 0.0, 0.0]
        strand = Strand("hair", HEAD, np.array([[0.0, 0.1, 0.1], [0.0, -0.1, 0.1]]))
        return head_of(
            replace(
                AVATAR,
                mesh=replace(mesh, positions=positions, joints=joints, weights=weights),
                strands=(strand,),
            )
        ).points

    assert np.abs(with_hair(bun) - bun).sum(axis=1).min() < 1e-6
    assert np.abs(with_hair(tail) - tail).sum(axis=1).min() > 0.1


def test_a_head_without_vertices_is_as_high_as_its_crown():
    avatar = triangle_avatar()
    mesh = avatar.mesh
    bare = replace(avatar, mesh=replace(mesh, joints=np.zeros_like(mesh.joints)))
    crown = avatar.proportions.rest_positions()[HEAD] + avatar.proportions.crown
    np.testing.assert_allclose(head_of(bare).points, [crown])
