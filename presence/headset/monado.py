"""Prepares Monado, a free OpenXR runtime, for machines that have no headset and no display.

``python -m presence.headset.monado prepare`` unpacks it once, out of Debian 13's packages, into
the user's cache; nothing is installed into the system. ``path`` prints where it is, and
``run COMMAND…`` runs a command as a client of it.
"""

from __future__ import annotations

import argparse
import fcntl
import logging
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from presence.errors import HeadsetError, PresenceError
from presence.headset.bundle import Bundle, cut_bundle
from presence.headset.debian import Say, unpack_packages
from presence.headset.installation import Monado, bundle_folder, find_monado, from_bundle
from presence.headset.runtime import monado_runtime
from presence.headset.service import MonadoService

_SUITE = "trixie"
_PACKAGES = (
    "libc6",
    "monado-service",
    "libopenxr1-monado",
    "mesa-vulkan-drivers",
    "libegl1",
    "libgl1",
    "libegl-mesa0",
    "openxr-layer-corevalidation",
)
_WANTED = ("./usr/lib/*", "./usr/bin/monado-service")
_PARTIAL = ".partial-"


def prepare_monado(say: Say, again: bool = False) -> Monado:
    """Monado on this machine, prepared first if it is not there.

    Two processes that ask at once do the work once; an interrupted preparation leaves nothing that
    could be taken for a whole one.

    Args:
        say: told what is being done.
        again: prepare it even if there is one.

    Raises:
        HeadsetError: it cannot be prepared on this machine; the message says why.
    """
    if not again and (found := find_monado()) is not None:
        return found
    folder = bundle_folder()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HeadsetError(
            f"the cache folder {folder.parent} cannot be made ({error.strerror}): set "
            "PRESENCE_CACHE to a folder that can be written"
        ) from error
    asked_ns = time.time_ns()
    with _locked(folder.with_suffix(".lock"), say) as lock:
        if (found := _finished_since(folder, asked_ns if again else 0)) is not None:
            return found
        for leftover in folder.parent.glob(f"{folder.name}{_PARTIAL}*"):
            shutil.rmtree(leftover)
        partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}{_PARTIAL}", dir=folder.parent))
        try:
            bundle = _build(partial, lock, say)
            if folder.exists():
                shutil.rmtree(folder)
            bundle.folder.rename(folder)
        finally:
            shutil.rmtree(partial)
    return from_bundle(Bundle(folder))


def _build(partial: Path, lock: int, say: Say) -> Bundle:
    """Make and try a bundle inside a folder that is not yet anyone's."""
    system, folder = partial / "system", partial / "bundle"
    system.mkdir()
    folder.mkdir()
    versions = unpack_packages(_SUITE, _PACKAGES, _WANTED, system, say, hold=[lock])
    say("keeping what Monado loads")
    bundle = cut_bundle(system, folder, versions)
    say("trying it")
    with MonadoService(from_bundle(bundle)):
        pass
    return bundle


def _finished_since(folder: Path, since_ns: int) -> Monado | None:
    """The prepared Monado, if it is whole and not older than the given wall time."""
    bundle = Bundle(folder)
    if bundle.complete() and folder.stat().st_mtime_ns >= since_ns:
        return from_bundle(bundle)
    return None


@contextmanager
def _locked(path: Path, say: Say) -> Iterator[int]:
    """Hold a lock file; waits for whoever holds it. Yields its descriptor."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that is preparing it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _prepare(again: bool) -> int:
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"Monado: {text} ({time.monotonic() - begun:.0f} s)", file=sys.stderr, flush=True)

    monado = prepare_monado(say, again)
    print(monado.manifest)
    return 0


def _path() -> int:
    monado = find_monado()
    if monado is None:
        print(
            "Monado is not on this machine: python -m presence.headset.monado prepare",
            file=sys.stderr,
        )
        return 1
    print(monado.manifest)
    return 0


def _run(command: Sequence[str]) -> int:
    monado = find_monado()
    if monado is None:
        raise HeadsetError(
            "Monado is not on this machine: python -m presence.headset.monado prepare"
        )
    with monado_runtime(monado).started() as started:
        argv, environment = started.wrap(command)
        try:
            return subprocess.run(argv, env=environment).returncode
        except FileNotFoundError as error:
            raise HeadsetError(f"{command[0]} cannot be run: {error.strerror}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m presence.headset.monado",
        description="Monado for machines without a headset",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="put it into the cache, if it is not there")
    prepare.add_argument("--again", action="store_true", help="even if it is there")
    commands.add_parser("path", help="print its OpenXR manifest")
    run = commands.add_parser("run", help="run a command as a client of it")
    run.add_argument("client", nargs=argparse.REMAINDER, metavar="COMMAND")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    # Being told to terminate tidies up as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if chosen.command == "prepare":
            return _prepare(chosen.again)
        if chosen.command == "path":
            return _path()
        if not chosen.client:
            run.error("name the command to run")
        return _run(chosen.client)
    except PresenceError as error:
        print(f"Monado: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
