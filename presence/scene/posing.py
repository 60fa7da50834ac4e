"""From a stage to what the graphics card needs: skin palettes and the morphs at work.

All people are posed together: the cost is that of some sixty array steps, whoever is here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.face import SHAPE_COUNT
from presence.pose.rigid import matrix_from_parts
from presence.pose.skeleton import BONE_COUNT, LEVELS, PARENTS
from presence.scene.avatar import Singles
from presence.scene.fitting import SOLE_FRAMES, fit
from presence.scene.stage import Stage
from presence.scene.strands import pose_strands, strand_joints

MORPHS_AT_WORK = 16
"""How many morphs of a person are drawn: the largest."""


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """Everyone on a stage, posed in the viewer's own place. N people, in the stage's order."""

    palettes: Singles
    """``(N, 55 + J, 3, 4)`` the upper rows of the matrices that take rest vertices, as modelled,
    to the viewer's own place: posed joint × scale × translation by minus the joint's rest. After
    the bones come the joints of the strands, as many as the avatar with the most has."""
    morphs: Singles
    """``(N, 16, 2)`` shape index and weight, the largest weights first; weight 0 ends the list."""
    joints: Floats
    """``(N, 55, 3)`` metres, where the joints are in the viewer's own place."""
    sole_heights: Floats
    """``(N, 2)`` metres, how high the lowest point of the left and of the right sole is."""
    scales: Floats
    """``(N,)`` the size of each avatar over what it was modelled at."""
    opacities: Floats
    """``(N,)`` 0 to 1."""
    speaking: Floats
    """``(N,)`` how loud each speaks, 0 to 1."""

    def __len__(self) -> int:
        return len(self.palettes)


NOBODY = Posed(
    palettes=np.zeros((0, BONE_COUNT, 3, 4), dtype=np.float32),
    morphs=np.zeros((0, MORPHS_AT_WORK, 2), dtype=np.float32),
    joints=np.zeros((0, BONE_COUNT, 3)),
    sole_heights=np.zeros((0, 2)),
    scales=np.zeros(0),
    opacities=np.zeros(0),
    speaking=np.zeros(0),
)


def pose_stage(stage: Stage) -> Posed:
    """Pose everybody on the stage, each fitted to their avatar, with their feet on the floor."""
    people = stage.people
    if not people:
        return NOBODY
    fits = [fit(person.avatar, person.proportions) for person in people]
    scales = np.array([each.scale for each in fits])
    places = matrix_from_parts(
        np.array([person.own_place_from_place.rotation for person in people]),
        np.array([person.own_place_from_place.translation for person in people]),
    )
    roots = np.array([person.sample.root_position for person in people])

    # Each joint from its parent, then from the viewer's own place. The roots keep to the floor
    # until it is known how high the soles want them.
    joints = matrix_from_parts(
        np.array([person.sample.rotations for person in people]),
        np.array([each.offsets for each in fits]),
    )
    joints[:, 0, 0, 3], joints[:, 0, 2, 3] = roots[:, 0], roots[:, 2]
    joints[:, 0] = places @ joints[:, 0]
    for level in LEVELS[1:]:
        joints[:, level] = joints[:, PARENTS[level]] @ joints[:, level]

    up = places[:, :3, 1]
    height_of = np.einsum("ni,npfij->npfj", up, joints[:, SOLE_FRAMES, :3, :3])
    person_soles, avatar_soles = (
        np.einsum("npfj,npfj->np", height_of, np.array(arms))
        for arms in ([each.person_soles for each in fits], [each.avatar_soles for each in fits])
    )
    lowest = roots[:, 1] + person_soles.min(axis=1)
    ratio = np.array([each.leg_ratio for each in fits])
    root_heights = ratio * lowest - avatar_soles.min(axis=1)
    joints[..., :3, 3] += (root_heights[:, None] * up)[:, None, :]

    strands = [strand_joints(person.avatar) for person in people]
    rows = BONE_COUNT + max(map(len, strands))
    palettes = np.zeros((len(people), rows, 3, 4), dtype=np.float32)
    turn = joints[..., :3, :3] * scales[:, None, None, None]
    palettes[:, :BONE_COUNT, :, :3] = turn
    rest = np.array([each.rest for each in fits])
    palettes[:, :BONE_COUNT, :, 3] = joints[..., :3, 3] - (turn @ rest[..., None])[..., 0]
    for palette, each, person in zip(palettes, strands, people, strict=True):
        if len(each):
            pose_strands(palette, each, person.swings)
    return Posed(
        palettes=palettes,
        morphs=morphs_at_work(np.array([person.sample.face for person in people])),
        joints=joints[..., :3, 3],
        sole_heights=(root_heights[:, None] + avatar_soles).reshape(-1, 2, 3).min(axis=2),
        scales=scales,
        opacities=np.array([person.opacity for person in people]),
        speaking=np.array([person.speaking for person in people]),
    )


def morphs_at_work(faces: Floats) -> Singles:
    """``(N, 16, 2)`` shape index and weight of the largest of ``faces (N, 52)``, largest first."""
    shapes = np.argsort(faces, axis=1)[:, : SHAPE_COUNT - MORPHS_AT_WORK - 1 : -1]
    morphs = np.empty((len(faces), MORPHS_AT_WORK, 2), dtype=np.float32)
    morphs[..., 0] = shapes
    morphs[..., 1] = np.take_along_axis(faces, shapes, axis=1)
    return morphs
