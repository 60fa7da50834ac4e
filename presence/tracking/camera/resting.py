"""What a network makes of a face that does nothing.

The network that tells all 52 shapes knows no face's own rest: brows that sit high are raised to it
by 0.95 for ever, lips that are thin are pressed, and eyes that look at a screen below the camera
look down by 0.3. So the median of the first seconds is taken for rest, as it is of landmarks.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats

_LEAST_RANGE = 0.5
"""What is told beyond the rest counts no more than twice: the less is left of a shape, the more of
it is noise."""
_LIVELY = 0.25
"""A face that does no more than this of any shape is at rest, or nearly."""
_DRIFT = 0.01
"""How far the rest follows a face at rest, a picture."""
_EVERY = 5
"""Pictures from one guess of the rest to the next, while it is learned."""


class RestingShapes:
    """A face's rest, as a network tells it. State: what was seen, and the rest as far as known."""

    def __init__(self, count: int, pictures: int) -> None:
        """Learn ``count`` shapes' rest from the first ``pictures`` in which the face is seen well.

        Until a few were seen, the rest is taken for nothing.
        """
        self._wanted = pictures
        self._seen: list[tuple[Floats, Floats]] = []
        self._shapes: Floats = np.zeros(count)
        self._glance: Floats = np.zeros(2)
        self.known = False
        """Whether the rest has been learned."""

    def against(self, shapes: Floats, glance: Floats) -> tuple[Floats, Floats]:
        """What the face does against its rest.

        Args:
            shapes: ``(count,)`` 0 to 1, as they were told.
            glance: ``(2,)`` radians to the left, and up.
        """
        beyond = (shapes - self._shapes) / np.maximum(1.0 - self._shapes, _LEAST_RANGE)
        return np.clip(beyond, 0.0, 1.0), glance - self._glance

    def learn(self, shapes: Floats, glance: Floats) -> None:
        """Take a picture into account, of a face that looks this way."""
        if self.known:
            if self.against(shapes, glance)[0].max() < _LIVELY:
                # Of the glance alone the rest stays: who looks aside for long still looks aside.
                self._shapes = self._shapes + _DRIFT * (shapes - self._shapes)
            return
        self._seen.append((shapes, glance))
        self.known = len(self._seen) >= self._wanted
        if self.known or len(self._seen) % _EVERY == 0:
            seen, looked = zip(*self._seen, strict=True)
            self._shapes = np.median(np.array(seen), axis=0)
            self._glance = np.median(np.array(looked), axis=0)
        if self.known:
            self._seen.clear()

    def forget(self) -> None:
        """Somebody else may be here now: learn anew."""
        self._seen.clear()
        self.known = False
