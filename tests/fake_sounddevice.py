"""A simulation of the module ``sounddevice``: what of it we call, driven as PortAudio drives it.

There is no sound device where the tests run. Its streams' callbacks have the signature, the times
and the statuses that PortAudio documents; devices that come are not seen before it begins anew, and
beginning anew ends all streams. Time is a clock that the test moves.
"""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from presence.clock import MILLISECOND, SECOND

PORTAUDIO_EPOCH_S = 1234.5
"""PortAudio's times are by a clock of its own."""


class PortAudioError(Exception):
    pass


@dataclass
class Device:
    """A device that can be plugged in."""

    name: str
    inputs: int = 0
    outputs: int = 0
    rates: tuple[int, ...] = (48_000,)
    host: int = 0
    ppm: float = 0.0
    busy: bool = False


@dataclass
class Stream:
    fake: "FakeSoundDevice"
    device: Device
    channels: int
    samplerate: int
    piece: int
    callback: object
    finished_callback: object
    hears: bool
    latency: float
    begun_ns: int = 0
    samples: int = 0
    running: bool = False
    hung: bool = False
    lost: bool = False
    late_ns: int = 0
    gives_times: bool = True
    wrong_s: float = 0.0
    heard: list = field(default_factory=list)

    def start(self):
        self.begun_ns, self.running = self.fake.clock.now_ns(), True
        self.fake.streams.append(self)

    def close(self):
        while self.hung:
            self.fake.hang.wait(0.01)
        if self.running:
            self.running = False
            self.finished_callback()

    def at_ns(self, samples):
        rate = self.samplerate * (1.0 + self.device.ppm * 1e-6)
        return self.begun_ns + round(samples * SECOND / rate)

    def call(self):
        """One callback, at the time that the clock now shows."""
        due_ns = self.at_ns(self.samples + (self.piece if self.hears else 0))
        now_s = self.fake.clock.now_ns() / SECOND + PORTAUDIO_EPOCH_S
        late_s = (self.fake.clock.now_ns() - due_ns) / SECOND
        first_s = self.at_ns(self.samples) / SECOND + PORTAUDIO_EPOCH_S - self.wrong_s
        if not self.hears:
            first_s += self.latency
        # As much as our thread was kept waiting, what PortAudio took down is from before.
        times = SimpleNamespace(
            currentTime=now_s - late_s, inputBufferAdcTime=0.0, outputBufferDacTime=0.0
        )
        if self.gives_times:
            setattr(times, "inputBufferAdcTime" if self.hears else "outputBufferDacTime", first_s)
        status = SimpleNamespace(input_overflow=self.lost, output_underflow=self.lost)
        self.lost = False
        buffer = np.zeros((self.piece, self.channels), dtype=np.float32)
        if self.hears:
            buffer[:] = self.fake.sound(self, self.samples, self.piece)[:, None]
        else:
            buffer[:] = np.nan
        self.callback(buffer, self.piece, times, status)
        self.heard.append(buffer)
        self.samples += self.piece

    def due_ns(self):
        return self.at_ns(self.samples + (self.piece if self.hears else 0)) + self.late_ns


class FakeSoundDevice:
    """The module. State: what is plugged in, what PortAudio has seen of it, and open streams."""

    PortAudioError = PortAudioError

    def __init__(self, clock, plugged=(), default_input="", default_output=""):
        import threading

        self.clock = clock
        self.plugged = list(plugged)
        self.defaults = {"input": default_input, "output": default_output}
        self.streams = []
        self.hang = threading.Event()
        self.random = np.random.default_rng(4)
        self.most_late_ns = 0
        self.sound = lambda stream, first, count: np.zeros(count, dtype=np.float32)
        self.begun = 0
        self._initialize()

    def _initialize(self):
        self.seen = list(self.plugged)
        self.seen_defaults = dict(self.defaults)
        self.begun += 1

    def _terminate(self):
        for stream in self.streams:
            assert not stream.running, "PortAudio ended with a stream open"
        self.streams.clear()

    def query_hostapis(self):
        return ({"name": "ALSA"}, {"name": "JACK Audio Connection Kit"})

    def query_devices(self, kind=None):
        listed = [
            {
                "index": index,
                "name": device.name,
                "hostapi": device.host,
                "max_input_channels": device.inputs,
                "max_output_channels": device.outputs,
                "default_samplerate": float(device.rates[0]),
            }
            for index, device in enumerate(self.seen)
        ]
        if kind is None:
            return tuple(listed)
        for each in listed:
            if each["name"] == self.seen_defaults[kind]:
                return each
        raise PortAudioError("Error querying device -1")

    def check_input_settings(self, *, device, channels, dtype, samplerate):
        if samplerate not in self.seen[device].rates:
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")

    check_output_settings = check_input_settings

    def InputStream(self, **settings):
        return self._open(True, **settings)

    def OutputStream(self, **settings):
        return self._open(False, **settings)

    def _open(
        self, hears, *, samplerate, blocksize, device, channels, dtype, latency, callback,
        finished_callback,
    ):  # fmt: skip
        found = self.seen[device]
        if found.busy or found not in self.plugged:
            raise PortAudioError("Device unavailable [PaErrorCode -9985]")
        assert channels <= (found.inputs if hears else found.outputs)
        return Stream(
            self,
            found,
            channels,
            samplerate,
            blocksize,
            callback,
            finished_callback,
            hears,
            latency,
        )

    def run(self, until_ns):
        """Call back whatever is due until a time, moving the clock."""
        while True:
            due = [
                (stream.due_ns(), number)
                for number, stream in enumerate(self.streams)
                if stream.running and stream.device in self.plugged
            ]
            if not due or min(due)[0] > until_ns:
                break
            at_ns, number = min(due)
            self.clock.time_ns = max(self.clock.time_ns, at_ns)
            stream = self.streams[number]
            stream.call()
            if self.most_late_ns:
                stream.late_ns = int(self.random.integers(self.most_late_ns))
        self.clock.time_ns = max(self.clock.time_ns, until_ns)


def begun_clock():
    from presence.clock import ManualClock

    return ManualClock(9_000 * SECOND + 77 * MILLISECOND)
