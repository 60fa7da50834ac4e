"""A person of capsules and spheres: a simple avatar that the render tests pose and draw."""

from __future__ import annotations

import numpy as np

from presence.pose.face import SHAPE_INDEX
from presence.pose.proportions import Proportions, default_proportions
from presence.pose.skeleton import BONES, FINGERTIP_BONES, INDEX, PARENTS
from presence.scene.avatar import Avatar, Mesh, Morph, Surface

SKIN, SHIRT, TROUSERS, SHOES, IRIS, HAIR, WHITE, PUPIL = (
    (0.80, 0.60, 0.50),
    (0.25, 0.45, 0.60),
    (0.28, 0.27, 0.30),
    (0.35, 0.22, 0.16),
    (0.30, 0.45, 0.35),
    (0.22, 0.14, 0.10),
    (0.90, 0.88, 0.87),
    (0.03, 0.03, 0.03),
)


class _Builder:
    """Collects primitives. State: the vertices and triangles so far."""

    def __init__(self) -> None:
        self.parts: dict[str, list[np.ndarray]] = {
            key: [] for key in ("positions", "normals", "colours", "surfaces", "joints", "weights")
        }
        self.triangles: list[np.ndarray] = []
        self.count = 0

    def ellipsoid(self, centre, radii, bone, colour, surface, segments, rings):
        theta = np.linspace(0.0, np.pi, rings + 1)[:, None]
        phi = np.linspace(0.0, 2.0 * np.pi, segments + 1)[None, :]
        unit = np.stack(
            [
                np.sin(theta) * np.cos(phi),
                np.cos(theta) * np.ones_like(phi),
                np.sin(theta) * np.sin(phi),
            ],
            axis=-1,
        ).reshape(-1, 3)
        normals = unit / np.asarray(radii)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        weights = np.zeros((len(unit), 4))
        weights[:, 0] = 1.0
        joints = np.zeros((len(unit), 4))
        joints[:, 0] = bone
        return self._grid(
            unit * radii + centre, normals, colour, surface, joints, weights, segments, rings
        )

    def limb(self, start, end, radii, bones, colour, surface, segments, rings):
        """A capsule from joint to joint whose upper end blends into the parent's bone."""
        along = end - start
        length = np.linalg.norm(along)
        axis = along / length
        side = np.cross(axis, [0.0, 0.0, 1.0] if abs(axis[2]) < 0.9 else [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        other = np.cross(axis, side)
        t = np.linspace(0.0, 1.0, rings + 1)
        caps = np.sqrt(np.clip(1.0 - (np.clip(np.abs(t - 0.5) - 0.4, 0, None) / 0.1) ** 2, 0, 1))
        radius = (radii[0] + (radii[1] - radii[0]) * t) * np.maximum(caps, 0.0)
        phi = np.linspace(0.0, 2.0 * np.pi, segments + 1)
        round_ = np.cos(phi)[:, None] * side - np.sin(phi)[:, None] * other
        overlap = 0.1 * length
        centres = start + axis * (t * (length + 2 * overlap) - overlap)[:, None]
        positions = centres[:, None] + radius[:, None, None] * round_
        slope = np.gradient(radius, t * (length + 2 * overlap))
        normals = round_[None] - slope[:, None, None] * axis
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
        own = np.clip(0.5 + (t * (length + 2 * overlap) - overlap) / (4 * overlap), 0.0, 1.0)
        weights = np.zeros((rings + 1, segments + 1, 4))
        weights[..., 0] = own[:, None]
        weights[..., 1] = 1.0 - own[:, None]
        joints = np.zeros((rings + 1, segments + 1, 4))
        joints[..., 0], joints[..., 1] = bones
        return self._grid(
            positions.reshape(-1, 3),
            normals.reshape(-1, 3),
            colour,
            surface,
            joints.reshape(-1, 4),
            weights.reshape(-1, 4),
            segments,
            rings,
        )

    def _grid(self, positions, normals, colour, surface, joints, weights, segments, rings):
        first, count = self.count, len(positions)
        row = np.arange(rings)[:, None] * (segments + 1) + np.arange(segments)[None, :]
        a, b = row.ravel() + first, row.ravel() + segments + 1 + first
        self.triangles += [np.stack([a, a + 1, b], 1), np.stack([a + 1, b + 1, b], 1)]
        for key, value in (
            ("positions", positions),
            ("normals", normals),
            ("colours", np.tile(colour, (count, 1))),
            ("surfaces", np.full(count, surface)),
            ("joints", joints),
            ("weights", weights),
        ):
            self.parts[key].append(value)
        self.count += count
        return np.arange(first, first + count)

    def mesh(self, morphs) -> Mesh:
        kinds = {"surfaces": np.uint8, "joints": np.uint8}
        arrays = {
            key: np.concatenate(value).astype(kinds.get(key, np.float32))
            for key, value in self.parts.items()
        }
        triangles = np.concatenate(self.triangles).astype(np.uint32)
        p = arrays["positions"][triangles]
        across = np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])
        outward = arrays["normals"][triangles].mean(axis=1)
        inside_out = np.sum(across * outward, axis=1) < 0.0
        triangles[inside_out] = triangles[inside_out][:, ::-1]
        area = np.linalg.norm(across, axis=1)
        return Mesh(triangles=triangles[area > 1e-10], morphs=morphs, **arrays)


