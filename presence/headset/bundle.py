"""A folder of our own with one OpenXR runtime in it, cut out of a Debian system's files.

A headless machine with an older Debian can run a newer Debian's Monado without installing it: by
starting a program with the newer system's dynamic loader and libraries. Of the 660 MB that the
packages hold, the service and its clients load two thirds. A *bundle* is that part::

    lib/          what a client loads: C library, EGL, GL, software rasteriser, OpenXR runtime
    lib-service/  what only the service loads besides
    bin/          the dynamic loader, monado-service
    share/        manifests by which loaders find drivers, the runtime and the validation layer
    bundle.json   what it is made of, and every file's size

Every path inside is relative, so a bundle may be moved.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from presence.errors import HeadsetError

FORMAT = 1
"""Raised when the layout above changes, so that an older bundle is not used."""

# Loaded by name at run time, so no other library names them.
_CLIENT_ROOTS = (
    "libopenxr_monado.so",
    "libEGL.so.1",
    "libGL.so.1",
    "libEGL_mesa.so.0",
    "libGLX_mesa.so.0",
    "libstdc++.so.6",
    "openxr/1/api_layers/libXrApiLayer_core_validation.so",
)
_SERVICE_ROOTS = ("libvulkan_lvp.so",)
# All of the C library comes along: its parts work only with each other.
_C_LIBRARY = (
    "libBrokenLocale.so.1",
    "libanl.so.1",
    "libdl.so.2",
    "libnss_compat.so.2",
    "libnss_dns.so.2",
    "libnss_files.so.2",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
)
# PyOpenGL asks for these first, and must not find the running system's.
_DEVELOPMENT_NAMES = ("libGL.so", "libEGL.so")
_PRIVATE_FOLDERS = ("pulseaudio", "blas", "lapack")
_CONTENTS = "bundle.json"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A prepared folder as described above."""

    folder: Path

    @property
    def loader(self) -> Path:
        """The dynamic loader that programs must be started with."""
        return self.folder / "bin" / "ld.so"

    @property
    def service(self) -> Path:
        """The ``monado-service`` program."""
        return self.folder / "bin" / "monado-service"

    @property
    def runtime_manifest(self) -> Path:
        """The OpenXR runtime's manifest, for ``XR_RUNTIME_JSON``."""
        return self.folder / "share" / "openxr_monado.json"

    @property
    def layers(self) -> Path:
        """The folder of API layer manifests, for ``XR_API_LAYER_PATH``."""
        return self.folder / "share" / "api_layers"

    @property
    def client_libraries(self) -> list[Path]:
        """The library folders of a client, in search order."""
        return [self.folder / "lib"]

    @property
    def service_libraries(self) -> list[Path]:
        """The library folders of the service, in search order."""
        return [self.folder / "lib", self.folder / "lib-service"]

    @property
    def driver_environment(self) -> dict[str, str]:
        """The variables by which EGL, GLX and Vulkan find this bundle's drivers, and no others."""
        return {
            "VK_DRIVER_FILES": str(self.folder / "share" / "lvp_icd.json"),
            "VK_LOADER_LAYERS_DISABLE": "~implicit~",
            "__EGL_VENDOR_LIBRARY_FILENAMES": str(self.folder / "share" / "50_mesa.json"),
            "__GLX_VENDOR_LIBRARY_NAME": "mesa",
            "LIBGL_DRIVERS_PATH": str(self.folder / "lib"),
            # moderngl asks the running system's linker cache for these names otherwise.
            "GLCONTEXT_LINUX_LIBGL": "libGL.so.1",
            "GLCONTEXT_LINUX_LIBEGL": "libEGL.so.1",
            "GLCONTEXT_LINUX_LIBX11": "libX11.so.6",
        }

    def start_with(self, libraries: Iterable[Path], argv: list[str]) -> list[str]:
        """The command that runs ``argv`` (a program by its full path) with these libraries."""
        path = ":".join(str(folder) for folder in libraries)
        return [str(self.loader), "--library-path", path, *argv]

    def contents(self) -> dict[str, object]:
        """What ``bundle.json`` says: format, packages and their versions, file sizes."""
        contents: dict[str, object] = json.loads((self.folder / _CONTENTS).read_text())
        return contents

    def complete(self) -> bool:
        """Whether every file that belongs here is here with its full size."""
        try:
            contents = self.contents()
            files = contents["files"]
            if contents["format"] != FORMAT or not isinstance(files, dict):
                return False
            return all((self.folder / name).stat().st_size == size for name, size in files.items())
        except (OSError, ValueError, KeyError, TypeError):
            return False


