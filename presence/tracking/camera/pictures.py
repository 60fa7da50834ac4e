"""Where pictures come from: a camera, a video file, or a folder of pictures."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from presence.clock import MILLISECOND, SECOND
from presence.errors import CameraError
from presence.tracking.camera.devices import Camera, cameras, choose, why_not
from presence.tracking.camera.task import CameraSettings

Picture = NDArray[np.uint8]
"""``(height, width, 3)`` red, green, blue."""

_KINDS = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
_FIRST_PICTURE_S = 5.0
_FALLBACK_DELAY_NS = 40 * MILLISECOND
"""From the middle of the exposure to a picture's being here, where the driver does not say when it
was taken: half an exposure of 1/30 s, its transfer and its unpacking. A guess."""
_OLDEST_STAMP_NS = 500 * MILLISECOND


class Pictures(Protocol):
    """Pictures, the newest at a time."""

    name: str
    """What they come from, for people."""

    def next(self, wait_s: float) -> tuple[Picture, int] | None:
        """A picture that was not given before, and when it was taken by the machine's clock.

        None when none came within ``wait_s`` seconds.

        Raises:
            CameraError: none will come any more; the message says why and what to do.
        """
        ...

    def close(self) -> None:
        """Let go of the device or file."""
        ...


def open_pictures(settings: CameraSettings) -> Pictures:
    """Open what the settings name.

    Raises:
        CameraError: there is no such thing, it cannot be opened, or OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise CameraError(
            f"pictures cannot be read ({error}): pip install 'presence[camera]', with Python 3.11 "
            "or 3.12; and on Debian or Ubuntu: apt install libgl1 libglib2.0-0"
        ) from error
    cv2.setNumThreads(1)
    if settings.device.startswith("file:"):
        return Played(Path(settings.device.removeprefix("file:")), settings.rate)
    return Live(choose(settings.device, cameras()), settings)


class Live:
    """A camera. State: the device, and the newest picture, which a thread takes from it.

    The thread takes pictures as they come, so that none grows old in the driver's queue while
    networks look at the one before.
    """

    def __init__(self, camera: Camera, settings: CameraSettings) -> None:
        """Open it and wait for its first picture.

        Raises:
            CameraError: it cannot be opened, or no picture comes.
        """
        import cv2

        self.name = camera.name
        self._camera = camera
        self._device = cv2.VideoCapture(camera.number, cv2.CAP_ANY)
        if not self._device.isOpened():
            self._device.release()
            raise CameraError(why_not(camera))
        # Unpacked pictures of this size do not fit through USB 2 at the full rate together.
        fourcc = cv2.VideoWriter.fourcc(*"MJPG")
        for what, value in (
            (cv2.CAP_PROP_FOURCC, fourcc),
            (cv2.CAP_PROP_FRAME_WIDTH, settings.width),
            (cv2.CAP_PROP_FRAME_HEIGHT, settings.height),
            (cv2.CAP_PROP_FPS, settings.rate),
            (cv2.CAP_PROP_BUFFERSIZE, 1),
        ):
            self._device.set(what, value)
        self._stamped = cv2.CAP_PROP_POS_MSEC
        self._to_rgb = cv2.COLOR_BGR2RGB
        self._half_exposure_ns = round(0.5 * SECOND / max(settings.rate, 1.0))
        self._came = threading.Condition()
        self._newest: tuple[Picture, int] | None = None
        self._ended = False
        self._failed = False
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()
        if self._wait(_FIRST_PICTURE_S) is None:
            self.close()
            raise CameraError(why_not(camera))

    def next(self, wait_s: float) -> tuple[Picture, int] | None:
        """The newest picture that was not given before."""
        newest = self._wait(wait_s)
        if newest is None:
            if self._failed:
                raise CameraError(why_not(self._camera))
            return None
        self._newest = None
        import cv2

        picture, taken_ns = newest
        return cv2.cvtColor(picture, self._to_rgb), taken_ns

    def close(self) -> None:
        """Let go of the camera."""
        self._ended = True
        self._thread.join(2.0)
        if not self._thread.is_alive():
            self._device.release()

    def _wait(self, seconds: float) -> tuple[Picture, int] | None:
        with self._came:
            self._came.wait_for(lambda: self._newest is not None or self._failed, seconds)
            return self._newest

    def _take(self) -> None:
        while not self._ended:
            good, picture = self._device.read()
            now = time.monotonic_ns()
            with self._came:
                if not good:
                    self._failed = True
                    self._came.notify()
                    return
                self._newest = (picture, self._taken_ns(now))
                self._came.notify()

    def _taken_ns(self, now_ns: int) -> int:
        """When the middle of the exposure was, by the machine's clock.

        Linux's drivers stamp a picture by the monotonic clock when its transfer begins, and OpenCV
        passes that on; what is no such stamp is not believed.
        """
        stamp_ns = round(float(self._device.get(self._stamped)) * MILLISECOND)
        if 0 <= now_ns - stamp_ns < _OLDEST_STAMP_NS:
            return stamp_ns - self._half_exposure_ns
        return now_ns - _FALLBACK_DELAY_NS


