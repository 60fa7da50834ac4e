"""The view process: what a participant sees, drawn at the display's own beat."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from presence.client.displays import Beat, Display
from presence.client.logs import ViewAbout, frame_columns, prefixed, save_log, shown_columns
from presence.client.people import OnShow, People
from presence.client.records import Came, unpack_record
from presence.client.status import ViewStatus
from presence.client.view_task import FAILED, ViewTask, pack_waits
from presence.clock import SECOND
from presence.errors import HeadsetError, PresenceError
from presence.playout.ready import make_ready
from presence.pose.arrays import Floats
from presence.render.frame_store import FrameStore
from presence.render.picture import Picture
from presence.scene.avatar import Avatar
from presence.scene.gltf import load_glb
from presence.scene.springs import Springs
from presence.shared_memory import LatestSlot, Ring
from presence.tracking.sensed import Sensed, pack_sensed

log = logging.getLogger(__name__)

TRACKING_HZ = 120
"""How often sensors are read for sending; the media process takes the newest."""
_STATUS_SECONDS = 0.5


class ShownLog:
    """What was shown, for the report. State: rows, and the poses beside them."""

    def __init__(self) -> None:
        """Begin empty."""
        self.frames = frame_columns()
        self._shown = shown_columns()
        self._people: list[int] = []
        self._positions: list[Floats] = []
        self._rotations: list[Floats] = []

    def add(self, beat: Beat, on_show: list[OnShow], cpu_ns: int) -> None:
        """A frame was drawn and submitted."""
        self.frames.add(beat.woke_ns, beat.display_ns, beat.period_ns, time.monotonic_ns(), cpu_ns)
        self._people.append(len(on_show))
        for someone in on_show:
            s = someone.shown
            self._shown.add(
                beat.display_ns,
                someone.stream,
                s.older_sequence,
                s.newer_sequence,
                float(s.fraction),
                s.extrapolated_ns,
                s.sender_ns,
                s.estimate_ns,
                float(s.opacity),
            )
            self._positions.append(s.sample.root_position)
            self._rotations.append(s.sample.rotations)

    def people_in_frames(self) -> list[int]:
        """How many others each frame showed."""
        return self._people

    def save(self, directory: Path, name: str, about: ViewAbout) -> None:
        """Write ``NAME-view``."""
        save_log(
            directory,
            f"{name}-view",
            about,
            **prefixed("frames", self.frames),
            **prefixed("shown", self._shown),
            poses_positions=np.array(self._positions).reshape(-1, 3),
            poses_rotations=np.array(self._rotations).reshape(-1, 55, 4),
        )


class Bodies:
    """The avatars by the files that the media process made. State: those loaded so far."""

    def __init__(self) -> None:
        """Begin with none."""
        self._loaded: dict[str, Avatar] = {}

    def of(self, came: Came) -> Avatar | None:
        """The body of someone; None while its file is being made."""
        if not came.body:
            return None
        if came.body not in self._loaded:
            self._loaded[came.body] = load_glb(Path(came.body))
        return self._loaded[came.body]


class View:
    """A participant's eyes. State: who is shown, and what was shown."""

    def __init__(
        self,
        task: ViewTask,
        display: Display,
        body_of: Callable[[Came], Avatar | None],
        log: ShownLog | None = None,
    ) -> None:
        """Show what comes through the task's ring on ``display``, in the bodies of ``body_of``.

        All that is shown goes into ``log``, if there is one: hundreds of megabytes an hour.
        """
        self._settings = task.settings
        self._display = display
        self._clock = task.settings.clock
        self._ring = Ring(task.ring.open())
        self._status = LatestSlot(task.status.open())
        self._waits = LatestSlot(task.waits.open())
        self._people = People(body_of)
        self._springs = Springs()
        self._log = log
        self._store: FrameStore | None = None
        self._first_seen_ns = 0
        self._still_done = task.settings.stills_after_s is None
        self._recent: list[tuple[int, int]] = []
        self._said_ns = 0
        self._estimates: list[int] = []

    def run(self, ended: Callable[[], bool]) -> None:
        """Draw until ``ended`` says so, or the display has ended; then save the logs."""
        # What exists now lives as long as the call: the collector need never look at it again.
        gc.collect()
        gc.freeze()
        cpu = time.process_time_ns()
        try:
            while not ended():
                beat = self._display.wait()
                if beat is None:
                    break
                on_show = self._frame(beat)
                now = time.process_time_ns()
                if self._log is not None:
                    self._log.add(beat, on_show, now - cpu)
                self._say(beat, on_show, now - cpu)
                cpu = now
        finally:
            self._save()

    def _frame(self, beat: Beat) -> list[OnShow]:
        while (record := self._ring.read()) is not None:
            self._people.tell(unpack_record(record))
        stage, on_show = self._people.at(
            self._clock.from_machine_ns(beat.display_ns),
            self._clock.from_machine_ns(time.monotonic_ns()),
        )
        self._waits.write(pack_waits(self._people.waits))
        keys = [someone.stream for someone in on_show]
        stage = self._springs.swung(stage, keys, beat.display_ns)
        if on_show and not self._first_seen_ns:
            self._first_seen_ns = beat.woke_ns
        if self._still_is_due(beat):
            pictures = self._display.draw_still(stage)
            self._still_done = pictures is not None
            if pictures is not None:
                self._keep_stills(*pictures)
            return on_show
        keep = self._settings.video and bool(self._first_seen_ns)
        picture = self._display.draw(stage, keep_left=keep)
        if picture is not None:
            self._keep_frame(picture, beat.display_ns)
        return on_show

    def _keep_frame(self, picture: Picture, display_ns: int) -> None:
        directory = self._settings.log_directory
        if directory is None:
            return
        if self._store is None:
            size = (picture.shape[1], picture.shape[0])
            self._store = FrameStore(Path(directory) / "left-eye", size)
        self._store.append(picture, display_ns)

    def _still_is_due(self, beat: Beat) -> bool:
        after = self._settings.stills_after_s
        return (
            not self._still_done
            and after is not None
            and bool(self._first_seen_ns)
            and beat.woke_ns - self._first_seen_ns >= after * SECOND
        )

    def _keep_stills(self, left: Picture, right: Picture) -> None:
        directory = self._settings.log_directory
        if directory is not None:
            np.savez(Path(directory) / "stills.npz", left=left, right=right)

    def _say(self, beat: Beat, on_show: list[OnShow], cpu_ns: int) -> None:
        self._recent.append((beat.display_ns, cpu_ns))
        self._estimates += [someone.shown.estimate_ns for someone in on_show]
        if beat.woke_ns - self._said_ns < _STATUS_SECONDS * SECOND:
            return
        self._said_ns = beat.woke_ns
        times = [display for display, _ in self._recent]
        span = (times[-1] - times[0]) / SECOND
        latency = float(np.median(self._estimates)) / 1e6 if self._estimates else None
        status = ViewStatus(
            runtime=self._display.runtime,
            fps=(len(times) - 1) / span if span > 0 else 0.0,
            latency_ms=latency,
            cpu_ms=sum(cpu for _, cpu in self._recent) / len(self._recent) / 1e6,
            people=len(on_show),
        )
        self._status.write(msgspec.json.encode(status))
        self._recent = self._recent[-1:]
        self._estimates = []

    def _save(self) -> None:
        if self._store is not None:
            self._store.close()
        if self._log is not None and self._settings.log_directory is not None:
            about = ViewAbout(
                runtime=self._display.runtime,
                render_size=self._display.size,
                still_size=self._display.still_size,
                renderer=self._display.renderer,
            )
            self._log.save(Path(self._settings.log_directory), self._settings.name, about)


