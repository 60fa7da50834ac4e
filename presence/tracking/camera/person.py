"""From what the networks find in pictures to what is known of the person: the whole way.

Sans-IO: pictures' findings go in, with their times, and :class:`~presence.tracking.sensed.Sensed`
comes out.
"""

from __future__ import annotations

import numpy as np

from presence.clock import MILLISECOND, SECOND
from presence.pose.arrays import Floats
from presence.pose.derive import EYE_PITCH_RANGE, EYE_YAW_RANGE
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX
from presence.pose.proportions import Proportions
from presence.pose.quaternion import quat_angle, quat_between, quat_mul, quat_rotate
from presence.pose.rigid import FORWARD, Rigid
from presence.tracking.camera.body import WRISTS, Breadth, Trunk, read_trunk
from presence.tracking.camera.draft import Draft
from presence.tracking.camera.expression import Neutral, known_shapes, laid_flat, read_expression
from presence.tracking.camera.face_model import FaceModel, trained_model
from presence.tracking.camera.face_pose import FacePose, FaceSize, find_face
from presence.tracking.camera.fingers import Hand, read_hand
from presence.tracking.camera.found import Found
from presence.tracking.camera.lens import Lens
from presence.tracking.camera.mounting import Mounting
from presence.tracking.camera.resting import RestingShapes
from presence.tracking.camera.sides import same_person, sided
from presence.tracking.camera.task import CameraSettings
from presence.tracking.sensed import Sensed

GONE_AFTER_NS = 2 * SECOND
"""After which somebody who is not seen is not there."""
NEW_AFTER_NS = 20 * SECOND
"""After which whoever comes may be somebody else, or sit elsewhere."""
DARK = 0.08
"""A picture is too dark below this mean brightness, 0 to 1."""
_HELD_NS = 250 * MILLISECOND
"""For how long body and hands stay as they were last seen: not every picture is looked at for
them."""
_WORST_FACE = 0.09
"""A face that fits worse than this is none."""
_LARGEST_LEAP_M, _LARGEST_LEAP = 0.25, np.radians(50.0)
"""From one picture to the next, a head that moves or turns further was found wrongly."""
_LEAPS = 3
"""Pictures after which it is believed all the same."""
_SQUARELY, _TURNED_AWAY = np.radians(30.0), np.radians(60.0)
"""A face that is turned no further from the camera is seen well; one this far hardly."""
_SHUT = 0.6
"""An eye that is shut so far shows no glance."""
_WRIST_VISIBLE = 0.5
_PICTURES_A_SECOND = 25.0
_BLINKS = [SHAPE_INDEX["eyeBlinkLeft"], SHAPE_INDEX["eyeBlinkRight"]]
_LOOKS = {
    way: [SHAPE_INDEX[f"eyeLook{way}{side}"] for side in ("Left", "Right")]
    for way in ("Up", "Down", "Out", "In")
}


