"""The two sections of a frame, number by number: the bitstream that ``docs/codec.md`` describes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.codec.entropy import Packer, Unpacker
from presence.codec.layout import BODY_COUNT, CORE_GROUPING, DETAIL_GROUPING, SENT_COUNT
from presence.codec.levels import TARGET_BITS, State
from presence.errors import CodecError
from presence.pose.arrays import Ints
from presence.pose.sample import Contact, Part

_PRECISION_BITS = 3
_CONTACT_BITS = len(Contact)
_SURENESS_BITS = 4
_LENGTH_BITS = TARGET_BITS.bit_length()
_HAND_VALUES = 3 * (SENT_COUNT - BODY_COUNT)
_GAZE_VALUES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """The core section's numbers; in a dependent frame, differences from its golden's."""

    precision: int
    root: Ints
    """``(3,)``."""
    body: Ints
    """``(22, 3)``."""
    state: State | None
    """None: as in the golden."""


@dataclass(frozen=True, slots=True, eq=False)
class Detail:
    """The detail section's numbers; in a dependent frame, differences from its golden's."""

    precision: int
    hands: Ints
    """``(30, 3)``."""
    face: Ints
    """``(44,)``."""
    gaze: Ints
    """``(3,)``."""


def pack_core(core: Core) -> bytes:
    """The core section's bytes."""
    packer = Packer()
    packer.bits(core.precision, _PRECISION_BITS)
    packer.bits(int(core.state is not None), 1)
    if core.state is not None:
        _pack_state(packer, core.state)
    packer.values(np.concatenate([core.root, core.body.ravel()]), CORE_GROUPING)
    return packer.to_bytes()


def unpack_core(data: bytes) -> Core:
    """The core section's numbers.

    Raises:
        CodecError: the bytes are not a core section.
    """
    unpacker = Unpacker(data)
    precision = unpacker.bits(_PRECISION_BITS)
    state = _unpack_state(unpacker) if unpacker.bits(1) else None
    values = unpacker.values(CORE_GROUPING)
    unpacker.finish()
    return Core(precision, values[:3], values[3:].reshape(BODY_COUNT, 3), state)


def pack_detail(detail: Detail) -> bytes:
    """The detail section's bytes."""
    packer = Packer()
    packer.bits(detail.precision, _PRECISION_BITS)
    packer.values(np.concatenate([detail.hands.ravel(), detail.face, detail.gaze]), DETAIL_GROUPING)
    return packer.to_bytes()


def unpack_detail(data: bytes) -> Detail:
    """The detail section's numbers.

    Raises:
        CodecError: the bytes are not a detail section.
    """
    unpacker = Unpacker(data)
    precision = unpacker.bits(_PRECISION_BITS)
    values = unpacker.values(DETAIL_GROUPING)
    unpacker.finish()
    return Detail(
        precision,
        hands=values[:_HAND_VALUES].reshape(-1, 3),
        face=values[_HAND_VALUES:-_GAZE_VALUES],
        gaze=values[-_GAZE_VALUES:],
    )


def _pack_state(packer: Packer, state: State) -> None:
    packer.bits(state.contacts, _CONTACT_BITS)
    for sureness in state.tracked:
        packer.bits(sureness, _SURENESS_BITS)
    packer.bits(state.target.bit_length(), _LENGTH_BITS)
    packer.bits(state.target, state.target.bit_length())
    packer.bits(state.confidence, _SURENESS_BITS)


def _unpack_state(unpacker: Unpacker) -> State:
    contacts = unpacker.bits(_CONTACT_BITS)
    tracked = tuple(unpacker.bits(_SURENESS_BITS) for _ in Part)
    length = unpacker.bits(_LENGTH_BITS)
    if length > TARGET_BITS:
        raise CodecError(f"a frame's attention has a stream number of {length} bits; drop it")
    return State(contacts, tracked, unpacker.bits(length), unpacker.bits(_SURENESS_BITS))
