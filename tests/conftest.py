"""What may be skipped, and what tests share."""

import os
import tempfile
from pathlib import Path

import hypothesis
import pytest
from by_file import PEOPLE, ByFile
from gl_context import gl, gl_context, renderer  # noqa: F401  (fixtures)
from openxr_runtime import (  # noqa: F401  (fixtures)
    simulated_headset,
    started_monado,
    x_display,
)
from twenty_people import twenty_people  # noqa: F401  (fixture)

IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")

# Times on a shared machine say nothing about the code, and in CI the same inputs come every time.
hypothesis.settings.register_profile("presence", deadline=None, derandomize=IN_CI)
hypothesis.settings.load_profile("presence")

# What a host keeps from run to run is no business of the tests', nor are theirs of its.
_state = tempfile.TemporaryDirectory(prefix="presence-state-")
os.environ["PRESENCE_STATE"] = _state.name

_data_skips: list[str] = []
"""Tests that skipped for want of outside data; by worker processes, too."""


def _outside_data() -> Path | None:
    """Where motion clips and VRM people that are no part of the project lie, if anywhere."""
    named = os.environ.get("PRESENCE_DATA")
    return Path(named).resolve() if named and Path(named).is_dir() else None


@pytest.fixture(scope="session")
def outside_data() -> Path:
    """The folder of outside data; whoever uses it is marked ``data``."""
    folder = _outside_data()
    assert folder is not None, "a test that uses outside_data needs the marker `data`"
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_configuration(tmp_path_factory):
    """The device key that tests make is not that of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("configuration")))
        yield


_PACKAGES = ("codec", "playout", "pose", "room", "scene", "tracking", "voice", "wire")
_DRAWN = ("avatar", "looks", "mirror", "studio", "turntable")
# What goes by the time that it is given.
_TOLD_THE_TIME = (
    *("arrivals", "congestion", "feedback", "gate", "ledger", "link", "loss_share", "pacer"),
    *("rtp", "shedding", "strands.py"),
)
# Benchmarks of one process, by its own time of the processor.
_RECKONED = ("clicks", "codec", "echo", "filter", "ik", "lips", "playout", "seal", "voice")
_PURE = (
    *(f"test_{package}_" for package in _PACKAGES),
    *(f"test_client_{name}" for name in _DRAWN),
    *(f"test_transport_{name}" for name in _TOLD_THE_TIME),
    *(f"test_bench_{name}" for name in _RECKONED),
    *("test_camera_", "test_judges_face_mesh", "test_render_"),
)

_PATIENT = (
    *(f"test_relay_{name}" for name in ("cluster", "door", "metrics", "port")),
    *(f"test_transport_{name}" for name in ("mesh", "signalling", "ways_real", "websocket")),
)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.name.startswith(_PATIENT):
            item.add_marker("patient")
        if item.path.name.startswith(_PURE):
            item.add_marker("pure")
            if "twenty_people" in getattr(item, "fixturenames", ()):
                assert item.path.stem in PEOPLE, f"{item.path.stem} wants to be in by_file.PEOPLE"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)


def pytest_runtest_setup(item):
    if item.get_closest_marker("data") and _outside_data() is None:
        pytest.skip("no outside data: PRESENCE_DATA names no folder")


def _reason(report) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


def _forbid_skip(report) -> None:
    report.outcome = "failed"
    report.longrepr = f"in CI only tests marked `data` may skip; this one said: {_reason(report)}"


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(item, call):
    report = yield
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if skipped and IN_CI and not item.get_closest_marker("data"):
        _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    # A whole module that skips says so here, where no marker can be asked for.
    if report.skipped and IN_CI:
        _forbid_skip(report)
    return report


@pytest.hookimpl
def pytest_runtest_logreport(report):
    if report.skipped and "data" in report.keywords:
        _data_skips.append(report.nodeid)


def pytest_terminal_summary(terminalreporter, config):
    skipped = len(_data_skips)
    if skipped:
        where = os.environ.get("PRESENCE_DATA") or "not set"
        terminalreporter.write_line(
            f"skipped for want of outside data (PRESENCE_DATA is {where}): {skipped}",
            yellow=True,
        )
