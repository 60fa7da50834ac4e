"""The service and its guard, with a small program in Monado's place."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from presence.errors import HeadsetError
from presence.headset.installation import Monado
from presence.headset.service import MonadoService

SERVES = """
import os, socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(os.path.join(os.environ["XDG_RUNTIME_DIR"], "monado_comp_ipc"))
open(os.path.join(os.environ["XDG_RUNTIME_DIR"], "seen"), "w").write(os.environ["SIMULATED_ENABLE"])
time.sleep(60)
"""
REFUSES_TO_END = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVES
FAILS = "import sys; print('first'); print('no graphics card'); sys.exit(3)"
NEVER_READY = "import time; time.sleep(60)"


def monado(tmp_path, program):
    script = tmp_path / "monado-service"
    script.write_text(f"#!{sys.executable} -IS\n{program}")
    script.chmod(0o755)
    return Monado(tmp_path / "manifest.json", script, None)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition, within_s=10.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_a_service_runs_in_a_folder_of_its_own_and_is_gone_afterwards(tmp_path):
    with MonadoService(monado(tmp_path, SERVES)) as service:
        folder, pid = service.folder, service.pid
        assert folder.stat().st_mode & 0o777 == 0o700
        assert alive(pid)
        wait_until(lambda: (folder / "seen").exists() and (folder / "seen").read_text() == "1")
    assert not folder.exists()
    assert not alive(pid)


def test_two_services_do_not_meet(tmp_path):
    program = monado(tmp_path, SERVES)
    with MonadoService(program) as one, MonadoService(program) as other:
        assert one.folder != other.folder
        assert one.pid != other.pid


def test_a_service_that_refuses_to_end_is_killed(tmp_path):
    with MonadoService(monado(tmp_path, REFUSES_TO_END)) as service:
        folder, pid = service.folder, service.pid
    assert not alive(pid)
    assert not folder.exists()


def test_a_service_that_fails_to_start_says_why(tmp_path):
    with (
        pytest.raises(HeadsetError, match=r"status 3\): no graphics card"),
        MonadoService(monado(tmp_path, FAILS)),
    ):
        pass


def test_a_service_that_is_never_ready_is_given_up(tmp_path):
    begun = time.monotonic()
    service = MonadoService(monado(tmp_path, NEVER_READY), ready_within_s=0.5)
    with pytest.raises(HeadsetError, match="not ready"):
        service.__enter__()
    assert time.monotonic() - begun < 5
    assert not alive(service.pid)


def test_an_exception_in_the_block_ends_the_service_too(tmp_path):
    with pytest.raises(KeyboardInterrupt), MonadoService(monado(tmp_path, SERVES)) as service:
        folder, pid = service.folder, service.pid
        raise KeyboardInterrupt
    assert not alive(pid)
    assert not folder.exists()


def starter(tmp_path):
    """A process that starts a service and says so; its folder and the service's process id."""
    monado(tmp_path, SERVES)
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from presence.headset.installation import Monado\n"
        "from presence.headset.service import MonadoService\n"
        f"monado = Monado(Path('x'), Path({str(tmp_path / 'monado-service')!r}), None)\n"
        "with MonadoService(monado) as service:\n"
        "    print(service.folder, service.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    folder, pid = process.stdout.readline().split()
    return process, folder, int(pid)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_process_that_started_it(tmp_path, how):
    process, folder, pid = starter(tmp_path)
    with process:
        # Ctrl-C reaches the whole group of a terminal's foreground process.
        os.killpg(process.pid, how)
        process.wait(10)
    wait_until(lambda: not alive(pid) and not Path(folder).exists())


def test_the_service_does_not_outlive_its_guard(tmp_path):
    with MonadoService(monado(tmp_path, SERVES)) as service:
        status = Path(f"/proc/{service.pid}/status").read_text()
        guard = int(re.search(r"^PPid:\s*(\d+)$", status, re.MULTILINE)[1])
        os.kill(guard, signal.SIGKILL)
        pid, folder = service.pid, service.folder
        wait_until(lambda: not alive(pid))
    for leftover in folder.iterdir():
        leftover.unlink()
    folder.rmdir()
