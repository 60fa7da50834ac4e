"""What ships is what the code makes."""

from pathlib import Path

import numpy as np
import pytest

from presence.scene import shipped
from presence.scene.avatar import Avatar
from presence.scene.gltf import from_glb
from presence.scene.shipped import SHIPPED, make_assets, shipped_person

ASSETS = Path(__file__).parent.parent / "assets"
LARGEST = 3_000_000


def differences(one: Avatar, other: Avatar) -> list[str]:
    """Wherein two people differ by more than two machines' last digits and JPEG encoders do."""
    a, b = one.mesh, other.mesh
    if not np.array_equal(a.triangles, b.triangles):
        return ["other triangles"]
    found = []
    if np.abs(a.positions - b.positions).max() > 1e-4:
        found.append("a vertex is more than 0.1 mm elsewhere")
    if [m.shape for m in a.morphs] != [m.shape for m in b.morphs]:
        found.append("other shapes")
    if len(a.textures) != len(b.textures):
        found.append("other textures")
    for x, y in zip(a.textures, b.textures, strict=False):
        if x.shape != y.shape or np.abs(x.astype(int) - y.astype(int)).mean() > 1.0:
            found.append("a texture shows something else")
    return found


@pytest.mark.timeout(300)
def test_what_ships_is_what_the_code_makes():
    files = sorted(path.stem for path in ASSETS.glob("*.vrm"))
    # Nobody ships until the first `make assets`.
    for name in files:
        assert name in SHIPPED, "make assets would take this away"
        data = shipped_person(name).read_bytes()
        assert len(data) <= LARGEST
        again = shipped.make_person(name)
        # The same bytes on the machine that made them, and nearly the same on any other.
        if data != again:
            assert differences(from_glb(data), from_glb(again)) == [], "run make assets"
    assert files in ([], sorted(SHIPPED))


def test_the_assets_are_everybody_who_ships_and_nobody_else(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "make_person", lambda name: name.encode())
    (tmp_path / "former.vrm").write_bytes(b"")
    (tmp_path / "README.md").write_text("kept")
    paths = make_assets(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["README.md", "robin.vrm", "sam.vrm"]
    assert [p.read_text() for p in paths] == list(SHIPPED)


def test_nobody_else_is_said_to_ship():
    with pytest.raises(KeyError):
        shipped_person("nobody")
