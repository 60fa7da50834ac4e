#!/usr/bin/env python3
"""Set this checkout up for a make target: system packages, a virtual environment, a runtime.

    python3 scripts/setup.py demo | test | check | docs | bench | assets

Needs nothing but Python. Every step looks first and does nothing when there is nothing to do, so
a second run takes a moment. Nothing is written outside the checkout but Debian packages (as root
or with passwordless sudo; otherwise their command is printed) and the prepared OpenXR runtime in
the user's cache.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

GOALS = ("demo", "test", "check", "docs", "bench", "assets")
# numpy is locked to a version without wheels for a newer Python.
OLDEST, NEWEST = (3, 11), (3, 12)

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"test": ROOT / "requirements" / "test.txt"}
LOCK = ROOT / "requirements" / "dev.txt"
"""Of every other goal: a part of what the tests want."""
STAMP = VENV / "presence-setup"
LOOPS_STAMP = VENV / "presence-loops"
LOOPS_GOALS = ("demo", "test", "bench")
LOOPS = ("presence", "presence/codec", "presence/playout", "presence/pose", "presence/voice")
"""Whose sources machine code is made of."""
JUDGES = ROOT / "tests" / "judges"
JUDGES_STAMP = JUDGES / "node_modules" / ".presence-setup"

# OpenAL Soft with its data of heads, which places voices in the room; PortAudio, which reaches
# microphones and headphones.
SOUND_PACKAGES = ("libopenal1", "libportaudio2")
SOUND_GOALS = ("demo", "test", "bench")
# Everything else that the libraries load comes inside their wheels.
GL_PACKAGES = ("libegl1", "libgl1", "libgl1-mesa-dri")
# Says what is measured and tested of voices.
SPEECH_PACKAGES = ("espeak-ng",)
SPEECH_GOALS = ("test", "bench")
# OpenXR's validation layer judges a client that draws on an X display; a browser shows our people;
# calls are relayed by a real TURN server between networks that the kernel makes; lips are judged on
# speech whose every sound is known; systemd reads the unit by which a relay runs.
TEST_PACKAGES = (
    *("xvfb", "chromium", "coturn", "iproute2", "nftables", "procps", "libespeak-ng1"),
    "systemd",
    "nats-server",
)
QUIET_SERVICES = {"coturn", "nats-server"}

_TTY = sys.stdout.isatty()
_TELL_EVERY = 10.0


class SetupError(Exception):
    """Setting up has failed; the message says what to do."""


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    begun = time.monotonic()
    print(f"● {title}", flush=True)
    yield
    print(f"  done in {time.monotonic() - begun:.1f} s", flush=True)


def run(command: Sequence[str | Path], **environment: str) -> None:
    """Run a command; what it last said is shown while it runs, and more if it fails.

    Raises:
        SetupError: it failed.
    """
    words = [str(word) for word in command]
    said: collections.deque[str] = collections.deque(maxlen=40)
    with subprocess.Popen(
        words,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        lines = (line.rstrip() for line in process.stdout)
        reader = threading.Thread(target=lambda: said.extend(filter(None, lines)))
        reader.start()
        begun = told = time.monotonic()
        while reader.is_alive():
            reader.join(0.2)
            now = time.monotonic()
            if said and now - told > (0.2 if _TTY else _TELL_EVERY):
                told = now
                _show(f"{now - begun:4.0f} s  {said[-1].strip()}")
    _show("")
    if process.returncode:
        raise SetupError("\n".join([*said, f"failed: {' '.join(words)}"]))


def _show(line: str) -> None:
    """One line of progress: rewritten in place on a terminal, else printed."""
    line = line[: shutil.get_terminal_size().columns - 3]
    if _TTY:
        print(f"\r\x1b[K  {line}" if line else "\r\x1b[K", end="", flush=True)
    elif line:
        print(f"  {line}", flush=True)


def succeeds(*command: str | Path) -> bool:
    """Whether a command ends well; it says nothing."""
    with contextlib.suppress(OSError):
        return subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    return False


def uses_apt() -> bool:
    """Whether this is Debian or one of its kin."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg-query"))


