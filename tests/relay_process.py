"""``presence relay`` in a process of its own, as an operator starts it."""

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path

from presence.relay.admission import public_text

START_S = 60.0


class RelayProcess:
    """One that runs. State: the process, and the port where people come."""

    def __init__(self, process, port):
        self.process = process
        self.port = port

    @property
    def pid(self):
        return self.process.pid

    def workers(self):
        """The processes that it started."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    async def wait(self, seconds=START_S):
        """Its exit code, once it has ended."""
        return await in_thread(self.process.wait, seconds)


@contextlib.asynccontextmanager
async def relay_process(key, *options, prelude="", log=None):
    """Run a relay on loopback that trusts the host with ``key``.

    Args:
        key: The host's, private; None: the options say all.
        options: Besides the port, the address and the key.
        prelude: What Python does before.
        log: A file that takes what it writes to standard error.
    """
    arguments = ["relay"]
    if key is not None:
        arguments += ["--bind", "127.0.0.1", "--port", "0", "--host-key", public_text(key)]
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", f"{prelude}\nfrom presence.cli import main\nmain()"),
            *(*arguments, *map(str, options)),
        ],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        async with asyncio.timeout(START_S):
            line = await in_thread(process.stdout.readline)
        assert line.startswith("relaying on port "), line
        yield RelayProcess(process, int(line.rsplit(" ", 1)[-1]))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def in_thread(function, *arguments):
    return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)


def alive(pid):
    """Whether a process runs, and is not just waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")
