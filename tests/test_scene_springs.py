import functools
from dataclasses import replace

import numpy as np
import pytest

from presence.pose.proportions import default_proportions
from presence.pose.quaternion import quat_from_axis_angle, quat_mul
from presence.pose.rigid import RIGHT, UP, Rigid
from presence.pose.sample import PoseSample, checked
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.scene.avatar import Collider, Strand
from presence.scene.posing import pose_stage
from presence.scene.springs import Springs
from presence.scene.stage import Person, Stage
from presence.scene.strands import strand_joints
from presence.scene.triangle import triangle_avatar

HEAD, CHEST = INDEX["head"], INDEX["upperChest"]
TAIL = Strand(
    "tail",
    HEAD,
    np.array([[0.0, 0.08, 0.14], [0, -0.1, 0.02], [0, -0.1, 0.0], [0, -0.1, 0.0]]),
    stiffness=0.6,
    drag=0.3,
    gravity=0.05,
    radius=0.02,
)
FRINGE = Strand("fringe", HEAD, np.array([[0.05, 0.15, -0.09], [0.01, -0.06, -0.02]]))
BACK = Collider(CHEST, np.array([0.0, 0.0, 0.0]), np.array([0.0, 0.15, 0.01]), 0.1)
AVATAR = replace(triangle_avatar(default_proportions(1.7)), strands=(TAIL, FRINGE))
HZ = 90


MEASURES = functools.cache(default_proportions)


def somebody(turn=0.0, nod=0.0, *, avatar=AVATAR, place=None, size=1.7):
    measures = MEASURES(size)
    sample = PoseSample.at_rest(0, measures.hips_height)
    rotations = sample.rotations.copy()
    rotations[HEAD] = quat_mul(quat_from_axis_angle(UP, turn), quat_from_axis_angle(RIGHT, nod))
    sample = checked(replace(sample, rotations=rotations))
    return Person(avatar, sample, measures, place or Rigid.identity())


def moved_on(springs, people, seconds, start=0.0, *, rate=HZ):
    """The stages of so many seconds in which each of ``people``, functions of time, is there."""
    stages = []
    for frame in range(round(seconds * rate)):
        at = start + frame / rate
        stage = Stage([person(at) for person in people])
        stages.append(springs.swung(stage, range(len(people)), round(1e9 * at)))
    return stages


def angles(stage, who=0):
    """Radians by which each joint is turned from where its bone carries it."""
    return 2.0 * np.arccos(np.clip(np.abs(stage.people[who].swings[:, 3]), 0.0, 1.0))


def ends(stage, who=0):
    """Where the segments of somebody's strands end, as they are drawn."""
    person = stage.people[who]
    palette = pose_stage(stage).palettes[who, BONE_COUNT:].astype(np.float64)
    joints = strand_joints(person.avatar)
    palette = palette[: len(joints)]
    return np.einsum("jab,jb->ja", palette[..., :3], joints.ends) + palette[..., 3]


