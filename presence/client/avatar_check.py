"""``presence avatar check``: what a VRM or glTF file lacks for a call.

A list of checks like the doctor's: each says in a sentence what it found, and names the cure. They
read the file's document themselves, so that a file which cannot be loaded is still told about.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from presence.client.doctor import Examined
from presence.client.finding import Finding, Verdict
from presence.errors import SourceError
from presence.pose.face import SHAPES
from presence.pose.skeleton import BONES
from presence.scene.glb import DAMAGED, GlbReader
from presence.scene.gltf import from_glb
from presence.scene.vrm_expressions import PRESETS
from presence.scene.vrm_nodes import REQUIRED
from presence.scene.vrm_shapes import read_shares

MOST_BYTES = 30_000_000
MOST_TRIANGLES = 70_000
MOST_PIECES = 16
"""Primitives: each is a draw of its own in most programs."""
LARGEST_EDGE = 2048
"""Pixels of a texture's side."""
_WEIGHT_ERROR = 0.01

_TRIANGLES = 4
_MAKERS = "UniVRM, VRoid Studio or the VRM add-on for Blender"

BONE_GROUPS: dict[str, tuple[str, ...]] = {
    "the trunk": ("chest", "upperChest", "neck"),
    "shoulders": ("leftShoulder", "rightShoulder"),
    "toes": ("leftToes", "rightToes"),
    "eyes": ("leftEye", "rightEye"),
    "jaw": ("jaw",),
    "fingers": tuple(
        bone
        for bone in BONES
        if any(finger in bone for finger in ("Thumb", "Index", "Middle", "Ring", "Little"))
    ),
}
"""The bones that a person may lack, by where they are."""

SHAPE_GROUPS: dict[str, tuple[str, ...]] = {
    "eyes": tuple(name for name in SHAPES if name.startswith("eye")),
    "brows": tuple(name for name in SHAPES if name.startswith("brow")),
    "jaw": tuple(name for name in SHAPES if name.startswith("jaw")),
    "mouth": tuple(name for name in SHAPES if name.startswith("mouth")),
    "cheeks and nose": tuple(name for name in SHAPES if name.startswith(("cheek", "nose"))),
    "tongue": ("tongueOut",),
}
"""ARKit's shapes by what they move."""


class Subject(NamedTuple):
    """A file that is looked at."""

    data: bytes
    reader: GlbReader

    @property
    def vrm(self) -> dict[str, Any]:
        """The ``VRMC_vrm`` extension, empty where there is none."""
        return self.reader.extension("VRMC_vrm")

    @property
    def primitives(self) -> list[dict[str, Any]]:
        """Of all meshes."""
        return [part for mesh in self.reader.items("meshes") for part in mesh["primitives"]]


def check_person(file: Subject) -> Finding:
    """Does the file say which node is which bone?"""
    if file.reader.extension("VRM"):
        return Finding(
            Verdict.FAIL,
            "a VRM 0.x file, which presence does not read",
            "open it in UniVRM or the VRM add-on for Blender and export it as VRM 1.0",
        )
    if not file.vrm:
        skins = len(file.reader.items("skins"))
        bones = "has a skeleton, but nothing" if skins else "has no skeleton, and nothing"
        return Finding(
            Verdict.FAIL,
            f"a plain glTF file: it {bones} says which node is which bone of a person",
            f"give it a humanoid and export it as VRM 1.0: {_MAKERS}",
        )
    return Finding(Verdict.OK, f"VRM {file.vrm.get('specVersion', '1.0')}")


def check_bones(file: Subject) -> Finding:
    """Are the bones there, those that must be and those that may?"""
    if not file.vrm:
        return Finding(Verdict.FAIL, "none is named", "see above")
    have = set(file.vrm["humanoid"]["humanBones"])
    needed = [bone for bone in REQUIRED if bone not in have]
    if needed:
        return Finding(
            Verdict.FAIL,
            f"{', '.join(needed)}: missing, and nobody can be posed without",
            f"assign them where the file was made ({_MAKERS}) and export it again",
        )
    missing = [
        f"{place} ({_some(bones, have)})"
        for place, bones in BONE_GROUPS.items()
        if not have.issuperset(bones)
    ]
    count = len(have & set(BONES))
    if missing:
        return Finding(
            Verdict.WARN,
            f"{count} of {len(BONES)}; without {', '.join(missing)} those parts follow their "
            "neighbours",
            "assign them where the file was made, if it has them",
        )
    return Finding(Verdict.OK, f"all {count}")


