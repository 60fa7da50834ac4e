"""three-vrm, in Chromium: does what everybody uses for VRM on the web take our people as whole?

With PRESENCE_PICTURES naming a folder, what the browser drew is left there.
"""

import base64
import json
import os
import queue
import time
from pathlib import Path

import pytest
from browser import JUDGES, browser_at, chromium, served
from twenty_people import GENEROUS

from presence.pose.face import SHAPES
from presence.pose.skeleton import BONES

pytestmark = [pytest.mark.browser, GENEROUS]

PATIENCE_S = 120.0
"""For the next person."""
PRESETS = {
    *("happy", "angry", "sad", "relaxed", "surprised"),
    *("aa", "ih", "ou", "ee", "oh"),
    *("blink", "blinkLeft", "blinkRight"),
    *("lookUp", "lookDown", "lookLeft", "lookRight"),
}


@pytest.fixture(scope="module")
def seen(twenty_people):
    """By seed: what the page tells of each person."""
    chromium()
    if not (JUDGES / "node_modules" / "three").is_dir():
        pytest.skip("three-vrm is not installed: make test does it")
    found = {}
    people = {str(person.seed): person.path for person in twenty_people}
    with served(people) as (address, told), browser_at(f"{address}/viewer.html") as browser:
        while True:
            what, body = next_told(told, browser)
            if what == "done":
                break
            assert what != "failed", f"after {len(found)} people: {body}"
            found[int(what.removeprefix("person/"))] = json.loads(body)
    leave_pictures(found)
    return found


def next_told(told, browser):
    begun = time.monotonic()
    while time.monotonic() < begun + PATIENCE_S:
        try:
            return told.get(timeout=1.0)
        except queue.Empty:
            assert browser.poll() is None, f"the browser ended with {browser.returncode}"
    raise AssertionError(f"the browser said nothing for {PATIENCE_S:.0f} s")


def leave_pictures(found):
    if folder := os.environ.get("PRESENCE_PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        for seed, person in found.items():
            picture = base64.b64decode(person["picture"].partition(",")[2])
            (Path(folder) / f"three-vrm-{seed}.png").write_bytes(picture)


def those(seen, judge):
    """What each person has for whom ``judge`` returns something other than what is right."""
    wanting = {seed: judge(person) for seed, person in seen.items()}
    return {seed: what for seed, what in wanting.items() if what}


def test_everybody_is_taken_without_a_word_of_complaint(seen, twenty_people):
    assert set(seen) == {person.seed for person in twenty_people}
    assert those(seen, lambda p: p["grumbles"]) == {}
    assert {p["version"] for p in seen.values()} == {"1"}


def test_every_bone_is_there(seen):
    assert those(seen, lambda p: p["bones"] != len(BONES) and p["bones"]) == {}


def test_every_expression_is_there_and_does_something(seen):
    assert those(seen, lambda p: sorted(PRESETS - {*p["presets"], "neutral"})) == {}
    assert those(seen, lambda p: sorted(set(SHAPES) - set(p["custom"]))) == {}
    # Where bones turn the eyes, the look presets have nothing of their own to do.
    doing = {name for name in PRESETS if not name.startswith("look")} | set(SHAPES)
    assert those(seen, lambda p: sorted(doing - set(p["moved"]))) == {}


def test_eyes_look_where_they_are_told(seen):
    assert those(seen, lambda p: not (p["lookAt"] and p["looks"]) and p["lookAt"]) == {}
    assert all(p["looks"] for p in seen.values())


def test_what_hangs_swings_and_comes_to_no_harm(seen, twenty_people):
    assert those(seen, lambda p: not p["finite"]) == {}
    with_strands = {p.seed for p in twenty_people if p.avatar.strands}
    assert {seed for seed, p in seen.items() if p["joints"]} == with_strands
    assert {seed for seed in with_strands if seen[seed]["swing"] < 0.01} == set()


def test_a_person_is_seen(seen):
    for face in ("rest", "moved"):
        # A head fills about a third of the picture, in many shades.
        assert those(seen, lambda p, face=face: p["faces"][face]["share"] < 0.15) == {}
        assert those(seen, lambda p, face=face: p["faces"][face]["colours"] < 200) == {}
