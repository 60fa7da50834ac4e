"""Working out a body from a file's tracks: trunk, legs, arms, fingers, and its measures."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.proportions import Proportions, default_proportions
from presence.pose.quaternion import IDENTITY, quat_conjugate, quat_mul, quat_rotate
from presence.pose.rigid import UP
from presence.pose.skeleton import BONE_COUNT, BONES, FINGERTIP_BONES, INDEX, PARENTS
from presence.tracking.anatomy import (
    bone_frame,
    chest_facing,
    expected_elbow_hinge,
    expected_knee_hinge,
    foot_frames,
    hand_frame,
    head_frame,
    solve_limb,
    without_quarter_turns,
)
from presence.tracking.hands import relaxed_fingers
from presence.tracking.limbs import AXES, TWIST_SHARE, aimed, twist_angle, twisted, unit
from presence.tracking.naming import FINGERS, SIDES
from presence.tracking.tracks import PLAUSIBLE, TRUNK, Tracks, angle_between, hips_frame

_AVERAGE = default_proportions()


class BodySolver:
    """One file's body while it is worked out, trunk first. State: the bones known so far."""

    def __init__(self, tracks: Tracks) -> None:
        """Begin with what a file says."""
        self.tracks = tracks
        count = len(tracks.positions["hips"])
        self.orientations = np.zeros((count, BONE_COUNT, 4))
        self.positions = np.zeros((count, BONE_COUNT, 3))
        self.offsets = np.zeros((BONE_COUNT, 3))
        self.scale = self._scale()
        self.chest_frame = IDENTITY
        self.has_fingers = any(
            side + finger + "Proximal" in self.tracks.positions
            for side in SIDES
            for finger in FINGERS
        )

    def _scale(self) -> float:
        """How much larger than average the body is, by its legs and trunk."""
        at = self.tracks.positions
        chains = [("hips", "neck" if "neck" in at else "head")]
        for side in SIDES:
            chains.append((side + "UpperLeg", side + "LowerLeg"))
            chains.append((side + "LowerLeg", side + "Foot"))
        rest = _AVERAGE.rest_positions()
        own = sum(np.median(np.linalg.norm(at[a] - at[b], axis=-1)) for a, b in chains)
        usual = sum(np.linalg.norm(rest[INDEX[a]] - rest[INDEX[b]]) for a, b in chains)
        return float(own / usual)

    # ── laying bones down ──────────────────────────────────────────────────────────────────────

    def _expected(self, bone: str) -> Floats:
        """``(3,)`` an average body's offset of a bone, at this body's size."""
        offset: Floats = self.scale * _AVERAGE.offsets[INDEX[bone]]
        return offset

    def _put(self, bone: str, orientation: Floats, point: Floats | None = None) -> None:
        """Lay a bone down: turned so, and starting where the file says, or else at ``point``.

        Its offset is where it starts in its parent's axes, on average; its position follows from
        that, so that what is sent is a rigid skeleton.
        """
        i = INDEX[bone]
        self.orientations[:, i] = orientation
        start = self.tracks.positions.get(bone, point)
        assert start is not None
        if i == 0:
            self.positions[:, 0] = start
            return
        parent = int(PARENTS[i])
        above = self.orientations[:, parent]
        apart = start - self.positions[:, parent]
        self.offsets[i] = quat_rotate(quat_conjugate(above), apart).mean(axis=0)
        self.positions[:, i] = self.positions[:, parent] + quat_rotate(above, self.offsets[i])

    def _orientation(self, bone: str) -> Floats:
        return self.orientations[:, INDEX[bone]]

    def _point_at(self, bone: str, axis: Floats, target: Floats) -> None:
        """Turn a bone that is laid down so that its ``axis`` points at ``target (T, 3)``."""
        i = INDEX[bone]
        self.orientations[:, i] = aimed(
            self.orientations[:, i], axis, target - self.positions[:, i]
        )

    def solve(self) -> tuple[Floats, Floats]:
        """``positions (T, 55, 3)`` and ``orientations (T, 55, 4)`` of every bone, +Y up."""
        hips, believed = self._trunk()
        for side, arm, leg in ((SIDES[0], 0, 2), (SIDES[1], 1, 3)):
            self._leg(side, leg, (hips, believed))
            self._arm(side, arm)
            self._fingers(side)
        for bone in ("leftEye", "rightEye", "jaw"):
            self.offsets[INDEX[bone]] = self._expected(bone)
            self.orientations[:, INDEX[bone]] = self._orientation("head")
        return self.positions, self.orientations

    # ── trunk ──────────────────────────────────────────────────────────────────────────────────

    def _trunk(self) -> tuple[Floats, bool]:
        """Hips to head. Returns the hips' frame, and whether the file's rest pose looks human."""
        tracks = self.tracks
        known = [bone for bone in TRUNK if bone in tracks.positions]
        away = [b for b in known if np.linalg.norm(tracks.between("hips", b)) > 0.04 * self.scale]
        frame_above = hips = hips_frame(tracks, away[0])
        self.chest_frame = hips
        self._put("hips", quat_mul(tracks.orientations["hips"], hips))
        believed = self._rests_upright(hips, away[0])
        hips_believed = believed
        points = self._trunk_points()
        above = "hips"
        for bone in TRUNK:
            if bone in tracks.positions:
                axis, direction = self._trunk_direction(bone, known)
                joint = tracks.orientations[bone]
                resting, believed = bone_frame(frame_above, direction, axis, believed)
                if bone == "head":
                    follows = self._orientation("neck")
                    bone_to_joint = head_frame(resting, believed, joint, follows)
                else:
                    bone_to_joint = without_quarter_turns(
                        resting, joint, self._orientation(above), unit(axis)
                    )
                if bone == "upperChest":
                    bone_to_joint = chest_facing(bone_to_joint, self._shoulder_line(bone))
                self._put(bone, quat_mul(joint, bone_to_joint))
                # In a believable rest pose all frames are the hips', but for how joints are rolled.
                frame_above, above = (resting if believed else bone_to_joint), bone
                if bone in ("spine", "chest", "upperChest"):
                    self.chest_frame = frame_above
            else:
                self._put(bone, self._orientation(BONES[PARENTS[INDEX[bone]]]), points[bone])
            self._correct_above(bone, known)
        return hips, hips_believed

    def _rests_upright(self, hips: Floats, above: str) -> bool:
        spine = quat_rotate(quat_conjugate(hips), self.tracks.between("hips", above))
        return bool(angle_between(spine, UP) < PLAUSIBLE)

    def _trunk_direction(self, bone: str, known: list[str]) -> tuple[Floats, Floats | None]:
        """Where an average body's bone points, and where this one's does in its joint's axes."""
        rest = _AVERAGE.rest_positions()
        later = known[known.index(bone) + 1 :]
        for other in later:
            direction = self.tracks.between(bone, other)
            if np.linalg.norm(direction) > 0.02 * self.scale:
                return rest[INDEX[other]] - rest[INDEX[bone]], direction
        return UP, self.tracks.ends.get(bone)

    def _shoulder_line(self, chest: str) -> Floats:
        """``(3,)`` from the left shoulder to the right in the chest joint's axes."""
        tracks = self.tracks
        left, right = (
            tracks.between(chest, side + "Shoulder")
            if side + "Shoulder" in tracks.positions
            else tracks.between(chest, side + "UpperArm")
            for side in SIDES
        )
        if np.linalg.norm(right - left) < 0.03 * self.scale:
            left, right = (tracks.between(chest, side + "UpperArm") for side in SIDES)
        return right - left

    def _trunk_points(self) -> dict[str, Floats]:
        """``(T, 3)`` where bones of the trunk that the file lacks begin: evenly between others."""
        at = self.tracks.positions
        chain = ["hips", *TRUNK]
        known = [i for i, bone in enumerate(chain) if bone in at]
        heights = _AVERAGE.rest_positions()[[INDEX[bone] for bone in chain], 1]
        points = {}
        for i, bone in enumerate(chain):
            if bone not in at:
                below = max(k for k in known if k < i)
                above = min(k for k in known if k > i)
                share = (heights[i] - heights[below]) / (heights[above] - heights[below])
                start, end = at[chain[below]], at[chain[above]]
                points[bone] = start + share * (end - start)
        return points

    def _correct_above(self, bone: str, known: list[str]) -> None:
        """Once a bone is laid down, see whether joints without a bone have moved it, and if so
        turn the bone below it so that it is where the file has it.
        """
        if bone not in known or bone == known[0] or bone == "spine":
            return
        below = known[known.index(bone) - 1]
        if below == "hips" or BONES[PARENTS[INDEX[bone]]] != below or below == "upperChest":
            return
        self._point_at(below, self.offsets[INDEX[bone]], self.tracks.positions[bone])
        i = INDEX[bone]
        self.positions[:, i] = self.positions[:, INDEX[below]] + quat_rotate(
            self._orientation(below), self.offsets[i]
        )

    # ── limbs ──────────────────────────────────────────────────────────────────────────────────

    def _leg(self, side: str, leg: int, hips: tuple[Floats, bool]) -> None:
        tracks = self.tracks
        upper, lower, foot, toes = (
            side + bone for bone in ("UpperLeg", "LowerLeg", "Foot", "Toes")
        )
        expected = expected_knee_hinge(tracks, side, self._orientation("hips"))
        thigh, shin = self._solve(leg, upper, lower, foot, expected)
        foot_to_joint, toes_to_joint = foot_frames(tracks, side, hips, shin, _AVERAGE)
        sole = quat_mul(tracks.orientations[foot], foot_to_joint)
        self._lay_limb(leg, upper, lower, foot, thigh, shin)
        self._put(foot, sole)
        if toes in tracks.positions:
            self._put(toes, quat_mul(tracks.orientations[toes], toes_to_joint))
        else:
            ball = self.positions[:, INDEX[foot]] + quat_rotate(sole, self._expected(toes))
            self._put(toes, sole, ball)

    def _arm(self, side: str, arm: int) -> None:
        tracks = self.tracks
        upper, lower, hand = (side + bone for bone in ("UpperArm", "LowerArm", "Hand"))
        self._shoulder(side, arm)
        hand_to_joint = hand_frame(tracks, side, _AVERAGE)
        joint = tracks.orientations[hand]
        palm = None if hand_to_joint is None else quat_mul(joint, hand_to_joint)
        along = unit(tracks.positions[lower] - tracks.positions[upper])
        expected = expected_elbow_hinge(along, side, self._orientation("upperChest"), palm)
        above, below = self._solve(arm, upper, lower, hand, expected)
        if palm is None:
            # Without knuckles: straight on from the forearm in the file's rest pose.
            rest_forearm = quat_mul(quat_conjugate(tracks.orientations[lower]), below)
            mean = unit(rest_forearm * np.sign(rest_forearm @ rest_forearm[0])[:, None])
            hand_to_joint = without_quarter_turns(unit(mean.mean(axis=0)), joint, below, AXES[arm])
            palm = quat_mul(joint, hand_to_joint)
        turn = np.unwrap(twist_angle(below, palm, AXES[arm]))
        turn -= 2.0 * np.pi * round(float(np.median(turn)) / (2.0 * np.pi))
        self._lay_limb(arm, upper, lower, hand, above, below)
        i = INDEX[lower]
        self.orientations[:, i] = twisted(self.orientations[:, i], AXES[arm], TWIST_SHARE * turn)
        self._put(hand, palm)

    def _shoulder(self, side: str, arm: int) -> None:
        tracks = self.tracks
        shoulder, upper = side + "Shoulder", side + "UpperArm"
        chest = self._orientation("upperChest")
        if shoulder not in tracks.positions:
            apart = tracks.positions[upper] - self.positions[:, INDEX["upperChest"]]
            reach = quat_rotate(quat_conjugate(chest), apart).mean(axis=0)
            start = np.array([0.16 * reach[0], reach[1], reach[2]])
            point = self.positions[:, INDEX["upperChest"]] + quat_rotate(chest, start)
            self._put(shoulder, chest, point)
        else:
            joint = tracks.orientations[shoulder]
            expected = _AVERAGE.offsets[INDEX[upper]]
            # At rest the collar bone is turned as the chest is, if that makes it point outwards.
            direction = tracks.between(shoulder, upper)
            to_joint, _ = bone_frame(self.chest_frame, direction, expected, True)
            to_joint = without_quarter_turns(to_joint, joint, chest, unit(expected))
            self._put(shoulder, quat_mul(joint, to_joint))

    def _solve(
        self, limb: int, upper: str, lower: str, end: str, expected: Floats
    ) -> tuple[Floats, Floats]:
        at = self.tracks.positions
        above, below, _ = solve_limb(
            limb,
            self.tracks.orientations[upper],
            (at[upper], at[lower], at[end]),
            expected,
            self.tracks.frame_time_s,
        )
        return above, below

    def _lay_limb(
        self, limb: int, upper: str, lower: str, end: str, above: Floats, below: Floats
    ) -> None:
        """Lay down both bones, each pointing from where it has come to at the file's next joint."""
        at = self.tracks.positions
        self._put(upper, above)
        self._point_at(upper, AXES[limb], at[lower])
        self._put(lower, below)
        self._point_at(lower, AXES[limb], at[end])

    def _fingers(self, side: str) -> None:
        tracks = self.tracks
        hand = side + "Hand"
        relaxed = relaxed_fingers()
        for finger in FINGERS:
            names = ("Metacarpal", "Proximal", "Distal")
            if finger != "Thumb":
                names = ("Proximal", "Intermediate", "Distal")
            chain = [side + finger + segment for segment in names]
            tip = int(np.flatnonzero(np.asarray(FINGERTIP_BONES) == INDEX[chain[-1]])[0])
            ahead = [_AVERAGE.offsets[INDEX[b]] for b in chain[1:]] + [_AVERAGE.fingertips[tip]]
            above = self._orientation(hand)
            for bone, axis, following in zip(chain, ahead, [*chain[1:], None], strict=True):
                parent = int(PARENTS[INDEX[bone]])
                point = self.positions[:, parent] + quat_rotate(
                    self._orientation(BONES[parent]), self._expected(bone)
                )
                if following in tracks.positions:
                    target = tracks.positions[following]
                    self._put(bone, above, point)
                    self._point_at(bone, axis, target)
                elif bone in tracks.positions:
                    end = quat_rotate(tracks.orientations[bone], tracks.ends[bone])
                    self._put(bone, aimed(above, axis, end))
                else:
                    self._put(bone, quat_mul(above, relaxed[INDEX[bone]]), point)
                above = self._orientation(bone)

    # ── measures ───────────────────────────────────────────────────────────────────────────────

    def proportions(self) -> Proportions:
        """The body's measures; what the file lacks is an average body's at this size."""
        average = _AVERAGE.scaled(self.scale)
        offsets = self.offsets.copy()
        toes = [INDEX[side + "Toes"] for side in SIDES]
        ball = float(_AVERAGE.soles[0, 1] - _AVERAGE.offsets[toes[0], 1]) * self.scale
        soles = average.soles.copy()
        soles[:, 1] = np.clip(offsets[toes, 1] + ball, 1.6 * soles[:, 1], 0.6 * soles[:, 1])
        legs = np.zeros(2)
        for i, side in enumerate(SIDES):
            for bone in ("UpperLeg", "LowerLeg", "Foot"):
                legs[i] += offsets[INDEX[side + bone], 1]
        offsets[0] = (0.0, float(np.mean(-legs - soles[:, 1])), 0.0)
        crown = average.crown.copy()
        end = self.tracks.ends.get("head")
        if end is not None and 0.7 < np.linalg.norm(end) / crown[1] < 1.3:
            crown = np.array([0.0, float(np.linalg.norm(end)), 0.0])
        return Proportions(
            offsets=frozen(offsets),
            fingertips=average.fingertips,
            toes=average.toes,
            soles=frozen(soles),
            crown=frozen(crown),
        )
