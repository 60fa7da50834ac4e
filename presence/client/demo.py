"""A whole call on this machine: a room host, two performers, and someone who sees them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from rich.console import Console
from rich.live import Live
from rich.text import Text

from presence.client.logs import About, Log
from presence.client.measures import keep_measures, measured_proportions, measures_file
from presence.client.report import call_report
from presence.client.settings import Settings
from presence.client.sources import make_source
from presence.client.status import Status, live_table, status_table
from presence.clock import SECOND, SkewedClock
from presence.errors import PresenceError, UsageError
from presence.pose.proportions import default_proportions
from presence.scene.shipped import SHIPPED
from presence.tracking.measuring import Measured
from presence.voice.sound_file import read_wav

if TYPE_CHECKING:
    from presence.render.video import Sound

STILLS_AFTER = 10.0
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_OVERTURE_NS = 2 * SECOND
_HEARD = "heard.wav"

# Nobody's clock agrees with anybody's: hours apart, and drifting by 100 ppm either way.
_CLOCKS = (
    SkewedClock(offset_ns=0, drift_ppm=0.0),
    SkewedClock(offset_ns=5 * 3600 * SECOND, drift_ppm=100.0),
    SkewedClock(offset_ns=-3 * 3600 * SECOND, drift_ppm=-100.0),
)
VIEWER = "You"
_REMOTE = {name.title(): seed for name, seed in SHIPPED.items()}
"""The seeds of the guests, by name: whoever ships with the package."""


@dataclass(slots=True)
class _Process:
    """One process of the demo. State: what it last said of itself."""

    name: str
    process: asyncio.subprocess.Process
    status: Status | None = None
    said: list[str] = field(default_factory=list)

    @property
    def running(self) -> bool:
        return self.process.returncode is None

    def last_words(self) -> str:
        return "\n".join(self.said[-12:]) or "it said nothing"


async def _follow(process: _Process, stream: asyncio.StreamReader) -> None:
    """Keep what a process says: its status lines, and its last other words."""
    while line := await stream.readline():
        text = line.decode(errors="replace").rstrip()
        if text.startswith("{"):
            with contextlib.suppress(msgspec.MsgspecError):
                process.status = msgspec.json.decode(text, type=Status)
                continue
        if text:
            process.said.append(text)


@contextlib.asynccontextmanager
async def _running(name: str, *arguments: str) -> AsyncIterator[_Process]:
    """A ``presence`` command that runs until the block ends, then is asked to end, then made to."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "presence",
        *arguments,
        # Held open by this process, so that its end, however it comes, is theirs.
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PRESENCE_END_WITH_STDIN": "1"},
        # Ctrl-C reaches the demo alone, which ends the others in order.
        start_new_session=True,
    )
    process = _Process(name, child)
    assert child.stdout is not None
    reader = asyncio.create_task(_follow(process, child.stdout))
    try:
        yield process
    finally:
        await _end(child)
        await reader


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(child.wait(), _STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()


async def _until(
    condition: Callable[[], bool], processes: Sequence[_Process], what: str, live: Live
) -> None:
    """Wait for a condition while the table is live.

    Raises:
        PresenceError: a process ended, or it took too long.
    """
    deadline = time.monotonic() + _START_SECONDS
    while not condition():
        for process in processes:
            if not process.running:
                raise PresenceError(
                    f"{process.name} ended while waiting for {what}:\n{process.last_words()}"
                )
        if time.monotonic() > deadline:
            words = "\n".join(f"{p.name}: {p.last_words()}" for p in processes)
            raise PresenceError(f"{what} did not happen within {_START_SECONDS:.0f} s.\n{words}")
        _refresh(live, processes, f"Waiting for {what} …")
        await asyncio.sleep(0.25)


def _refresh(live: Live, processes: Sequence[_Process], heading: str) -> None:
    statuses = [p.status for p in processes if p.status is not None]
    body = status_table(statuses, heading) if statuses else Text(heading)
    live.update(body)


def _join(link: str, logs: Path, index: int, name: str, *more: str) -> tuple[str, ...]:
    clock = _CLOCKS[index]
    return (
        *("join", link, "--name", name, "--seed", str(_REMOTE.get(name, 0)), "--seat", str(index)),
        *("--clock-offset-ns", str(clock.offset_ns), "--clock-drift-ppm", str(clock.drift_ppm)),
        *("--log", str(logs), "--status", "lines", "--device", str(logs / f"{name}.pem")),
        *more,
    )


async def run_demo(
    out: Path, motion: Sequence[Path], view: str, seconds: float, console: Console
) -> dict[str, Any]:
    """Run the call and leave the pictures, the video and the report in ``out``.

    Args:
        out: a folder of the demo's own, emptied first.
        motion: up to two BVH files that the remote people move by; performers without.
        view: ``headset`` or ``offscreen``.
        seconds: how long the call lasts.
        console: where to tell the story.

    Returns:
        The report.

    Raises:
        UsageError: a motion file cannot be used, or there are too many.
        PresenceError: a part of the demo failed; the message holds its last words.
    """
    if len(motion) > len(_REMOTE):
        raise UsageError(f"{len(motion)} motions were given, for {len(_REMOTE)} remote people")
    for path in motion:
        # Read once here, so that a faulty file is said before anything starts.
        make_source(Settings(link="", source="file", motion=str(path)), 0, 0)
    shutil.rmtree(out, ignore_errors=True)
    logs = out / "logs"
    logs.mkdir(parents=True)
    names = [VIEWER, *_REMOTE]
    # Nobody is asked to stretch their arms out for a demo.
    body = measured_proportions() or default_proportions()
    file = measures_file(logs / "device.pem")
    keep_measures(Measured(body.eye_height, None), file)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, logs)
        live = stack.enter_context(live_table(console))
        calls = await stack.enter_async_context(contextlib.AsyncExitStack())
        link_file = logs / "link"
        host = await calls.enter_async_context(
            _running(
                "the room host",
                *("host", "--bind", "127.0.0.1", "--port", "0", "--link-file", str(link_file)),
            )
        )
        await _until(link_file.is_file, [host], "the room host", live)
        link = link_file.read_text().strip()
        me = await calls.enter_async_context(
            _running(
                VIEWER,
                *_join(
                    link, logs, 0, VIEWER, "--as", "headset" if view == "headset" else "performer"
                ),
                *("--microphone", "none", "--headphones", f"file:{logs / _HEARD}"),
                *("--view", view, "--stills-after", str(min(STILLS_AFTER, seconds / 2)), "--video"),
            )
        )
        everyone = [host, me]
        await _until(
            lambda: me.status is not None and me.status.phase != "joining",
            everyone,
            "the view to open",
            live,
        )
        # All who can speak do: without eSpeak NG it is a silent film.
        microphone = "lines" if shutil.which("espeak-ng") else "none"
        # All performances begin at one instant, soon after the performers can be seen.
        begins_ns = time.monotonic_ns() + _OVERTURE_NS
        for index, name in enumerate(_REMOTE, start=1):
            source: tuple[str, ...] = ("--as", "performer", "--microphone", microphone)
            if index <= len(motion):
                source = ("--as", "file", "--motion", str(motion[index - 1]))
            everyone.append(
                await calls.enter_async_context(
                    _running(
                        name,
                        *_join(link, logs, index, name, *source, "--view", "none"),
                        *("--epoch-ns", str(_CLOCKS[index].from_machine_ns(begins_ns))),
                    )
                )
            )
        await _until(
            lambda: (
                me.status is not None
                and me.status.view is not None
                and me.status.view.people == len(_REMOTE)
            ),
            everyone,
            "everyone to be seen",
            live,
        )
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for process in everyone:
                if not process.running:
                    raise PresenceError(f"{process.name} ended mid-call:\n{process.last_words()}")
            _refresh(live, everyone, f"In the call, {left:.0f} s to go")
            await asyncio.sleep(min(0.25, left))
        _refresh(live, everyone, "The call is over")
        await calls.aclose()
        live.stop()
        return _finish(out, logs, names, console)


def _heard(logs: Path) -> Sound | None:
    """What the viewer heard, by the machine's clock; None: nothing was kept of it."""
    from presence.render.video import Sound

    about: About = Log(logs, VIEWER).about(About)
    if about.sound_from_ns is None:
        return None
    samples, rate = read_wav(logs / _HEARD)
    return Sound(samples, rate, _CLOCKS[0].to_machine_ns(about.sound_from_ns))


def _finish(out: Path, logs: Path, names: list[str], console: Console) -> dict[str, Any]:
    """Make the pictures, the video and the report of the logs."""
    from presence.render.frame_store import FrameStore
    from presence.render.picture import save_png
    from presence.render.video import encode_video

    stills = logs / "stills.npz"
    if stills.is_file():
        with np.load(stills) as pictures:
            for side in ("left", "right"):
                save_png(pictures[side], out / f"{side}.png")
    with console.status("Encoding call.mp4 …"):
        frames = FrameStore.read(logs / "left-eye")
        encode_video(frames, out / "call.mp4", sound=_heard(logs))
    with console.status("Joining the logs …"):
        report = call_report(logs, VIEWER, names)
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    return report
