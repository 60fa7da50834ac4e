"""The report of a call, joined from the participants' logs by sequence number.

Latency is capture to predicted display, both by the machine's clock. The moment of the sender's
life that is on show lies between two captured frames, so its capture time is interpolated between
their stamps; a pose that was extrapolated counts as old as the last frame it came from. Playout's
own estimate is reported beside it and never used. Figures without percentiles are medians. The
error compares the pose that was shown with the source evaluated at the sender time on show, never
with a decoded frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from presence.client.logs import About, Log, ViewAbout
from presence.client.sources import make_source
from presence.codec.metric import virtual_vertices
from presence.errors import UsageError
from presence.pose.arrays import Floats
from presence.wire.envelope import CAPTURE_PERIOD, MICROSECOND

FREEZE_NS = 50_000_000
"""A shown pose this much older than the run's median counts as frozen, nanoseconds."""

Table = dict[str, NDArray[Any]]


def percentiles(values: NDArray[Any], *points: int, digits: int = 2) -> dict[str, float]:
    """``{"p50": …}``; empty when nothing was measured."""
    if not len(values):
        return {}
    return {f"p{p}": round(float(np.percentile(values, p)), digits) for p in points}


def capture_ages(shown: Table, captured: Table) -> Floats:
    """``(N,)`` nanoseconds from capture to predicted display of each shown row, machine clock.

    Args:
        shown: the rows of one stream.
        captured: that stream's frames, in order of their sequence.
    """
    stamps = captured["capture_machine_ns"]
    first = captured["sequence"][0]
    older = stamps[shown["older_sequence"] - first]
    newer = stamps[shown["newer_sequence"] - first]
    moment = older + (newer - older) * shown["fraction"]
    ages: Floats = shown["display_machine_ns"] - moment
    return ages


def sender_times(shown: Table, captured: Table) -> NDArray[np.int64]:
    """``(N,)`` nanoseconds: the instants on show by the sender's whole clock.

    The wire's times wrap every 71.6 minutes, so a receiver knows them but for a multiple of that;
    the sender's own log tells which.
    """
    near = captured["capture_ns"][shown["older_sequence"] - captured["sequence"][0]]
    period = CAPTURE_PERIOD * MICROSECOND
    wraps = np.round((near - shown["sender_ns"]) / period).astype(np.int64)
    times: NDArray[np.int64] = shown["sender_ns"] + wraps * period
    return times


def shown_errors(
    about: About, times: NDArray[np.int64], positions: Floats, rotations: Floats
) -> Floats:
    """``(N * 195,)`` metres: every virtual vertex of every shown pose against its source.

    Args:
        about: whose poses these are.
        times: ``(N,)`` the instants on show, by the sender's clock.
        positions: ``(N, 3)`` metres, the roots that were shown.
        rotations: ``(N, 55, 4)`` xyzw, the poses that were shown.
    """
    source = make_source(about.settings, about.seat, about.epoch_ns)
    truth = [source.sample(int(t)) for t in times]
    kept = [i for i, sample in enumerate(truth) if sample is not None]
    if not kept:
        return np.zeros(0)
    samples = [sample for sample in truth if sample is not None]
    theirs = virtual_vertices(
        np.stack([s.rotations for s in samples]),
        np.stack([s.root_position for s in samples]),
        source.proportions,
    )
    ours = virtual_vertices(rotations[kept], positions[kept], source.proportions)
    distances: Floats = np.linalg.norm(ours - theirs, axis=-1).ravel()
    return distances


