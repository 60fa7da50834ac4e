"""The materials of a VRM file: what each is made of, its colour, and the texture that it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from presence.errors import SourceError
from presence.pose.arrays import Floats
from presence.scene.avatar import UNTEXTURED, Image, Surface
from presence.scene.glb import GlbReader, Json, item
from presence.scene.vrm_images import decoded

MOST_TEXTURES = 32
"""That one person may show: each takes 11 MB of a graphics card."""

# By what materials are called, the first that fits. Brows and lashes come before eyes and faces.
_NAMED: tuple[tuple[Surface, str], ...] = (
    (Surface.HAIR, r"hair|brow|lash|eyeline|beard|must?ache|fringe|bangs"),
    (Surface.TEETH, r"teeth|tooth|tongue|mouth|gum"),
    (Surface.EYE, r"eye(?!lid)|iris|pupil|sclera|cornea|highlight"),
    (
        Surface.CLOTH,
        r"cloth|shirt|tops?\b|bottom|pants|trouser|skirt|dress|shoe|boot|sock|jacket|coat|hat\b"
        r"|onepiece|accessor|glass|suit|jeans",
    ),
    (Surface.SKIN, r"skin|face|body|head|hand|nail|lip"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Finish:
    """How what is made of one material looks."""

    surface: Surface
    colour: Floats
    """``(3,)`` linear light, multiplied with texture and vertex colours."""
    layer: int
    """Of the textures, or ``UNTEXTURED``."""
    uv_set: int
    """Which ``TEXCOORD`` the texture goes by."""
    uv_matrix: Floats
    """``(2, 3)`` of KHR_texture_transform: from the file's coordinates to the texture's."""
    cut: bool
    """Seen from both sides, and only where the texture is opaque."""
    clear: bool
    """Nothing of it is seen."""


def surface_named(*names: str) -> Surface:
    """What something with these names is made of, the first name that says so deciding."""
    for name in names:
        # Words of their own in names such as EyeIris or N00_Tops_01.
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\W\d]+", " ", name).lower()
        for surface, pattern in _NAMED:
            if re.search(pattern, words):
                return surface
    # The lighting that flatters the least and hurts the least.
    return Surface.CLOTH


class Materials:
    """The finishes of a file. State: the textures that those asked for show."""

    def __init__(self, reader: GlbReader, used: list[int]) -> None:
        """Find out what the materials in use show.

        Raises:
            SourceError: there are too many textures, or one cannot be read.
        """
        self._reader = reader
        self._keys: dict[int, tuple[int, float] | None] = {
            index: self._key(item(reader.items("materials"), index)) for index in used
        }
        layers = sorted({key for key in self._keys.values() if key is not None})
        if len(layers) > MOST_TEXTURES:
            raise SourceError(
                f"this file shows {len(layers)} textures, more than {MOST_TEXTURES}; join some of "
                "them into one where it was made, and export it again"
            )
        self._layers = {key: i for i, key in enumerate(layers)}

    def textures(self) -> tuple[Image, ...]:
        """The textures, in the order of the layers."""
        return tuple(self._texture(*key) for key in self._layers)

    def finish(self, index: int | None, *names: str) -> Finish:
        """The finish of a material, or of none; ``names`` are those of what is made of it."""
        if index is None:
            return Finish(
                surface_named(*names), np.ones(3), UNTEXTURED, 0, np.eye(3)[:2], False, False
            )
        material = item(self._reader.items("materials"), index)
        shine = material.get("pbrMetallicRoughness", {})
        factor = np.array(shine.get("baseColorFactor", [1.0] * 4), dtype=np.float64).reshape(4)
        if not np.isfinite(factor).all():
            raise ValueError("a material's colour is no number")
        key = self._keys[index]
        texture = shine.get("baseColorTexture", {}) if key is not None else {}
        mode = material.get("alphaMode", "OPAQUE")
        uv_set, uv_matrix = _uv(texture)
        return Finish(
            surface=surface_named(str(material.get("name", "")), *names),
            colour=np.clip(factor[:3], 0.0, 1.0),
            layer=UNTEXTURED if key is None else self._layers[key],
            uv_set=uv_set,
            uv_matrix=uv_matrix,
            cut=bool(material.get("doubleSided", False)) or mode != "OPAQUE",
            clear=mode != "OPAQUE" and bool(factor[3] < _cutoff(material)),
        )

    def _key(self, material: Json) -> tuple[int, float] | None:
        """Which image a material shows, and the alpha from which on it is seen; 0: everywhere."""
        shine = material.get("pbrMetallicRoughness", {})
        if "baseColorTexture" not in shine:
            return None
        texture = item(self._reader.items("textures"), shine["baseColorTexture"]["index"])
        webp = texture.get("extensions", {}).get("EXT_texture_webp", {})
        image = webp.get("source", texture.get("source"))
        if image is None:
            return None
        item(self._reader.items("images"), image)
        opaque = material.get("alphaMode", "OPAQUE") == "OPAQUE"
        return int(image), 0.0 if opaque else _cutoff(material)

    def _texture(self, image: int, cutoff: float) -> Image:
        entry = item(self._reader.items("images"), image)
        if "bufferView" not in entry:
            raise SourceError(
                "a texture of this file lies outside it; export it with its textures inside"
            )
        texture = decoded(self._reader.view(entry["bufferView"]))
        if cutoff == 0.0:
            texture[..., 3] = 255
        elif cutoff != 0.5:
            # Ours are seen from a half on.
            texture[..., 3] = np.clip(texture[..., 3] * (0.5 / cutoff), 0.0, 255.0)
        return texture


def _cutoff(material: Json) -> float:
    """The alpha from which on something is seen: what is blended counts from a half."""
    if material.get("alphaMode") != "MASK":
        return 0.5
    cutoff = float(material.get("alphaCutoff", 0.5))
    if not np.isfinite(cutoff):
        raise ValueError("a material's alphaCutoff is no number")
    return min(max(cutoff, 1.0 / 255.0), 1.0)


def _uv(texture: Json) -> tuple[int, Floats]:
    """Which coordinates a texture goes by, and what KHR_texture_transform does to them."""
    changes = texture.get("extensions", {}).get("KHR_texture_transform", {})
    uv_set = int(changes.get("texCoord", texture.get("texCoord", 0)))
    if not changes:
        return uv_set, np.eye(3)[:2]
    turn = float(changes.get("rotation", 0.0))
    scale = np.array(changes.get("scale", [1.0, 1.0]), dtype=np.float64).reshape(2)
    offset = np.array(changes.get("offset", [0.0, 0.0]), dtype=np.float64).reshape(2)
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.column_stack([np.array([[cos, sin], [-sin, cos]]) * scale, offset])
    if not np.isfinite(matrix).all():
        raise ValueError("a texture's transform is no number")
    return uv_set, matrix
