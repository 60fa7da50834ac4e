"""``presence bench camera``: how well, and how fast, a person is followed by a plain camera.

The loop is closed: people made by code do what is known, are drawn as a webcam would see them, and
are followed by the real networks; what was told is compared with what was done. None of them is one
of those from whom the face's numbers were learned. Real photographs are looked at besides, where
libraries that bring some are installed; nobody knows the truth about those.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from presence.bench.camera_loop import (
    ARM_POSES,
    ARMS_AWAY,
    EVERYTHING,
    FACE_AWAY,
    HAND_SHAPES,
    LENS,
    Always,
    ArmSeen,
    HeadSeen,
    Sitting,
    angles_of,
    arms,
    faces,
    glances,
    heads,
)
from presence.bench.camera_set import Setting, acted
from presence.bench.result import BenchResult, at_least, at_most
from presence.client.studio import Studio
from presence.pose.arrays import Floats
from presence.pose.face import SHAPE_INDEX, SHAPES
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import quat_from_rotvec
from presence.pose.rigid import Rigid
from presence.scene.avatar import Avatar
from presence.scene.body import generate_body
from presence.scene.gltf import load_glb
from presence.scene.shipped import SHIPPED, shipped_person
from presence.tracking.camera.expression import known_shapes
from presence.tracking.camera.face_model import trained_model
from presence.tracking.camera.face_pose import find_face
from presence.tracking.camera.found import Found
from presence.tracking.camera.lens import Lens
from presence.tracking.camera.networks import Networks
from presence.tracking.camera.person import Person
from presence.tracking.camera.plan import LEAST_RATE, Plan
from presence.tracking.camera.task import CameraSettings
from presence.tracking.sensed import Point, Sensed

SEEDS = (5, 6, 7, 8)
"""The people besides those who ship."""
_QUICK_SHAPES = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthSmileLeft", "mouthPucker")
_PHOTOGRAPHS = (
    ("astronaut", "skimage", "data/astronaut.png"),
    ("grace hopper", "matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
)
_SPEED_PICTURES, _QUICK_PICTURES = 240, 90


def bench_camera(*, quick: bool = False) -> BenchResult:
    """Measure.

    Args:
        quick: one person, and some of the shapes and poses.
    """
    told = [SHAPES[i] for i in np.flatnonzero(known_shapes(trained_model())).tolist()]
    names = [name for name in told if not quick or name in _QUICK_SHAPES]
    people = _people(quick)
    seen = _Seen()
    with Studio() as studio:
        for avatar in people:
            sitting = Sitting(avatar, studio, FACE_AWAY, looks=())
            seen.face_of(sitting, names, quick)
            sitting.close()
            sitting = Sitting(avatar, studio, ARMS_AWAY)
            seen.arms_of(sitting, quick)
            sitting.close()
        speed = _speed(people[0], studio, _QUICK_PICTURES if quick else _SPEED_PICTURES)
    rows = [
        *_head_rows(seen.heads),
        *_glance_rows(seen.glances),
        *_shape_rows(seen.shapes, names),
        *_arm_rows(seen.arms),
        *speed,
        *_photographs(),
    ]
    return BenchResult(
        bench="camera",
        args={"people": len(people), "quick": quick, "picture": f"{LENS.width} x {LENS.height}"},
        rows=rows,
        bars=[
            at_least("pictures a second on one core", speed[0]["hz"], LEAST_RATE),
            at_most("hands told to be the other", sum(arm.swapped for arm in seen.arms), 0),
            at_most("faces not found", sum(one.told is None for one in seen.heads), 0),
        ],
    )


def _people(quick: bool) -> list[Avatar]:
    shipped = [load_glb(shipped_person(name)) for name in SHIPPED]
    return shipped[:1] if quick else [*shipped, *(generate_body(seed) for seed in SEEDS)]


class _Seen:
    """What was told of everybody. State: all of it so far."""

    def __init__(self) -> None:
        self.heads: list[HeadSeen] = []
        self.glances: list[tuple[tuple[float, float], tuple[float, float] | None]] = []
        self.shapes: list[tuple[str, float, Floats]] = []
        self.arms: list[ArmSeen] = []

    def face_of(self, sitting: Sitting, names: list[str], quick: bool) -> None:
        self.heads += heads(sitting)
        self.glances += glances(sitting)
        self.shapes += faces(sitting, names, (1.0,) if quick else (0.5, 1.0))

    def arms_of(self, sitting: Sitting, quick: bool) -> None:
        shapes = dict(list(HAND_SHAPES.items())[: 1 if quick else None])
        self.arms += arms(sitting, shapes)


def _head_rows(seen: list[HeadSeen]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    found = [one for one in seen if one.told is not None]
    for axis, name in enumerate(("yaw", "pitch", "roll")):
        true = np.array([one.true[axis] for one in found])
        told = np.array([one.told[axis] for one in found if one.told is not None])
        rows.append(
            {
                "table": "head",
                "what": f"{name}, degrees",
                "error_mean": float(np.abs(told - true).mean()),
                "error_p95": float(np.percentile(np.abs(told - true), 95)),
                "told_of_each": float(true @ told / (true @ true)),
            }
        )
    for axis, name in enumerate(("across", "up", "away")):
        off = 1000.0 * np.abs([one.off[axis] for one in found])
        rows.append(
            {
                "table": "head",
                "what": f"{name}, mm",
                "error_mean": float(off.mean()),
                "error_p95": float(np.percentile(off, 95)),
            }
        )
    return rows


def _glance_rows(
    seen: list[tuple[tuple[float, float], tuple[float, float] | None]],
) -> list[dict[str, Any]]:
    rows = []
    for axis, name in enumerate(("to the side", "up and down")):
        both = [(true[axis], told[axis]) for true, told in seen if told is not None]
        true, told = np.array(both).T
        off = np.abs(told - true)
        rows.append(
            {
                "table": "glance, degrees",
                "what": name,
                "error_mean": float(off.mean()),
                "error_p95": float(np.percentile(off, 95)),
                "told_of_each": float(true @ told / (true @ true)),
            }
        )
    return rows


def _shape_rows(seen: list[tuple[str, float, Floats]], names: list[str]) -> list[dict[str, Any]]:
    rows = []
    indices = [SHAPE_INDEX[name] for name in names]
    for name in names:
        i = SHAPE_INDEX[name]
        own = [(value, face[i]) for shown, value, face in seen if shown == name]
        full = [told for value, told in own if value == 1.0]
        half = [told for value, told in own if value == 0.5]
        absent = np.array([face[i] for shown, _, face in seen if shown != name])
        row: dict[str, Any] = {
            "table": "shapes",
            "shape": name,
            "told_at_1": float(np.mean(full)),
        }
        if half:
            row["told_at_half"] = float(np.mean(half))
        row["error_mean"] = float(np.mean([abs(told - value) for value, told in own]))
        row["error_when_absent"] = float(absent.mean()) if len(absent) else 0.0
        other = _other_side(name)
        if other in names:
            theirs = [face[SHAPE_INDEX[other]] for s, v, face in seen if s == name and v == 1.0]
            row["other_side_at_1"] = float(np.mean(theirs))
        rows.append(row)
    whole = [
        np.abs(face[indices] - value * (np.array(names) == shown)).mean()
        for shown, value, face in seen
    ]
    rows.append({"table": "shapes", "shape": "all together", "error_mean": float(np.mean(whole))})
    return rows


def _other_side(name: str) -> str:
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return ""


def _arm_rows(seen: list[ArmSeen]) -> list[dict[str, Any]]:
    rows = []
    for pose in [*dict.fromkeys(arm.pose for arm in seen), "all together"]:
        own = [arm for arm in seen if pose in (arm.pose, "all together")]
        found = [arm for arm in own if arm.found]
        hands = [arm for arm in found if arm.hand_off is not None]
        row: dict[str, Any] = {
            "table": "arms",
            "pose": pose,
            "found_percent": 100.0 * len(found) / len(own),
            "swapped": sum(arm.swapped for arm in own),
        }
        if found:
            row["wrist_cm"] = float(np.mean([100.0 * arm.wrist_off for arm in found]))
            row["upper_arm_degrees"] = float(np.mean([arm.upper_off for arm in found]))
            row["forearm_degrees"] = float(np.mean([arm.lower_off for arm in found]))
        row["hand_found_percent"] = 100.0 * len(hands) / len(own)
        if hands:
            row["hand_degrees"] = float(np.mean([arm.hand_off or 0.0 for arm in hands]))
            row["fingers_degrees"] = float(np.mean([arm.fingers_off or 0.0 for arm in hands]))
        rows.append(row)
    return rows


def _speed(avatar: Avatar, studio: Studio, pictures: int) -> list[dict[str, Any]]:
    """How many pictures one core looks at: of somebody who shows a hand and turns their head."""
    up = {f"left{b}": quat_from_rotvec(np.array(v)) for b, v in ARM_POSES["hand up"].items()}
    setting = Setting(avatar, LENS, ARMS_AWAY)
    film = [
        setting.picture(studio, acted(avatar, head=(yaw, 0.0, 0.0), rotations=up))
        for yaw in (-6.0, -3.0, 0.0, 3.0, 6.0, 3.0, 0.0, -3.0)
    ]
    cores = os.sched_getaffinity(0) if sys.platform == "linux" else set()
    if cores:
        # Threads that the networks start stay on this core, too.
        os.sched_setaffinity(0, {max(cores)})
    try:
        plans = {"as time allows": Plan(), "face and body in every picture": Always("pose")}
        return [_run(what, plan, film, avatar, pictures) for what, plan in plans.items()]
    finally:
        if cores:
            os.sched_setaffinity(0, cores)


def _run(what: str, plan: Plan, film: list[Any], avatar: Avatar, pictures: int) -> dict[str, Any]:
    networks = Networks(plan=plan)
    person = Person(CameraSettings(), avatar.proportions)
    looks = {"pose": 0, "hands": 0}
    begun, cpu = time.perf_counter(), time.process_time()
    for k in range(pictures):
        now = (k + 1) * 33_333_333
        found = networks.look(film[k % len(film)], now)
        person.follow(found, now)
        looks["pose"] += found.pose_looked
        looks["hands"] += found.hands_looked
    cpu, wall = time.process_time() - cpu, time.perf_counter() - begun
    networks.close()
    return {
        "table": "speed, one core",
        "what": what,
        "hz": pictures / wall,
        "hz_of_a_core": pictures / cpu,
        "cpu_ms_a_picture": 1000.0 * cpu / pictures,
        "body_in_percent": 100.0 * looks["pose"] / pictures,
        "hands_in_percent": 100.0 * looks["hands"] / pictures,
        **{f"{name}_ms": cost for name, cost in plan.cost_ms.items()},
    }


def _photographs() -> list[dict[str, Any]]:
    """What is told of real people: by the average face's rest, since theirs is not known."""
    import cv2

    rows = []
    for name, library, inside in _PHOTOGRAPHS:
        spec = importlib.util.find_spec(library)
        places = list(spec.submodule_search_locations or ()) if spec is not None else []
        path = Path(places[0]) / inside if places else Path()
        row: dict[str, Any] = {"table": "photographs", "who": name}
        if not path.is_file():
            rows.append({**row, "found": f"not looked at: {library} is not installed"})
            continue
        picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        networks = Networks(plan=Always(*EVERYTHING))
        person = Person(CameraSettings(neutral_s=100.0, tilt=0.0, turn=0.0), default_proportions())
        people = 0
        # Too few for its own face to be taken for its rest.
        for k in range(4):
            found = networks.look(picture, (k + 1) * 33_333_333)
            sensed = person.follow(found, (k + 1) * 33_333_333)
            people = people if found.faces is None else found.faces
        networks.close()
        rows.append({**row, "people": people, **_of_photograph(found, sensed)})
        if found.face is not None:
            rows[-1] |= _turned(picture, found.face)
    return rows


