"""What is said of sensors: their parts, their rates, and what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import numpy as np
from rich.console import Console

from presence.client.tracking_table import part_confidences, tracking_table
from presence.clock import MILLISECOND
from presence.pose.skeleton import BONES
from presence.tracking.live import Reading
from presence.tracking.sensed import Point, Sensed


def sensed(**changes):
    return replace(Sensed.nothing(0), **changes)


def reading(name="camera", known=None, hz=30.0, age_ns=40 * MILLISECOND, problem=""):
    return Reading(name=name, sensed=known, hz=hz, age_ns=age_ns, problem=problem)


def shown(*readings, fused=None):
    console = Console(file=StringIO(), width=100)
    console.print(tracking_table(readings, fused))
    return console.file.getvalue()


def line(text, part):
    return next(row for row in text.splitlines() if part in row)


def test_each_part_shows_how_surely_it_is_known():
    sure = np.zeros(len(Point))
    sure[Point.LEFT_HAND] = 1.0
    parts = part_confidences(sensed(position_confidence=sure, orientation_confidence=0.5 * sure))
    assert parts["left hand"] == 0.75
    assert parts["right hand"] == parts["head"] == 0.0


def test_every_bone_that_is_sent_belongs_to_a_part_of_its_own_side():
    for i, name in enumerate(BONES):
        bones = np.zeros(len(BONES))
        bones[i] = 1.0
        parts = [part for part, sure in part_confidences(sensed(rotation_confidence=bones)).items()
                 if sure > 0.0]  # fmt: skip
        if any(word in name for word in ("Thumb", "Index", "Middle", "Ring", "Little")):
            assert parts == [("left" if name.startswith("left") else "right") + " fingers"]
        elif name.startswith(("left", "right")) and "Arm" in name:
            assert parts == ["arms"]


def test_rate_age_and_problem_are_told():
    text = shown(
        reading(known=sensed(face_confidence=np.ones(52))),
        reading("headset", None, 0.0, None, "put [it] on"),
    )
    assert "30" in line(text, "values a second")
    assert "40 ms" in line(text, "age") and "nothing" in line(text, "age")
    assert "headset: put [it] on" in text
    assert "100" in line(text, "mouth")
    assert "together" in text


def test_one_sensor_alone_needs_no_sum():
    assert "together" not in shown(reading(known=sensed()))


def test_somebody_who_is_not_there_has_no_parts():
    text = shown(reading(known=sensed(face_confidence=np.ones(52), present=False)))
    assert "nobody there" in text
    assert "100" not in line(text, "mouth")
