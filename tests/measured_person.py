"""Somebody who is measured: what a sensor says of a body that stands, sits, jumps and stretches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from presence.clock import SECOND
from presence.pose.quaternion import IDENTITY
from presence.pose.skeleton import INDEX
from presence.tracking.measuring import proportions_from
from presence.tracking.sensed import Sensed

ARMS = [INDEX["leftHand"], INDEX["rightHand"]]


class Person:
    """A body that does one thing after another, by ``acts``: ``[(seconds, name)]``."""

    name = "somebody"
    problem = ""

    def __init__(self, eye_height, reach, acts, noise=0.001, seed=0):
        self._body = proportions_from(eye_height, reach)
        self._acts = acts
        self._noise, self._random = noise, np.random.default_rng(seed)

    def sense(self, time_ns):
        t = time_ns / SECOND
        for seconds, act in self._acts:
            if t < seconds:
                return self._does(act, t, time_ns)
            t -= seconds
        return self._does(self._acts[-1][1], t, time_ns)

    def _does(self, act, t, time_ns):
        if act == "away":
            return Sensed.nothing(time_ns, present=False)
        rest = self._body.rest_positions()
        eyes = rest[INDEX["head"]] + self._body.eyes
        wrists = rest[ARMS].copy()
        shoulders = rest[[INDEX["leftUpperArm"], INDEX["rightUpperArm"]]]
        arm = np.linalg.norm(wrists - shoulders, axis=-1)[:, None]
        if act != "stretches":
            wrists = shoulders + arm * np.array([[-0.1, -0.97, -0.05], [0.1, -0.97, -0.05]])
        if act == "points":
            wrists = shoulders + arm * np.array([[0.0, 0.0, -1.0]])
        if act == "bent arms":
            wrists = shoulders + 0.6 * arm * np.array([[-0.5, 0.0, -0.8], [0.5, 0.0, -0.8]])
        down = 0.42 if act == "sits" or act == "sits and stretches" else 0.0
        if act == "sits and stretches":
            wrists = rest[ARMS].copy()
        if act == "jumps":
            s = t % 0.6
            down = -max(0.0, 2.9 * s - 4.9 * s * s)
        drop = np.array([0.0, down, 0.0])
        points = np.zeros((6, 3))
        points[0], points[1:3] = eyes - drop, wrists - drop
        points[:3] += self._random.normal(0.0, self._noise, (3, 3))
        sure = np.zeros(6)
        sure[:3] = 1.0
        if act == "no hands":
            sure[1:] = 0.0
        return replace(
            Sensed.nothing(time_ns),
            positions=points,
            orientations=np.tile(IDENTITY, (6, 1)),
            position_confidence=sure,
            orientation_confidence=sure,
        )

    def close(self):
        pass
