"""The whole demo: a host, two performers, and a view through a real OpenXR runtime."""

import contextlib
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import av
import pytest
from PIL import Image

from presence.headset.runtime import find_runtime


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder of a demo through OpenXR, and what it said."""
    if find_runtime() is None:
        pytest.skip("no OpenXR runtime: python -m presence.headset.monado prepare")
    out = tmp_path_factory.mktemp("demo") / "out"
    done = subprocess.run(
        [sys.executable, "-m", "presence", "demo", "--seconds", "12", "--out", str(out)],
        capture_output=True,
        text=True,
        timeout=110,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "120"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out, done.stdout


pytestmark = [pytest.mark.openxr, pytest.mark.slow]


def test_both_eyes_are_pictures_of_at_least_960_pixels_a_side(demo):
    out, _ = demo
    for name in ("left.png", "right.png"):
        with Image.open(out / name) as picture:
            assert min(picture.size) >= 960
            # People, a floor and a wall: no plain colour covers most of it.
            colours = picture.convert("RGB").resize((64, 64)).getcolors(4096)
            assert max(count for count, _ in colours) < 2048


def test_the_eyes_saw_from_two_places(demo):
    out, _ = demo
    with Image.open(out / "left.png") as left, Image.open(out / "right.png") as right:
        assert left.size == right.size
        assert left.tobytes() != right.tobytes()


def test_the_video_is_h264_of_the_call_at_its_true_times(demo):
    out, _ = demo
    with av.open(str(out / "call.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        times = [frame.time for frame in container.decode(stream)]
    report = json.loads((out / "report.json").read_text())
    assert all(b > a for a, b in itertools.pairwise(times))
    assert times[-1] - times[0] >= 10.0
    # As many frames a second as were displayed, not a nominal rate.
    rate = (len(times) - 1) / (times[-1] - times[0])
    assert rate == pytest.approx(report["render_fps"], rel=0.25)


def test_the_report_says_everything_that_it_should(demo):
    out, _ = demo
    report = json.loads((out / "report.json").read_text())
    assert "Monado" in report["runtime"] or os.environ.get("XR_RUNTIME_JSON")
    assert {"p50", "p95", "p99"} <= report["capture_to_display_ms"].keys()
    for name in ("cpu_ms_per_frame", "error_mm"):
        assert {"p50", "p95"} <= report[name].keys()
    for name in (
        "render_fps",
        "display_interval_ms",
        "prediction_lead_ms",
        "playout_estimate_ms",
        "freeze_ratio",
    ):
        assert report[name] >= 0.0
    assert min(report["still_size"]) >= 960
    assert [p["name"] for p in report["participants"]] == ["You", "Ada", "Ben"]
    for person in report["participants"]:
        assert person["carrier"].startswith("rtp")
        assert person["sent"] > 100
        assert person["sent"] == person["received"] + person["lost"]
        assert 0.0 < person["bytes_mean"] <= 250.0


def test_what_was_shown_is_what_was_acted(demo):
    out, _ = demo
    report = json.loads((out / "report.json").read_text())
    assert 0.0 < report["error_mm"]["p50"] <= 5.0
    # Capture comes before display, whatever the participants' own clocks say.
    assert 0.0 < report["capture_to_display_ms"]["p50"] < 2000.0


def running():
    """The command lines of all processes."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        # A process may end while it is looked at.
        with contextlib.suppress(OSError):
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")


def test_nothing_is_left_but_what_was_promised(demo):
    out, _ = demo
    assert {path.name for path in out.iterdir()} == {
        "call.mp4",
        "left.png",
        "report.json",
        "right.png",
    }
    assert not [line for line in running() if str(out) in line]


@pytest.mark.parametrize("text", [None, "no motion at all"])
def test_a_motion_file_that_cannot_be_used_is_said_before_anything_starts(tmp_path, text):
    motion = tmp_path / "clip.bvh"
    if text is not None:
        motion.write_text(text)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "presence",
            "demo",
            "--motion",
            str(motion),
            "--out",
            str(tmp_path / "out"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "clip.bvh" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
