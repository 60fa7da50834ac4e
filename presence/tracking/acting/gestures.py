"""Arms and hands: how they hang, what they do while someone talks, and a wave.

A hand is thirteen numbers, the same for left and right by mirroring, each of which an arm can do
whatever the others are; so any mixture of two hand poses is a pose that an arm can take.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.tracking.acting.conversation import Conversation
from presence.tracking.acting.seeded import Beats, Noise, Track, draws, pick, pulse
from presence.tracking.acting.thinking import NONE as NO_THOUGHT
from presence.tracking.acting.thinking import Thought
from presence.tracking.hands import CHANNELS

WRIST = slice(0, 3)
"""The wrist from the middle of the shoulders, in arm's lengths: outwards, up, ahead."""
SUPINATION, FLEXION, DEVIATION = 3, 4, 5
"""Radians: the thumb turned outwards from a handshake; the hand bent palmwards and thumbwards."""
ELBOW = 6
"""How far the elbow is lifted outwards, 0 to 1."""
FINGERS = slice(7, 7 + CHANNELS)
"""The shape of the fingers."""
WIDTH = 7 + CHANNELS

_WAVES_S = 110.0
_GESTURE_S = 1.55
_REST_S = 9.0
_MUSES = 0.13
"""The share of rests that a hand spends at the chin."""
_GREETED_S = 5.0


def _hand(
    wrist: tuple[float, float, float],
    supination: float = 0.0,
    flexion: float = 0.0,
    deviation: float = 0.0,
    elbow: float = 0.15,
    fingers: tuple[float, ...] = (0.35, 0.22, 0.28, 0.33, 0.38, 0.1),
) -> Floats:
    degrees = np.radians([supination, flexion, deviation])
    return frozen(np.array([*wrist, *degrees, elbow, *fingers]))


HANGING = _hand((0.48, -0.95, 0.06), supination=-10.0, flexion=3.0)
# Before the belly, one hand lying on the other.
CLASPED = (
    _hand((0.14, -0.74, 0.40), -35.0, 22.0, -6.0, 0.3, (0.3, 0.35, 0.4, 0.42, 0.45, -0.4)),
    _hand((0.10, -0.70, 0.46), -38.0, 26.0, -6.0, 0.3, (0.35, 0.45, 0.5, 0.52, 0.55, -0.4)),
)
# At the chin, the elbow in the other hand; where the chin is, the head says.
AT_CHIN = _hand((0.20, -0.10, 0.40), 30.0, 10.0, 0.0, 0.0, (0.35, 0.5, 0.66, 0.72, 0.74, 0.0))
UNDER_ELBOW = _hand((-0.02, -0.56, 0.40), 18.0, -4.0, 0.0, 0.05, (0.3, 0.36, 0.42, 0.44, 0.46, 0.0))
FOLDED = _hand((0.16, -0.42, 0.47), -25.0, 10.0, 0.0, 0.2, (0.3, 0.4, 0.48, 0.52, 0.55, 0.0))

ON_THIGH: Floats = frozen(np.array([0.3, 0.1, 0.13, 0.16, 0.2, 0.15]))
"""The fingers of a hand that lies on a thigh."""

_OPEN = (0.12, 0.1, 0.14, 0.18, 0.2, 0.5)
_SOFT = (0.25, 0.2, 0.28, 0.34, 0.36, 0.25)

_ONE_HANDED: tuple[tuple[float, Floats], ...] = (
    (1.0, _hand((0.44, -0.46, 0.60), 62.0, -8.0, 0.0, 0.1, _OPEN)),  # offering
    (0.9, _hand((0.36, -0.38, 0.66), -4.0, -6.0, 6.0, 0.15, _SOFT)),  # laying out, edge down
    (0.7, _hand((0.40, -0.22, 0.60), -48.0, -14.0, 4.0, 0.25, (0.62, 0.62, 0.42, 0.35, 0.35, 0.2))),
    (0.4, _hand((0.36, -0.24, 0.66), -42.0, 0.0, 0.0, 0.2, (0.6, 0.04, 0.82, 0.88, 0.9, 0.0))),
    (0.5, _hand((0.12, -0.30, 0.42), -30.0, 20.0, 0.0, 0.35, _SOFT)),  # oneself
    (0.6, _hand((0.72, -0.42, 0.48), 48.0, -16.0, 0.0, 0.2, _OPEN)),  # over there
)
_TWO_HANDED: tuple[tuple[float, Floats], ...] = (
    (1.0, _hand((0.42, -0.44, 0.60), 66.0, -8.0, 0.0, 0.1, _OPEN)),
    (1.0, _hand((0.34, -0.36, 0.64), 4.0, 0.0, 4.0, 0.2, _SOFT)),
    (0.5, _hand((0.38, -0.48, 0.62), -72.0, -10.0, 0.0, 0.3, _OPEN)),
    (0.5, _hand((0.70, -0.40, 0.44), 54.0, -14.0, 0.0, 0.2, _OPEN)),
    (0.5, _hand((0.24, -0.42, 0.52), -12.0, 8.0, 0.0, 0.2, (0.4, 0.4, 0.45, 0.5, 0.5, 0.0))),
)
# How far a pose is moved by chance, per number.
_SCATTER = np.array([0.07, 0.07, 0.06, 0.2, 0.12, 0.08, 0.1, *([0.06] * CHANNELS)])
_IDLE = 0.13 * _SCATTER

