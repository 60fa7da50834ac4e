"""The textures of everybody on stage, in one array on the card."""

from __future__ import annotations

from collections.abc import Sequence

import moderngl
import numpy as np
from numpy.typing import NDArray

from presence.scene.avatar import Image
from presence.scene.srgb import linear_from_srgb

TEXTURE_SIZE = 1024
"""Pixels along each side of every layer; images of other sizes are resized once."""

Layers = NDArray[np.uint16]
"""``(L, 1024, 1024, 4)`` linear light and straight alpha, 0 to 65535."""

_ANISOTROPY = 8.0
_BETWEEN = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
_BETWEEN_IN_SOFTWARE = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
"""A software rasteriser pays for a second mipmap with a fifth of the whole frame, and for looking
along a surface with far more."""


_STEPS = np.arange(256, dtype=np.float32) / 255.0
_LINEAR = np.rint(65535.0 * linear_from_srgb(_STEPS)).astype(np.uint16)


def layers_of(images: Sequence[Image]) -> Layers:
    """Images as the card keeps them.

    In linear light, so that it is light and not its encoding that is averaged between texels; 16
    bits hold every step of the encoded 8, and a software rasteriser reads them faster than it
    decodes sRGB.
    """
    layers = np.empty((len(images), TEXTURE_SIZE, TEXTURE_SIZE, 4), dtype=np.uint16)
    for layer, image in zip(layers, images, strict=True):
        square = _resized(image)
        layer[..., :3] = _LINEAR[square[..., :3]]
        layer[..., 3] = square[..., 3] * np.uint16(257)
    return layers


def _resized(image: Image) -> Image:
    if image.shape[:2] == (TEXTURE_SIZE, TEXTURE_SIZE):
        return image
    from PIL import Image as Pillow

    picture = Pillow.fromarray(np.ascontiguousarray(image))
    # Straight alpha: colour under clear pixels must not be lost by premultiplying it.
    side = (TEXTURE_SIZE, TEXTURE_SIZE)
    bands = [band.resize(side, Pillow.Resampling.LANCZOS) for band in picture.split()]
    return np.asarray(Pillow.merge(picture.mode, bands))


class Textures:
    """State: one array texture with the layers of all models on stage, one after the other."""

    def __init__(self, ctx: moderngl.Context) -> None:
        """Begin with a white one, for those who have none."""
        self._ctx = ctx
        software = "llvmpipe" in str(ctx.info["GL_RENDERER"])
        self._between = _BETWEEN_IN_SOFTWARE if software else _BETWEEN
        self._anisotropy = 1.0 if software else min(_ANISOTROPY, ctx.max_anisotropy)
        self._stacks: list[Layers] = []
        self._firsts: list[int] = []
        # With mipmaps, as small as that may be: drivers finish a program for the kind of texture
        # that it reads, and warming up does so with this one.
        self._array = self._made(np.full((1, 2, 2, 4), 65535, dtype=np.uint16))

    def lay_out(self, stacks: Sequence[Layers]) -> list[int]:
        """Take the layers of each model; return the first layer of each.

        Nothing is made anew while all are there already: when somebody goes, their layers stay
        until the next one comes.
        """
        firsts = [self._first_of(stack) for stack in stacks]
        if None in firsts:
            self._stacks = [stack for stack in stacks if len(stack)]
            ends = np.cumsum([0, *map(len, self._stacks)]).tolist()
            self._firsts = ends[:-1]
            self._array.release()
            self._array = self._made(np.concatenate(self._stacks))
            firsts = [self._first_of(stack) for stack in stacks]
        return [first or 0 for first in firsts]

    def _first_of(self, stack: Layers) -> int | None:
        """The first layer of a stack; None where it is not in the array."""
        if not len(stack):
            return 0
        held = zip(self._stacks, self._firsts, strict=True)
        return next((first for each, first in held if each is stack), None)

    def _made(self, layers: Layers) -> moderngl.TextureArray:
        count, height, width, _ = layers.shape
        array = self._ctx.texture_array((width, height, count), 4, layers, dtype="nu2")
        array.build_mipmaps()
        array.filter = self._between
        array.anisotropy = self._anisotropy
        return array

    def use(self, unit: int) -> None:
        """Bind the array to a texture unit."""
        self._array.use(unit)

    def release(self) -> None:
        """Give the array back."""
        self._array.release()
