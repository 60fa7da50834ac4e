"""MediaPipe's networks: a face with its irises, a body, hands.

The one module that knows MediaPipe. Version 0.10.21 carries its models inside its wheel and never
calls anybody; later ones carry none, and report on their use
(https://github.com/google-ai-edge/mediapipe/issues/6291).
"""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections import namedtuple
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from presence.errors import CameraError
from presence.pose.arrays import Floats
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX
from presence.tracking.camera.found import Found, FoundHand, FoundPose
from presence.tracking.camera.plan import Plan

Picture = NDArray[np.uint8]
"""``(height, width, 3)`` red, green, blue."""

_COUNT_EVERY = 25
"""Pictures from one count of the people to the next."""
_WRISTS = (15, 16)
_WRIST_VISIBLE = 0.3
_KEEP_LOOKING = 40
"""Pictures for which hands are still looked for after a wrist was last seen."""
_LOOK_ANYWAY = 60
"""Pictures after which hands are looked for where no body was found at all."""


def quietly() -> None:
    """Have what is imported later write no logs: nobody reads them, and a failure is a sentence."""
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # It draws with matplotlib if asked to, which must not look for a screen.
    os.environ.setdefault("MPLBACKEND", "agg")


class Networks:
    """Looks at pictures. State: the networks, which follow from picture to picture."""

    def __init__(self, face_model: str | None = None, plan: Plan | None = None) -> None:
        """Load them.

        Args:
            face_model: the file of a network that tells the 52 shapes, too; None: without.
            plan: who looks when; by default as time allows.

        Raises:
            CameraError: MediaPipe is not installed, or the file is none of its models.
        """
        quietly()
        warnings.simplefilter("ignore")
        try:
            import mediapipe
        except ImportError as error:
            raise CameraError(
                f"following a person by a camera needs mediapipe ({error}): "
                "pip install 'presence[camera]', with Python 3.11 or 3.12"
            ) from error
        _make_fewer_classes()
        solutions = mediapipe.solutions
        self.plan = plan or Plan()
        self._closing = contextlib.ExitStack()
        self._face: Any = None
        self._landmarker: Any = None
        if face_model is None:
            self._face = self._closing.enter_context(
                solutions.face_mesh.FaceMesh(refine_landmarks=True, max_num_faces=1)
            )
        else:
            self._landmarker = self._closing.enter_context(_landmarker(mediapipe, face_model))
        self._image = mediapipe.Image
        self._format = mediapipe.ImageFormat.SRGB
        self._counter = self._closing.enter_context(solutions.face_detection.FaceDetection())
        # What has been found is smoothed later, with all else.
        self._pose = self._closing.enter_context(
            solutions.pose.Pose(model_complexity=1, smooth_landmarks=False)
        )
        self._hands = self._closing.enter_context(
            solutions.hands.Hands(model_complexity=0, max_num_hands=2)
        )
        self._pictures = 0
        self._had_face = False
        self._since_wrist = _KEEP_LOOKING
        self._since_pose = 0
        self._warm_up()

    def _warm_up(self) -> None:
        """Have every network look once: its first look takes many times as long as the others."""
        nothing = np.zeros((48, 64, 3), dtype=np.uint8)
        for network in (self._face, self._counter, self._pose, self._hands):
            if network is not None:
                network.process(nothing)

    def close(self) -> None:
        """Let the networks go."""
        self._closing.close()

    def look(self, picture: Picture, time_ns: int) -> Found:
        """What is in a picture.

        Args:
            picture: not mirrored.
            time_ns: when it was taken; must rise.
        """
        height, width = picture.shape[:2]
        turn = self.plan.turn(hands=self._hands_wanted())
        self._pictures += 1
        people: int | None = None
        searched = picture
        if not self._had_face or self._pictures % _COUNT_EVERY == 0:
            boxes = self._boxes(picture)
            people = len(boxes)
            if not self._had_face and people > 1:
                searched = _only_the_largest(picture, boxes)
        with self._timed("face"):
            face, shapes = self._look_at_face(searched, time_ns)
        self._had_face = face is not None
        pose = None
        if "pose" in turn:
            with self._timed("pose"):
                pose = self._look_at_body(picture)
            self._since_pose = 0 if pose is not None else self._since_pose + 1
            seen = pose is not None and pose.visible[list(_WRISTS)].max() > _WRIST_VISIBLE
            self._since_wrist = 0 if seen else self._since_wrist + 1
        hands: tuple[FoundHand, ...] = ()
        if "hands" in turn:
            with self._timed("hands"):
                hands = self._look_at_hands(picture)
            if hands:
                self._since_wrist = 0
        return Found(
            width=width,
            height=height,
            face=face,
            shapes=shapes,
            pose=pose,
            pose_looked="pose" in turn,
            hands=hands,
            hands_looked="hands" in turn,
            faces=people if people != 0 or face is None else 1,
            # A sixteenth of each side tells as well.
            brightness=float(picture[::16, ::16].mean()) / 255.0,
        )

    def _hands_wanted(self) -> bool:
        if self._since_wrist < _KEEP_LOOKING:
            return True
        return self._since_pose > 0 and self._pictures % _LOOK_ANYWAY == 0

    @contextlib.contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.plan.took(name, 1000.0 * (time.perf_counter() - begun))

    def _boxes(self, picture: Picture) -> list[Any]:
        found = self._counter.process(picture).detections or []
        return [each.location_data.relative_bounding_box for each in found]

    def _look_at_face(self, picture: Picture, time_ns: int) -> tuple[Floats | None, Floats | None]:
        height, width = picture.shape[:2]
        if self._landmarker is None:
            faces = self._face.process(picture).multi_face_landmarks
            return (mesh_points(faces[0], width, height), None) if faces else (None, None)
        image = self._image(image_format=self._format, data=np.ascontiguousarray(picture))
        result = self._landmarker.detect_for_video(image, time_ns // 1_000_000)
        if not result.face_landmarks:
            return None, None
        told = result.face_blendshapes
        shapes = shapes_of(told[0]) if told else None
        return _points(result.face_landmarks[0], width, height), shapes

    def _look_at_body(self, picture: Picture) -> FoundPose | None:
        result = self._pose.process(picture)
        if result.pose_landmarks is None:
            return None
        height, width = picture.shape[:2]
        marks = result.pose_landmarks.landmark
        metres = np.array([(p.x, p.y, p.z) for p in result.pose_world_landmarks.landmark])
        visible = np.array([p.visibility for p in marks])
        return FoundPose(_points(marks, width, height), metres, visible)

    def _look_at_hands(self, picture: Picture) -> tuple[FoundHand, ...]:
        result = self._hands.process(picture)
        if not result.multi_hand_landmarks:
            return ()
        height, width = picture.shape[:2]
        found = []
        for marks, world, sides in zip(
            result.multi_hand_landmarks,
            result.multi_hand_world_landmarks,
            result.multi_handedness,
            strict=True,
        ):
            side = sides.classification[0]
            metres = np.array([(p.x, p.y, p.z) for p in world.landmark])
            # It names sides as in a mirror: "the input image is assumed to be mirrored".
            left = side.label == "Right"
            pixels = _points(marks.landmark, width, height)
            found.append(FoundHand(left, float(side.score), pixels, metres))
        return tuple(found)


def shapes_of(categories: Iterable[Any]) -> Floats:
    """``(52,)`` the shapes that a network tells by name, not a number where it tells none.

    Google's of 2023 tells all but ``tongueOut``; its ``_neutral`` is none of them.
    """
    shapes = np.full(SHAPE_COUNT, np.nan)
    for one in categories:
        if one.category_name in SHAPE_INDEX:
            shapes[SHAPE_INDEX[one.category_name]] = one.score
    return shapes


def _points(marks: Any, width: int, height: int) -> Floats:
    """``(N, 3)`` pixels; depth counts in widths, as right does."""
    shares: Floats = np.array([(p.x, p.y, p.z) for p in marks], dtype=np.float64)
    return shares * np.array([width, height, width], dtype=np.float64)


# A landmark of a mesh as bytes: what comes and how long it is, then three numbers, each after its
# tag (Protocol Buffers, "Encoding").
_LANDMARK_BYTES = 17
_TAGS_AT, _TAGS = [0, 1, 2, 7, 12], [0x0A, 15, 0x0D, 0x15, 0x1D]
_NUMBERS_AT = [3, 4, 5, 6, 8, 9, 10, 11, 13, 14, 15, 16]


def mesh_points(marks: Any, width: int, height: int) -> Floats:
    """``(N, 3)`` pixels of a list of landmarks, read from its bytes: one by one takes some three
    times as long, at every picture.
    """
    written = np.frombuffer(marks.SerializeToString(), dtype=np.uint8)
    if written.size % _LANDMARK_BYTES == 0:
        rows = written.reshape(-1, _LANDMARK_BYTES)
        if (rows[:, _TAGS_AT] == _TAGS).all():
            shares: Floats = np.ascontiguousarray(rows[:, _NUMBERS_AT]).view("<f4").astype(float)
            return shares * np.array([width, height, width], dtype=np.float64)
    # Some landmark says more than where it is.
    return _points(marks.landmark, width, height)


def _make_fewer_classes() -> None:
    """Have MediaPipe make one class for what each network finds.

    Its version 0.10.21 makes one anew at each look and puts the findings into the class itself,
    which costs as much as reading them; nobody here keeps them until the next look.
    """
    from mediapipe.python import solution_base

    made: dict[tuple[str, ...], type] = {}

    def once(name: str, fields: Iterable[str]) -> type:
        key = tuple(fields)
        if key not in made:
            made[key] = namedtuple(name, key)
        return made[key]

    solution_base.collections = SimpleNamespace(namedtuple=once)


def _only_the_largest(picture: Picture, boxes: list[Any]) -> Picture:
    """The picture with every face but the largest painted over, so that it is the one followed."""
    height, width = picture.shape[:2]
    boxes = sorted(boxes, key=lambda box: box.width * box.height)
    painted = picture.copy()
    for box in boxes[:-1]:
        left, top = max(int(box.xmin * width), 0), max(int(box.ymin * height), 0)
        right, bottom = int((box.xmin + box.width) * width), int((box.ymin + box.height) * height)
        painted[top:bottom, left:right] = 128
    return painted


def _landmarker(mediapipe: Any, path: str) -> Any:
    """The network that tells shapes, from a file that the user has.

    Raises:
        CameraError: there is no such file, or it is another's.
    """
    vision = mediapipe.tasks.vision
    options = vision.FaceLandmarkerOptions(
        base_options=mediapipe.tasks.BaseOptions(model_asset_path=path),
        running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True,
        num_faces=1,
    )
    try:
        return vision.FaceLandmarker.create_from_options(options)
    except (RuntimeError, ValueError, OSError) as error:
        raise CameraError(
            f"{path} is no face model that can be used ({str(error).splitlines()[0]}); fetch it "
            "with presence models fetch face"
        ) from error
