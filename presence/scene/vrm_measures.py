"""The measures of a body from a file that does not say them: joints that it lacks, and its ends."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from presence.pose.arrays import Floats, frozen
from presence.pose.proportions import Proportions, default_proportions
from presence.pose.skeleton import BONES, FINGERTIP_BONES, INDEX, PARENTS
from presence.scene.avatar import Mesh, Surface

_SPINE = ("hips", "spine", "chest", "upperChest", "neck", "head")
_USUAL = default_proportions()
_USUAL_REST = _USUAL.rest_positions()
_FURTHER = 0.8
"""A finger's bone over the one before it."""


def rest_points(found: Mapping[str, Floats]) -> Floats:
    """``(55, 3)`` metres: the joints at rest, those that a file lacks where they usually are.

    ``found`` holds those that it has, by name; the ones that VRM requires among them.
    """
    points = dict(found)
    _fill_spine(points)
    size = _ratio(points, "hips", "head")
    leg, arm = (
        np.mean([_ratio(points, side + upper, side + lower) for side in ("left", "right")])
        for upper, lower in (("UpperLeg", "Foot"), ("UpperArm", "Hand"))
    )
    for name in BONES:
        if name in points:
            continue
        parent = BONES[PARENTS[INDEX[name]]]
        usual = _USUAL.offsets[INDEX[name]]
        if name.endswith("Shoulder"):
            # On the way to the upper arm, at its height.
            end = points[name.replace("Shoulder", "UpperArm")]
            points[name] = end + (points[parent] - end) * np.array([0.84, 0.0, 0.5])
        elif name.endswith("Toes"):
            points[name] = points[parent] + usual * leg
        elif name in ("leftEye", "rightEye", "jaw"):
            points[name] = points[parent] + usual * size
        elif parent.endswith("Hand"):
            points[name] = points[parent] + usual * arm
        else:
            before = points[BONES[PARENTS[INDEX[parent]]]]
            points[name] = points[parent] + (points[parent] - before) * _FURTHER
            if before is points.get(_hand_of(name)):
                points[name] = points[parent] + usual * arm
    return np.array([points[name] for name in BONES])


def _hand_of(name: str) -> str:
    return ("left" if name.startswith("left") else "right") + "Hand"


def _fill_spine(points: dict[str, Floats]) -> None:
    """Joints between two that are there, as far along as they usually are."""
    heights = {name: float(_USUAL_REST[INDEX[name], 1]) for name in _SPINE}
    known = [name for name in _SPINE if name in points]
    for name in _SPINE:
        if name in points:
            continue
        below = max((k for k in known if heights[k] < heights[name]), key=heights.__getitem__)
        above = min((k for k in known if heights[k] > heights[name]), key=heights.__getitem__)
        share = (heights[name] - heights[below]) / (heights[above] - heights[below])
        points[name] = points[below] + share * (points[above] - points[below])


def _ratio(points: Mapping[str, Floats], one: str, other: str) -> float:
    """The distance of two joints over what it usually is."""
    usual = np.linalg.norm(_USUAL_REST[INDEX[one]] - _USUAL_REST[INDEX[other]])
    return float(np.linalg.norm(points[one] - points[other]) / usual)


def measured(rest: Floats, mesh: Mesh) -> Proportions:
    """The proportions of a body with joints at ``rest (55, 3)``, and ends as its mesh has them.

    The floor is at height 0.
    """
    offsets = rest.copy()
    offsets[1:] -= rest[PARENTS[1:]]
    strongest = mesh.joints[np.arange(len(mesh.joints)), mesh.weights.argmax(axis=1)]
    tips = np.zeros((10, 3))
    for row, bone in enumerate(FINGERTIP_BONES):
        along = rest[bone] - rest[PARENTS[bone]]
        tips[row] = _farthest(mesh, strongest == bone, rest[bone], along, _FURTHER * along)
    toes = np.zeros((2, 3))
    soles = np.zeros((2, 3))
    for row, side in enumerate(("left", "right")):
        ball, ankle = INDEX[side + "Toes"], INDEX[side + "Foot"]
        forward = np.array([0.0, 0.0, -1.0])
        of_foot = (strongest == ball) | (strongest == ankle)
        usual = _USUAL.toes[row] * (rest[ankle, 1] / 0.08 if rest[ankle, 1] > 0.02 else 1.0)
        toes[row] = _farthest(mesh, of_foot, rest[ball], forward, usual)
        toes[row, 2] = min(toes[row, 2], -0.01)
        soles[row] = (0.0, -max(rest[ankle, 1], 0.0), 0.0)
    head = INDEX["head"]
    of_head = strongest == head
    solid = of_head & np.isin(mesh.surfaces, (Surface.SKIN, Surface.HAIR))
    top = mesh.positions[solid if solid.any() else of_head, 1]
    eyes = 0.5 * (rest[INDEX["leftEye"], 1] + rest[INDEX["rightEye"], 1]) - rest[head, 1]
    crown = max(float(top.max()) - rest[head, 1] if len(top) else 0.0, eyes + 0.02)
    return Proportions(
        offsets=frozen(offsets),
        fingertips=frozen(tips),
        toes=frozen(toes),
        soles=frozen(soles),
        crown=frozen(np.array([0.0, crown, 0.0])),
    )


def eye_points(mesh: Mesh) -> dict[str, Floats]:
    """The middles of the eyeballs that a mesh has, by the names of their bones."""
    eyes = mesh.positions[mesh.surfaces == Surface.EYE].astype(np.float64)
    sides = {"leftEye": eyes[eyes[:, 0] < 0.0], "rightEye": eyes[eyes[:, 0] > 0.0]}
    return {
        name: 0.5 * (points.min(axis=0) + points.max(axis=0))
        for name, points in sides.items()
        if len(points)
    }


def _farthest(
    mesh: Mesh, of_bone: NDArray[np.bool_], joint: Floats, along: Floats, usual: Floats
) -> Floats:
    """``(3,)`` from a joint to the vertex of a bone that is farthest along, or ``usual``."""
    points = mesh.positions[of_bone].astype(np.float64) - joint
    if not len(points):
        return usual
    farthest: Floats = points[(points @ along).argmax()]
    return farthest if farthest @ along > 0.0 else usual
