"""Forward kinematics, against a plain walk up the tree."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from presence.pose import BONE_COUNT, MIRROR, PARENTS, PoseSample, default_proportions
from presence.pose.kinematics import (
    fingertips_in_place,
    forward_kinematics,
    joint_in_place,
    joints_in_place,
)
from presence.pose.quaternion import quat_from_rotvec
from presence.pose.skeleton import FINGERTIP_BONES, INDEX

ADULT = default_proportions()
seeds = st.integers(0, 2**32 - 1)


def random_pose(seed, *leading):
    rng = np.random.default_rng(seed)
    rotations = quat_from_rotvec(rng.normal(0.0, 0.7, (*leading, BONE_COUNT, 3)))
    return rotations, rng.normal(0.0, 1.0, (*leading, 3))


def walk(bone, rotations, root, offsets):
    """A joint's position and rotation by its parent's, one bone at a time."""
    own = Rotation.from_quat(rotations[bone])
    if bone == 0:
        return root, own
    position, orientation = walk(PARENTS[bone], rotations, root, offsets)
    return position + orientation.apply(offsets[bone].copy()), orientation * own


@settings(max_examples=20)
@given(seeds)
def test_every_joint_is_where_a_walk_up_the_tree_puts_it(seed):
    rotations, root = random_pose(seed)
    positions, orientations = forward_kinematics(rotations, root, ADULT.offsets)
    for bone in range(BONE_COUNT):
        position, orientation = walk(bone, rotations, root, ADULT.offsets)
        np.testing.assert_allclose(positions[bone], position, atol=1e-9)
        matrix = Rotation.from_quat(orientations[bone]).as_matrix()
        np.testing.assert_allclose(matrix, orientation.as_matrix(), atol=1e-9)


@given(seeds)
def test_a_batch_is_its_people_one_by_one_each_with_their_own_body(seed):
    rotations, roots = random_pose(seed, 2, 3)
    offsets = np.stack([default_proportions(h).offsets for h in (1.2, 1.6, 2.0)])
    positions, orientations = forward_kinematics(rotations, roots, offsets)
    for i in np.ndindex(2, 3):
        alone = forward_kinematics(rotations[i], roots[i], offsets[i[1]])
        np.testing.assert_array_equal(positions[i], alone[0])
        np.testing.assert_array_equal(orientations[i], alone[1])


@given(seeds)
def test_bones_keep_their_lengths(seed):
    rotations, root = random_pose(seed)
    positions, _ = forward_kinematics(rotations, root, ADULT.offsets)
    lengths = np.linalg.norm(positions[1:] - positions[PARENTS[1:]], axis=-1)
    np.testing.assert_allclose(lengths, np.linalg.norm(ADULT.offsets[1:], axis=-1), atol=1e-9)


@given(seeds)
def test_the_mirror_image_of_a_pose_puts_every_joint_at_its_mirror_image(seed):
    rotations, root = random_pose(seed)
    # A reflection in the plane x = 0 keeps turns about x and reverses the others.
    mirrored = rotations[MIRROR] * np.array([1.0, -1.0, -1.0, 1.0])
    reflection = np.array([-1.0, 1.0, 1.0])
    positions, _ = forward_kinematics(rotations, root, ADULT.offsets)
    others, _ = forward_kinematics(mirrored, root * reflection, ADULT.offsets)
    np.testing.assert_allclose(others[MIRROR], positions * reflection, atol=1e-9)


@given(seeds)
def test_fingertips_are_one_more_bone(seed):
    rotations, root = random_pose(seed)
    sample = PoseSample(0, root, rotations)
    positions, orientations = joints_in_place(sample, ADULT)
    tips = fingertips_in_place(positions, orientations, ADULT)
    for i, bone in enumerate(FINGERTIP_BONES):
        turned = Rotation.from_quat(orientations[bone]).apply(ADULT.fingertips[i].copy())
        np.testing.assert_allclose(tips[i], positions[bone] + turned, atol=1e-9)


def test_inputs_are_left_as_they_were():
    rotations, root = random_pose(1)
    before = rotations.copy(), root.copy()
    forward_kinematics(rotations, root, ADULT.offsets)
    np.testing.assert_array_equal(rotations, before[0])
    np.testing.assert_array_equal(root, before[1])


@given(seeds)
def test_one_joint_is_where_it_is_among_all(seed):
    rotations, root = random_pose(seed)
    sample = PoseSample(0, root, rotations)
    positions, orientations = joints_in_place(sample, ADULT)
    for joint in (0, INDEX["head"], INDEX["leftIndexDistal"]):
        alone = joint_in_place(sample, ADULT, joint)
        np.testing.assert_allclose(alone.translation, positions[joint], atol=1e-12)
        np.testing.assert_allclose(alone.rotation, orientations[joint], atol=1e-12)
