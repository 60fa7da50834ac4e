"""Monado on this machine: where it is, and how its service and its clients must be started.

Either the system has Monado installed (Debian 13: ``monado-service`` and ``libopenxr1-monado``),
or ``python -m presence.headset.monado prepare`` has put a :class:`~presence.headset.bundle.Bundle`
into the cache.
"""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from presence.headset.bundle import FORMAT, Bundle
from presence.resources import cache_folder

_SYSTEM_MANIFESTS = (
    Path("/usr/share/openxr/1/openxr_monado.json"),
    Path("/usr/local/share/openxr/1/openxr_monado.json"),
)
# A display that needs no screen, and a head that needs no device.
_SIMULATED_HEADSET = {
    "XRT_COMPOSITOR_NULL": "1",
    "XRT_NO_STDIN": "1",
    "SIMULATED_ENABLE": "1",
    "SIMULATED_LEFT": "simple",
    "SIMULATED_RIGHT": "simple",
}


@dataclass(frozen=True, slots=True)
class Monado:
    """Monado as it is installed on, or was prepared for, this machine."""

    manifest: Path
    service: Path
    bundle: Bundle | None
    """Where its files come from; None when the system has it installed."""

    def service_command(self) -> list[str]:
        """The command that starts the service."""
        if self.bundle is None:
            return [str(self.service)]
        return self.bundle.start_with(self.bundle.service_libraries, [str(self.service)])

    def service_environment(self) -> dict[str, str]:
        """The variables that the service needs, for a simulated headset without a display."""
        drivers = self.bundle.driver_environment if self.bundle else {}
        return {**drivers, **_SIMULATED_HEADSET}

    def client_command(self, argv: list[str]) -> list[str]:
        """The command that starts a client of this runtime."""
        if self.bundle is None:
            return list(argv)
        # The dynamic loader takes a program by its path and does not search for it.
        program = shutil.which(argv[0]) or argv[0]
        return self.bundle.start_with(self.bundle.client_libraries, [program, *argv[1:]])

    def client_environment(self) -> dict[str, str]:
        """The variables that a client needs."""
        drivers = self.bundle.driver_environment if self.bundle else {}
        return {
            **drivers,
            "XR_RUNTIME_JSON": str(self.manifest),
            "EGL_PLATFORM": "surfaceless",
            # The runtime would print each error beside the one that we report.
            "OXR_NO_PRINTING_STDERR": "1",
        }


def bundle_folder() -> Path:
    """Where the prepared Monado of this version and processor is, or will be."""
    return cache_folder() / f"monado-{FORMAT}-{platform.machine()}"


def find_monado() -> Monado | None:
    """The system's Monado, else the prepared one, else None."""
    service = shutil.which("monado-service")
    manifest = next((path for path in _SYSTEM_MANIFESTS if path.exists()), None)
    if service is not None and manifest is not None:
        return Monado(manifest, Path(service), None)
    return prepared_monado()


def prepared_monado() -> Monado | None:
    """The Monado in the cache, if it is whole."""
    bundle = Bundle(bundle_folder())
    return from_bundle(bundle) if bundle.complete() else None


def from_bundle(bundle: Bundle) -> Monado:
    """The Monado of a bundle."""
    return Monado(bundle.runtime_manifest, bundle.service, bundle)
