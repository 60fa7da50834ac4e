"""A browser without a screen, and a server that hands it people and hears what it saw."""

import contextlib
import http.server
import json
import queue
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

JUDGES = Path(__file__).parent / "judges"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("there is no Chromium: make test installs it")


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of the judges' folder, people by name, and a mailbox."""

    def __init__(self, *arguments, people: dict[str, Path], told: queue.Queue, **options):
        self._people, self._told = people, told
        super().__init__(*arguments, directory=str(JUDGES), **options)

    def do_GET(self):
        if self.path == "/people.json":
            self._send(json.dumps(list(self._people)).encode())
        elif self.path.startswith("/people/"):
            self._send(self._people[Path(self.path).stem].read_bytes())
        else:
            super().do_GET()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        # Before the answer, after which the page tells the next thing.
        self._told.put((self.path.removeprefix("/told/"), body))
        self._send(b"")

    def _send(self, body: bytes):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(people: dict[str, Path]) -> Iterator[tuple[str, queue.Queue]]:
    """The address of a server on this machine, and what the browser tells it."""
    told: queue.Queue = queue.Queue()
    handler = partial(Handler, people=people, told=told)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", told
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def browser_at(url: str) -> Iterator[subprocess.Popen]:
    """A browser that shows a page, until the block ends."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [chromium(), *FLAGS, f"--user-data-dir={profile}", url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)
