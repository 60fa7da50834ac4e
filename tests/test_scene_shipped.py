"""What ships is what the code makes."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from presence.scene import shipped
from presence.scene.avatar import Avatar
from presence.scene.gltf import from_glb
from presence.scene.shipped import SHIPPED, make_assets, shipped_person

ASSETS = Path(__file__).parent.parent / "assets"
LARGEST = 3_000_000


NEAR = 0.002
"""Metres: another machine's last digits may turn an edge of the mesh, and then move little else."""


def differences(one: Avatar, other: Avatar) -> list[str]:
    """Wherein two people differ by more than two machines' last digits and JPEG encoders do."""
    a, b = one.mesh, other.mesh
    found = []
    for x, y in ((a, b), (b, a)):
        away, _ = cKDTree(x.positions).query(y.positions)
        if np.percentile(away, 99.5) > NEAR:
            found.append(f"{np.mean(away > NEAR):.1%} of the vertices are elsewhere")
    if abs(len(a.triangles) - len(b.triangles)) > 0.01 * len(a.triangles):
        found.append(f"{len(a.triangles)} triangles, and {len(b.triangles)}")
    if [m.shape for m in a.morphs] != [m.shape for m in b.morphs]:
        found.append("other shapes")
    if np.abs(one.proportions.offsets - other.proportions.offsets).max() > 1e-6:
        found.append("other measures")
    for x, y in zip(a.textures, b.textures, strict=True):
        if np.abs(x.mean(axis=(0, 1)) - y.mean(axis=(0, 1))).max() > 2.0:
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
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "README.md",
        *(f"{name}.vrm" for name in SHIPPED),
    ]
    assert [p.read_text() for p in paths] == list(SHIPPED)


def test_nobody_else_is_said_to_ship():
    with pytest.raises(KeyError):
        shipped_person("nobody")
