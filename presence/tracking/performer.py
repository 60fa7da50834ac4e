"""A person made by code, who stands in a call, talks, listens, looks, gestures and waves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from presence.clock import SECOND
from presence.pose.arrays import Floats, frozen
from presence.pose.derive import with_derived
from presence.pose.proportions import Proportions, default_proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_conjugate,
    quat_from_axis_angle,
    quat_from_rotvec,
    quat_mul,
    quat_rotate,
    quat_to_rotvec,
)
from presence.pose.rigid import UP
from presence.pose.sample import NOBODY, Attention, Contact, PoseSample, checked
from presence.pose.skeleton import BONE_COUNT, HAND_BONES, INDEX
from presence.room.places import seen_from
from presence.tracking.acting import gestures
from presence.tracking.acting.conversation import Conversation
from presence.tracking.acting.face import Expression
from presence.tracking.acting.gaze import Gaze
from presence.tracking.acting.gestures import Gestures, kept_outside
from presence.tracking.acting.nods import Nods
from presence.tracking.acting.seeded import Beats, Track, draws
from presence.tracking.acting.speech import Speech
from presence.tracking.acting.stance import Posture, Stance
from presence.tracking.hands import finger_rotvecs
from presence.tracking.limbs import HINGES, TWIST_SHARE, reach, within_reach

_TRUNK = [INDEX[bone] for bone in ("hips", "spine", "chest", "upperChest")]
_NECK, _HEAD = INDEX["neck"], INDEX["head"]
_SHOULDERS = [INDEX["leftShoulder"], INDEX["rightShoulder"]]
_UPPER = [INDEX[b] for b in ("leftUpperArm", "rightUpperArm", "leftUpperLeg", "rightUpperLeg")]
_LOWER = [INDEX[b] for b in ("leftLowerArm", "rightLowerArm", "leftLowerLeg", "rightLowerLeg")]
_END = [INDEX[b] for b in ("leftHand", "rightHand", "leftFoot", "rightFoot")]

_SHARES = np.array([0.3, 0.34, 0.36])
"""Of the trunk's turn, in spine, chest and upper chest."""
_NECK_SHARE = 0.42
_HEAD_SHARE = np.array([0.62, 0.82])
"""Of the way to what is looked at, in pitch and yaw, that the head goes; the eyes do the rest."""
_TRUNK_SHARE = 0.22
_EYES_TURN = np.radians(40.0)
_SIDES = np.array([[-1.0], [1.0]])
_OUT_UP_AHEAD = np.array([[-1.0, 1.0, -1.0], [1.0, 1.0, -1.0]])
"""From outwards, up, ahead to the axes of the chest, for the left and the right hand."""


