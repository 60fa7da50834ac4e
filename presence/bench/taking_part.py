"""One participant of a benchmarked call: media over a bad network, looked at 90 times a second.

The task is the only argument, as JSON. It says ``ready`` once everybody was shown, takes a
network's conditions by lines of JSON on its standard input, and leaves its logs when that ends.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from presence.bench.impaired import BadNetwork, impaired_arrivals
from presence.client.logs import Columns, prefixed, save_log, shown_columns
from presence.client.media import Media, new_event_loop
from presence.client.preparing import prepare_loops
from presence.client.records import Came, Heard, Record, Spoke, Went
from presence.client.settings import Settings
from presence.client.sources import make_source
from presence.client.status import Status, ViewStatus
from presence.client.view_process import ViewProcess
from presence.clock import MILLISECOND, SECOND, MonotonicClock
from presence.playout import Playout
from presence.playout.shown import ShownState
from presence.pose.rigid import Rigid
from presence.pose.sample import PoseSample
from presence.tracking.source import Source
from presence.transport.lossy import Conditions

DISPLAY_RATE = 90
_SPEAKS_NS = 60 * MILLISECOND
"""Where no more than this lies between two words of a mouth, somebody speaks; longer is a pause."""
_REHEARSED = 120
"""Samples of a performance."""
_SAMPLE_NS = 250 * MILLISECOND
"""How often round trips and the processor's time are noted."""


class CallTask(msgspec.Struct, frozen=True, kw_only=True):
    """What a participant is told."""

    settings: Settings
    others: int
    """How many there are besides."""
    seed: int
    """Of the network."""


class Weather(msgspec.Struct, frozen=True, kw_only=True):
    """What a network is like from now on, one way."""

    loss: float = 0.0
    delay_ns: int = 0
    spread_ns: int = 0


class PolledView(ViewProcess):
    """What a view would show, without one.

    State: a playout for each person heard, the newest word of their mouth, and how they were seen
    since: when by the machine's clock, at which instant of theirs, and which one was heard.
    """

    def __init__(self) -> None:
        """Nobody is heard yet."""
        self.lips = Columns("machine_ns", "stream", "early_ns")
        """How much sooner than what is heard the lips are seen that say it."""
        self._playouts: dict[int, Playout] = {}
        self._spoke: dict[int, Spoke] = {}
        self._looks: dict[int, list[tuple[int, int, int]]] = {}

    @property
    def exit_code(self) -> int | None:
        """It runs for as long as its process does."""
        return None

    @property
    def dropped(self) -> int:
        """Nothing lies between it and the media process."""
        return 0

    def tell(self, record: Record) -> None:
        """Take in what the media process says."""
        match record:
            case Came():
                self._playouts.setdefault(record.stream, Playout())
            case Heard():
                playout = self._playouts.get(record.stream)
                if playout is not None:
                    playout.push(record.sample, record.sequence, record.arrival_ns)
            case Spoke():
                playout = self._playouts.get(record.stream)
                if playout is not None:
                    playout.follow(record.behind_ns)
                    self._judge(record)
            case Went():
                self._playouts.pop(record.stream, None)
            case _:
                pass

    def head(self) -> tuple[Rigid, int] | None:
        """Nobody wears it."""
        return None

    def waits(self) -> dict[int, int]:
        """How far behind each would be shown, were it not for their voice."""
        return {stream: playout.wait_ns for stream, playout in list(self._playouts.items())}

    def status(self) -> ViewStatus | None:
        """It has nothing to say."""
        return None

    def _judge(self, record: Spoke) -> None:
        """Note how lips were seen since the word before, unless there was a pause between."""
        before, self._spoke[record.stream] = self._spoke.get(record.stream), record
        looks, self._looks[record.stream] = self._looks.get(record.stream, []), []
        if before is None or record.at_ns - before.at_ns > _SPEAKS_NS:
            return
        for machine_ns, shown_ns, heard_ns in looks:
            # What was not known yet could not be seen.
            self.lips.add(machine_ns, record.stream, min(shown_ns, before.at_ns) - heard_ns)

    def look(self, machine_ns: int, own_ns: int, log: Columns, *, ahead_ns: int = 0) -> int:
        """Show everybody at this moment, by both clocks, and note it; how many were seen.

        ``ahead_ns``: how long before a picture is seen it is drawn.
        """
        seen = 0
        for stream, playout in self._playouts.items():
            shown = playout.show(own_ns + ahead_ns, own_ns)
            if shown is None or shown.state is ShownState.GONE:
                continue
            seen += 1
            log.add(
                machine_ns + ahead_ns,
                stream,
                shown.older_sequence,
                shown.newer_sequence,
                float(shown.fraction),
                shown.extrapolated_ns,
                shown.sender_ns,
                shown.estimate_ns,
                float(shown.opacity),
            )
            spoke = self._spoke.get(stream)
            if spoke is not None:
                heard_ns = shown.sender_ns + shown.estimate_ns - spoke.behind_ns
                self._looks[stream].append((machine_ns, shown.sender_ns, heard_ns))
        return seen


