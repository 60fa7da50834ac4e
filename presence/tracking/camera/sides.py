"""Whose is what: which hand is left, and whether a body is that of the face."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.tracking.camera.found import Found, FoundHand, FoundPose

_NOSE_OF_FACE, _NOSE_OF_BODY = 1, 0
_CORNERS = (33, 263)
_NEAR_FACES = 1.5
"""Times the distance between the outer corners of the eyes that two noses of one person are apart
at most, by two networks."""
_NEAR_WRIST = 0.12
"""Of the picture's width: a hand whose wrist is nearer than this to a body's is that one's."""


def same_person(pose: FoundPose, face: Floats) -> bool:
    """Whether a body's nose is where the face's is.

    Args:
        pose: the body.
        face: ``(478, 3)`` pixels.
    """
    wide = float(np.linalg.norm(face[_CORNERS[0], :2] - face[_CORNERS[1], :2]))
    # A face in profile is narrow between its eyes, but as high as ever.
    high = 0.6 * float(np.linalg.norm(face[10, :2] - face[152, :2]))
    apart = np.linalg.norm(pose.pixels[_NOSE_OF_BODY, :2] - face[_NOSE_OF_FACE, :2])
    return float(apart) < _NEAR_FACES * max(wide, high)


def sided(found: Found, wrists: tuple[Floats | None, Floats | None]) -> list[tuple[int, FoundHand]]:
    """The hands by their sides, 0 for left; at most one a side.

    The body's wrists say best whose hand it is. Where they are not seen, the hand's own look does,
    by which a network takes one hand in ten for the other.

    Args:
        found: the hands.
        wrists: ``(2,)`` pixels of the left and the right wrist, where they are seen.
    """
    near = _NEAR_WRIST * found.width
    claims = []
    for hand in found.hands:
        for side in range(2):
            wrist = wrists[side]
            likely = hand.score if hand.left == (side == 0) else 1.0 - hand.score
            if wrist is not None:
                away = float(np.linalg.norm(hand.pixels[0, :2] - wrist))
                likely = 2.0 + near - away if away < near else 0.25 * likely
            claims.append((likely, side, hand))
    claims.sort(key=lambda claim: -claim[0])
    taken: list[tuple[int, FoundHand]] = []
    for likely, side, hand in claims:
        free = all(side != other and hand is not one for other, one in taken)
        if free and likely > 0.2:
            taken.append((side, hand))
    return taken
