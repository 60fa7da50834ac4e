"""``presence bench call``: what a frame costs the view, with everything but the pixels.

Eight performers come from one load process over the in-memory carrier; this process is their view,
at a simulated 90 Hz display, and draws each as one triangle into small pictures, so that a software
rasteriser does not count. A bare timer runs beside it and shows what the machine itself misses.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack

import msgspec
import numpy as np

from presence.bench.load import LoadTask
from presence.bench.result import BenchResult, at_most
from presence.bench.timer import missed_beats
from presence.client.offscreen_display import OffscreenDisplay
from presence.client.settings import Settings
from presence.client.view import ShownLog, View
from presence.client.view_task import ViewTask
from presence.clock import MILLISECOND, SECOND
from presence.errors import PresenceError
from presence.scene.triangle import triangle_avatar
from presence.shared_memory import Block, SharedMemory

_EYE_PIXELS = 32
_WARM_UP_SECONDS = 1.0


def bench_call(
    *,
    participants: int = 9,
    display_rate: float = 90.0,
    rate: int = 60,
    seconds: float = 15.0,
    loss: float = 0.0,
    delay_ms: float = 0.0,
    jitter_ms: float = 0.0,
) -> BenchResult:
    """Run the benchmark.

    Args:
        participants: in the room, the viewer among them.
        display_rate: simulated displays a second.
        rate: samples a second of each performer.
        seconds: how long it is measured.
        loss: share of the bundles that are lost.
        delay_ms: one way.
        jitter_ms: mean of the further delay.

    Raises:
        PresenceError: the load process failed, or no frame was drawn while it was measured.
    """
    people = participants - 1
    span = seconds + 2 * _WARM_UP_SECONDS
    with ExitStack() as stack:
        memory = [SharedMemory.create(size) for size in (8 << 20, 4096, 4096, 4096)]
        for block in memory:
            stack.callback(block.close)
        ring, sensed, status, waits = (Block(block.descriptor, block.size) for block in memory)
        load_task = LoadTask(
            ring=ring,
            people=people,
            rate=rate,
            seconds=span,
            loss=loss,
            delay_ns=round(delay_ms * MILLISECOND),
            jitter_ns=round(jitter_ms * MILLISECOND),
        )
        load = stack.enter_context(_python("presence.bench.load", _json(load_task), inherit=ring))
        begins_ns = int(_line(load))
        timer = stack.enter_context(
            _python("presence.bench.timer", str(display_rate), str(begins_ns), str(span))
        )
        display = OffscreenDisplay(_EYE_PIXELS, _EYE_PIXELS, 0, display_rate)
        stack.callback(display.close)
        body = triangle_avatar()
        settings = Settings(link="")
        task = ViewTask(settings=settings, ring=ring, sensed=sensed, status=status, waits=waits)
        log = ShownLog()
        view = View(task, display, lambda came: body, log)
        time.sleep(max(0, begins_ns - time.monotonic_ns()) / SECOND)
        ends_ns = begins_ns + round(span * SECOND)
        view.run(lambda: time.monotonic_ns() >= ends_ns)
        beats, timer_missed = json.loads(_line(timer))
        dropped = int(_line(load))

    frames = log.frames.arrays()
    measured = frames["woke_machine_ns"] >= begins_ns + _WARM_UP_SECONDS * SECOND
    if not measured.any():
        raise PresenceError(
            "this machine is so busy that no frame was drawn while it was measured; "
            "stop what else runs on it and try again"
        )
    cpu = frames["cpu_ns"][measured] / 1e6
    took = (frames["done_machine_ns"] - frames["woke_machine_ns"])[measured] / 1e6
    missed = missed_beats(
        frames["woke_machine_ns"][measured].tolist(),
        frames["done_machine_ns"][measured].tolist(),
        round(SECOND / display_rate),
    )
    seen = log.people_in_frames()[-int(measured.sum()) :]
    row = {
        "people_shown": float(np.mean(seen)),
        "frames": len(cpu),
        "cpu_ms_p50": float(np.percentile(cpu, 50)),
        "cpu_ms_p99": float(np.percentile(cpu, 99)),
        "took_ms_p50": float(np.percentile(took, 50)),
        "took_ms_p99": float(np.percentile(took, 99)),
        "missed": missed,
        "timer_beats": beats,
        "timer_missed": timer_missed,
        "ring_dropped": dropped,
    }
    return BenchResult(
        bench="call",
        args={
            "participants": participants,
            "display_rate": display_rate,
            "rate": rate,
            "seconds": seconds,
            "loss": loss,
            "delay_ms": delay_ms,
            "jitter_ms": jitter_ms,
        },
        rows=[row],
        bars=[at_most("CPU of a frame, p99, ms", round(row["cpu_ms_p99"], 2), 11.1)],
    )


def _json(task: LoadTask) -> str:
    return msgspec.json.encode(task).decode()


def _python(module: str, *arguments: str, inherit: Block | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        pass_fds=[inherit.descriptor] if inherit else [],
    )


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise PresenceError("a process of the benchmark ended early; what it said stands above")
    return line
