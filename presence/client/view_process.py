"""The view's process, as the media process sees it: started, told, listened to, ended."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO

import msgspec

from presence.child import end_child, last_words
from presence.client.records import Record, pack_record
from presence.client.settings import Settings
from presence.client.status import ViewStatus
from presence.client.view_task import FAILED, ViewTask, unpack_waits
from presence.errors import HeadsetError, PresenceError
from presence.headset.runtime import find_runtime
from presence.pose.rigid import Rigid
from presence.shared_memory import Block, LatestSlot, Ring, SharedMemory
from presence.tracking.sensed import Point, Sensed, unpack_sensed

_RING_BYTES = 8 << 20
_SLOT_BYTES = 4096
_END_SECONDS = 15.0


class ViewProcess:
    """A running view. State: the child, the memory shared with it, where the head was last."""

    def __init__(self, settings: Settings, memory: list[SharedMemory], words: IO[bytes]) -> None:
        """Use :func:`view_process`, which starts it and ends it too."""
        self._settings = settings
        self._blocks = memory
        self._words = words
        self._running = contextlib.ExitStack()
        self._child: subprocess.Popen[bytes]
        ring, sensed, status, waits = memory
        self._ring = Ring(ring)
        self._sensed = LatestSlot(sensed)
        self._head: tuple[Rigid, int] | None = None
        self._status = LatestSlot(status)
        self._waits = LatestSlot(waits)

    def start(self) -> None:
        """Start the child: a headset's under the OpenXR runtime that is found, others as they are.

        Raises:
            HeadsetError: there is no OpenXR runtime, or its service does not start.
        """
        blocks = [Block(block.descriptor, block.size) for block in self._blocks]
        ring, sensed, status, waits = blocks
        task = ViewTask(
            settings=self._settings, ring=ring, sensed=sensed, status=status, waits=waits
        )
        argv = [sys.executable, "-m", "presence.client.view", msgspec.json.encode(task).decode()]
        environment = dict(os.environ)
        with contextlib.ExitStack() as stack:
            if self._settings.view == "headset":
                runtime = find_runtime()
                if runtime is None:
                    raise HeadsetError(
                        "there is no OpenXR runtime here; start your headset's (SteamVR, Monado, "
                        "WiVRn), or do without one (in a call by --view window); presence "
                        "doctor says more"
                    )
                argv, environment = stack.enter_context(runtime.started()).wrap(argv, environment)
            # Its standard input stays open for as long as this process lives.
            self._child = subprocess.Popen(
                argv,
                env=environment,
                stdin=subprocess.PIPE,
                stderr=self._words,
                pass_fds=[block.descriptor for block in blocks],
                start_new_session=True,
            )
            # The view saves what it has first.
            stack.callback(end_child, self._child, _END_SECONDS)
            self._running = stack.pop_all()

    def restart(self) -> None:
        """Start another child after one has ended; what that one was not told yet is forgotten.

        Raises:
            HeadsetError: as :meth:`start` says.
        """
        self.close()
        self._ring.clear()
        self._status.write(b"")
        self.start()

    def close(self) -> None:
        """End the child; harmless when done twice."""
        self._running.close()

    @property
    def exit_code(self) -> int | None:
        """How the view ended; None while it runs."""
        return self._child.poll()

    @property
    def last_words(self) -> str:
        """The end of what the view wrote to its standard error; complete once it has ended."""
        return last_words(self._words)

    def closed(self) -> bool:
        """Whether the person closed it.

        Raises:
            PresenceError: it failed.
        """
        if self.exit_code:
            words = self.last_words or f"it ended with {self.exit_code}; see presence doctor"
            if self.exit_code == FAILED:
                # OpenXR's loader and drivers write there, too.
                words = words.splitlines()[-1]
            raise PresenceError(f"the view failed: {words}")
        return self.exit_code == 0

    @property
    def dropped(self) -> int:
        """Records that the view was too slow to take."""
        return self._ring.dropped

    def tell(self, record: Record) -> None:
        """Pass a record on to the view."""
        self._ring.write(pack_record(record))

    def sensed(self) -> Sensed | None:
        """What the headset last knew of the person, in ``local``, by the machine's clock.

        None before the first, and of a view without a headset.
        """
        record = self._sensed.read()
        return unpack_sensed(record) if record else None

    def head(self) -> tuple[Rigid, int] | None:
        """The newest tracked view in ``local`` and when it was tracked, by the machine's clock.

        Whoever takes the headset off goes on hearing from where they were.
        """
        sensed = self.sensed()
        view = sensed.point(Point.HEAD) if sensed is not None else None
        if sensed is not None and view is not None:
            self._head = view, sensed.capture_ns
        return self._head

    def waits(self) -> dict[int, int]:
        """How far behind each person's pose would be shown, were it not for their voice, ns."""
        record = self._waits.read()
        return unpack_waits(record) if record else {}

    def status(self) -> ViewStatus | None:
        """What the view last said of itself."""
        record = self._status.read()
        return msgspec.json.decode(record, type=ViewStatus) if record else None


@contextlib.contextmanager
def view_process(settings: Settings) -> Iterator[ViewProcess]:
    """Run a view for as long as the block lasts.

    Raises:
        HeadsetError: there is no OpenXR runtime, or its service does not start.
    """
    with contextlib.ExitStack() as stack:
        memory = [SharedMemory.create(size) for size in (_RING_BYTES, *3 * (_SLOT_BYTES,))]
        for block in memory:
            stack.callback(block.close)
        # A live table erases what another process writes to its terminal, so it is kept aside.
        words = stack.enter_context(tempfile.TemporaryFile())
        view = ViewProcess(settings, memory, words)
        stack.callback(view.close)
        view.start()
        yield view