class Played:
    """A video or a folder of pictures, over and over at its own rate. State: where it is."""

    def __init__(self, path: Path, rate: float) -> None:
        """Open it.

        Args:
            path: a video, or a folder of pictures that are shown in the order of their names.
            rate: pictures of a folder a second.

        Raises:
            CameraError: there is no such thing, or it holds no pictures.
        """
        import cv2

        self.name = f"file {path.name}"
        self._path = path
        self._to_rgb = cv2.COLOR_BGR2RGB
        self._files: list[Path] = []
        self._video: Any = None
        if path.is_dir():
            self._files = sorted(p for p in path.iterdir() if p.suffix.lower() in _KINDS)
            self._rate = rate
        elif path.is_file():
            self._video = cv2.VideoCapture(str(path))
            stated = float(self._video.get(cv2.CAP_PROP_FPS)) if self._video.isOpened() else 0.0
            self._rate = stated if 1.0 <= stated <= 240.0 else rate
        else:
            raise CameraError(f"there is no file or folder {path}; give a video or pictures")
        self._count = 0
        self._kept: list[Picture | None] = [None] * len(self._files)
        self._first = self._read()
        if self._first is None:
            raise CameraError(f"{path} holds no picture that can be read; give a video or pictures")
        self._due_ns = time.monotonic_ns()

    def next(self, wait_s: float) -> tuple[Picture, int] | None:
        """The next picture, when it is due; those that are overdue are left out."""
        now = time.monotonic_ns()
        period = round(SECOND / self._rate)
        late = max(0, (now - self._due_ns) // period)
        due = self._due_ns + late * period
        if due - now > wait_s * SECOND:
            time.sleep(wait_s)
            return None
        time.sleep(max(0, due - now) / SECOND)
        self._due_ns = due + period
        for _ in range(int(min(late, 240))):
            self._skip()
        picture = self._first if self._first is not None else self._read()
        self._first = None
        if picture is None:
            raise CameraError(f"{self._path} can no longer be read; give it anew")
        return picture, due

    def close(self) -> None:
        """Close the file."""
        if self._video is not None:
            self._video.release()

    def _skip(self) -> None:
        self._first = None
        if self._video is None:
            self._count += 1
        elif not self._video.grab():
            self._rewind()

    def _read(self) -> Picture | None:
        import cv2

        if self._video is None:
            if not self._files:
                return None
            at = self._count % len(self._files)
            self._count += 1
            if self._kept[at] is None:
                picture = cv2.imread(str(self._files[at]))
                self._kept[at] = None if picture is None else cv2.cvtColor(picture, self._to_rgb)
            return self._kept[at]
        good, picture = self._video.read()
        if not good:
            self._rewind()
            good, picture = self._video.read()
        return cv2.cvtColor(picture, self._to_rgb) if good else None

    def _rewind(self) -> None:
        import cv2

        if not self._video.set(cv2.CAP_PROP_POS_FRAMES, 0):
            self._video.release()
            self._video = cv2.VideoCapture(str(self._path))
