"""A few seconds of what ``docs/fuzzing.md`` does for longer."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent / "fuzz.py"

# There are no wheels for every platform; where CI runs there are.
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="no atheris for this platform"
)


def fuzz(tmp_path: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, FUZZ, *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=100,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


@pytest.mark.parametrize(
    ("target", "seconds", "least"),
    [("codec", 3, 12), ("wire", 1, 1000), ("seal", 1, 100), ("programs", 1, 100)],
)
def test_strangers_bytes_do_no_harm(tmp_path, target, seconds, least):
    said = fuzz(tmp_path, target, f"--seconds={seconds}", "--seed=1")
    executions = re.search(r"number_of_executed_units: (\d+)", said)
    assert executions
    assert int(executions[1]) >= least
