from dataclasses import replace

import numpy as np
import pytest
from capsule_person import capsule_person

from presence.pose.kinematics import forward_kinematics
from presence.pose.proportions import Proportions, default_proportions
from presence.pose.quaternion import quat_from_axis_angle, quat_normalise, quat_rotate
from presence.pose.rigid import RIGHT, Rigid
from presence.pose.sample import PoseSample, checked
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.scene.avatar import Strand
from presence.scene.posing import MORPHS_AT_WORK, morphs_at_work, pose_stage
from presence.scene.stage import Person, Stage
from presence.scene.strands import strand_joints
from presence.scene.triangle import triangle_avatar

AVATAR = capsule_person(default_proportions(1.75), segments=5, rings=4)


def long_legged(height: float, share: float) -> Proportions:
    """Someone whose legs are ``share`` times as long as usual, at the same height of the eyes."""
    usual = default_proportions(height)
    offsets = usual.offsets.copy()
    for bone in ("LowerLeg", "Foot"):
        for side in ("left", "right"):
            offsets[INDEX[side + bone]] *= share
    grown = -(offsets - usual.offsets)[[INDEX["leftLowerLeg"], INDEX["leftFoot"]], 1].sum()
    offsets[0, 1] += grown
    offsets[INDEX["spine"], 1] -= grown
    return replace(usual, offsets=offsets)


def random_sample(rng: np.random.Generator) -> PoseSample:
    return checked(
        PoseSample(
            capture_ns=0,
            root_position=rng.normal(size=3),
            rotations=rng.normal(size=(BONE_COUNT, 4)),
            face=rng.random(52),
        )
    )


def shown(sample: PoseSample, proportions: Proportions, place: Rigid | None = None, avatar=AVATAR):
    return Person(avatar, sample, proportions, place or Rigid.identity())


def moved(palette, points):
    """Points moved by one bone's matrix."""
    return points @ palette[:, :3].T + palette[:, 3]


def test_at_rest_in_the_person_s_own_size_nothing_moves():
    proportions = AVATAR.proportions
    sample = PoseSample.at_rest(0, proportions.hips_height)
    palettes = pose_stage(Stage([shown(sample, proportions)])).palettes
    assert palettes.shape == (1, BONE_COUNT, 3, 4) and palettes.dtype == np.float32
    expected = np.broadcast_to(np.eye(4)[:3], palettes.shape)
    np.testing.assert_allclose(palettes, expected, atol=1e-6)


def test_palettes_are_those_of_explicit_forward_kinematics():
    rng = np.random.default_rng(3)
    people = [
        shown(
            random_sample(rng),
            default_proportions(height),
            Rigid(quat_normalise(rng.normal(size=4)), rng.normal(size=3)),
        )
        for height in (1.5, 1.75, 1.95)
    ]
    posed = pose_stage(Stage(people))
    rest = AVATAR.proportions.rest_positions()
    for palette, person, joints in zip(posed.palettes, people, posed.joints, strict=True):
        scale = person.proportions.eye_height / AVATAR.proportions.eye_height
        own = person.own_place_from_place
        positions, orientations = forward_kinematics(
            person.sample.rotations,
            # The height of the root is another test's matter.
            own.inverse().apply(joints[0]),
            AVATAR.proportions.offsets * scale,
        )
        np.testing.assert_allclose(joints, own.apply(positions), atol=1e-9)
        point = np.array([0.03, -0.05, 0.02])
        for bone in range(BONE_COUNT):
            expected = own.apply(positions[bone] + quat_rotate(orientations[bone], scale * point))
            got = moved(palette[bone], rest[bone] + point)
            np.testing.assert_allclose(got, expected, atol=2e-6)


