from dataclasses import replace

import numpy as np
from gl_context import facing_viewer, person

from presence.pose.skeleton import INDEX
from presence.render.contact_shadow import SHADOWS_A_PERSON, contact_shadows
from presence.scene.posing import NOBODY, pose_stage
from presence.scene.stage import Stage
from presence.scene.triangle import triangle_avatar

AVATAR = triangle_avatar()


def shadows_of(*people):
    return contact_shadows(pose_stage(Stage(people))).reshape(-1, SHADOWS_A_PERSON, 6)


def lifted(someone, height):
    root = someone.sample.root_position + np.array([0.0, height, 0.0])
    return replace(someone, sample=replace(someone.sample, root_position=root))


def test_shadows_lie_under_the_feet_along_them():
    someone = person(AVATAR, facing_viewer(1.5, 0.4))
    joints = pose_stage(Stage([someone])).joints[0]
    for shadow, side in zip(shadows_of(someone)[0], ("left", "right"), strict=False):
        foot, toes = joints[INDEX[side + "Foot"]][[0, 2]], joints[INDEX[side + "Toes"]][[0, 2]]
        assert np.linalg.norm(shadow[:2] - 0.5 * (foot + toes)) < 0.03
        along = shadow[2:4] / np.linalg.norm(shadow[2:4])
        assert along @ (toes - foot) / np.linalg.norm(toes - foot) > 0.999


def test_shadows_fade_with_height_and_with_their_caster():
    someone = person(AVATAR)
    standing, hopping, floating = (
        shadows_of(lifted(someone, height))[0, :, 5] for height in (0.0, 0.1, 0.6)
    )
    assert (standing > hopping).all() and (hopping > floating).all()
    assert floating[:2].max() < 0.02, "feet high above the floor touch nothing"
    half = shadows_of(person(AVATAR, opacity=0.5))[0, :, 5]
    np.testing.assert_allclose(half, 0.5 * standing, rtol=1e-6)


def test_nobody_casts_no_shadow():
    assert contact_shadows(NOBODY).shape == (0, 6)
