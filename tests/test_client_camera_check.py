"""What the doctor says of cameras."""

import pytest

from presence.client import camera_check, doctor
from presence.client.camera_check import check_camera
from presence.client.finding import Verdict
from presence.errors import PresenceError
from presence.tracking.camera import devices
from presence.tracking.camera.devices import Camera


@pytest.fixture
def loads(monkeypatch):
    """Everything is installed, and loads."""
    monkeypatch.setattr(camera_check, "find_spec", lambda _: object())
    monkeypatch.setattr(doctor, "ask_child", lambda _: "")


def with_cameras(monkeypatch, *there):
    monkeypatch.setattr(devices, "cameras", lambda: list(there))


def test_what_is_not_installed_is_named_with_the_cure(monkeypatch):
    monkeypatch.setattr(camera_check, "find_spec", lambda name: None if name == "cv2" else object())
    found = check_camera()
    assert found.verdict is Verdict.WARN
    assert "opencv-contrib-python not installed" in found.sentence
    assert "presence[camera]" in found.cure


def test_a_library_that_does_not_load_is_a_failure(monkeypatch, loads):
    def fails(_):
        raise PresenceError("ImportError: libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(doctor, "ask_child", fails)
    found = check_camera()
    assert found.verdict is Verdict.FAIL
    assert "libGL.so.1" in found.sentence and "apt install" in found.cure


def test_no_camera_is_a_warning_and_one_is_named(monkeypatch, loads, tmp_path):
    with_cameras(monkeypatch)
    assert check_camera().verdict is Verdict.WARN
    monkeypatch.setenv("PRESENCE_CACHE", str(tmp_path))
    path = tmp_path / "video0"
    path.write_text("")
    with_cameras(monkeypatch, Camera(0, str(path), "Brio 500"))
    found = check_camera()
    assert found.verdict is Verdict.OK
    assert "Brio 500" in found.sentence and "landmarks" in found.sentence
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "face_landmarker.task").write_bytes(b"")
    assert "all 52 shapes" in check_camera().sentence


def test_a_camera_that_may_not_be_opened_is_a_warning_with_the_cure(monkeypatch, loads, tmp_path):
    with_cameras(monkeypatch, Camera(0, str(tmp_path / "gone"), "Brio 500"))
    found = check_camera()
    assert found.verdict is Verdict.WARN
    assert "Brio 500" in found.sentence
