"""A whole body from whatever is known of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from presence.clock import SECOND
from presence.pose.arrays import Floats
from presence.pose.derive import with_derived
from presence.pose.face import SHAPE_COUNT
from presence.pose.proportions import Proportions
from presence.pose.sample import Contact, Part, PoseSample, checked
from presence.pose.skeleton import INDEX
from presence.tracking.acting.face import QuietFace
from presence.tracking.acting.seeded import Noise
from presence.tracking.filling.arms import Arms, Hanging
from presence.tracking.filling.known_bones import KnownBones
from presence.tracking.filling.measures import OUTWARD, SIDES, Measures
from presence.tracking.filling.seen import Follower, Known, Placed, known
from presence.tracking.filling.trunk import SPINE_SHARES
from presence.tracking.filling.under import Body, Under
from presence.tracking.filling.weights import Weights
from presence.tracking.ground import TOGETHER
from presence.tracking.hands import relaxed_fingers
from presence.tracking.sensed import Point, Sensed
from presence.tracking.single import (
    Quat,
    added,
    conjugate,
    facing_of,
    from_yaw,
    length,
    mul,
    rotate,
    share_of,
    taken,
    yaw_of,
)

HAND_EASES_S = 0.4
"""How long a hand takes to rest where it was lost, and from there to where it is found again."""
_BODY_EASES_S = 0.6
_JUMP_M, _JUMP_SPEED = 0.35, 8.0
"""A head that goes further between two frames, and faster, has not moved: the place has."""
_JUMP_TURN = math.radians(60.0)
_LOWEST_EYES = 0.12
_SWINGS = 0.35
"""How far arms swing that hang, of how far the feet are from below the hips."""
_FACE_NEAR = 0.13
"""Metres from the palm to the mouth at which a hand is at the face."""
_BREATH_HZ = 0.24
_LONGEST_DT = 0.25

_SPINE = [INDEX[bone] for bone in ("spine", "chest", "upperChest")]
_NECK, _HEAD = INDEX["neck"], INDEX["head"]
_ARM = [[INDEX[s + b] for b in ("Shoulder", "UpperArm", "LowerArm", "Hand")] for s in SIDES]
_LEG = [[INDEX[s + b] for b in ("UpperLeg", "LowerLeg", "Foot", "Toes")] for s in SIDES]
_HANDS = (Point.LEFT_HAND, Point.RIGHT_HAND)
_FEET = (Point.LEFT_FOOT, Point.RIGHT_FOOT)
_FACE_CONTACTS = (Contact.LEFT_HAND_TO_FACE, Contact.RIGHT_HAND_TO_FACE)
_UPRIGHT: Quat = (0.0, 0.0, 0.0, 1.0)
_NOWHERE: Placed = ((0.0, 0.0, 0.0), _UPRIGHT)


class Filler:
    """One person's body, filled in over time.

    State: where what is not known was last, and how it follows: heading and lean of the trunk, the
    steps of the feet, the seat, hands on their way to rest. It reads no clock.
    """

    def __init__(self, proportions: Proportions, seed: int | None = 0) -> None:
        """Take a person's measures.

        Args:
            proportions: as measured; see ``presence.tracking.measuring``.
            seed: of how they breathe, sway and blink; None: nothing moves of itself.
        """
        self._body = proportions
        self._m = Measures.of(proportions)
        self._under = Body(self._m, seed)
        self._arms, self._hanging = Arms(self._m), Hanging(self._m)
        self._head = Follower(_BODY_EASES_S)
        self._hands = (Follower(HAND_EASES_S), Follower(HAND_EASES_S))
        self._eye_height = proportions.eye_height
        self._rest_head: Placed = ((0.0, self._eye_height, self._m.eyes[2]), _UPRIGHT)
        self._seen: Placed | None = None
        self._epoch_ns: int | None = None
        self._last_s = 0.0
        self._quiet = None if seed is None else QuietFace(seed)
        self._sway = None if seed is None else Noise(seed, "filled arms", 2, 0.3)
        self._rest = relaxed_fingers()
        self._bones = KnownBones(proportions, self._m)
        self._face = Weights(np.zeros(SHAPE_COUNT))
        self._gaze = Weights(np.array([[0.0, 0.0, -1.0, 2.0]]))

    @property
    def proportions(self) -> Proportions:
        """The person's measures."""
        return self._body

    def fill(self, sensed: Sensed | None, time_ns: int) -> PoseSample:
        """The whole body at a time, never earlier than that of the last call.

        Args:
            sensed: what is known; None: nothing is.
            time_ns: the time, by the sender's clock.
        """
        if self._epoch_ns is None:
            self._epoch_ns = time_ns
        now_s = max((time_ns - self._epoch_ns) / SECOND, self._last_s)
        dt = min(now_s - self._last_s, _LONGEST_DT)
        self._last_s = now_s
        if sensed is not None and not sensed.present:
            sensed = None

        seen = known(sensed, Point.HEAD, self._rest_head)
        head = self._head_at(seen, now_s, dt)
        hands = [known(sensed, point, _NOWHERE) for point in _HANDS]
        hips = known(sensed, Point.HIPS, _NOWHERE)
        feet = [known(sensed, point, _NOWHERE) for point in _FEET]
        wrists = [hand.at if hand.sure > 0.0 else None for hand in hands]
        under = self._under.at(head, (wrists[0], wrists[1]), hips, feet, now_s, dt)

        rotations = self._rest.copy()
        self._lay_trunk(rotations, under, head)
        for bones, leg in zip(_LEG, under.legs, strict=True):
            rotations[bones] = (leg.upper, leg.lower, leg.foot, leg.toes)
        held, contacts = self._lay_arms(rotations, under, hands, now_s, head)
        root = self._bones.laid(
            rotations,
            np.array(under.trunk.hips),
            sensed,
            head if seen.sure > 0.0 else None,
            held,
            [hand.sure > 0.0 for hand in hands],
            [(foot.at, foot.turn) if foot.sure > 0.0 and foot.turned else None for foot in feet],
            dt,
        )
        face, gaze, distance = self._face_at(sensed, now_s, dt)
        sample = PoseSample(
            capture_ns=time_ns,
            root_position=root,
            rotations=rotations,
            face=face,
            gaze_direction=gaze,
            gaze_distance=distance,
            tracked=self._how_surely(sensed, seen, hands, hips, feet),
            contacts=under.contacts | contacts,
        )
        return with_derived(checked(sample), self._body)

    # ── head ───────────────────────────────────────────────────────────────────────────────────

    def _head_at(self, seen: Known, now_s: float, dt: float) -> Placed:
        at = seen.at
        said: Placed = ((at[0], max(at[1], _LOWEST_EYES), at[2]), seen.turn)
        if seen.sure > 0.0:
            self._follow_jumps(said, dt)
            self._seen = said
            self._rest_head = self._at_rest(said)
        else:
            self._seen = None
        return self._head.show(said, seen.sure > 0.0, now_s)

    def _at_rest(self, head: Placed) -> Placed:
        """Where the head comes to rest once it is not tracked: upright, over where it was."""
        high = self._eye_height - 0.02 * self._m.size
        trunk = self._under.trunk
        return (
            (head[0][0], head[0][1] if self._under.sits else high, head[0][2]),
            from_yaw(facing_of(head[1]) if trunk is None else trunk.heading),
        )

    def _follow_jumps(self, said: Placed, dt: float) -> None:
        """Take the whole body along when the place jumps below it, as on recentring."""
        before = self._seen or self._head.shown
        if before is None:
            return
        way = taken(said[0], before[0])
        far = math.hypot(way[0], way[2])
        turn = yaw_of(mul(said[1], conjugate(before[1])))
        turned = self._seen is not None and abs(turn) > max(_JUMP_TURN, 20.0 * dt)
        if turned or (far > _JUMP_M and far > _JUMP_SPEED * dt):
            self._under.moved(before[0], turn if turned else 0.0, way)
            self._head.forget()

    # ── laying bones down ──────────────────────────────────────────────────────────────────────

    def _lay_trunk(self, rotations: Floats, under: Under, head: Placed) -> None:
        trunk = under.trunk
        rotations[0] = trunk.hips_turn
        before, done = _UPRIGHT, 0.0
        for bone, share in zip(_SPINE, SPINE_SHARES, strict=True):
            done += share
            turn = share_of(trunk.spine_turn, done)
            rotations[bone] = mul(conjugate(before), turn)
            before = turn
        _, bent = self._under.neck(head, trunk)
        rotations[_NECK] = bent
        rotations[_HEAD] = mul(conjugate(mul(trunk.chest_turn, bent)), head[1])

    def _lay_arms(
        self,
        rotations: Floats,
        under: Under,
        hands: Sequence[Known],
        now_s: float,
        head: Placed,
    ) -> tuple[list[Placed], Contact]:
        """Fill in the arms; where the hands are shown, and what they touch."""
        trunk, m = under.trunk, self._m
        face = from_yaw(trunk.heading)
        back = conjugate(face)
        breath, sway = 0.0, (0.0, 0.0)
        if self._sway is not None:
            breath = 0.012 * math.sin(math.tau * _BREATH_HZ * now_s)
            left, right = self._sway.at(now_s).tolist()
            sway = (0.008 * left, 0.008 * right)
        mouth = added(head[0], rotate(head[1], (0.0, -0.05 * m.size, 0.02 * m.size)))
        contacts = Contact.NONE
        shown: list[Placed] = []
        for i, hand in enumerate(hands):
            swing = sway[i] - OUTWARD[i] * _SWINGS * under.stride
            leg = under.legs[i]
            rest = self._hanging.at(i, trunk, swing, under.seated, (leg.hip, leg.knee))
            sees = hand.sure > 0.0
            said = (hand.at if sees else rest[0], hand.turn if sees and hand.turned else rest[1])
            # A hand that is lost or found goes along with the body.
            local = (rotate(back, taken(said[0], trunk.chest)), mul(back, said[1]))
            local = self._hands[i].show(local, sees, now_s)
            wrist, turn = added(trunk.chest, rotate(face, local[0])), mul(face, local[1])
            arm = self._arms.at(i, trunk, wrist, turn, breath)
            rotations[_ARM[i]] = (arm.collar, arm.upper, arm.lower, arm.hand)
            shown.append((wrist, turn))
            palm = added(wrist, rotate(turn, (0.08 * OUTWARD[i] * m.size, 0.0, 0.0)))
            if sees and length(taken(palm, mouth)) < _FACE_NEAR * m.size:
                contacts |= _FACE_CONTACTS[i]
        apart = length(taken(shown[0][0], shown[1][0]))
        if all(hand.sure > 0.0 for hand in hands) and apart < TOGETHER:
            contacts |= Contact.HANDS_TOGETHER
        return shown, contacts

    # ── what is measured in itself ─────────────────────────────────────────────────────────────

    def _how_surely(
        self,
        sensed: Sensed | None,
        head: Known,
        hands: Sequence[Known],
        hips: Known,
        feet: Sequence[Known],
    ) -> Floats:
        tracked = np.zeros(len(Part))
        if sensed is None:
            return tracked
        bones = self._bones.how_surely(sensed)
        tracked[Part.HEAD] = min(head.sure, head.turned) if head.turned else 0.5 * head.sure
        tracked[Part.TORSO] = max(bones.torso, min(hips.sure, hips.turned))
        for i, (arm, hand) in enumerate(
            ((Part.LEFT_ARM, Part.LEFT_HAND), (Part.RIGHT_ARM, Part.RIGHT_HAND))
        ):
            tracked[arm] = max(bones.arms[i], hands[i].sure)
            tracked[hand] = bones.fingers[i]
        tracked[Part.LEGS] = max(bones.legs, min(feet[0].sure, feet[1].sure))
        if sensed.face_confidence.any():
            tracked[Part.FACE] = float(np.clip(sensed.face_confidence, 0.0, 1.0).mean())
        tracked[Part.EYES] = min(max(sensed.gaze_confidence, 0.0), 1.0)
        return tracked

    def _face_at(
        self, sensed: Sensed | None, now_s: float, dt: float
    ) -> tuple[Floats, Floats, float]:
        face, gaze = self._face, self._gaze
        if sensed is None:
            face.take(None, None, dt)
            gaze.take(None, None, dt)
        else:
            face.take(sensed.face, sensed.face_confidence, dt)
            # The distance goes with the direction.
            sight = np.array([[*sensed.gaze_direction, sensed.gaze_distance]])
            gaze.take(sight, np.array([sensed.gaze_confidence]), dt)
        shapes, look = np.zeros(SHAPE_COUNT), np.array([0.0, 0.0, -1.0])
        if self._quiet is not None:
            shapes, look = self._quiet.at(now_s)
        if face.counts:
            shapes = shapes + face.weights * (face.values - shapes)
        if not gaze.counts:
            return shapes, look, 2.0
        share = float(gaze.weights[0])
        look = look / float(np.linalg.norm(look))
        mixture = look + share * (gaze.values[0, :3] - look)
        return shapes, mixture, 2.0 + share * (float(gaze.values[0, 3]) - 2.0)
