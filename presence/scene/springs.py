"""Hair that swings: the strands of everybody on stage, moved on from frame to frame.

The spring bones of VRM (VRMC_springBone-1.0, "SpringBone Algorithm",
https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_springBone-1.0): Verlet
integration of each segment's end, drawn towards rest by stiffness, slowed by drag, kept at its
length and outside the colliders. There a step is a frame; here it lasts as long as it lasts, and at
60 frames a second the two are the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from presence.pose.arrays import Floats
from presence.pose.quaternion import quat_conjugate, quat_mul, quat_normalise, quat_rotate
from presence.scene.avatar import Avatar
from presence.scene.carriers import Carriers
from presence.scene.chains import Chains
from presence.scene.stage import Person, Stage

_FRAME = 1.0 / 60.0
"""Seconds of the frame for which stiffness, drag and gravity are meant; no step is longer."""
_LONGEST = 0.25
"""Seconds; whoever was not seen for longer appears at rest."""
_FARTHEST = 0.5
"""Metres; who moved further from one frame to the next was put there, and their hair with them."""
_ROUNDS = 2
"""How often colliders and lengths are asked in turn; each may spoil the other's work."""
_STILL: Floats = np.array([0.0, 0.0, 0.0, 1.0])


class Springs:
    """State: where the segments of everybody's strands end, now and a step ago."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._cast: list[tuple[Hashable, Avatar]] = []
        self._chains = Chains([])
        self._carriers = Carriers([])
        self._tails = np.zeros((0, 3))
        self._before = np.zeros((0, 3))
        self._swings = np.zeros((0, 4))
        self._rotations = np.zeros((0, 4))
        self._positions = np.zeros((0, 3))
        self._time_ns: int | None = None
        self._step = _FRAME

    def swung(self, stage: Stage, keys: Sequence[Hashable], time_ns: int) -> Stage:
        """The stage with everybody's strands as they hang at ``time_ns``.

        Args:
            stage: who is there; ``keys`` say who each is, the same from frame to frame.
            keys: one a person, in the stage's order.
            time_ns: of any clock that runs on; going back puts everybody at rest.
        """
        swinging = [(k, p) for k, p in zip(keys, stage.people, strict=True) if p.avatar.strands]
        if not swinging:
            self._cast, self._time_ns = [], None
            return stage
        people = [person for _, person in swinging]
        fresh = self._lay_out([(key, person.avatar) for key, person in swinging])
        passed = 0.0 if self._time_ns is None else (time_ns - self._time_ns) / 1e9
        if self._time_ns is None or passed < 0.0 or passed > _LONGEST:
            fresh[:] = True
        self._time_ns = time_ns
        self._advance(people, passed, fresh)
        slices = iter(self._chains.slices)
        hanging = [
            replace(person, swings=self._swings[next(slices)]) if person.avatar.strands else person
            for person in stage.people
        ]
        return replace(stage, people=hanging)

    def _lay_out(self, cast: list[tuple[Hashable, Avatar]]) -> NDArray[np.bool_]:
        """Make room for those who are there; return ``(J,)`` which joints are new."""
        if len(cast) == len(self._cast) and all(
            one[0] == other[0] and one[1] is other[1]
            for one, other in zip(cast, self._cast, strict=True)
        ):
            return np.zeros(len(self._tails), dtype=np.bool_)
        kept = {
            (key, id(avatar)): span
            for (key, avatar), span in zip(self._cast, self._chains.slices, strict=True)
        }
        chains = Chains([avatar for _, avatar in cast])
        fresh = np.ones(len(chains), dtype=np.bool_)
        states = [np.zeros((len(chains), width)) for width in (3, 3, 4, 4, 3)]
        olds = (self._tails, self._before, self._swings, self._rotations, self._positions)
        for (key, avatar), span in zip(cast, chains.slices, strict=True):
            before = kept.get((key, id(avatar)))
            if before is not None:
                fresh[span] = False
                for state, old in zip(states, olds, strict=True):
                    state[span] = old[before]
        self._tails, self._before, self._swings, self._rotations, self._positions = states
        self._cast, self._chains = cast, chains
        self._carriers = Carriers([avatar for _, avatar in cast])
        return fresh

    def _advance(
        self,
        people: list[Person],
        passed: float,
        fresh: NDArray[np.bool_],
    ) -> None:
        chains = self._chains
        rotations, positions, scales = self._carriers.posed(people)
        bone_turns, bone_places = (
            rotations[chains.people, chains.bones],
            positions[chains.people, chains.bones],
        )
        sizes = scales[chains.people]
        moved = np.linalg.norm(bone_places - self._positions, axis=1)
        fresh = fresh | (moved > _FARTHEST)
        if fresh.any():
            rest = bone_places + quat_rotate(bone_turns, chains.ends * sizes[:, None])
            self._tails[fresh] = self._before[fresh] = rest[fresh]
            self._swings[fresh] = (0.0, 0.0, 0.0, 1.0)
            self._rotations[fresh] = bone_turns[fresh]
            self._positions[fresh] = bone_places[fresh]
        if passed > 0.0 and not fresh.all():
            capsules = chains.capsules(rotations, positions, scales)
            steps = max(1, int(np.ceil(passed / _FRAME - 1e-6)))
            lengths = chains.lengths * sizes
            for step in range(1, steps + 1):
                share = step / steps
                turns = _between(self._rotations, bone_turns, share)
                places = self._positions + share * (bone_places - self._positions)
                roots = places + quat_rotate(turns, chains.starts * sizes[:, None])
                self._step_on(passed / steps, turns, roots, lengths, capsules)
        self._rotations, self._positions = bone_turns, bone_places

    def _step_on(
        self, step: float, turns: Floats, roots: Floats, lengths: Floats, capsules: Floats
    ) -> None:
        """One step of Verlet's: all ends at once, then lengths and colliders in turn."""
        chains = self._chains
        # Rest is where the segment before would carry this one, as that one was turned last.
        before = np.where(chains.first[:, None], _STILL, self._swings[chains.before])
        force = chains.stiffness * quat_rotate(quat_mul(turns, before), chains.axes)
        force[:, 1] -= chains.gravity[:, 0]
        kept = chains.kept ** (step / _FRAME) * (step / self._step)
        tails = self._tails + kept * (self._tails - self._before) + (step * step / _FRAME) * force
        heads = chains.at_length(tails, roots, lengths)
        for _ in range(_ROUNDS):
            if not chains.push_out(tails, capsules):
                break
            heads = chains.at_length(tails, roots, lengths)
        self._before, self._tails, self._step = self._tails, tails, step
        self._swings = _swings(chains.axes, quat_rotate(quat_conjugate(turns), tails - heads))


def _between(a: Floats, b: Floats, share: float) -> Floats:
    """Part of the way from rotations to others not far away."""
    if share == 1.0:
        return b
    sign = np.where(np.sum(a * b, axis=-1, keepdims=True) < 0.0, -1.0, 1.0)
    return quat_normalise(a + share * (sign * b - a))


def _swings(axes: Floats, ways: Floats) -> Floats:
    """The shortest turns ``(J, 4)`` from unit ``axes (J, 3)`` to ``ways (J, 3)`` of any length."""
    length = np.sqrt(np.einsum("ji,ji->j", ways, ways))
    swings = np.empty((len(axes), 4))
    ax, ay, az = axes.T
    bx, by, bz = ways.T
    swings[:, 0] = ay * bz - az * by
    swings[:, 1] = az * bx - ax * bz
    swings[:, 2] = ax * by - ay * bx
    swings[:, 3] = length + np.einsum("ji,ji->j", axes, ways)
    size = np.sqrt(np.einsum("ji,ji->j", swings, swings))
    # Turned right back: about whatever axis.
    back = size < 1e-6 * length
    swings[back], size[back] = (1.0, 0.0, 0.0, 0.0), 1.0
    swings /= size[:, None]
    return swings
