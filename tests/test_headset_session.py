"""A session with a real runtime: Monado and its simulated headset."""

import os
import signal
import statistics
import time

import numpy as np
import pytest
from openxr_runtime import judgement, judging, require_monado, run_client, start_client

from presence.errors import HeadsetError
from presence.headset.runtime import monado_runtime

pytestmark = pytest.mark.openxr


@pytest.fixture(scope="module")
def drawn(started_monado):
    return run_client(started_monado, "draw", "--frames", "60")


def test_the_session_is_focused_and_ends_in_order(drawn):
    assert drawn["states"][-1] == "FOCUSED"
    assert drawn["finished"]
    assert len(drawn["woke_ns"]) == 60
    assert drawn["drawn"] >= 50


def test_the_runtime_tells_its_name_and_version(drawn):
    assert "Monado" in drawn["runtime"]
    assert int(drawn["version"].split(".")[0]) >= 21


def test_each_eye_gets_its_own_picture(drawn):
    assert drawn["pixels"] == {"0": [[255, 0, 0, 255]], "1": [[0, 0, 255, 255]]}
    assert drawn["srgb"]


def test_times_are_the_machines_and_go_forward(drawn, capsys):
    woke, display = np.array(drawn["woke_ns"]), np.array(drawn["display_ns"])
    assert abs(time.monotonic_ns() - woke[-1]) < 60e9
    assert (np.diff(woke) > 0).all()
    assert (np.diff(display) > 0).all()
    lead_ms = (display - woke) / 1e6
    # A first frame may be late; a runtime that predicted the past would be late on all.
    assert (lead_ms[5:] > 0).mean() > 0.9
    assert statistics.median(lead_ms) < 200
    period_ms = statistics.median(drawn["period_ns"]) / 1e6
    interval_ms = float(np.median(np.diff(display))) / 1e6
    assert interval_ms == pytest.approx(period_ms, rel=0.2)
    with capsys.disabled():
        print(
            f"\n[{drawn['runtime']} {drawn['version']}: lead {lead_ms.min():.1f} / "
            f"{statistics.median(lead_ms):.1f} / {lead_ms.max():.1f} ms (min, median, max), "
            f"period {period_ms:.1f} ms, interval {interval_ms:.1f} ms]"
        )


def test_the_eyes_are_apart_above_the_floor_and_look_both_ways(drawn):
    left, right = np.array(drawn["eyes"]).transpose(1, 0, 2)
    apart = np.linalg.norm(right - left, axis=1)
    assert ((apart > 0.05) & (apart < 0.08)).all()
    # The person's right is +X.
    assert (right[:, 0] > left[:, 0]).all()
    assert ((left[:, 1] > 1.2) & (left[:, 1] < 2.0)).all()
    to_left, to_right, up, down = drawn["fov"]
    assert to_left < 0 < to_right
    assert down < 0 < up
    assert drawn["space"] in ("LOCAL_FLOOR", "STAGE")


def test_another_thread_reads_the_sensors_at_its_own_rate(drawn):
    head = [where for where in drawn["head"] if where is not None]
    seconds = (drawn["woke_ns"][-1] - drawn["woke_ns"][0]) / 1e9
    assert len(head) > 30 * seconds
    eyes = np.array(drawn["eyes"]).mean(axis=1)
    lowest, highest = eyes.min(axis=0) - 0.1, eyes.max(axis=0) + 0.1
    assert ((np.array(head) > lowest) & (np.array(head) < highest)).all()
    # The simulated head moves; asking for now must not return the last frame's pose.
    assert len(np.unique(np.array(head), axis=0)) > 0.9 * len(head)
    assert drawn["after_close"] is None


def _judged(started, display, folder, *arguments):
    """Run a client under Debian's core validation layer; the errors that it found.

    Through GLX, because the layer was built without EGL and takes its binding for a fault.
    """
    report = folder / "validation.txt"
    run_client(
        started,
        *arguments,
        "--backend",
        "x11",
        DISPLAY=display,
        **judging(started, report),
    )
    return judgement(report)


def test_the_validation_layer_finds_no_error_in_200_frames(started_monado, x_display, tmp_path):
    assert _judged(started_monado, x_display, tmp_path, "draw", "--frames", "200") == []


def test_the_validation_layer_finds_no_error_in_a_session_that_is_broken_off(
    started_monado,
    x_display,
    tmp_path,
):
    assert _judged(started_monado, x_display, tmp_path, "break-off") == []


def test_children_of_a_wrapped_process_have_the_systems_own_opengl(started_monado):
    found = run_client(started_monado, "children", LC_ALL="C")
    assert found["original"], found["complaints"]
    service_folder = str(started_monado.service.folder)
    assert not [name for name, value in found["environment"].items() if service_folder in value]
    if (bundle := started_monado.runtime.monado.bundle) is not None:
        # Without this care the child would load drivers that its C library cannot run.
        assert not found["inherited_works"]
        assert not [
            name for name, value in found["environment"].items() if str(bundle.folder) in value
        ]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_runtime_that_dies_in_mid_session_is_an_error_in_words(how):
    with monado_runtime(require_monado()).started() as started:
        client = start_client(started, "endless")
        assert client.stdout.readline() == "showing\n"
        os.kill(started.service.pid, how)
        output, complaints = client.communicate(timeout=15)
    assert client.returncode == 0, complaints
    assert "start this program again" in output
    assert '"sensed": null' in output


def test_the_probe_describes_the_runtime(started_monado):
    found = started_monado.describe()
    assert "Monado" in found["runtime"]
    assert found["graphics"] == "egl"
    assert len(found["views"]) == 2
    assert "XR_KHR_opengl_enable" in found["extensions"]


def test_a_probe_without_a_service_says_what_to_do():
    with monado_runtime(require_monado()).started() as started:
        os.kill(started.service.pid, signal.SIGKILL)
        time.sleep(0.2)
        with pytest.raises(HeadsetError, match="runtime"):
            started.describe()


def test_nothing_is_left_of_a_service_that_was_stopped():
    with monado_runtime(require_monado()).started() as started:
        folder, pid = started.service.folder, started.service.pid
        assert (folder / "monado_comp_ipc").exists()
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
