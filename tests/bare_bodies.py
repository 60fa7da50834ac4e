"""Bodies without a texture: those that people have, before its seams split them.

They take a third of the time to make.
"""

import functools
from dataclasses import replace

import numpy as np

from presence.pose.proportions import Proportions, default_proportions
from presence.scene.avatar import Avatar, Mesh
from presence.scene.body.drawing import draw_traits
from presence.scene.body.generate import build_body
from presence.scene.body.measures import draw_measures
from presence.scene.body.plan import make_plan


def make_bare_body(seed: int, proportions: Proportions | None = None) -> Avatar:
    traits = draw_traits(seed)
    measures = draw_measures(traits) if proportions is None else proportions
    made = build_body(f"body-{seed}", make_plan(measures, traits), textured=False)
    return replace(made, mesh=_shown(made.mesh))


@functools.cache
def bare_body(seed: int, height: float | None = None) -> Avatar:
    return make_bare_body(seed, None if height is None else default_proportions(height))


def _shown(mesh: Mesh) -> Mesh:
    """The mesh without vertices that no triangle has, which have no place in a texture either."""
    used = np.unique(mesh.triangles)
    place = np.full(len(mesh.positions), -1)
    place[used] = np.arange(len(used))
    morphs = []
    for morph in mesh.morphs:
        kept = place[morph.vertices] >= 0
        morphs.append(
            replace(
                morph,
                vertices=place[morph.vertices[kept]].astype(np.int32),
                offsets=morph.offsets[kept],
                normal_offsets=morph.normal_offsets[kept],
            )
        )
    arrays = ("positions", "normals", "colours", "surfaces", "joints", "weights")
    return replace(
        mesh,
        **{name: getattr(mesh, name)[used] for name in arrays},
        triangles=place[mesh.triangles].astype(np.uint32),
        morphs=tuple(morphs),
    )
