"""``presence doctor``: is everything well on this machine?

The doctor is a list of checks, :data:`CHECKS`. A part of the package that needs something of the
machine adds a check of its own to the list. A check runs on the base install, whatever is missing,
says in one sentence what it found, and names the cure.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import msgspec
from rich.table import Table
from rich.text import Text

from presence.client.camera_check import check_camera
from presence.client.finding import Finding, Verdict
from presence.client.headset_checks import check_openxr, check_sensors
from presence.client.program_checks import check_programs
from presence.errors import PresenceError
from presence.wire.link import RoomLink

_CHILD_SECONDS = 30.0
_OLDEST, _NEWEST = (3, 11), (3, 12)
# A call keeps a media and a view process busy at once.
_CORES_WANTED = 2


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at."""

    name: str
    run: Callable[[], Finding]
    """Looks, in a few seconds at most. What it raises is itself a finding."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A check and what it found."""

    name: str
    finding: Finding


def ask_child(code: str) -> str:
    """What a Python program prints, run apart so that a crash in a library is only a finding.

    Raises:
        PresenceError: it crashed, failed or said nothing in time; the message tells which.
    """
    try:
        child = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=_CHILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PresenceError(f"no answer within {_CHILD_SECONDS:.0f} s") from None
    if child.returncode < 0:
        raise PresenceError(f"it crashed with signal {-child.returncode}")
    if child.returncode:
        lines = child.stderr.strip().splitlines()
        raise PresenceError(lines[-1] if lines else f"it ended with {child.returncode}")
    return child.stdout.strip()


def check_python() -> Finding:
    """Is this Python one that the package is tested with?"""
    here = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info[:2] < _OLDEST:
        return Finding(Verdict.FAIL, f"{here} is too old", "install Python 3.11")
    if sys.version_info[:2] > _NEWEST:
        return Finding(Verdict.WARN, f"{here} is newer than what is tested", "use Python 3.11")
    return Finding(Verdict.OK, here)


_REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(?P<of>\[.*?\])?[^;]*(;.*extra\s*==\s*['\"](?P<extra>\w+))?"
)


def libraries_of(extra: str) -> list[str]:
    """The distributions that an extra asks for by name; ``""`` is the base install."""
    names = []
    for line in importlib.metadata.requires("presence") or ():
        requirement = _REQUIREMENT.match(line)
        if requirement and not requirement["of"] and (requirement["extra"] or "") == extra:
            names.append(requirement["name"])
    return names


def check_libraries(extra: str, purpose: str) -> Finding:
    """Are the libraries of an extra installed?"""
    have, missing = [], []
    for name in libraries_of(extra):
        try:
            have.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if not missing:
        return Finding(Verdict.OK, ", ".join(have))
    wanted = f"presence[{extra}]" if extra else "presence"
    return Finding(
        Verdict.WARN if extra else Verdict.FAIL,
        f"{', '.join(missing)} not installed, which {purpose} needs",
        f"pip install '{wanted}'",
    )


_OPENGL = """
import json, moderngl
context = moderngl.create_context(standalone=True, backend="egl", require=330)
print(json.dumps([context.info["GL_RENDERER"], context.info["GL_VERSION"]]))
"""


def check_opengl() -> Finding:
    """Can something be drawn without a window?"""
    if find_spec("moderngl") is None:
        return Finding(
            Verdict.WARN, "not looked at: moderngl is missing", "pip install 'presence[headset]'"
        )
    try:
        renderer, gl_version = json.loads(ask_child(_OPENGL).splitlines()[-1])
    except PresenceError as error:
        return Finding(
            Verdict.FAIL,
            f"no OpenGL context through EGL: {error}",
            "on Debian or Ubuntu: apt install libegl1 libgl1 libgl1-mesa-dri",
        )
    software = "llvmpipe" in renderer or "softpipe" in renderer
    return Finding(
        Verdict.OK,
        f"{renderer}, OpenGL {gl_version}" + (" (drawn by the processor)" if software else ""),
    )


_SOUND = "from presence.voice.sound_check import print_report; print_report()"
_QUIETEST_DB = -110.0
"""Less than this no microphone is silent by itself."""


def check_sound() -> Finding:
    """Are there a microphone and headphones, and is a chirp that is played heard?"""
    if find_spec("sounddevice") is None:
        return Finding(
            Verdict.WARN, "not looked at: sounddevice is missing", "pip install 'presence[voice]'"
        )
    try:
        found = json.loads(ask_child(_SOUND).splitlines()[-1])
    except PresenceError as error:
        return Finding(
            Verdict.FAIL, f"sound devices cannot be looked at: {error}", "see the system's own"
        )
    return judge_sound(found)


def judge_sound(found: dict[str, Any]) -> Finding:
    """What a :class:`~presence.voice.sound_check.SoundReport`, as JSON has it, means."""
    chirp = found["chirp"]
    if found["problem"]:
        sentence, _, cure = found["problem"].rpartition(": ")
        return Finding(Verdict.WARN, sentence or cure, cure if sentence else "")
    if chirp is None:
        there = {"microphone": found["microphones"], "headphone or speaker": found["headphones"]}
        missing = [what for what, names in there.items() if not names]
        if len(missing) == len(there):
            sentence = "no sound device here: you will hear nobody, and nobody you"
        elif found["microphones"]:
            sentence = "no headphone or speaker here: you will hear nobody"
        else:
            sentence = "no microphone here: nobody will hear you"
        return Finding(Verdict.WARN, sentence, f"plug in a {' and a '.join(missing)}")
    ears, ear = chirp["headphones"], chirp["microphone"]
    choice = ""
    if len(found["microphones"]) > 1 or len(found["headphones"]) > 1:
        choice = (
            f"; to choose from: microphones {', '.join(found['microphones'])}; "
            f"headphones {', '.join(found['headphones'])}"
        )
    if chirp["noise_db"] < _QUIETEST_DB and not chirp["heard"]:
        return Finding(
            Verdict.WARN,
            f"{ear!r} hears nothing at all, not even its own noise",
            "switch it on where it can be muted, or choose another in the system's settings",
        )
    if not chirp["heard"]:
        return Finding(
            Verdict.OK,
            f"{ears!r} played a chirp, which {ear!r} did not hear over its own "
            f"{chirp['noise_db']:.0f} dB: as it should be with headphones, but if these are "
            "speakers they are off" + choice,
        )
    return Finding(
        Verdict.OK,
        f"{ear!r} heard a chirp that {ears!r} played, {chirp['delay_ms']:.0f} ms later than was "
        f"reckoned and {abs(chirp['gain_db']):.0f} dB "
        f"{'quieter' if chirp['gain_db'] < 0 else 'louder'}{choice}",
    )


def check_cores() -> Finding:
    """Are there enough processor cores for the processes of a participant?"""
    count = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    if count < _CORES_WANTED:
        return Finding(
            Verdict.WARN,
            f"{count} core, and a participant is {_CORES_WANTED} busy processes",
            "expect missed frames, or give this machine more cores",
        )
    return Finding(Verdict.OK, f"{count} cores")


# Documentation addresses (RFC 5737, RFC 3849): nothing is sent, the system only picks a route.
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def own_addresses() -> list[str]:
    """The addresses that this machine reaches others from, IPv4 first."""
    addresses = []
    for family, elsewhere in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, 9))
                addresses.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return addresses