@pytest.mark.parametrize("height", [1.45, 1.75, 2.0])
@pytest.mark.parametrize("share", [0.9, 1.0, 1.12])
def test_who_stands_on_the_floor_stands_on_it_in_any_body(height, share):
    proportions = long_legged(height, share)
    sample = PoseSample.at_rest(0, proportions.hips_height)
    posed = pose_stage(Stage([shown(sample, proportions)]))
    np.testing.assert_allclose(posed.sole_heights, 0.0, atol=1e-6)
    foot = AVATAR.proportions.rest_positions()[INDEX["leftFoot"]]
    sole = moved(posed.palettes[0, INDEX["leftFoot"]], foot + AVATAR.proportions.soles[0])
    assert sole[1] == pytest.approx(0.0, abs=1e-6)


def crouching(proportions: Proportions, bend: float) -> PoseSample:
    """Knees bent by ``bend``, soles flat on the floor."""
    rotations = PoseSample.at_rest(0, 1.0).rotations.copy()
    for side in ("left", "right"):
        rotations[INDEX[side + "UpperLeg"]] = quat_from_axis_angle(RIGHT, 0.5 * bend)
        rotations[INDEX[side + "LowerLeg"]] = quat_from_axis_angle(RIGHT, -bend)
        rotations[INDEX[side + "Foot"]] = quat_from_axis_angle(RIGHT, 0.5 * bend)
    positions, orientations = forward_kinematics(rotations, np.zeros(3), proportions.offsets)
    foot = INDEX["leftFoot"]
    sole = positions[foot] + quat_rotate(orientations[foot], proportions.soles[0])
    return checked(PoseSample(0, np.array([0.0, -sole[1], 0.0]), rotations))


@pytest.mark.parametrize("bend", [0.4, 1.2, 2.0])
def test_who_crouches_neither_floats_nor_sinks_in_longer_or_shorter_legs(bend):
    for share in (0.9, 1.1):
        proportions = long_legged(1.6, share)
        posed = pose_stage(Stage([shown(crouching(proportions, bend), proportions)]))
        np.testing.assert_allclose(posed.sole_heights, 0.0, atol=1e-6)


def test_a_jump_is_as_high_as_the_legs_are_long():
    proportions = default_proportions(1.5)
    at_rest = PoseSample.at_rest(0, proportions.hips_height)
    jumping = checked(
        replace(at_rest, root_position=at_rest.root_position + np.array([0.0, 0.2, 0.0]))
    )
    posed = pose_stage(Stage([shown(jumping, proportions, avatar=triangle_avatar())]))
    np.testing.assert_allclose(posed.sole_heights, 0.2, atol=1e-9)


def test_a_raised_foot_is_known_to_be_raised():
    proportions = AVATAR.proportions
    at_rest = PoseSample.at_rest(0, proportions.hips_height)
    rotations = at_rest.rotations.copy()
    rotations[INDEX["rightLowerLeg"]] = quat_from_axis_angle(RIGHT, -1.2)
    raised = checked(replace(at_rest, rotations=rotations))
    left, right = pose_stage(Stage([shown(raised, proportions)])).sole_heights[0]
    assert left == pytest.approx(0.0, abs=1e-9)
    assert 0.05 < right < 0.4


def test_people_stand_where_their_place_is_in_the_viewer_s():
    proportions = AVATAR.proportions
    sample = PoseSample.at_rest(0, proportions.hips_height)
    place = Rigid.from_yaw(np.pi, np.array([0.5, 0.0, -2.0]))
    posed = pose_stage(Stage([shown(sample, proportions, place)]))
    np.testing.assert_allclose(
        posed.joints[0], place.apply(proportions.rest_positions()), atol=1e-9
    )
    left_hand = posed.joints[0, INDEX["leftHand"]]
    assert left_hand[0] > 0.5, "who faces the viewer has their left to the viewer's right"


def test_the_largest_morphs_are_at_work_and_a_zero_ends_them():
    faces = np.zeros((2, 52))
    faces[0] = np.linspace(0.0, 1.0, 52)[::-1]
    faces[1, [40, 7]] = 0.25, 0.75
    morphs = morphs_at_work(faces)
    assert morphs.shape == (2, MORPHS_AT_WORK, 2)
    np.testing.assert_array_equal(morphs[0, :, 0], np.arange(16))
    np.testing.assert_allclose(morphs[0, :, 1], faces[0, :16], rtol=1e-6)
    np.testing.assert_array_equal(morphs[1, :2], [[7.0, 0.75], [40.0, 0.25]])
    assert not morphs[1, 2:, 1].any()


