"""The sensor and its process: started, watched, started anew, ended; MediaPipe at work in it."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from presence.bench.camera_set import Setting, acted
from presence.client.models import MODELS
from presence.client.studio import Studio
from presence.clock import SECOND, SkewedClock
from presence.errors import CameraError
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import quat_to_rotvec
from presence.resources import models_folder
from presence.scene.gltf import load_glb
from presence.scene.shipped import shipped_person
from presence.tracking.camera.devices import Camera, cameras, choose, why_not
from presence.tracking.camera.lens import Lens
from presence.tracking.camera.pictures import open_pictures
from presence.tracking.camera.sensor import FRESH_NS, CameraSensor, open_camera
from presence.tracking.camera.task import CameraSettings, Measures
from presence.tracking.sensed import Point

PATIENCE_S = 90.0
"""Far longer than anything here takes, on a machine that does much else."""

DEAF = """
import os, sys, time, msgspec
from presence.shared_memory import LatestSlot
from presence.tracking.camera.task import CameraStatus, CameraTask
from presence.tracking.sensed import Sensed, pack_sensed
task = msgspec.json.decode(sys.argv[1], type=CameraTask)
slot, status = LatestSlot(task.sensed.open()), LatestSlot(task.status.open())
for beat in range(1, 10**6):
    slot.write(pack_sensed(Sensed.nothing(time.monotonic_ns())))
    status.write(msgspec.json.encode(CameraStatus(beat=beat, rates={"face": 30.0})))
    time.sleep(0.01)
"""
"""A process that sees nobody and ends for nobody."""

STAND_IN = f"""
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
{DEAF}
"""

COMPLAINS = (
    "import sys; print('noise\\n\\nthe lens is covered: uncover it', file=sys.stderr); sys.exit(2)"
)
CRASHES = "import os; os.kill(os.getpid(), 11)"


@dataclass
class Hands:
    """A machine's clock that a test moves."""

    now: int = 10**12

    def __call__(self):
        return self.now


def sensor(code, machine_ns=time.monotonic_ns, clock=None):
    return CameraSensor(
        CameraSettings(),
        default_proportions(),
        clock or SkewedClock(),
        machine_ns=machine_ns,
        argv=(sys.executable, "-c", code),
    )


def until(what, patience_s=PATIENCE_S):
    """What ``what`` answers, as soon as that is anything."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        answer = what()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError("it never came")


def test_what_the_process_knows_comes_by_the_clock_that_asks_and_only_while_it_is_fresh():
    clock = SkewedClock(offset_ns=5 * 3600 * SECOND, drift_ppm=80.0)
    camera = sensor(STAND_IN, clock=clock)
    try:
        sensed = until(lambda: camera.sense(clock.now_ns()))
        assert 0 <= clock.now_ns() - sensed.capture_ns < 10 * SECOND
        assert camera.sense(sensed.capture_ns + FRESH_NS + 3600 * SECOND) is None
        assert until(lambda: camera.problem == "")
    finally:
        camera.close()


def test_a_process_that_dies_is_noticed_and_started_anew():
    camera = sensor(STAND_IN)
    try:
        until(lambda: camera.sense(time.monotonic_ns()))
        first = camera.process_id
        os.kill(first, 9)
        until(lambda: "ended" in camera.problem)
        until(lambda: camera.problem and camera.starts == 2)
        until(lambda: camera.problem == "")
        assert camera.process_id not in (None, first)
        assert until(lambda: camera.sense(time.monotonic_ns()))
    finally:
        camera.close()


def test_what_a_process_says_at_its_end_is_the_problem_and_pauses_grow():
    machine = Hands()
    camera = sensor(COMPLAINS, machine)
    try:
        until(lambda: camera.problem == "the lens is covered: uncover it")
        starts = []
        for _ in range(60):
            machine.now += SECOND // 2
            before = camera.starts
            assert camera.problem == "the lens is covered: uncover it"
            if camera.starts > before:
                starts.append(machine.now)
                until(lambda: camera.problem and camera.process_id is None)
        pauses = np.diff(starts) / SECOND
        assert pauses[0] < pauses[1] <= pauses[-1] <= 10.5
        assert len(starts) >= 4
    finally:
        camera.close()


def test_a_crash_is_told_as_a_sentence():
    camera = sensor(CRASHES, Hands())
    try:
        assert "doctor" in until(lambda: "ended" in camera.problem and camera.problem)
    finally:
        camera.close()


def test_a_process_that_says_nothing_any_more_is_ended():
    machine = Hands()
    camera = sensor("import time; time.sleep(600)", machine)
    try:
        hanging = camera.process_id
        assert "started" in camera.problem
        machine.now += 61 * SECOND
        assert "hangs" in camera.problem
        with pytest.raises(ProcessLookupError):
            os.kill(hanging, 0)
    finally:
        camera.close()


def test_closing_ends_the_process_even_one_that_does_not_listen_and_may_be_done_twice():
    camera = sensor(DEAF)
    until(lambda: camera.sense(time.monotonic_ns()))
    number = camera.process_id
    camera.close()
    camera.close()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    assert camera.sense(time.monotonic_ns()) is None
    assert camera.problem == ""
    assert camera.preview() is None


def test_a_face_model_that_the_user_fetched_is_used_and_one_that_is_named_before_it(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("PRESENCE_CACHE", str(tmp_path))
    fetched = models_folder() / MODELS["face"].file
    fetched.parent.mkdir(parents=True)
    seen = []
    monkeypatch.setattr(
        "presence.tracking.camera.sensor.CameraSensor", lambda settings, *_: seen.append(settings)
    )
    open_camera()
    fetched.write_bytes(b"")
    open_camera()
    open_camera(CameraSettings(face_model="another"))
    assert [settings.face_model for settings in seen] == [None, str(fetched), "another"]


def test_measures_come_through_json_whole():
    body = default_proportions(1.62)
    again = Measures.of(body).proportions()
    for name in ("offsets", "fingertips", "toes", "soles", "crown"):
        assert np.array_equal(getattr(again, name), getattr(body, name))


# ── devices ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def two_cameras(tmp_path):
    devices, names = tmp_path / "dev", tmp_path / "names"
    for number, name, index in ((0, "Built-in", 0), (1, "Built-in", 1), (2, "Brio 500", 0)):
        folder = names / f"video{number}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "index").write_text(f"{index}\n")
        devices.mkdir(exist_ok=True)
        (devices / f"video{number}").write_text("")
    (devices / "videography").write_text("")
    return cameras(devices, names)


def test_cameras_are_listed_without_their_devices_that_give_no_pictures(two_cameras):
    assert [(camera.number, camera.name) for camera in two_cameras] == [
        (0, "Built-in"),
        (2, "Brio 500"),
    ]


def test_a_camera_is_chosen_by_number_path_or_name(two_cameras):
    assert choose("default", two_cameras).number == 0
    assert choose("2", two_cameras).number == 2
    assert choose(two_cameras[1].path, two_cameras).number == 2
    assert choose("brio", two_cameras).number == 2
    with pytest.raises(CameraError, match="Brio 500"):
        choose("7", two_cameras)
    with pytest.raises(CameraError, match="plug one in"):
        choose("default", [])


def test_why_a_camera_cannot_be_opened_is_a_sentence(monkeypatch, tmp_path):
    camera = Camera(0, str(tmp_path / "video0"), "Built-in")
    assert "is not there: plug it in" in why_not(camera)
    Path(camera.path).write_text("")
    assert "in use by another program" in why_not(camera)

    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    assert "group `video`" in why_not(camera)


# ── pictures and the real process ─────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A folder of pictures of somebody who turns their head to their left and back."""
    pytest.importorskip("mediapipe")
    folder = tmp_path_factory.mktemp("film")
    avatar = load_glb(shipped_person("ada"))
    setting = Setting(avatar, Lens(640, 480), 0.75)
    with Studio() as studio:
        for k, yaw in enumerate((0, 6, 12, 18, 24, 18, 12, 6)):
            picture = setting.picture(studio, acted(avatar, head=(yaw, 0.0, 0.0)))
            Image.fromarray(picture).save(folder / f"{k:02}.png")
    return folder


