"""A started OpenXR runtime for tests, and a way to run clients of it."""

import contextlib
import json
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from presence.headset.installation import find_monado
from presence.headset.runtime import StartedRuntime, monado_runtime
from presence.tracking.sensed import Sensed, unpack_sensed

CLIENT = Path(__file__).with_name("openxr_client.py")
ANSWER_S = 60.0
SENSING_CLIENT = Path(__file__).with_name("openxr_sensing_client.py")


def require_monado():
    """Monado on this machine; skips, with the command that prepares it, where there is none."""
    monado = find_monado()
    if monado is None:
        pytest.skip("no Monado on this machine: python -m presence.headset.monado prepare")
    return monado


@pytest.fixture(scope="session")
def started_monado():
    """Monado's service, shared by the tests of a module."""
    with monado_runtime(require_monado()).started() as started:
        yield started


def start_client(started: StartedRuntime, *arguments: str, **environment: str) -> subprocess.Popen:
    """Start ``openxr_client.py`` as the runtime's client."""
    argv, wrapped = started.wrap([sys.executable, str(CLIENT), *arguments])
    return subprocess.Popen(
        argv,
        env={**wrapped, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_client(
    started: StartedRuntime, *arguments: str, within_s: float = 40.0, **environment: str
) -> dict:
    """Run ``openxr_client.py`` to its end and return what it found."""
    with start_client(started, *arguments, **environment) as client:
        try:
            output, complaints = client.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            client.kill()
            raise
    assert client.returncode == 0, complaints
    return json.loads(output.splitlines()[-1])


class SensingClient:
    """``openxr_sensing_client.py`` as it runs. State: the process."""

    def __init__(self, started: StartedRuntime, settings: dict, **environment: str) -> None:
        argv, wrapped = started.wrap([sys.executable, str(SENSING_CLIENT)])
        self.process = subprocess.Popen(
            argv,
            env={**wrapped, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._say(settings)

    def ask(self, *steps) -> dict:
        """Have it take some steps, and hear the last one's answer."""
        self._say(steps)
        # One line answers one line, so nothing waits in a buffer.
        heard, _, _ = select.select([self.process.stdout], [], [], ANSWER_S)
        assert heard, f"no answer to {steps} within {ANSWER_S} s"
        answer = self.process.stdout.readline()
        assert answer, self.process.stderr.read()
        return json.loads(answer)

    def sense(self, **values) -> Sensed:
        """What is known when the simulated sensors say this, and nothing else."""
        return self.sensed(["set", values], ["sense"])

    def sensed(self, *steps) -> Sensed:
        """What is known after some steps, of which the last is ``sense``."""
        return unpack_sensed(bytes.fromhex(self.ask(*steps)["sensed"]))

    def _say(self, what) -> None:
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()


@contextlib.contextmanager
def sensing_client(started: StartedRuntime, **settings):
    """A client that senses, for as long as the block runs; ``environment`` is its own."""
    client = SensingClient(started, settings, **settings.pop("environment", {}))
    try:
        yield client
    finally:
        client.process.stdin.close()
        try:
            client.process.wait(40)
        finally:
            client.process.kill()
            client.process.stdout.close()
            client.process.stderr.close()
            client.process.wait()


def judging(started: StartedRuntime, report: Path) -> dict[str, str]:
    """The environment in which Debian's core validation layer judges a client's calls."""
    bundle = started.runtime.monado.bundle
    layers = bundle.layers if bundle else "/usr/share/openxr/1/api_layers/explicit.d"
    return {
        "XR_ENABLE_API_LAYERS": "XR_APILAYER_LUNARG_core_validation",
        "XR_API_LAYER_PATH": str(layers),
        "XR_CORE_VALIDATION_EXPORT_TYPE": "text",
        "XR_CORE_VALIDATION_FILE_NAME": str(report),
    }


def judgement(report: Path) -> list[str]:
    """The errors and warnings that the layer wrote."""
    lines = report.read_text().splitlines()
    assert any("Core Validation Layer is initialized" in line for line in lines)
    return [line for line in lines if "VALID_ERROR" in line or "VALID_WARNING" in line]


EVERYTHING = [
    "XR_EXT_hand_tracking",
    "XR_EXT_hand_tracking_data_source",
    "XR_FB_body_tracking",
    "XR_META_body_tracking_full_body",
    "XR_BD_body_tracking",
    "XR_FB_face_tracking2",
    "XR_ANDROID_face_tracking",
    "XR_HTC_facial_tracking",
    "XR_EXT_eye_gaze_interaction",
    "XR_FB_eye_tracking_social",
    "XR_EXT_user_presence",
]


@pytest.fixture(scope="session")
def simulated_headset(started_monado):
    """A client of a headset that has every sensor there is; each test says what they see."""
    with sensing_client(started_monado, offers=EVERYTHING) as client:
        yield client


@pytest.fixture
def x_display():
    """An X display without a screen, as ``DISPLAY`` names it."""
    if shutil.which("Xvfb") is None:
        pytest.skip("no X server without a screen: apt install xvfb")
    with subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "320x240x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        number = server.stdout.readline().strip()
        yield f":{number}"
        server.terminate()
