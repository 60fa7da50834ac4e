"""What the media process and its view share: the task, the memory, and how a head is written."""

from __future__ import annotations

import msgspec
import numpy as np

from presence.client.settings import Settings
from presence.pose.rigid import Rigid
from presence.shared_memory import Block


class ViewTask(msgspec.Struct, frozen=True, kw_only=True):
    """What the media process hands to its view."""

    settings: Settings
    ring: Block
    """Records from the media process."""
    head: Block
    """The tracked view in ``local``, from this process: seven doubles and the time."""
    status: Block
    """A ``ViewStatus``, from this process."""
    waits: Block
    """How far behind each person's pose would be shown, were it not for their voice, from this
    process: see :func:`pack_waits`."""


def pack_waits(waits: dict[int, int]) -> bytes:
    """The bytes of how far behind people are shown, nanoseconds by stream."""
    return np.array(list(waits.items()), dtype=np.int64).tobytes()


def unpack_waits(record: bytes) -> dict[int, int]:
    """What ``pack_waits`` packed."""
    streams, waits = np.frombuffer(record, dtype=np.int64).reshape(-1, 2).T.tolist()
    return dict(zip(streams, waits, strict=True))


def pack_head(view: Rigid, machine_ns: int) -> bytes:
    """The bytes of a tracked view: rotation, translation, and the time in nanoseconds."""
    return np.concatenate([view.rotation, view.translation, [float(machine_ns)]]).tobytes()


def unpack_head(record: bytes) -> tuple[Rigid, int]:
    """What ``pack_head`` packed."""
    values = np.frombuffer(record)
    return Rigid(values[:4].copy(), values[4:7].copy()), int(values[7])