def check_face(file: Subject) -> Finding:
    """Which of ARKit's 52 shapes can the face show?"""
    shares = read_shares(file.reader, by_name_only=True)
    named = {SHAPES[share.shape] for found in shares.values() for share in found}
    every = read_shares(file.reader, by_name_only=False)
    shown = named | {SHAPES[share.shape] for found in every.values() for share in found}
    if not shown:
        return Finding(
            Verdict.WARN,
            "no face shapes: the face will stand still while its person speaks",
            "add ARKit's 52 blend shapes (a template such as Perfect Sync has their names)",
        )
    # Gaze turns the eyes by their bones; a lid that does not follow is hardly missed.
    missing = [
        f"{place} ({_some(shapes, shown)})"
        for place, shapes in SHAPE_GROUPS.items()
        if not shown.issuperset(shapes)
    ]
    by_expression = len(shown - named)
    how = f", {by_expression} of them by VRM's expressions" if by_expression else ""
    if missing:
        return Finding(
            Verdict.WARN,
            f"{len(shown)} of ARKit's {len(SHAPES)} shapes{how}; missing: {', '.join(missing)}",
            "add them by ARKit's names; those that are there work without",
        )
    return Finding(Verdict.OK, f"all {len(SHAPES)} shapes of ARKit{how}")


def check_gaze(file: Subject) -> Finding:
    """Can the eyes turn?"""
    bones = set(file.vrm.get("humanoid", {}).get("humanBones", {}))
    if bones.issuperset(("leftEye", "rightEye")):
        kind = file.vrm.get("lookAt", {}).get("type", "")
        told = f"by bones; lookAt says {kind}" if kind else "by bones; for other programs no lookAt"
        return Finding(Verdict.OK if kind else Verdict.WARN, told, "" if kind else "add lookAt")
    shares = read_shares(file.reader, by_name_only=False)
    looks = {SHAPES[s.shape] for found in shares.values() for s in found}
    if any(name.startswith("eyeLook") for name in looks):
        return Finding(Verdict.OK, "by shapes")
    return Finding(
        Verdict.WARN,
        "the eyes cannot turn, so nobody will be looked in the eye",
        "add the bones leftEye and rightEye, or the eyeLook shapes",
    )


def check_expressions(file: Subject) -> Finding:
    """Are VRM's own expressions there, which other programs use?"""
    told = file.vrm.get("expressions", {})
    presets = set(told.get("preset", {})) | {"neutral"}
    missing = [name for name in PRESETS if name not in presets]
    if len(missing) >= len(PRESETS) - 1:
        return Finding(
            Verdict.WARN,
            "none of VRM's expressions; presence does without, most other programs do not",
            "bind the presets where the file was made",
        )
    if missing:
        return Finding(
            Verdict.WARN, f"without {', '.join(missing)}", "bind them where the file was made"
        )
    return Finding(Verdict.OK, f"{len(PRESETS)} presets, {len(told.get('custom', {}))} of its own")


def check_springs(file: Subject) -> Finding:
    """Does hair swing?"""
    springs = file.reader.extension("VRMC_springBone").get("springs", [])
    if not springs:
        return Finding(Verdict.OK, "no spring bones: hair and cloth move with their bones")
    joints = sum(len(spring["joints"]) for spring in springs)
    return Finding(Verdict.OK, f"{len(springs)} chains of {joints} joints")


def check_geometry(file: Subject) -> Finding:
    """Is there little enough to draw?"""
    accessors = file.reader.items("accessors")
    triangles = 0
    for part in file.primitives:
        if part.get("mode", _TRIANGLES) == _TRIANGLES:
            rows = part["indices"] if "indices" in part else part["attributes"]["POSITION"]
            triangles += int(accessors[rows]["count"]) // 3
    pieces = len(file.primitives)
    if not triangles:
        return Finding(Verdict.FAIL, "not one triangle", "export the file with its meshes")
    told = f"{triangles:,} triangles in {pieces} {'piece' if pieces == 1 else 'pieces'}"
    if triangles > MOST_TRIANGLES or pieces > MOST_PIECES:
        return Finding(
            Verdict.WARN,
            f"{told}; up to {MOST_TRIANGLES:,} in {MOST_PIECES} draw well in company",
            "reduce its meshes, and join those that share a material",
        )
    return Finding(Verdict.OK, told)


def check_weights(file: Subject) -> Finding:
    """Does the skin follow the bones, each vertex by weights that sum to 1?"""
    unskinned = worst = off = 0.0
    for part in file.primitives:
        attributes = part["attributes"]
        sets = sorted(name for name in attributes if name.startswith("WEIGHTS_"))
        if not sets:
            unskinned += 1
            continue
        sums = sum(file.reader.array(attributes[name]).sum(axis=1) for name in sets)
        error = np.abs(np.asarray(sums, dtype=np.float64) - 1.0)
        worst = max(worst, float(error.max(initial=0.0)))
        off += int((error > _WEIGHT_ERROR).sum())
    if unskinned and unskinned == len(file.primitives):
        return Finding(
            Verdict.FAIL, "nothing follows the bones: no mesh is skinned", "skin it to its bones"
        )
    if off:
        return Finding(
            Verdict.WARN,
            f"the weights of {off:,.0f} vertices do not sum to 1 (by up to {worst:.2f})",
            "normalise all weights where the file was made",
        )
    return Finding(Verdict.OK, "each vertex's sum to 1")


