"""A photograph of a face, turned: what is drawn may look otherwise to a network than what is real.

The face's own landmarks, with the depth that the network gives them, are a surface; the photograph
is laid on it, turned, and drawn again. Only the face turns, the rest of the picture is stretched
round it, so this tells how a real skin's looks are followed, and not how well a head is.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from presence.pose.arrays import Floats
from presence.pose.quaternion import quat_from_rotvec, quat_mul, quat_rotate

Picture = NDArray[np.uint8]

_MESH = 468
"""The landmarks without the irises, which lie on others."""
_RING = 24
_RING_AWAY = 1.0
"""Of the face's size: how far from its middle what stays in place begins."""


def turned_photograph(picture: Picture, face: Floats, yaw: float, pitch: float) -> Picture:
    """The picture with its face turned.

    Args:
        picture: ``(height, width, 3)``.
        face: ``(478, 3)`` pixels, its landmarks.
        yaw: degrees to the face's own left.
        pitch: degrees upwards.
    """
    height, width = picture.shape[:2]
    points = face[:_MESH]
    middle = points.mean(axis=0)
    angles = np.linspace(0.0, 2.0 * np.pi, _RING, endpoint=False)
    size = _RING_AWAY * np.ptp(points[:, :2], axis=0)
    ring = middle[:2] + size * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ring = np.clip(ring, 1.0, [width - 2.0, height - 2.0])
    right, bottom = width - 1.0, height - 1.0
    edges = np.array([[0.0, 0.0], [right, 0.0], [0.0, bottom], [right, bottom]])
    still = np.concatenate([ring, edges])
    # Right, up and towards the viewer, where turns are as everywhere: the face looks along +Z.
    own = (points - middle) * [1.0, -1.0, -1.0]
    about_y, about_x = quat_from_rotvec(np.radians([[0.0, yaw, 0.0], [-pitch, 0.0, 0.0]]))
    moved = quat_rotate(quat_mul(about_y, about_x), own)
    before = np.concatenate([points[:, :2], still])
    after = np.concatenate([moved[:, :2] * [1.0, -1.0] + middle[:2], still])
    near = np.concatenate([moved[:, 2], np.full(len(still), -1e3)])
    triangles = Delaunay(before).simplices
    out = np.zeros_like(picture)
    # What is nearer covers what is behind it.
    for corners in triangles[np.argsort(near[triangles].mean(axis=1))]:
        _lay(picture, before[corners], out, after[corners])
    return out


def _lay(picture: Picture, before: Floats, out: Picture, after: Floats) -> None:
    """Draw a triangle of ``picture`` where it is to be in ``out``."""
    height, width = out.shape[:2]
    left, top = np.maximum(np.floor(after.min(axis=0)).astype(int) - 1, 0).tolist()
    right, bottom = (np.ceil(after.max(axis=0)).astype(int) + 2).tolist()
    right, bottom = min(right, width), min(bottom, height)
    if right <= left or bottom <= top:
        return
    there = (after - [left, top]).astype(np.float32)
    how = cv2.getAffineTransform(before.astype(np.float32), there)
    piece = cv2.warpAffine(
        picture, how, (right - left, bottom - top), borderMode=cv2.BORDER_REFLECT
    )
    inside = np.zeros((bottom - top, right - left), dtype=np.uint8)
    cv2.fillConvexPoly(inside, np.round(there * 16.0).astype(np.int32), 1, shift=4)
    out[top:bottom, left:right][inside > 0] = piece[inside > 0]
