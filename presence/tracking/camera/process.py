"""The process that looks through a camera: ``python -m presence.tracking.camera.process TASK``.

It lives as long as its standard input stays open. Words that come that way, one a line, steer it:
``recentre``, ``preview on``, ``preview off``. What makes it end is a sentence on standard error.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections import deque

import msgspec

from presence.clock import SECOND
from presence.errors import PresenceError
from presence.shared_memory import LatestSlot
from presence.tracking.camera.pictures import Picture, open_pictures
from presence.tracking.camera.task import FAILED, CameraStatus, CameraTask
from presence.tracking.sensed import Sensed, pack_sensed

_WAIT_S = 0.25
_SAY_EVERY_NS = SECOND // 4
_NO_PICTURE_NS = 2 * SECOND
_PREVIEW_EVERY_NS = SECOND // 12
_REMEMBERED = 64
"""Pictures over which rates and costs are counted."""


class Steering:
    """What the parent wants. State: what it last said, and whether it is gone."""

    def __init__(self) -> None:
        """Listen to standard input, on a thread."""
        self.ended = threading.Event()
        self.recentre = threading.Event()
        self.preview = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        # Not by sys.stdin, whose lock would keep the interpreter from ending.
        left = b""
        while heard := os.read(0, 4096):
            *lines, left = (left + heard).split(b"\n")
            for line in lines:
                self._take(line.strip())
        self.ended.set()

    def _take(self, word: bytes) -> None:
        if word == b"recentre":
            self.recentre.set()
        elif word == b"preview on":
            self.preview.set()
        elif word == b"preview off":
            self.preview.clear()


class _Meter:
    """How often and at what cost pictures are looked at. State: the last few."""

    def __init__(self) -> None:
        self._looks: deque[tuple[int, int, bool, bool]] = deque(maxlen=_REMEMBERED)

    def looked(self, pose: bool, hands: bool) -> None:
        self._looks.append((time.monotonic_ns(), time.process_time_ns(), pose, hands))

    def figures(self) -> tuple[float, float, dict[str, float]]:
        """Pictures a second, milliseconds of CPU a picture, looks a second of each network."""
        if len(self._looks) < 2:
            return 0.0, 0.0, {}
        first, last = self._looks[0], self._looks[-1]
        seconds, count = (last[0] - first[0]) / SECOND, len(self._looks) - 1
        looks = list(self._looks)[1:]
        rates = {
            "face": count / seconds,
            "pose": sum(look[2] for look in looks) / seconds,
            "hands": sum(look[3] for look in looks) / seconds,
        }
        return count / seconds, (last[1] - first[1]) / count / 1e6, rates


def run_camera(task: CameraTask, steering: Steering) -> None:
    """Look until the parent is gone.

    Raises:
        CameraError: there is no camera, it cannot be opened or gives no more pictures, or a library
            is missing.
    """
    sensed, status, preview = (
        LatestSlot(block.open()) for block in (task.sensed, task.status, task.preview)
    )
    with contextlib.ExitStack() as stack:
        pictures = open_pictures(task.settings)
        stack.callback(pictures.close)
        status.write(msgspec.json.encode(CameraStatus(beat=1, camera=pictures.name)))
        # These take seconds to import and are of no use without a camera.
        from presence.tracking.camera.networks import Networks
        from presence.tracking.camera.person import Person
        from presence.tracking.camera.preview import pack_picture, small_picture

        networks = Networks(task.settings.face_model)
        stack.callback(networks.close)
        person = Person(task.settings, task.measures.proportions())
        meter, beat = _Meter(), 1
        said_ns = shown_ns = 0
        last_ns = time.monotonic_ns()
        while not steering.ended.is_set():
            if steering.recentre.is_set():
                steering.recentre.clear()
                person.recentre()
            came = pictures.next(_WAIT_S)
            now = time.monotonic_ns()
            if came is not None and came[1] > last_ns - SECOND:
                picture, taken_ns = _upright(came[0], task.settings.mirrored), came[1]
                found = networks.look(picture, taken_ns)
                sensed.write(pack_sensed(person.follow(found, taken_ns)))
                meter.looked(found.pose_looked, found.hands_looked)
                last_ns = taken_ns
                now = time.monotonic_ns()
                if steering.preview.is_set() and now - shown_ns > _PREVIEW_EVERY_NS:
                    shown_ns = now
                    preview.write(pack_picture(small_picture(picture, found)))
            elif now - last_ns > _NO_PICTURE_NS:
                sensed.write(pack_sensed(Sensed.nothing(now, present=False)))
            if now - said_ns < _SAY_EVERY_NS:
                continue
            said_ns, beat = now, beat + 1
            hz, cpu_ms, rates = meter.figures()
            problem = person.problem(now)
            if now - last_ns > _NO_PICTURE_NS:
                problem = f"{pictures.name} gives no pictures: unplug it and plug it in again"
            words = CameraStatus(
                beat=beat,
                camera=pictures.name,
                problem=problem,
                note=networks.plan.note,
                hz=hz,
                cpu_ms=cpu_ms,
                rates=rates,
                cost_ms=dict(networks.plan.cost_ms),
                neutral=person.neutral,
            )
            status.write(msgspec.json.encode(words))


def _upright(picture: Picture, mirrored: bool) -> Picture:
    """The picture as others see the person, in one piece."""
    if not mirrored:
        return picture
    turned: Picture = picture[:, ::-1].copy()
    return turned


def main() -> None:
    """Run one camera; the task is the only argument, as JSON."""
    steering = Steering()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: steering.ended.set())
    try:
        run_camera(msgspec.json.decode(sys.argv[1], type=CameraTask), steering)
    except PresenceError as error:
        # The parent reads this sentence, the last, and shows it.
        print(f"\n{error}", file=sys.stderr, flush=True)
        os._exit(FAILED)
    # Some drivers and networks hang when an interpreter takes them apart; nothing is left to save.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
