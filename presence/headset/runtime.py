"""Which OpenXR runtime there is, and how the one process that draws must be started for it.

The OpenXR loader finds a runtime by a manifest, a small JSON file: the one that ``XR_RUNTIME_JSON``
names, else ``openxr/1/active_runtime.json`` in the folders of the XDG base directories. Where none
is active, Monado serves: installed or prepared, with a service of our own and a simulated headset.

Monado that was prepared from another Debian needs that Debian's dynamic loader, libraries and
drivers. They are for the wrapped process alone; what it starts itself must be given
:func:`original_environment`, or EGL would load drivers that the system's C library cannot run.

Nothing here loads OpenXR: this runs in processes that never draw.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from presence.errors import HeadsetError
from presence.headset.installation import Monado, find_monado
from presence.headset.service import SOCKET, MonadoService

_SYSTEM_FOLDERS = ("/usr/local/etc", "/etc")
_SAVED = "PRESENCE_ORIGINAL_ENVIRONMENT"


@dataclass(frozen=True, slots=True)
class Runtime:
    """An OpenXR runtime that a process may be started for."""

    name: str
    """What its manifest calls it; the runtime itself tells its exact name and version later."""
    manifest: Path
    monado: Monado | None = None
    """Set when it is Monado and we start its service, with a simulated headset."""

    @contextmanager
    def started(self) -> Iterator[StartedRuntime]:
        """Start what the runtime needs for as long as the block runs.

        Raises:
            HeadsetError: Monado's service did not start.
        """
        if self.monado is None:
            yield StartedRuntime(self, None)
        else:
            with MonadoService(self.monado) as service:
                yield StartedRuntime(self, service)


@dataclass(frozen=True, slots=True)
class StartedRuntime:
    """A runtime whose clients can be started now."""

    runtime: Runtime
    service: MonadoService | None

    def wrap(
        self, argv: Sequence[str], environment: Mapping[str, str] = os.environ
    ) -> tuple[list[str], dict[str, str]]:
        """The command and environment that run ``argv`` as a client of this runtime."""
        monado, service = self.runtime.monado, self.service
        if monado is None or service is None:
            return list(argv), dict(environment)
        changes = {**monado.client_environment(), "XDG_RUNTIME_DIR": str(service.folder)}
        saved = {name: environment.get(name) for name in changes}
        return monado.client_command(list(argv)), {
            **environment,
            **changes,
            _SAVED: json.dumps(saved),
        }

    def describe(self, within_s: float = 20.0) -> dict[str, Any]:
        """What :mod:`presence.headset.probe` finds, in a process of its own.

        A runtime that crashes or hangs takes nothing with it.

        Raises:
            HeadsetError: it found no runtime or no headset, or did not answer.
        """
        argv, environment = self.wrap(
            [sys.executable, "-m", "presence.headset.probe", "--json"], os.environ
        )
        try:
            done = subprocess.run(
                argv, env=environment, capture_output=True, text=True, timeout=within_s
            )
            found: dict[str, Any] = json.loads(done.stdout)
        except subprocess.TimeoutExpired:
            raise HeadsetError(
                f"the OpenXR runtime {self.runtime.name} did not answer within {within_s:g} s; "
                "start it again"
            ) from None
        except ValueError:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise HeadsetError(
                f"the OpenXR runtime {self.runtime.name} could not be asked "
                f"(status {done.returncode}: {last}); see that libGL is installed and that the "
                "runtime works with other programs"
            ) from None
        if "error" in found:
            raise HeadsetError(str(found["error"]))
        return found


def original_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment that this process would have had unwrapped, for every process it starts."""
    original = dict(environment)
    saved: dict[str, str | None] = json.loads(original.pop(_SAVED, "{}"))
    for name, value in saved.items():
        if value is None:
            original.pop(name, None)
        else:
            original[name] = value
    return original


def find_runtime() -> Runtime | None:
    """The active runtime, else Monado if it is on this machine, else None.

    Raises:
        HeadsetError: the manifest that ``XR_RUNTIME_JSON`` names cannot be used.
    """
    return active_runtime() or (monado_runtime(found) if (found := find_monado()) else None)


def monado_runtime(monado: Monado) -> Runtime:
    """Monado with a service of our own and a simulated headset."""
    return Runtime("Monado", monado.manifest, monado)


def active_runtime(environment: Mapping[str, str] = os.environ) -> Runtime | None:
    """The runtime that this system is set up to use, if there is one.

    A Monado that is active but serves nobody does not count: without its service, which a person
    starts for a headset, no session could be opened.

    Raises:
        HeadsetError: the manifest that ``XR_RUNTIME_JSON`` names cannot be used.
    """
    for manifest in _candidates(environment):
        try:
            described = json.loads(manifest.read_text())["runtime"]
            library = str(described["library_path"])
            name = str(described.get("name") or Path(library).stem)
        except (OSError, ValueError, KeyError, TypeError) as error:
            # What somebody asked for by name is not silently replaced by something else.
            if str(manifest) == environment.get("XR_RUNTIME_JSON"):
                raise HeadsetError(
                    f"XR_RUNTIME_JSON names {manifest}, which describes no OpenXR runtime "
                    f"({error}); correct it, or unset it to use what is installed"
                ) from None
            continue
        if "openxr_monado" in library and not _monado_serves(environment):
            return None
        return Runtime(name, manifest)
    return None


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    """Where the OpenXR loader looks for the active runtime's manifest, in its order.

    OpenXR loader design, "Active Runtime Location" on Linux.
    """
    if named := environment.get("XR_RUNTIME_JSON"):
        yield Path(named)
        return
    home = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    system = environment.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    folders = [home, *system.split(":"), *_SYSTEM_FOLDERS]
    for folder in folders:
        for name in (f"active_runtime.{platform.machine()}.json", "active_runtime.json"):
            yield Path(folder) / "openxr" / "1" / name


def _monado_serves(environment: Mapping[str, str]) -> bool:
    folder = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return (Path(folder) / SOCKET).exists()
