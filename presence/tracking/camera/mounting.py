"""Where the camera stands in the person's place.

Nobody measures that. So the person is taken to sit (or stand) over the middle of their place, eyes
at the height of one who sits, and to look ahead on the whole, while they are first seen: that says
how the camera is turned and where it is.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions
from presence.pose.quaternion import quat_from_rotvec, quat_mul, quat_rotate
from presence.pose.rigid import FORWARD, Rigid
from presence.pose.skeleton import INDEX

SEAT_HEIGHT = 0.54
"""Metres from the floor to the hip joints of somebody 1.7 m tall on a chair: a seat 0.45 m high,
and the joints 9 cm above what bears them."""
_MOST_TURN, _MOST_TILT = np.radians(45.0), np.radians(35.0)
_USUAL_HEIGHT = 1.70
_USUAL_DISTANCE = 0.7


def eyes_at_rest(body: Proportions, *, seated: bool) -> Floats:
    """``(3,)`` metres in ``place``: between the eyes of somebody who sits or stands upright."""
    eyes: Floats = body.rest_positions()[INDEX["head"]] + body.eyes
    if seated:
        eyes[1] -= body.hips_height - SEAT_HEIGHT * body.height / _USUAL_HEIGHT
    return eyes


class Mounting:
    """Where the camera is. State: the heads that were seen first, and what they said."""

    def __init__(
        self,
        body: Proportions,
        *,
        seated: bool = True,
        tilt: float | None = None,
        turn: float | None = None,
        pictures: int = 50,
    ) -> None:
        """Find out from the first ``pictures``.

        Args:
            body: the person's measures.
            seated: whether they sit.
            tilt: radians that the camera looks up; None finds out.
            turn: radians that it is turned to its left; None finds out.
            pictures: how many are wanted.
        """
        self._eyes = eyes_at_rest(body, seated=seated)
        self._given = (turn, tilt)
        self._wanted = pictures
        self._heads: list[Rigid] = []
        self._place_from_camera = Rigid.from_yaw(np.pi, self._eyes + _USUAL_DISTANCE * FORWARD)
        self.settled = False
        """Whether it is found."""

    @property
    def place_from_camera(self) -> Rigid:
        """The camera in ``place``, as far as it is known."""
        return self._place_from_camera

    def learn(self, camera_from_head: Rigid) -> None:
        """Take a head into account that is seen well."""
        if self.settled:
            return
        self._heads.append(camera_from_head)
        self.settled = len(self._heads) >= self._wanted
        if self.settled or len(self._heads) % 5 == 1:
            self._find()
        if self.settled:
            self._heads.clear()

    def forget(self) -> None:
        """The person has come back, or somebody else has: find out anew."""
        self._heads.clear()
        self.settled = False

    def _find(self) -> None:
        turns = np.array([head.rotation for head in self._heads])
        ahead = np.median(quat_rotate(turns, FORWARD), axis=0)
        ahead = ahead / max(float(np.linalg.norm(ahead)), 1e-9)
        turn, tilt = self._given
        if turn is None:
            turn = float(np.clip(-np.arcsin(ahead[0]), -_MOST_TURN, _MOST_TURN))
        if tilt is None:
            tilt = float(np.clip(np.arctan2(ahead[1], ahead[2]), -_MOST_TILT, _MOST_TILT))
        yaw, pitch = quat_from_rotvec(np.array([[0.0, np.pi + turn, 0.0], [tilt, 0.0, 0.0]]))
        rotation = quat_mul(yaw, pitch)
        eyes = np.median([head.translation for head in self._heads], axis=0)
        self._place_from_camera = Rigid(rotation, self._eyes - quat_rotate(rotation, eyes))