class Performer:
    """A source that is nobody: a person acted by code.

    The performer breathes, sways on planted feet, looks at whoever speaks by a turn-taking script
    that the whole cast shares, speaks in turn with mouth, hands, brows and head, nods while
    listening, blinks, smiles, waves hello at the start of the call and now and then. All of it is
    a pure function of the seeds and the time, and none of it repeats. Holds caches and no state.
    """

    def __init__(
        self,
        seed: int,
        *,
        seat: int = 0,
        cast: int = 3,
        script_seed: int = 0,
        epoch_ns: int = 0,
        proportions: Proportions | None = None,
    ) -> None:
        """Make a performer.

        Args:
            seed: of this person's ways and size; the same seed does the same for ever.
            seat: the seat that they take, from 0.
            cast: how many people there are; their seats are 0 to cast − 1.
            script_seed: of the script that says who speaks; the same for the whole cast.
            epoch_ns: when the call begins, by the sender's clock.
            proportions: their measures; None draws a size from the seed.
        """
        own = draws(seed, "body", 0)
        self._body = proportions or default_proportions(1.58 + 0.26 * own[0])
        self._epoch_ns = epoch_ns
        cast = max(cast, seat + 1)
        conversation = Conversation(script_seed, cast)
        self._conversation, self._seat = conversation, seat
        self._gaze = Gaze(seed, conversation, seat, eyes_of_others(seat, cast))
        self._speech = Speech(seed, conversation, seat)
        self._expression = Expression(seed)
        self._stance = Stance(seed, self._body)
        self._gestures = Gestures(seed, conversation, seat)
        self._nods = Nods(seed, conversation, seat)
        interest = Beats(seed, "interest", 5.0)
        self._interest = Track(interest, lambda k: np.array([2.0 * interest.dice(k)[0] - 0.8]))
        offsets = self._body.offsets
        self._arm = float(np.linalg.norm(offsets[_LOWER[0]]) + np.linalg.norm(offsets[_END[0]]))
        shoulder = offsets[_SHOULDERS[1]] + offsets[_UPPER[1]]
        self._shoulder_height = np.array([0.0, shoulder[1], shoulder[2]])
        self._half_width, self._half_depth = 1.15 * shoulder[0], 0.95 * shoulder[0]
        self._uppers, self._lowers = offsets[_LOWER], offsets[_END]

    @property
    def proportions(self) -> Proportions:
        """The performer's measures."""
        return self._body

    def sample(self, time_ns: int) -> PoseSample:
        """What the performer does at ``time_ns`` by the sender's clock."""
        t = (time_ns - self._epoch_ns) / SECOND
        eyes_at, head_at, trunk_at = self._gaze.points(t)
        stress = self._speech.stress(t)
        posture = self._stance.at(
            t,
            float(self._interest.at(t, 1.8)[0]),
            _TRUNK_SHARE * _yaw_to(trunk_at),
        )
        hands = self._gestures.at(t, stress)
        turns = _turns(posture, hands.poses)
        rotations = np.tile(IDENTITY, (BONE_COUNT, 1))
        rotations[HAND_BONES] = turns.fingers
        chest, chest_turn = self._trunk(rotations, posture, turns)
        nod = self._nods.at(t) - 0.035 * stress
        head, head_turn = self._head(rotations, chest, chest_turn, head_at, nod, posture.tremor)
        self._limbs(rotations, posture, (chest, chest_turn), hands.poses, turns)

        eyes = head + quat_rotate(head_turn, self._body.eyes)
        sight = within_the_orbit(quat_rotate(quat_conjugate(head_turn), eyes_at - eyes))
        look = self._gaze.now(t)
        contacts = Contact.LEFT_FOOT | Contact.RIGHT_FOOT
        if hands.clasped > 0.97:
            contacts |= Contact.HANDS_TOGETHER
        sample = PoseSample(
            capture_ns=time_ns,
            root_position=posture.hips,
            rotations=rotations,
            face=self._face(t, stress, hands.waving),
            gaze_direction=sight,
            gaze_distance=float(np.linalg.norm(sight)),
            attention=NOBODY if look.seat is None else Attention(look.seat + 1, 0.9),
            contacts=contacts,
        )
        return with_derived(checked(sample), self._body)

    def _face(self, t: float, stress: float, greeting: float) -> Floats:
        shifts = [look.start_s for look in self._gaze.recent(t, 0.4) if look.blinks]
        blink = self._expression.blinks.at(t, shifts)
        face = self._expression.at(t, blink, greeting, stress) + self._speech.mouth(t)
        return face

    def _trunk(self, rotations: Floats, posture: Posture, turns: _Turns) -> tuple[Floats, Floats]:
        """Fill in hips to upper chest; returns where the upper chest is and how it is turned."""
        rotations[0] = posture.hips_rotation
        rotations[_TRUNK[1:]] = turns.trunk
        rotations[_SHOULDERS] = turns.shoulders
        point, turn = posture.hips, posture.hips_rotation
        for bone in _TRUNK[1:]:
            point = point + quat_rotate(turn, self._body.offsets[bone])
            turn = quat_mul(turn, rotations[bone])
        return point, turn

    def _head(
        self,
        rotations: Floats,
        chest: Floats,
        chest_turn: Floats,
        target: Floats,
        nod: float,
        tremor: Floats,
    ) -> tuple[Floats, Floats]:
        """Fill in neck and head; returns where the head is and how it is turned."""
        neck = chest + quat_rotate(chest_turn, self._body.offsets[_NECK])
        sight = target - neck
        sight[1] -= self._body.offsets[_HEAD, 1] + self._body.eyes[1]
        pitch, yaw = _HEAD_SHARE * (
            np.arctan2(sight[1], np.hypot(sight[0], sight[2])),
            _yaw_to(sight),
        )
        turn = quat_mul(
            quat_from_axis_angle(UP, yaw + 0.012 * tremor[4]),
            quat_from_rotvec(
                np.array([pitch + nod + 0.012 * tremor[5], 0.0, 0.02 * tremor[6] - 0.08 * yaw])
            ),
        )
        both = quat_mul(quat_conjugate(chest_turn), turn)
        rotations[_NECK] = quat_from_rotvec(_NECK_SHARE * quat_to_rotvec(both))
        rotations[_HEAD] = quat_mul(quat_conjugate(rotations[_NECK]), both)
        neck_turn = quat_mul(chest_turn, rotations[_NECK])
        return neck + quat_rotate(neck_turn, self._body.offsets[_HEAD]), turn

    def _limbs(
        self,
        rotations: Floats,
        posture: Posture,
        chest: tuple[Floats, Floats],
        hands: Floats,
        turns: _Turns,
    ) -> None:
        """Fill in arms and legs: hands where the gesture wants them, feet where they stand."""
        offsets = self._body.offsets
        point, turn = chest
        shoulder_turns = quat_mul(turn, rotations[_SHOULDERS])
        arms = (
            point
            + quat_rotate(turn, offsets[_SHOULDERS])
            + quat_rotate(shoulder_turns, offsets[_UPPER[:2]])
        )
        legs = posture.hips + quat_rotate(posture.hips_rotation, offsets[_UPPER[2:]])
        wrists = self._arm * hands[:, gestures.WRIST] * _OUT_UP_AHEAD
        wrists = kept_outside(wrists, self._half_width, self._half_depth) + self._shoulder_height
        hands_at = within_reach(point + quat_rotate(turn, wrists) - arms, 0.985 * self._arm)
        targets = np.concatenate([hands_at, self._stance.feet - legs])
        lift = hands[:, gestures.ELBOW, None]
        elbows = np.concatenate([(0.2 + lift) * _SIDES, lift - 0.95, 0.68 - 0.3 * lift], axis=-1)
        knees = quat_rotate(self._stance.foot_rotations, np.array([0.0, 0.0, -1.0]))
        poles = np.concatenate([quat_rotate(turn, elbows), knees])
        above, below = reach(self._uppers, self._lowers, HINGES, targets, poles)

        parents = np.concatenate([shoulder_turns, np.tile(posture.hips_rotation, (2, 1))])
        rotations[_UPPER] = quat_mul(quat_conjugate(parents), above)
        rotations[_LOWER] = quat_mul(quat_conjugate(above), below)
        # What the forearm does not carry of its turn, the wrist does.
        rotations[_LOWER[:2]] = quat_mul(rotations[_LOWER[:2]], turns.forearms)
        rotations[_END[:2]] = quat_mul(turns.wrists, turns.bends)
        rotations[_END[2:]] = quat_mul(quat_conjugate(below[2:]), self._stance.foot_rotations)


