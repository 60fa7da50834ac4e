"""OpenXR's time and the machine's monotonic clock.

An ``XrTime`` counts from an epoch of the runtime's own; ``XR_KHR_convert_timespec_time`` relates it
to ``CLOCK_MONOTONIC``, the clock of :func:`time.monotonic_ns`.
"""

from __future__ import annotations

from ctypes import byref
from typing import Any

from presence.headset.openxr import at_once, call, extension_function, xr

_SECOND = 1_000_000_000


class MachineTime:
    """Converts between the two. State: the instance's functions and reused structures.

    Only for the thread that draws; other threads make their own.
    """

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._to_timespec = at_once(extension_function(instance, "xrConvertTimeToTimespecTimeKHR"))
        self._from_timespec = at_once(
            extension_function(instance, "xrConvertTimespecTimeToTimeKHR")
        )
        self._timespec = xr.timespec()
        self._time = xr.Time()

    def from_xr(self, time: int) -> int:
        """Nanoseconds of the machine's clock, of an ``XrTime``."""
        call(
            "convert its time",
            self._to_timespec,
            self._instance,
            time,
            byref(self._timespec),
        )
        return int(self._timespec.tv_sec) * _SECOND + int(self._timespec.tv_nsec)

    def to_xr(self, machine_ns: int) -> int:
        """The ``XrTime`` of nanoseconds of the machine's clock."""
        self._timespec.tv_sec, self._timespec.tv_nsec = divmod(machine_ns, _SECOND)
        call(
            "convert the machine's time",
            self._from_timespec,
            self._instance,
            byref(self._timespec),
            byref(self._time),
        )
        return int(self._time.value)