class Rehearsed:
    """Somebody whose performance was worked out beforehand, and goes to and fro in time.

    A performer made by code takes more time than all else that a media process does, and no camera
    or headset does.
    """

    def __init__(self, source: Source, rate: int) -> None:
        """Take the source's first seconds."""
        self.proportions = source.proportions
        self._period_ns = SECOND // rate
        rehearsed = [source.sample(k * self._period_ns) for k in range(_REHEARSED)]
        there = [sample for sample in rehearsed if sample is not None]
        self._samples = [*there, *there[-2:0:-1]]

    def sample(self, time_ns: int) -> PoseSample | None:
        """What they do at a time."""
        sample = self._samples[time_ns // self._period_ns % len(self._samples)]
        return replace(sample, capture_ns=time_ns)


class RehearsedMedia(Media):
    """Media whose source is ready before it joins. State: the source."""

    def __init__(self, task: CallTask, view: PolledView) -> None:
        """Rehearse, which takes a second or two."""
        super().__init__(task.settings, view)
        seat = task.settings.seat or 0
        self._rehearsed = Rehearsed(make_source(task.settings, seat, 0), task.settings.rate)

    async def _source(self, seat: int, on_status: Callable[[Status], None]) -> Source:
        return self._rehearsed


class Watch:
    """Looks at one participant's call. State: what was seen."""

    def __init__(self, task: CallTask, media: Media, view: PolledView) -> None:
        """Nothing was seen yet."""
        self._task = task
        self._media = media
        self._view = view
        self._shown = shown_columns()
        self._polls = Columns("machine_ns", "seen")
        self._queues = Columns("machine_ns", "age_ns")
        self._trips = Columns("machine_ns", "stream", "round_trip_ns")
        self._work = Columns("machine_ns", "cpu_ns")

    async def look(self) -> None:
        """Look at every beat of a display, until cancelled."""
        settings = self._task.settings
        began_ns, beats, sampled_ns, ready = time.monotonic_ns(), 0, 0, False
        while True:
            beats += 1
            due_ns = began_ns + beats * SECOND // DISPLAY_RATE
            await asyncio.sleep(max(0, due_ns - time.monotonic_ns()) / SECOND)
            now_ns = time.monotonic_ns()
            # A beat that was missed is not made up for.
            beats = max(beats, (now_ns - began_ns) * DISPLAY_RATE // SECOND)
            own_ns = settings.clock.from_machine_ns(now_ns)
            seen = self._view.look(now_ns, own_ns, self._shown)
            self._polls.add(now_ns, seen)
            if not ready and seen == self._task.others:
                ready = True
                print("ready", flush=True)
            for age_ns in self._media.queued_ages_ns:
                self._queues.add(now_ns, age_ns)
            if now_ns - sampled_ns >= _SAMPLE_NS:
                sampled_ns = now_ns
                self._work.add(now_ns, time.process_time_ns())
                for link in self._media.links:
                    if link.round_trip_ns is not None:
                        self._trips.add(now_ns, link.stream, link.round_trip_ns)

    def save(self) -> None:
        """Leave what was seen beside the participant's own log."""
        settings = self._task.settings
        assert settings.log_directory is not None
        tables = {
            "shown": self._shown,
            "lips": self._view.lips,
            "polls": self._polls,
            "queues": self._queues,
            "trips": self._trips,
            "work": self._work,
        }
        columns: dict[str, Any] = {}
        for name, table in tables.items():
            columns |= prefixed(name, table)
        save_log(Path(settings.log_directory), f"{settings.name}-polled", settings, **columns)


async def obey(network: BadNetwork, ended: asyncio.Event) -> None:
    """Do to the network what is said on standard input; its end is the call's."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        weather = msgspec.json.decode(line, type=Weather)
        network.conditions = Conditions(**msgspec.structs.asdict(weather))
    ended.set()


async def take_part(task: CallTask) -> None:
    """Be in the call until standard input ends."""
    ended = asyncio.Event()
    with impaired_arrivals(Conditions(), MonotonicClock(), task.seed) as network:
        view = PolledView()
        media = RehearsedMedia(task, view)
        watch = Watch(task, media, view)
        beside = [asyncio.create_task(part) for part in (obey(network, ended), watch.look())]
        try:
            await media.run(ended, lambda status: None)
        finally:
            for one in beside:
                one.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        watch.save()


def main() -> None:
    """Run one participant on the loop that a call runs on."""
    task = msgspec.json.decode(sys.argv[1], type=CallTask)
    # As before joining any call: later the loop would stand still for it.
    prepare_loops(lambda words: None)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(take_part(task))


if __name__ == "__main__":
    main()