def _media_is_gone() -> bool:
    """The media process holds the other end of our standard input for as long as it lives."""
    ready, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(ready) and not os.read(sys.stdin.fileno(), 1)


def track_person(display: Display, slot: LatestSlot, ended: threading.Event) -> None:
    """Put what sensors know *now* into the slot until ``ended``; run on a thread of its own.

    However it ends, the last that the others hear is that nobody is there.
    """
    due = time.monotonic()
    try:
        while not ended.wait(max(0.0, due - time.monotonic())):
            # Whoever was kept waiting does not make up for it in a rush.
            due = max(due + 1.0 / TRACKING_HZ, time.monotonic())
            sensed = display.sense(time.monotonic_ns())
            if sensed is not None:
                slot.write(pack_sensed(sensed))
    except HeadsetError as error:
        # The thread that draws meets the same, and tells the person.
        log.info("nothing is tracked any more: %s", error)
    finally:
        slot.write(pack_sensed(Sensed.nothing(time.monotonic_ns(), present=False)))


def run_view(task: ViewTask) -> None:
    """Open the display, show what the media process tells, and close it.

    Raises:
        HeadsetError: there is no OpenXR runtime or no headset.
        RenderError: there is no OpenGL, or no screen for a window.
    """
    from presence.client.open_display import open_display

    make_ready()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
        # Monado takes a call to its service that a signal interrupts for the end of that.
        signal.siginterrupt(number, False)
    with contextlib.ExitStack() as stack:
        display = open_display(task.settings)
        stack.callback(display.close)
        if task.settings.view == "headset":
            # For sending where it is what is sent, and for hearing in any case.
            slot = LatestSlot(task.sensed.open())
            thread = threading.Thread(target=track_person, args=(display, slot, ended), daemon=True)
            thread.start()
            stack.callback(thread.join)
        stack.callback(ended.set)
        log = ShownLog() if task.settings.log_directory else None
        view = View(task, display, Bodies().of, log)
        view.run(lambda: ended.is_set() or _media_is_gone())


def main() -> None:
    """Run one view; the task is the only argument, as JSON."""
    try:
        run_view(msgspec.json.decode(sys.argv[1], type=ViewTask))
    except PresenceError as error:
        # The media process reads this sentence and passes it on.
        print(" ".join(str(error).split()), file=sys.stderr)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
