"""Which face shapes the morph targets of a VRM file are."""

from __future__ import annotations

from dataclasses import dataclass

from presence.pose.face import SHAPE_INDEX
from presence.scene.glb import GlbReader, Json, item
from presence.scene.vrm_expressions import STAND_INS, shape_named, sided

BOTH, LEFT, RIGHT = 0, -1, 1


@dataclass(frozen=True, slots=True)
class Share:
    """What a morph target gives to a face shape."""

    shape: int
    """Index into ``SHAPES``."""
    weight: float
    side: int = BOTH
    """Which half of the face of it: the person's ``LEFT``, their ``RIGHT``, or ``BOTH``."""


Shares = dict[tuple[int, int], list[Share]]
"""By mesh and target."""


def read_shares(reader: GlbReader, *, by_name_only: bool) -> Shares:
    """What the targets of all meshes give to the face shapes.

    By their names; and shapes that no name gives, by the expressions that come nearest to them,
    unless ``by_name_only``.
    """
    shares: Shares = {}
    for index, mesh in enumerate(reader.items("meshes")):
        for target, name in enumerate(_names(mesh)):
            shape = shape_named(name)
            if shape is not None:
                shares[index, target] = [Share(shape, 1.0)]
    if by_name_only:
        return shares
    have = {share.shape for found in shares.values() for share in found}
    groups = reader.extension("VRMC_vrm").get("expressions", {})
    for name, expression in groups.get("custom", {}).items():
        shape = shape_named(name)
        if shape is None or shape in have:
            continue
        if _bind(reader, expression, {shape: BOTH}, shares):
            have.add(shape)
    presets = groups.get("preset", {})
    for name, stand_ins in STAND_INS.items():
        wanted: dict[int, int] = {}
        for group in stand_ins:
            halves = sided(group)
            for shape_name in halves:
                shape = SHAPE_INDEX[shape_name]
                side = _side(shape_name) if len(halves) + len(stand_ins) > 2 else BOTH
                if shape not in have:
                    wanted[shape] = side
        if wanted and name in presets and _bind(reader, presets[name], wanted, shares):
            have |= set(wanted)
    return shares


def _names(mesh: Json) -> list[str]:
    """The names of a mesh's targets, wherever its exporter put them."""
    places = [mesh, *mesh.get("primitives", [])]
    for place in places:
        extras = place.get("extras")
        names = extras.get("targetNames") if isinstance(extras, dict) else None
        if isinstance(names, list):
            return [str(name) for name in names]
    return []


def _side(name: str) -> int:
    return LEFT if name.endswith("Left") else RIGHT


def _bind(reader: GlbReader, expression: Json, wanted: dict[int, int], shares: Shares) -> bool:
    """Give an expression's targets to shapes, each to its side; whether there were any."""
    found = False
    for bind in expression.get("morphTargetBinds", []) or []:
        node = item(reader.items("nodes"), bind["node"])
        mesh, target, weight = node.get("mesh"), int(bind["index"]), float(bind.get("weight", 1.0))
        if mesh is None or not 0.0 < weight <= 100.0:
            continue
        given = shares.setdefault((int(mesh), target), [])
        given += [Share(shape, weight, side) for shape, side in wanted.items()]
        found = True
    return found
