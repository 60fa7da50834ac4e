"""A camera as whoever follows a person sees it: a sensor, whose work is done by a process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import IO

import msgspec
import numpy as np
from numpy.typing import NDArray

from presence.child import end_child, last_words
from presence.clock import SECOND, SkewedClock
from presence.pose.proportions import Proportions, default_proportions
from presence.resources import models_folder
from presence.shared_memory import Block, LatestSlot, SharedMemory
from presence.tracking.camera.preview import unpack_picture
from presence.tracking.camera.task import (
    FAILED,
    PREVIEW_BYTES,
    CameraSettings,
    CameraStatus,
    CameraTask,
    Measures,
)
from presence.tracking.sensed import SENSED_BYTES, Sensed, unpack_sensed

FACE_MODEL = "face_landmarker.task"
"""The network that tells all 52 shapes, where the user has fetched it."""
FRESH_NS = SECOND // 2
"""What is older than this says nothing of now."""
_STATUS_BYTES = 4096
_FIRST_PAUSE_NS, _LONGEST_PAUSE_NS = SECOND, 10 * SECOND
"""Between a process's end and the next one's start; twice as long each time, until one has worked
for as long as the longest."""
_STARTING_NS, _SILENT_NS = 60 * SECOND, 15 * SECOND
"""A process that says nothing for so long, while it starts and later, hangs in a driver."""
_END_S = 3.0
_HANGS = "the camera's driver hangs: unplug the camera and plug it in again"
_GONE = "the camera's process ended, and is started anew; if it keeps ending, see presence doctor"
_ARGV = (sys.executable, "-m", "presence.tracking.camera.process")


class CameraSensor:
    """Follows a person by a camera.

    State: the process that looks, the memory shared with it, and when it was last heard of. The
    process is watched whenever the sensor is asked, and started anew when it has ended.
    """

    name = "camera"

    def __init__(
        self,
        settings: CameraSettings,
        body: Proportions,
        clock: SkewedClock,
        *,
        machine_ns: Callable[[], int] = time.monotonic_ns,
        argv: Sequence[str] = _ARGV,
    ) -> None:
        """Start the process; :func:`open_camera` does.

        Args:
            settings: the camera's.
            body: the person's measures.
            clock: by which :meth:`sense` is asked.
            machine_ns: the machine's own clock, which the process stamps by.
            argv: the command that is the process, for tests.
        """
        self._settings, self._body, self._clock = settings, body, clock
        self._machine_ns, self._argv = machine_ns, argv
        self._memory = [
            SharedMemory.create(size + 64) for size in (SENSED_BYTES, _STATUS_BYTES, PREVIEW_BYTES)
        ]
        sensed, status, preview = self._memory
        self._sensed, self._status = LatestSlot(sensed), LatestSlot(status)
        self._preview = LatestSlot(preview)
        self._child: subprocess.Popen[bytes] | None = None
        self._words: IO[bytes] | None = None
        self._ended = self._last_words = ""
        self._closed = False
        self._preview_wanted = False
        self._pause_ns = _FIRST_PAUSE_NS
        self._start_at_ns = 0
        self._started_ns = self._heard_ns = 0
        self._beat = 0
        self.starts = 0
        """How often a process was started."""
        self._watch()

    @property
    def problem(self) -> str:
        """A sentence that says what is wrong and what to do; empty while nothing is."""
        if self._closed:
            return ""
        self._watch()
        if self._ended:
            return self._ended
        status = self.status()
        if status is None or not status.rates:
            return "the camera is being started"
        return status.problem or status.note

    @property
    def process_id(self) -> int | None:
        """The number of the process that looks; None while there is none."""
        return None if self._child is None else self._child.pid

    def status(self) -> CameraStatus | None:
        """What the process last said of itself; None before its first word."""
        record = None if self._closed else self._status.read()
        return msgspec.json.decode(record, type=CameraStatus) if record else None

    def sense(self, time_ns: int) -> Sensed | None:
        """The newest that is known at ``time_ns``, by the clock that was given at the start."""
        if self._closed:
            return None
        self._watch()
        record = self._sensed.read()
        if record is None:
            return None
        sensed = unpack_sensed(record)
        capture_ns = self._clock.from_machine_ns(sensed.capture_ns)
        if time_ns - capture_ns > FRESH_NS:
            return None
        return replace(sensed, capture_ns=capture_ns)

    def recentre(self) -> None:
        """The person sits where they want to be seen, and rests: learn both anew."""
        self._tell("recentre")

    def preview(self) -> NDArray[np.uint8] | None:
        """``(height, width, 3)`` a small picture with what was found drawn into it.

        None until there is one: it is drawn only once it was asked for.
        """
        if self._closed:
            return None
        if not self._preview_wanted:
            self._preview_wanted = True
            self._tell("preview on")
        record = self._preview.read()
        return unpack_picture(record) if record else None

    def close(self) -> None:
        """End the process and give the memory back; harmless when done twice."""
        if self._closed:
            return
        self._closed = True
        self._end_child()
        for block in self._memory:
            block.close()

    def _tell(self, word: str) -> None:
        if self._child is not None and self._child.stdin is not None:
            # Who has just ended hears nothing, and starts anew soon.
            with contextlib.suppress(OSError):
                self._child.stdin.write(f"{word}\n".encode())
                self._child.stdin.flush()

    def _watch(self) -> None:
        """Start the process, see whether it lives, and when it ended say why and start anew."""
        now = self._machine_ns()
        if self._child is None:
            if now >= self._start_at_ns:
                self._start(now)
            return
        status = self.status()
        if status is not None and status.beat != self._beat:
            self._beat, self._heard_ns = status.beat, now
            self._ended = ""
        patience = _STARTING_NS if self._heard_ns <= self._started_ns else _SILENT_NS
        if self._child.poll() is None and now - max(self._heard_ns, self._started_ns) < patience:
            return
        hangs = self._child.poll() is None
        self._end_child()
        self._ended = _HANGS if hangs else self._last_words or _GONE
        if now - self._started_ns > _LONGEST_PAUSE_NS and self._heard_ns > self._started_ns:
            self._pause_ns = _FIRST_PAUSE_NS
        self._start_at_ns = now + self._pause_ns
        self._pause_ns = min(2 * self._pause_ns, _LONGEST_PAUSE_NS)

    def _start(self, now: int) -> None:
        blocks = [Block(block.descriptor, block.size) for block in self._memory]
        task = CameraTask(
            settings=self._settings,
            measures=Measures.of(self._body),
            sensed=blocks[0],
            status=blocks[1],
            preview=blocks[2],
        )
        # What the one before it said is no longer so.
        self._status.write(msgspec.json.encode(CameraStatus(beat=0)))
        self._words = tempfile.TemporaryFile()  # noqa: SIM115
        # One core is enough, and the call needs the others.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        try:
            self._child = subprocess.Popen(
                [*self._argv, msgspec.json.encode(task).decode()],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._words,
                pass_fds=[block.descriptor for block in self._memory],
                # Ctrl-C is for the call, which then closes this.
                start_new_session=True,
            )
        except OSError as error:
            self._words.close()
            self._ended = f"the camera's process cannot be started: {error}"
            self._start_at_ns = now + self._pause_ns
            return
        self.starts += 1
        self._started_ns = now
        self._beat = 0
        if self._preview_wanted:
            self._tell("preview on")

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        end_child(child, _END_S if self._closed else 0.1)
        if self._words is not None:
            # Networks and drivers write, too; only who ends on purpose ends with a sentence.
            failed = child.returncode == FAILED
            self._last_words = last_words(self._words).split("\n")[-1] if failed else ""
            self._words.close()
            self._words = None


def open_camera(
    settings: CameraSettings | None = None,
    *,
    clock: SkewedClock | None = None,
    body: Proportions | None = None,
) -> CameraSensor:
    """Follow a person by a camera. It starts at once, and is of use a few seconds later.

    Nothing is raised for want of a camera: ``problem`` says so, and it is looked for again.

    Args:
        settings: how it is looked through; the first camera's usual ones when None. Where they name
            no face model, the one that the user has fetched is used, if there is one.
        clock: the clock by which the sensor will be asked; the machine's own when None.
        body: the person's measures; an average adult's when None.
    """
    settings = settings or CameraSettings()
    fetched = models_folder() / FACE_MODEL
    if settings.face_model is None and fetched.is_file():
        settings = msgspec.structs.replace(settings, face_model=str(fetched))
    return CameraSensor(settings, body or default_proportions(), clock or SkewedClock())
