"""The foreman: starts workers, sees that they work, starts them again, and sends people to them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from presence.clock import SECOND, Clock
from presence.errors import HostError
from presence.relay.account import Account
from presence.relay.admission import Admission
from presence.relay.door import Welcome
from presence.relay.errands import (
    LINE_LIMIT,
    Answer,
    Ask,
    Connect,
    Done,
    Drain,
    Failed,
    People,
    Ready,
    Start,
    Told,
    ToWorker,
    line_of,
    read_from_worker,
)
from presence.relay.limits import RelayLimits
from presence.relay.logs import LogSettings, tell
from presence.relay.media import Media
from presence.relay.placement import SOON_S, Placement
from presence.relay.refusal import BEGINNING, RefusalError

ANY_PORTS = Media()
ASK_S = 1.0
"""How often each worker is asked how it is."""
HUNG_S = 10.0
"""One that has said nothing for so long is ended, and started again."""
BEGIN_S = 30.0
"""So long one may take to begin."""
END_S = 5.0
"""So long they may take to end once they are told."""
STEADY_S = 60.0
"""One that ran for so long is started again at once; others ever later."""
FIRST_WAIT_S, MOST_WAIT_S = 0.5, 30.0

log = logging.getLogger(__name__)


def restart_wait_s(failures: int) -> float:
    """Seconds before a worker is started again that has failed so often in a row."""
    if failures <= 1:
        return 0.0
    return min(FIRST_WAIT_S * 2.0 ** min(failures - 2, 16), MOST_WAIT_S)


@dataclass(slots=True)
class _Errand:
    """Somebody whom a worker connects."""

    room: str
    answer: asyncio.Future[Answer | Done]
    done: asyncio.Future[Done]


@dataclass(slots=True)
class _Running:
    """One process. State: what it was told to do, and what it said last."""

    process: asyncio.subprocess.Process
    began_ns: int
    heard_ns: int
    ready: bool = False
    account: Account | None = None
    errands: dict[int, _Errand] = field(default_factory=dict)

    def tell(self, message: ToWorker) -> None:
        if self.process.stdin is not None and not self.process.stdin.is_closing():
            self.process.stdin.write(line_of(message))


class Foreman:
    """State: the workers by number, what each carries, and why one could not begin."""

    def __init__(
        self,
        workers: int,
        limits: RelayLimits,
        settings: LogSettings,
        clock: Clock,
        media: Media = ANY_PORTS,
    ) -> None:
        """No worker runs yet; see :meth:`begin`.

        Args:
            workers: How many there are to be.
            limits: What they allow.
            settings: What they write.
            clock: Passes.
            media: By which ports people reach them.
        """
        self.restarts: Counter[int] = Counter()
        self._limits = limits
        self._media = media
        self._log_settings = settings
        self._now = clock.now_ns
        self._placement = Placement(limits)
        self._running: dict[int, _Running | None] = dict.fromkeys(range(1, workers + 1))
        self._errands = itertools.count()
        self._failed: str | None = None
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Start the workers, and come back when all are ready.

        Raises:
            HostError: one cannot begin.
        """
        self._tasks = [asyncio.create_task(self._keep(number)) for number in self._running]
        self._tasks.append(asyncio.create_task(self._watch()))
        try:
            async with asyncio.timeout(BEGIN_S):
                while not all(one is not None and one.ready for one in self._running.values()):
                    self._changed.clear()
                    await self._changed.wait()
                    if self._failed is not None:
                        raise HostError(self._failed)
        except TimeoutError:
            raise HostError(
                f"the relay's workers did not begin within {BEGIN_S:.0f} s; see what they wrote, "
                "or start fewer"
            ) from None

    async def connect(self, admission: Admission, sdp: str, welcome: Welcome) -> None:
        """See :class:`presence.relay.door.Rooms`."""
        number, again_only = self._placement.come(admission.room)
        running = self._running[number]
        if running is None:
            raise RefusalError("busy", BEGINNING, SOON_S)
        loop = asyncio.get_running_loop()
        errand = _Errand(admission.room, loop.create_future(), loop.create_future())
        identifier = next(self._errands)
        # It is over when the worker says so, though whoever comes may be gone by then.
        running.errands[identifier] = errand
        running.tell(
            Connect(
                identifier,
                admission.room,
                admission.stream,
                admission.expires_s,
                sdp,
                again_only,
            )
        )
        answer = await errand.answer
        if isinstance(answer, Answer):
            await welcome(answer.sdp)
        done = await errand.done
        if done.code:
            raise RefusalError(done.code, done.sentence, done.after_s)

    def why_not_ready(self) -> str | None:
        """See :class:`presence.relay.door.Rooms`."""
        return self._placement.why_not_ready()

    @property
    def accounts(self) -> Mapping[int, Account | None]:
        """How each worker said that it is, within the last second; None: it does not run."""
        return {
            number: None if running is None else running.account
            for number, running in self._running.items()
        }

    @property
    def pids(self) -> dict[int, int]:
        """The processes that run, by number."""
        return {n: one.process.pid for n, one in self._running.items() if one is not None}

    @property
    def people(self) -> int:
        """In all rooms, and on their way there."""
        return self._placement.people

    def drain(self) -> None:
        """Open no more rooms."""
        self._placement.draining = True
        for running in self._running.values():
            if running is not None:
                running.tell(Drain())

    async def close(self) -> None:
        """Have every worker say goodbye, and end."""
        self._closing.set()
        running = [one for one in self._running.values() if one is not None]
        for one in running:
            if one.process.stdin is not None:
                one.process.stdin.close()
        try:
            async with asyncio.timeout(END_S):
                await asyncio.gather(*(one.process.wait() for one in running))
        except TimeoutError:
            for one in running:
                _kill(one.process)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # One that was just being started has its input closed by now, and ends by itself.
        for last in self._running.values():
            if last is not None:
                _kill(last.process)
                await last.process.wait()

    async def _keep(self, number: int) -> None:
        """Have one worker run, whatever befalls it."""
        failures = 0
        while not self._closing.is_set():
            running = await self._start(number)
            self._running[number] = running
            try:
                await self._listen(number, running)
            finally:
                code = await self._ended(number, running)
            lived_s = (self._now() - running.began_ns) / SECOND
            failures = 1 if lived_s >= STEADY_S else failures + 1
            if self._closing.is_set():
                return
            wait_s = restart_wait_s(failures)
            tell(
                log,
                logging.ERROR,
                "worker_ended",
                f"worker {number} ended ({_why(code)}) and is started again",
                number=number,
                code=code,
                lived_s=round(lived_s, 1),
                wait_s=wait_s,
            )
            await asyncio.sleep(wait_s)
            self.restarts[number] += 1

    async def _start(self, number: int) -> _Running:
        # In a session of its own, so that Ctrl-C reaches the foreman alone, who lets them end well.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "presence.relay.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
            start_new_session=True,
        )
        now_ns = self._now()
        running = _Running(process, began_ns=now_ns, heard_ns=now_ns)
        settings = msgspec.structs.replace(self._log_settings, worker=number)
        running.tell(Start(number, self._limits, settings, self._media))
        if self._placement.draining:
            running.tell(Drain())
        return running

    async def _listen(self, number: int, running: _Running) -> None:
        stdout = running.process.stdout
        while stdout is not None:
            try:
                line = await stdout.readline()
            except ValueError:
                continue  # Longer than any line of ours.
            if not line:
                return
            running.heard_ns = self._now()
            try:
                self._heard(number, running, line)
            except msgspec.MsgspecError as error:
                log.error("worker %d said what was not understood: %s", number, error)

    def _heard(self, number: int, running: _Running, line: bytes) -> None:
        match read_from_worker(line):
            case Ready():
                running.ready = True
                self._placement.worker_began(number)
                self._changed.set()
                running.tell(Ask())
                tell(log, logging.INFO, "worker_ready", f"worker {number} is ready", number=number)
            case Failed(sentence):
                self._failed = sentence
                self._changed.set()
                why = f"worker {number} cannot begin: {sentence}"
                tell(log, logging.ERROR, "worker_fails", why, number=number)
            case Answer(errand=identifier) as answer:
                errand = running.errands.get(identifier)
                if errand is not None and not errand.answer.done():
                    errand.answer.set_result(answer)
            case Done(errand=identifier) as done:
                errand = running.errands.pop(identifier, None)
                if errand is not None:
                    self._placement.came(number, errand.room)
                    _resolve(errand, done)
            case People(room, count):
                self._placement.told(number, room, count)
            case Told(account):
                running.account = account

    async def _ended(self, number: int, running: _Running) -> int:
        """A worker is gone, and so is what it carried."""
        self._running[number] = None
        self._placement.worker_ended(number)
        for errand in running.errands.values():
            _resolve(errand, Done(0, "busy", BEGINNING, SOON_S))
        running.errands.clear()
        _kill(running.process)
        return await running.process.wait()

    async def _watch(self) -> None:
        """Ask each how it is, and end those that do not answer."""
        while True:
            await asyncio.sleep(ASK_S)
            for number, running in self._running.items():
                if running is None:
                    continue
                patience_s = HUNG_S if running.ready else BEGIN_S
                if self._now() - running.heard_ns > patience_s * SECOND:
                    sentence = f"worker {number} has said nothing for {patience_s:.0f} s"
                    tell(log, logging.ERROR, "worker_hangs", sentence, number=number)
                    _kill(running.process)
                elif running.ready:
                    running.tell(Ask())


def _resolve(errand: _Errand, done: Done) -> None:
    for future in (errand.answer, errand.done):
        if not future.done():
            future.set_result(done)


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def _why(code: int) -> str:
    if code >= 0:
        return f"with {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
