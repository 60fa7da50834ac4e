import json
import shutil
import subprocess
from pathlib import Path

import pytest

from presence.errors import HeadsetError
from presence.headset import bundle as bundle_module
from presence.headset.bundle import Bundle, cut_bundle

LIBRARIES = next(Path("/usr/lib").glob("*-linux-gnu"), None)


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A small system: a C library, a client library and a service that are copies of real ones."""
    if LIBRARIES is None:
        pytest.skip("this system does not keep its libraries as Debian does")
    folder = tmp_path / "system" / "usr" / "lib" / LIBRARIES.name
    folder.mkdir(parents=True)
    loader = next(LIBRARIES.glob("ld-linux-*.so.*"))
    for name in (loader.name, "libc.so.6", "libm.so.6", "libz.so.1"):
        shutil.copy2(LIBRARIES / name, folder / name)
    (tmp_path / "system" / "usr" / "bin").mkdir()
    needs_only_c = shutil.which("true")
    shutil.copy2(needs_only_c, tmp_path / "system" / "usr" / "bin" / "monado-service")
    (folder / "unwanted.so").write_bytes(b"x" * 1000)
    monkeypatch.setattr(bundle_module, "_CLIENT_ROOTS", ("libz.so.1",))
    monkeypatch.setattr(bundle_module, "_SERVICE_ROOTS", ("libm.so.6",))
    monkeypatch.setattr(bundle_module, "_C_LIBRARY", ())
    return tmp_path / "system"


def cut(system):
    folder = system.parent / "bundle"
    folder.mkdir()
    return cut_bundle(system, folder, {"monado-service": "25"})


def test_a_bundle_holds_what_is_loaded_and_nothing_else(system):
    bundle = cut(system)
    assert bundle.complete()
    libraries = {path.name for path in (bundle.folder / "lib").iterdir() if not path.is_symlink()}
    assert libraries == {"libz.so.1", "libc.so.6"}
    assert {path.name for path in (bundle.folder / "lib-service").iterdir()} == {"libm.so.6"}
    assert bundle.contents()["packages"] == {"monado-service": "25"}


def test_a_program_runs_with_a_bundles_loader_and_libraries(system):
    bundle = cut(system)
    command = bundle.start_with(bundle.service_libraries, [str(bundle.service)])
    assert subprocess.run(command, env={}).returncode == 0


def test_a_bundle_may_be_moved(system):
    moved = cut(system).folder.rename(system.parent / "elsewhere")
    bundle = Bundle(moved)
    assert bundle.complete()
    manifest = json.loads(bundle.runtime_manifest.read_text())
    assert manifest["runtime"]["library_path"].startswith("../")


def test_a_damaged_bundle_is_not_complete(system):
    bundle = cut(system)
    library = bundle.folder / "lib" / "libz.so.1"
    whole = library.read_bytes()
    library.write_bytes(whole[:-1])
    assert not bundle.complete()
    library.write_bytes(whole)
    assert bundle.complete()
    library.unlink()
    assert not bundle.complete()


@pytest.mark.parametrize("contents", ["", "[]", '{"format": 0, "files": {}}', '{"format": 1}'])
def test_a_folder_that_says_otherwise_is_no_bundle(tmp_path, contents):
    (tmp_path / "bundle.json").write_text(contents)
    assert not Bundle(tmp_path).complete()
    assert not Bundle(tmp_path / "none").complete()


def test_a_library_of_the_running_system_is_never_taken(system):
    next(system.rglob("libc.so.6")).unlink()
    with pytest.raises(HeadsetError, match=r"libc\.so\.6 is missing"):
        cut(system)


def test_packages_without_a_c_library_are_refused(tmp_path):
    (tmp_path / "bundle").mkdir()
    with pytest.raises(HeadsetError, match="C library"):
        cut_bundle(tmp_path, tmp_path / "bundle", {})
