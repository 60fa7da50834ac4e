"""The Khronos validator, on the files of twenty people."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from twenty_people import GENEROUS

JUDGES = Path(__file__).parent / "judges"
LARGEST = 3_000_000
"""Bytes of a person's file."""
MOST_TRIANGLES = 25_000

pytestmark = GENEROUS


def node() -> str:
    """The Node of this environment, or whichever there is."""
    own = Path(sys.executable).parent / "node"
    found = str(own) if own.exists() else shutil.which("node")
    if found is None or not (JUDGES / "node_modules" / "gltf-validator").is_dir():
        pytest.skip("the validator is not installed: make test does it")
    return found


def validate(*paths: Path):
    child = subprocess.run(
        [node(), JUDGES / "validate.mjs", *paths], capture_output=True, text=True, check=True
    )
    return json.loads(child.stdout)["reports"]


@pytest.fixture(scope="module")
def reports(twenty_people):
    found = validate(*(person.path for person in twenty_people))
    return {person.seed: found[str(person.path)] for person in twenty_people}


def test_the_validator_finds_no_error_and_no_warning(reports):
    found = {
        seed: [f"{m['code']} at {m['pointer']}: {m['message']}" for m in report["messages"]]
        for seed, report in reports.items()
        if report["numErrors"] or report["numWarnings"]
    }
    assert found == {}


def test_people_are_light_enough_for_a_call(reports, twenty_people):
    triangles = {seed: r["info"]["totalTriangleCount"] for seed, r in reports.items()}
    assert {s: t for s, t in triangles.items() if t > MOST_TRIANGLES} == {}
    sizes = {p.seed: p.path.stat().st_size for p in twenty_people}
    assert {s: size for s, size in sizes.items() if size > LARGEST} == {}


def test_the_validator_does_find_what_is_wrong(twenty_people, tmp_path):
    broken = tmp_path / "broken.glb"
    whole = twenty_people[0].path.read_bytes()
    broken.write_bytes(whole.replace(b'"VEC3"', b'"VEC2"', 1))
    assert validate(broken)[str(broken)]["numErrors"] > 0