@dataclass(frozen=True, slots=True, eq=False)
class _Turns:
    """Local rotations that nothing has to be solved for, ``(n, 4)`` each."""

    trunk: Floats
    shoulders: Floats
    forearms: Floats
    wrists: Floats
    bends: Floats
    fingers: Floats


def _turns(posture: Posture, hands: Floats) -> _Turns:
    """All of them from rotation vectors at once: a call costs more than what it computes."""
    vectors = np.zeros((11 + len(HAND_BONES), 3))
    vectors[:3] = posture.trunk * _SHARES[:, None]
    # The chest opens with the breath.
    vectors[2, 0] += 0.006 * posture.breath
    vectors[3:5, 2] = _SIDES[:, 0] * (0.012 * posture.breath + 0.006 * posture.tremor[2:4])
    # The arms' axes lie along X, to either side.
    vectors[5:7, 0] = TWIST_SHARE * hands[:, gestures.SUPINATION]
    vectors[7:9, 0] = (1.0 - TWIST_SHARE) * hands[:, gestures.SUPINATION]
    vectors[9:11, 1] = hands[:, gestures.DEVIATION] * _SIDES[:, 0]
    vectors[9:11, 2] = -hands[:, gestures.FLEXION] * _SIDES[:, 0]
    vectors[11:] = finger_rotvecs(hands[:, gestures.FINGERS])
    turns = quat_from_rotvec(vectors)
    return _Turns(turns[:3], turns[3:5], turns[5:7], turns[7:9], turns[9:11], turns[11:])


def eyes_of_others(seat: int, cast: int) -> Mapping[int, Floats]:
    """The point ``(3,)`` between each other's eyes, in the place of ``seat``."""
    height = default_proportions().eye_height
    return {
        other: frozen(place.apply(np.array([0.0, height, -0.08])))
        for other, place in seen_from(seat, range(cast)).items()
    }


def within_the_orbit(sight: Floats) -> Floats:
    """What the eyes can do of a line of sight ``(3,)`` in ``head``: they turn 40° at the most.

    Up to half of that they go all the way; then the head has to catch up.
    """
    aside = float(np.hypot(sight[0], sight[1]))
    angle = float(np.arctan2(aside, -sight[2]))
    free = 0.5 * _EYES_TURN
    if angle <= free:
        return sight
    turned = free + free * float(np.tanh((angle - free) / free))
    length = float(np.linalg.norm(sight))
    across = sight[:2] * (length * np.sin(turned) / aside)
    return np.array([across[0], across[1], -length * np.cos(turned)])


def _yaw_to(point: Floats) -> float:
    """Radians to the left of straight ahead."""
    return float(np.arctan2(-point[0], -point[2]))
