"""An OpenXR client that senses: answers each line of its standard input with a line of JSON.

Runs under a started runtime, with simulated sensors where the first line offers some. Each further
line is a list of steps, of which the last one's answer is told.
"""

import json
import logging
import sys
import threading
import time
from dataclasses import asdict

import moderngl

from presence.errors import HeadsetError
from presence.headset.session import Headset
from presence.tracking.openxr.sensing import HeadsetSenses
from presence.tracking.sensed import pack_sensed

_FRAMES = 2
"""Each polls all events once; the second begins after what the first one met."""


class Lines(logging.Handler):
    """What was logged as a warning. State: the lines."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


class Client:
    """An open headset whose frames go by on a thread. State: how many, and what stopped them."""

    def __init__(self, layer):
        self.layer = layer
        self.frames = 0
        self.error = None
        self.senses = HeadsetSenses()
        self.came = threading.Condition()

    def draw(self, headset):
        try:
            while headset.wait() is not None:
                headset.begin()
                headset.end()
                with self.came:
                    self.frames += 1
                    self.came.notify_all()
        except HeadsetError as error:
            with self.came:
                self.error = str(error)
                self.came.notify_all()

    def settle(self, headset):
        with self.came:
            aim = self.frames + _FRAMES
            self.came.wait_for(lambda: self.frames >= aim or self.error, timeout=20)

    def sense(self, headset):
        now = time.monotonic_ns()
        try:
            readings = headset.sense(now)
        except HeadsetError as error:
            return {"lost": str(error)}
        return {"sensed": pack_sensed(self.senses.sensed(readings, now)).hex()}

    def step(self, headset, step):
        name, *arguments = step
        if name == "sense":
            return self.sense(headset)
        if name == "settle":
            # Events are met between two frames.
            self.settle(headset)
            return None
        if name == "about":
            actions = headset._sensors.actions
            return {
                "suggested": actions.suggested if actions is not None else [],
                "abilities": asdict(headset._sensors.abilities),
                "recentred": headset.recentred,
                "state": headset.state,
                "error": self.error,
                "created": self.layer.created if self.layer is not None else [],
                "profiles": actions._profiles if actions is not None else [],
            }
        if name == "cost":
            return self.cost(headset, *arguments)
        if name == "set":
            self.layer.values = arguments[0]
        elif name == "lose":
            self.layer.session_lost = True
        else:
            getattr(self.layer, name)(*arguments)
        return None

    def cost(self, headset, count):
        """Milliseconds of one reading, and of turning it into what is known, by CPU time."""
        began = time.thread_time()
        for _ in range(count):
            readings = headset.sense(time.monotonic_ns())
        read = time.thread_time()
        for _ in range(count):
            pack_sensed(self.senses.sensed(readings, 0))
        done = time.thread_time()
        return {"read_ms": 1e3 * (read - began) / count, "made_ms": 1e3 * (done - read) / count}


def main():
    lines = Lines()
    logging.getLogger().addHandler(lines)
    settings = json.loads(sys.stdin.readline())
    layer = None
    if settings.get("offers") is not None:
        from openxr_simulated import SimulatedSensors

        layer = SimulatedSensors(settings["offers"], settings.get("abilities"))
        layer.refused_profile = settings.get("refused_profile")
        layer.values.update(settings.get("values", {}))
    backend = {"backend": "egl"} if settings.get("backend", "egl") == "egl" else {}
    context = moderngl.create_context(standalone=True, require=330, **backend)
    client = Client(layer)
    with Headset((96, 64), whole=settings.get("whole", True)) as headset:
        # The context stays with this thread: frames without pictures need none.
        talker = threading.Thread(target=talk, args=(client, headset, lines))
        talker.start()
        client.draw(headset)
        talker.join()
    context.release()


def talk(client, headset, lines):
    while headset.state != "FOCUSED" and client.error is None:
        time.sleep(0.005)
    try:
        for line in sys.stdin:
            answers = [client.step(headset, step) for step in json.loads(line)]
            told, lines.lines = lines.lines, []
            print(json.dumps({"warnings": told, **(answers[-1] or {})}), flush=True)
    finally:
        headset.request_exit()


if __name__ == "__main__":
    main()