def with_strands(avatar=AVATAR):
    """Two chains on the head, of two joints and of one, and one of one joint on the chest."""
    head, chest = INDEX["head"], INDEX["upperChest"]
    return replace(
        avatar,
        strands=(
            Strand("tail", head, np.array([[0, 0.1, 0.1], [0, -0.1, 0.05], [0, -0.1, 0.0]])),
            Strand("fringe", head, np.array([[0.05, 0.1, -0.1], [0, -0.05, 0.0]])),
            Strand("cord", chest, np.array([[0, 0.0, -0.1], [0, -0.1, 0.0]])),
        ),
    )


def test_strands_that_do_not_swing_go_with_their_bones():
    avatar = with_strands()
    rng = np.random.default_rng(7)
    people = [
        shown(random_sample(rng), default_proportions(1.6), avatar=avatar),
        shown(random_sample(rng), default_proportions(1.8)),
    ]
    palettes = pose_stage(Stage(people)).palettes
    assert palettes.shape == (2, BONE_COUNT + 4, 3, 4)
    head, chest = INDEX["head"], INDEX["upperChest"]
    np.testing.assert_array_equal(palettes[0, BONE_COUNT:], palettes[0, [head, head, head, chest]])
    still = replace(people[0], swings=np.tile([0.0, 0, 0, 1], (4, 1)))
    same = pose_stage(Stage([still, people[1]])).palettes
    np.testing.assert_allclose(same[0], palettes[0], atol=1e-6)


def test_a_swinging_joint_turns_about_itself_and_takes_the_next_along():
    avatar = with_strands()
    sample = PoseSample.at_rest(0, avatar.proportions.hips_height)
    turn = quat_from_axis_angle(RIGHT, 0.8)
    still = np.array([0.0, 0, 0, 1])
    someone = replace(
        shown(sample, avatar.proportions, avatar=avatar),
        swings=np.array([turn, still, still, still]),
    )
    palette = pose_stage(Stage([someone])).palettes[0, BONE_COUNT:]
    joints = strand_joints(avatar)
    np.testing.assert_allclose(moved(palette[0], joints.rests[0]), joints.rests[0], atol=1e-6)
    end = joints.rests[0] + quat_rotate(turn, joints.ends[0] - joints.rests[0])
    np.testing.assert_allclose(moved(palette[0], joints.ends[0]), end, atol=1e-6)
    # The second joint hangs on the first's end, turned as its own swing says: not at all.
    np.testing.assert_allclose(moved(palette[1], joints.rests[1]), end, atol=1e-6)
    np.testing.assert_allclose(
        moved(palette[1], joints.ends[1]), end + joints.ends[1] - joints.rests[1], atol=1e-6
    )
    np.testing.assert_allclose(palette[2:], np.tile(np.eye(4)[:3], (2, 1, 1)), atol=1e-6)


def test_an_empty_stage_has_nobody_posed():
    posed = pose_stage(Stage())
    assert len(posed) == 0
    assert posed.palettes.shape == (0, BONE_COUNT, 3, 4)


def test_posing_many_is_posing_each():
    rng = np.random.default_rng(5)
    people = [shown(random_sample(rng), default_proportions(1.5 + 0.1 * i)) for i in range(4)]
    together = pose_stage(Stage(people))
    for i, person in enumerate(people):
        alone = pose_stage(Stage([person]))
        np.testing.assert_allclose(together.palettes[i], alone.palettes[0], atol=1e-6)
        np.testing.assert_array_equal(together.morphs[i], alone.morphs[0])
        np.testing.assert_allclose(together.sole_heights[i], alone.sole_heights[0])