def check_textures(file: Subject) -> Finding:
    """Are the textures there, and no larger than need be?"""
    textures, images = file.reader.items("textures"), file.reader.items("images")
    if not images:
        return Finding(Verdict.OK, "none")
    elsewhere, broken, edges = [], [], []
    for i, image in enumerate(images):
        name = str(image.get("name") or f"image {i}")
        if "bufferView" not in image:
            if not str(image.get("uri", "")).startswith("data:"):
                elsewhere.append(name)
            continue
        size = _picture_size(file.reader.view(image["bufferView"]))
        if size is None:
            broken.append(name)
        else:
            edges.append(max(size))
    lost = [t for t in textures if not 0 <= t.get("source", 0) < len(images)]
    if elsewhere or broken or lost:
        what = [
            *(f"{name} lies in another file" for name in elsewhere),
            *(f"{name} is no picture" for name in broken),
            *(["a texture names an image that is not there"] if lost else []),
        ]
        return Finding(
            Verdict.WARN, f"{'; '.join(what)}", "export the file with its textures inside"
        )
    told = f"{len(images)}, up to {max(edges, default=0)} pixels wide"
    if max(edges, default=0) > LARGEST_EDGE:
        return Finding(
            Verdict.WARN, told, f"make them {LARGEST_EDGE} pixels wide at most, if they allow it"
        )
    return Finding(Verdict.OK, told)


def check_size(file: Subject) -> Finding:
    """Is the file small enough to be handed round?"""
    told = f"{len(file.data) / 1e6:.1f} MB"
    if len(file.data) > MOST_BYTES:
        return Finding(
            Verdict.WARN, f"{told}: long to hand round", "make its textures and meshes smaller"
        )
    return Finding(Verdict.OK, told)


def check_licence(file: Subject) -> Finding:
    """Who made it, and what may be done with it?"""
    meta = file.vrm.get("meta", {})
    if not meta:
        return Finding(
            Verdict.WARN, "nothing is said of who made it and who may wear it", "ask its maker"
        )
    authors = ", ".join(map(str, meta.get("authors", []))) or "an unnamed author"
    told = f"“{meta.get('name', 'unnamed')}” by {authors}"
    who = meta.get("avatarPermission", "onlyAuthor")
    if who != "everyone":
        allowed = "its author" if who == "onlyAuthor" else "whom its author licensed"
        return Finding(
            Verdict.WARN,
            f"{told}; it may be worn by {allowed} alone",
            "ask them before you wear it",
        )
    return Finding(Verdict.OK, f"{told}; everyone may wear it")


def check_loading(file: Subject) -> Finding:
    """Can presence load it?"""
    try:
        avatar = from_glb(file.data)
    except SourceError as error:
        said, _, cure = str(error).partition("; ")
        return Finding(Verdict.FAIL, said, cure)
    return Finding(Verdict.OK, f"presence shows it, {avatar.proportions.height:.2f} m tall")


Check = tuple[str, Callable[[Subject], Finding]]

CHECKS: tuple[Check, ...] = (
    ("person", check_person),
    ("bones", check_bones),
    ("face", check_face),
    ("gaze", check_gaze),
    ("expressions", check_expressions),
    ("swinging", check_springs),
    ("geometry", check_geometry),
    ("weights", check_weights),
    ("textures", check_textures),
    ("size", check_size),
    ("licence", check_licence),
    ("loading", check_loading),
)
"""Every check, in the order they are told."""


def examine(path: Path, checks: Sequence[Check] = CHECKS) -> list[Examined]:
    """Look at a file: what is there, and what is not.

    Raises:
        SourceError: it cannot be read at all.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); check the name") from error
    try:
        file = Subject(data, GlbReader(data))
    except SourceError as error:
        said, _, cure = str(error).partition("; ")
        return [Examined("file", Finding(Verdict.FAIL, said, cure or "fetch or export it again"))]
    examined = []
    for name, check in checks:
        try:
            finding = check(file)
        except SourceError as error:
            said, _, cure = str(error).partition("; ")
            finding = Finding(Verdict.FAIL, said, cure)
        except DAMAGED as error:
            finding = Finding(
                Verdict.FAIL,
                f"this part of the file is not as the specification says ({error})",
                "export it again",
            )
        examined.append(Examined(name, finding))
    return examined


def _picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, JPEG or WebP picture, pixels; None where it is none."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            return picture.size
    except Exception:  # Pillow's decoders raise whatever befalls them.
        return None


def _some(wanted: Sequence[str], have: set[str]) -> str:
    """Those that are missing: by name if they are few, else how many of them."""
    missing = [name for name in wanted if name not in have]
    if len(missing) == len(wanted) > 1:
        return "all"
    return ", ".join(missing) if len(missing) <= 4 else f"{len(missing)} of {len(wanted)}"