def missing_packages(packages: Sequence[str]) -> list[str]:
    """Those Debian packages that are not installed."""
    missing = []
    for package in packages:
        query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
        status = subprocess.run(query, capture_output=True, text=True).stdout
        if "installed" not in status.split():
            missing.append(package)
    return missing


def install_packages(packages: Sequence[str], besides: Sequence[str] = ()) -> None:
    """Install the Debian packages that are missing.

    Args:
        packages: what is needed now.
        besides: what will be needed later, so that a person is asked only once.

    Raises:
        SetupError: that is not allowed here, and the message has the command; or apt failed.
    """
    missing = missing_packages(packages)
    if not missing:
        return
    missing += missing_packages(besides)
    if os.geteuid() == 0:
        become_root: list[str] = []
    elif succeeds("sudo", "--non-interactive", "true"):
        become_root = ["sudo", "--non-interactive"]
    else:
        raise SetupError(
            "system packages are missing, and only an administrator may install them:\n"
            f"    sudo apt-get install --no-install-recommends {' '.join(missing)}\n"
            "then run make again"
        )
    apt = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    with step(f"Installing system packages: {' '.join(missing)}"):
        run([*apt, "-o", "DPkg::Lock::Timeout=120", "update"])
        run(
            [
                *(*apt, "-o", "DPkg::Lock::Timeout=120"),
                *("install", "--yes", "--no-install-recommends", *missing),
            ]
        )
        for service in sorted(QUIET_SERVICES.intersection(missing)):
            # The tests start their own; a machine must not serve strangers because it ran them.
            if shutil.which("systemctl"):
                succeeds(*become_root, "systemctl", "disable", "--now", service)


def set_up_system(goal: str, besides: Sequence[str]) -> None:
    """The packages that the virtual environment, the libraries in it and the tests need."""
    packages = [*GL_PACKAGES, *(SOUND_PACKAGES if goal in SOUND_GOALS else ())]
    packages += SPEECH_PACKAGES if goal in SPEECH_GOALS else ()
    packages += TEST_PACKAGES if goal == "test" else ()
    # Debian keeps the part of Python that makes virtual environments in a package of its own.
    if not PYTHON.exists() and importlib.util.find_spec("ensurepip") is None:
        packages.insert(0, f"python3.{sys.version_info.minor}-venv")
    if uses_apt():
        install_packages(packages, besides)
    elif not PYTHON.exists():
        print("● This is no Debian: see that EGL, OpenGL and Mesa's drivers are installed")


