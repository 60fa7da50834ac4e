"""Which texels of a texture a mesh covers, and what of the mesh each shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d, distance_transform_edt, maximum_filter, minimum_filter

from presence.pose.arrays import Floats, Ints

_BLEED = 0.75
"""Texels by which a triangle is painted beyond its edges, for the filter that reads them."""


@dataclass(frozen=True, slots=True, eq=False)
class Texels:
    """The covered texels of a square texture."""

    size: int
    places: Ints
    """``(P,)`` row × size + column."""
    triangles: Ints
    """``(P,)`` the triangle that each shows."""
    shares: Floats
    """``(P, 3)`` how much of each of its corners; sums to 1."""

    def of(self, values: Floats, corners: Ints) -> Floats:
        """``(P, ...)`` values given a vertex ``(V, ...)``, for triangles ``corners (T, 3)``."""
        at = corners[self.triangles]
        shares = self.shares.reshape(*self.shares.shape, *[1] * (values.ndim - 1))
        mixed: Floats = values[at[:, 0]] * shares[:, 0]
        mixed += values[at[:, 1]] * shares[:, 1]
        mixed += values[at[:, 2]] * shares[:, 2]
        return mixed


def covered(uvs: Floats, triangles: Ints, size: int) -> Texels:
    """The texels that ``triangles (T, 3)`` cover, whose vertices are at ``uvs (V, 2)``.

    A texel near an edge may be bled into by several triangles; any of them shows there.
    """
    corners = uvs[triangles] * size - 0.5
    low = np.maximum(np.floor(corners.min(axis=1) - _BLEED).astype(np.int64), 0)
    high = np.minimum(np.ceil(corners.max(axis=1) + _BLEED).astype(np.int64), size - 1)
    spans = np.maximum(high - low + 1, 0)
    counts = spans[:, 0] * spans[:, 1]
    which = np.repeat(np.arange(len(triangles)), counts)
    step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    column = low[which, 0] + step % spans[which, 0]
    row = low[which, 1] + step // spans[which, 0]

    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, ac = b - a, c - a
    twice = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    solid = np.abs(twice) > 1e-9
    inverse = np.where(solid, 1.0 / np.where(solid, twice, 1.0), 0.0)
    x, y = column - a[which, 0], row - a[which, 1]
    second = (x * ac[which, 1] - y * ac[which, 0]) * inverse[which]
    third = (y * ab[which, 0] - x * ab[which, 1]) * inverse[which]
    first = 1.0 - second - third
    # How far inside, in texels: the share times the corner's height over the opposite side.
    sides = np.stack(
        [
            np.linalg.norm(c - b, axis=1),
            np.linalg.norm(ac, axis=1),
            np.linalg.norm(ab, axis=1),
        ],
        axis=1,
    )
    heights = (np.abs(twice)[:, None] / np.maximum(sides, 1e-9)).T
    depth = np.minimum(first * heights[0][which], second * heights[1][which])
    depth = np.minimum(depth, third * heights[2][which])
    keep = np.flatnonzero((depth > -_BLEED) & solid[which])
    place = row[keep] * size + column[keep]
    # What a triangle really covers goes over what others bleed there.
    shown = np.full(size * size, -1)
    order = np.concatenate([np.flatnonzero(depth[keep] < 0.0), np.flatnonzero(depth[keep] >= 0.0)])
    shown[place[order]] = keep[order]
    places = np.flatnonzero(shown >= 0)
    chosen = shown[places]
    shares = np.stack([first[chosen], second[chosen], third[chosen]], axis=1)
    inside = np.clip(shares, 0.0, 1.0)
    return Texels(
        size=size,
        places=places,
        triangles=which[chosen],
        shares=inside / inside.sum(axis=1, keepdims=True),
    )


def softened(
    image: NDArray[np.uint8], texels: Texels, kinds: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """The image ``(S, S, C)`` with the steps smoothed where one kind of texel borders on another.

    ``kinds (P,)`` says what each covered texel shows. Only covered texels are mixed.
    """
    there = np.zeros(texels.size**2)
    there[texels.places] = 1.0
    there = there.reshape(texels.size, texels.size)
    kind = np.full(texels.size**2, -1)
    kind[texels.places] = kinds
    kind = kind.reshape(there.shape)
    low = minimum_filter(np.where(kind < 0, 1 << 20, kind), 3)
    border = (kind >= 0) & (low != maximum_filter(kind, 3))
    kernel = np.array([1.0, 2.0, 1.0])

    def blurred(values: Floats) -> Floats:
        return np.asarray(convolve1d(convolve1d(values, kernel, axis=0), kernel, axis=1))

    weight = blurred(there)[border]
    soft = image.copy()
    for channel in range(3):
        mixed = blurred(image[..., channel] * there)[border] / weight
        soft[border, channel] = np.round(mixed)
    return soft


def spread(image: NDArray[np.uint8], places: Ints) -> NDArray[np.uint8]:
    """The image ``(S, S, C)`` with texels that nothing covers taken from the nearest covered."""
    bare = np.ones(image.shape[0] * image.shape[1], dtype=bool)
    bare[places] = False
    rows, columns = distance_transform_edt(
        bare.reshape(image.shape[:2]), return_distances=False, return_indices=True
    )
    filled: NDArray[np.uint8] = image[rows, columns]
    return filled
