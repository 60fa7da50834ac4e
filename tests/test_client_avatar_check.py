"""What is said of files: ours, damaged ones, and whatever else people may have."""

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.client.avatar_check import BONE_GROUPS, SHAPE_GROUPS, examine
from presence.client.doctor import healthy
from presence.client.finding import Verdict
from presence.errors import SourceError
from presence.pose.face import SHAPES
from presence.pose.skeleton import BONES
from presence.scene.gltf import to_glb
from presence.scene.triangle import triangle_avatar
from presence.scene.vrm_nodes import REQUIRED

WHOLE = to_glb(triangle_avatar())


def repacked(change):
    """The whole file, its document changed by ``change``."""
    length = struct.unpack_from("<I", WHOLE, 12)[0]
    document = json.loads(WHOLE[20 : 20 + length])
    change(document)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    rest = WHOLE[20 + length :]
    total = 20 + len(text) + len(rest)
    return struct.pack("<IIIII", 0x46546C67, 2, total, len(text), 0x4E4F534A) + text + rest


@pytest.fixture
def told(tmp_path):
    """By check: the verdict, and all that is said, of a file of these bytes."""

    def look(data):
        path = tmp_path / "file.vrm"
        path.write_bytes(data)
        examined = examine(path)
        words = {e.name: f"{e.finding.sentence} → {e.finding.cure}" for e in examined}
        assert all("\n" not in text for text in words.values())
        verdicts = {e.name: e.finding.verdict for e in examined}
        for e in examined:
            assert e.finding.verdict is Verdict.OK or e.finding.cure, "no cure is named"
        return healthy(examined), verdicts, words

    return look


def bones_of(document):
    return document["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"]


def test_a_whole_person_lacks_nothing_that_is_needed(told):
    well, verdicts, words = told(WHOLE)
    assert well, words
    assert {n for n, v in verdicts.items() if v is Verdict.FAIL} == set()
    assert words["bones"].startswith("all 55")
    assert "presence shows it" in words["loading"]


@pytest.mark.parametrize(
    ("change", "check", "verdict", "words"),
    [
        (
            lambda d: bones_of(d).pop("leftHand"),
            "bones",
            Verdict.FAIL,
            "leftHand: missing",
        ),
        (
            lambda d: [bones_of(d).pop(b) for b in ("leftEye", "rightEye", "leftToes")],
            "bones",
            Verdict.WARN,
            "52 of 55; without toes (leftToes), eyes (all)",
        ),
        (
            lambda d: [bones_of(d).pop(b) for b in ("leftEye", "rightEye")],
            "gaze",
            Verdict.WARN,
            "cannot turn",
        ),
        (
            lambda d: d["extensions"].update(VRM=d["extensions"].pop("VRMC_vrm")),
            "person",
            Verdict.FAIL,
            "VRM 0.x",
        ),
        (lambda d: d.pop("extensions"), "person", Verdict.FAIL, "has a skeleton, but nothing"),
        (
            lambda d: (d.pop("extensions"), d.pop("skins")),
            "person",
            Verdict.FAIL,
            "has no skeleton",
        ),
        (
            lambda d: d["extensions"]["VRMC_vrm"].pop("expressions", None),
            "expressions",
            Verdict.WARN,
            "none of VRM's expressions",
        ),
        (
            lambda d: d["extensions"]["VRMC_vrm"].pop("meta"),
            "licence",
            Verdict.WARN,
            "ask its maker",
        ),
        (
            lambda d: d["extensions"]["VRMC_vrm"]["meta"].update(avatarPermission="onlyAuthor"),
            "licence",
            Verdict.WARN,
            "its author alone",
        ),
        (
            lambda d: d.update(images=[{"uri": "skin.png"}], textures=[{"source": 0}]),
            "textures",
            Verdict.WARN,
            "lies in another file",
        ),
        (
            lambda d: d.update(images=[{"bufferView": 0}], textures=[{"source": 3}]),
            "textures",
            Verdict.WARN,
            "a texture names an image that is not there",
        ),
        (lambda d: d.update(meshes=[]), "geometry", Verdict.FAIL, "not one triangle"),
        (
            lambda d: [
                p["attributes"].pop("WEIGHTS_0") for m in d["meshes"] for p in m["primitives"]
            ],
            "weights",
            Verdict.FAIL,
            "nothing follows the bones",
        ),
        (
            lambda d: d["accessors"][
                d["meshes"][0]["primitives"][0]["attributes"]["WEIGHTS_0"]
            ].update(normalized=False),
            "weights",
            Verdict.WARN,
            "do not sum to 1",
        ),
        (lambda d: d.update(meshes=7), "geometry", Verdict.FAIL, "no list"),
        (lambda d: d.update(accessors=[None]), "geometry", Verdict.FAIL, "export it again"),
    ],
)
def test_what_a_file_lacks_is_said_with_its_cure(told, change, check, verdict, words):
    well, verdicts, said = told(repacked(change))
    assert verdicts[check] is verdict
    assert words in said[check]
    assert well == (Verdict.FAIL not in verdicts.values())


def test_too_much_of_anything_is_said(told, monkeypatch):
    from presence.client import avatar_check

    for limit in ("MOST_TRIANGLES", "MOST_BYTES"):
        monkeypatch.setattr(avatar_check, limit, 0)
    well, verdicts, _ = told(WHOLE)
    assert well
    assert verdicts["geometry"] is verdicts["size"] is Verdict.WARN


@pytest.mark.parametrize(
    "data", [b"", b"short", b"{}", WHOLE[:-1], b"glTF" + WHOLE[4:500], bytes(range(256)) * 9]
)
def test_what_is_no_whole_glb_is_said_in_one_line(told, data):
    well, verdicts, words = told(data)
    assert not well
    assert set(verdicts) == {"file"}
    assert len(words["file"]) < 200


def test_a_file_that_is_not_there_is_the_persons_mistake(tmp_path):
    with pytest.raises(SourceError, match=r"none\.vrm cannot be read"):
        examine(tmp_path / "none.vrm")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
PLACES = [
    ("meshes",),
    ("accessors", 0),
    ("images",),
    ("nodes", 3),
    ("extensions", "VRMC_vrm"),
    ("extensions", "VRMC_vrm", "meta"),
    ("extensions", "VRMC_vrm", "lookAt"),
    ("extensions", "VRMC_vrm", "humanoid", "humanBones"),
    ("extensions", "VRMC_springBone"),
    ("extensions", "VRMC_vrm", "expressions"),
]


@settings(max_examples=60)
@given(place=st.sampled_from(PLACES), value=JSON)
def test_whatever_a_file_says_is_told_and_raises_nothing(tmp_path_factory, place, value):
    def change(document):
        inner = document
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = value

    path = tmp_path_factory.mktemp("hostile") / "file.vrm"
    path.write_bytes(repacked(change))
    assert examine(path)


def test_every_bone_and_shape_is_in_one_group():
    grouped = [*REQUIRED, *(b for bones in BONE_GROUPS.values() for b in bones)]
    assert sorted(grouped) == sorted(BONES)
    assert sorted(s for shapes in SHAPE_GROUPS.values() for s in shapes) == sorted(SHAPES)


@pytest.mark.data
def test_people_from_elsewhere_are_fit_for_a_call(outside_data):
    for path in sorted((outside_data / "avatars").glob("*.vrm")):
        assert healthy(examine(path)), path
