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
from presence.pose.quaternion import IDENTITY, quat_normalise, quat_slerp
from presence.pose.sample import Contact, Part, PoseSample, checked
from presence.pose.skeleton import BONE_COUNT, HAND_BONES, INDEX
from presence.tracking.acting.face import QuietFace
from presence.tracking.acting.seeded import Noise
from presence.tracking.filling.arms import Arms, Hanging
from presence.tracking.filling.following import Spring
from presence.tracking.filling.legs import Leg, Legs
from presence.tracking.filling.measures import OUTWARD, SIDES, Measures
from presence.tracking.filling.seat import Seat
from presence.tracking.filling.seen import Follower, Placed, placed
from presence.tracking.filling.steps import Spot, Standing, Steps
from presence.tracking.filling.trunk import SPINE_SHARES, Carriage, Trunk
from presence.tracking.filling.weights import Weights
from presence.tracking.ground import TOGETHER
from presence.tracking.hands import relaxed_fingers
from presence.tracking.sensed import Point, Sensed
from presence.tracking.single import (
    Quat,
    Vec,
    added,
    conjugate,
    from_yaw,
    length,
    mixed,
    mul,
    rotate,
    share_of,
    taken,
    wrapped,
    yaw_of,
)

HAND_EASES_S = 0.4
"""How long a hand takes to rest where it was lost, and from there to where it is found again."""
_BODY_EASES_S = 0.6
_JUMP_M, _JUMP_SPEED = 0.35, 8.0
"""A head that goes further between two frames, and faster, has not moved: the place has."""
_JUMP_TURN = math.radians(60.0)
_LOWEST_EYES = 0.12
_TOES_OUT = math.radians(7.0)
"""Feet stand at 14° to each other, their ankles hardly further apart than the hips (W. E. McIlroy
and B. E. Maki, "Preferred placement of the feet during quiet stance", Clin. Biomech. 12, 1997)."""
_STANCE = 1.1
_FACE_NEAR = 0.13
_BREATH_HZ = 0.24
_LONGEST_DT = 0.25

