import json
import os
import shutil
from pathlib import Path

import pytest

from presence.errors import HeadsetError
from presence.headset import installation, runtime
from presence.headset.bundle import Bundle
from presence.headset.installation import Monado, from_bundle
from presence.headset.runtime import (
    Runtime,
    StartedRuntime,
    active_runtime,
    find_runtime,
    monado_runtime,
    original_environment,
)
from presence.resources import cache_folder


class Service:
    def __init__(self, folder):
        self.folder = folder


def write_manifest(path, library="libsomething.so", name="Something"):
    path.parent.mkdir(parents=True, exist_ok=True)
    described = {"library_path": library, **({"name": name} if name else {})}
    path.write_text(json.dumps({"file_format_version": "1.0.0", "runtime": described}))
    return path


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """An environment with no runtime, whatever this machine has."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(runtime, "_SYSTEM_FOLDERS", ())
    return {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CONFIG_DIRS": str(tmp_path / "system"),
        "XDG_RUNTIME_DIR": str(tmp_path / "empty"),
    }


def test_no_manifest_means_no_active_runtime(bare):
    assert active_runtime(bare) is None


def test_the_users_runtime_comes_before_the_systems(bare, tmp_path):
    of_system = write_manifest(tmp_path / "system/openxr/1/active_runtime.json", name="System's")
    assert active_runtime(bare) == Runtime("System's", of_system)
    of_user = write_manifest(tmp_path / "config/openxr/1/active_runtime.json", name="User's")
    assert active_runtime(bare) == Runtime("User's", of_user)


def test_a_named_manifest_comes_before_all(bare, tmp_path):
    write_manifest(tmp_path / "config/openxr/1/active_runtime.json")
    named = write_manifest(tmp_path / "elsewhere.json", name=None, library="/opt/libheadset.so")
    assert active_runtime({**bare, "XR_RUNTIME_JSON": str(named)}) == Runtime("libheadset", named)


def test_a_named_manifest_that_is_missing_is_said_and_not_replaced_by_another(bare, tmp_path):
    write_manifest(tmp_path / "config/openxr/1/active_runtime.json")
    with pytest.raises(HeadsetError, match=r"XR_RUNTIME_JSON names .*none\.json"):
        active_runtime({**bare, "XR_RUNTIME_JSON": str(tmp_path / "none.json")})


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"runtime": {}}', '{"runtime": 3}', "\x00"])
def test_a_damaged_manifest_is_passed_over(bare, tmp_path, damage):
    broken = tmp_path / "config/openxr/1/active_runtime.json"
    broken.parent.mkdir(parents=True)
    broken.write_text(damage)
    whole = write_manifest(tmp_path / "system/openxr/1/active_runtime.json")
    assert active_runtime(bare) == Runtime("Something", whole)


def test_an_active_monado_counts_only_while_it_serves(bare, tmp_path):
    manifest = write_manifest(
        tmp_path / "config/openxr/1/active_runtime.json", "libopenxr_monado.so", "Monado"
    )
    assert active_runtime(bare) is None
    (tmp_path / "empty" / "monado_comp_ipc").touch()
    assert active_runtime(bare) == Runtime("Monado", manifest)


def test_monado_serves_where_no_runtime_is_active(monkeypatch, tmp_path):
    monado = Monado(tmp_path / "manifest.json", tmp_path / "service", None)
    monkeypatch.setattr(runtime, "active_runtime", lambda: None)
    monkeypatch.setattr(runtime, "find_monado", lambda: monado)
    assert find_runtime() == monado_runtime(monado)
    active = Runtime("Something", tmp_path)
    monkeypatch.setattr(runtime, "active_runtime", lambda: active)
    assert find_runtime() == active
    monkeypatch.setattr(runtime, "active_runtime", lambda: None)
    monkeypatch.setattr(runtime, "find_monado", lambda: None)
    assert find_runtime() is None


def test_a_client_of_an_active_runtime_starts_as_it_is(tmp_path):
    with Runtime("Something", tmp_path / "manifest.json").started() as started:
        assert started.wrap(["python", "-m", "x"], {"A": "1"}) == (
            ["python", "-m", "x"],
            {"A": "1"},
        )


def test_a_client_of_the_systems_monado_shares_the_services_folder(tmp_path):
    monado = Monado(tmp_path / "manifest.json", tmp_path / "service", None)
    started = StartedRuntime(monado_runtime(monado), Service(tmp_path / "run"))
    argv, environment = started.wrap(["python"], {"XDG_RUNTIME_DIR": "/run/user/7"})
    assert argv == ["python"]
    assert environment["XDG_RUNTIME_DIR"] == str(tmp_path / "run")
    assert environment["XR_RUNTIME_JSON"] == str(monado.manifest)
    assert "LIBGL_DRIVERS_PATH" not in environment


def test_a_client_of_a_prepared_monado_starts_with_its_loader_and_libraries(tmp_path):
    bundle = Bundle(tmp_path)
    started = StartedRuntime(monado_runtime(from_bundle(bundle)), Service(tmp_path / "run"))
    argv, environment = started.wrap(["sh", "-c", "true"], {"PATH": os.environ["PATH"]})
    assert argv == [
        str(tmp_path / "bin" / "ld.so"),
        "--library-path",
        str(tmp_path / "lib"),
        shutil.which("sh"),
        "-c",
        "true",
    ]
    assert environment["__EGL_VENDOR_LIBRARY_FILENAMES"].startswith(str(tmp_path))


def test_children_get_back_what_was_changed_and_keep_what_was_not(tmp_path):
    started = StartedRuntime(monado_runtime(from_bundle(Bundle(tmp_path))), Service(tmp_path))
    before = {"PATH": "/bin", "EGL_PLATFORM": "wayland", "XDG_RUNTIME_DIR": "/run/user/7"}
    _, wrapped = started.wrap(["sh"], before)
    assert wrapped["EGL_PLATFORM"] != "wayland"
    assert original_environment(wrapped) == before
    assert original_environment({**wrapped, "NEW": "1"}) == {**before, "NEW": "1"}


def test_an_unwrapped_process_has_its_original_environment():
    assert original_environment({"A": "1"}) == {"A": "1"}


def test_the_cache_is_where_the_user_says():
    home = Path.home()
    assert cache_folder({}) == home / ".cache" / "presence"
    assert cache_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/presence")
    assert cache_folder({"XDG_CACHE_HOME": "/c", "PRESENCE_CACHE": "/p"}) == Path("/p")


def test_the_systems_monado_comes_before_the_prepared(monkeypatch, tmp_path):
    service = tmp_path / "bin" / "monado-service"
    service.parent.mkdir()
    service.write_text("#!/bin/sh\n")
    service.chmod(0o755)
    manifest = write_manifest(tmp_path / "openxr_monado.json")
    monkeypatch.setenv("PATH", str(service.parent))
    monkeypatch.setenv("PRESENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(installation, "_SYSTEM_MANIFESTS", (tmp_path / "none", manifest))
    assert installation.find_monado() == Monado(manifest, service, None)
    monkeypatch.setattr(installation, "_SYSTEM_MANIFESTS", ())
    assert installation.find_monado() is None