def check_network() -> Finding:
    """Has this machine an address that others could reach it by?"""
    addresses = own_addresses()
    if not addresses:
        return Finding(
            Verdict.WARN,
            "no network address but loopback: only this machine can join its rooms",
            "connect to a network",
        )
    return Finding(Verdict.OK, ", ".join(addresses))


def check_device() -> Finding:
    """Can this device's key be used, if there is one already?"""
    if find_spec("cryptography") is None:
        return Finding(
            Verdict.WARN, "not looked at: cryptography is missing", "pip install 'presence[call]'"
        )
    from presence.client.device import default_device_file, device_name

    name = device_name()
    if name is None:
        return Finding(Verdict.OK, f"none yet; the first call makes one in {default_device_file()}")
    return Finding(Verdict.OK, f"{name}…, in {default_device_file()}")


CHECKS: list[Check] = [
    Check("Python", check_python),
    Check("base libraries", lambda: check_libraries("", "everything")),
    Check("call libraries", lambda: check_libraries("call", "taking part in a call")),
    Check("headset libraries", lambda: check_libraries("headset", "seeing the others")),
    Check("voice libraries", lambda: check_libraries("voice", "hearing the others")),
    Check("OpenGL", check_opengl),
    Check("OpenXR", check_openxr),
    Check("headset sensors", check_sensors),
    Check("sound", check_sound),
    Check("camera", check_camera),
    Check("other programs", check_programs),
    Check("processor", check_cores),
    Check("network", check_network),
    Check("device key", check_device),
]
"""Every check, in the order they are told."""


def checks_of(link: RoomLink) -> list[Check]:
    """What else is looked at when there is a room to reach."""
    if find_spec("aiortc") is None:
        missing = Finding(
            Verdict.WARN, "not looked at: aiortc is missing", "pip install 'presence[call]'"
        )
        return [Check("room host", lambda: missing)]
    # Here, so that the doctor runs on the base install.
    from presence.client.reachability import check_host, check_turn

    found, servers = check_host(link)
    checks = [Check("room host", lambda: found)]
    if found.verdict is Verdict.OK:
        checks.append(Check("TURN server", lambda: check_turn(servers)))
    return checks


def examine(checks: Sequence[Check] = CHECKS) -> list[Examined]:
    """Run the checks. One that raises has failed, and the others still run."""
    examined = []
    for check in checks:
        try:
            finding = check.run()
        except PresenceError as error:
            # Its message says what is wrong and what to do.
            finding = Finding(Verdict.FAIL, str(error))
        except Exception as error:
            finding = Finding(
                Verdict.FAIL, f"the check itself failed: {type(error).__name__}: {error}"
            )
        examined.append(Examined(check.name, finding))
    return examined


def healthy(examined: Sequence[Examined]) -> bool:
    """Whether nothing has failed."""
    return all(e.finding.verdict is not Verdict.FAIL for e in examined)


def findings_json(examined: Sequence[Examined]) -> str:
    """``{"healthy": …, "findings": [{"name", "verdict", "sentence", "cure"}, …]}``."""
    findings = [{"name": e.name, **msgspec.to_builtins(e.finding)} for e in examined]
    whole = {"healthy": healthy(examined), "findings": findings}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode()


_MARKS = {
    Verdict.OK: Text("✓ ok", "green"),
    Verdict.WARN: Text("! warn", "yellow"),
    Verdict.FAIL: Text("✗ fail", "bold red"),
}


def findings_table(examined: Sequence[Examined]) -> Table:
    """The findings for a person to read."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for e in examined:
        words = Text(e.finding.sentence)
        if e.finding.cure:
            words.append(f"\n→ {e.finding.cure}", "bold")
        table.add_row(_MARKS[e.finding.verdict], Text(e.name), words)
    return table
