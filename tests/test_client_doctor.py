"""`presence doctor`."""

import json
import subprocess
import sys

import pytest
from openxr_runtime import require_monado
from typer.testing import CliRunner

from presence.cli import app
from presence.client import doctor, headset_checks
from presence.client.doctor import Check
from presence.client.finding import Finding, Verdict
from presence.errors import PresenceError
from presence.headset.runtime import monado_runtime

FINE = Check("fine", lambda: Finding(Verdict.OK, "all is well"))
POOR = Check("poor", lambda: Finding(Verdict.WARN, "could be better", "a [cure]"))


def _broken():
    raise RuntimeError("no such thing")


def test_a_check_that_raises_has_failed_and_the_others_still_run():
    examined = doctor.examine([Check("broken", _broken), FINE])
    assert [e.finding.verdict for e in examined] == [Verdict.FAIL, Verdict.OK]
    assert "no such thing" in examined[0].finding.sentence
    assert not doctor.healthy(examined)


def test_a_warning_is_no_failure():
    assert doctor.healthy(doctor.examine([FINE, POOR]))


def test_the_json_holds_every_finding():
    told = json.loads(doctor.findings_json(doctor.examine([FINE, POOR])))
    assert told == {
        "healthy": True,
        "findings": [
            {"name": "fine", "verdict": "ok", "sentence": "all is well", "cure": ""},
            {
                "name": "poor",
                "verdict": "warn",
                "sentence": "could be better",
                "cure": "a [cure]",
            },
        ],
    }


@pytest.mark.parametrize(("check", "code"), [(FINE, 0), (POOR, 0), (Check("b", _broken), 1)])
def test_the_command_ends_with_1_only_if_something_failed(monkeypatch, check, code):
    monkeypatch.setattr(doctor.examine, "__defaults__", ([check],))
    told = CliRunner().invoke(app, ["doctor"])
    assert told.exit_code == code
    assert check.run is _broken or check.run().cure in told.output


def test_every_extra_of_the_package_is_looked_at():
    assert "rich" in doctor.libraries_of("")
    assert {"numpy", "aiortc"} <= set(doctor.libraries_of("call"))
    assert {"moderngl", "pyopenxr"} <= set(doctor.libraries_of("headset"))
    assert "presence" not in doctor.libraries_of("headset")


def test_a_missing_extra_warns_and_a_missing_base_fails(monkeypatch):
    monkeypatch.setattr(doctor, "libraries_of", lambda extra: ["rich", "no-such-library"])
    extra = doctor.check_libraries("call", "a call")
    assert extra.verdict is Verdict.WARN
    assert "no-such-library" in extra.sentence
    assert "presence[call]" in extra.cure
    assert doctor.check_libraries("", "everything").verdict is Verdict.FAIL


def test_a_crash_in_a_child_is_told_and_not_suffered():
    with pytest.raises(PresenceError, match="signal 11"):
        doctor.ask_child("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(PresenceError, match="ValueError: why"):
        doctor.ask_child("raise ValueError('why')")
    assert doctor.ask_child("print('well')") == "well"


def test_an_opengl_that_crashes_is_a_finding_with_a_cure(monkeypatch):
    def crash(code):
        raise PresenceError("it crashed with signal 11")

    monkeypatch.setattr(doctor, "ask_child", crash)
    finding = doctor.check_opengl()
    assert finding.verdict is Verdict.FAIL
    assert "apt install libegl1" in finding.cure


def test_here_opengl_draws():
    finding = doctor.check_opengl()
    assert finding.verdict is Verdict.OK
    assert "OpenGL" in finding.sentence


def test_one_core_is_too_few(monkeypatch):
    monkeypatch.setattr(doctor.os, "sched_getaffinity", lambda _: {0})
    assert doctor.check_cores().verdict is Verdict.WARN


def test_without_a_network_only_this_machine_can_join(monkeypatch):
    monkeypatch.setattr(doctor, "own_addresses", list)
    assert doctor.check_network().verdict is Verdict.WARN
    monkeypatch.setattr(doctor, "own_addresses", lambda: ["192.0.2.7"])
    assert doctor.check_network() == Finding(Verdict.OK, "192.0.2.7")


def test_without_a_runtime_the_doctor_says_how_to_get_one(monkeypatch):
    monkeypatch.setattr("presence.headset.runtime.find_runtime", lambda: None)
    finding = headset_checks.check_openxr()
    assert finding.verdict is Verdict.WARN
    assert "presence.headset.monado prepare" in finding.cure


@pytest.mark.openxr
def test_a_runtime_that_is_there_names_itself_and_its_headset(monkeypatch):
    monado = monado_runtime(require_monado())
    monkeypatch.setattr("presence.headset.runtime.find_runtime", lambda: monado)
    finding = headset_checks.check_openxr()
    assert finding.verdict is Verdict.OK
    assert "Simulated HMD" in finding.sentence


def test_the_doctor_works_without_any_extra():
    script = (
        "import sys\n"
        "for name in ('numpy', 'aiortc', 'moderngl', 'xr', 'scipy', 'av', 'glfw', 'PIL'):\n"
        "    sys.modules[name] = None\n"
        "from presence.client.doctor import CHECKS, examine\n"
        "assert len(examine()) == len(CHECKS)\n"
        "assert not any('check itself' in e.finding.sentence for e in examine(CHECKS[:4]))\n"
    )
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr
