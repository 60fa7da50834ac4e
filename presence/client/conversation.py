"""The thread that a participant's voice goes through, both ways, between the devices and the loop.

The headphones' clock drives it: each time that they want 10 ms, whatever has come of each voice is
mixed, and what was mixed is what the echo canceller is told of. Sound must go on while the event
loop is busy, so nothing here waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from presence.client.devices import Devices, open_devices
from presence.client.hearing import Adjusted, Hearing
from presence.client.held_key import HeldKey
from presence.client.records import Record, Spoke, VoicePacket
from presence.client.settings import Settings
from presence.client.talking import Said, Talking
from presence.client.view_process import ViewProcess
from presence.clock import MILLISECOND, SECOND, Clock
from presence.errors import UsageError
from presence.pose.proportions import default_proportions
from presence.pose.rigid import Rigid
from presence.voice.gate import Gate
from presence.voice.processing import NoProcessing, open_processing

log = logging.getLogger(__name__)

_LONGEST_REST_NS = 10 * MILLISECOND
_SWITCH_S = 0.0002
_PRIORITY = -11
"""As sound servers have it."""
_CHECK_NS = 300 * MILLISECOND
"""How often devices are looked after."""


class Conversation(threading.Thread):
    """See the module. State: what the loop told and was not looked at yet."""

    def __init__(
        self,
        *,
        clock: Clock,
        devices: Devices,
        hearing: Hearing | None,
        talking: Talking | None,
        ears: Callable[[], Rigid],
        waits: Callable[[], dict[int, int]],
        soon: Callable[..., object],
        say: Callable[[Said], None],
        tell: Callable[[Sequence[Spoke]], None],
    ) -> None:
        """Begin with :meth:`start`, end with :meth:`close`.

        Args:
            clock: this participant's own.
            devices: what one says into and hears by.
            hearing: makes of packets what is heard; None: nobody listens here.
            talking: makes packets of what is said; None: nobody speaks here.
            ears: where the head that hears is, in its own place.
            waits: how far behind each person's pose is shown, by itself.
            soon: has the loop call the next two, from any thread: its ``call_soon_threadsafe``.
            say: sends a packet.
            tell: takes what voices say of their people, as packets come.
        """
        super().__init__(name="voice", daemon=True)
        self._clock = clock
        self._devices = devices
        self._hearing = hearing
        self._talking = talking
        self._ears = ears
        self._waits = waits
        self._soon = soon
        self._say = say
        self._tell = tell
        self._told: deque[Record | VoicePacket | Adjusted] = deque()
        self._checked_ns = clock.now_ns()
        self._key = HeldKey()
        self._pressed = False
        self._ended = threading.Event()
        self._roused = threading.Event()
        """A packet has come: mouths are read at once, before what they say is due."""
        self._wanted_ns = self._ready_ns = self._checked_ns
        """Before then the headphones want nothing, and the microphone has nothing."""

    @property
    def sound_from_ns(self) -> int | None:
        """When the headphones' file begins, by this participant's clock, if they are one."""
        return self._devices.begun_ns

    @property
    def level(self) -> float | None:
        """How loud this person speaks, 0 to 1, sent or not; None: there is no microphone."""
        return self._talking.level if self._talking is not None else None

    @property
    def muted(self) -> bool:
        """Whether what this person says is kept from the others."""
        return self._talking is not None and self._talking.gate.muted

    def mute(self, muted: bool) -> None:
        """Keep what this person says from the others, or do so no more."""
        if self._talking is not None:
            self._talking.gate.muted = muted

    @property
    def problem(self) -> str:
        """A sentence for the person where the others hear an echo of themselves; else empty."""
        return self._talking.problem if self._talking is not None else ""

    @property
    def released(self) -> bool:
        """Whether the others would hear this person only if a key were held."""
        return self._talking is not None and self._talking.gate.released

    def press(self) -> None:
        """The key by which this person talks was told of."""
        self._pressed = True

    def hear(self, told: Record | VoicePacket | Adjusted) -> None:
        """Take in what the loop heard of the others, and was asked for; for the loop's thread."""
        if self._hearing is not None:
            self._told.append(told)
            if isinstance(told, VoicePacket):
                self._roused.set()

    def close(self) -> None:
        """End within a block's time, and give the devices back."""
        self._ended.set()
        self._roused.set()
        self.join()

    def run(self) -> None:
        """Until closed; an error ends the voice, and leaves the rest of the call as it is."""
        # Each call of a library lets go of Python's lock, and waits for the loop to give it back:
        # by default for 5 ms, a dozen times a block.
        sys.setswitchinterval(_SWITCH_S)
        # Sound that is late is a gap; where that is allowed, it goes before all else.
        with contextlib.suppress(AttributeError, OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _PRIORITY)
        try:
            while not self._ended.is_set():
                due_ns = self.go_on(self._clock.now_ns())
                rest_ns = min(due_ns - self._clock.now_ns(), _LONGEST_REST_NS)
                if rest_ns > 0:
                    self._roused.wait(rest_ns / SECOND)
                self._roused.clear()
        except Exception:
            log.exception("the voice has failed; leave and join again to speak and hear")
        finally:
            self._devices.close()
            if self._hearing is not None:
                self._hearing.close()

    def go_on(self, now_ns: int) -> int:
        """Do what is due; when to do so again. For the thread, or for who makes up the time."""
        if now_ns - self._checked_ns >= _CHECK_NS:
            self._checked_ns = now_ns
            if self._devices.check(now_ns):
                self._wanted_ns = self._ready_ns = now_ns
        due_ns = now_ns + _LONGEST_REST_NS
        if self._hearing is not None:
            due_ns = self._hear(self._hearing, now_ns)
        if self._talking is not None:
            due_ns = min(due_ns, self._talk(self._talking, now_ns))
        return due_ns

    def _hear(self, hearing: Hearing, now_ns: int) -> int:
        spoken = []
        while self._told:
            told = self._told.popleft()
            if isinstance(told, VoicePacket):
                spoke = hearing.hear(told)
                if spoke is not None:
                    spoken.append(spoke)
            elif isinstance(told, Adjusted):
                hearing.adjust(told)
            else:
                hearing.tell(told)
        if spoken:
            self._hand_over(self._tell, spoken)
        if now_ns < self._wanted_ns:
            return self._wanted_ns
        headphones = self._devices.headphones
        self._wanted_ns = headphones.wanted_ns(now_ns)
        if now_ns < self._wanted_ns:
            return self._wanted_ns
        play_ns = headphones.plays_ns(now_ns)
        block = hearing.render(play_ns, now_ns, self._ears(), self._waits())
        heard_ns = headphones.write(block, now_ns)
        if self._talking is not None:
            self._talking.played(block, now_ns, heard_ns, headphones.counted_ns)
        return now_ns

    def _talk(self, talking: Talking, now_ns: int) -> int:
        if self._pressed:
            self._pressed = False
            self._key.press(now_ns)
        if self._key.held(now_ns):
            talking.gate.press()
        else:
            talking.gate.release()
        if now_ns < self._ready_ns:
            return self._ready_ns
        microphone = self._devices.microphone
        captured = microphone.read(now_ns)
        if captured is None:
            self._ready_ns = microphone.ready_ns(now_ns)
            return self._ready_ns
        said = talking.take(captured, now_ns)
        if said is not None:
            self._hand_over(self._say, said)
        return now_ns

    def _hand_over(self, take: Callable[..., None], what: object) -> None:
        try:
            self._soon(take, what)
        except RuntimeError:
            # The loop has ended, and so will this.
            self._ended.set()


def open_conversation(
    settings: Settings,
    view: ViewProcess | None,
    *,
    seat: int,
    epoch_ns: int,
    loop: asyncio.AbstractEventLoop,
    say: Callable[[Said], None],
    tell: Callable[[Sequence[Spoke]], None],
    note: Callable[[str], None],
) -> Conversation | None:
    """The conversation that the settings want; None, with a note why, if it cannot be had here.

    Args:
        settings: the participant's.
        view: knows where the head is that hears, and how late poses are shown; None: nobody looks.
        seat: where the participant stands.
        epoch_ns: when a performance begins, by the participant's clock.
        loop: runs ``say`` and ``tell``.
        say: sends a packet.
        tell: takes what voices say of their people.
        note: is told in a sentence, for the person, what is amiss or changed.

    Raises:
        SoundError: a device that was named is not there.
        SourceError: a file cannot be used.
        UsageError: what was asked for by name cannot be had.
    """
    clock = settings.clock
    # From where a window looks, and whoever has no view, too.
    still = Rigid.from_yaw(0.0, np.array([0.0, default_proportions().eye_height, 0.0]))

    def ears() -> Rigid:
        tracked = view.head() if view is not None else None
        return tracked[0] if tracked is not None else still

    talking = None
    devices = open_devices(settings, clock, seat, epoch_ns, note)
    try:
        if settings.speaks:
            # What is made by code has no room around it.
            processing = NoProcessing() if settings.microphone == "lines" else open_processing()
            talking = Talking(processing, Gate(push_to_talk=settings.push_to_talk))
            talking.gate.muted = settings.muted
        hearing = Hearing() if settings.listens else None
    except UsageError as error:
        devices.close()
        if not {settings.microphone, settings.headphones} <= {"none", "default"}:
            raise
        note(str(error))
        return None
    return Conversation(
        clock=clock,
        devices=devices,
        hearing=hearing,
        talking=talking,
        ears=ears,
        waits=view.waits if view is not None else dict,
        soon=loop.call_soon_threadsafe,
        say=say,
        tell=tell,
    )
