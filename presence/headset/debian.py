"""Debian's packages, unpacked into a folder without installing them.

``mmdebstrap`` downloads and unpacks; apt inside it verifies the archive's signature against
Debian's keyring. Works as root and, through user namespaces, as anyone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from presence.errors import HeadsetError

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_DEBIAN = Path("/etc/debian_version")
_FETCHED = re.compile(r"Get:\d+ \S+ \S+ \S+ (\S+) \S+ (\S+) \[")
_COUNTED = re.compile(r"(\d+) newly installed")
_END_WITHIN_S = 5.0
_SIZED = re.compile(r"Need to get (\S+ \S+) ")

Say = Callable[[str], None]
"""Tells the person what is being done."""


def unpack_packages(
    suite: str,
    packages: Sequence[str],
    wanted: Sequence[str],
    folder: Path,
    say: Say,
    hold: Sequence[int] = (),
) -> dict[str, str]:
    """Unpack packages and all that they depend on into a folder.

    Args:
        suite: Debian's release, as ``trixie``; need not be the running one.
        packages: names of packages.
        wanted: patterns of the paths to keep, as ``./usr/lib/*``; the rest is not written.
        folder: where to; exists and is empty. Beside it temporary files may remain.
        say: told of progress.
        hold: descriptors that every process of this stays in possession of, as of a lock: should
            the caller be killed, they go on for some seconds.

    Returns:
        Name and version of every package that was fetched.

    Raises:
        HeadsetError: this is no Debian, a tool is missing, or the download failed.
    """
    mmdebstrap = _require_mmdebstrap(say)
    if not _KEYRING.exists():
        raise HeadsetError(
            f"Debian's signing keys are missing ({_KEYRING}): install the package "
            "debian-archive-keyring"
        )
    # Signed-by ties the archive to Debian's own keys, whatever else this system trusts.
    source = f"deb [signed-by={_KEYRING}] {_mirror()} {suite} main"
    command = [
        mmdebstrap,
        "--verbose",
        "--variant=extract",
        # Nothing is run inside, so nothing need be mounted, nor stay so when it is killed.
        "--skip=chroot/mount",
        f"--mode={'root' if os.geteuid() == 0 else 'unshare'}",
        '--aptopt=APT::Install-Recommends "false"',
        *_proxy_options(),
        f"--include={','.join(packages)}",
        suite,
        "-",
        source,
    ]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    if os.geteuid() == 0:
        # What an interrupted mmdebstrap leaves lies where the caller tidies up. In a user
        # namespace it must be a folder that others may enter, and stays the system's.
        scratch = folder.with_name(f"{folder.name}-scratch")
        scratch.mkdir()
        environment["TMPDIR"] = str(scratch)
    # Through a pipe, because in a user namespace unpacked files would belong to other users.
    # In a session of its own, so that all of its processes can be ended together.
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        pass_fds=hold,
        start_new_session=True,
    ) as fetch:
        assert fetch.stdout is not None and fetch.stderr is not None
        unpack = subprocess.Popen(
            ["tar", "-x", "--no-same-owner", "--wildcards", "-C", folder, *wanted],
            stdin=fetch.stdout,
            stderr=subprocess.DEVNULL,
        )
        fetch.stdout.close()
        try:
            versions, complaints = _follow(fetch.stderr, say)
            failed = fetch.wait() != 0
            unpacked = unpack.wait() == 0
        except BaseException:
            _end_group(fetch)
            unpack.kill()
            unpack.wait()
            raise
    if failed:
        raise HeadsetError(
            f"Debian's packages could not be fetched: {' / '.join(complaints)}; "
            "see that the network and Debian's mirror can be reached, and try again"
        )
    if not unpacked:
        raise HeadsetError(
            f"Debian's packages could not be unpacked into {folder}: "
            "see that the disk has 2 GB free"
        )
    return versions


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started; mmdebstrap tidies up when it is interrupted."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_WITHIN_S)


def _follow(lines: Iterable[bytes], say: Say) -> tuple[dict[str, str], list[str]]:
    """Read mmdebstrap's messages to their end and tell of progress.

    Returns the versions of the packages that were fetched, and the last few complaints.
    """
    versions: dict[str, str] = {}
    total = told = 0
    complaints: deque[str] = deque(maxlen=3)
    for raw in lines:
        line = raw.decode(errors="replace").strip()
        if line.startswith(("E:", "W: GPG", "Err:")):
            complaints.append(line)
        if line.startswith("I: running apt-get update"):
            say("asking Debian's mirror what there is")
        elif sized := _SIZED.match(line):
            say(f"downloading {sized[1]} in {total} packages")
        elif counted := _COUNTED.search(line):
            total = int(counted[1])
        elif line.startswith("I: extracting"):
            say("unpacking")
        elif total and (fetched := _FETCHED.match(line)):
            versions[fetched[1]] = fetched[2]
            done = 10 * len(versions) // total
            if done > told:
                told = done
                say(f"downloaded {len(versions)} of {total} packages")
    return versions, list(complaints)


def _require_mmdebstrap(say: Say) -> str:
    """The path of mmdebstrap, which is installed first where that is possible."""
    if not _DEBIAN.exists() or shutil.which("apt-get") is None:
        raise HeadsetError(
            "Monado can be prepared on Debian only: elsewhere install an OpenXR runtime of the "
            "system's own and make it the active one"
        )
    found = shutil.which("mmdebstrap")
    if found is not None:
        return found
    if os.geteuid() != 0:
        raise HeadsetError(
            "preparing Monado needs mmdebstrap and uidmap: sudo apt install mmdebstrap uidmap"
        )
    say("installing mmdebstrap with apt")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "mmdebstrap"],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise HeadsetError(
                f"mmdebstrap could not be installed: {done.stderr.strip()[-300:]}; "
                "install it by hand: apt install mmdebstrap"
            )
    found = shutil.which("mmdebstrap")
    if found is None:
        raise HeadsetError("apt installed mmdebstrap, but it is not on PATH; add /usr/bin to PATH")
    return found


def _mirror() -> str:
    """The Debian mirror that this system's own apt uses."""
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"],
        capture_output=True,
        text=True,
    )
    for line in listing.stdout.splitlines():
        address, release, component = [*line.split(), "", ""][:3]
        # Updates and security live in suites with a dash or a slash.
        if component == "main" and not re.search(r"[-/]", release):
            return address
    raise HeadsetError(
        "apt names no Debian mirror on this system: see that /etc/apt/sources.list or "
        "/etc/apt/sources.list.d has Debian's main archive"
    )


def _proxy_options() -> list[str]:
    """This system's apt proxy, which mmdebstrap does not look up itself."""
    shell = subprocess.run(
        ["apt-config", "shell", "PROXY", "Acquire::http::Proxy"], capture_output=True, text=True
    )
    match = re.match(r"PROXY='([^']+)'", shell.stdout)
    return [f'--aptopt=Acquire::http::Proxy "{match[1]}"'] if match else []
