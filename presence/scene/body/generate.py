"""A person made by code, from a seed."""

from __future__ import annotations

import numpy as np

from presence.pose.proportions import Proportions
from presence.scene.avatar import Avatar, Mesh
from presence.scene.body.brows import build_brow
from presence.scene.body.draft import FLIP, Draft, Paint
from presence.scene.body.drawing import draw_traits
from presence.scene.body.expressions import all_offsets
from presence.scene.body.eyes import build_eyeball
from presence.scene.body.face import build_face
from presence.scene.body.figure import build_figure
from presence.scene.body.finish import morphs, normals, split
from presence.scene.body.hair import build_beard, build_glasses, build_hair, soften
from presence.scene.body.measures import draw_measures
from presence.scene.body.paint import paint_texture, surfaces
from presence.scene.body.plan import Plan, make_plan
from presence.scene.body.rig import Extras, make_rig
from presence.scene.body.teeth import build_teeth, build_tongue
from presence.scene.body.unwrap import unwrap
from presence.scene.body.weights import only, spine_weights, strongest


def generate_body(seed: int, proportions: Proportions | None = None) -> Avatar:
    """The body that a seed stands for; always the same one.

    Args:
        seed: 0 or more; chooses build, face, hair, colours and clothes.
        proportions: the measures to fit; drawn from the seed when absent. The avatar's own are
            these, made exactly symmetric.

    Returns:
        A body in its T-pose, feet on the floor, facing −Z, whose left mirrors its right.
    """
    traits = draw_traits(seed)
    measures = proportions if proportions is not None else draw_measures(traits)
    return build_body(f"body-{seed}", make_plan(measures, traits))


def build_body(name: str, plan: Plan, *, textured: bool = True) -> Avatar:
    """The body that a plan describes; without a texture it takes a third of the time."""
    draft = Draft()
    figure = build_figure(draft, plan)
    head = only("head")
    face = build_face(draft, plan, head, figure.neck)
    unweighted = np.flatnonzero(draft.weights.sum(axis=1) == 0.0)
    head_skin = np.concatenate([unweighted, face.rim, face.skin])
    draft.weights[head_skin] = spine_weights(draft.positions[head_skin], plan)
    build_eyeball(draft, plan, face.lids, only("rightEye"))
    extras = Extras(
        lower_teeth=build_teeth(draft, plan, face.mouth, head),
        tongue=build_tongue(draft, plan, face.mouth, head),
        brow=build_brow(draft, plan, head),
        beard=build_beard(draft, plan, face),
    )
    build_glasses(draft, plan)
    strands, colliders = build_hair(draft, plan)

    whole = draft.whole()
    rig = make_rig(draft, whole, plan, face, extras)
    shapes = all_offsets(whole, plan, face, rig)
    rest_normals = normals(whole.positions, whole)
    eyes = whole.paints == Paint.EYE
    centre = plan.at("rightEye") * np.where(whole.positions[eyes, :1] > 0.0, 1.0, FLIP)
    outward = whole.positions[eyes] - centre
    rest_normals[eyes] = outward / np.linalg.norm(outward, axis=1, keepdims=True)
    soften(rest_normals, whole, plan)
    bones, shares = strongest(whole.weights)
    mesh = Mesh(
        positions=whole.positions.astype(np.float32),
        normals=rest_normals.astype(np.float32),
        colours=np.ones((len(whole.positions), 3), dtype=np.float32),
        surfaces=surfaces(whole),
        joints=bones.astype(np.uint8),
        weights=shares.astype(np.float32),
        triangles=whole.triangles.astype(np.uint32),
        morphs=morphs(shapes, whole),
    )
    if textured:
        unwrapped = unwrap(draft, whole, plan)
        mesh = split(mesh, unwrapped, paint_texture(draft, whole, unwrapped, plan, rest_normals))
    return Avatar(
        name=name,
        mesh=mesh,
        proportions=plan.proportions,
        strands=strands,
        colliders=colliders,
    )