def set_up_environment(goal: str) -> None:
    """The virtual environment, with the locked libraries and this checkout in it."""
    lock = LOCKS.get(goal, LOCK)
    project = (ROOT / "pyproject.toml").read_bytes()
    if _has_environment([_stamp(each, project) for each in {lock, *LOCKS.values()}]):
        return
    # By its own path, which no longer works in a checkout that was moved.
    if not succeeds(VENV / "bin" / "pip", "--version"):
        with step(f"Making a virtual environment in {VENV.name}"):
            run([sys.executable, "-m", "venv", "--clear", VENV])
    pip: list[str | Path] = [
        *(PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input"),
        *("install", "--progress-bar", "off", "--no-deps"),
    ]
    with step(f"Installing the libraries of {lock.relative_to(ROOT)}"):
        # The lock names everything that is needed and leaves out what is only asked for. What is
        # never imported need not be compiled, either.
        run([*pip, "--no-compile", "--require-hashes", "--requirement", lock])
    with step("Installing presence itself, as it is in this checkout"):
        # What builds it is locked, too, so nothing else is fetched for the build.
        run([*pip, "--no-build-isolation", "--editable", ROOT])
    STAMP.write_text(_stamp(lock, project))


def _stamp(lock: Path, project: bytes) -> str:
    """What the environment is marked with once it holds a lock."""
    return hashlib.sha256(bytes(VENV) + lock.read_bytes() + project).hexdigest()


def _has_environment(stamps: Sequence[str]) -> bool:
    """Whether there is an environment that one of these stamps marks."""
    return STAMP.exists() and STAMP.read_text() in stamps and succeeds(PYTHON, "-c", "")


def set_up_loops() -> None:
    """The inner loops' machine code, so that not every process of a demo makes it for itself."""
    digest = hashlib.sha256(STAMP.read_bytes())
    for source in sorted(source for folder in LOOPS for source in (ROOT / folder).glob("*.py")):
        digest.update(source.read_bytes())
    stamp = digest.hexdigest()
    if LOOPS_STAMP.exists() and LOOPS_STAMP.read_text() == stamp:
        return
    with step("Compiling the inner loops, once for this version; up to a minute"):
        run([PYTHON, "-c", "from presence.client.preparing import prepare_loops as p; p(print)"])
    LOOPS_STAMP.write_text(stamp)


def set_up_judges() -> None:
    """The programs, of Node, that judge the files that we make: they are the tests' own."""
    lock = (JUDGES / "package-lock.json").read_bytes()
    stamp = hashlib.sha256(lock).hexdigest()
    if JUDGES_STAMP.exists() and JUDGES_STAMP.read_text() == stamp:
        return
    binaries = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    with step(f"Installing the judges of {(JUDGES / 'package-lock.json').relative_to(ROOT)}"):
        run([VENV / "bin" / "npm", "ci", "--prefix", JUDGES], PATH=binaries)
    JUDGES_STAMP.write_text(stamp)


def set_up_monado() -> None:
    """Monado, an OpenXR runtime that needs neither headset nor display, prepared once.

    Raises:
        SetupError: it could not be prepared.
    """
    if uses_apt():
        install_packages(monado_packages())
    with step("Preparing Monado, an OpenXR runtime for machines without a headset"):
        run([PYTHON, "-m", "presence.headset.monado", "prepare"])


def monado_packages() -> list[str]:
    """What unpacks Monado; only root can do without user namespaces."""
    return ["mmdebstrap"] if os.geteuid() == 0 else ["mmdebstrap", "uidmap"]


# These two parts of the package need nothing but Python, so they can be asked at any time.
_HAS_MONADO = """
import sys
from presence.headset.installation import find_monado
sys.exit(find_monado() is None)
"""
_HAS_RUNTIME = """
import sys
from presence.headset.runtime import find_runtime
sys.exit(find_runtime() is None)
"""


def wants_monado(goal: str) -> bool:
    """Whether Monado has to be prepared: tests run against it, a demo takes any runtime."""
    probe = {"test": _HAS_MONADO, "demo": _HAS_RUNTIME}.get(goal)
    return probe is not None and not succeeds(sys.executable, "-c", probe)


def set_up(goal: str) -> None:
    """Everything that a make target needs."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise SetupError(
            f"presence is built with Python 3.11 or 3.12, and this is {sys.version.split()[0]}: "
            "install one of them, or name it as in: make PYTHON=python3.11"
        )
    monado = wants_monado(goal)
    set_up_system(goal, besides=monado_packages() if monado else ())
    set_up_environment(goal)
    if goal in LOOPS_GOALS:
        set_up_loops()
    if goal == "test":
        set_up_judges()
    if monado:
        try:
            set_up_monado()
        except SetupError as error:
            if goal != "demo":
                raise
            print(f"{error}\n● There is no OpenXR runtime, so the demo is drawn offscreen")


def main(arguments: Sequence[str]) -> int:
    """Run the script; returns its exit code."""
    if len(arguments) != 1 or arguments[0] not in GOALS:
        print(f"usage: setup.py {' | '.join(GOALS)}", file=sys.stderr)
        return 2
    try:
        set_up(arguments[0])
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: stopped; run make again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
