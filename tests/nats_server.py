"""A NATS server with JetStream in a process of its own."""

import contextlib
import socket
import subprocess
import time

BEGIN_S = 20.0


class NatsServer:
    """State: the process, which may be killed and begun again at the same port."""

    def __init__(self, folder, *, user=None, password=None, tls=None):
        self.folder = folder
        self.port = free_port()
        self.process = None
        lines = [
            f"port: {self.port}",
            'host: "127.0.0.1"',
            f'jetstream {{ store_dir: "{folder}/jetstream" }}',
        ]
        if user is not None:
            lines.append(f'authorization {{ user: "{user}", password: "{password}" }}')
        if tls is not None:
            lines.append(f'tls {{ cert_file: "{tls[0]}", key_file: "{tls[1]}" }}')
        self.config = folder / "nats.conf"
        self.config.write_text("\n".join(lines))
        self.scheme = "tls" if tls is not None else "nats"

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def begin(self):
        with (self.folder / "nats.log").open("a") as log:
            self.process = subprocess.Popen(
                ["nats-server", "-c", str(self.config)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + BEGIN_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert self.process.poll() is None, (self.folder / "nats.log").read_text()
            assert time.monotonic() < deadline, "nats-server did not begin"
            time.sleep(0.02)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def nats_server(folder, **options):
    server = NatsServer(folder, **options)
    server.begin()
    try:
        yield server
    finally:
        server.kill()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