def call_report(directory: Path, viewer: str, names: list[str]) -> dict[str, Any]:
    """What happened in a call.

    Args:
        directory: where the participants left their logs.
        viewer: the participant whose view is reported.
        names: every participant, the viewer among them.

    Raises:
        UsageError: a log is missing or damaged, or the viewer saw nobody.
    """
    logs = {name: Log(directory, name) for name in names}
    abouts: dict[str, About] = {name: log.about(About) for name, log in logs.items()}
    by_stream = {about.stream: name for name, about in abouts.items()}
    view = Log(directory, f"{viewer}-view")
    view_about: ViewAbout = view.about(ViewAbout)
    frames, shown, poses = view.table("frames"), view.table("shown"), view.table("poses")

    remote = [about.stream for name, about in abouts.items() if name != viewer]
    start = max(_first_shown(shown, stream, by_stream[stream]) for stream in remote)
    during = frames["display_machine_ns"] >= start
    ages, late, errors, estimates = [], [], [], []
    for stream in remote:
        rows = (shown["stream"] == stream) & (shown["display_machine_ns"] >= start)
        of_stream = {name: column[rows] for name, column in shown.items()}
        name = by_stream[stream]
        captured = logs[name].table("captured")
        age = capture_ages(of_stream, captured)
        ages.append(age)
        # A person who is missing from a displayed frame is as bad as one who is frozen in it.
        missing = int(during.sum()) - len(age)
        late.append(np.concatenate([age > np.median(age) + FREEZE_NS, np.ones(missing, bool)]))
        estimates.append(of_stream["estimate_ns"])
        errors.append(
            shown_errors(
                abouts[name],
                sender_times(of_stream, captured),
                poses["positions"][rows],
                poses["rotations"][rows],
            )
        )
    display = frames["display_machine_ns"][during]
    seconds = (display[-1] - display[0]) / 1e9
    lead = frames["display_machine_ns"] - frames["woke_machine_ns"]
    return {
        "runtime": view_about.runtime,
        "renderer": view_about.renderer,
        "seconds": round(float(seconds), 2),
        "render_fps": round(float((len(display) - 1) / seconds), 2),
        "render_size": list(view_about.render_size),
        "still_size": list(view_about.still_size),
        "display_interval_ms": round(float(np.median(np.diff(display))) / 1e6, 2),
        "prediction_lead_ms": round(float(np.median(lead[during])) / 1e6, 2),
        "cpu_ms_per_frame": percentiles(frames["cpu_ns"][during] / 1e6, 50, 95),
        "capture_to_display_ms": percentiles(np.concatenate(ages) / 1e6, 50, 95, 99),
        "playout_estimate_ms": round(float(np.median(np.concatenate(estimates))) / 1e6, 2),
        "freeze_ratio": round(float(np.mean(np.concatenate(late))), 5),
        "error_mm": percentiles(np.concatenate(errors) * 1e3, 50, 95, digits=3),
        "participants": [
            _participant(name, abouts, logs, viewer if name != viewer else by_stream[remote[0]])
            for name in names
        ],
    }


def _first_shown(shown: Table, stream: int, name: str) -> int:
    times = shown["display_machine_ns"][shown["stream"] == stream]
    if not len(times):
        raise UsageError(f"{name} was never shown, so there is no call to report on")
    return int(times[0])


def _participant(
    name: str, abouts: dict[str, About], logs: dict[str, Log], receiver: str
) -> dict[str, Any]:
    """One participant's frames as one other received them."""
    stream = abouts[name].stream
    captured, received = logs[name].table("captured"), logs[receiver].table("received")
    arrived = np.unique(received["sequence"][received["stream"] == stream])
    # Sent before the receiver had joined, or after it had left, is not lost.
    sequences = captured["sequence"]
    meant = (
        (sequences >= arrived[0]) & (sequences <= arrived[-1]) if len(arrived) else sequences < 0
    )
    stamps = captured["capture_machine_ns"]
    seconds = (stamps[-1] - stamps[0]) / 1e9 if len(stamps) > 1 else 0.0
    return {
        "name": name,
        "carrier": abouts[receiver].peers.get(str(stream), "none"),
        "sent": int(meant.sum()),
        "received": len(arrived),
        "lost": int(meant.sum()) - len(arrived),
        "bytes_mean": round(float(captured["bytes"].mean()), 1) if len(stamps) else 0.0,
        "kbps": round(float(captured["bytes"].sum() * 8 / seconds / 1e3), 1) if seconds else 0.0,
    }