class Person:
    """Follows the person whom a camera sees.

    State: where the camera stands, how large their face is and how it rests, what was last seen of
    head, body and hands, and when.
    """

    def __init__(
        self, settings: CameraSettings, body: Proportions, model: FaceModel | None = None
    ) -> None:
        """Begin with nobody.

        Args:
            settings: the camera's.
            body: the person's measures.
            model: the average face; the trained one when None.
        """
        self._settings = settings
        self._body = body
        self._model = model or trained_model()
        self._known = known_shapes(self._model)
        pictures = max(5, round(settings.neutral_s * _PICTURES_A_SECOND))
        self._neutral = Neutral(self._model, pictures)
        self._resting = RestingShapes(SHAPE_COUNT, pictures)
        self._mounting = Mounting(
            body, seated=settings.seated, tilt=settings.tilt, turn=settings.turn, pictures=pictures
        )
        self._size = FaceSize()
        self._breadth = Breadth()
        self._pose: FacePose | None = None
        self._head: Rigid | None = None
        self._leaps = 0
        self._seen_ns: int | None = None
        self._trunk: tuple[Trunk, int] | None = None
        self._hands: list[tuple[Hand, int] | None] = [None, None]
        self._wrists: tuple[Floats | None, Floats | None] = (None, None)
        self._people = 1
        self._brightness = 0.5

    @property
    def neutral(self) -> bool:
        """Whether the face's own rest is known."""
        return self._neutral.known or self._resting.known

    def recentre(self) -> None:
        """The person is where they want to be seen, and rests: learn that anew."""
        self._mounting.forget()
        self._neutral.forget()
        self._resting.forget()
        # Their place is about to move under them.
        self._head = None

    def problem(self, now_ns: int) -> str:
        """What the person is to be told, at a time by the clock of the pictures; or nothing."""
        if self._brightness < DARK:
            return "the picture is dark: switch on a light, or open the cover of the lens"
        if not self._present(now_ns):
            return "nobody is seen: sit so that your face is in the picture"
        if self._people > 1:
            return (
                f"{self._people} people are seen, and only one is followed: whoever was there first"
            )
        return ""

    def follow(self, found: Found, capture_ns: int) -> Sensed:
        """What is known of the person, from one more picture.

        Args:
            found: what the networks found in it.
            capture_ns: when it was taken; rises from call to call.
        """
        lens = Lens(found.width, found.height, self._settings.diagonal)
        self._brightness = found.brightness
        if found.faces is not None:
            self._people = max(found.faces, 1)
        if self._seen_ns is not None and capture_ns - self._seen_ns > NEW_AFTER_NS:
            self._start_anew()
        out = Draft()
        if found.face is not None:
            self._follow_face(found, found.face, lens, out, capture_ns)
        if found.pose_looked:
            self._follow_body(found, lens, capture_ns)
        if found.hands_looked:
            self._follow_hands(found, lens, capture_ns)
        self._lay_body(out, capture_ns)
        return out.sensed(capture_ns, present=self._present(capture_ns))

    def _present(self, now_ns: int) -> bool:
        return self._seen_ns is not None and now_ns - self._seen_ns <= GONE_AFTER_NS

    def _start_anew(self) -> None:
        self.recentre()
        self._size, self._breadth = FaceSize(), Breadth()
        self._seen_ns, self._trunk = None, None
        self._hands = [None, None]

    # ── head and face ──────────────────────────────────────────────────────────────────────────

    def _follow_face(self, found: Found, face: Floats, lens: Lens, out: Draft, now_ns: int) -> None:
        pose = self._pose = find_face(face, lens, self._model, self._pose)
        if pose is None or pose.error > _WORST_FACE:
            self._pose = None
            return
        aside = _aside(pose)
        if aside < _SQUARELY:
            self._size.learn(face, pose, lens)
        own = pose.camera_from_head
        own = Rigid(own.rotation, own.translation * self._size.size)
        if aside < _SQUARELY:
            self._mounting.learn(own)
        head = self._mounting.place_from_camera @ own
        if self._leapt(head):
            return
        self._head, self._seen_ns = head, now_ns
        out.head(head, float(np.clip(1.0 - 0.5 * pose.error / _WORST_FACE, 0.5, 1.0)))
        self._read_face(found, face, pose, aside, lens, out)

    def _read_face(
        self, found: Found, face: Floats, pose: FacePose, aside: float, lens: Lens, out: Draft
    ) -> None:
        seen = float(np.clip((_TURNED_AWAY - aside) / (_TURNED_AWAY - _SQUARELY), 0.0, 1.0))
        if found.shapes is not None:
            told = np.isfinite(found.shapes)
            full = np.where(told, found.shapes, 0.0)
            glance = _glance_of(full)
            if aside < _SQUARELY:
                self._resting.learn(full, glance)
            shapes, (yaw, pitch) = self._resting.against(full, glance)
            known = np.where(told, seen, 0.0)
        else:
            flat = laid_flat(face, pose.camera_from_head, lens, self._model)
            read = read_expression(self._neutral.moved(flat), self._model)
            if aside < _SQUARELY:
                self._neutral.learn(flat, read.shapes)
            shapes, yaw, pitch = read.shapes, read.yaw, read.pitch
            known = np.where(self._known > 0.0, seen, 0.0)
        if not self.neutral:
            # An average face's rest is not this one's.
            known = 0.5 * known
        out.face(shapes, known)
        if shapes[_BLINKS].min() < _SHUT:
            out.gaze(float(yaw), float(pitch), seen)

    def _leapt(self, head: Rigid) -> bool:
        """Whether a head is where none can be, so soon after it was elsewhere."""
        if self._head is None or not self._mounting.settled:
            return False
        far = float(np.linalg.norm(head.translation - self._head.translation))
        turned = float(quat_angle(head.rotation, self._head.rotation))
        if far < _LARGEST_LEAP_M and turned < _LARGEST_LEAP:
            self._leaps = 0
            return False
        self._leaps += 1
        if self._leaps <= _LEAPS:
            return True
        self._leaps = 0
        return False

    # ── body and hands ─────────────────────────────────────────────────────────────────────────

    def _follow_body(self, found: Found, lens: Lens, now_ns: int) -> None:
        pose = found.pose
        self._wrists = (None, None)
        if pose is None or self._head is None:
            return
        if found.face is not None and not same_person(pose, found.face):
            return
        place = self._mounting.place_from_camera
        away = float(np.linalg.norm(self._head.translation - place.translation))
        self._breadth.look(pose, lens, away, self._body)
        trunk = read_trunk(pose, lens, place, self._head, self._body, self._breadth)
        self._trunk = (trunk, now_ns)
        left, right = (
            pose.pixels[mark, :2] if pose.visible[mark] > _WRIST_VISIBLE else None
            for mark in WRISTS
        )
        self._wrists = (left, right)
        # Who has turned their face away is still there.
        self._seen_ns = now_ns

    def _follow_hands(self, found: Found, lens: Lens, now_ns: int) -> None:
        turn = self._mounting.place_from_camera.rotation
        for side, hand in sided(found, self._wrists):
            # Depth in those landmarks counts along the way in which the hand is seen.
            along = quat_between(FORWARD, lens.rays(hand.pixels[:, :2].mean(axis=0)))
            points = quat_rotate(quat_mul(turn, along), hand.metres * [1.0, -1.0, -1.0])
            read = read_hand(points, side == 0, self._body)
            if read is not None:
                self._hands[side] = (read, now_ns)

    def _lay_body(self, out: Draft, now_ns: int) -> None:
        hands = [
            held[0] if held is not None and now_ns - held[1] <= _HELD_NS else None
            for held in self._hands
        ]
        for side, hand in enumerate(hands):
            if hand is not None:
                out.fingers(side, hand)
        if self._trunk is None or self._head is None or now_ns - self._trunk[1] > _HELD_NS:
            return
        trunk = self._trunk[0]
        out.trunk(trunk, self._head)
        for side, arm in enumerate(trunk.arms):
            if arm is not None:
                out.arm(side, arm, trunk, hands[side])


def _aside(pose: FacePose) -> float:
    """Radians between the way in which a face looks and the way to the camera."""
    ahead = quat_rotate(pose.camera_from_head.rotation, FORWARD)
    at = pose.camera_from_head.translation
    return float(np.arccos(np.clip(-(ahead @ at) / np.linalg.norm(at), -1.0, 1.0)))


def _glance_of(shapes: Floats) -> Floats:
    """``(2,)`` yaw to the left and pitch up, radians, from the look shapes of both eyes."""
    out, into = shapes[_LOOKS["Out"]], shapes[_LOOKS["In"]]
    left, right = out - into
    yaw = 0.5 * EYE_YAW_RANGE * (left - right)
    pitch = 0.5 * EYE_PITCH_RANGE * (shapes[_LOOKS["Up"]] - shapes[_LOOKS["Down"]]).sum()
    return np.array([yaw, pitch])
