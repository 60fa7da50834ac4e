"""``presence avatar``: new, show and check, as a person uses them."""

import json

import numpy as np
import pytest
from capsule_person import capsule_person
from PIL import Image

from presence import cli
from presence.client import avatars
from presence.client.avatars import seed_list
from presence.errors import UsageError
from presence.scene.gltf import load_glb, to_glb
from presence.scene.triangle import triangle_avatar


@pytest.fixture
def presence(monkeypatch, capsys):
    """Runs the command; returns its exit code and what it told."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["presence", "avatar", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return ended.value.code, told.out, told.err

    return run


@pytest.mark.timeout(600)
def test_a_person_is_made_said_and_made_again(presence, tmp_path):
    first, second = tmp_path / "first.vrm", tmp_path / "deep" / "second.vrm"
    code, out, _ = presence("new", "-o", first, "--height", "1.6", "--hair", "bob:red")
    assert code == 0
    assert "1.60 m" in out
    assert "triangles" in out
    seed = out.strip().rpartition("--seed ")[2]
    wishes = ("--height", "160cm", "--hair", "bob:red")
    assert presence("new", "-o", second, "--seed", seed, *wishes)[0] == 0
    one, again = load_glb(first), load_glb(second)
    assert np.array_equal(one.mesh.positions, again.mesh.positions)
    assert np.array_equal(one.mesh.colours, again.mesh.colours)
    assert (one.name, again.name) == ("first", "second")
    assert one.proportions.height == pytest.approx(1.6, abs=0.001)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["new", "-o", "a.png"], "a.png is to be a .vrm or .glb file"),
        (["new", "-o", "there.vrm"], "there.vrm exists; name another file, or add --force"),
        (["new", "-o", "new.vrm", "--hair", "mohawk"], "ponytail"),
        (["show"], "name one person"),
        (["show", "3", "--seeds", "1-2"], "name one person"),
        (["show", "--seeds", "1-2"], "needs --sheet"),
        (["show", "--seeds", "2-1", "--sheet", "a.png"], "the smaller number first"),
        (["show", "3", "--sheet", "a.jpg"], "a .png file"),
        (["show", "none.vrm", "--sheet", "a.png"], "none.vrm cannot be read"),
        (["show", "there.vrm", "--sheet", "a.png"], "there.vrm"),
        (["show", "99999999999", "--sheet", "a.png"], "too large for a seed"),
    ],
)
def test_a_mistake_is_answered_with_its_cure_and_leaves_no_file(
    presence, monkeypatch, tmp_path, arguments, told
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.vrm").write_text("somebody's own")
    code, _, err = presence(*arguments)
    assert code == 2
    assert told in err.replace("\n", " ")
    assert [path.name for path in tmp_path.iterdir()] == ["there.vrm"]
    assert (tmp_path / "there.vrm").read_text() == "somebody's own"


@pytest.mark.parametrize(
    ("text", "seeds"), [("3", [3]), ("1-4", [1, 2, 3, 4]), ("7, 1-2", [7, 1, 2])]
)
def test_seeds_are_numbers_and_ranges(text, seeds):
    assert seed_list(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "1-", "-3", "1-100", "1-64,70", "4294967296"])
def test_a_list_of_seeds_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="--seeds"):
        seed_list(text)


def test_without_a_screen_the_way_out_is_named(presence, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    code, _, err = presence("show", "3")
    assert code == 1
    assert "take --sheet PICTURE.png" in err


def test_a_sheet_is_left_as_a_picture(presence, tmp_path, monkeypatch):
    monkeypatch.setattr(avatars, "_generated", lambda seed: capsule_person(segments=6, rings=4))
    code, out, _ = presence("show", "--seeds", "3,4", "--sheet", tmp_path / "people.png")
    assert code == 0
    with Image.open(tmp_path / "people.png") as picture:
        assert f"{picture.width}×{picture.height}" in out
        assert picture.width == 2400


def test_a_file_is_checked_with_a_table_or_json(presence, tmp_path):
    path = tmp_path / "somebody.vrm"
    path.write_bytes(to_glb(triangle_avatar()))
    code, out, _ = presence("check", path)
    assert code == 0
    assert "all 55" in out
    path.write_bytes(b"nobody")
    code, out, _ = presence("check", path, "--json")
    assert code == 1
    assert json.loads(out)["healthy"] is False
    assert presence("check", tmp_path / "none.vrm")[0] == 2
