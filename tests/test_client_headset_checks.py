"""What the doctor says of a headset's sensors."""

import pytest
from openxr_runtime import require_monado

from presence.client.finding import Verdict
from presence.client.headset_checks import check_sensors, judge_sensors
from presence.headset.abilities import PARTS, Abilities
from presence.headset.runtime import monado_runtime

FIELDS = list(Abilities.__dataclass_fields__)
EVERYTHING = dict.fromkeys([name for extensions in PARTS.values() for name in extensions], 1)


def found(extensions, **able):
    return {"extensions": extensions, "abilities": dict.fromkeys(FIELDS, False) | able}


def test_a_headset_that_can_do_everything_lacks_nothing():
    finding = judge_sensors(found(EVERYTHING, **dict.fromkeys(FIELDS, True)))
    assert finding.verdict is Verdict.OK
    assert finding.cure == ""
    for part in PARTS:
        assert f"{part} (" in finding.sentence
    assert "not offered" not in finding.sentence


def test_what_is_offered_but_not_there_is_told_with_what_to_do():
    offered = {"XR_EXT_hand_tracking": 4, "XR_FB_face_tracking2": 1}
    finding = judge_sensors(found(offered, hands=True))
    assert "follows head, controllers of 5 kinds, hands (XR_EXT_hand_tracking);" in finding.sentence
    assert "as it is now: face (XR_FB_face_tracking2);" in finding.sentence
    assert "not offered: body, legs, eyes, whether it is worn" in finding.sentence
    assert "settings" in finding.cure


def test_a_body_without_legs_is_told_as_one():
    offered = {"XR_FB_body_tracking": 1, "XR_META_body_tracking_full_body": 1}
    sentence = judge_sensors(found(offered, meta_body=True)).sentence
    assert "body (XR_FB_body_tracking)" in sentence
    assert "as it is now: legs (XR_META_body_tracking_full_body)" in sentence


def test_without_a_runtime_sensors_are_not_looked_at(monkeypatch):
    monkeypatch.setattr("presence.headset.runtime.find_runtime", lambda: None)
    assert "not looked at" in check_sensors().sentence


@pytest.mark.openxr
def test_what_the_simulated_headset_follows_is_told(monkeypatch):
    monado = monado_runtime(require_monado())
    monkeypatch.setattr("presence.headset.runtime.find_runtime", lambda: monado)
    finding = check_sensors()
    assert finding.sentence.startswith("follows head, controllers of")
    assert "XR_EXT_hand_tracking" in finding.sentence
    assert "face" in finding.sentence