def test_pictures_of_a_folder_are_played_over_and_over_at_their_rate(film):
    pictures = open_pictures(CameraSettings(device=f"file:{film}", rate=100.0))
    try:
        times = []
        for _ in range(20):
            picture, taken_ns = pictures.next(5.0)
            assert picture.shape == (480, 640, 3)
            times.append(taken_ns)
        steps = np.diff(times)
        assert (steps > 0).all() and not (steps % (SECOND // 100)).any()
    finally:
        pictures.close()


def test_what_cannot_be_played_is_a_sentence(tmp_path):
    pytest.importorskip("cv2")
    for device in (tmp_path / "none", tmp_path):
        with pytest.raises(CameraError, match=r"give a video"):
            open_pictures(CameraSettings(device=f"file:{device}"))
    (tmp_path / "noise.mp4").write_bytes(b"no film")
    with pytest.raises(CameraError, match="no picture that can be read"):
        open_pictures(CameraSettings(device=f"file:{tmp_path / 'noise.mp4'}"))


def test_without_a_camera_the_sensor_says_so_and_what_to_do():
    camera = open_camera(CameraSettings(device="no such camera"))
    try:
        until(lambda: "start" not in camera.problem)
        sentence = camera.problem
        assert "choose from" in sentence or "plug one in" in sentence
    finally:
        camera.close()


def sockets_of(process_id):
    links = Path(f"/proc/{process_id}/fd")
    found = set()
    for link in links.iterdir():
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def followed(film, clock, mirrored):
    """Fifteen instants of whom the film shows, the preview, and the sockets that were open."""
    settings = CameraSettings(
        device=f"file:{film}", rate=20.0, neutral_s=0.4, turn=0.0, tilt=0.0, mirrored=mirrored
    )
    camera = open_camera(settings, clock=clock)
    try:
        until(lambda: camera.problem == "")
        told, sockets = [], set()

        def one_more():
            sensed = camera.sense(clock.now_ns())
            sockets.update(sockets_of(camera.process_id))
            new = sensed is not None and (not told or told[-1].capture_ns < sensed.capture_ns)
            if new and sensed.point(Point.HEAD) is not None:
                told.append(sensed)
            return len(told) >= 15

        until(one_more)
        assert camera.status().rates["face"] > 1.0
        assert until(lambda: camera.preview() is not None)
        return told, camera.preview().copy(), sockets
    finally:
        camera.close()


@pytest.mark.timeout(300)
def test_a_person_is_followed_a_mirrored_picture_is_turned_back_and_no_socket_is_opened(film):
    clock = SkewedClock(offset_ns=-3 * 3600 * SECOND)
    for mirrored, side in ((False, 1.0), (True, -1.0)):
        told, preview, sockets = followed(film, clock, mirrored)
        # They only ever turn to their left; who calls that mirrored sees them turn right.
        yaws = np.array([quat_to_rotvec(each.orientations[Point.HEAD])[1] for each in told])
        assert np.degrees(side * yaws).max() > 8.0
        assert np.degrees(side * yaws).min() > -6.0
        assert all(each.present and each.face_confidence.max() > 0.0 for each in told)
        assert preview.std() > 5.0 and preview.shape[1] <= 320
        assert not sockets