WAVING = _hand((0.56, 0.20, 0.50), -72.0, -10.0, 0.0, -0.05, (0.15, 0.04, 0.05, 0.07, 0.1, 0.55))
_WAVE_HZ = 1.9


@dataclass(frozen=True, slots=True, eq=False)
class Hands:
    """What both hands do at a moment."""

    poses: Floats
    """``(2, 13)``, left first."""
    clasped: float
    """How far the hands are clasped, 0 to 1."""
    waving: float
    """How far a hand is raised to wave, 0 to 1."""
    at_chin: Floats
    """``(2,)`` how far each hand is at the chin, 0 to 1."""
    at_rest: Floats
    """``(2,)`` how far each hand has nothing to do and may lie on a thigh, 0 to 1."""


class Gestures:
    """One person's two hands. Holds caches and no other state."""

    def __init__(self, seed: int, conversation: Conversation, seat: int) -> None:
        """The hands of whoever takes ``seat`` in the conversation."""
        own = draws(seed, "hands", 0)
        self._seed = seed
        self._conversation = conversation
        self._seat = seat
        self._right_handed = own[0] < 0.85
        self._liveliness = 0.75 + 0.4 * own[1]
        self._pace_s = 0.62 + 0.2 * own[2]
        self._greeting_s = 0.5 + 0.9 * own[3]
        self._clasps = 0.25 + 0.4 * own[4]
        self._rests = Beats(seed, "rests", _REST_S)
        self._beats = Beats(seed, "gestures", _GESTURE_S)
        self._waves = Beats(seed, "waves", _WAVES_S, 0.9)
        self._rest = Track(self._rests, self._rest_pose)
        self._gesture = Track(self._beats, self._gesture_pose)
        self._talking = Track(self._beats, self._talks)
        self._idle = Noise(seed, "idle hands", 2 * WIDTH, 0.45)

    def at(
        self, seconds: float, stress: float, laugh: float = 0.0, thought: Thought = NO_THOUGHT
    ) -> Hands:
        """What both hands do.

        Args:
            seconds: the time.
            stress: the weight of the voice, 0 to 1, that gestures beat along with.
            laugh: how much the person laughs, 0 to 1: no hand stays at the chin then.
            thought: which may bring a hand there.
        """
        rest = self._rest.at(seconds, 1.5)
        talking = float(self._talking.at(seconds, 1.1)[0])
        gesture = self._gesture.at(seconds, self._pace_s)
        poses = rest[: 2 * WIDTH].reshape(2, WIDTH) * (1.0 - talking)
        poses += talking * gesture.reshape(2, WIDTH)
        # Hands fall on the stressed word, the higher the more.
        raised = np.minimum(np.maximum(1.0 + poses[:, 1], 0.0), 0.8)
        poses[:, 1] -= talking * stress * 0.10 * raised
        poses[:, FLEXION] += talking * stress * 0.22 * raised
        poses += self._idle.at(seconds).reshape(2, WIDTH) * _IDLE
        waving = 0.0
        for side in range(2):
            waves, swing = self._wave(seconds, side)
            if waves > 0.0:
                poses[side] += waves * (WAVING - poses[side])
                poses[side, 0] += waves * 0.17 * swing
                poses[side, DEVIATION] -= waves * 0.28 * swing
                waving += (1.0 - waving) * waves
        free = (1.0 - talking) * (1.0 - waving)
        clasped = float(rest[2 * WIDTH]) * free
        at_chin = rest[2 * WIDTH + 1 :] * (free * (1.0 - laugh))
        if thought.hand > 0.0:
            side = int(self._right_handed)
            at_chin[side] += thought.hand * (1.0 - at_chin[side])
            away = 1.0 - thought.hand
            clasped *= away
            poses[side, FINGERS] += thought.hand * (AT_CHIN[FINGERS] - poses[side, FINGERS])
        return Hands(poses, clasped, waving, at_chin, free * (1.0 - clasped) * (1.0 - at_chin))

    def _wave(self, seconds: float, side: int) -> tuple[float, float]:
        """How far that hand is raised to wave, and which way it is swung, −1 to 1."""
        beat = self._waves.at(seconds)
        waves, swung = 0.0, 0.0
        for start, dice in (
            (self._greeting_s, draws(self._seed, "greeting", 0)),
            *((self._waves.start(b), self._waves.dice(b)) for b in (beat, beat - 1) if b > 0),
        ):
            strong = (dice[0] < 0.85) == self._right_handed
            if (side == 1) != strong:
                continue
            since = seconds - start
            lasts = 1.3 + 0.9 * dice[1]
            waves += (1.0 - waves) * pulse(since, 0.75, lasts, 0.85)
            swing = pulse(since - 0.35, 0.4, lasts - 0.1, 0.5)
            swung += swing * math.sin(math.tau * _WAVE_HZ * (0.9 + 0.2 * dice[2]) * since)
        return waves, swung

    def _talks(self, beat: int) -> Floats:
        """Whether hands are up for talking at a beat; not every word takes hands."""
        # A gesture starts a little before the words that it goes with.
        start = self._beats.start(beat)
        speaks = self._conversation.speaker_at(start + 0.35) == self._seat
        stays = self._beats.dice(beat)[5] < 0.86
        return np.array([1.0 if speaks and stays else 0.0])

    def _gesture_pose(self, beat: int) -> Floats:
        dice = self._beats.dice(beat)
        more = draws(self._seed, "gesture scatter", beat)
        rest = self._rest_pose(self._rests.at(self._beats.start(beat)))
        hands = rest[: 2 * WIDTH].reshape(2, WIDTH).copy()
        if dice[0] < 0.5:
            kind = pick(dice[1], (w for w, _ in _TWO_HANDED))
            hands[:] = _TWO_HANDED[kind][1]
        else:
            kind = pick(dice[1], (w for w, _ in _ONE_HANDED))
            side = int((dice[2] < 0.75) == self._right_handed)
            hands[side] = _ONE_HANDED[kind][1]
            if float(rest[2 * WIDTH]) > 0.5:
                hands[1 - side] = FOLDED
        scatter = np.array(
            [draws(self._seed, f"scatter {i}", beat)[j] for i in range(4) for j in range(7)]
        )
        moved = (scatter[: 2 * WIDTH].reshape(2, WIDTH) - 0.5) * 2.0 * _SCATTER
        # Both hands move alike more than they differ.
        hands += 0.7 * moved[:1] + 0.45 * moved
        size = self._liveliness * (0.85 + 0.3 * more[0])
        raised = hands[:, 1] > -0.8
        hands[raised, 1] = -0.5 + (hands[raised, 1] + 0.5) * size
        return hands.ravel()

    def _rest_pose(self, beat: int) -> Floats:
        """``(29,)`` both hands, 1 if they are clasped, and 1 for each that is at the chin."""
        dice = self._rests.dice(beat)
        left, right, last = HANGING, HANGING, [0.0, 0.0, 0.0]
        if dice[0] < self._clasps:
            left, right, last = *CLASPED, [1.0, 0.0, 0.0]
        elif dice[0] < self._clasps + _MUSES and self._rests.start(beat) > _GREETED_S:
            if (dice[1] < 0.7) == self._right_handed:
                left, right, last = UNDER_ELBOW, AT_CHIN, [0.0, 0.0, 1.0]
            else:
                left, right, last = AT_CHIN, UNDER_ELBOW, [0.0, 1.0, 0.0]
        elif dice[0] > 0.86:
            left, right = (HANGING, FOLDED) if self._right_handed else (FOLDED, HANGING)
        return np.concatenate([left, right, last])


def kept_outside(wrists: Floats, half_width: float, half_depth: float) -> Floats:
    """Wrists ``(2, 3)``, moved out of an upright elliptic column about the origin, smoothly.

    Args:
        wrists: in any unit, with +Y along the column.
        half_width: the column along X, in the same unit.
        half_depth: the column along Z.
    """
    scaled = wrists[:, ::2] / np.array([half_width, half_depth])
    radius = np.sqrt(np.sum(scaled * scaled, axis=-1) + 1e-6)
    # The larger of the radius and 1, with the corner rounded.
    wanted = 0.5 * (radius + 1.0 + np.sqrt((radius - 1.0) ** 2 + 0.01))
    moved = wrists.copy()
    moved[:, ::2] *= (wanted / radius)[:, None]
    return moved
