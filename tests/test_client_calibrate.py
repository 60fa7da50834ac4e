"""``presence calibrate``, and the measures that it keeps."""

import asyncio
import contextlib
import re
from datetime import date

import pytest
from measured_person import Person
from typer.testing import CliRunner

from presence.cli import app
from presence.client.measurement import measure
from presence.client.measures import (
    keep_measures,
    kept_measures,
    measured_proportions,
    measures_file,
)
from presence.clock import SECOND, ManualClock
from presence.errors import UsageError
from presence.tracking.measuring import Measured


def run(acts, longest_s=60.0, arms_s=20.0):
    """What is measured and said of somebody, by a clock that only waiting moves."""
    clock, said = ManualClock(), []

    async def sleep(seconds):
        clock.advance(round(seconds * SECOND))

    somebody = Person(1.62, 1.42, acts)
    result = asyncio.run(
        measure(somebody, clock.now_ns, sleep, said.append, longest_s=longest_s, arms_s=arms_s)
    )
    return result, said, clock.now_ns() / SECOND


def test_somebody_is_told_what_to_do_and_measured():
    result, said, seconds = run([(2, "away"), (2, "stands"), (9, "stretches")])
    assert abs(result.eye_height - 1.62) < 0.01
    assert abs(result.reach - 1.42) < 0.03
    assert seconds < 10.0
    assert [sentence.split()[0] for sentence in said] == ["Put", "Stand", "Stretch", "Your"]


def test_whoever_never_stretches_has_the_usual_reach():
    result, _, seconds = run([(60, "stands")])
    assert result.reach is None
    assert seconds < 30.0


def test_when_the_time_is_up_what_is_known_by_then_is_the_answer():
    result, _, seconds = run([(90, "stands")], longest_s=9.0)
    assert result.reach is None
    assert 9.0 < seconds < 9.1
    result, _, seconds = run([(90, "away")])
    assert result is None
    assert 60.0 < seconds < 60.1


def test_nobody_is_a_sentence(monkeypatch):
    nobody = contextlib.nullcontext(Person(1.62, 1.42, [(90, "away")]))
    monkeypatch.setattr("presence.client.calibrate._GIVES_UP_S", 0.1)
    monkeypatch.setattr("presence.client.calibrate._opened", lambda name, vmc: nobody)
    with pytest.raises(UsageError, match="--eyes"):
        CliRunner().invoke(app, ["calibrate"], catch_exceptions=False)


def test_measures_are_kept_and_make_a_body(tmp_path):
    file = tmp_path / "deep" / "measures.json"
    assert kept_measures(file) is None
    assert measured_proportions(file) is None
    keep_measures(Measured(1.6123, 1.4), file)
    kept = kept_measures(file)
    assert (kept.eye_height, kept.reach) == (1.612, 1.4)
    assert date.fromisoformat(kept.measured)
    assert measured_proportions(file).eye_height == pytest.approx(1.612)
    keep_measures(Measured(1.7, None), file)
    assert kept_measures(file).reach is None
    assert [path.name for path in file.parent.iterdir()] == ["measures.json"]


@pytest.mark.parametrize(
    "text", ["", "{", '{"eye_height": "tall"}', '{"eye_height": 40}', '{"eye_height": 1e999}', "\0"]
)
def test_damaged_measures_are_a_sentence_and_as_good_as_none(tmp_path, text, caplog):
    file = tmp_path / "measures.json"
    file.write_text(text)
    with pytest.raises(UsageError, match="presence calibrate"):
        kept_measures(file)
    assert measured_proportions(file) is None
    assert "presence calibrate" in caplog.text


def test_the_command_keeps_what_it_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["calibrate", "--eyes", "1.58", "--reach", "1.39"])
    assert result.exit_code == 0, result.output
    assert "measures.json" in re.sub(r"\s", "", result.output)
    kept = kept_measures(measures_file())
    assert (kept.eye_height, kept.reach) == (1.58, 1.39)
    assert kept_measures().measured


def test_whoever_says_how_tall_they_are_has_eyes_below_that(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["calibrate", "--height", "1.7"])
    assert result.exit_code == 0, result.output
    assert kept_measures().eye_height == pytest.approx(1.59, abs=0.01)
    both = CliRunner().invoke(app, ["calibrate", "--height", "1.7", "--eyes", "1.6"])
    assert isinstance(both.exception, UsageError)


def test_a_reach_without_a_height_is_a_usage_error(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["calibrate", "--reach", "1.4"])
    assert isinstance(result.exception, UsageError)