def test_hair_swings_after_the_head_has_turned_and_comes_to_rest():
    springs = Springs()
    stages = moved_on(springs, [lambda t: somebody(turn=np.clip(4.0 * t, 0.0, 1.0))], 4.0)
    swing = np.array([angles(stage).max() for stage in stages])
    assert swing[0] == 0.0
    assert swing[: HZ // 2].max() > 0.15, "the head turns and the hair stays behind"
    late = ends(stages[-1])
    np.testing.assert_allclose(ends(stages[-10]), late, atol=1e-4)
    swung_past = np.array([ends(stage)[2] - late[2] for stage in stages[HZ // 4 :]])
    assert (swung_past @ swung_past[0]).min() < 0.0, "it overshoots before it rests"


def test_at_rest_hair_hangs_where_it_was_modelled_but_for_gravity():
    heavy = replace(AVATAR, strands=(replace(TAIL, gravity=0.0), FRINGE))
    stages = moved_on(Springs(), [lambda t: somebody(avatar=heavy)], 1.0)
    assert angles(stages[-1]).max() < 1e-6
    leaning = [lambda t: somebody(nod=-1.0)]
    still = angles(moved_on(Springs(), leaning, 3.0)[-1])
    assert 0.02 < still[2] < 1.0, "gravity draws it down from where the bowed head carries it"
    top = ends(moved_on(Springs(), leaning, 3.0)[-1])
    carried = ends(Stage([somebody(nod=-1.0)]))
    assert top[2, 1] < carried[2, 1] - 0.002


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.2])
def test_segments_keep_their_length_however_they_swing(scale):
    springs = Springs()
    stages = moved_on(
        springs,
        [lambda t: somebody(turn=np.sin(9.0 * t), nod=np.sin(7.0 * t), size=1.7 * scale)],
        1.0,
    )
    joints = strand_joints(AVATAR)
    expected = scale * np.linalg.norm(joints.ends - joints.rests, axis=1)
    for stage in stages[::10]:
        tips = ends(stage)
        np.testing.assert_allclose(np.linalg.norm(tips[1] - tips[0]), expected[1], rtol=1e-4)
        np.testing.assert_allclose(np.linalg.norm(tips[2] - tips[1]), expected[2], rtol=1e-4)


def test_colliders_keep_hair_out_of_the_chest():
    low = replace(TAIL, offsets=np.vstack([TAIL.offsets, TAIL.offsets[-1]]), gravity=0.6)
    bare = replace(AVATAR, strands=(low,))
    kept = replace(bare, colliders=(BACK,))

    def depths(avatar):
        throwing = [
            lambda t: somebody(nod=0.9 * np.sin(5.0 * t), turn=np.sin(3.0 * t), avatar=avatar)
        ]
        found = []
        for stage in moved_on(Springs(), throwing, 2.0):
            chest = pose_stage(stage).joints[0, CHEST]
            along = BACK.end - BACK.start
            gap = ends(stage) - (chest + BACK.start)
            share = np.clip(gap @ along / (along @ along), 0.0, 1.0)
            distance = np.linalg.norm(gap - share[:, None] * along, axis=1)
            found.append(BACK.radius + low.radius - distance.min())
        return np.max(found)

    assert depths(bare) > 0.02, "without it the hair goes through"
    assert depths(kept) < 0.002


def test_the_rate_of_the_display_hardly_matters():
    def tip(rate):
        turning = [lambda t: somebody(turn=np.clip(3.0 * t, 0.0, 1.0))]
        stages = moved_on(Springs(), turning, 0.5, rate=rate)
        return ends(stages[-1])[2]

    reference = tip(240)
    for rate in (120, 90, 60, 30):
        # The last frame of each lies up to a thirtieth of a second before the half second.
        assert np.linalg.norm(tip(rate) - reference) < 0.02


@pytest.mark.parametrize("gaps", [[0.0], [0.05, 0.2, 0.24], [10.0], [-1.0], [1e-6]])
def test_nothing_breaks_at_whatever_times_frames_come(gaps):
    springs, at = Springs(), 0.0
    rng = np.random.default_rng(1)
    for step in range(60):
        at += gaps[step % len(gaps)]
        stage = Stage([somebody(turn=rng.uniform(-1, 1), nod=rng.uniform(-1, 1))])
        swung = springs.swung(stage, [0], round(1e9 * at))
        swings = swung.people[0].swings
        np.testing.assert_allclose(np.linalg.norm(swings, axis=1), 1.0, atol=1e-9)


def test_who_is_put_somewhere_else_keeps_their_hair_at_rest():
    springs = Springs()

    def moving(t):
        return somebody(place=Rigid.from_yaw(0.0, np.array([0.0 if t < 0.5 else 2.0, 0.0, 0.0])))

    assert max(angles(stage).max() for stage in moved_on(springs, [moving], 1.0)) < 0.1
    walked = moved_on(
        Springs(),
        [lambda t: somebody(place=Rigid.from_yaw(0.0, np.array([2.0 * t, 0.0, 0.0])))],
        1.0,
    )
    assert max(angles(stage).max() for stage in walked) > 0.1, "who walks has the wind of it"


def test_comings_and_goings_leave_the_others_hair_alone():
    def turning(t):
        return somebody(turn=np.clip(4.0 * t, 0.0, 1.0))

    alone = moved_on(Springs(), [turning], 0.4)
    springs = Springs()
    plain = replace(somebody(), avatar=triangle_avatar(default_proportions(1.7)))
    for frame in range(round(0.4 * HZ)):
        at = frame / HZ
        stage, keys = Stage([turning(at)]), ["a"]
        if 10 < frame < 20:
            stage, keys = Stage([plain, somebody(nod=at), turning(at)]), ["c", "b", "a"]
        swung = springs.swung(stage, keys, round(1e9 * at))
        np.testing.assert_allclose(
            swung.people[-1].swings, alone[frame].people[0].swings, atol=1e-12
        )
        if len(keys) == 3:
            assert swung.people[0] is plain


def test_swinging_tips_are_where_the_simulation_has_them():
    springs = Springs()
    stages = moved_on(springs, [lambda t: somebody(turn=np.clip(4.0 * t, 0.0, 1.0))], 0.3)
    tips = ends(stages[-1])
    # The soles find the floor in posing, which the simulation leaves out: here both stand on it.
    np.testing.assert_allclose(tips, springs._tails, atol=2e-3)
