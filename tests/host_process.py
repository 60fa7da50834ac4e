"""A room host in a process of its own, as ``presence host`` starts it."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

from presence.wire.link import parse_link

BASE_INSTALL = """
import sys

MISSING = {"numpy", "scipy", "aiortc", "av", "moderngl", "glcontext", "xr", "glfw", "PIL", "numba"}


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in MISSING:
            raise ModuleNotFoundError(f"{name} is not in the base install", name=name)


sys.meta_path.insert(0, Missing())
"""
"""What makes an interpreter look as if only the base install were there."""


@contextlib.contextmanager
def host_process(folder: Path, *options: str, prelude: str = ""):
    """Run ``presence host`` on loopback; gives the process and the room's link."""
    link_file = folder / "link"
    arguments = ["host", "--bind", "127.0.0.1", "--link-file", str(link_file), *options]
    process = subprocess.Popen(
        [sys.executable, "-c", f"{prelude}\nfrom presence.cli import main\nmain()", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 20.0
        while not link_file.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "the host did not start"
            time.sleep(0.02)
        yield process, parse_link(link_file.read_text())
    finally:
        process.kill()
        process.communicate()