def cut_bundle(system: Path, folder: Path, packages: Mapping[str, str]) -> Bundle:
    """Move what a bundle needs out of an unpacked Debian system.

    Args:
        system: the unpacked system, with ``usr/lib/<triplet>``; it is spoilt by this.
        folder: the bundle's folder, empty, on the same file system.
        packages: name and version of what the system was unpacked from, for ``bundle.json``.

    Raises:
        HeadsetError: the system lacks a file or a library that Monado needs.
    """
    libraries = next(system.glob("usr/lib/*-linux-gnu*"), None)
    loader = next(system.glob("usr/lib/*-linux-gnu*/ld-linux-*.so.*"), None)
    if libraries is None or loader is None:
        raise HeadsetError(
            f"the packages unpacked into {system} hold no C library; prepare Monado again"
        )
    bundle = Bundle(folder)
    private = (libraries / name for name in _PRIVATE_FOLDERS)
    search = [libraries, system / "usr" / "lib", *private]
    service = system / "usr" / "bin" / "monado-service"

    client_roots = [libraries / name for name in (*_CLIENT_ROOTS, *_C_LIBRARY)]
    client = _closure(loader, search, client_roots)
    whole = _closure(loader, search, [service, *(libraries / name for name in _SERVICE_ROOTS)])

    for name in ("bin", "lib", "lib-service", "share/api_layers"):
        (folder / name).mkdir(parents=True)
    shutil.copy2(loader.resolve(), bundle.loader)
    shutil.copy2(service, bundle.service)
    for name, path in client.items():
        shutil.copy2(path, folder / "lib" / name)
    for name, path in whole.items():
        if name not in client and path != service:
            shutil.copy2(path, folder / "lib-service" / name)
    for name in _DEVELOPMENT_NAMES:
        (folder / "lib" / name).symlink_to(f"{name}.1")
    _write_manifests(bundle)

    files = {
        str(path.relative_to(folder)): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    contents = {"format": FORMAT, "packages": dict(packages), "files": files}
    (folder / _CONTENTS).write_text(json.dumps(contents, indent=1) + "\n")
    return bundle


def _closure(loader: Path, search: list[Path], roots: list[Path]) -> dict[str, Path]:
    """The given files and every library that they load, by the name they are loaded by."""
    library_path = ":".join(str(folder) for folder in search)
    found: dict[str, Path] = {}
    for root in roots:
        listing = subprocess.run(
            [loader, "--library-path", library_path, "--list", root],
            capture_output=True,
            text=True,
            env={},
        )
        if listing.returncode != 0:
            raise HeadsetError(
                f"{root.name} of the unpacked packages does not load: {listing.stderr.strip()}; "
                "prepare Monado again, and if it stays so report Debian's package versions"
            )
        found[root.name] = root
        for line in listing.stdout.splitlines():
            name, arrow, rest = line.strip().partition(" => ")
            # The kernel's own library and the loader have no arrow.
            if arrow and not name.startswith("/"):
                found[name] = _inside(search, name, Path(rest.rsplit(" (", 1)[0]))
    return found


def _inside(search: list[Path], name: str, path: Path) -> Path:
    """The resolved path of a library, which must not be the running system's own."""
    if path.parent not in search:
        raise HeadsetError(
            f"{name} is missing from the unpacked packages (this system's {path} would be "
            "loaded); prepare Monado again, and if it stays so report Debian's package versions"
        )
    return path.resolve()


def _write_manifests(bundle: Bundle) -> None:
    # A bare library name is looked up in the loader's library path; a path that begins with a dot
    # is relative to the manifest.
    manifests: dict[Path, dict[str, object]] = {
        bundle.runtime_manifest: {
            "file_format_version": "1.0.0",
            "runtime": {"name": "Monado", "library_path": "../lib/libopenxr_monado.so"},
        },
        bundle.folder / "share" / "lvp_icd.json": {
            "file_format_version": "1.0.0",
            "ICD": {"library_path": "libvulkan_lvp.so", "api_version": "1.3.0"},
        },
        bundle.folder / "share" / "50_mesa.json": {
            "file_format_version": "1.0.0",
            "ICD": {"library_path": "libEGL_mesa.so.0"},
        },
        bundle.layers / "core_validation.json": {
            "file_format_version": "1.0.0",
            "api_layer": {
                "name": "XR_APILAYER_LUNARG_core_validation",
                "library_path": "../../lib/libXrApiLayer_core_validation.so",
                "api_version": "1.1",
                "implementation_version": "1",
                "description": "Judges the calls of an OpenXR client",
                "disable_environment": "PRESENCE_NO_CORE_VALIDATION",
            },
        },
    }
    for path, manifest in manifests.items():
        path.write_text(json.dumps(manifest, indent=1) + "\n")
