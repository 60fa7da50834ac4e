"""A mesh in the making: half a body, whose other half is its mirror image.

Every part adds its vertices here and sews them to its neighbours'. What is drawn is the person's
right half (x ≥ 0); vertices at x = 0 are shared by both halves.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from presence.pose.arrays import Floats, Ints
from presence.pose.skeleton import BONE_COUNT, MIRROR

FLIP: Floats = np.array([-1.0, 1.0, 1.0])
"""Multiplied with a vector: its mirror image."""


class Paint(enum.IntEnum):
    """What a vertex shows; the wardrobe gives each its colour and surface."""

    SKIN = 0
    LIP = 1
    MOUTH = 2
    LASH = 3
    SOCKET = 4
    EYE = 5
    TEETH = 6
    TONGUE = 7
    BROW = 8
    HAIR = 9
    SHIRT = 10
    TRIM = 11
    TROUSERS = 12
    SHOE = 13
    SOLE = 14
    NAIL = 15
    GLASS = 16
    BEARD = 17
    BUTTON = 18
    HOSE = 19
    """Socks and tights."""
    SCARF = 20


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """Both halves of a drafted body."""

    positions: Floats
    """``(V, 3)`` metres."""
    paints: Ints
    """``(V,)`` values of ``Paint``."""
    tones: Floats
    """``(V,)`` how light each vertex is, of its paint."""
    grain: Floats
    """``(V, 2)`` metres across and along what each vertex shows: cloth's weave, hair's strands."""
    weights: Floats
    """``(V, J)`` for the 55 bones and the joints of strands; each row sums to 1."""
    triangles: Ints
    """``(T, 3)`` anticlockwise seen from outside."""
    mirror: Ints
    """``(V,)`` the mirror image of each vertex; itself on the midline, and where there is none."""
    lone: NDArray[np.bool_]
    """``(V,)`` which have no mirror image."""
    source: Ints
    """``(V,)`` the drafted vertex that each is, or is the image of."""


class Draft:
    """Half a mesh while it is being built: vertices, what they are, and triangles so far."""

    def __init__(self) -> None:
        self._positions: list[Floats] = []
        self._paints: list[Ints] = []
        self._weights: list[Floats] = []
        self._tones: list[Floats] = []
        self._grain: list[Floats] = []
        self._lone: list[NDArray[np.bool_]] = []
        self._triangles: list[Ints] = []
        self.count = 0
        self.joints = BONE_COUNT
        """How many joints weights are for: the bones, and behind them those of strands."""

    def add_joints(self, count: int) -> int:
        """Make room for the weights of so many joints more; return the first one's index.

        Only lone vertices may hang on them: nothing is mirrored from one strand to another.
        """
        first = self.joints
        self._weights = [np.pad(self.weights, ((0, 0), (0, count)))]
        self.joints += count
        return first

    def add(
        self,
        points: Floats,
        paint: Paint,
        weights: Floats | None = None,
        grain: Floats | None = None,
        *,
        lone: bool = False,
    ) -> Ints:
        """Add vertices ``(..., 3)``; return their indices ``(...)``.

        ``weights`` is ``(55,)`` or ``(N, 55)``; vertices without are weighted later. ``grain
        (..., 2)`` says where each is across and along what it shows, metres. ``lone`` vertices may
        be on either side and have no mirror image; their triangles have only lone corners.
        """
        flat = points.reshape(-1, 3)
        self._positions.append(flat.astype(np.float64))
        self._paints.append(np.full(len(flat), int(paint), dtype=np.int64))
        self._tones.append(np.ones(len(flat)))
        self._grain.append(np.zeros((len(flat), 2)) if grain is None else grain.reshape(-1, 2))
        self._lone.append(np.full(len(flat), lone))
        rows = np.zeros((len(flat), self.joints))
        if weights is not None:
            rows[:, : weights.shape[-1]] = weights
        self._weights.append(rows)
        indices = np.arange(self.count, self.count + len(flat), dtype=np.int64)
        self.count += len(flat)
        return indices.reshape(points.shape[:-1])

    def faces(self, triangles: Ints) -> None:
        """Add triangles ``(T, 3)``."""
        self._triangles.append(np.asarray(triangles, dtype=np.int64).reshape(-1, 3))

    def sew(self, first: Ints, second: Ints, *, closed: bool = False) -> None:
        """Join two rows of equally many vertices by a strip.

        Seen from outside with the rows running left, ``first`` is the lower.
        """
        if closed:
            first, second = np.append(first, first[0]), np.append(second, second[0])
        a, b, c, d = first[:-1], second[:-1], second[1:], first[1:]
        # The shorter diagonal of each quad: fewer folds where the rows drift apart.
        points = self.positions
        across = np.sum((points[a] - points[c]) ** 2, axis=-1)
        other = np.sum((points[b] - points[d]) ** 2, axis=-1)
        one = (across <= other)[:, None]
        self.faces(np.where(one, np.stack([a, b, c], 1), np.stack([a, b, d], 1)))
        self.faces(np.where(one, np.stack([a, c, d], 1), np.stack([b, c, d], 1)))

    def sew_all(self, rows: Sequence[Ints], *, closed: bool = False) -> None:
        """Join each row to the next."""
        for first, second in pairwise(rows):
            self.sew(first, second, closed=closed)

    def cap(self, ring: Ints, tip: int) -> None:
        """Close a ring by a fan to one vertex; the ring is the lower row, as for ``sew``."""
        after = np.roll(ring, -1)
        self.faces(np.stack([ring, np.full(len(ring), tip), after], axis=1))

    @property
    def positions(self) -> Floats:
        """``(V, 3)`` every vertex so far."""
        self._positions = [np.concatenate(self._positions)]
        return self._positions[0]

    @property
    def paints(self) -> Ints:
        """``(V,)`` what every vertex so far shows; may be written to."""
        self._paints = [np.concatenate(self._paints)]
        return self._paints[0]

    @property
    def weights(self) -> Floats:
        """``(V, J)`` the weights so far; may be written to."""
        self._weights = [np.concatenate(self._weights)]
        return self._weights[0]

    @property
    def triangles(self) -> Ints:
        """``(T, 3)`` every triangle so far."""
        self._triangles = [np.concatenate(self._triangles)]
        return self._triangles[0]

    @property
    def tones(self) -> Floats:
        """``(V,)`` how light every vertex so far is, of its paint; may be written to."""
        self._tones = [np.concatenate(self._tones)]
        return self._tones[0]

    @property
    def grain(self) -> Floats:
        """``(V, 2)`` where every vertex is across and along what it shows; may be written to."""
        self._grain = [np.concatenate(self._grain)]
        return self._grain[0]

    @property
    def lone(self) -> NDArray[np.bool_]:
        """``(V,)`` which of the vertices so far have no mirror image."""
        return np.concatenate(self._lone)

    def whole(self) -> Whole:
        """Both halves, joined along the midline."""
        positions, triangles, weights = self.positions, self.triangles, self.weights
        lone = self.lone
        middle = (positions[:, 0] == 0.0) & ~lone
        image = np.where(middle | lone, np.arange(self.count), 0)
        others = np.flatnonzero(~middle & ~lone)
        mirrored = triangles[~lone[triangles].any(axis=1)]
        image[others] = self.count + np.arange(len(others))
        mirror = np.concatenate([image, others])
        # What lies on the midline hangs on both sides alike.
        weights = weights.copy()
        other_side = np.concatenate([MIRROR, np.arange(BONE_COUNT, self.joints)])
        weights[middle] = 0.5 * (weights[middle] + weights[middle][:, other_side])
        return Whole(
            positions=np.concatenate([positions, positions[others] * FLIP]),
            paints=np.concatenate([self.paints, self.paints[others]]),
            tones=np.concatenate([self.tones, self.tones[others]]),
            grain=np.concatenate([self.grain, self.grain[others]]),
            weights=np.concatenate([weights, weights[others][:, other_side]]),
            triangles=np.concatenate([triangles, image[mirrored][:, ::-1]]),
            mirror=mirror,
            lone=np.concatenate([lone, lone[others]]),
            source=np.concatenate([np.arange(self.count), others]),
        )