def capsule_person(
    proportions: Proportions | None = None, *, segments: int = 12, rings: int = 8
) -> Avatar:
    """A person of capsules; jawOpen lowers the chin's half of the head."""
    proportions = proportions or default_proportions()
    rest = proportions.rest_positions()
    size = proportions.height / 1.7
    build = _Builder()
    child_of = {int(parent): bone for bone, parent in enumerate(PARENTS) if parent >= 0}
    tips = dict(zip(FINGERTIP_BONES.tolist(), proportions.fingertips, strict=True))
    for bone, name in enumerate(BONES):
        if name in ("hips", "spine", "chest", "upperChest", "head", "leftEye", "rightEye", "jaw"):
            continue
        if name.endswith("Toes"):
            end = rest[bone] + proportions.toes[0 if name.startswith("left") else 1]
        elif bone in tips:
            end = rest[bone] + tips[bone]
        elif name.endswith("Hand"):
            end = rest[INDEX[name[:-4] + "MiddleProximal"]]
        else:
            end = rest[INDEX["head"]] if name == "neck" else rest[child_of[bone]]
        thick, colour, surface = 0.01, SKIN, Surface.SKIN
        if "UpperLeg" in name:
            thick, colour, surface = 0.085, TROUSERS, Surface.CLOTH
        elif "LowerLeg" in name:
            thick, colour, surface = 0.058, TROUSERS, Surface.CLOTH
        elif "Foot" in name or "Toes" in name:
            thick, colour, surface = 0.036, SHOES, Surface.CLOTH
        elif "Shoulder" in name or "UpperArm" in name:
            thick, colour, surface = 0.05, SHIRT, Surface.CLOTH
        elif "LowerArm" in name:
            thick = 0.038
        elif name.endswith("Hand"):
            thick = 0.03
        elif name == "neck":
            thick = 0.055
        build.limb(
            rest[bone],
            end,
            (thick * size, 0.85 * thick * size),
            (bone, max(int(PARENTS[bone]), 0)),
            colour,
            surface,
            segments,
            rings,
        )
    for name, height, radii in (
        ("hips", 0.0, (0.16, 0.13, 0.11)),
        ("spine", 0.06, (0.145, 0.16, 0.10)),
        ("upperChest", 0.02, (0.175, 0.18, 0.12)),
    ):
        colour = TROUSERS if name == "hips" else SHIRT
        centre = rest[INDEX[name]] + np.array([0.0, height, 0.0]) * size
        build.ellipsoid(
            centre,
            np.array(radii) * size,
            INDEX[name],
            colour,
            Surface.CLOTH,
            2 * segments,
            2 * rings,
        )
    head = rest[INDEX["head"]]
    face = build.ellipsoid(
        head + np.array([0.0, 0.10, -0.01]) * size,
        np.array([0.078, 0.118, 0.095]) * size,
        INDEX["head"],
        SKIN,
        Surface.SKIN,
        3 * segments,
        3 * rings,
    )
    build.ellipsoid(
        head + np.array([0.0, 0.135, 0.012]) * size,
        np.array([0.084, 0.090, 0.098]) * size,
        INDEX["head"],
        HAIR,
        Surface.HAIR,
        2 * segments,
        2 * rings,
    )
    for name in ("leftEye", "rightEye"):
        ball = build.ellipsoid(
            rest[INDEX[name]],
            np.full(3, 0.0165 * size),
            INDEX[name],
            IRIS,
            Surface.EYE,
            2 * segments,
            2 * rings,
        )
        forward = -np.concatenate(build.parts["normals"])[ball, 2]
        colours = build.parts["colours"][-1]
        colours[forward < 0.8] = WHITE
        colours[forward > 0.9] = PUPIL
    positions = np.concatenate(build.parts["positions"])
    chin = face[positions[face, 1] < head[1] + 0.06 * size].astype(np.int32)
    drop = np.zeros((len(chin), 3), dtype=np.float32)
    drop[:, 1] = -0.04 * size
    jaw = Morph(SHAPE_INDEX["jawOpen"], chin, drop, np.zeros_like(drop))
    return Avatar("capsules", build.mesh((jaw,)), proportions)