def _turned(picture: Any, face: Floats) -> dict[str, float]:
    """How much is told of each degree by which a photographed face is turned."""
    from presence.bench.turned_photograph import turned_photograph

    networks = Networks(plan=Always())
    height, width = picture.shape[:2]
    lens = Lens(width, height)
    told: dict[str, float] = {}
    now = 0
    for axis, name in enumerate(("yaw", "pitch")):
        degrees, seen = np.array([-12.0, -6.0, 0.0, 6.0, 12.0]), []
        for by in degrees:
            turn = (by, 0.0) if axis == 0 else (0.0, by)
            shown = turned_photograph(picture, face, *turn)
            for _ in range(3):
                now += 33_333_333
                found = networks.look(shown, now)
            pose = None if found.face is None else find_face(found.face, lens, trained_model())
            if pose is None:
                seen.append(np.nan)
                continue
            back = Rigid.from_yaw(np.pi, np.zeros(3)) @ pose.camera_from_head
            seen.append(angles_of(back.rotation)[axis])
        found_ones = np.isfinite(seen)
        slope = np.polyfit(degrees[found_ones], np.array(seen)[found_ones], 1)[0]
        told[f"{name}_told_of_each"] = float(slope)
    networks.close()
    return told


def _of_photograph(found: Found, sensed: Sensed) -> dict[str, Any]:
    head = sensed.point(Point.HEAD)
    row: dict[str, Any] = {
        "found": "face" if found.face is not None else "no face",
        "shoulders": found.pose is not None and float(found.pose.visible[[11, 12]].min()) > 0.5,
        "hands": len(found.hands),
    }
    if head is not None:
        yaw, pitch, roll = angles_of(head.rotation)
        row |= {"yaw": yaw, "pitch": pitch, "roll": roll}
    for name in ("mouthSmileLeft", "mouthSmileRight", "jawOpen", "eyeBlinkLeft", "eyeBlinkRight"):
        row[name] = float(sensed.face[SHAPE_INDEX[name]])
    return row
