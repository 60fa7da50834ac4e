"""What the media process and its view share: the task and the memory."""

from __future__ import annotations

import msgspec
import numpy as np

from presence.client.settings import Settings
from presence.shared_memory import Block

FAILED = 2
"""How the view ends when it has said why, in one sentence, last of all, on standard error."""


class ViewTask(msgspec.Struct, frozen=True, kw_only=True):
    """What the media process hands to its view."""

    settings: Settings
    ring: Block
    """Records from the media process."""
    sensed: Block
    """What a headset knows of the person, from this process: a packed
    :class:`~presence.tracking.sensed.Sensed`, its time by the machine's clock."""
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
