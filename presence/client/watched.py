"""A person as their sensors follow them, asked sixty times a second whatever else goes on."""

from __future__ import annotations

import threading

from rich.console import RenderableType

from presence.client.tracking_table import tracking_table
from presence.clock import SECOND, SkewedClock
from presence.pose.proportions import Proportions
from presence.pose.sample import PoseSample
from presence.render.picture import Picture
from presence.tracking.live import LiveSource
from presence.tracking.sensed import Sensor

_LOOK_NS = SECOND // 60


class Watched:
    """State: the sensors, what they last did, and the thread that asks them.

    A thread, since a mirror without a graphics card is drawn some eight times a second: values that
    come in between would neither be counted nor filtered as in a call.
    """

    def __init__(
        self,
        sensors: list[Sensor],
        proportions: Proportions,
        clock: SkewedClock,
        *,
        mirrored: bool,
    ) -> None:
        """Begin to ask.

        Args:
            sensors: the surest first; they are taken over.
            proportions: the person's measures.
            clock: by which sensors are asked.
            mirrored: whether a camera's pictures are as in a mirror already.
        """
        self._sensors = sensors
        self._clock = clock
        self._mirrored = mirrored
        self._source = LiveSource(sensors, proportions)
        self._sample: PoseSample | None = None
        self._failed: Exception | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()

    def _look_on(self) -> None:
        due_ns = self._clock.now_ns()
        while not self._ended.wait(max(due_ns - self._clock.now_ns(), 0) / SECOND):
            now_ns = self._clock.now_ns()
            # Whoever was kept waiting does not make up for it in a rush.
            due_ns = max(due_ns + _LOOK_NS, now_ns)
            try:
                with self._lock:
                    self._sample = self._source.sample(now_ns) or self._sample
            except Exception as error:
                self._failed = error
                return

    @property
    def sample(self) -> PoseSample | None:
        """What the person does; None before anything is known."""
        return self._sample

    def table(self) -> RenderableType:
        """What each sensor knows, how fast and how surely.

        Raises:
            Exception: why the sensors are asked no more.
        """
        if self._failed is not None:
            raise self._failed
        with self._lock:
            return tracking_table(self._source.readings(), self._source.sensed)

    def camera_picture(self) -> Picture | None:
        """What the camera sees, as in a mirror, with what was found in it; None without one."""
        for sensor in self._sensors:
            preview = getattr(sensor, "preview", None)
            if preview is not None:
                with self._lock:
                    picture: Picture | None = preview()
                return picture if picture is None or self._mirrored else picture[:, ::-1]
        return None

    def close(self) -> None:
        """Give the sensors back."""
        self._ended.set()
        self._thread.join()
        self._source.close()
