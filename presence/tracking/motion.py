"""A person by files: a motion played back and forth without an end, and a face with it."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from pathlib import Path

import numpy as np

from presence.clock import SECOND
from presence.pose.arrays import Floats, frozen
from presence.pose.derive import with_derived
from presence.pose.kinematics import forward_kinematics
from presence.pose.proportions import Proportions
from presence.pose.sample import Part, PoseSample, checked
from presence.pose.skeleton import INDEX
from presence.tracking import ground
from presence.tracking.acting.face import QuietFace
from presence.tracking.bvh import read_bvh
from presence.tracking.limbs import unit
from presence.tracking.live_link import FaceTrack, read_live_link
from presence.tracking.retarget import Motion, retarget

TURN_ROUND_S = 0.5
"""How long playing takes to slow down before it turns round."""


class MotionSource:
    """A source that plays a BVH file, and a Live Link Face CSV file if there is one.

    Playing begins at ``epoch_ns`` and runs back and forth for ever: at either end it slows down,
    stops and goes back, so that position and speed never jump and planted feet stay planted. Face
    and body turn round each at their own ends. The floor follows a recording whose ground has
    drifted (:func:`presence.tracking.ground.drift`).

    Samples are a pure function of the time; nothing changes after the files have been read.
    """

    def __init__(
        self,
        motion: str | PathLike[str],
        face: str | PathLike[str] | None = None,
        *,
        epoch_ns: int = 0,
        units: str | float | None = None,
    ) -> None:
        """Read the files.

        Args:
            motion: a BVH file.
            face: a Live Link Face CSV file; without one the face is at rest, and blinks.
            epoch_ns: when playing begins, by the sender's clock.
            units: the motion file's unit of length: a name in ``presence.tracking.units.UNITS``
                or metres in one unit; None guesses.

        Raises:
            SourceError: a file cannot be read or makes no sense.
        """
        self._motion = kept_on_the_floor(retarget(read_bvh(Path(motion)), units))
        self._face = None if face is None else read_live_link(Path(face))
        self._quiet = QuietFace(seed=self._motion.rotations.shape[0])
        self._epoch_ns = epoch_ns
        self._tracked = np.ones(len(Part))
        for part, known in (
            (Part.LEFT_HAND, self._motion.has_fingers),
            (Part.RIGHT_HAND, self._motion.has_fingers),
            (Part.FACE, face is not None),
            (Part.EYES, face is not None),
        ):
            self._tracked[part] = float(known)

    @property
    def proportions(self) -> Proportions:
        """The measures of the file's person."""
        return self._motion.proportions

    @property
    def duration_s(self) -> float:
        """How long the motion takes once through, at its own speed."""
        return (len(self._motion.rotations) - 1) * self._motion.frame_time_s

    def sample(self, time_ns: int) -> PoseSample:
        """What the person does at ``time_ns`` by the sender's clock."""
        seconds = (time_ns - self._epoch_ns) / SECOND
        motion = self._motion
        frame = back_and_forth(seconds, self.duration_s) / motion.frame_time_s
        indices, weights = cubic_weights(frame, len(motion.rotations))
        rotations = np.einsum("k,kbi->bi", weights, motion.rotations[indices])
        shapes, gaze = self._face_at(seconds)
        sample = PoseSample(
            capture_ns=time_ns,
            root_position=weights @ motion.root_positions[indices],
            rotations=unit(rotations),
            face=shapes,
            gaze_direction=gaze,
            tracked=self._tracked,
            contacts=motion.contacts[min(round(frame), len(motion.contacts) - 1)],
        )
        return with_derived(checked(sample), self.proportions)

    def _face_at(self, seconds: float) -> tuple[Floats, Floats]:
        if self._face is None:
            return self._quiet.at(seconds)
        return face_at(self._face, back_and_forth(seconds, self._face.duration_s))


def kept_on_the_floor(motion: Motion) -> Motion:
    """The motion with the floor following it where its ground has drifted."""
    positions, orientations = forward_kinematics(
        motion.rotations, motion.root_positions, motion.proportions.offsets
    )
    soles = ground.sole_heights(positions, orientations, motion.proportions)
    drift = ground.drift(soles, motion.frame_time_s)
    feet = positions[:, [INDEX["leftFoot"], INDEX["rightFoot"]]]
    roots = motion.root_positions.copy()
    roots[:, 1] -= drift
    held = ground.contacts(
        positions,
        soles - drift[:, None],
        ground.speeds(feet, motion.frame_time_s),
        motion.frame_time_s,
    )
    return replace(motion, root_positions=frozen(roots), contacts=tuple(held))


def back_and_forth(seconds: float, duration_s: float) -> float:
    """Where in a clip of ``duration_s`` playing is after ``seconds``: to its end, back, and so on.

    Speed is 1 but within ``TURN_ROUND_S`` of either end, where it falls to zero evenly.
    """
    if duration_s <= 0.0:
        return 0.0
    ease = min(TURN_ROUND_S, 0.5 * duration_s)
    half_period = duration_s + ease
    since = seconds % (2.0 * half_period)
    since = min(since, 2.0 * half_period - since)
    until = half_period - since
    if since < ease:
        return 0.5 * since * since / ease
    if until < ease:
        return duration_s - 0.5 * until * until / ease
    return since - 0.5 * ease


def cubic_weights(position: float, count: int) -> tuple[list[int], Floats]:
    """Which four frames a moment lies between, and their Catmull-Rom weights ``(4,)``.

    Position and velocity are continuous (E. Catmull and R. Rom, "A class of local interpolating
    splines", 1974). At the ends the outer frame is repeated.
    """
    whole = min(max(int(position), 0), max(count - 2, 0))
    f = min(max(position - whole, 0.0), 1.0)
    indices = [min(max(whole + k, 0), count - 1) for k in (-1, 0, 1, 2)]
    weights = 0.5 * np.array(
        [
            f * (-1.0 + f * (2.0 - f)),
            2.0 + f * f * (-5.0 + 3.0 * f),
            f * (1.0 + f * (4.0 - 3.0 * f)),
            f * f * (f - 1.0),
        ]
    )
    return indices, weights


def face_at(track: FaceTrack, seconds: float) -> tuple[Floats, Floats]:
    """``shapes (52,)`` and ``gaze (3,)`` of a recorded face."""
    count = len(track.times_s)
    after = int(
        np.clip(np.searchsorted(track.times_s, seconds, side="right"), 1, max(count - 1, 1))
    )
    if count == 1:
        return track.shapes[0], track.gaze[0]
    start, end = track.times_s[after - 1], track.times_s[after]
    position = after - 1 + float(np.clip((seconds - start) / (end - start), 0.0, 1.0))
    indices, weights = cubic_weights(position, count)
    return np.clip(weights @ track.shapes[indices], 0.0, 1.0), unit(weights @ track.gaze[indices])