_SPINE = [INDEX[bone] for bone in ("spine", "chest", "upperChest")]
_NECK, _HEAD = INDEX["neck"], INDEX["head"]
_ARM = [[INDEX[s + b] for b in ("Shoulder", "UpperArm", "LowerArm", "Hand")] for s in SIDES]
_LEG = [[INDEX[s + b] for b in ("UpperLeg", "LowerLeg", "Foot", "Toes")] for s in SIDES]
_HANDS = (Point.LEFT_HAND, Point.RIGHT_HAND)
_NO_WAY: Vec = (0.0, 0.0, 0.0)
_UPRIGHT: Quat = (0.0, 0.0, 0.0, 1.0)


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
        self._carriage = Carriage(self._m)
        self._steps = Steps(self._m.size)
        self._seat = Seat(self._m.size)
        self._arms, self._legs = Arms(self._m), Legs(self._m)
        self._hanging = Hanging(self._m)
        self._head = Follower(_BODY_EASES_S)
        self._hands = (Follower(HAND_EASES_S), Follower(HAND_EASES_S))
        self._rest_head: Placed = ((0.0, proportions.eye_height, self._m.eyes[2]), _UPRIGHT)
        self._going = Spring(0.15)
        self._trunk: Trunk | None = None
        self._seen: Placed | None = None
        self._epoch_ns: int | None = None
        self._last_s = 0.0
        self._tips = (0.0, 0.0)
        self._quiet = None if seed is None else QuietFace(seed)
        self._sway = None if seed is None else Noise(seed, "filled sway", 4, 0.3)
        self._bones = Weights(relaxed_fingers())
        self._face = Weights(np.zeros(SHAPE_COUNT))
        self._gaze = Weights(np.array([[0.0, 0.0, -1.0, 2.0]]))
        self._rest = relaxed_fingers()

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
        tracked = np.zeros(len(Part))

        head = self._head_at(sensed, now_s, dt, tracked)
        hands = [placed(sensed, point, (_NO_WAY, _UPRIGHT)) for point in _HANDS]
        trunk, standing, seated = self._body_under(head, hands, now_s, dt)
        legs = [
            self._legs.at(i, trunk, standing.spots[i], standing.heights[i], standing.tips[i])
            for i in range(2)
        ]
        self._tips = (legs[0].tip, legs[1].tip)
        rotations = self._rest.copy()
        contacts = self._contacts_of_legs(standing, legs, seated)
        self._lay_trunk(rotations, trunk, head)
        self._lay_legs(rotations, legs)
        contacts |= self._lay_arms(rotations, trunk, hands, legs, standing, seated, now_s, head)
        for i, part in enumerate((Part.LEFT_ARM, Part.RIGHT_ARM)):
            tracked[part] = hands[i][1]
        root = np.array(trunk.hips)
        face, gaze, distance = self._face_at(sensed, now_s, dt, tracked)
        self._bones.take(
            None if sensed is None else sensed.rotations,
            None if sensed is None else sensed.rotation_confidence,
            dt,
        )
        self._lay_known(rotations, sensed, tracked)
        sample = PoseSample(
            capture_ns=time_ns,
            root_position=root,
            rotations=rotations,
            face=face,
            gaze_direction=gaze,
            gaze_distance=distance,
            tracked=tracked,
            contacts=contacts,
        )
        return with_derived(checked(sample), self._body)

    # ── head ───────────────────────────────────────────────────────────────────────────────────

    def _head_at(self, sensed: Sensed | None, now_s: float, dt: float, tracked: Floats) -> Placed:
        said, sure, surely = placed(sensed, Point.HEAD, self._rest_head)
        known = sure > 0.0
        at = said[0]
        if at[1] < _LOWEST_EYES:
            said = ((at[0], _LOWEST_EYES, at[2]), said[1])
        if known:
            self._follow_jumps(said, dt)
            self._seen = said
            self._rest_head = self._at_rest(said)
        else:
            self._seen = None
        tracked[Part.HEAD] = min(sure, surely) if surely > 0.0 else 0.5 * sure
        return self._head.show(said, known, now_s)

    def _at_rest(self, head: Placed) -> Placed:
        """Where the head comes to rest once it is not tracked: upright, over where it was."""
        sits = self._seat.sits
        high = head[0][1] if sits else self._body.eye_height - 0.02 * self._m.size
        yaw = yaw_of(head[1]) if self._trunk is None else self._trunk.heading
        return (head[0][0], high, head[0][2]), from_yaw(yaw)

    def _follow_jumps(self, said: Placed, dt: float) -> None:
        """Take the whole body along when the place jumps below it, as on recentring."""
        before = self._seen or self._head.shown
        if before is None or self._trunk is None:
            return
        way = taken(said[0], before[0])
        far = math.hypot(way[0], way[2])
        turn = wrapped(yaw_of(said[1]) - yaw_of(before[1]))
        jumped = far > _JUMP_M and far > _JUMP_SPEED * dt
        turned = self._seen is not None and abs(turn) > max(_JUMP_TURN, 20.0 * dt)
        if not jumped and not turned:
            return
        turn = turn if turned else 0.0
        at = before[0]
        self._carriage.turned(turn)
        self._steps.moved((at[0], at[2], turn, way[0], way[2]))
        spot = self._seat.spot
        if spot is not None:
            spot = added(rotate(from_yaw(turn), taken(spot, at)), added(at, way))
        self._seat.moved(spot)
        self._going.at = None
        self._head.forget()

    # ── trunk and feet ─────────────────────────────────────────────────────────────────────────

    def _body_under(
        self, head: Placed, hands: Sequence[tuple[Placed, float, float]], now_s: float, dt: float
    ) -> tuple[Trunk, Standing, float]:
        m = self._m
        first = self._trunk is None
        if self._trunk is None:
            heading = yaw_of(head[1])
            self._carriage.start(heading)
            self._steps.start(self._wanted(head[0], heading, 0.0))
            neck = taken(head[0], rotate(head[1], m.eyes))
            self._seat.start(self._body.eye_height - head[0][1], _inclined(head[1]))
            chest_turn = from_yaw(heading)
        else:
            chest_turn = self._trunk.chest_turn
        neck, _ = self._carriage.neck(head, chest_turn)
        seated = self._seat.at(now_s, dt, neck, m.neck_height - neck[1], _inclined(head[1]))
        base = None
        if not first and self._steps.both_down:
            x, z = self._steps.middle
            base = (x, 0.0, z)
        wrists = [at[0] if sure > 0.0 else None for at, sure, _ in hands]
        trunk = self._carriage.at(
            head,
            (wrists[0], wrists[1]),
            self._steps.heading,
            base,
            self._seat.spot,
            seated,
            self._swaying(now_s),
            dt,
        )
        self._trunk = trunk
        self._follow_seat(trunk, dt)
        velocity = self._velocity(trunk)
        self._going.follow(trunk.hips, dt)
        middle = mixed(trunk.hips, trunk.neck, 0.5)
        if seated > 0.0:
            lap = 0.93 * length(m.thigh[0])
            ahead = rotate(from_yaw(trunk.hips_heading), (0.0, 0.0, -lap))
            middle = mixed(middle, added(trunk.hips, ahead), seated)
        wanted = self._wanted(middle, trunk.hips_heading, seated)
        if first:
            self._steps.start(wanted)
        standing = self._steps.at(
            now_s,
            dt,
            wanted,
            velocity,
            self._legs.over(trunk),
            seated,
            self._legs.reach(trunk),
            self._tips,
        )
        return trunk, standing, seated

    def _velocity(self, trunk: Trunk) -> tuple[float, float]:
        before = self._going.at
        if before is None:
            return (0.0, 0.0)
        # A spring that lags by so many seconds is behind by that much of the speed.
        behind = taken(trunk.hips, before)
        x, z = behind[0] / 0.15, behind[2] / 0.15
        speed = math.hypot(x, z)
        most = 4.0
        return (x, z) if speed <= most else (x * most / speed, z * most / speed)

    def _follow_seat(self, trunk: Trunk, dt: float) -> None:
        if not self._seat.sits:
            return
        spot = self._seat.spot
        if spot is None:
            self._seat.spot = trunk.hips
        else:
            # A seat gives way to where one really sits, slowly.
            near = 1.0 - math.exp(-dt / 4.0)
            self._seat.spot = mixed(spot, (trunk.neck[0], 0.0, trunk.neck[2]), near)

    def _wanted(self, middle: Vec, heading: float, seated: float) -> tuple[Spot, Spot]:
        m = self._m
        c, s = math.cos(heading), math.sin(heading)
        spots = []
        for i in range(2):
            out = _STANCE * m.hip[i][0] * (1.0 + 0.15 * seated)
            spots.append(
                (
                    middle[0] + c * out,
                    middle[2] - s * out,
                    heading - OUTWARD[i] * _TOES_OUT,
                )
            )
        # An ankle is behind the middle of its foot.
        back = 0.02 * m.size
        a, b = spots
        return (a[0] + s * back, a[1] + c * back, a[2]), (b[0] + s * back, b[1] + c * back, b[2])

    def _swaying(self, now_s: float) -> Vec:
        if self._sway is None:
            return _NO_WAY
        sway = self._sway.at(now_s).tolist()
        return (0.006 * sway[0], 0.0, 0.008 * sway[1])

    # ── laying bones down ──────────────────────────────────────────────────────────────────────

    def _lay_trunk(self, rotations: Floats, trunk: Trunk, head: Placed) -> None:
        rotations[0] = trunk.hips_turn
        before = _UPRIGHT
        done = 0.0
        for bone, share in zip(_SPINE, SPINE_SHARES, strict=True):
            done += share
            turn = share_of(trunk.spine_turn, done)
            rotations[bone] = mul(conjugate(before), turn)
            before = turn
        _, bent = self._carriage.neck(head, trunk.chest_turn)
        rotations[_NECK] = bent
        rotations[_HEAD] = mul(conjugate(mul(trunk.chest_turn, bent)), head[1])

    def _lay_legs(self, rotations: Floats, legs: Sequence[Leg]) -> None:
        for bones, leg in zip(_LEG, legs, strict=True):
            rotations[bones] = (leg.upper, leg.lower, leg.foot, leg.toes)

    def _lay_arms(
        self,
        rotations: Floats,
        trunk: Trunk,
        hands: Sequence[tuple[Placed, float, float]],
        legs: Sequence[Leg],
        standing: Standing,
        seated: float,
        now_s: float,
        head: Placed,
    ) -> Contact:
        face = from_yaw(trunk.heading)
        lead = self._stride(standing, trunk)
        breath = 0.0
        if self._sway is not None:
            breath = 0.012 * math.sin(math.tau * _BREATH_HZ * now_s)
        contacts = Contact.NONE
        shown = []
        for i in range(2):
            (at, turn), sure, surely = hands[i]
            known = sure > 0.0
            swing = 0.35 * (lead if i == 0 else -lead)
            if self._sway is not None:
                swing += 0.008 * float(self._sway.at(now_s + 1.3 * i)[2 + i])
            rest = self._hanging.at(i, trunk, swing, seated, (legs[i].hip, legs[i].knee))
            if known:
                said: Placed = (at, turn if surely > 0.0 else rest[1])
            else:
                said = rest
            # What is lost and found goes along with the body.
            back = conjugate(face)
            local = (rotate(back, taken(said[0], trunk.chest)), mul(back, said[1]))
            local = self._hands[i].show(local, known, now_s)
            wrist = added(trunk.chest, rotate(face, local[0]))
            hand = mul(face, local[1])
            arm = self._arms.at(i, trunk, wrist, hand, breath)
            rotations[_ARM[i]] = (arm.collar, arm.upper, arm.lower, arm.hand)
            palm = added(wrist, rotate(hand, (0.08 * OUTWARD[i] * self._m.size, 0.0, 0.0)))
            shown.append((wrist, known))
            if known:
                mouth = added(head[0], rotate(head[1], (0.0, -0.05 * self._m.size, 0.02)))
                if length(taken(palm, mouth)) < _FACE_NEAR * self._m.size:
                    contacts |= (Contact.LEFT_HAND_TO_FACE, Contact.RIGHT_HAND_TO_FACE)[i]
        apart = length(taken(shown[0][0], shown[1][0]))
        if shown[0][1] and shown[1][1] and apart < TOGETHER:
            contacts |= Contact.HANDS_TOGETHER
        return contacts

    def _stride(self, standing: Standing, trunk: Trunk) -> float:
        """Metres by which the right foot is ahead of the left: the left arm swings with it."""
        (a, b) = standing.spots
        c, s = math.cos(trunk.hips_heading), math.sin(trunk.hips_heading)
        return 0.5 * (-s * (b[0] - a[0]) - c * (b[1] - a[1]))

    def _contacts_of_legs(self, standing: Standing, legs: Sequence[Leg], seated: float) -> Contact:
        contacts = Contact.NONE
        for down, leg, meaning in zip(
            standing.down, legs, (Contact.LEFT_FOOT, Contact.RIGHT_FOOT), strict=True
        ):
            if down and leg.touches:
                contacts |= meaning
        return contacts | (Contact.SEAT if seated >= 0.999 else Contact.NONE)

    # ── what is measured in itself ─────────────────────────────────────────────────────────────

    def _lay_known(self, rotations: Floats, sensed: Sensed | None, tracked: Floats) -> None:
        known = self._bones
        on = [int(bone) for bone in HAND_BONES if known.weights[bone] > 0.0]
        if on:
            turns = quat_slerp(
                quat_normalise(rotations[on]), quat_normalise(known.values[on]), known.weights[on]
            )
            rotations[on] = turns
        if sensed is not None:
            fingers = sensed.rotation_confidence[HAND_BONES].reshape(2, -1).mean(axis=1)
            tracked[[Part.LEFT_HAND, Part.RIGHT_HAND]] = fingers

    def _face_at(
        self, sensed: Sensed | None, now_s: float, dt: float, tracked: Floats
    ) -> tuple[Floats, Floats, float]:
        face, gaze = self._face, self._gaze
        if sensed is None:
            face.take(None, None, dt)
            gaze.take(None, None, dt)
        else:
            face.take(sensed.face, sensed.face_confidence, dt)
            sight = np.array([[*sensed.gaze_direction, sensed.gaze_distance]])
            gaze.take(sight, np.array([sensed.gaze_confidence]), dt)
            tracked[Part.FACE] = float(np.mean(np.clip(sensed.face_confidence, 0.0, 1.0)))
            tracked[Part.EYES] = float(np.clip(sensed.gaze_confidence, 0.0, 1.0))
        shapes, look = np.zeros(SHAPE_COUNT), np.array([0.0, 0.0, -1.0])
        if self._quiet is not None:
            shapes, look = self._quiet.at(now_s)
        shapes = shapes + face.weights * (face.values - shapes)
        share = float(gaze.weights[0])
        look = look / float(np.linalg.norm(look))
        mixture = look + share * (gaze.values[0, :3] - look)
        distance = 2.0 + share * (float(gaze.values[0, 3]) - 2.0)
        return np.clip(shapes, 0.0, 1.0), mixture, distance


def _inclined(turn: Quat) -> float:
    """Radians by which something is bent from upright."""
    up = rotate(turn, (0.0, 1.0, 0.0))
    return math.acos(min(max(up[1], -1.0), 1.0))


assert BONE_COUNT == 55 and IDENTITY[3] == 1.0
